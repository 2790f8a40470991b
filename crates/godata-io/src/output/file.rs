//! One file of an output, opened.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compressor::{Compressor, Packing};
use super::folders;
use super::folders::Folders;
use super::old::OldContent;
use super::target::Target;
use crate::IoError;

/// One file of an output, begun. Dropped without [`commit`](Self::commit), it leaves the old file as it was and
/// nothing else; only what went to standard output, a device or a FIFO is gone.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    packing: Packing,
    /// What is compressed at present; `None` between two members, frames or streams.
    compressor: Option<Compressor>,
    target: Target,
    /// How many bytes were written, as they are stored.
    stored: u64,
    /// How many of them `newly_stored` told of.
    told: u64,
    is_finished: bool,
    /// The directories that were made for this file and others. The last field: they are empty only after it.
    folders: Arc<Folders>,
}

impl OutputFile {
    /// Begins the file at a path.
    pub(crate) fn open(
        path: &Path,
        appends: bool,
        packing: Packing,
        folders: &Arc<Folders>,
    ) -> Result<Self, IoError> {
        Ok(Self::new(path, Target::open(path, appends)?, packing, folders))
    }

    pub(super) fn stdout(packing: Packing, folders: &Arc<Folders>) -> Self {
        Self::new(Path::new(super::STDOUT), Target::Stdout, packing, folders)
    }

    fn new(path: &Path, target: Target, packing: Packing, folders: &Arc<Folders>) -> Self {
        let (path, folders) = (path.to_owned(), Arc::clone(folders));
        Self { path, packing, compressor: None, target, stored: 0, told: 0, is_finished: false, folders }
    }

    /// The path, or `stdout`.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were written, as they are stored.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// How many bytes were written since this was last asked, as they are stored.
    pub(crate) fn newly_stored(&mut self) -> u64 {
        self.stored - std::mem::replace(&mut self.told, self.stored)
    }

    /// What the file has to which this adds; `None` if it has nothing.
    pub(crate) fn old_content(&self) -> Result<Option<OldContent>, IoError> {
        match self.target.old_len() {
            0 => Ok(None),
            len => OldContent::read(&self.path, len, self.packing.compression()),
        }
    }

    /// Writes all of `bytes`, unbuffered: call it with many bytes at a time. If the output is compressed, what
    /// comes of them may be written later.
    ///
    /// # Errors
    /// [`IoError::Write`]; some of the bytes may have been written then.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        self.pack(bytes).map_err(|source| IoError::Write { path: self.path.clone(), source })
    }

    /// Gives back the descriptor and the memory of the compression until something is written again, to a
    /// further member, frame or stream.
    pub(crate) fn suspend(&mut self) -> Result<(), IoError> {
        let suspended = self.end_part().and_then(|()| self.target.close());
        suspended.map_err(|source| IoError::Write { path: self.path.clone(), source })
    }

    /// Ends what is compressed, and flushes the file to the disk; nothing may be written after it.
    pub(crate) fn finish(&mut self) -> Result<(), IoError> {
        if std::mem::replace(&mut self.is_finished, true) {
            return Ok(());
        }
        let finished = self.end().and_then(|()| self.target.finish());
        finished.map_err(|source| IoError::Commit { path: self.path.clone(), source })
    }

    /// Makes the file visible once it is finished, and says in which directory there is a new name.
    pub(crate) fn publish(self) -> Result<Option<PathBuf>, IoError> {
        let Self { path, target, .. } = self;
        target.publish().map_err(|source| IoError::Commit { path, source })
    }

    /// Flushes the file to the disk and puts it in the place of the old one.
    ///
    /// # Errors
    /// [`IoError::Commit`]. The old file is as it was then; only if the very last step failed, that of flushing
    /// the directory, the new file is in place and may be lost by a failure of power.
    pub fn commit(mut self) -> Result<(), IoError> {
        self.finish()?;
        let folders = Arc::clone(&self.folders);
        let mut changed: BTreeSet<PathBuf> = self.publish()?.into_iter().collect();
        changed.append(&mut folders.changed());
        folders.keep();
        folders::sync(&changed)
    }

    fn pack(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut compressor = match self.compressor.take() {
            None => self.packing.begin()?,
            begun => begun,
        };
        let Some(begun) = &mut compressor else { return self.put(bytes) };
        begun.write_all(bytes, |compressed| self.put(compressed))?;
        self.compressor = compressor;
        Ok(())
    }

    /// Ends the file. One that is compressed and has nothing is still to be whole compressed data.
    fn end(&mut self) -> io::Result<()> {
        if self.compressor.is_none() && self.stored == 0 && self.target.old_len() == 0 {
            self.compressor = self.packing.begin()?;
        }
        self.end_part()
    }

    /// Ends the member, frame or stream that was begun, if there is one.
    fn end_part(&mut self) -> io::Result<()> {
        match self.compressor.take() {
            Some(compressor) => self.put(&compressor.finish()?),
            None => Ok(()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.target.write_all(bytes)?;
        self.stored += bytes.len() as u64;
        Ok(())
    }
}
