//! The directories that outputs are in.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::platform;
use crate::IoError;

/// The directories that were made for files. Dropped before they are [kept](Self::keep), it removes them again;
/// what is in them is to be gone by then, and one that has something else in it stays.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    /// In the order in which they were made.
    made: Mutex<Vec<PathBuf>>,
}

impl Folders {
    /// Makes a directory and those that it is in, as far as they are missing.
    pub(crate) fn make(&self, folder: &Path) -> Result<(), IoError> {
        let mut missing = Vec::new();
        let mut at = folder;
        while !at.as_os_str().is_empty() && fs::symlink_metadata(at).is_err() {
            missing.push(at);
            let Some(parent) = at.parent() else { break };
            at = parent;
        }
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => self.lock().push(folder.to_owned()),
                // Somebody else was faster, and it is theirs.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(IoError::MakeDirectory { path: folder.to_owned(), source }),
            }
        }
        Ok(())
    }

    /// The directories that have a new name in them since some were made.
    pub(crate) fn changed(&self) -> BTreeSet<PathBuf> {
        self.lock().iter().map(|made| parent(made).to_owned()).collect()
    }

    /// Keeps what was made.
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
            // It has something else in it, or somebody else has removed it.
            let _ = fs::remove_dir(made);
        }
    }
}

/// The directory that a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that there is the directory that a file is to be in; `path` is the output, for errors.
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

/// Makes the names in directories durable.
pub(crate) fn sync(folders: &BTreeSet<PathBuf>) -> Result<(), IoError> {
    for folder in folders {
        let synced = platform::Directory::open(folder).and_then(|folder| folder.sync());
        synced.map_err(|source| IoError::Commit { path: folder.clone(), source })?;
    }
    Ok(())
}
