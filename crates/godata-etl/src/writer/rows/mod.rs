//! Targets that take a batch of rows as a whole.

mod bisect;
mod blocking;

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use godata_core::BoxError;

use self::bisect::write_rows;
pub use self::blocking::{BlockingRowSink, BlockingRowWriter, OpenBlockingRows, blocking_rows};
use super::{Sink, Writer};
use crate::{Chunk, Record, Records, RunScope, Stop, Work};

/// A target that takes a batch of rows, or refuses it: a database that inserts a batch in one transaction, or a service that
/// takes a list in one request. [`rows`] makes a [`Writer`] of it.
///
/// `T` is the type of the records. A sink of [`Record`]s writes dynamic batches, [`Records`], too. A target whose client blocks
/// its thread implements [`BlockingRowSink`].
///
/// **Refused rows.** If a pipeline has an [`on_error`](crate::PipelineBuilder::on_error), a batch that is refused is halved, in
/// order, until single rows are left. Those that are refused alone are rejected with their places, and so become dead letters; the
/// others are written. To find `k` bad rows among `n` takes about `2·k·log2(n/k) + 2·k` writes. Steps don't run again.
/// A batch is not halved if the error is never that of a record, which [`OnError`](crate::OnError) describes: a
/// [`Transient`](crate::Transient) error, a lost connection, a panic. Such an error, and every error without an `on_error`,
/// fails the run and names the rows.
///
/// **What stays.** If a write commits its transaction, its rows stay when the run fails later, and the next run writes them again.
/// Use `INSERT … ON CONFLICT` or its like then. Or keep one transaction open for the whole run, with a savepoint for each write, and
/// end it in [`commit`](Self::commit).
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use godata_etl::{BoxError, Limit, OnError, Pipeline, RowSink, RunContext, rows};
///
/// /// A table of numbers below 100.
/// #[derive(Clone, Default)]
/// struct Table(Arc<Mutex<Vec<u32>>>);
///
/// impl RowSink<u32> for Table {
///     async fn write(&mut self, rows: &[u32]) -> Result<(), BoxError> {
///         if rows.iter().any(|n| *n >= 100) {
///             return Err("CHECK constraint failed: n < 100".into());
///         }
///         self.0.lock().map_err(|_| "a writer panicked")?.extend(rows);
///         Ok(())
///     }
/// }
///
/// let table = Table::default();
/// let target = table.clone();
/// let pipeline = Pipeline::builder("numbers")
///     .on_error(OnError::skip(Limit::records(10)))
///     .read_vec(vec![1, 200, 3])
///     .write(rows(move |_scope| {
///         let table = target.clone();
///         async { Ok(table) }
///     }))?;
/// let report = pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!((report.written.records, report.written.rejected), (2, 1));
/// assert_eq!(report.rejections[0].to_string(), "write rejected record 2");
/// assert_eq!(*table.0.lock().unwrap(), [1, 3]);
/// # Ok::<(), BoxError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no rows of type `{T}`",
    label = "not a `RowSink<{T}>`",
    note = "dynamic records, `Records`, are written by a `RowSink<Record>`"
)]
pub trait RowSink<T>: Send + 'static {
    /// Writes all rows, or none. Called in the order of the records, one at a time, and again with parts of a batch that it has
    /// refused. A cancellation drops the future; the sink is then aborted.
    ///
    /// # Errors
    ///
    /// Any error means that none of the rows was written, and that the sink can take others.
    fn write(&mut self, rows: &[T]) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Makes the rows visible, as [`Sink::commit`] does, if the writes have not. By default, it drops the sink.
    ///
    /// # Errors
    ///
    /// Any error fails the run.
    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send
    where
        Self: Sized,
    {
        drop(self);
        ready(Ok(()))
    }

    /// Discards what can be discarded, because the run failed or was canceled. By default, it drops the sink.
    fn abort(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        drop(self);
        ready(())
    }
}

/// Writes batches of rows to a [`RowSink`], which `open` opens for each run.
pub fn rows<S, F, Fut>(open: F) -> RowWriter<F>
where
    F: Fn(RunScope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, BoxError>> + Send,
{
    RowWriter { open, is_idempotent: false }
}

/// Writes batches of rows; made by [`rows`].
#[derive(Clone)]
pub struct RowWriter<F> {
    open: F,
    is_idempotent: bool,
}

impl<F> RowWriter<F> {
    /// Says that rows may be written again although they have arrived, for [`retry`](crate::retry()); see
    /// [`Writer::is_idempotent`].
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }
}

impl<F> fmt::Debug for RowWriter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowWriter").field("is_idempotent", &self.is_idempotent).finish_non_exhaustive()
    }
}

impl<T, S, F, Fut> Writer<Vec<T>> for RowWriter<F>
where
    T: Send + Sync + 'static,
    S: RowSink<T>,
    F: Fn(RunScope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, BoxError>> + Send,
{
    type Encoded = RowBatch<T>;
    type Sink = OpenRows<S>;

    async fn open(&self, scope: &RunScope) -> Result<OpenRows<S>, BoxError> {
        Ok(OpenRows { sink: (self.open)(scope.clone()).await?, scope: scope.clone() })
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, _work: &mut Work) -> Result<RowBatch<T>, Stop> {
        Ok(RowBatch(Arc::new(chunk)))
    }

    fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }
}

impl<S, F, Fut> Writer<Records> for RowWriter<F>
where
    S: RowSink<Record>,
    F: Fn(RunScope) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, BoxError>> + Send,
{
    type Encoded = RowBatch<Record>;
    type Sink = OpenRows<S>;

    async fn open(&self, scope: &RunScope) -> Result<OpenRows<S>, BoxError> {
        Ok(OpenRows { sink: (self.open)(scope.clone()).await?, scope: scope.clone() })
    }

    fn encode(&self, chunk: Chunk<Records>, _work: &mut Work) -> Result<RowBatch<Record>, Stop> {
        Ok(RowBatch(Arc::new(chunk.into_records())))
    }

    fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }
}

/// A batch of rows on its way to a [`RowSink`].
pub struct RowBatch<T>(Arc<Chunk<Vec<T>>>);

impl<T> Clone for RowBatch<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for RowBatch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowBatch").finish_non_exhaustive()
    }
}

/// An open [`RowSink`]: the sink of [`rows`].
#[derive(Debug)]
pub struct OpenRows<S> {
    sink: S,
    scope: RunScope,
}

impl<T: Send + Sync + 'static, S: RowSink<T>> Sink<RowBatch<T>> for OpenRows<S> {
    async fn write(&mut self, batch: RowBatch<T>) -> Result<(), BoxError> {
        write_rows(&mut self.sink, &batch.0, &self.scope).await
    }

    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.sink.commit()
    }

    fn abort(self) -> impl Future<Output = ()> + Send {
        self.sink.abort()
    }
}
