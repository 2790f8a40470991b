//! The type-erased job.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::{BoxError, Job, RunContext};

/// A type-erased [`Job`], so that jobs of different types fit into one collection.
///
/// Clones are cheap and refer to the same job. It is a [`Job`] itself; erasing it again does not wrap it twice.
///
/// # Example
///
/// ```
/// use godata_core::{AnyJob, BoxError, Job, RunContext, job_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let jobs = [
///     AnyJob::new(job_fn("import", |_cx| async { Ok(()) })),
///     AnyJob::new(job_fn("export", |cx: RunContext| async move { Ok(cx.check()?) })),
/// ];
/// for job in &jobs {
///     job.run(&RunContext::new()).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AnyJob {
    job: Arc<dyn ErasedJob>,
    name: Arc<str>,
}

impl AnyJob {
    /// Erases the type of a job.
    pub fn new(job: impl Job) -> Self {
        if let Some(erased) = (&job as &dyn Any).downcast_ref::<Self>() {
            return erased.clone();
        }
        let name = job.name().into();
        Self { job: Arc::new(job), name }
    }

    /// Returns the name as shared text, to keep it without copying it.
    #[must_use]
    pub fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

impl Job for AnyJob {
    fn name(&self) -> &str {
        &self.name
    }

    async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
        self.job.erased_run(cx).await
    }
}

impl fmt::Debug for AnyJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyJob").field(&self.name()).finish()
    }
}

/// The object-safe twin of [`Job`].
trait ErasedJob: Send + Sync {
    fn erased_run<'a>(&'a self, cx: &'a RunContext) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<J: Job> ErasedJob for J {
    fn erased_run<'a>(&'a self, cx: &'a RunContext) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(self.run(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job_fn;

    #[tokio::test]
    async fn an_erased_job_has_the_name_and_does_the_work_of_the_job() {
        let job = AnyJob::new(job_fn("count", |cx: RunContext| async move {
            cx.progress().add_records_read(1);
            Err("busy".into())
        }));
        let cx = RunContext::new();
        let error = job.clone().run(&cx).await.unwrap_err();
        assert_eq!((job.name(), error.to_string().as_str()), ("count", "busy"));
        assert_eq!(cx.progress().records_read(), 1);
        assert_eq!(format!("{job:?}"), r#"AnyJob("count")"#);
    }

    #[test]
    fn an_erased_job_is_not_wrapped_again() {
        let job = AnyJob::new(job_fn("count", |_| async { Ok(()) }));
        assert!(Arc::ptr_eq(&job.job, &AnyJob::new(job.clone()).job));
    }
}
