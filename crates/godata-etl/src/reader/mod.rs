//! Where records come from.

mod blocking;
mod function;
mod iter;
mod open_stage;
mod shared;
mod stream;
mod vec;
mod with;

use std::future::Future;

pub use blocking::{BlockingRead, BlockingSource};
pub(crate) use function::ReadFn;
use godata_core::BoxError;
pub(crate) use iter::ReadIter;
pub(crate) use open_stage::opener;
pub(crate) use stream::ReadStream;
pub(crate) use vec::ReadVec;
pub(crate) use with::ReadWith;

use crate::{Batch, RunScope, Unit};

/// Where records come from: a factory that opens a new [`Source`] for every run.
///
/// A pipeline may run many times, and several times at once; `open` is called once per run and keeps nothing
/// between them. Sources that block (files, most of all) are written as a [`BlockingSource`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reader",
    label = "not a `Reader`",
    note = "a path needs a format: `csv::read_records(\"a.csv\")`, or `jsonl::read_records(\"a.jsonl\")`",
    note = "`read_vec`, `read_iter`, `read_stream` and `read_fn` read without a `Reader`"
)]
pub trait Reader: Send + Sync + 'static {
    /// The kind of batches that this reader makes.
    type Batch: Batch;
    /// An input that was opened.
    type Source: Source<Batch = Self::Batch>;

    /// Opens the input. A cancellation drops the future.
    ///
    /// # Errors
    ///
    /// Any error becomes [`PipelineError::Read`](crate::PipelineError::Read); it should name what could not be
    /// opened.
    fn open(&self, scope: &RunScope) -> impl Future<Output = Result<Self::Source, BoxError>> + Send;
}

/// An input that was opened, read batch by batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of records",
    label = "not a `Source`",
    note = "implement `Source` for it; an input that blocks its thread implements `BlockingSource`, and `BlockingRead::new(input, scope)` is the `Source`"
)]
pub trait Source: Send + 'static {
    /// The kind of batches.
    type Batch: Batch;

    /// The next unit of work, or `None` at the end. Called again only after the last call is done, and not
    /// after `None` or an error. Meanwhile the units of earlier calls run on other threads: leave to them
    /// what they can do. A cancellation drops the future, then the source.
    ///
    /// # Errors
    ///
    /// Any error fails the run as [`PipelineError::Read`](crate::PipelineError::Read), after the units before
    /// it were written.
    fn next(&mut self) -> impl Future<Output = Result<Option<Unit<Self::Batch>>, BoxError>> + Send;

    /// Whether it is known, without a call of [`next`](Self::next), that nothing more will come.
    fn is_exhausted(&self) -> bool {
        false
    }

    /// The source as one that each worker may read from before it computes, instead of a thread that reads for all;
    /// itself if that is not so.
    #[doc(hidden)]
    fn into_quick(self) -> Result<Box<dyn BlockingSource<Batch = Self::Batch>>, Self>
    where
        Self: Sized,
    {
        Err(self)
    }
}
