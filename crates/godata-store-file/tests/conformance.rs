//! The suite of the store contract.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use godata_core::conformance::Fixture;
use godata_core::{BoxError, store_conformance};
use godata_store_file::{Durability, FileStore, FileStoreBuilder};
use tempfile::TempDir;

/// A store in a temporary directory, with these settings.
struct InAFolder(TempDir, fn(FileStoreBuilder) -> FileStoreBuilder);

impl InAFolder {
    fn new(settings: fn(FileStoreBuilder) -> FileStoreBuilder) -> Self {
        Self(tempfile::tempdir().unwrap(), settings)
    }
}

impl Fixture for InAFolder {
    type Store = FileStore;

    async fn open(&self) -> Result<FileStore, BoxError> {
        let builder = FileStore::builder(self.0.path().join("state.json"));
        Ok((self.1)(builder).open()?)
    }
}

mod synced {
    super::store_conformance!(super::InAFolder::new(|builder| builder));
}

mod never_synced {
    super::store_conformance!(super::InAFolder::new(|builder| builder.durability(super::Durability::Never)));
}

mod with_a_snapshot_after_almost_each_commit {
    super::store_conformance!(super::InAFolder::new(|builder| builder.snapshot_threshold(1)));
}
