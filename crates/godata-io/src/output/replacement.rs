//! A file that will take the place of another.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{IoError, platform};

/// How many bytes of the target's name are in that of the temporary file: file systems allow 255.
const NAME_LEN: usize = 200;

/// How many symbolic links are followed from one to the next, as on Linux.
const MOST_LINKS: usize = 40;

/// A temporary file beside a target. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: NamedTempFile,
    target: PathBuf,
    /// Opened beforehand, so that a commit does not fail for want of it.
    directory: platform::Directory,
}

impl Replacement {
    /// Begins a file that is to replace the one at `path`, which is a regular file or does not exist.
    pub(crate) fn begin(path: &Path) -> Result<Self, IoError> {
        if path.file_name().is_none() || ends_in_separator(path) {
            return Err(IoError::NoFileName { path: path.to_owned() });
        }
        let create = |source| IoError::Create { path: path.to_owned(), source };
        let target = follow_links(path).map_err(create)?;
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        match fs::metadata(parent) {
            Ok(parent) if parent.is_dir() => {}
            Ok(_) => return Err(create(io::ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(IoError::NoDirectory { path: path.to_owned(), directory: parent.to_owned() });
            }
            Err(error) => return Err(create(error)),
        }
        let directory = platform::Directory::open(parent).map_err(create)?;
        let file = temporary_file(parent, &target).map_err(create)?;
        Ok(Self { file, target, directory })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    pub(crate) fn commit(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target)?;
        self.directory.sync()
    }
}

/// A new file beside `target`, with the mode that `target` has or would have.
fn temporary_file(parent: &Path, target: &Path) -> io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(short_name(target));
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    let old = fs::metadata(target).ok().map(|old| old.permissions());
    platform::create(&mut builder, parent, old).map_err(without_path)
}

/// `tempfile` adds the random name of its file to an error of the system, which says nothing to anybody.
#[expect(clippy::needless_pass_by_value, reason = "the error ends here")]
fn without_path(error: io::Error) -> io::Error {
    error.kind().into()
}

fn short_name(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or_default();
    if name.len() <= NAME_LEN {
        return name.to_owned();
    }
    name.to_string_lossy().chars().take(NAME_LEN / 4).collect::<String>().into()
}

/// The path that `path` leads to over symbolic links. The last one may lead to nothing.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().map_or_else(|| next.clone(), |parent| parent.join(&next)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn ends_in_separator(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(last.into()))
}
