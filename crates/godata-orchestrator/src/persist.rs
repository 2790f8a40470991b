//! Writes to and reads from the store, as futures that run beside the loop.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use godata_core::{
    AnyStore, Commit, Committed, PipelineName, PipelineRecord, RunKey, RunQuery, RunRecord, RunStatus,
    Store as _, StoreError, panic_message,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{sleep, timeout};

/// How many rows one read returns.
const PAGE: usize = 1_000;

/// How long `done()` waits for a final row that can't be stored. Afterwards, the write is still retried.
pub(crate) const DONE_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest wait before a call of the store is retried.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The answer of the store to a call about a pipeline.
pub(crate) enum StoreAnswer {
    Committed(Box<Commit>, Result<Committed, StoreError>),
    Reloaded(Result<Box<Reloaded>, StoreError>),
}

/// A pipeline as it is stored.
#[derive(Debug)]
pub(crate) struct Reloaded {
    pub(crate) row: Option<PipelineRecord>,
    /// Its queued and running rows.
    pub(crate) runs: Vec<RunRecord>,
    /// Its newest skipped row, and those of the requested rows that are neither queued nor running.
    pub(crate) settled: Vec<RunRecord>,
}

/// How calls about pipelines are made. Each waits for its turn first, and that does not count as time of the store.
#[derive(Clone)]
pub(crate) struct Calls {
    store: AnyStore,
    /// How long the store may take to answer.
    limit: Duration,
    /// A permit for each call that may be made at the same time.
    turns: Arc<Semaphore>,
}

impl Calls {
    pub(crate) fn new(store: AnyStore, limit: Duration, most: usize) -> Self {
        Self { store, limit, turns: Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))) }
    }

    pub(crate) async fn commit(self, commit: Box<Commit>) -> StoreAnswer {
        let _turn = self.turn().await;
        let answer = within(self.limit, self.store.commit(&commit)).await;
        StoreAnswer::Committed(commit, answer)
    }

    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        match self.turns.try_acquire() {
            Ok(turn) => Some(turn),
            Err(_) => self.turns.acquire().await.ok(),
        }
    }

    /// Reads a pipeline after a wait. Each read names the pipeline, because a read without one would wait for the commits of
    /// all pipelines. The row is read before the runs: if the runs belong to a later rev, the next commit conflicts.
    pub(crate) async fn read(self, name: PipelineName, keys: Vec<RunKey>, wait: Duration) -> StoreAnswer {
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let _turn = self.turn().await;
        StoreAnswer::Reloaded(read(&self.store, name, keys, self.limit).await.map(Box::new))
    }
}

async fn read(
    store: &AnyStore,
    name: PipelineName,
    mut keys: Vec<RunKey>,
    limit: Duration,
) -> Result<Reloaded, StoreError> {
    let row = within(limit, store.find_pipeline(&name)).await?;
    let runs = active_runs(store, Some(name.clone()), limit).await?;
    let of_pipeline = || RunQuery::new().pipeline(name.clone()).limit(1);
    let mut settled = Vec::new();
    if row.as_ref().is_some_and(|row| row.open_skip.is_some()) {
        settled = within(limit, store.list_runs(&of_pipeline().status(RunStatus::Skipped))).await?;
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        if !runs.iter().any(|run| run.key == key) {
            settled.extend(within(limit, store.list_runs(&of_pipeline().key(key))).await?);
        }
    }
    Ok(Reloaded { row, runs, settled })
}

/// All queued and running rows, of one pipeline or of all.
pub(crate) async fn active_runs(
    store: &AnyStore,
    pipeline: Option<PipelineName>,
    limit: Duration,
) -> Result<Vec<RunRecord>, StoreError> {
    let mut query = RunQuery::new().active().limit(PAGE);
    query.pipeline = pipeline;
    let mut all = Vec::new();
    loop {
        let page = within(limit, store.list_runs(&query)).await?;
        let is_last = page.len() < PAGE;
        all.extend(page);
        match all.last() {
            Some(last) if !is_last => query = query.after(last),
            _ => return Ok(all),
        }
    }
}

/// The answer of the store, or an error if the store panics or does not answer in time.
pub(crate) async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => {
            Err(StoreError::unavailable(format!("the store panicked: {}", panic_message(panic))))
        }
        Err(_elapsed) => Err(StoreError::unavailable(format!("it did not answer within {limit:?}"))),
    }
}

/// How long to wait before the next attempt. The bound doubles with each failure from 100 ms on; half of it is random.
pub(crate) fn backoff(failures: u32, share: f64) -> Duration {
    let most = Duration::from_millis(100).saturating_mul(1 << failures.saturating_sub(1).min(10));
    most.min(LONGEST_WAIT).mul_f64(0.5 + share / 2.0)
}
