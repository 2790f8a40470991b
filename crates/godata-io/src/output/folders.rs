//! The directories of outputs.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::platform;
use crate::IoError;

/// The directories that were created for files. If it is dropped before [`keep`](Self::keep), it removes them again.
/// Their files must be gone by then; a directory with anything else in it stays.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    /// In the order of their creation.
    made: Mutex<Vec<PathBuf>>,
}

impl Folders {
    /// Creates a directory and its missing parents.
    pub(crate) fn make(&self, folder: &Path) -> Result<(), IoError> {
        let mut missing = Vec::new();
        let mut at = folder;
        while !at.as_os_str().is_empty() {
            match fs::symlink_metadata(at) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(at),
                Err(source) => return Err(IoError::MakeDirectory { path: folder.to_owned(), source }),
            }
            let Some(parent) = at.parent() else { break };
            at = parent;
        }
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => self.lock().push(folder.to_owned()),
                // Another process was faster, so the directory belongs to it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(IoError::MakeDirectory { path: folder.to_owned(), source }),
            }
        }
        Ok(())
    }

    /// The directories that have a created directory in them.
    pub(crate) fn changed(&self) -> BTreeSet<PathBuf> {
        self.lock().iter().map(|made| parent(made).to_owned()).collect()
    }

    /// Keeps the created directories.
    pub(crate) fn keep(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PathBuf>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for made in self.lock().drain(..).rev() {
            // It may have something else in it, or be removed already.
            let _ = fs::remove_dir(made);
        }
    }
}

/// The directory of a path.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that the directory of an output exists. `path` is the output, for errors.
pub(super) fn check(folder: &Path, path: &Path) -> Result<(), IoError> {
    let create = |source| IoError::Create { path: path.to_owned(), source };
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(create(io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(IoError::NoDirectory { path: path.to_owned(), directory: folder.to_owned() })
        }
        Err(error) => Err(create(error)),
    }
}

/// Flushes directories to the disk, so that the names in them survive a power failure.
pub(crate) fn sync(folders: &BTreeSet<PathBuf>) -> Result<(), IoError> {
    for folder in folders {
        let synced = platform::Directory::open(folder).and_then(|folder| folder.sync());
        synced.map_err(|source| IoError::SyncDirectory { path: folder.clone(), source })?;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_cannot_sync_directories_is_no_error() -> io::Result<()> {
        // The proc file system refuses with EINVAL.
        assert_eq!(fs::File::open("/proc")?.sync_all().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(sync(&BTreeSet::from(["/proc".into()])).is_ok());
        Ok(())
    }

    #[test]
    fn a_directory_that_cannot_be_opened_to_sync_it_is_an_error() {
        let error = sync(&BTreeSet::from(["/proc/none".into()])).unwrap_err();
        let expected = "the directory `/proc/none` can't be flushed to the disk: \
                        No such file or directory (os error 2)";
        assert_eq!(format!("{error:?}"), expected);
    }
}
