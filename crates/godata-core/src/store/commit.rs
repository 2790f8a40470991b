//! Commits, and what a store answers to them.

use std::time::Duration;

use time::UtcDateTime;

use crate::{OwnerId, PipelineRecord, RunId, RunRecord};

/// One decision about one pipeline, which a store writes atomically: the new row of the pipeline, and the runs that are
/// inserted or updated with it.
///
/// # Example
///
/// ```
/// use godata_core::{
///     Cause, Clock, Commit, OwnerId, PipelineName, PipelineRecord, RunKey, RunRecord, RunStatus, SystemClock,
/// };
///
/// let (owner, now) = (OwnerId::generate(), SystemClock.now());
/// let pipeline = PipelineRecord::new(PipelineName::new("orders")?, now);
/// let mut run = RunRecord::new(&pipeline.name, RunKey::manual("deploy")?, Cause::Manual, RunStatus::Queued, now);
/// run.owner = Some(owner);
///
/// let commit = Commit::new(owner, pipeline).insert(run);
/// assert_eq!(commit.runs.len(), 1);
/// # Ok::<(), godata_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The owner that made the decision.
    pub owner: OwnerId,
    /// The new row of the pipeline. Its `rev` is the one that the stored row is expected to have; 0 if there is none.
    pub pipeline: PipelineRecord,
    /// The latest due time that the commit decides. A shared store refuses the commit while its own clock shows an
    /// earlier time.
    pub due_not_after_now: Option<UtcDateTime>,
    /// The inserted and updated runs, in the order in which they are written.
    pub runs: Vec<RunChange>,
}

impl Commit {
    /// Makes a commit that changes only the pipeline's row.
    #[must_use]
    pub fn new(owner: OwnerId, pipeline: PipelineRecord) -> Self {
        Self { owner, pipeline, due_not_after_now: None, runs: Vec::new() }
    }

    /// Adds a run to insert.
    #[must_use]
    pub fn insert(mut self, run: RunRecord) -> Self {
        self.runs.push(RunChange::Insert(run));
        self
    }

    /// Adds the new row of a stored run.
    #[must_use]
    pub fn update(mut self, run: RunRecord) -> Self {
        self.runs.push(RunChange::Update(run));
        self
    }

    /// Sets the latest due time that the commit decides.
    #[must_use]
    pub fn due_not_after_now(self, due: UtcDateTime) -> Self {
        Self { due_not_after_now: Some(due), ..self }
    }
}

/// A run in a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunChange {
    /// A new row. No other row has its id, and no other row of the pipeline has its key.
    Insert(RunRecord),
    /// The new row of a stored run.
    Update(RunRecord),
}

impl RunChange {
    /// Returns the new row.
    #[must_use]
    pub fn run(&self) -> &RunRecord {
        match self {
            Self::Insert(run) | Self::Update(run) => run,
        }
    }

    /// Converts into the new row.
    #[must_use]
    pub fn into_run(self) -> RunRecord {
        match self {
            Self::Insert(run) | Self::Update(run) => run,
        }
    }
}

/// The answer to a [`Commit`].
///
/// Every answer except [`Done`](Self::Done) means that nothing was written. On an answer that it does not know, a caller
/// reads the pipeline again and decides anew.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Committed {
    /// The commit is stored. The pipeline's row now has this rev.
    Done(u64),
    /// The stored row is not the expected one, because another commit was first. Contains the stored row; `None` if there
    /// is none.
    Conflict(Option<Box<PipelineRecord>>),
    /// A run to insert has the id or the key of this stored run.
    Duplicate(RunId),
    /// The due time has not come by the store's own clock, which shows this instant.
    NotYet(UtcDateTime),
    /// The owner was declared dead. Its process has to continue under a new id.
    OwnerLost,
}

/// The answer to [`Store::enroll`](crate::Store::enroll) and [`Store::renew`](crate::Store::renew).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// How long the owner's lease lasts from now on; zero if the owner was declared dead.
    pub valid_for: Duration,
    /// The owner's runs that were asked to stop.
    pub cancel: Vec<RunId>,
    /// The runs that the owner has lost because it was declared dead.
    pub lost: Vec<RunId>,
    /// All owners whose leases have not expired, this one included, sorted. Empty if the store is not shared.
    pub peers: Vec<OwnerId>,
}

impl Renewal {
    /// Makes the answer to an owner that is alive for this long, with its runs that were asked to stop.
    #[must_use]
    pub fn alive(valid_for: Duration, cancel: Vec<RunId>) -> Self {
        Self { valid_for, cancel, lost: Vec::new(), peers: Vec::new() }
    }

    /// Sets the owners whose leases have not expired, sorted. Default: none.
    #[must_use]
    pub fn peers(self, peers: Vec<OwnerId>) -> Self {
        Self { peers, ..self }
    }

    /// Makes the answer to an owner that was declared dead, with the runs that it has lost.
    #[must_use]
    pub fn dead(lost: Vec<RunId>) -> Self {
        Self { valid_for: Duration::ZERO, cancel: Vec::new(), lost, peers: Vec::new() }
    }
}
