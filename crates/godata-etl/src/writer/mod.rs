//! Where records go.

mod blocking;
mod collect;
mod function;

use std::future::{Future, ready};

pub use blocking::{BlockingSink, BlockingWrite};
pub(crate) use collect::Collect;
pub(crate) use function::WriteFn;
use godata_core::BoxError;

use crate::{Batch, Chunk, RunScope, Stop, Work};

/// Where records go: encodes batches on the workers, and opens a new [`Sink`] for every run.
///
/// A pipeline may run many times, and several times at once; the writer keeps nothing between the runs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a writer of `{B}`",
    label = "not a `Writer<{B}>`",
    note = "a path needs a format: `csv::write(\"a.csv\")`, or `jsonl::write(\"a.jsonl\")`",
    note = "`write_fn` writes with a closure"
)]
pub trait Writer<B: Batch>: Send + Sync + 'static {
    /// What a batch becomes on the worker, and the sink writes: bytes, say, or the batch itself.
    type Encoded: Send + 'static;
    /// An output that was opened.
    type Sink: Sink<Self::Encoded>;

    /// Opens the output, before the first record is read. Nothing that others see may change yet. A
    /// cancellation drops the future.
    ///
    /// # Errors
    ///
    /// Any error becomes [`PipelineError::Write`](crate::PipelineError::Write); it should name what could not
    /// be opened.
    fn open(&self, scope: &RunScope) -> impl Future<Output = Result<Self::Sink, BoxError>> + Send;

    /// Encodes a batch; called on the workers for several batches at once, never for an empty one.
    ///
    /// # Errors
    ///
    /// A record that can't be encoded goes to [`Work::reject`].
    fn encode(&self, chunk: Chunk<B>, work: &mut Work) -> Result<Self::Encoded, Stop>;
}

/// An output that was opened: it takes the batches of one run, then makes them visible or none of them.
///
/// A run that is dropped can't wait for [`abort`](Self::abort): what an unfinished output must leave behind
/// (nothing) is also the business of the sink's `Drop`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sink of `{E}`",
    label = "not a `Sink<{E}>`",
    note = "implement `Sink` for it; an output that blocks its thread implements `BlockingSink`, and `BlockingWrite::new(output, scope)` is the `Sink`"
)]
pub trait Sink<E>: Send + 'static {
    /// Writes one batch; called in the order of the batches, one at a time. A cancellation drops the future.
    ///
    /// # Errors
    ///
    /// Any error fails the run as [`PipelineError::Write`](crate::PipelineError::Write).
    fn write(&mut self, encoded: E) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Makes what was written visible and durable. Called once, after the last batch; not interrupted by a
    /// cancellation.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write); nothing must be visible then.
    fn commit(self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Gives up what was written: the run failed or was canceled. Does nothing but drop the sink by default.
    fn abort(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        drop(self);
        ready(())
    }
}
