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
    /// The length of its whole lines in bytes.
    pub(crate) len: u64,
    pub(crate) lines: u64,
}

/// A journal that is open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) path: PathBuf,
    pub(crate) id: JournalId,
    file: Box<dyn VfsFile>,
    /// The length of its whole lines in bytes.
    pub(crate) len: u64,
}

impl Journal {
    /// Creates a journal without changes that will replace `replaced`. It is durable once its directory is synced.
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

    /// Opens a journal that was read, to append to it.
    pub(crate) fn open(vfs: &dyn Vfs, link: &Link) -> Result<Self, StoreError> {
        let Link { path, id, len, .. } = link;
        let file = vfs.append(path).map_err(failed("open", path))?;
        Ok(Self { path: path.clone(), id: id.clone(), file, len: *len })
    }

    /// Appends whole lines or nothing: if a write fails, the part that was written is cut off again.
    pub(crate) fn append(&mut self, lines: &[u8]) -> Result<(), AppendError> {
        match write_all(&mut *self.file, lines) {
            Ok(()) => {
                self.len += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                let error = failed("append to", &self.path)(error);
                match self.cut() {
                    Ok(()) => Err(AppendError::Undone(error)),
                    Err(_) => Err(AppendError::Unknown(error)),
                }
            }
        }
    }

    /// Cuts off everything after the last whole line and syncs, so that no part of it can reappear between later lines.
    pub(crate) fn cut(&mut self) -> Result<(), StoreError> {
        self.file.set_len(self.len).map_err(failed("cut", &self.path))?;
        self.sync()
    }

    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync().map_err(failed("sync", &self.path))
    }

    /// Whether its file is still at its path, or at `renamed`, the name that a compaction may just have given it.
    pub(crate) fn has_name(&self, renamed: &Path) -> Result<bool, StoreError> {
        let is_at = |path| self.file.is_at(path).map_err(failed("find", path));
        Ok(is_at(&self.path)? || is_at(renamed)?)
    }
}

/// How an append failed.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// The journal is as it was.
    Undone(StoreError),
    /// The content of the journal is unknown.
    Unknown(StoreError),
}
