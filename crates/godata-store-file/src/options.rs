//! How a store is opened.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use godata_core::StoreError;

use crate::FileStore;
use crate::repair::{Loss, Repaired, repair};
use crate::verify::{Verification, verify};
use crate::vfs::{RealVfs, Vfs};

/// When a commit is acknowledged.
///
/// Whatever is chosen, commits that a crash takes are the last ones: none is there without all that were made before it.
/// [Closing](FileStore::close) a store syncs them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Once it is on the disk. Commits that come at the same time are synced together.
    #[default]
    Sync,
    /// Once the operating system has it. It is on the disk within this time: if the machine stops without warning, the
    /// commits of that time may be lost. If only the process dies, none is.
    Interval(Duration),
    /// Once the operating system has it, which writes it to the disk when it likes. If the machine stops without warning,
    /// any number of commits may be lost. If only the process dies, none is.
    Never,
}

/// How to open a [`FileStore`]. Made by [`FileStore::options`].
///
/// ```
/// use std::time::Duration;
///
/// use godata_store_file::FileStore;
///
/// # fn main() -> Result<(), godata_core::StoreError> {
/// # let folder = tempfile::tempdir().map_err(godata_core::StoreError::unavailable)?;
/// # let path = folder.path().join("state.json");
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let store = FileStore::options().keep_newest(1_000).keep_for(month).open(&path)?;
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until `open` is called"]
pub struct Options {
    pub(crate) durability: Durability,
    pub(crate) keep_newest: Option<usize>,
    pub(crate) keep_for: Option<Duration>,
    pub(crate) snapshot_threshold: u64,
    pub(crate) mode: u32,
    pub(crate) vfs: Arc<dyn Vfs>,
}

impl Options {
    pub(crate) fn new() -> Self {
        Self {
            durability: Durability::Sync,
            keep_newest: None,
            keep_for: None,
            snapshot_threshold: 4 << 20,
            mode: 0o600,
            vfs: Arc::new(RealVfs),
        }
    }

    /// When a commit is acknowledged. Default: [`Durability::Sync`].
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// Forgets what is older than this many finished runs of the same pipeline. Default: nothing.
    ///
    /// It is done whenever a snapshot is written, so there may be more until then.
    pub fn keep_newest(self, runs: usize) -> Self {
        Self { keep_newest: Some(runs), ..self }
    }

    /// Forgets runs that ended longer ago than this. Default: none.
    ///
    /// It is done whenever a snapshot is written, so they may be there for longer.
    pub fn keep_for(self, time: Duration) -> Self {
        Self { keep_for: Some(time), ..self }
    }

    /// How many bytes the journal may have before a new snapshot is written, unless it may have more because the
    /// last snapshot has more than half of that. Default: 4 MiB.
    pub fn snapshot_threshold(self, bytes: u64) -> Self {
        Self { snapshot_threshold: bytes, ..self }
    }

    /// The mode of files that are made, where there are modes; the umask takes from it. Default: `0o600`.
    ///
    /// It is for the files of a new store: those that replace others have the mode of these.
    pub fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// The file system. It is for tests.
    #[doc(hidden)]
    pub fn vfs(self, vfs: Arc<dyn Vfs>) -> Self {
        Self { vfs, ..self }
    }

    /// Opens the store; see [`FileStore::open`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        FileStore::open_with(self, path.as_ref(), Duration::ZERO)
    }

    /// Opens the store, and waits for up to `limit` if another process has it; see [`FileStore::open_wait`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open`].
    pub fn open_wait(self, path: impl AsRef<Path>, limit: Duration) -> Result<FileStore, StoreError> {
        FileStore::open_with(self, path.as_ref(), limit)
    }

    /// Opens the store to read it; see [`FileStore::open_read_only`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open_read_only`].
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<FileStore, StoreError> {
        FileStore::open_read_only_with(&self, path.as_ref())
    }

    /// See [`FileStore::verify`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::verify`].
    pub fn verify(self, path: impl AsRef<Path>) -> Result<Verification, StoreError> {
        verify(&*self.vfs, path.as_ref())
    }

    /// See [`FileStore::repair`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::repair`].
    pub fn repair(self, path: impl AsRef<Path>, loss: Loss) -> Result<Repaired, StoreError> {
        repair(&self, path.as_ref(), loss)
    }
}
