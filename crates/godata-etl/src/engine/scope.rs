//! What a reader or a writer is given of the run that it works for.

use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, RunContext};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tracing::Span;

use super::Run;
use super::run::AtWork;
use crate::error::contained;

/// What a reader or a writer is given of the run that it works for: the context, threads for blocking work,
/// and the counters of bytes.
///
/// Work on these threads belongs to the run: the run ends only after it, also when its future is dropped.
#[derive(Clone)]
pub struct RunScope {
    run: Arc<Run>,
}

impl RunScope {
    pub(crate) fn new(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run) }
    }

    /// The context of the run.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        self.run.context()
    }

    /// Runs `f`, which waits for files or the like, on a thread where it may block. What computes belongs into a
    /// [`Unit`](crate::Unit) or an [`encode`](crate::Writer::encode).
    ///
    /// # Errors
    ///
    /// What `f` returns; a panic in `f`; and the end of the tokio runtime.
    pub async fn blocking<T, F>(&self, f: F) -> Result<T, BoxError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, BoxError> + Send + 'static,
    {
        let span = Span::current();
        on_thread(self.run.at_work(), Load::Waits, move || span.in_scope(f)).await
    }

    /// Counts bytes of input that no batch's [`Origin`](crate::Origin) accounts for.
    pub fn count_bytes_read(&self, bytes: u64) {
        self.run.count_bytes_read(bytes);
    }

    /// Counts bytes of output.
    pub fn count_bytes_written(&self, bytes: u64) {
        self.run.count_bytes_written(bytes);
    }

    /// Adds to the bytes of input that are to come, for a display of the progress.
    pub fn expect_bytes(&self, bytes: u64) {
        self.context().progress().expect_bytes(bytes);
    }

    /// An empty buffer, with memory from an earlier use if there is one.
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.run.buffers.take()
    }

    /// Gives back a buffer that [`buffer`](Self::buffer) or [`Work::buffer`](crate::Work::buffer) lent.
    pub fn recycle(&self, buffer: Vec<u8>) {
        self.run.buffers.put(buffer);
    }
}

impl fmt::Debug for RunScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunScope").field(&self.run).finish()
    }
}

/// A result on its way back from a thread. The fields drop in this order: if nobody waits for the result any
/// more, it is gone before the run is let go (invariant 1).
struct Finished<T> {
    result: Result<T, BoxError>,
    _at_work: AtWork,
}

/// The runtime is shutting down: it has no threads any more.
#[derive(Debug, thiserror::Error)]
#[error("the tokio runtime is shutting down")]
struct NoThread;

/// Whether work waits for something outside or computes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    Waits,
    Computes,
}

/// Runs `f` on a blocking thread as part of the run; what computes is done by the run's workers. It is under way
/// when this returns; dropping the future only gives up the result.
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
        // Whoever gave up the result does not want it back.
        let _ = sender.send(Finished { result, _at_work: at_work });
    };
    match load {
        Load::Computes => workers.submit(Box::new(job)),
        Load::Waits => drop(spawn_blocking(job)),
    }
    async move { receiver.await.map_err(|_| NoThread)?.result }
}
