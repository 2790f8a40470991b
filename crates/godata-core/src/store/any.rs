//! The type-erased store.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use time::UtcDateTime;

use super::by_puts;
use super::turns::{Turn, Turns};
use crate::{
    Changes, Commit, Committed, OwnerId, PipelineName, PipelineRecord, Refreshed, Renewal, Retention, RunId,
    RunQuery, RunRecord, Store, StoreError, Tally,
};

/// A type-erased [`Store`], through which every store is used.
///
/// Clones are cheap and refer to the same store. For a store that is not [shared](Store::shared), it also does the parts
/// of the contract that need memory within the process: it serializes the commits of a pipeline, finishes a commit that
/// was interrupted between two puts before anything reads its rows, and refuses owners that were declared dead. So wrap
/// such a store only once per process, and clone the handle.
///
/// It is a [`Store`] itself; erasing it again does not wrap it twice.
///
/// # Example
///
/// ```
/// use godata_core::{AnyStore, MemoryStore, Store, StoreError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let store = AnyStore::new(MemoryStore::new());
/// assert!(store.list_pipelines().await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AnyStore(Arc<dyn ErasedStore>);

impl AnyStore {
    /// Erases the type of a store.
    pub fn new(store: impl Store) -> Self {
        if let Some(erased) = (&store as &dyn Any).downcast_ref::<Self>() {
            return erased.clone();
        }
        let turns = (!store.shared()).then(Turns::default);
        Self(Arc::new(Erased { store, turns }))
    }
}

/// Forwards every method, including those with a default: if one were left out, its default would silently replace the
/// store's own.
impl Store for AnyStore {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.0.upsert_pipeline(pipeline).await
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        self.0.find_pipeline(name).await
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        self.0.list_pipelines().await
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.0.upsert_run(run).await
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.0.find_run(id).await
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        let mut runs = self.0.list_runs(query).await?;
        if query.since.is_some() {
            // The store may not know this field.
            runs.retain(|run| query.matches(run));
        }
        Ok(runs)
    }

    async fn newest_runs(
        &self,
        of: &[PipelineName],
        count: usize,
    ) -> Result<Vec<Vec<RunRecord>>, StoreError> {
        self.0.newest_runs(of, count).await
    }

    async fn tally(&self, query: &RunQuery, most: u64) -> Result<Tally, StoreError> {
        self.0.tally(query, most).await
    }

    async fn refresh(&self, known: &[(PipelineName, u64)]) -> Result<Vec<Refreshed>, StoreError> {
        self.0.refresh(known).await
    }

    async fn claimable(
        &self,
        after: Option<&PipelineName>,
        limit: usize,
    ) -> Result<Vec<PipelineName>, StoreError> {
        self.0.claimable(after, limit).await
    }

    fn changes(&self) -> Changes {
        self.0.changes()
    }

    fn shared(&self) -> bool {
        self.0.shared()
    }

    async fn now(&self) -> Result<Option<UtcDateTime>, StoreError> {
        self.0.now().await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        self.0.commit(commit).await
    }

    async fn enroll(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        self.0.enroll(owner, ttl).await
    }

    async fn renew(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        self.0.renew(owner, ttl).await
    }

    async fn reap(&self, by: OwnerId, live: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        self.0.reap(by, live).await
    }

    async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        self.0.prune(retention).await
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStore").field("shared", &self.shared()).finish_non_exhaustive()
    }
}

/// What the methods of an erased store return.
type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The object-safe twin of [`Store`].
trait ErasedStore: Send + Sync {
    fn upsert_pipeline<'a>(&'a self, pipeline: &'a PipelineRecord) -> Answer<'a, ()>;
    fn find_pipeline<'a>(&'a self, name: &'a PipelineName) -> Answer<'a, Option<PipelineRecord>>;
    fn list_pipelines(&self) -> Answer<'_, Vec<PipelineRecord>>;
    fn upsert_run<'a>(&'a self, run: &'a RunRecord) -> Answer<'a, ()>;
    fn find_run(&self, id: RunId) -> Answer<'_, Option<RunRecord>>;
    fn list_runs<'a>(&'a self, query: &'a RunQuery) -> Answer<'a, Vec<RunRecord>>;
    fn newest_runs<'a>(&'a self, of: &'a [PipelineName], count: usize) -> Answer<'a, Vec<Vec<RunRecord>>>;
    fn tally<'a>(&'a self, query: &'a RunQuery, most: u64) -> Answer<'a, Tally>;
    fn refresh<'a>(&'a self, known: &'a [(PipelineName, u64)]) -> Answer<'a, Vec<Refreshed>>;
    fn claimable<'a>(
        &'a self,
        after: Option<&'a PipelineName>,
        limit: usize,
    ) -> Answer<'a, Vec<PipelineName>>;
    fn changes(&self) -> Changes;
    fn shared(&self) -> bool;
    fn now(&self) -> Answer<'_, Option<UtcDateTime>>;
    fn commit<'a>(&'a self, commit: &'a Commit) -> Answer<'a, Committed>;
    fn enroll(&self, owner: OwnerId, ttl: Duration) -> Answer<'_, Renewal>;
    fn renew(&self, owner: OwnerId, ttl: Duration) -> Answer<'_, Renewal>;
    fn reap<'a>(&'a self, by: OwnerId, live: &'a [OwnerId]) -> Answer<'a, Vec<RunRecord>>;
    fn prune<'a>(&'a self, retention: &'a Retention) -> Answer<'a, u64>;
}

struct Erased<S> {
    store: S,
    /// `None` for a shared store, which does all of this itself.
    turns: Option<Turns>,
}

impl<S: Store> Erased<S> {
    async fn turn(&self, name: &PipelineName) -> Result<Option<Turn>, StoreError> {
        match &self.turns {
            Some(turns) => turns.turn(&self.store, name).await.map(Some),
            None => Ok(None),
        }
    }

    async fn settle_all(&self) -> Result<(), StoreError> {
        match &self.turns {
            Some(turns) => turns.settle_all(&self.store).await,
            None => Ok(()),
        }
    }
}

impl<S: Store> ErasedStore for Erased<S> {
    fn upsert_pipeline<'a>(&'a self, pipeline: &'a PipelineRecord) -> Answer<'a, ()> {
        Box::pin(self.store.upsert_pipeline(pipeline))
    }

    fn find_pipeline<'a>(&'a self, name: &'a PipelineName) -> Answer<'a, Option<PipelineRecord>> {
        Box::pin(async move {
            let _turn = self.turn(name).await?;
            self.store.find_pipeline(name).await
        })
    }

    fn list_pipelines(&self) -> Answer<'_, Vec<PipelineRecord>> {
        Box::pin(async move {
            self.settle_all().await?;
            let mut rows = self.store.list_pipelines().await?;
            // A commit may have begun since. Reads of its runs wait for it.
            rows.iter_mut().for_each(|row| row.pending.clear());
            Ok(rows)
        })
    }

    fn upsert_run<'a>(&'a self, run: &'a RunRecord) -> Answer<'a, ()> {
        Box::pin(self.store.upsert_run(run))
    }

    fn find_run(&self, id: RunId) -> Answer<'_, Option<RunRecord>> {
        Box::pin(async move {
            self.settle_all().await?;
            self.store.find_run(id).await
        })
    }

    fn list_runs<'a>(&'a self, query: &'a RunQuery) -> Answer<'a, Vec<RunRecord>> {
        Box::pin(async move {
            let _turn = match &query.pipeline {
                Some(name) => self.turn(name).await?,
                None => {
                    self.settle_all().await?;
                    None
                }
            };
            self.store.list_runs(query).await
        })
    }

    fn newest_runs<'a>(&'a self, of: &'a [PipelineName], count: usize) -> Answer<'a, Vec<Vec<RunRecord>>> {
        Box::pin(async move {
            self.settle_all().await?;
            self.store.newest_runs(of, count).await
        })
    }

    fn tally<'a>(&'a self, query: &'a RunQuery, most: u64) -> Answer<'a, Tally> {
        Box::pin(async move {
            self.settle_all().await?;
            self.store.tally(query, most).await
        })
    }

    fn refresh<'a>(&'a self, known: &'a [(PipelineName, u64)]) -> Answer<'a, Vec<Refreshed>> {
        Box::pin(async move {
            self.settle_all().await?;
            self.store.refresh(known).await
        })
    }

    fn claimable<'a>(
        &'a self,
        after: Option<&'a PipelineName>,
        limit: usize,
    ) -> Answer<'a, Vec<PipelineName>> {
        Box::pin(async move {
            self.settle_all().await?;
            self.store.claimable(after, limit).await
        })
    }

    fn changes(&self) -> Changes {
        self.store.changes()
    }

    fn shared(&self) -> bool {
        self.store.shared()
    }

    fn now(&self) -> Answer<'_, Option<UtcDateTime>> {
        Box::pin(self.store.now())
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> Answer<'a, Committed> {
        match &self.turns {
            Some(turns) => Box::pin(turns.commit(&self.store, commit)),
            None => Box::pin(self.store.commit(commit)),
        }
    }

    fn enroll(&self, owner: OwnerId, ttl: Duration) -> Answer<'_, Renewal> {
        Box::pin(async move {
            self.settle_all().await?;
            match &self.turns {
                Some(turns) if turns.is_dead(owner) => by_puts::lost(&self.store, owner).await,
                _ => self.store.enroll(owner, ttl).await,
            }
        })
    }

    fn renew(&self, owner: OwnerId, ttl: Duration) -> Answer<'_, Renewal> {
        Box::pin(async move {
            self.settle_all().await?;
            match &self.turns {
                Some(turns) if turns.is_dead(owner) => by_puts::lost(&self.store, owner).await,
                _ => self.store.renew(owner, ttl).await,
            }
        })
    }

    fn reap<'a>(&'a self, by: OwnerId, live: &'a [OwnerId]) -> Answer<'a, Vec<RunRecord>> {
        match &self.turns {
            Some(turns) => Box::pin(turns.reap(&self.store, by, live)),
            None => Box::pin(self.store.reap(by, live)),
        }
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> Answer<'a, u64> {
        Box::pin(async move {
            self.settle_all().await?;
            self.store.prune(retention).await
        })
    }
}
