//! Where records go.

mod blocking;
mod branches;
mod collect;
mod function;
mod route;
mod rows;
mod tee;
mod tee_all;

use std::future::ready;

use godata_core::BoxError;

use self::blocking::Broken;
pub use self::blocking::{BlockingSink, BlockingWrite};
pub(crate) use self::branches::{branch, encode_copy};
pub(crate) use self::collect::Collect;
pub(crate) use self::function::WriteFn;
pub use self::route::{Route, route};
pub use self::rows::{
    BlockingRowSink, BlockingRowWriter, OpenBlockingRows, OpenRows, RowBatch, RowSink, RowWriter,
    blocking_rows, rows,
};
pub use self::tee::{Tee, TwoSinks, tee};
pub use self::tee_all::{AllSinks, TeeAll, tee_all};
use crate::{Batch, Chunk, RunScope, Stop, Work};

/// Where records go: a factory that opens a new [`Sink`] for every run, and encodes batches on the workers.
///
/// A pipeline can run many times, also concurrently, and the runs must not share state. Outputs that block their
/// thread, such as files, implement [`BlockingSink`].
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use godata_etl::{BoxError, Chunk, Pipeline, RunContext, RunScope, Sink, Stop, Work, Writer};
///
/// /// Replaces a text when a run succeeds.
/// #[derive(Clone)]
/// struct Text(Arc<Mutex<String>>);
///
/// struct OpenText {
///     target: Text,
///     lines: Vec<String>,
/// }
///
/// impl Writer<Vec<u32>> for Text {
///     type Encoded = String;
///     type Sink = OpenText;
///
///     async fn open(&self, _scope: &RunScope) -> Result<OpenText, BoxError> {
///         Ok(OpenText { target: self.clone(), lines: Vec::new() })
///     }
///
///     fn encode(&self, chunk: Chunk<Vec<u32>>, _work: &mut Work) -> Result<String, Stop> {
///         Ok(chunk.batch().iter().map(|n| format!("{n}\n")).collect())
///     }
/// }
///
/// impl Sink<String> for OpenText {
///     async fn write(&mut self, lines: String) -> Result<(), BoxError> {
///         self.lines.push(lines);
///         Ok(())
///     }
///
///     async fn commit(self) -> Result<(), BoxError> {
///         *self.target.0.lock().map_err(|_| "a writer panicked")? = self.lines.concat();
///         Ok(())
///     }
/// }
///
/// let text = Text(Arc::default());
/// let pipeline = Pipeline::builder("lines").read_vec(vec![1, 2]).write(text.clone())?;
/// pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!(*text.0.lock().unwrap(), "1\n2\n");
/// # Ok::<(), BoxError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a writer of `{B}`",
    label = "not a `Writer<{B}>`",
    note = "a path needs a format: `csv::write(\"a.csv\")`, or `jsonl::write(\"a.jsonl\")`",
    note = "`write_fn` writes with a closure"
)]
pub trait Writer<B: Batch>: Send + Sync + 'static {
    /// The encoded form of a batch, which the sink writes: bytes, say, or the batch itself.
    type Encoded: Send + 'static;
    /// An open output.
    type Sink: Sink<Self::Encoded>;

    /// Opens the output, before the first record is read. It must not change anything that others can see. A
    /// cancellation drops the future.
    ///
    /// # Errors
    ///
    /// Any error becomes a [`PipelineError::Write`](crate::PipelineError::Write). It should name the output that could
    /// not be opened.
    fn open(&self, scope: &RunScope) -> impl Future<Output = Result<Self::Sink, BoxError>> + Send;

    /// Encodes a batch. Called on the workers, for several batches at once, and not for an empty batch, unless
    /// [`encodes_empty`](Self::encodes_empty) asks for it.
    ///
    /// # Errors
    ///
    /// [`Stop`] if the batch can't be encoded. Report a record that can't be encoded with [`Work::reject`].
    fn encode(&self, chunk: Chunk<B>, work: &mut Work) -> Result<Self::Encoded, Stop>;

    /// Whether to encode this batch, which is empty: it is the first one of a run, or the part of a batch that a
    /// [`route`](crate::route()) or a [`tee`](crate::tee()) has for this writer. An output that has something to write even
    /// without records needs it, such as a header with the names of the fields. The default is false.
    fn encodes_empty(&self, _batch: &B) -> bool {
        false
    }

    /// Whether a batch may be written again after its write has failed, although it may have arrived: the target then knows it
    /// already, by its key or by an idempotency key. [`retry`](crate::retry()) retries writes only then. The default is false.
    fn is_idempotent(&self) -> bool {
        false
    }
}

/// An open output: it takes the batches of one run, then makes all of them visible, or none.
///
/// A run that is dropped can't wait for [`abort`](Self::abort), so the `Drop` of the sink must discard an unfinished output
/// too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sink of `{E}`",
    label = "not a `Sink<{E}>`",
    note = "implement `Sink` for it; an output that blocks its thread implements `BlockingSink`, and `BlockingWrite::new(output, scope)` is the `Sink`"
)]
pub trait Sink<E>: Send + 'static {
    /// Writes one batch. Called in the order of the batches, one at a time. A cancellation drops the future.
    ///
    /// # Errors
    ///
    /// Any error fails the run with a [`PipelineError::Write`](crate::PipelineError::Write).
    fn write(&mut self, encoded: E) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Does what can fail before the output becomes visible, such as writing what is still in memory and flushing it to the
    /// disk. Called once, after the last batch and before [`commit`](Self::commit). A cancellation does not interrupt it.
    ///
    /// An output of several sinks, such as a [`tee`](crate::tee()), prepares all of them before it commits the first. The
    /// default does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write). The sink is aborted then.
    fn prepare(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(Ok(()))
    }

    /// Makes what was written visible and durable. Called once, after the last batch and [`prepare`](Self::prepare). A
    /// cancellation does not interrupt it.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write). If it fails, nothing may be visible. Only an output of several sinks may leave visible
    /// what it has committed before.
    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Discards what was written, because the run failed or was canceled. By default, it drops the sink.
    fn abort(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        drop(self);
        ready(())
    }
}
