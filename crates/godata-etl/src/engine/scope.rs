//! The part of a run that readers and writers may use.

use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, RunContext, debug_as_chain};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tracing::Span;

use super::Run;
use super::run::AtWork;
use crate::error::contained;

/// The part of a run that its reader and its writer may use: the context, threads for blocking work, and the counters of
/// bytes.
///
/// Work on these threads belongs to the run: the run ends only after that work, even if its future is dropped.
///
/// ```
/// use godata_etl::{BoxError, RunScope};
///
/// async fn size(path: &'static str, scope: &RunScope) -> Result<u64, BoxError> {
///     let size = scope.blocking(move || Ok(std::fs::metadata(path)?.len())).await?;
///     scope.expect_bytes(size);
///     Ok(size)
/// }
/// ```
#[derive(Clone)]
pub struct RunScope {
    run: Arc<Run>,
    is_for_dead_letters: bool,
}

impl RunScope {
    pub(crate) fn new(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run), is_for_dead_letters: false }
    }

    pub(super) fn for_dead_letters(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run), is_for_dead_letters: true }
    }

    /// The context of the run.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        self.run.context()
    }

    /// Runs `f` on a thread where it may block, to wait for files and the like. Work that computes belongs in a
    /// [`Unit`](crate::Unit) or in [`encode`](crate::Writer::encode).
    ///
    /// # Errors
    ///
    /// The error of `f`, or a panic in it. Also if the tokio runtime shuts down.
    pub async fn blocking<T, F>(&self, f: F) -> Result<T, BoxError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, BoxError> + Send + 'static,
    {
        let span = Span::current();
        on_thread(self.run.at_work(), Load::Waits, move || span.in_scope(f)).await
    }

    /// Counts bytes of input that are not part of any batch's [`Origin`](crate::Origin).
    pub fn count_bytes_read(&self, bytes: u64) {
        self.run.count_bytes_read(bytes);
    }

    /// Whether this is the scope of a writer of [dead letters](crate::OnError::dead_letter), and not of the output.
    #[must_use]
    pub fn is_for_dead_letters(&self) -> bool {
        self.is_for_dead_letters
    }

    /// Counts bytes of output. Those of dead letters are not counted.
    pub fn count_bytes_written(&self, bytes: u64) {
        if !self.is_for_dead_letters {
            self.run.count_bytes_written(bytes);
        }
    }

    /// Adds to the bytes of input that the run expects to read, for a display of its progress.
    pub fn expect_bytes(&self, bytes: u64) {
        self.context().progress().expect_bytes(bytes);
    }

    /// An empty buffer, which reuses the memory of an earlier one if there is any.
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.run.buffers.take()
    }

    /// Returns a buffer from [`buffer`](Self::buffer) or [`Work::buffer`](crate::Work::buffer), so that its memory is
    /// reused.
    pub fn recycle(&self, buffer: Vec<u8>) {
        self.run.buffers.put(buffer);
    }
}

impl fmt::Debug for RunScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunScope").field(&self.run).finish()
    }
}

/// A result on its way back from a thread. The fields drop in this order: if nothing waits for the result any more, it
/// is dropped before the run is (invariant 1).
struct Finished<T> {
    result: Result<T, BoxError>,
    _at_work: AtWork,
}

/// The runtime is shutting down and starts no more threads.
#[derive(thiserror::Error)]
#[error("the tokio runtime is shutting down")]
struct NoThread;

debug_as_chain!(NoThread);

/// Whether work waits for something outside of the process, or computes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    Waits,
    Computes,
}

/// Runs `f` on a blocking thread as part of the run; the run's workers do what computes. The work is submitted when this
/// returns. Dropping the future discards only the result.
pub(super) fn on_thread<T, F>(
    at_work: AtWork,
    load: Load,
    f: F,
) -> impl Future<Output = Result<T, BoxError>> + Send + 'static
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, BoxError> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let workers = Arc::clone(&at_work.run().jobs);
    let job = move || {
        let result = contained(f);
        // It fails if the future was dropped: nothing wants the result.
        let _ = sender.send(Finished { result, _at_work: at_work });
    };
    match load {
        Load::Computes => workers.submit(Box::new(job)),
        Load::Waits => drop(spawn_blocking(job)),
    }
    async move { receiver.await.map_err(|_| NoThread)?.result }
}
