//! The suite of the store contract.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use godata_core::conformance::Fixture;
use godata_core::{BoxError, store_conformance};
use godata_store_file::{Durability, FileStore, Options};
use tempfile::TempDir;

struct InAFolder(TempDir, Options);

impl InAFolder {
    fn new(options: Options) -> Self {
        Self(tempfile::tempdir().unwrap(), options)
    }
}

impl Fixture for InAFolder {
    type Store = FileStore;

    async fn open(&self) -> Result<FileStore, BoxError> {
        Ok(self.1.clone().open(self.0.path().join("state.json"))?)
    }
}

mod synced {
    super::store_conformance!(super::InAFolder::new(super::FileStore::options()));
}

mod never_synced {
    super::store_conformance!(super::InAFolder::new(
        super::FileStore::options().durability(super::Durability::Never)
    ));
}

mod with_a_snapshot_after_almost_each_commit {
    super::store_conformance!(super::InAFolder::new(super::FileStore::options().snapshot_threshold(1)));
}
