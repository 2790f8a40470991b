//! New files in the place of the old ones, which are kept as the generation before.
//!
//! Which journal belongs to a snapshot is found by what they hold and not by their names, so it does not matter where in
//! between a crash comes, nor which of the names that are not synced are changed by then.

use std::path::Path;

use godata_core::StoreError;

use crate::files::{Files, exists, rename, sync_dir};
use crate::vfs::Vfs;

/// Why there is no new snapshot.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    /// Whether nobody knows which names are durable. If only a new snapshot, or a journal without lines, is not durable,
    /// no harm is done: it is thrown away, and what was acknowledged is in the files before it.
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

/// Puts a durable snapshot into place, together with the directory's names of the files it needs.
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

/// Gives the journal of the snapshot its name, once that is durable.
pub(crate) fn journal(vfs: &dyn Vfs, files: &Files, path: &Path) -> Result<(), Failure> {
    if exists(vfs, &files.journal)? {
        rename(vfs, &files.journal, &files.journal_old)?;
    }
    rename(vfs, path, &files.journal)?;
    sync(vfs, files)
}

/// If it fails, nobody knows which names are durable.
pub(crate) fn sync(vfs: &dyn Vfs, files: &Files) -> Result<(), Failure> {
    sync_dir(vfs, &files.dir).map_err(|error| Failure { error, poisons: true })
}
