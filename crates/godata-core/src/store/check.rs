//! The judge of commits: pure, and the same for every store.

use time::UtcDateTime;

use crate::{
    Commit, Committed, OwnerId, PipelineRecord, RunChange, RunId, RunKey, RunRecord, RunStatus, StoreError,
};

/// What is stored of the things that a commit speaks of, all read in one transaction with its writes.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// The row of the commit's pipeline.
    pub pipeline: Option<&'a PipelineRecord>,
    /// The rows of all pipelines that have the id of one of the commit's runs, and those of its pipeline that have
    /// the key of one. More rows do no harm.
    pub runs: &'a [RunRecord],
    /// The store's own clock, if it has one.
    pub now: Option<UtcDateTime>,
    /// Which owners were declared dead; it is enough to tell of the commit's own and of those in `runs`. `None`
    /// where nobody keeps that: then whoever takes over the runs of another has to know.
    pub dead: Option<&'a [OwnerId]>,
}

/// Judges a commit against what is stored, by the clauses of the [contract](crate::Store#the-contract).
///
/// [`Committed::Done`] means that the store is to write all of the commit, with that rev; any other answer is the
/// answer to the commit, and nothing is to be written.
///
/// # Errors
///
/// [`StoreError::Invalid`], if the commit asks for what no state allows.
///
/// ```
/// use godata_core::{Clock, Commit, Committed, OwnerId, PipelineName, PipelineRecord, Stored, SystemClock};
/// use godata_core::check_commit;
///
/// let pipeline = PipelineRecord::new(PipelineName::new("orders")?, SystemClock.now());
/// let commit = Commit::new(OwnerId::generate(), pipeline);
///
/// let nothing = Stored { pipeline: None, runs: &[], now: None, dead: None };
/// assert_eq!(check_commit(&commit, &nothing)?, Committed::Done(1));
///
/// let mut row = commit.pipeline.clone();
/// row.rev = 7;
/// let changed = Stored { pipeline: Some(&row), ..nothing };
/// assert_eq!(check_commit(&commit, &changed)?, Committed::Conflict(Some(Box::new(row.clone()))));
/// # Ok::<(), godata_core::BoxError>(())
/// ```
pub fn check_commit(commit: &Commit, stored: &Stored<'_>) -> Result<Committed, StoreError> {
    match judge(commit, stored) {
        Ok(rev) => Ok(Committed::Done(rev)),
        Err(Refusal::Answer(answer)) => Ok(answer),
        Err(Refusal::Invalid(violation)) => Err(StoreError::invalid(violation)),
    }
}

/// Why a commit is not written.
enum Refusal {
    /// The world has changed since it was decided.
    Answer(Committed),
    /// It was never right.
    Invalid(Violation),
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation)
    }
}

/// What no state allows.
#[derive(Debug, thiserror::Error)]
enum Violation {
    #[error("pipeline {pipeline:?} is committed with pending rows")]
    Pending { pipeline: String },
    #[error("the cursor of pipeline {pipeline:?} goes back from {from} to {to}")]
    CursorFalls { pipeline: String, from: Instant, to: Instant },
    #[error("run {run} is of pipeline {other:?}, not {pipeline:?}")]
    OtherPipeline { run: RunId, other: String, pipeline: String },
    #[error("run {run} or key {key} is in the commit twice")]
    Twice { run: RunId, key: RunKey },
    #[error("a text of {what} has a NUL in it")]
    Nul { what: String },
    #[error("run {run} begins as {status}")]
    Beginning { run: RunId, status: RunStatus },
    #[error("run {run} is not stored")]
    Unknown { run: RunId },
    #[error("run {run} goes from {from} to {to}")]
    Transition { run: RunId, from: RunStatus, to: RunStatus },
    #[error("run {run} changes what it is, not what became of it")]
    Identity { run: RunId },
    #[error("the open skip {run} changes in another way than by growing")]
    OpenSkip { run: RunId },
    #[error("run {run} goes from {from} to {to}, which is for its owner alone")]
    NotTheOwner { run: RunId, from: RunStatus, to: RunStatus },
    #[error("{status} run {run} has an owner or a fence that is not this commit's")]
    Ownership { run: RunId, status: RunStatus },
}

/// An instant that may be none, as text.
#[derive(Debug)]
struct Instant(Option<UtcDateTime>);

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(at) => at.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// The clauses in the order in which they are judged: whether this owner may speak, whether it saw the present,
/// and only then whether what it says is right.
fn judge(commit: &Commit, stored: &Stored<'_>) -> Result<u64, Refusal> {
    clause_6_the_owner_is_alive(commit, stored)?;
    let rev = clause_2_the_rev_is_the_expected_one(commit, stored)?;
    well_formed(commit)?;
    clause_4_the_cursor_rises(commit, stored)?;
    clause_5_the_due_time_has_come(commit, stored)?;
    for change in &commit.runs {
        match change {
            RunChange::Insert(run) => clause_3_it_is_new(run, commit, stored, rev)?,
            RunChange::Update(run) => clause_3_it_changes_legally(run, commit, stored, rev)?,
        }
    }
    Ok(rev)
}

fn clause_6_the_owner_is_alive(commit: &Commit, stored: &Stored<'_>) -> Result<(), Refusal> {
    match stored.dead {
        Some(dead) if dead.contains(&commit.owner) => Err(Refusal::Answer(Committed::OwnerLost)),
        _ => Ok(()),
    }
}

/// A row that was pruned and made anew begins with the same revs; its `created_at` tells the two apart.
fn clause_2_the_rev_is_the_expected_one(commit: &Commit, stored: &Stored<'_>) -> Result<u64, Refusal> {
    let expected = &commit.pipeline;
    let as_expected = match stored.pipeline {
        Some(row) => row.rev == expected.rev && row.created_at == expected.created_at,
        None => expected.rev == 0,
    };
    match expected.rev.checked_add(1) {
        Some(rev) if as_expected => Ok(rev),
        _ => Err(Refusal::Answer(Committed::Conflict(stored.pipeline.cloned().map(Box::new)))),
    }
}

fn well_formed(commit: &Commit) -> Result<(), Violation> {
    let pipeline = &commit.pipeline;
    let name = || pipeline.name.to_string();
    if !pipeline.pending.is_empty() {
        return Err(Violation::Pending { pipeline: name() });
    }
    let texts = pipeline.spec.iter().chain([&pipeline.options]).chain(&pipeline.tags);
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(Violation::Nul { what: format!("pipeline {}", pipeline.name) });
    }
    for (position, change) in commit.runs.iter().enumerate() {
        let run = change.run();
        if run.pipeline_name != pipeline.name {
            let other = run.pipeline_name.to_string();
            return Err(Violation::OtherPipeline { run: run.id, other, pipeline: name() });
        }
        let before = commit.runs.iter().take(position).map(RunChange::run);
        if before.into_iter().any(|other| other.id == run.id || other.key == run.key) {
            return Err(Violation::Twice { run: run.id, key: run.key.clone() });
        }
        if has_nul(run) {
            return Err(Violation::Nul { what: format!("run {}", run.id) });
        }
    }
    Ok(())
}

fn has_nul(run: &RunRecord) -> bool {
    let params = run.params.iter().flat_map(|(name, value)| [name, value]);
    let message = run.error.as_ref().map(|error| error.message.as_str());
    params.chain(run.reason.as_deref()).chain(message).any(|text| text.contains('\0'))
}

/// An edit and a rebase set `spec_since`, and with it begins a new count of due times.
fn clause_4_the_cursor_rises(commit: &Commit, stored: &Stored<'_>) -> Result<(), Violation> {
    let Some(row) = stored.pipeline else { return Ok(()) };
    let (from, to) = (row.cursor, commit.pipeline.cursor);
    if to >= from || commit.pipeline.spec_since != row.spec_since {
        return Ok(());
    }
    let pipeline = row.name.to_string();
    Err(Violation::CursorFalls { pipeline, from: Instant(from), to: Instant(to) })
}

fn clause_5_the_due_time_has_come(commit: &Commit, stored: &Stored<'_>) -> Result<(), Refusal> {
    match (commit.due_not_after_now, stored.now) {
        (Some(due), Some(now)) if due > now => Err(Refusal::Answer(Committed::NotYet(now))),
        _ => Ok(()),
    }
}

fn clause_3_it_is_new(
    run: &RunRecord,
    commit: &Commit,
    stored: &Stored<'_>,
    rev: u64,
) -> Result<(), Refusal> {
    let is_same =
        |row: &&RunRecord| row.id == run.id || row.pipeline_name == run.pipeline_name && row.key == run.key;
    if let Some(row) = stored.runs.iter().find(is_same) {
        return Err(Refusal::Answer(Committed::Duplicate(row.id)));
    }
    if !run.status.may_begin() {
        return Err(Violation::Beginning { run: run.id, status: run.status }.into());
    }
    Ok(belongs_to(run, commit, rev)?)
}

fn clause_3_it_changes_legally(
    run: &RunRecord,
    commit: &Commit,
    stored: &Stored<'_>,
    rev: u64,
) -> Result<(), Refusal> {
    let Some(row) = stored.runs.iter().find(|row| row.id == run.id) else {
        return Err(Violation::Unknown { run: run.id }.into());
    };
    let (from, to) = (row.status, run.status);
    if from == RunStatus::Skipped && stored.pipeline.is_some_and(|row| row.open_skip == Some(run.id)) {
        return Ok(the_open_skip_only_grows(row, run)?);
    }
    if !from.may_become(to) {
        return Err(Violation::Transition { run: run.id, from, to }.into());
    }
    if !is_same_run(row, run) {
        return Err(Violation::Identity { run: run.id }.into());
    }
    Ok(the_owner_does_it(row, run, commit, stored, rev)?)
}

/// The sole exception to terminal rows being final.
fn the_open_skip_only_grows(row: &RunRecord, run: &RunRecord) -> Result<(), Violation> {
    let count = |run: &RunRecord| run.covers.map_or(1, |covers| covers.count);
    let first = |run: &RunRecord| run.covers.map(|covers| covers.first).or(row.due);
    let mut grown = row.clone();
    (grown.due, grown.covers, grown.ended_at) = (run.due, run.covers, run.ended_at);
    let grows = run.due >= row.due
        && run.ended_at >= row.ended_at
        && count(run) >= count(row)
        && first(run) == first(row);
    if grows && grown == *run { Ok(()) } else { Err(Violation::OpenSkip { run: run.id }) }
}

/// Whether two rows are the same run: what it is never changes, only what became of it; and nobody takes back that
/// it was asked to stop.
fn is_same_run(row: &RunRecord, run: &RunRecord) -> bool {
    let mut same = row.clone();
    same.status = run.status;
    same.reason.clone_from(&run.reason);
    same.not_before = run.not_before;
    same.cancel_requested_at = run.cancel_requested_at.or(row.cancel_requested_at);
    same.owner = run.owner;
    same.fence = run.fence;
    same.started_at = run.started_at;
    same.ended_at = run.ended_at;
    same.error.clone_from(&run.error);
    same.counts = run.counts;
    same == *run
}

/// Only the owner starts and finishes a run. A run whose owner is dead is adopted while it is queued, and
/// interrupted while it is running, or canceled if that was asked for. Anybody may cancel or skip a queued run, and
/// ask one that waits or runs to stop, which changes nothing else of it.
fn the_owner_does_it(
    row: &RunRecord,
    run: &RunRecord,
    commit: &Commit,
    stored: &Stored<'_>,
    rev: u64,
) -> Result<(), Violation> {
    use RunStatus::{Canceled, Interrupted, Queued, Running};

    let is_own = row.owner == Some(commit.owner);
    let is_orphan = match (row.owner, stored.dead) {
        (Some(owner), Some(dead)) => dead.contains(&owner),
        _ => true,
    };
    let stays = run.owner == row.owner && run.fence == row.fence;
    let (from, to) = (row.status, run.status);
    let allowed = match (from, to) {
        (Queued, Queued) if stays => is_own || only_asks_to_stop(row, run),
        (Queued, Queued | Running) => is_own || is_orphan,
        (Queued, _) => true,
        (Running, Running) => is_own || only_asks_to_stop(row, run),
        (Running, Interrupted) => is_own || is_orphan,
        (Running, Canceled) => is_own || is_orphan && row.cancel_requested_at.is_some(),
        _ => is_own,
    };
    if !allowed {
        return Err(Violation::NotTheOwner { run: run.id, from, to });
    }
    match (from, to) {
        (Queued, Queued | Running) if !stays => belongs_to(run, commit, rev),
        _ if stays => Ok(()),
        _ => Err(Violation::Ownership { run: run.id, status: to }),
    }
}

/// Whether a row differs at most in when it was asked to stop, and why.
fn only_asks_to_stop(row: &RunRecord, run: &RunRecord) -> bool {
    let mut asked = row.clone();
    asked.reason.clone_from(&run.reason);
    asked.cancel_requested_at = run.cancel_requested_at;
    asked == *run
}

/// Whether a row that is inserted, adopted or started is this commit's: it has its owner, and if it is running, its
/// rev as the fence.
fn belongs_to(run: &RunRecord, commit: &Commit, rev: u64) -> Result<(), Violation> {
    let fence = if run.status == RunStatus::Running { rev } else { 0 };
    let owned = run.owner == Some(commit.owner) || run.status == RunStatus::Skipped;
    if owned && run.fence == fence {
        Ok(())
    } else {
        Err(Violation::Ownership { run: run.id, status: run.status })
    }
}
