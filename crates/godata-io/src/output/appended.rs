//! A file that is appended to.

use std::fs;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::folders;
use super::replacement::{reopened, target_of};
use crate::IoError;

/// A file that is appended to. If it is dropped before [`keep`](Self::keep), it is cut back to its old length, or
/// removed if it did not exist.
#[derive(Debug)]
pub(super) struct Appended {
    /// `None` while it is closed.
    file: Option<File>,
    path: PathBuf,
    /// The length before; `None` if the file did not exist.
    old_len: Option<u64>,
    is_kept: bool,
}

impl Appended {
    /// Opens the file at `path`, which is a regular file or does not exist.
    pub(super) fn begin(path: &Path) -> Result<Self, IoError> {
        let target = target_of(path)?;
        folders::check(folders::parent(&target), path)?;
        let (file, old_len) =
            open(&target).map_err(|source| IoError::Create { path: path.to_owned(), source })?;
        Ok(Self { file: Some(file), path: target, old_len, is_kept: false })
    }

    /// How many bytes the file had before.
    pub(super) fn old_len(&self) -> u64 {
        self.old_len.unwrap_or_default()
    }

    /// The file, positioned at its end; opened again if it was closed.
    pub(super) fn file(&mut self) -> io::Result<&mut File> {
        reopened(&mut self.file, &self.path)
    }

    /// Closes the file until it is needed again.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Flushes the file to the disk and closes it.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.file()?.sync_all()?;
        self.close();
        Ok(())
    }

    /// Keeps what was appended. Returns the directory that has a new name in it, if the file is new.
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
            // Nobody could handle an error here, and the run already reports why it failed.
            let _ = self.undo();
        }
    }
}

/// The file and its length; `None` if it was created.
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
