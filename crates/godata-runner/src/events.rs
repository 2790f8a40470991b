//! The events of runs.

use std::sync::OnceLock;

use godata_core::{Missed, RunResult};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Something happened to a run. Each event holds the run as it was then.
///
/// ```
/// use godata_runner::{BoxError, RunEvent, Runner, job_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let runner = Runner::new();
/// let mut events = runner.subscribe();
/// runner.start(job_fn("import", |_cx| async { Ok(()) }))?;
///
/// let mut seen = Vec::new();
/// while seen.len() < 3 {
///     match events.next().await {
///         Some(Ok(RunEvent::Queued(_))) => seen.push("queued"),
///         Some(Ok(RunEvent::Started(_))) => seen.push("started"),
///         Some(Ok(RunEvent::Ended(run))) => {
///             assert_eq!(&*run.job_name, "import");
///             seen.push("ended");
///         }
///         Some(Ok(_)) => {}
///         Some(Err(missed)) => eprintln!("{missed}"),
///         None => break,
///     }
/// }
/// assert_eq!(seen, ["queued", "started", "ended"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEvent {
    /// The run was accepted.
    Queued(RunResult),
    /// Its job was started.
    Started(RunResult),
    /// The job was asked to stop, and neither returned nor could be dropped, because it blocks its thread. Sent once,
    /// one second after the [`stop_grace`](crate::RunnerBuilder::stop_grace), whatever the reason to stop.
    Stuck(RunResult),
    /// The run has its final result.
    Ended(RunResult),
}

/// The events of a runner since [`subscribe`](crate::Runner::subscribe) was called. The events of one run come in the order
/// of the variants of [`RunEvent`].
#[derive(Debug)]
pub struct RunEvents(broadcast::Receiver<RunEvent>);

impl RunEvents {
    /// Waits for the next event. Returns `None` when the runner and all its runs are gone.
    ///
    /// It is cancel safe: dropping the future loses no event.
    ///
    /// # Errors
    ///
    /// [`Missed`], if the reader fell too far behind. The next call returns the oldest event that is still there.
    pub async fn next(&mut self) -> Option<Result<RunEvent, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(RecvError::Lagged(events)) => Some(Err(Missed::new(events))),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Sends events to readers. Without a reader, no event is built.
#[derive(Debug)]
pub(crate) struct EventSender {
    buffer: usize,
    sender: OnceLock<broadcast::Sender<RunEvent>>,
}

impl EventSender {
    pub(crate) fn new(buffer: usize) -> Self {
        // A broadcast channel panics outside these bounds.
        Self { buffer: buffer.clamp(1, 1 << 20), sender: OnceLock::new() }
    }

    pub(crate) fn subscribe(&self) -> RunEvents {
        RunEvents(self.sender.get_or_init(|| broadcast::Sender::new(self.buffer)).subscribe())
    }

    pub(crate) fn has_readers(&self) -> bool {
        self.sender.get().is_some_and(|sender| sender.receiver_count() > 0)
    }

    pub(crate) fn send(&self, event: impl FnOnce() -> RunEvent) {
        if let Some(sender) = self.sender.get()
            && self.has_readers()
        {
            // This fails if the last reader has just gone.
            drop(sender.send(event()));
        }
    }
}
