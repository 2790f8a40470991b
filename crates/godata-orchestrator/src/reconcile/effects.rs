//! What follows from an answer of the store.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{Covers, OwnerId, RunId, RunRecord, StoreError};

use crate::OrchestratorError;
use crate::decide::{Misfired, Verdict};
use crate::entry::{Asked, Duplicate, Entry};
use crate::slots::Held;

/// What follows from an answer of the store, in order.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) list: Vec<Effect>,
    /// The slots that were reserved for the starts of the commit. Each [`Effect::Start`] takes one; the rest is given back.
    pub(crate) slots: Held,
}

/// Something that the loop does after an answer of the store.
pub(crate) enum Effect {
    /// Another schedule is stored; this one was stored before.
    Edited(Option<Arc<str>>),
    Paused,
    Resumed,
    /// Due times were missed, and that is stored.
    Misfired(Misfired),
    /// The request to stop this run is stored.
    CancelRequested(RunId),
    /// A queued or running row is stored; `None` if it is new.
    Active(RunId, Option<Before>),
    /// A final row is stored; `None` if it is not known what it was before.
    Ended(Box<RunRecord>, Option<Before>),
    /// The store has accepted a commit again.
    Recovered,
    /// Answers a request.
    Answer(Asked, Verdict),
    /// Answers a request with an error.
    Fail(Asked, OrchestratorError),
    /// Starts the job of a run in one of the reserved slots.
    Start(RunId),
    /// Starts the job of a run whose start turns out to be stored. It runs even if no slot is free.
    StartLate(RunId),
    /// Asks the job of a run to stop.
    Stop(RunId),
    /// Stops watching a run that belongs to another instance.
    Forget(RunId),
    /// Another instance has ended this run, which was queued.
    EndedElsewhere(Box<RunRecord>),
    /// Reads the pipeline.
    Read(Wait, Option<Duplicate>),
    /// The store failed when these runs were to be written.
    StoreFailed(Vec<RunId>, Arc<StoreError>),
    /// This owner was declared dead.
    OwnerLost(OwnerId),
    /// The store's clock is behind by this much.
    StoreIsBehind(Duration),
    /// Another instance has stored another schedule: the stored one and the one that is registered here.
    SpecDiffers(Option<Arc<str>>, Option<Arc<str>>),
    /// Another instance has unregistered the pipeline.
    UnregisteredElsewhere,
    /// The schedule has to continue from now.
    Rebase,
    /// The pipeline has succeeded, so those that run after it are due.
    Succeeded,
}

/// What the row of a run was before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) owner: Option<OwnerId>,
    pub(crate) covers: Option<Covers>,
}

impl Before {
    pub(super) fn of(run: &RunRecord) -> Self {
        Self { owner: run.owner, covers: run.covers }
    }
}

/// How long to wait before a pipeline is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    No,
    /// A few milliseconds at random, which keep two instances from conflicting again and again.
    Jitter,
    /// Longer with each failure.
    Backoff,
}

impl Effects {
    pub(super) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Answers the first request in the queue of a pipeline.
    pub(super) fn answer(&mut self, entry: &mut Entry, verdict: Verdict) {
        self.list.extend(entry.take_request().map(|asked| Effect::Answer(asked, verdict)));
    }

    /// Answers the first request in the queue of a pipeline with an error.
    pub(super) fn fail(&mut self, entry: &mut Entry, error: OrchestratorError) {
        self.list.extend(entry.take_request().map(|asked| Effect::Fail(asked, error)));
    }
}
