//! What can be run.

mod any;
mod from_fn;

pub use any::AnyJob;
pub use from_fn::{JobFn, job_fn};

use crate::{BoxError, RunContext};

/// Something that runs under a name, many times, also concurrently.
///
/// A pipeline is a job; [`job_fn`] makes one from a closure; anything else implements this trait. Whoever keeps jobs
/// of different types keeps [`AnyJob`]s.
///
/// # Example
///
/// ```
/// use godata_core::{Job, BoxError, RunContext};
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
///     async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
///         for table in &self.tables {
///             cx.check()?;
///             println!("vacuum {table}");
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
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
    /// **Cancellation.** When `cx` is canceled the job ought to stop soon and return the [`Canceled`] of
    /// [`RunContext::check`], after it has removed what is half done. Work that was complete by then may stay. A
    /// job that finishes anyway returns `Ok`. The caller may also drop the future, at any `.await`; then only what
    /// destructors clean up is cleaned up.
    ///
    /// **Blocking.** The future is polled on the runtime's threads and must not block them: blocking work goes to
    /// `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// Any error. The caller records it with its chain of sources, and reads from it
    /// [what it can do](crate::BoxErrorKind): a failed run may be retried. A job need not catch its panics; a run that
    /// panics has failed.
    ///
    /// [`Canceled`]: crate::Canceled
    fn run(&self, cx: &RunContext) -> impl Future<Output = Result<(), BoxError>> + Send;
}
