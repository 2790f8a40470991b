//! What happens to runs, as it happens.

use std::sync::OnceLock;

use godata_core::{Missed, RunResult};
use tokio::sync::broadcast::{self, error::RecvError};

/// Something that happened to a run, and the run as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEvent {
    /// It was accepted.
    Queued(RunResult),
    /// Its job was started.
    Started(RunResult),
    /// It does not stop although it was asked to, and can't be dropped: its job blocks a thread. Told once, a second
    /// after the [grace](crate::RunnerBuilder::stop_grace), whoever asked.
    Stuck(RunResult),
    /// It has its final result.
    Ended(RunResult),
}

/// The events of a runner from [`subscribe`](crate::Runner::subscribe) on; those of one run in the order of
/// [`RunEvent`].
#[derive(Debug)]
pub struct RunEvents(broadcast::Receiver<RunEvent>);

impl RunEvents {
    /// The next event, or how many were missed because they were not read in time; `None` when the runner and all
    /// its runs are gone.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<RunEvent, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(events)) => Some(Err(Missed::new(events))),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Where events are told. Without a reader, nothing is made.
#[derive(Debug)]
pub(crate) struct Events {
    buffer: usize,
    sender: OnceLock<broadcast::Sender<RunEvent>>,
}

impl Events {
    pub(crate) fn new(buffer: usize) -> Self {
        // The bounds of a broadcast channel, which panics beyond them.
        Self { buffer: buffer.clamp(1, 1 << 20), sender: OnceLock::new() }
    }

    pub(crate) fn subscribe(&self) -> RunEvents {
        RunEvents(self.sender.get_or_init(|| broadcast::Sender::new(self.buffer)).subscribe())
    }

    pub(crate) fn has_readers(&self) -> bool {
        self.sender.get().is_some_and(|sender| sender.receiver_count() > 0)
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> RunEvent) {
        if let Some(sender) = self.sender.get()
            && self.has_readers()
        {
            // It fails when the last reader has just gone.
            drop(sender.send(event()));
        }
    }
}
