//! Opens a store with other settings than the defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use godata_core::StoreError;

use crate::FileStore;
use crate::options::{Durability, Options};
use crate::repair::{Loss, Repaired, repair};
use crate::verify::{Verification, verify};

/// Opens a [`FileStore`] with other settings than the defaults. Made by [`FileStore::builder`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_store_file::{BoxError, FileStore};
///
/// # fn main() -> Result<(), BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("state.json");
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let store = FileStore::builder(&path).keep_newest(1_000).keep_for(month).open()?;
/// assert!(store.path().ends_with("state.json"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `open` is called"]
pub struct FileStoreBuilder {
    path: PathBuf,
    options: Options,
}

impl FileStore {
    /// Prepares to open the store at `path` with other settings than those of [`open`](Self::open).
    pub fn builder(path: impl AsRef<Path>) -> FileStoreBuilder {
        FileStoreBuilder { path: path.as_ref().to_owned(), options: Options::default() }
    }
}

impl FileStoreBuilder {
    /// Sets when a commit is acknowledged. Default: [`Durability::Sync`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.options.durability = durability;
        self
    }

    /// Keeps the newest `runs` finished runs of each pipeline and removes older ones. Default: keeps all.
    ///
    /// Runs are removed when a snapshot is written, so there may be more of them until then. If
    /// [`keep_for`](Self::keep_for) is set too, a run is removed when it is beyond either limit.
    pub fn keep_newest(mut self, runs: usize) -> Self {
        self.options.keep_newest = Some(runs);
        self
    }

    /// Removes runs that ended longer than `time` ago. Default: keeps all.
    ///
    /// Runs are removed when a snapshot is written, so they may stay longer.
    pub fn keep_for(mut self, time: Duration) -> Self {
        self.options.keep_for = Some(time);
        self
    }

    /// Sets the length of the journal, in bytes, above which a new snapshot is written. Default: 4 MiB.
    ///
    /// If twice the length of the last snapshot is more than that, it is the limit instead.
    pub fn snapshot_threshold(mut self, bytes: u64) -> Self {
        self.options.snapshot_threshold = bytes;
        self
    }

    /// Sets the permission bits of the files of a new store, less those that the umask removes. Default: `0o600`. They
    /// are ignored where files have no such bits.
    ///
    /// A file that replaces another one gets the bits of the file it replaces.
    pub fn mode(mut self, mode: u32) -> Self {
        self.options.mode = mode;
        self
    }

    /// Sets the file system that the store uses. Default: that of the machine.
    #[cfg(feature = "test-util")]
    #[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
    pub fn vfs(mut self, vfs: std::sync::Arc<dyn crate::vfs::Vfs>) -> Self {
        self.options.vfs = vfs;
        self
    }

    /// Opens the store, and creates it if it does not exist; see [`FileStore::open`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open`].
    pub fn open(self) -> Result<FileStore, StoreError> {
        self.open_wait(Duration::ZERO)
    }

    /// Opens the store, and waits for up to `limit` while another process has it open; see [`FileStore::open_wait`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open`].
    pub fn open_wait(self, limit: Duration) -> Result<FileStore, StoreError> {
        FileStore::open_with(self.options, &self.path, limit)
    }

    /// Opens the store for reading only; see [`FileStore::open_read_only`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::open_read_only`].
    pub fn open_read_only(self) -> Result<FileStore, StoreError> {
        FileStore::open_read_only_with(&self.options, &self.path)
    }

    /// Reads all files of the store and lists what is damaged; see [`FileStore::verify`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::verify`].
    pub fn verify(self) -> Result<Verification, StoreError> {
        verify(&*self.options.vfs, &self.path)
    }

    /// Repairs a damaged store; see [`FileStore::repair`].
    ///
    /// # Errors
    ///
    /// Those of [`FileStore::repair`].
    pub fn repair(self, loss: Loss) -> Result<Repaired, StoreError> {
        repair(&self.options, &self.path, loss)
    }
}
