//! The check of commits, a pure function that all stores share.

use time::UtcDateTime;

use crate::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, RunChange, RunId, RunKey, RunRecord, RunStatus,
    StoreError,
};

/// For implementors of stores: the stored rows that [`check_commit`] compares a commit with.
///
/// They are read in the same transaction that writes the commit.
///
/// ```
/// use godata_core::{Clock, Stored, SystemClock};
///
/// let stored = Stored::new(None, &[]).now(SystemClock.now()).dead(&[]);
/// assert!(stored.pipeline.is_none());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Stored<'a> {
    /// The row of the commit's pipeline, if there is one.
    pub pipeline: Option<&'a PipelineRecord>,
    /// All rows that have the id of one of the commit's runs, in any pipeline, and the rows of the commit's pipeline
    /// that have the key of one. Further rows are ignored.
    pub runs: &'a [RunRecord],
    /// The time by the store's own clock, if it has one.
    pub now: Option<UtcDateTime>,
    /// The owners that were declared dead, at least those among the commit's owner and the owners in `runs`. `None` if
    /// the store does not know; then any owner may take over the runs of another.
    pub dead: Option<&'a [OwnerId]>,
}

impl<'a> Stored<'a> {
    /// Makes the rows of a store without a clock that does not know which owners are dead.
    #[must_use]
    pub fn new(pipeline: Option<&'a PipelineRecord>, runs: &'a [RunRecord]) -> Self {
        Self { pipeline, runs, now: None, dead: None }
    }

    /// Sets the time by the store's own clock.
    #[must_use]
    pub fn now(self, now: UtcDateTime) -> Self {
        Self { now: Some(now), ..self }
    }

    /// Sets the owners that were declared dead.
    #[must_use]
    pub fn dead(self, dead: &'a [OwnerId]) -> Self {
        Self { dead: Some(dead), ..self }
    }
}

/// For implementors of stores: checks a commit against the stored rows, by clauses 2 to 6 of the
/// [contract](crate::Store#the-contract).
///
/// [`Committed::Done`] means that the store must write the whole commit, with that rev. On any other answer, the store
/// writes nothing and returns that answer.
///
/// # Errors
///
/// [`StoreError::Invalid`], if the commit is not allowed in any state of the store.
///
/// # Example
///
/// ```
/// use godata_core::{Clock, Commit, Committed, OwnerId, PipelineName, PipelineRecord, Stored, SystemClock};
/// use godata_core::check_commit;
///
/// let pipeline = PipelineRecord::new(PipelineName::new("orders")?, SystemClock.now());
/// let commit = Commit::new(OwnerId::generate(), pipeline);
///
/// assert_eq!(check_commit(&commit, &Stored::new(None, &[]))?, Committed::Done(1));
///
/// let mut row = commit.pipeline.clone();
/// row.rev = 7;
/// let answer = check_commit(&commit, &Stored::new(Some(&row), &[]))?;
/// assert_eq!(answer, Committed::Conflict(Some(Box::new(row))));
/// # Ok::<(), godata_core::BoxError>(())
/// ```
pub fn check_commit(commit: &Commit, stored: &Stored<'_>) -> Result<Committed, StoreError> {
    match check(commit, stored) {
        Ok(rev) => Ok(Committed::Done(rev)),
        Err(Refusal::Answer(answer)) => Ok(answer),
        Err(Refusal::Invalid(violation)) => Err(StoreError::invalid(violation)),
    }
}

/// Why a commit is not written.
enum Refusal {
    /// The stored rows have changed since the commit was decided.
    Answer(Committed),
    /// The commit breaks the contract.
    Invalid(Violation),
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation)
    }
}

/// How a commit breaks the contract.
#[derive(thiserror::Error)]
enum Violation {
    #[error("the commit of pipeline `{pipeline}` has pending rows; only the default `commit` may set them")]
    Pending { pipeline: PipelineName },
    #[error(
        "the cursor of pipeline `{pipeline}` goes back from {from} to {to}; it may only do so with a new `spec_since`"
    )]
    CursorGoesBack { pipeline: PipelineName, from: Instant, to: Instant },
    #[error("run {run} belongs to pipeline `{other}`, and the commit is for `{pipeline}`")]
    OtherPipeline { run: RunId, other: PipelineName, pipeline: PipelineName },
    #[error("run {run} or its key {key} appears twice in the commit")]
    Twice { run: RunId, key: RunKey },
    #[error("{row} has a NUL character in its {what}, which can't be stored")]
    Nul { what: &'static str, row: Row },
    #[error("new run {run} is {status}; it must be queued, running or skipped")]
    NewStatus { run: RunId, status: RunStatus },
    #[error("run {run} can't be updated: it is not stored")]
    Unknown { run: RunId },
    #[error("run {run} can't change from {from} to {to}")]
    Transition { run: RunId, from: RunStatus, to: RunStatus },
    #[error("run {run} changes in a field that is fixed once it is inserted")]
    Identity { run: RunId },
    #[error("the open skip {run} may only grow in `due`, `covers.count` and `ended_at`")]
    OpenSkip { run: RunId },
    #[error("only the owner of run {run} may change it from {from} to {to}")]
    NotTheOwner { run: RunId, from: RunStatus, to: RunStatus },
    #[error("the owner or the fence of {status} run {run} is not the one of the commit")]
    Ownership { run: RunId, status: RunStatus },
}

debug_as_chain!(Violation);

/// A row that a commit writes.
enum Row {
    Pipeline(PipelineName),
    Run(RunId),
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pipeline(name) => write!(f, "pipeline `{name}`"),
            Self::Run(id) => write!(f, "run {id}"),
        }
    }
}

/// Displays an instant that may be absent.
struct Instant(Option<UtcDateTime>);

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(at) => at.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// Checks the clauses in this order: whether the owner is alive, whether the commit was decided from the rows that are
/// stored, and only then whether it is valid.
fn check(commit: &Commit, stored: &Stored<'_>) -> Result<u64, Refusal> {
    clause_6_the_owner_is_alive(commit, stored)?;
    let rev = clause_2_the_rev_is_the_expected_one(commit, stored)?;
    well_formed(commit)?;
    clause_4_the_cursor_does_not_go_back(commit, stored)?;
    clause_5_the_due_time_has_come(commit, stored)?;
    for change in &commit.runs {
        match change {
            RunChange::Insert(run) => clause_3_the_run_is_new(run, commit, stored, rev)?,
            RunChange::Update(run) => clause_3_the_change_is_allowed(run, commit, stored, rev)?,
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

/// A pipeline that was pruned and registered again starts with the same revs; `created_at` tells the two rows apart.
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
    let name = || pipeline.name.clone();
    if !pipeline.pending.is_empty() {
        return Err(Violation::Pending { pipeline: name() });
    }
    if let Some(what) = nul_in_pipeline(pipeline) {
        return Err(Violation::Nul { what, row: Row::Pipeline(name()) });
    }
    for (position, change) in commit.runs.iter().enumerate() {
        let run = change.run();
        if run.pipeline_name != pipeline.name {
            let other = run.pipeline_name.clone();
            return Err(Violation::OtherPipeline { run: run.id, other, pipeline: name() });
        }
        let before = commit.runs.iter().take(position).map(RunChange::run);
        if before.into_iter().any(|other| other.id == run.id || other.key == run.key) {
            return Err(Violation::Twice { run: run.id, key: run.key.clone() });
        }
        if let Some(what) = nul_in_run(run) {
            return Err(Violation::Nul { what, row: Row::Run(run.id) });
        }
    }
    Ok(())
}

/// Which text of a pipeline has a NUL.
fn nul_in_pipeline(pipeline: &PipelineRecord) -> Option<&'static str> {
    let mut tags = pipeline.tags.iter();
    let texts = [
        ("spec", pipeline.spec.as_deref()),
        ("options", Some(&*pipeline.options)),
        ("rules", pipeline.rules.as_deref()),
        ("tags", tags.find(|tag| tag.contains('\0')).map(String::as_str)),
    ];
    first_with_nul(&texts)
}

/// Which text of a run has a NUL.
fn nul_in_run(run: &RunRecord) -> Option<&'static str> {
    let mut causes = run.error.iter().flat_map(|error| &error.causes);
    let mut params = run.params.iter().flat_map(|(name, value)| [name, value]);
    let texts = [
        ("parameters", params.find(|text| text.contains('\0'))),
        ("reason", run.reason.as_deref()),
        ("error", run.error.as_ref().map(|error| &*error.message)),
        ("error", causes.find(|cause| cause.contains('\0')).map(String::as_str)),
        ("report", run.report.as_deref()),
    ];
    first_with_nul(&texts)
}

fn first_with_nul(texts: &[(&'static str, Option<&str>)]) -> Option<&'static str> {
    texts.iter().find(|(_, text)| text.is_some_and(|text| text.contains('\0'))).map(|(what, _)| *what)
}

/// An edit and a rebase set a new `spec_since`, and may set the cursor to any instant.
fn clause_4_the_cursor_does_not_go_back(commit: &Commit, stored: &Stored<'_>) -> Result<(), Violation> {
    let Some(row) = stored.pipeline else { return Ok(()) };
    let (from, to) = (row.cursor, commit.pipeline.cursor);
    if to >= from || commit.pipeline.spec_since != row.spec_since {
        return Ok(());
    }
    let pipeline = row.name.clone();
    Err(Violation::CursorGoesBack { pipeline, from: Instant(from), to: Instant(to) })
}

fn clause_5_the_due_time_has_come(commit: &Commit, stored: &Stored<'_>) -> Result<(), Refusal> {
    match (commit.due_not_after_now, stored.now) {
        (Some(due), Some(now)) if due > now => Err(Refusal::Answer(Committed::NotYet(now))),
        _ => Ok(()),
    }
}

fn clause_3_the_run_is_new(
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
    if !run.status.may_be_new() {
        return Err(Violation::NewStatus { run: run.id, status: run.status }.into());
    }
    Ok(belongs_to(run, commit, rev)?)
}

fn clause_3_the_change_is_allowed(
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
    Ok(the_owner_may_do_it(row, run, commit, stored, rev)?)
}

/// The only exception to the rule that terminal rows are final.
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

/// Whether two rows differ only in fields that may change. A request to stop may be added, but not removed.
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
    same.report.clone_from(&run.report);
    same == *run
}

/// Only its owner starts and finishes a run. If the owner is dead, another one may adopt the run while it is queued, and
/// interrupt it while it is running, or cancel it if that was asked for. A queued run without an owner is anybody's: any owner
/// may adopt or start it. Any owner may cancel or skip a queued run, and ask a queued or running one to stop.
fn the_owner_may_do_it(
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
    let keeps_owner = run.owner == row.owner && run.fence == row.fence;
    let (from, to) = (row.status, run.status);
    let allowed = match (from, to) {
        (Queued, Queued) if keeps_owner => is_own || only_asks_to_stop(row, run),
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
        (Queued, Queued | Running) if !keeps_owner => belongs_to(run, commit, rev),
        _ if keeps_owner => Ok(()),
        _ => Err(Violation::Ownership { run: run.id, status: to }),
    }
}

/// Whether two rows differ at most in the request to stop and its reason.
fn only_asks_to_stop(row: &RunRecord, run: &RunRecord) -> bool {
    let mut asked = row.clone();
    asked.reason.clone_from(&run.reason);
    asked.cancel_requested_at = run.cancel_requested_at;
    asked == *run
}

/// Checks that a run which is inserted, adopted, released or started has the owner of the commit. If it is running, its fence
/// must be the commit's rev, and otherwise 0. A skipped or queued run needs no owner.
fn belongs_to(run: &RunRecord, commit: &Commit, rev: u64) -> Result<(), Violation> {
    let fence = if run.status == RunStatus::Running { rev } else { 0 };
    let owned = match run.status {
        RunStatus::Skipped => true,
        RunStatus::Queued => run.owner.is_none_or(|owner| owner == commit.owner),
        _ => run.owner == Some(commit.owner),
    };
    if owned && run.fence == fence {
        Ok(())
    } else {
        Err(Violation::Ownership { run: run.id, status: run.status })
    }
}
