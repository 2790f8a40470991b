//! The default methods of a store, which use only puts and reads.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Refreshed, Renewal, RunChange, RunQuery,
    RunRecord, RunStatus, Store, StoreError, Stored, Tally, check_commit,
};

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// The default of [`Store::commit`], clause 9. The commit point is the put of the pipeline's row with its new rev and
/// the runs in `pending`. Before it, rows are only read; after it, every step can be repeated.
pub(super) async fn commit<S: Store + ?Sized>(store: &S, commit: &Commit) -> Result<Committed, StoreError> {
    let row = settled(store, &commit.pipeline.name).await?;
    let runs = affected(store, commit).await?;
    let stored = Stored { now: store.now().await?, ..Stored::new(row.as_ref(), &runs) };
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

/// Puts the pending rows of a pipeline, and returns its row.
pub(super) async fn settled<S: Store + ?Sized>(
    store: &S,
    name: &PipelineName,
) -> Result<Option<PipelineRecord>, StoreError> {
    match store.find_pipeline(name).await? {
        Some(pipeline) => put_pending(store, pipeline).await.map(Some),
        None => Ok(None),
    }
}

/// Puts the pending runs and clears `pending`. Repeating it puts the same rows: every commit starts with this, so no
/// later commit has changed the runs.
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

/// The stored runs with the id or the key of one of the commit's runs.
async fn affected<S: Store + ?Sized>(store: &S, commit: &Commit) -> Result<Vec<RunRecord>, StoreError> {
    let mut rows = Vec::new();
    for change in &commit.runs {
        rows.extend(store.find_run(change.run().id).await?);
        if let RunChange::Insert(run) = change {
            let same_key = RunQuery::new().pipeline(run.pipeline_name.clone()).key(run.key.clone()).limit(1);
            rows.extend(store.list_runs(&same_key).await?);
        }
    }
    Ok(rows)
}

/// The default of [`Store::renew`]: an owner that calls it is alive, since all owners are in this process.
pub(super) async fn renew<S: Store + ?Sized>(
    store: &S,
    owner: OwnerId,
    ttl: Duration,
) -> Result<Renewal, StoreError> {
    let runs = all_runs(store, RunQuery::new().active().owner(owner)).await?;
    let to_cancel = runs.iter().filter(|run| run.cancel_requested_at.is_some());
    Ok(Renewal::alive(ttl, to_cancel.map(|run| run.id).collect()))
}

/// The default of [`Store::reap`]: an owner that is not in `live` is dead, since all owners are in this process.
pub(super) async fn reap<S: Store + ?Sized>(
    store: &S,
    live: &[OwnerId],
) -> Result<Vec<RunRecord>, StoreError> {
    let mut runs = all_runs(store, RunQuery::new().active()).await?;
    runs.retain(|run| run.owner.is_some_and(|owner| !live.contains(&owner)));
    Ok(runs)
}

/// The answer of [`Store::renew`] to an owner that was declared dead.
pub(super) async fn lost<S: Store + ?Sized>(store: &S, owner: OwnerId) -> Result<Renewal, StoreError> {
    let runs = all_runs(store, RunQuery::new().active().status(RunStatus::Interrupted).owner(owner)).await?;
    Ok(Renewal::dead(runs.iter().map(|run| run.id).collect()))
}

/// The default of [`Store::refresh`]. The row is read before the runs, so that a commit on runs of a later rev conflicts.
pub(super) async fn refresh<S: Store + ?Sized>(
    store: &S,
    known: &[(PipelineName, u64)],
) -> Result<Vec<Refreshed>, StoreError> {
    let mut changed = Vec::new();
    for (name, rev) in known {
        let row = settled(store, name).await?;
        if row.as_ref().map_or(0, |row| row.rev) == *rev {
            continue;
        }
        let mut runs = all_runs(store, RunQuery::new().pipeline(name.clone()).active()).await?;
        if let Some(open) = row.as_ref().and_then(|row| row.open_skip) {
            runs.extend(store.find_run(open).await?);
        }
        changed.push(Refreshed::new(name.clone(), row, runs));
    }
    Ok(changed)
}

/// The default of [`Store::claimable`].
pub(super) async fn claimable<S: Store + ?Sized>(
    store: &S,
    after: Option<&PipelineName>,
    limit: usize,
) -> Result<Vec<PipelineName>, StoreError> {
    let now = store.now().await?;
    let is_due = |run: &RunRecord| now.is_none_or(|now| run.not_before.is_none_or(|at| at <= now));
    let queued = all_runs(store, RunQuery::new().status(RunStatus::Queued)).await?;
    let free = queued.into_iter().filter(|run| run.owner.is_none() && is_due(run));
    let names: BTreeSet<_> = free.map(|run| run.pipeline_name).collect();
    let names = names.into_iter().filter(|name| after.is_none_or(|after| name > after));
    Ok(names.take(limit).collect())
}

/// The default of [`Store::newest_runs`].
pub(super) async fn newest_runs<S: Store + ?Sized>(
    store: &S,
    of: &[PipelineName],
    count: usize,
) -> Result<Vec<Vec<RunRecord>>, StoreError> {
    let mut newest = Vec::with_capacity(of.len());
    for name in of {
        newest.push(store.list_runs(&RunQuery::new().pipeline(name.clone()).limit(count)).await?);
    }
    Ok(newest)
}

/// The default of [`Store::tally`].
pub(super) async fn tally<S: Store + ?Sized>(
    store: &S,
    query: &RunQuery,
    most: u64,
) -> Result<Tally, StoreError> {
    let mut query = query.clone().limit(PAGE);
    let mut tally = Tally::default();
    loop {
        let page = store.list_runs(&query).await?;
        // A store that does not know `since` returns older runs, after all others.
        for run in page.iter().take_while(|run| query.matches(run)) {
            if !tally.add_up_to(most, run.status) {
                return Ok(tally);
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE && query.matches(last) => query = query.after(last),
            _ => return Ok(tally),
        }
    }
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
