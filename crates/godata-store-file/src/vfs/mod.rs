//! The file operations that the store makes, and nothing else: the seam at which tests put a file system that records,
//! forgets what was not synced, and fails.
//!
//! It is hidden from the documentation and no part of the stable interface.
//!
//! What the store relies on, and what a file system for tests should take away as far as this allows:
//!
//! * What was written to a file, and its length, is there after a crash once [`VfsFile::sync`] has returned `Ok`. Before,
//!   any part of it may be, in any order, and what is not there may be zeros or garbage.
//! * That a name was made, changed or removed is so after a crash once [`Vfs::sync_dir`] has returned `Ok`. Before, any
//!   of them may be, in any order. [`Vfs::rename`] leads from one to the other with nothing in between.
//! * A file whose sync has failed says nothing of what it holds: the store never syncs it again.

mod real;

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

pub use real::RealVfs;

/// A file system. All paths are absolute, but for that of [`canonicalize`](Self::canonicalize).
pub trait Vfs: fmt::Debug + Send + Sync + 'static {
    /// The absolute path without links.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// What the name itself is; a link is not followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// Opens a file to read it from its beginning.
    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;

    /// Makes a file that must not be there yet. It is for those whom the file `like` is for, if that is there; else it has
    /// this mode, from which the umask takes.
    fn create(&self, path: &Path, like: &Path, mode: u32) -> io::Result<Box<dyn VfsFile>>;

    /// Opens a file that must be there, to write at its end.
    fn append(&self, path: &Path) -> io::Result<Box<dyn VfsFile>>;

    /// Gives a file another name, in place of the file that has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes durable which names a directory has.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Locks the file of this name, which is made if it is not there, for as long as the result lives, or until the process
    /// ends, and makes `holder` all that it holds. `None` if somebody else holds the lock.
    fn try_lock(&self, path: &Path, mode: u32, holder: &[u8]) -> io::Result<Option<Box<dyn Lock>>>;

    /// Who new files belong to, where files belong to somebody.
    fn user(&self) -> Option<u32>;
}

/// A file that is written.
pub trait VfsFile: fmt::Debug + Send {
    /// Writes at the end of the file, and returns how many bytes it took.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Makes the content and the length durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes all of `bytes`, in as many calls as the file needs.
pub(crate) fn write_all(file: &mut dyn VfsFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A lock that is held until it is dropped.
pub trait Lock: fmt::Debug + Send + Sync {}

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is the name of.
    pub kind: Kind,
    /// How many bytes it has, if it is a file.
    pub len: u64,
    /// Who it belongs to, where files belong to somebody.
    pub owner: Option<u32>,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Other => "a device, a pipe or a socket",
        })
    }
}
