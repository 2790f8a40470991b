//! The events of an orchestrator.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use godata_core::{
    Missed, PipelineName, RunId, RunRecord, RunnerError, StoreError, debug_as_chain, error_chain,
};
use time::UtcDateTime;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::history::{rfc3339, short_line};
use crate::logs;

/// Something happened to a pipeline, to one of its runs, or to the orchestrator.
///
/// [`Orchestrator::events`](crate::Orchestrator::events) has an example. `Display` makes one line for people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A run was queued or taken over, and its row is durable.
    Queued(Arc<RunRecord>),
    /// A run's row is durable, and its job was started.
    Started(Arc<RunRecord>),
    /// A run's final row is durable.
    Ended(Arc<RunRecord>),
    /// Due times were skipped, and this row covers them. The event is sent again each time the row grows; its count is then that of
    /// all due times of the row.
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
    /// All slots are taken, or all of a pool, and none has become free for a minute while pipelines wait for one. It is not
    /// sent again before a slot has become free. If the running jobs wait for queued runs, they wait forever.
    Stalled {
        /// The pool; `None` if all slots of the orchestrator are taken.
        pool: Option<String>,
        /// The runs that have the slots.
        running: Vec<RunId>,
        /// The pipelines that wait.
        waiting: Vec<PipelineName>,
    },
    /// A job could not be started. Its run has failed, or is interrupted if the runner shuts down.
    StartFailed {
        /// The pipeline.
        pipeline: PipelineName,
        /// The run.
        run: RunId,
        /// The runner's error; `None` if the runner panicked.
        error: Option<RunnerError>,
    },
    /// A run's result was refused, because another instance had declared the run interrupted before.
    Superseded {
        /// The pipeline.
        pipeline: PipelineName,
        /// The run.
        run: RunId,
    },
    /// A call of the store failed. It is retried.
    StoreFailed {
        /// The pipeline whose rows were to be written or read; `None` if the call was not about a single pipeline.
        pipeline: Option<PipelineName>,
        /// The runs that were to be written.
        runs: Vec<RunId>,
        /// The store's error.
        error: Arc<StoreError>,
    },
    /// The schedule of a pipeline stopped. It fires again once the pipeline is unregistered and registered again.
    ScheduleStopped {
        /// The pipeline.
        pipeline: PipelineName,
        /// Why.
        reason: ScheduleFault,
    },
    /// Another instance has registered the pipeline with another schedule. This instance no longer fires it.
    SpecDiffers {
        /// The pipeline.
        pipeline: PipelineName,
        /// The schedule that is stored.
        stored: Option<Arc<str>>,
        /// The schedule that is registered here.
        registered: Option<Arc<str>>,
    },
    /// A pipeline was registered, and that is durable.
    Registered {
        /// The pipeline.
        pipeline: PipelineName,
        /// The text of its schedule; `None` if it has no schedule.
        spec: Option<Arc<str>>,
        /// Whether it is enabled. Otherwise it has no due times.
        enabled: bool,
        /// Whether it is paused, since an earlier process perhaps.
        paused: bool,
    },
    /// A pipeline is no longer registered.
    Unregistered {
        /// The pipeline.
        pipeline: PipelineName,
        /// Whether it was found unregistered in the store: another instance has done it, or this one has without learning so,
        /// because the store's answer was lost.
        by_another: bool,
    },
    /// A pipeline was paused, here or by another instance.
    Paused {
        /// The pipeline.
        pipeline: PipelineName,
    },
    /// A paused pipeline was resumed, here or by another instance.
    Resumed {
        /// The pipeline.
        pipeline: PipelineName,
    },
    /// A running job was asked to stop, by [`cancel`](crate::Orchestrator::cancel) or by its overlap rule. A queued run is ended at
    /// once instead.
    CancelRequested {
        /// The pipeline.
        pipeline: PipelineName,
        /// The run.
        run: RunId,
    },
    /// The last decided due time is ahead of the clock by more than a minute: the clock was set back, or the clock of another
    /// instance is ahead. Nothing is due until the clock has reached that time, or until [`Rebased`](Self::Rebased).
    WaitsForClock {
        /// The pipeline.
        pipeline: PipelineName,
        /// The last decided due time.
        cursor: UtcDateTime,
    },
    /// The schedule continues from now, because its last decided due time has been ahead of the clock by more than an hour for
    /// an hour, or because an earlier pipeline of this name has used its keys. Due times that have passed undecided are skipped.
    Rebased {
        /// The pipeline.
        pipeline: PipelineName,
        /// The last decided due time.
        cursor: Option<UtcDateTime>,
    },
    /// This instance did not renew its lease in time and was declared dead. Its runs belong to others now, and it continues
    /// under a new owner id.
    OwnerLost {
        /// The runs that were lost.
        runs: Vec<RunId>,
    },
    /// This instance could not renew its lease until it expired, so others may take over its runs. Their jobs were asked to stop,
    /// because the orchestrator was built with [`stop_when_lost`](crate::OrchestratorBuilder::stop_when_lost).
    LeaseExpired {
        /// The runs whose jobs were asked to stop.
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
                run.error.as_ref().map_or(Ok(()), |error| write!(f, ": {}", short_line(&error.to_string())))
            }
            Self::Skipped(run) => {
                let (count, exact) = run.covers.map_or((1, true), |covers| (covers.count, covers.exact));
                let times = if count == 1 && exact { "time" } else { "times" };
                let or_more = if exact { "" } else { " or more" };
                write!(f, "{}: skipped {count}{or_more} due {times}", run.pipeline_name)?;
                run.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {}", short_line(reason)))
            }
            Self::Overdue { pipeline, run, running_for } => {
                write!(f, "{pipeline}: {run} has been running for {running_for:?}")
            }
            Self::Stalled { pool, running, waiting } => {
                let of_pool =
                    pool.as_ref().map(|pool| format!(" of pool {}", short_line(pool))).unwrap_or_default();
                let (running, waiting) = (running.len(), waiting.len());
                write!(f, "no slot{of_pool} has become free for a minute; runs that have one: {running}, ")?;
                write!(f, "pipelines that wait: {waiting}")
            }
            Self::StartFailed { pipeline, run, error } => {
                write!(f, "{pipeline}: {run} could not be started")?;
                match error {
                    Some(error) => write!(f, ": {}", short_line(&error_chain(error).to_string())),
                    None => f.write_str(": the runner panicked"),
                }
            }
            Self::Superseded { pipeline, run } => {
                write!(f, "{pipeline}: the result of {run} was refused, because the run had been interrupted")
            }
            Self::StoreFailed { pipeline: Some(pipeline), error, .. } => {
                write!(f, "{pipeline}: the store failed: {}", short_line(&error_chain(&**error).to_string()))
            }
            Self::StoreFailed { pipeline: None, error, .. } => {
                write!(f, "the store failed: {}", short_line(&error_chain(&**error).to_string()))
            }
            Self::ScheduleStopped { pipeline, reason } => write!(f, "{pipeline}: schedule stopped: {reason}"),
            Self::Registered { pipeline, spec, enabled, paused } => {
                write!(
                    f,
                    "{pipeline}: registered, {}",
                    short_line(spec.as_deref().unwrap_or("no schedule"))
                )?;
                f.write_str(if *enabled { "" } else { ", disabled" })?;
                f.write_str(if *paused { ", paused" } else { "" })
            }
            Self::Unregistered { pipeline, by_another: false } => write!(f, "{pipeline}: unregistered"),
            Self::Unregistered { pipeline, by_another: true } => {
                write!(f, "{pipeline}: unregistered by another instance")
            }
            Self::Paused { pipeline } => write!(f, "{pipeline}: paused"),
            Self::Resumed { pipeline } => write!(f, "{pipeline}: resumed"),
            Self::CancelRequested { pipeline, run } => write!(f, "{pipeline}: {run} was asked to stop"),
            Self::SpecDiffers { pipeline, stored, registered } => {
                let text = |spec: &Option<Arc<str>>| short_line(spec.as_deref().unwrap_or("no schedule"));
                write!(
                    f,
                    "{pipeline}: no longer fires here: `{}` is stored, `{}` is registered",
                    text(stored),
                    text(registered)
                )
            }
            Self::WaitsForClock { pipeline, cursor } => {
                write!(
                    f,
                    "{pipeline}: the clock is behind the last due time; nothing is due before {}",
                    rfc3339(*cursor)
                )
            }
            Self::Rebased { pipeline, .. } => {
                write!(f, "{pipeline}: the schedule continues from now")
            }
            Self::OwnerLost { runs } => {
                write!(f, "lease lost: {} runs belong to other instances now", runs.len())
            }
            Self::LeaseExpired { runs } => {
                write!(f, "lease not renewed in time: {} runs were asked to stop", runs.len())
            }
        }
    }
}

/// Why a schedule stopped.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleFault {
    /// It panicked.
    #[error("the schedule panicked")]
    Panicked,
    /// It returned an instant that is not after the one that was asked about.
    #[error("the schedule went backward: it returned {} as the next instant after {}", rfc3339(*.given), rfc3339(*.after))]
    NotAfter {
        /// The instant that was asked about.
        after: UtcDateTime,
        /// The instant that was returned.
        given: UtcDateTime,
    },
}

debug_as_chain!(ScheduleFault);

/// The events of an orchestrator since [`events`](crate::Orchestrator::events) was called.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// Waits for the next event. Returns `None` when the orchestrator has ended.
    ///
    /// It is cancel safe: dropping the future loses no event.
    ///
    /// # Errors
    ///
    /// [`Missed`], if the reader fell too far behind. The next call returns the oldest event that is still there.
    pub async fn next(&mut self) -> Option<Result<Event, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(events)) => Some(Err(Missed::new(events))),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Sends events to readers. Without a reader, no event is built.
#[derive(Clone, Debug)]
pub(crate) struct EventSender {
    buffer: usize,
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Debug)]
enum Listeners {
    None,
    Some(broadcast::Sender<Event>),
    /// No event follows.
    Over,
}

impl EventSender {
    pub(crate) fn new(buffer: usize) -> Self {
        // A broadcast channel panics outside these bounds.
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

    pub(crate) fn send(&self, event: impl FnOnce() -> Event) {
        if let Listeners::Some(sender) = &*self.listeners()
            && sender.receiver_count() > 0
        {
            // This fails if the last reader has just gone.
            drop(sender.send(event()));
        }
    }

    /// A job was asked to stop. That is logged as well.
    pub(crate) fn cancel_requested(&self, pipeline: &PipelineName, run: RunId) {
        logs::cancel_requested(pipeline, run);
        self.send(|| Event::CancelRequested { pipeline: pipeline.clone(), run });
    }

    /// Tells readers that no event follows.
    pub(crate) fn close(&self) {
        *self.listeners() = Listeners::Over;
    }

    /// Building an event only copies rows, so nothing panics while the lock is held.
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use godata_core::{Cause, Covers, Failure, FailureKind, RunKey, RunStatus};

    use super::*;

    fn run(status: RunStatus) -> RunRecord {
        let pipeline = PipelineName::new("orders").unwrap();
        RunRecord::new(
            &pipeline,
            RunKey::manual("k").unwrap(),
            Cause::Manual,
            status,
            UtcDateTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_line_says_whether_its_count_of_skipped_times_is_exact() {
        let line = |covers| {
            let mut run = run(RunStatus::Skipped);
            run.covers = covers;
            Event::Skipped(Arc::new(run)).to_string()
        };
        let first = UtcDateTime::UNIX_EPOCH;
        assert_eq!(line(None), "orders: skipped 1 due time");
        assert_eq!(line(Some(Covers::exactly(1, first))), "orders: skipped 1 due time");
        assert_eq!(line(Some(Covers::exactly(2, first))), "orders: skipped 2 due times");
        assert_eq!(line(Some(Covers::at_least(1, first))), "orders: skipped 1 or more due times");
        assert_eq!(line(Some(Covers::at_least(1000, first))), "orders: skipped 1000 or more due times");
    }

    #[test]
    fn control_characters_of_errors_are_escaped_and_long_errors_are_cut() {
        let line = |message: &str| {
            let mut run = run(RunStatus::Failed);
            run.error = Some(Failure::new(FailureKind::Failed, message));
            let id = run.id;
            Event::Ended(Arc::new(run)).to_string().replace(&id.to_string(), "ID")
        };
        assert_eq!(line("bad\u{1b}[2J\r\nvalue"), r"orders: failed ID: bad\u{1b}[2J\r\nvalue");
        assert_eq!(line(&"x".repeat(16_000)), format!("orders: failed ID: {}…", "x".repeat(1_000)));
    }
}
