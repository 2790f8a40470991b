//! A file that is added to.

use std::fs;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::folders;
use super::replacement::{reopened, target_of};
use crate::IoError;

/// A file that is added to. Dropped before it is [kept](Self::keep), it is as long as it was, or gone if there
/// was none.
#[derive(Debug)]
pub(super) struct Appended {
    /// `None` while it is closed.
    file: Option<File>,
    path: PathBuf,
    /// How long it was; `None` if there was none.
    old_len: Option<u64>,
    is_kept: bool,
}

impl Appended {
    /// Opens the file at `path`, which is a regular one or does not exist.
    pub(super) fn begin(path: &Path) -> Result<Self, IoError> {
        let target = target_of(path)?;
        folders::check(folders::parent(&target), path)?;
        let (file, old_len) =
            open(&target).map_err(|source| IoError::Create { path: path.to_owned(), source })?;
        Ok(Self { file: Some(file), path: target, old_len, is_kept: false })
    }

    /// How many bytes there were before.
    pub(super) fn old_len(&self) -> u64 {
        self.old_len.unwrap_or_default()
    }

    /// The file, to add to it; opened again if it was closed.
    pub(super) fn file(&mut self) -> io::Result<&mut File> {
        reopened(&mut self.file, &self.path)
    }

    /// Closes the file for now.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Flushes what was added to the disk, and closes the file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.file()?.sync_all()?;
        self.close();
        Ok(())
    }

    /// Keeps what was added, and says in which directory there is a new name.
    pub(super) fn keep(mut self) -> Option<PathBuf> {
        self.is_kept = true;
        self.old_len.is_none().then(|| folders::parent(&self.path).to_owned())
    }

    fn undo(&mut self) -> io::Result<()> {
        match self.old_len {
            Some(len) => self.file()?.set_len(len),
            None => fs::remove_file(&self.path),
        }
    }
}

impl Drop for Appended {
    fn drop(&mut self) {
        if !self.is_kept {
            // There is nobody to tell, and what made the run fail is told already.
            let _ = self.undo();
        }
    }
}

/// The file, and how long it was; `None` if it was made.
fn open(path: &Path) -> io::Result<(File, Option<u64>)> {
    match File::options().append(true).create_new(true).open(path) {
        Ok(file) => Ok((file, None)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = File::options().append(true).open(path)?;
            let len = file.metadata()?.len();
            Ok((file, Some(len)))
        }
        Err(error) => Err(error),
    }
}
