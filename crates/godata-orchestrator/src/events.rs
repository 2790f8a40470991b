//! What happens, as it happens.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use godata_core::{Missed, PipelineName, RunId, RunRecord, RunnerError, StoreError, error_chain};
use time::UtcDateTime;
use tokio::sync::broadcast::{self, error::RecvError};

/// Something that happened to a pipeline, to one of its runs, or to the orchestrator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A run was queued, and its row is durable.
    Queued(Arc<RunRecord>),
    /// A run's row is durable, and its job was started.
    Started(Arc<RunRecord>),
    /// A run's final row is durable.
    Ended(Arc<RunRecord>),
    /// Due times are skipped; this row answers them. It is told again as the row grows.
    Skipped(Arc<RunRecord>),
    /// A run takes longer than usual.
    Overdue {
        /// The pipeline.
        pipeline: PipelineName,
        /// The run.
        run: RunId,
        /// How long it has been running.
        running_for: Duration,
    },
    /// A job could not be started; its run has failed.
    StartFailed {
        /// The pipeline.
        pipeline: PipelineName,
        /// The run.
        run: RunId,
        /// What the runner said; `None` if it panicked.
        error: Option<RunnerError>,
    },
    /// The result of a run came after somebody else had interrupted it, and was refused.
    Superseded {
        /// The pipeline.
        pipeline: PipelineName,
        /// The run.
        run: RunId,
    },
    /// The store failed; it is tried again.
    StoreFailed {
        /// The pipeline whose rows were to be written or read; `None` if it was about all.
        pipeline: Option<PipelineName>,
        /// The runs that were to be written.
        runs: Vec<RunId>,
        /// What it said.
        error: Arc<StoreError>,
    },
    /// The schedule of a pipeline fires no more until the pipeline is registered anew.
    ScheduleStopped {
        /// The pipeline.
        pipeline: PipelineName,
        /// Why.
        reason: ScheduleFault,
    },
    /// Another instance has registered the pipeline with another schedule; this one fires it no more.
    SpecDiffers {
        /// The pipeline.
        pipeline: PipelineName,
        /// The schedule that is stored.
        stored: Option<String>,
        /// The schedule that is registered here.
        registered: Option<String>,
    },
    /// Another instance has unregistered the pipeline; here it is not registered any more either.
    Unregistered {
        /// The pipeline.
        pipeline: PipelineName,
    },
    /// The last decided due time was far ahead of the clock; the schedule goes on from now.
    Rebased {
        /// The pipeline.
        pipeline: PipelineName,
        /// The due time that was the last.
        cursor: Option<UtcDateTime>,
    },
    /// This instance did not renew in time and was declared dead: its runs are others' now, and it goes on anew.
    OwnerLost {
        /// The runs that were lost.
        runs: Vec<RunId>,
    },
}

impl fmt::Display for Event {
    /// One line for people: the pipeline, what happened, and to which run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued(run) => write!(f, "{}: queued {}", run.pipeline_name, run.id),
            Self::Started(run) => write!(f, "{}: started {} ({})", run.pipeline_name, run.id, run.cause),
            Self::Ended(run) => {
                write!(f, "{}: {} {}", run.pipeline_name, run.status, run.id)?;
                run.error.as_ref().map_or(Ok(()), |error| write!(f, ": {error}"))
            }
            Self::Skipped(run) => {
                let count = run.covers.map_or(1, |covers| covers.count);
                write!(f, "{}: skipped {count} due times", run.pipeline_name)?;
                run.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Overdue { pipeline, run, running_for } => {
                write!(f, "{pipeline}: {run} has been running for {running_for:?}")
            }
            Self::StartFailed { pipeline, run, error } => {
                write!(f, "{pipeline}: {run} could not be started")?;
                match error {
                    Some(error) => write!(f, ": {error}"),
                    None => f.write_str(": the runner panicked"),
                }
            }
            Self::Superseded { pipeline, run } => {
                write!(f, "{pipeline}: the result of {run} came after it was interrupted")
            }
            Self::StoreFailed { pipeline: Some(pipeline), error, .. } => {
                write!(f, "{pipeline}: the store failed: {}", error_chain(&**error))
            }
            Self::StoreFailed { pipeline: None, error, .. } => {
                write!(f, "the store failed: {}", error_chain(&**error))
            }
            Self::ScheduleStopped { pipeline, reason } => write!(f, "{pipeline}: fires no more: {reason}"),
            Self::Unregistered { pipeline } => write!(f, "{pipeline}: was taken out by another instance"),
            Self::SpecDiffers { pipeline, stored, registered } => {
                let text = |spec: &Option<String>| spec.clone().unwrap_or_else(|| "no schedule".to_owned());
                write!(
                    f,
                    "{pipeline}: fires no more here: `{}` is stored, `{}` is registered",
                    text(stored),
                    text(registered)
                )
            }
            Self::Rebased { pipeline, .. } => {
                write!(
                    f,
                    "{pipeline}: the clock is far behind the last due time; the schedule goes on from now"
                )
            }
            Self::OwnerLost { runs } => {
                write!(f, "did not renew in time, and goes on anew; {} runs are others' now", runs.len())
            }
        }
    }
}

/// Why a schedule fires no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleFault {
    /// It panicked.
    #[error("the schedule panicked")]
    Panicked,
    /// It gave an instant that is not after the one it was asked for.
    #[error("the schedule gave {given} as the next instant after {after}")]
    NotAfter {
        /// What it was asked.
        after: UtcDateTime,
        /// What it said.
        given: UtcDateTime,
    },
}

/// The events of an orchestrator from [`events`](crate::Orchestrator::events) on.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next event, or how many were missed because they were not read in time; `None` when the orchestrator has
    /// ended.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Event, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(events)) => Some(Err(Missed::new(events))),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Where events are told. Without a reader, nothing is made.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    buffer: usize,
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Debug)]
enum Listeners {
    None,
    Some(broadcast::Sender<Event>),
    /// Nothing is told any more.
    Over,
}

impl Teller {
    pub(crate) fn new(buffer: usize) -> Self {
        // The bounds of a broadcast channel, which panics beyond them.
        Self { buffer: buffer.clamp(1, 1 << 20), listeners: Arc::new(Mutex::new(Listeners::None)) }
    }

    pub(crate) fn subscribe(&self) -> Events {
        let mut listeners = self.listeners();
        if matches!(*listeners, Listeners::None) {
            *listeners = Listeners::Some(broadcast::Sender::new(self.buffer));
        }
        Events(match &*listeners {
            Listeners::Some(sender) => sender.subscribe(),
            Listeners::None | Listeners::Over => broadcast::Sender::new(1).subscribe(),
        })
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Listeners::Some(sender) = &*self.listeners()
            && sender.receiver_count() > 0
        {
            // It fails when the last reader has just gone.
            drop(sender.send(event()));
        }
    }

    /// Lets readers know that nothing follows.
    pub(crate) fn close(&self) {
        *self.listeners() = Listeners::Over;
    }

    /// What makes an event copies rows, and does not panic.
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
