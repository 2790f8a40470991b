//! The store in memory.

#[cfg(test)]
mod model;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream;
use time::UtcDateTime;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::tables::MemoryTables;
use crate::{
    Change, Changes, Clock, Commit, Committed, OwnerId, PipelineName, PipelineRecord, Refreshed, Renewal,
    Retention, RunId, RunQuery, RunRecord, Store, StoreError, Tally,
};

/// A store that keeps everything in memory: for tests, for pipelines whose history need not outlive their process, and
/// as a reference for implementors of stores.
///
/// Clones are the same store. A store made by [`with_clock`](Self::with_clock) is [shared](Store::shared): several
/// orchestrators can use it at the same time, as processes share a database.
///
/// # Example
///
/// ```
/// use godata_core::{AnyStore, MemoryStore, Retention, Store, StoreError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let store = AnyStore::new(MemoryStore::new());
/// assert_eq!(store.prune(&Retention::new().keep_newest(100)).await?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    tables: Arc<Mutex<MemoryTables>>,
    /// The store's own clock, if it is shared.
    clock: Option<Arc<dyn Clock>>,
    changes: broadcast::Sender<Change>,
}

/// How many changes a reader may fall behind before it misses some.
const CHANGES: usize = 1_024;

impl MemoryStore {
    /// Makes an empty store that is not shared and has no clock.
    #[must_use]
    pub fn new() -> Self {
        Self { tables: Arc::default(), clock: None, changes: broadcast::Sender::new(1) }
    }

    /// Makes an empty store that is [shared](Store::shared). This clock decides when leases expire and due times come.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self {
            tables: Arc::default(),
            clock: Some(Arc::new(clock)),
            changes: broadcast::Sender::new(CHANGES),
        }
    }

    fn tables(&self) -> MutexGuard<'_, MemoryTables> {
        // Poisoning is ignored because nothing panics while the lock is held: a commit is checked before it is made.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock_now(&self) -> Option<UtcDateTime> {
        self.clock.as_ref().map(|clock| clock.now())
    }
}

impl Default for MemoryStore {
    /// The same as [`MemoryStore::new`].
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("shared", &self.shared()).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.tables().put_pipeline(pipeline.clone());
        Ok(())
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        Ok(self.tables().pipeline(name).map(|row| (**row).clone()))
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        Ok(self.tables().pipelines().map(|row| (**row).clone()).collect())
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.tables().put_run(run.clone());
        Ok(())
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.tables().run(id).map(|run| (**run).clone()))
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        let page = self.tables().page(query, usize::MAX);
        Ok(page.runs.iter().map(|run| (**run).clone()).collect())
    }

    async fn tally(&self, query: &RunQuery, most: u64) -> Result<Tally, StoreError> {
        Ok(self.tables().tally(query, most))
    }

    async fn refresh(&self, known: &[(PipelineName, u64)]) -> Result<Vec<Refreshed>, StoreError> {
        Ok(self.tables().refresh(known))
    }

    async fn claimable(
        &self,
        after: Option<&PipelineName>,
        limit: usize,
    ) -> Result<Vec<PipelineName>, StoreError> {
        Ok(self.tables().claimable(after, limit, self.clock_now()))
    }

    fn changes(&self) -> Changes {
        if !self.shared() {
            return Box::pin(stream::pending());
        }
        // The store lives as long as its reader.
        let reader = (self.changes.subscribe(), self.clone());
        Box::pin(stream::unfold(reader, async |(mut changes, store)| {
            let change = match changes.recv().await {
                Ok(change) => change,
                Err(RecvError::Lagged(_)) => Change::Lost,
                Err(RecvError::Closed) => return None,
            };
            Some((change, (changes, store)))
        }))
    }

    fn shared(&self) -> bool {
        self.clock.is_some()
    }

    async fn now(&self) -> Result<Option<UtcDateTime>, StoreError> {
        Ok(self.clock_now())
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let now = self.clock_now();
        let (mut tables, mut before) = (self.tables(), Vec::new());
        let is_watched = self.changes.receiver_count() > 0;
        if is_watched {
            let stored = commit.runs.iter().filter_map(|change| tables.run(change.run().id));
            before = stored.map(|run| (**run).clone()).collect();
        }
        let answer = tables.commit(commit, now)?;
        if is_watched && matches!(answer, Committed::Done(_)) {
            // This fails if the last reader has just gone.
            Change::all_of(commit, &before).into_iter().for_each(|change| drop(self.changes.send(change)));
        }
        Ok(answer)
    }

    async fn enroll(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        Ok(self.tables().enroll(owner, ttl, self.clock_now()))
    }

    async fn renew(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        Ok(self.tables().renew(owner, ttl, self.clock_now()))
    }

    async fn reap(&self, by: OwnerId, live: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        Ok(self.tables().reap(by, live, self.clock_now()))
    }

    async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        Ok(self.tables().prune(retention))
    }
}
