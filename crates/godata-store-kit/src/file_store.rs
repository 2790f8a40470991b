//! The file store as the kit opens it.

use std::path::Path;
use std::sync::Arc;

use godata_core::{AnyStore, StoreError};
use godata_store_file::{Durability, FileStore, FileStoreBuilder};

use crate::Disk;

/// The path of the store on a [`Disk`].
pub const PATH: &str = "/store/state.json";

/// Small enough for a new snapshot after a few commits.
const SNAPSHOT_THRESHOLD: u64 = 2_048;

/// Opens the file store on a disk, with a new snapshot after every few commits.
///
/// # Errors
///
/// The store's.
pub fn open(disk: &Disk) -> Result<AnyStore, StoreError> {
    open_with(disk, SNAPSHOT_THRESHOLD)
}

/// Like [`open`], with a new snapshot after this many bytes of a journal.
///
/// # Errors
///
/// The store's.
pub fn open_with(disk: &Disk, snapshot_threshold: u64) -> Result<AnyStore, StoreError> {
    builder(disk).snapshot_threshold(snapshot_threshold).open().map(AnyStore::new)
}

/// Like [`open`], for a store that forgets all but the newest finished runs of each pipeline when it writes a snapshot.
///
/// # Errors
///
/// The store's.
pub fn open_keeping(disk: &Disk, newest: usize) -> Result<AnyStore, StoreError> {
    builder(disk).snapshot_threshold(SNAPSHOT_THRESHOLD).keep_newest(newest).open().map(AnyStore::new)
}

/// Like [`open`], with this durability.
///
/// # Errors
///
/// The store's.
pub fn open_durable(disk: &Disk, durability: Durability) -> Result<AnyStore, StoreError> {
    builder(disk).snapshot_threshold(SNAPSHOT_THRESHOLD).durability(durability).open().map(AnyStore::new)
}

/// Like [`open`], for reading only.
///
/// # Errors
///
/// The store's.
pub fn open_read_only(disk: &Disk) -> Result<AnyStore, StoreError> {
    builder(disk).open_read_only().map(AnyStore::new)
}

/// Like [`open`], for a real file.
///
/// # Errors
///
/// The store's.
pub fn open_path(path: &Path) -> Result<AnyStore, StoreError> {
    FileStore::builder(path).snapshot_threshold(SNAPSHOT_THRESHOLD).open().map(AnyStore::new)
}

fn builder(disk: &Disk) -> FileStoreBuilder {
    FileStore::builder(PATH).vfs(Arc::new(disk.clone()))
}
