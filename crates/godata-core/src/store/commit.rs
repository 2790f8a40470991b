//! One decision, written as a whole.

use std::time::Duration;

use time::UtcDateTime;

use crate::{OwnerId, PipelineRecord, RunId, RunRecord};

/// One decision about one pipeline: its row as it shall be, and the runs that are inserted or changed with it.
///
/// ```
/// use godata_core::{Cause, Clock, Commit, OwnerId, PipelineName, PipelineRecord, RunKey, RunRecord, RunStatus, SystemClock};
///
/// let (owner, now) = (OwnerId::generate(), SystemClock.now());
/// let pipeline = PipelineRecord::new(PipelineName::new("orders")?, now);
/// let mut run = RunRecord::new(&pipeline.name, RunKey::manual("deploy")?, Cause::Manual, RunStatus::Queued, now);
/// run.owner = Some(owner);
///
/// let commit = Commit::new(owner, pipeline).insert(run);
/// # Ok::<(), godata_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Who decided.
    pub owner: OwnerId,
    /// The row as it shall be; its `rev` is the one that the stored row is expected to have.
    pub pipeline: PipelineRecord,
    /// The latest due time that is decided by this. A shared store refuses it while its own clock shows less.
    pub due_not_after_now: Option<UtcDateTime>,
    /// The runs, in the order in which they are written.
    pub runs: Vec<RunChange>,
}

impl Commit {
    /// A decision that changes the pipeline's row alone.
    #[must_use]
    pub fn new(owner: OwnerId, pipeline: PipelineRecord) -> Self {
        Self { owner, pipeline, due_not_after_now: None, runs: Vec::new() }
    }

    /// Adds a new run.
    #[must_use]
    pub fn insert(mut self, run: RunRecord) -> Self {
        self.runs.push(RunChange::Insert(run));
        self
    }

    /// Adds a stored run as it shall be.
    #[must_use]
    pub fn update(mut self, run: RunRecord) -> Self {
        self.runs.push(RunChange::Update(run));
        self
    }

    /// Sets the latest due time that is decided by this.
    #[must_use]
    pub fn due_not_after_now(self, due: UtcDateTime) -> Self {
        Self { due_not_after_now: Some(due), ..self }
    }
}

/// A run in a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunChange {
    /// A new row: no other has its id, and none of the pipeline its key.
    Insert(RunRecord),
    /// A stored row as it shall be.
    Update(RunRecord),
}

impl RunChange {
    /// The row as it shall be.
    #[must_use]
    pub fn run(&self) -> &RunRecord {
        match self {
            Self::Insert(run) | Self::Update(run) => run,
        }
    }
}

/// What became of a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is stored; the row has this rev.
    Done(u64),
    /// Somebody else was first, and nothing was changed. This is the row as it is; `None` if there is none.
    Conflict(Option<Box<PipelineRecord>>),
    /// A run was to be inserted that is there already: this one. Nothing was changed.
    Duplicate(RunId),
    /// The due time has not come by the store's clock, which shows this. Nothing was changed.
    NotYet(UtcDateTime),
    /// The owner was declared dead, and nothing was changed: it goes on under a new id.
    OwnerLost,
}

/// What an owner is told when it says that it is alive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// How long it counts as alive from now on; zero if it was declared dead.
    pub valid_for: Duration,
    /// Its runs that somebody asked to stop.
    pub cancel: Vec<RunId>,
    /// Its runs that are no longer its own, because it was declared dead.
    pub lost: Vec<RunId>,
}

impl Renewal {
    /// The owner is alive for this long; these of its runs are to stop.
    #[must_use]
    pub fn alive(valid_for: Duration, cancel: Vec<RunId>) -> Self {
        Self { valid_for, cancel, lost: Vec::new() }
    }

    /// The owner was declared dead, and with it these runs were lost.
    #[must_use]
    pub fn dead(lost: Vec<RunId>) -> Self {
        Self { valid_for: Duration::ZERO, cancel: Vec::new(), lost }
    }
}
