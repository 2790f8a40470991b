//! The commit of a store that has puts and reads alone.

use std::time::Duration;

use crate::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Renewal, RunChange, RunQuery, RunRecord,
    RunStatus, Store, StoreError, Stored, check_commit,
};

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// The default of [`Store::commit`], clause 9. One put is the commit: that of the pipeline's row with its new rev
/// and the runs in `pending`. What comes before it is reading, and what comes after can be done again.
pub(super) async fn commit<S: Store + ?Sized>(store: &S, commit: &Commit) -> Result<Committed, StoreError> {
    let row = settled(store, &commit.pipeline.name).await?;
    let runs = touched(store, commit).await?;
    let stored = Stored { pipeline: row.as_ref(), runs: &runs, now: store.now().await?, dead: None };
    let rev = match check_commit(commit, &stored)? {
        Committed::Done(rev) => rev,
        refusal => return Ok(refusal),
    };

    let mut pipeline = commit.pipeline.clone();
    pipeline.rev = rev;
    pipeline.pending = commit.runs.iter().map(RunChange::run).cloned().collect();
    store.upsert_pipeline(&pipeline).await?;
    put_pending(store, pipeline).await?;
    Ok(Committed::Done(rev))
}

/// The pipeline's row, after its pending rows were put.
pub(super) async fn settled<S: Store + ?Sized>(
    store: &S,
    name: &PipelineName,
) -> Result<Option<PipelineRecord>, StoreError> {
    match store.get_pipeline(name).await? {
        Some(pipeline) => put_pending(store, pipeline).await.map(Some),
        None => Ok(None),
    }
}

/// Puts the runs and clears `pending`. Done again, it puts the same: no later commit has changed the runs, since
/// each begins with this.
async fn put_pending<S: Store + ?Sized>(
    store: &S,
    mut pipeline: PipelineRecord,
) -> Result<PipelineRecord, StoreError> {
    if pipeline.pending.is_empty() {
        return Ok(pipeline);
    }
    for run in &pipeline.pending {
        store.upsert_run(run).await?;
    }
    pipeline.pending.clear();
    store.upsert_pipeline(&pipeline).await?;
    Ok(pipeline)
}

/// The rows that the commit speaks of.
async fn touched<S: Store + ?Sized>(store: &S, commit: &Commit) -> Result<Vec<RunRecord>, StoreError> {
    let mut rows = Vec::new();
    for change in &commit.runs {
        rows.extend(store.get_run(change.run().id).await?);
        if let RunChange::Insert(run) = change {
            let same_key = RunQuery::new().pipeline(run.pipeline_name.clone()).key(run.key.clone()).limit(1);
            rows.extend(store.list_runs(&same_key).await?);
        }
    }
    Ok(rows)
}

/// The default of [`Store::renew`]: in one process, whoever asks is alive.
pub(super) async fn renew<S: Store + ?Sized>(
    store: &S,
    owner: OwnerId,
    ttl: Duration,
) -> Result<Renewal, StoreError> {
    let runs = all_runs(store, RunQuery::new().active().owner(owner)).await?;
    let asked = runs.iter().filter(|run| run.cancel_requested_at.is_some());
    Ok(Renewal::alive(ttl, asked.map(|run| run.id).collect()))
}

/// The default of [`Store::reap`]: in one process, whoever is not live there is dead.
pub(super) async fn reap<S: Store + ?Sized>(
    store: &S,
    live: &[OwnerId],
) -> Result<Vec<RunRecord>, StoreError> {
    let mut runs = all_runs(store, RunQuery::new().active()).await?;
    runs.retain(|run| run.owner.is_none_or(|owner| !live.contains(&owner)));
    Ok(runs)
}

/// What an owner that was declared dead has lost.
pub(super) async fn lost<S: Store + ?Sized>(store: &S, owner: OwnerId) -> Result<Renewal, StoreError> {
    let runs = all_runs(store, RunQuery::new().active().status(RunStatus::Interrupted).owner(owner)).await?;
    Ok(Renewal::dead(runs.iter().map(|run| run.id).collect()))
}

/// All pages of a query.
async fn all_runs<S: Store + ?Sized>(store: &S, query: RunQuery) -> Result<Vec<RunRecord>, StoreError> {
    let mut query = query.limit(PAGE);
    let mut all = Vec::new();
    loop {
        let page = store.list_runs(&query).await?;
        let is_last = page.len() < PAGE;
        all.extend(page);
        match all.last() {
            Some(last) if !is_last => query = query.after(last),
            _ => return Ok(all),
        }
    }
}
