//! Writing to the store and reading from it, as futures that the loop does not wait for.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use godata_core::{
    AnyStore, Commit, Committed, PipelineName, PipelineRecord, RunId, RunQuery, RunRecord, Store as _,
    StoreError,
};
use tokio::time::{sleep, timeout};

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// How long `done()` waits for a final row that can't be stored. It is tried on after that.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The longest wait before the store is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What came back from the store for a pipeline.
pub(crate) enum Landed {
    Committed(Box<Commit>, Result<Committed, StoreError>),
    Reloaded(Result<Box<Reloaded>, StoreError>),
}

/// A pipeline as it is stored.
#[derive(Debug)]
pub(crate) struct Reloaded {
    pub(crate) row: Option<PipelineRecord>,
    /// Its queued and running rows.
    pub(crate) runs: Vec<RunRecord>,
    /// Its open skip, and those rows that were asked for and are neither queued nor running.
    pub(crate) settled: Vec<RunRecord>,
}

pub(crate) async fn commit(store: AnyStore, commit: Box<Commit>, limit: Duration) -> Landed {
    let answer = within(limit, store.commit(&commit)).await;
    Landed::Committed(commit, answer)
}

/// Reads a pipeline after a wait. The row is read before the runs: if they belong to a later rev, the next commit finds
/// that out.
pub(crate) async fn reload(
    store: AnyStore,
    name: PipelineName,
    ids: Vec<RunId>,
    wait: Duration,
    limit: Duration,
) -> Landed {
    if !wait.is_zero() {
        sleep(wait).await;
    }
    Landed::Reloaded(read(&store, name, ids, limit).await.map(Box::new))
}

async fn read(
    store: &AnyStore,
    name: PipelineName,
    mut ids: Vec<RunId>,
    limit: Duration,
) -> Result<Reloaded, StoreError> {
    let row = within(limit, store.get_pipeline(&name)).await?;
    let runs = active_runs(store, Some(name), limit).await?;
    ids.extend(row.as_ref().and_then(|row| row.open_skip));
    ids.sort_unstable();
    ids.dedup();
    let mut settled = Vec::new();
    for id in ids {
        if !runs.iter().any(|run| run.id == id) {
            settled.extend(within(limit, store.get_run(id)).await?);
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

/// An answer of the store, or an error in place of a panic and of one that does not come.
pub(crate) async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(StoreError::unavailable("it panicked")),
        Err(_elapsed) => Err(StoreError::unavailable(format!("it did not answer within {limit:?}"))),
    }
}

/// How long to wait before the next try, after so many that failed: doubling from 100 ms, half of it by chance.
pub(crate) fn backoff(failures: u32, share: f64) -> Duration {
    let most = Duration::from_millis(100).saturating_mul(1 << failures.saturating_sub(1).min(10));
    most.min(LONGEST_WAIT).mul_f64(0.5 + share / 2.0)
}
