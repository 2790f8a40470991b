//! The trait of jobs.

mod any;
mod from_fn;

pub use any::AnyJob;
pub use from_fn::{JobFn, job_fn};

use crate::{BoxError, RunContext};

/// A named piece of work that can be run any number of times.
///
/// A pipeline is a job. [`job_fn`] makes a job from a closure. Any other type can implement this trait. [`AnyJob`] erases
/// the type, to keep different jobs in one collection.
///
/// # Example
///
/// ```
/// use godata_core::{BoxError, Job, RunContext};
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
///             cx.progress().add_records_written(1);
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let cx = RunContext::new();
/// Vacuum { tables: vec!["orders".into(), "items".into()] }.run(&cx).await?;
/// assert_eq!(cx.progress().records_written(), 2);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job",
    note = "implement `Job` for it, or make a job from a closure with `job_fn(\"name\", |cx| async {{ Ok(()) }})`"
)]
pub trait Job: Send + Sync + 'static {
    /// Returns the name that runs of this job are listed under.
    ///
    /// Called at any time from any thread, including while the job runs. It is the same on every call.
    fn name(&self) -> &str;

    /// Does the work once.
    ///
    /// Called once per attempt, and concurrently if the caller allows several runs of one job at a time. Those runs
    /// share `self`; state of a single run is in `cx` or in local variables.
    ///
    /// **Cancellation.** When `cx` is canceled, the job should clean up unfinished work and soon return the [`Canceled`]
    /// of [`RunContext::check`]. Finished work may stay. A job that completes anyway returns `Ok`. The caller may also
    /// drop the future at any `.await`; then only destructors clean up.
    ///
    /// **Blocking.** The future is polled on the runtime's threads and must not block them. Blocking work belongs in
    /// `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// Any error. The caller records it with its chain of sources, and its [kind](crate::JobErrorKind) decides whether
    /// the run may be retried. A job need not catch its own panics: a run that panics fails.
    ///
    /// [`Canceled`]: crate::Canceled
    fn run(&self, cx: &RunContext) -> impl Future<Output = Result<(), BoxError>> + Send;
}
