//! The part of a run that readers and writers may use.

use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, RunContext, debug_as_chain};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tracing::Span;

use super::refused::Refused;
use super::run::AtWork;
use super::side::Side;
use super::{Run, Stage};
use crate::error::contained;
use crate::{Batch, Chunk, RejectReason};

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
    role: Role,
}

/// Whose scope it is.
#[derive(Clone, Debug)]
enum Role {
    /// That of the reader, or of the output at the end.
    Main,
    /// That of an output in the middle of the flow.
    Side(Arc<Side>),
    DeadLetters,
}

impl RunScope {
    pub(crate) fn new(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run), role: Role::Main }
    }

    pub(super) fn for_dead_letters(run: &Arc<Run>) -> Self {
        Self { run: Arc::clone(run), role: Role::DeadLetters }
    }

    pub(super) fn of_side(run: &Arc<Run>, side: Arc<Side>) -> Self {
        Self { run: Arc::clone(run), role: Role::Side(side) }
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
        matches!(self.role, Role::DeadLetters)
    }

    /// Counts bytes of output. Those of dead letters are not counted.
    pub fn count_bytes_written(&self, bytes: u64) {
        match &self.role {
            Role::Main => self.run.count_bytes_written(bytes),
            Role::Side(side) => self.run.counters.add_side_bytes(side.step, bytes),
            Role::DeadLetters => {}
        }
    }

    /// Rejects a record of the batch that a sink writes, because the target has taken the others and refused this one. `index`
    /// is its position in the batch. A sink that has no such answers is a [`RowSink`](crate::RowSink), whose rows are found
    /// for it.
    ///
    /// `Ok(())` means: leave the record out and go on. Call it during [`Sink::write`](crate::Sink::write), at most once for
    /// each record.
    ///
    /// ```
    /// use godata_etl::{BoxError, Chunk, RunScope, Sink};
    ///
    /// /// A service that answers for each row. `Chunk<Vec<u32>>` is the `Encoded` of its writer.
    /// struct Bulk(RunScope);
    ///
    /// impl Sink<Chunk<Vec<u32>>> for Bulk {
    ///     async fn write(&mut self, chunk: Chunk<Vec<u32>>) -> Result<(), BoxError> {
    ///         let answers = self.insert(chunk.batch()).await?;
    ///         for (index, answer) in answers.into_iter().enumerate() {
    ///             if let Err(error) = answer {
    ///                 self.0.reject(&chunk, index, error)?;
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     async fn commit(self) -> Result<(), BoxError> {
    ///         Ok(())
    ///     }
    /// }
    /// # impl Bulk {
    /// #     async fn insert(&self, rows: &[u32]) -> Result<Vec<Result<(), String>>, BoxError> {
    /// #         Ok(vec![Ok(()); rows.len()])
    /// #     }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of the record, if it fails the run; [`OnError`](crate::OnError) says when. The sink returns it. Also if no
    /// batch is being written.
    pub fn reject<B: Batch>(
        &self,
        chunk: &Chunk<B>,
        index: usize,
        reason: impl Into<RejectReason>,
    ) -> Result<(), BoxError> {
        let reason = reason.into();
        let stage = match &self.role {
            Role::Main => Stage::Write,
            Role::Side(side) => Stage::Step(side.step),
            Role::DeadLetters => return Err(reason.error),
        };
        let rejected = self.run.rejected(stage, &chunk.origin, chunk.row(index), reason)?;
        self.refused_records().push(rejected)
    }

    /// Whether an error of several records may be that of one of them, and the policy wants to know of which.
    pub(crate) fn may_be_of_a_record(&self, error: &BoxError) -> bool {
        !self.is_for_dead_letters() && self.run.may_be_of_a_record(error)
    }

    fn refused_records(&self) -> &Refused {
        match &self.role {
            Role::Side(side) => &side.refused,
            Role::Main | Role::DeadLetters => &self.run.refused,
        }
    }

    /// How many records of the current batch the sink has rejected.
    pub(crate) fn refused(&self) -> usize {
        self.refused_records().len()
    }

    /// Forgets the records that the sink has rejected since there were `len`, because the batch is written again.
    pub(crate) fn forget_refused(&self, len: usize) {
        if !self.is_for_dead_letters() {
            self.refused_records().truncate(len);
        }
    }

    /// Whether the records that the sink has rejected exceed the limit, so that the run fails whatever the others do.
    pub(crate) fn has_refused_too_many(&self) -> bool {
        self.run.most_rejected().is_some_and(|most| self.refused() >= most)
    }

    pub(crate) fn count_retry(&self, stage: Stage) {
        self.run.count_retry(match &self.role {
            Role::Side(side) => Stage::Step(side.step),
            Role::Main | Role::DeadLetters => stage,
        });
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
pub(crate) enum Load {
    Waits,
    Computes,
}

/// Runs `f` on a blocking thread as part of the run; the run's workers do what computes. The work is submitted when this
/// returns. Dropping the future discards only the result.
pub(crate) fn on_thread<T, F>(
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
