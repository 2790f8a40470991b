//! Readers and writers that are retried.

mod attempts;
mod reader;
mod writer;

use std::sync::Arc;

use godata_core::RetryPolicy;

pub use self::reader::RetriedSource;
pub use self::writer::RetriedSink;

/// Retries a reader or a writer after a transient failure, such as a service that is busy or a connection that is lost. The
/// run goes on, so nothing that was read and computed before is done again.
///
/// Retried are errors with [`Transient`](crate::Transient) in their chain, unless a [`Permanent`](crate::Permanent) comes first;
/// so `policy` is used as if it were [`only_transient`](RetryPolicy::only_transient). Its attempts count for each call:
///
/// * **A reader** is opened again if [`open`](crate::Reader::open) fails, or the first [`next`](crate::Source::next) after it.
///   Both together have the attempts of the policy. Once a batch was read, a failure fails the run: the reader could not go on
///   where it was.
/// * **A writer** is opened again if [`open`](crate::Writer::open) fails. A batch is written again if the writer
///   [is idempotent](crate::Writer::is_idempotent). A failed [`commit`](crate::Sink::commit) is never retried, because nobody knows
///   whether it has arrived.
/// * Steps are not retried. What a [`map_async`](crate::Flow::map_async) awaits can be retried in its closure.
///
/// Between two attempts, the run waits for a random time up to the bound of the policy's backoff, which doubles with each attempt,
/// or for [`retry_after`](crate::Transient::retry_after) if that is longer. A cancellation ends the wait at once. Each
/// retry is logged at level `WARN`, and counted in the `retries` of the [`IoCounts`](crate::IoCounts). The runtime needs a
/// timer (`enable_time`), as those of `#[tokio::main]` and [`run_blocking`](crate::Pipeline::run_blocking) have.
///
/// An input that is retried is read by one thread for all workers.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
///
/// use godata_etl::{
///     BoxError, Chunk, Origin, Pipeline, Reader, RetryPolicy, RunContext, RunScope, Source, Transient, Unit, retry,
/// };
///
/// /// A service that is busy at the first two calls.
/// #[derive(Default)]
/// struct Busy(AtomicU32);
///
/// struct Answer(Option<Vec<u32>>);
///
/// impl Reader for Busy {
///     type Batch = Vec<u32>;
///     type Source = Answer;
///
///     async fn open(&self, _scope: &RunScope) -> Result<Answer, BoxError> {
///         match self.0.fetch_add(1, Ordering::Relaxed) {
///             0 | 1 => Err(Transient::new("the service is busy").into()),
///             _ => Ok(Answer(Some(vec![1, 2, 3]))),
///         }
///     }
/// }
///
/// impl Source for Answer {
///     type Batch = Vec<u32>;
///
///     async fn next(&mut self) -> Result<Option<Unit<Vec<u32>>>, BoxError> {
///         Ok(self.0.take().map(|numbers| Unit::ready(Chunk::new(numbers, Origin::new(1)))))
///     }
/// }
///
/// let policy = RetryPolicy::attempts(5).backoff(Duration::from_millis(1), Duration::from_secs(1));
/// let pipeline = Pipeline::builder("numbers")
///     .read(retry(Busy::default(), policy))
///     .write_fn(|_cx, numbers| async move {
///         assert_eq!(numbers, [1, 2, 3]);
///         Ok(())
///     })?;
/// let report = pipeline.run_blocking(&RunContext::new())?;
/// assert_eq!((report.written.records, report.read.retries), (3, 2));
/// # Ok::<(), BoxError>(())
/// ```
pub fn retry<X>(inner: X, policy: RetryPolicy) -> Retry<X> {
    Retry { inner: Arc::new(inner), policy }
}

/// A reader or a writer that is retried; see [`retry`].
#[derive(Debug)]
pub struct Retry<X> {
    /// Shared with the open input, which may have to open it again.
    inner: Arc<X>,
    policy: RetryPolicy,
}

impl<X> Clone for Retry<X> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), policy: self.policy.clone() }
    }
}
