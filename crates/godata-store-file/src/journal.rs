//! The journal: a header, and one line per change.

use std::path::{Path, PathBuf};

use godata_core::StoreError;

use crate::error::failed;
use crate::format::{JournalHeader, JournalId, VERSION, write_object};
use crate::vfs::{Vfs, VfsFile, write_all};

/// A journal that was read.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) path: PathBuf,
    pub(crate) id: JournalId,
    /// Up to where it is whole.
    pub(crate) len: u64,
    pub(crate) lines: u64,
}

/// A journal that is written to.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) path: PathBuf,
    pub(crate) id: JournalId,
    file: Box<dyn VfsFile>,
    /// Up to where it is whole.
    pub(crate) len: u64,
}

impl Journal {
    /// Makes a journal without changes, to take the place of another one. It is durable once its directory is synced.
    pub(crate) fn create(vfs: &dyn Vfs, path: &Path, replaced: &Path, mode: u32) -> Result<Self, StoreError> {
        let header = JournalHeader { version: VERSION, id: JournalId::generate() };
        let id = header.id.clone();
        let mut line = Vec::new();
        write_object(&mut line, &header).map_err(StoreError::invalid)?;
        line.push(b'\n');
        let mut file = vfs.create(path, replaced, mode).map_err(failed("create", path))?;
        write_all(&mut *file, &line).map_err(failed("write", path))?;
        file.sync().map_err(failed("sync", path))?;
        Ok(Self { path: path.to_owned(), id, file, len: line.len() as u64 })
    }

    /// Opens a journal that was read.
    pub(crate) fn open(vfs: &dyn Vfs, link: &Link) -> Result<Self, StoreError> {
        let Link { path, id, len, .. } = link;
        let file = vfs.append(path).map_err(failed("open", path))?;
        Ok(Self { path: path.clone(), id: id.clone(), file, len: *len })
    }

    /// Writes whole lines, or none: what was written of them is cut off again.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<(), AppendError> {
        match write_all(&mut *self.file, lines) {
            Ok(()) => {
                self.len += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                let error = failed("write to", &self.path)(error);
                match self.cut() {
                    Ok(()) => Err(AppendError::Undone(error)),
                    Err(_) => Err(AppendError::Unknown(error)),
                }
            }
        }
    }

    /// Cuts off what comes after the last whole line. It is durable then, so that nothing of it can come back among
    /// what is written later.
    pub(crate) fn cut(&mut self) -> Result<(), StoreError> {
        self.file.set_len(self.len).map_err(failed("cut", &self.path))?;
        self.sync()
    }

    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync().map_err(failed("sync", &self.path))
    }
}

/// How an append has failed.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// The journal is as it was.
    Undone(StoreError),
    /// Nobody knows how the journal is.
    Unknown(StoreError),
}
