//! Proves that the store keeps the contract, with one test per clause.

use custom_store::JsonStore;
use godata_core::conformance::Fixture;
use godata_core::{BoxError, store_conformance};
use tempfile::TempDir;

struct InAFolder(TempDir);

impl Fixture for InAFolder {
    type Store = JsonStore;

    async fn open(&self) -> Result<JsonStore, BoxError> {
        Ok(JsonStore::open(self.0.path().join("state.json"))?)
    }
}

store_conformance!(InAFolder(tempfile::tempdir().unwrap()));
