//! The file operations of the store. Tests replace them with a file system that records, fails, and forgets what was not
//! synced.
//!
//! This module is public with the feature `test-util` only, and may change in any release.
//!
//! The store relies on the following and nothing more; a file system for tests should break everything else:
//!
//! * Once [`VfsFile::sync`] has returned `Ok`, the content and length of a file survive a crash. Before that, any part of what
//!   was written may survive, in any order, and the rest may be zeros or garbage.
//! * Once [`Vfs::sync_dir`] has returned `Ok`, the names that were created, changed or removed survive a crash. Before that,
//!   any of these changes may survive, in any order. [`Vfs::rename`] is atomic.
//! * After a failed sync, the content of a file is unknown. The store never syncs that file again.

mod real;

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

pub use real::RealVfs;

/// A file system. All paths are absolute, except that of [`canonicalize`](Self::canonicalize).
pub trait Vfs: fmt::Debug + Send + Sync + 'static {
    /// The absolute path without symbolic links.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// The metadata of the path itself; a symbolic link is not followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// Opens a file for reading from its start.
    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;

    /// Creates a file, and fails if it exists. If the file `like` exists, the new file gets its permissions; otherwise it gets
    /// `mode`, less the bits that the umask removes.
    fn create(&self, path: &Path, like: &Path, mode: u32) -> io::Result<Box<dyn VfsFile>>;

    /// Opens an existing file for appending.
    fn append(&self, path: &Path) -> io::Result<Box<dyn VfsFile>>;

    /// Renames a file, replacing any file with the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Locks the file, creating it if it does not exist, and replaces its content with `holder`. A symbolic link is refused.
    /// The lock lasts until the result is dropped or the process ends. Returns `None` if the lock is held already.
    fn try_lock(&self, path: &Path, mode: u32, holder: &[u8]) -> io::Result<Option<Box<dyn Lock>>>;

    /// The user that new files belong to, on systems where files have owners.
    fn user(&self) -> Option<u32>;
}

/// A file that is open for writing.
pub trait VfsFile: fmt::Debug + Send {
    /// Writes at the end of the file, and returns how many bytes were written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Truncates the file.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Makes the content and the length durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Whether this path still leads to this file.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
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
pub trait Lock: fmt::Debug + Send + Sync {
    /// Whether this path still leads to the locked file.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The kind of file.
    pub kind: Kind,
    /// The length in bytes of a regular file.
    pub len: u64,
    /// The user it belongs to, on systems where files have owners.
    pub owner: Option<u32>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
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
