//! Jobs made from closures.

use std::fmt;

use crate::{BoxError, Job, RunContext};

/// Makes a job from a name and an async closure.
///
/// The closure is called once per run, possibly concurrently, with the context of that run. Keep state that
/// the runs share in an `Arc`, and clone it in each call.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use godata_core::{BoxError, Job, RunContext, job_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let runs = Arc::new(AtomicU32::new(0));
/// let counter = Arc::clone(&runs);
/// let job = job_fn("count", move |cx| {
///     let counter = Arc::clone(&counter);
///     async move {
///         cx.check()?;
///         counter.fetch_add(1, Ordering::Relaxed);
///         Ok(())
///     }
/// });
///
/// job.run(&RunContext::new()).await?;
/// job.run(&RunContext::new()).await?;
/// assert_eq!(runs.load(Ordering::Relaxed), 2);
/// # Ok(())
/// # }
/// ```
pub fn job_fn<F, Fut>(name: impl Into<String>, f: F) -> JobFn<F>
where
    F: Fn(RunContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    JobFn { name: name.into(), f }
}

/// A job that calls a closure. Returned by [`job_fn`].
#[derive(Clone)]
pub struct JobFn<F> {
    name: String,
    f: F,
}

impl<F, Fut> Job for JobFn<F>
where
    F: Fn(RunContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, cx: &RunContext) -> impl Future<Output = Result<(), BoxError>> + Send {
        (self.f)(cx.clone())
    }
}

impl<F> fmt::Debug for JobFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFn").field("name", &self.name).finish_non_exhaustive()
    }
}
