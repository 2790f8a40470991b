//! The conformance suite for the stores of this crate, and for a store that implements only the six required methods.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use godata_core::conformance::Fixture;
use godata_core::{
    BoxError, Clock as _, ManualClock, MemoryStore, PipelineName, PipelineRecord, RunId, RunQuery, RunRecord,
    Store, StoreError, SystemClock,
};

/// A store with the defaults of all optional methods. Clones are the same store.
#[derive(Clone, Default)]
struct SixMethods(Arc<Mutex<Rows>>);

#[derive(Default)]
struct Rows {
    pipelines: BTreeMap<PipelineName, PipelineRecord>,
    runs: BTreeMap<RunId, RunRecord>,
}

impl SixMethods {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SixMethods {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.rows().pipelines.insert(pipeline.name.clone(), pipeline.clone());
        Ok(())
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.rows().pipelines.get(name).cloned())
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.rows().pipelines.values().cloned().collect())
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.rows().runs.insert(run.id, run.clone());
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.rows().runs.get(&id).cloned())
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        tokio::task::yield_now().await;
        Ok(query.select(self.rows().runs.values()))
    }
}

impl Fixture for SixMethods {
    type Store = Self;

    async fn open(&self) -> Result<Self, BoxError> {
        Ok(self.clone())
    }
}

/// A store in memory that is not shared.
struct InMemory(MemoryStore);

impl Fixture for InMemory {
    type Store = MemoryStore;

    async fn open(&self) -> Result<MemoryStore, BoxError> {
        Ok(self.0.clone())
    }
}

/// A shared store in memory, with a clock that the fixture moves.
struct Shared(MemoryStore, ManualClock);

impl Shared {
    fn new() -> Self {
        let clock = ManualClock::new(SystemClock.now());
        Self(MemoryStore::with_clock(clock.clone()), clock)
    }
}

impl Fixture for Shared {
    type Store = MemoryStore;

    async fn open(&self) -> Result<MemoryStore, BoxError> {
        Ok(self.0.clone())
    }

    async fn advance(&self, time: Duration) {
        self.1.advance(time);
    }
}

mod a_store_of_six_methods {
    godata_core::store_conformance!(super::SixMethods::default());
}

mod a_store_in_memory {
    godata_core::store_conformance!(super::InMemory(godata_core::MemoryStore::new()));
}

mod a_shared_store_in_memory {
    godata_core::store_conformance!(super::Shared::new());
}
