//! An open file of an output.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Session;
use super::compressor::{Compressor, Packing};
use super::folders;
use super::old::OldContent;
use super::target::Target;
use crate::IoError;

/// An open file of an output; made by [`Output::open`](crate::Output::open).
///
/// If it is dropped without [`commit`](Self::commit), the old file is as it was and nothing else is left behind. Only
/// what went to standard output, a device or a FIFO can't be taken back.
///
/// ```
/// use godata_io::Output;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("orders.csv");
/// std::fs::write(&path, "old")?;
///
/// let mut file = Output::path(&path).open()?;
/// file.write_all(b"half of the n")?;
/// drop(file);
/// assert_eq!(std::fs::read(&path)?, b"old");
///
/// let mut file = Output::path(&path).open()?;
/// file.write_all(b"new")?;
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"new");
/// # Ok::<(), godata_io::BoxError>(())
/// ```
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    packing: Packing,
    /// The current member, frame or stream; `None` between two of them.
    compressor: Option<Compressor>,
    target: Target,
    /// How many bytes were stored.
    stored: u64,
    /// How many of them `newly_stored` has reported.
    reported: u64,
    is_finished: bool,
    /// It is the last field because it is dropped last: the directories that were created are empty only after the target
    /// is gone.
    session: Arc<Session>,
}

impl OutputFile {
    /// Opens the file at a path.
    pub(crate) fn open(
        path: &Path,
        appends: bool,
        packing: Packing,
        session: &Arc<Session>,
    ) -> Result<Self, IoError> {
        Ok(Self::new(path, Target::open(path, appends, session)?, packing, session))
    }

    pub(super) fn stdout(packing: Packing, session: &Arc<Session>) -> Self {
        Self::new(Path::new(super::STDOUT), Target::Stdout, packing, session)
    }

    fn new(path: &Path, target: Target, packing: Packing, session: &Arc<Session>) -> Self {
        let (path, session) = (path.to_owned(), Arc::clone(session));
        Self { path, packing, compressor: None, target, stored: 0, reported: 0, is_finished: false, session }
    }

    /// The path, or `stdout`.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes were stored.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// How many bytes were stored since the last call.
    pub(crate) fn newly_stored(&mut self) -> u64 {
        self.stored - std::mem::replace(&mut self.reported, self.stored)
    }

    /// The content of the file that is appended to; `None` if it has none.
    pub(crate) fn old_content(&self) -> Result<Option<OldContent>, IoError> {
        match self.target.old_len() {
            0 => Ok(None),
            len => OldContent::read(&self.path, len, self.packing.compression()),
        }
    }

    /// Writes all of `bytes`. It does not buffer, so call it with many bytes at a time. If the output is compressed,
    /// the compressed bytes may be written later.
    ///
    /// # Errors
    ///
    /// [`IoError::Write`]. Some of the bytes may have been written.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        self.pack(bytes).map_err(|source| IoError::Write { path: self.path.clone(), source })
    }

    /// Releases the file descriptor and the memory of the compression. The next write opens the file again and starts a
    /// new member, frame or stream.
    pub(crate) fn suspend(&mut self) -> Result<(), IoError> {
        let suspended = self.end_part().and_then(|()| self.target.close());
        suspended.map_err(|source| IoError::Write { path: self.path.clone(), source })
    }

    /// Ends the compressed data and flushes the file to the disk. Nothing may be written afterwards.
    pub(crate) fn finish(&mut self) -> Result<(), IoError> {
        if std::mem::replace(&mut self.is_finished, true) {
            return Ok(());
        }
        let finished = self.end().and_then(|()| self.target.finish());
        finished.map_err(|source| IoError::Commit { path: self.path.clone(), source })
    }

    /// Checks what may keep a finished file from becoming visible.
    pub(crate) fn check(&self) -> Result<(), IoError> {
        self.target.check().map_err(|source| IoError::Commit { path: self.path.clone(), source })
    }

    /// Makes a finished file visible. Returns the directory that has a new name in it, if there is one.
    pub(crate) fn publish(self) -> Result<Option<PathBuf>, IoError> {
        let Self { path, target, .. } = self;
        target.publish().map_err(|source| IoError::Commit { path, source })
    }

    /// Flushes the file to the disk and replaces the old file with it.
    ///
    /// # Errors
    ///
    /// [`IoError::Commit`]: the old file is as it was. [`IoError::SyncDirectory`]: the new file is in place, but the
    /// directory could not be flushed to the disk, so that a power failure may bring the old file back.
    pub fn commit(mut self) -> Result<(), IoError> {
        self.finish()?;
        self.check()?;
        let session = Arc::clone(&self.session);
        let mut changed: BTreeSet<PathBuf> = self.publish()?.into_iter().collect();
        changed.append(&mut session.folders.changed());
        session.folders.keep();
        folders::sync(&changed)
    }

    fn pack(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut compressor = match self.compressor.take() {
            None => self.packing.begin()?,
            open => open,
        };
        let Some(open) = &mut compressor else { return self.put(bytes) };
        open.write_all(bytes, |compressed| self.put(compressed))?;
        self.compressor = compressor;
        Ok(())
    }

    /// Ends the file. An empty file that is compressed must still be valid compressed data.
    fn end(&mut self) -> io::Result<()> {
        if self.compressor.is_none() && self.stored == 0 && self.target.old_len() == 0 {
            self.compressor = self.packing.begin()?;
        }
        self.end_part()
    }

    /// Ends the current member, frame or stream, if there is one.
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
