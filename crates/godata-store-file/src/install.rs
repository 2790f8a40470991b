//! Puts new files in place of the old ones, and keeps the old ones as the previous generation.
//!
//! The content of the files, not their names, says which journal belongs to a snapshot. So it does not matter between which
//! renames a crash comes, or which of the unsynced renames survive it.

use std::path::Path;

use godata_core::StoreError;

use crate::files::{Files, exists, rename, sync_dir};
use crate::vfs::Vfs;

/// Why a new snapshot failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    /// Whether it is unknown which renames are durable. If only a new snapshot or an empty journal is not durable, no harm is
    /// done: it is discarded, and the previous files have everything that was acknowledged.
    pub(crate) poisons: bool,
}

impl Failure {
    pub(crate) fn into_error(self) -> StoreError {
        self.error
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { error, poisons: false }
    }
}

/// Puts a durable snapshot in place and syncs the directory.
pub(crate) fn snapshot(vfs: &dyn Vfs, files: &Files) -> Result<(), Failure> {
    let had_one = exists(vfs, &files.snapshot)?;
    if had_one {
        rename(vfs, &files.snapshot, &files.snapshot_old)?;
    }
    if let Err(error) = rename(vfs, &files.snapshot_tmp, &files.snapshot) {
        if had_one {
            rename(vfs, &files.snapshot_old, &files.snapshot)?;
        }
        return Err(error.into());
    }
    sync(vfs, files)
}

/// Gives the journal of the current snapshot its name. The snapshot must be durable.
pub(crate) fn journal(vfs: &dyn Vfs, files: &Files, path: &Path) -> Result<(), Failure> {
    if exists(vfs, &files.journal)? {
        rename(vfs, &files.journal, &files.journal_old)?;
    }
    rename(vfs, path, &files.journal)?;
    sync(vfs, files)
}

/// Syncs the directory. If this fails, it is unknown which renames are durable.
pub(crate) fn sync(vfs: &dyn Vfs, files: &Files) -> Result<(), Failure> {
    sync_dir(vfs, &files.dir).map_err(|error| Failure { error, poisons: true })
}
