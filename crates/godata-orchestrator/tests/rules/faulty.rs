//! A store with injected faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use godata_core::{
    AnyStore, Commit, Committed, MemoryStore, OwnerId, PipelineName, PipelineRecord, Refreshed, Renewal,
    Retention, RunId, RunQuery, RunRecord, Store, StoreError,
};
use time::UtcDateTime;

/// The fate of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, and is not made.
    Refused,
    /// The store says that it is invalid, and it is not made.
    Invalid,
    /// It is made, but the answer is an error.
    AnswerLost,
    /// It is made after this long.
    Slow(Duration),
    /// The answer is an error at once, but the commit is made after this long.
    Late(Duration),
    /// It never ends.
    Hangs,
}

/// The faults to inject.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    next: VecDeque<Fault>,
    of_pipeline: Option<(String, Fault)>,
    of_all: Option<Fault>,
    reads_fail: bool,
    reads_hang: bool,
    leases_hang: bool,
    next_lease_hangs: bool,
}

impl Faults {
    /// Sets the fate of the next commits, one after another.
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().next.extend(faults);
    }

    /// Sets the fate of all commits to a pipeline from now on.
    pub(crate) fn always(&self, pipeline: &str, fault: Fault) {
        self.0.lock().unwrap().of_pipeline = Some((pipeline.to_owned(), fault));
    }

    /// Sets the fate of all commits from now on.
    pub(crate) fn always_for_all(&self, fault: Fault) {
        self.0.lock().unwrap().of_all = Some(fault);
    }

    pub(crate) fn reads_fail(&self) {
        self.0.lock().unwrap().reads_fail = true;
    }

    pub(crate) fn reads_hang(&self) {
        self.0.lock().unwrap().reads_hang = true;
    }

    /// From now on, renewals of the lease are not answered.
    pub(crate) fn leases_hang(&self) {
        self.0.lock().unwrap().leases_hang = true;
    }

    pub(crate) fn next_lease_hangs(&self) {
        self.0.lock().unwrap().next_lease_hangs = true;
    }

    pub(crate) fn none(&self) {
        *self.0.lock().unwrap() = Plan::default();
    }

    fn of(&self, pipeline: &PipelineName) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap();
        let of_pipeline = plan.of_pipeline.as_ref().filter(|(name, _)| name == pipeline.as_str());
        of_pipeline.map(|(_, fault)| *fault).or(plan.of_all).or_else(|| plan.next.pop_front())
    }

    async fn renewal(&self) {
        let hangs = {
            let plan = &mut *self.0.lock().unwrap();
            std::mem::take(&mut plan.next_lease_hangs) || plan.leases_hang
        };
        if hangs {
            std::future::pending::<()>().await;
        }
    }

    async fn read(&self) -> Result<(), StoreError> {
        if self.0.lock().unwrap().reads_hang {
            std::future::pending::<()>().await;
        }
        if self.0.lock().unwrap().reads_fail { Err(broken()) } else { Ok(()) }
    }
}

fn broken() -> StoreError {
    StoreError::unavailable("broken on purpose")
}

/// A store in memory, and its faults.
pub(crate) fn faulty() -> (AnyStore, Faults) {
    faulty_way_to(AnyStore::new(MemoryStore::new()))
}

/// A faulty way to a store that several instances share.
pub(crate) fn faulty_way_to(store: AnyStore) -> (AnyStore, Faults) {
    let faults = Faults::default();
    (AnyStore::new(Faulty { store, faults: faults.clone() }), faults)
}

struct Faulty {
    store: AnyStore,
    faults: Faults,
}

impl Store for Faulty {
    fn shared(&self) -> bool {
        self.store.shared()
    }

    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.store.upsert_pipeline(pipeline).await
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        self.faults.read().await?;
        self.store.find_pipeline(name).await
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        self.faults.read().await?;
        self.store.list_pipelines().await
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.store.upsert_run(run).await
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.faults.read().await?;
        self.store.find_run(id).await
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.faults.read().await?;
        self.store.list_runs(query).await
    }

    async fn refresh(&self, known: &[(PipelineName, u64)]) -> Result<Vec<Refreshed>, StoreError> {
        self.faults.read().await?;
        self.store.refresh(known).await
    }

    async fn claimable(
        &self,
        after: Option<&PipelineName>,
        limit: usize,
    ) -> Result<Vec<PipelineName>, StoreError> {
        self.faults.read().await?;
        self.store.claimable(after, limit).await
    }

    async fn now(&self) -> Result<Option<UtcDateTime>, StoreError> {
        self.store.now().await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        match self.faults.of(&commit.pipeline.name) {
            None => self.store.commit(commit).await,
            Some(Fault::Refused) => Err(broken()),
            Some(Fault::Invalid) => Err(StoreError::invalid("refused on purpose")),
            Some(Fault::AnswerLost) => {
                self.store.commit(commit).await?;
                Err(broken())
            }
            Some(Fault::Slow(wait)) => {
                tokio::time::sleep(wait).await;
                self.store.commit(commit).await
            }
            Some(Fault::Late(wait)) => {
                let (store, commit) = (self.store.clone(), commit.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    store.commit(&commit).await
                });
                Err(broken())
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }

    async fn enroll(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        self.store.enroll(owner, ttl).await
    }

    async fn renew(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        self.faults.renewal().await;
        self.store.renew(owner, ttl).await
    }

    async fn reap(&self, by: OwnerId, live: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        self.store.reap(by, live).await
    }

    async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        self.store.prune(retention).await
    }
}
