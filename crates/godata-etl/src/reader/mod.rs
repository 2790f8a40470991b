//! Where records come from.

mod blocking;
mod chain;
mod function;
mod iter;
mod open_stage;
mod shared;
mod stream;
mod vec;
mod with;

use godata_core::BoxError;

pub use self::blocking::{BlockingRead, BlockingSource};
pub use self::chain::{Chain, ChainedSources, chain};
pub(crate) use self::function::ReadFn;
pub(crate) use self::iter::ReadIter;
pub(crate) use self::open_stage::opener;
pub(crate) use self::stream::ReadStream;
pub(crate) use self::vec::ReadVec;
pub(crate) use self::with::ReadWith;

use crate::{Batch, RunScope, Unit};

/// Where records come from: a factory that opens a new [`Source`] for every run.
///
/// A pipeline can run many times, also concurrently. `open` is called once per run, and runs must not share state.
/// Inputs that block their thread, such as files, implement [`BlockingSource`].
///
/// ```
/// use godata_etl::{BoxError, Chunk, Origin, Pipeline, Reader, RunScope, Source, Unit};
///
/// /// Reads a table of a database page by page.
/// struct Pages {
///     pages: u64,
/// }
///
/// struct OpenPages {
///     next: u64,
///     pages: u64,
/// }
///
/// impl Reader for Pages {
///     type Batch = Vec<u64>;
///     type Source = OpenPages;
///
///     async fn open(&self, _scope: &RunScope) -> Result<OpenPages, BoxError> {
///         Ok(OpenPages { next: 0, pages: self.pages })
///     }
/// }
///
/// impl Source for OpenPages {
///     type Batch = Vec<u64>;
///
///     async fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
///         if self.next == self.pages {
///             return Ok(None);
///         }
///         let first = self.next * 100;
///         self.next += 1;
///         // A unit's closure runs on a worker, while this source fetches the next page.
///         Ok(Some(Unit::new(move |_work| {
///             let rows = (first..first + 100).collect();
///             Ok(Chunk::new(rows, Origin::new(first + 1).source("orders")))
///         })))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let rows = Pipeline::builder("orders").read(Pages { pages: 3 }).collect(1_000).await?;
/// assert_eq!(rows.len(), 300);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reader",
    label = "not a `Reader`",
    note = "a path needs a format: `csv::read_records(\"a.csv\")`, or `jsonl::read_records(\"a.jsonl\")`",
    note = "`read_vec`, `read_iter`, `read_stream` and `read_fn` read without a `Reader`"
)]
pub trait Reader: Send + Sync + 'static {
    /// The kind of batches that this reader makes.
    type Batch: Batch;
    /// An open input.
    type Source: Source<Batch = Self::Batch>;

    /// Opens the input. A cancellation drops the future.
    ///
    /// # Errors
    ///
    /// Any error becomes a [`PipelineError::Read`](crate::PipelineError::Read). It should name the input that could not
    /// be opened.
    fn open(&self, scope: &RunScope) -> impl Future<Output = Result<Self::Source, BoxError>> + Send;
}

/// An open input, read batch by batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of records",
    label = "not a `Source`",
    note = "implement `Source` for it; an input that blocks its thread implements `BlockingSource`, and `BlockingRead::new(input, scope)` is the `Source`"
)]
pub trait Source: Send + 'static {
    /// The kind of batches.
    type Batch: Batch;

    /// The next unit of work, or `None` at the end. Called one at a time, and not after `None` or an error. The units
    /// of earlier calls run on other threads in the meantime, so leave as much work to them as possible. A cancellation
    /// drops the future, then the source.
    ///
    /// # Errors
    ///
    /// Any error fails the run with a [`PipelineError::Read`](crate::PipelineError::Read), after the units before it
    /// have been written.
    fn next(&mut self) -> impl Future<Output = Result<Option<Unit<Self::Batch>>, BoxError>> + Send;

    /// Whether the source knows, without a call of [`next`](Self::next), that it has no more units.
    fn is_exhausted(&self) -> bool {
        false
    }

    /// Converts the source to one that the workers read themselves, instead of one thread that reads for all of them.
    /// Called once, after the input was opened, if the pipeline has several workers.
    ///
    /// Only sources that wrap another source implement this, by the method of that source. [`BlockingRead`] does it for
    /// a [`BlockingSource`] that [is quick](BlockingSource::is_quick).
    ///
    /// # Errors
    ///
    /// The source itself, if it can't be converted. This is the default.
    fn into_quick(self) -> Result<Box<dyn BlockingSource<Batch = Self::Batch>>, Self>
    where
        Self: Sized,
    {
        Err(self)
    }
}
