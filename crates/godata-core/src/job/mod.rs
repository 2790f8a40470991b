//! What can be run.

mod any;
mod from_fn;

pub use any::AnyJob;
pub use from_fn::{JobFn, job_fn};

use crate::{JobError, RunContext};

/// Something that runs under a name, many times, also concurrently.
///
/// A pipeline is a job; [`job_fn`] makes one from a closure; anything else implements this trait. Whoever keeps jobs
/// of different types keeps [`AnyJob`]s.
///
/// # Example
///
/// ```
/// use godata_core::{Job, JobError, RunContext};
///
/// struct Vacuum {
///     tables: Vec<String>,
/// }
///
/// impl Job for Vacuum {
///     fn name(&self) -> &str {
///         "vacuum"
///     }
///
///     async fn run(&self, cx: &RunContext) -> Result<(), JobError> {
///         for table in &self.tables {
///             cx.check()?;
///             println!("vacuum {table}");
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), JobError> {
/// Vacuum { tables: vec!["orders".into()] }.run(&RunContext::new()).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    note = "implement `Job` for it, or make a job from a closure with `job_fn(\"name\", |cx| async {{ Ok(()) }})`"
)]
pub trait Job: Send + Sync + 'static {
    /// The name that runs of this job are listed under.
    ///
    /// Called at any time, from any thread, also while the job runs. It is the same on every call.
    fn name(&self) -> &str;

    /// Does the work once.
    ///
    /// Called once per attempt, and concurrently if the caller allows several runs of one job at a time: what is
    /// kept in `self` is shared by all of them, what belongs to one run is in `cx` or local.
    ///
    /// **Cancellation.** When `cx` is cancelled the job ought to stop soon and return the [`Canceled`] of
    /// [`RunContext::check`], after it has removed what is half done. Work that was complete by then may stay. A
    /// job that finishes anyway returns `Ok`. The caller may also drop the future, at any `.await`; then only what
    /// destructors clean up is cleaned up.
    ///
    /// **Blocking.** The future is polled on the runtime's threads and must not block them: blocking work goes to
    /// `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// The caller records the error with its chain of sources, and acts on its [`kind`](JobError::kind): it may
    /// call `run` again after a transient one. A panic is not the job's to catch; the caller counts it as a failure.
    ///
    /// [`Canceled`]: crate::Canceled
    fn run(&self, cx: &RunContext) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Erases the type. [`AnyJob`] overrides it to return itself, so no job is wrapped twice.
    #[doc(hidden)]
    fn into_any(self) -> AnyJob
    where
        Self: Sized,
    {
        AnyJob::wrap(self)
    }
}
