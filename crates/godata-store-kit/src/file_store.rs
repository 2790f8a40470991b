//! The file store, as the kit opens it.

use std::path::Path;
use std::sync::Arc;

use godata_core::{AnyStore, StoreError};
use godata_store_file::{Durability, FileStore};

use crate::Disk;

/// Where the store is on a [`Disk`].
pub const PATH: &str = "/store/state.json";

/// Few enough bytes that there is a new snapshot after some commits.
const SNAPSHOT_THRESHOLD: u64 = 2_048;

/// Opens the file store of a disk, with a new snapshot after every few commits.
///
/// # Errors
///
/// The store's.
pub fn open(disk: &Disk) -> Result<AnyStore, StoreError> {
    open_with(disk, SNAPSHOT_THRESHOLD)
}

/// As [`open`], with a new snapshot after so many bytes of a journal.
///
/// # Errors
///
/// The store's.
pub fn open_with(disk: &Disk, snapshot_threshold: u64) -> Result<AnyStore, StoreError> {
    let options = FileStore::options().snapshot_threshold(snapshot_threshold);
    options.vfs(Arc::new(disk.clone())).open(PATH).map(AnyStore::new)
}

/// As [`open`], with a store that keeps so many finished runs of a pipeline, and may have more.
///
/// # Errors
///
/// The store's.
pub fn open_keeping(disk: &Disk, newest: usize) -> Result<AnyStore, StoreError> {
    let options = FileStore::options().snapshot_threshold(SNAPSHOT_THRESHOLD).keep_newest(newest);
    options.vfs(Arc::new(disk.clone())).open(PATH).map(AnyStore::new)
}

/// As [`open`], with another durability.
///
/// # Errors
///
/// The store's.
pub fn open_durable(disk: &Disk, durability: Durability) -> Result<AnyStore, StoreError> {
    let options = FileStore::options().snapshot_threshold(SNAPSHOT_THRESHOLD).durability(durability);
    options.vfs(Arc::new(disk.clone())).open(PATH).map(AnyStore::new)
}

/// As [`open`], to read alone.
///
/// # Errors
///
/// The store's.
pub fn open_read_only(disk: &Disk) -> Result<AnyStore, StoreError> {
    FileStore::options().vfs(Arc::new(disk.clone())).open_read_only(PATH).map(AnyStore::new)
}

/// As [`open`], of a real file.
///
/// # Errors
///
/// The store's.
pub fn open_path(path: &Path) -> Result<AnyStore, StoreError> {
    FileStore::options().snapshot_threshold(SNAPSHOT_THRESHOLD).open(path).map(AnyStore::new)
}
