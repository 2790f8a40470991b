//! The context of a run.

use std::sync::Arc;

use time::UtcDateTime;

use crate::id::generate_run;
use crate::{Canceled, Cancellation, Cause, JobId, Params, Progress, RunId};

/// The context of one run, as its job sees it: ids, cause, parameters, cancellation and progress.
///
/// Runners and orchestrators make a context for each run that they start. To run a job directly, or in a test, pass
/// [`RunContext::new`]. Make a new context for each run. Clones are cheap and belong to the same run: they share its
/// cancellation and its progress.
///
/// # Example
///
/// ```
/// use godata_core::{Cause, ParamError, RunContext};
///
/// let cx = RunContext::new().with_cause(Cause::Retry).with_attempt(2).with_param("day", "2024-02-29");
///
/// assert_eq!(cx.attempt(), 2);
/// assert_eq!(cx.params().require("day")?, "2024-02-29");
/// assert!(!cx.is_canceled());
/// # Ok::<(), ParamError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunContext {
    run_id: RunId,
    job_id: JobId,
    attempt: u32,
    due: Option<UtcDateTime>,
    cause: Cause,
    /// `None` if there are no parameters, as in most runs.
    params: Option<Arc<Params>>,
    cancellation: Cancellation,
    progress: Progress,
}

impl RunContext {
    /// Makes the context of a first attempt at a new job, with new ids and without parameters.
    #[must_use]
    pub fn new() -> Self {
        let (run_id, job_id) = generate_run();
        Self {
            run_id,
            job_id,
            attempt: 1,
            due: None,
            cause: Cause::default(),
            params: None,
            cancellation: Cancellation::new(),
            progress: Progress::new(),
        }
    }

    /// Sets the id of the run. Default: a new one.
    #[must_use]
    pub fn with_run_id(self, run_id: RunId) -> Self {
        Self { run_id, ..self }
    }

    /// Sets the id of the job, which all attempts share. Default: a new one.
    #[must_use]
    pub fn with_job_id(self, job_id: JobId) -> Self {
        Self { job_id, ..self }
    }

    /// Sets the number of this attempt at the job. Default: 1, the first. 0 counts as 1.
    #[must_use]
    pub fn with_attempt(self, attempt: u32) -> Self {
        Self { attempt: attempt.max(1), ..self }
    }

    /// Sets the instant at which the run was due, truncated to whole milliseconds. Default: none.
    #[must_use]
    pub fn with_due(self, at: UtcDateTime) -> Self {
        Self { due: Some(at.truncate_to_millisecond()), ..self }
    }

    /// Sets why the run was started. Default: [`Cause::Manual`].
    #[must_use]
    pub fn with_cause(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }

    /// Sets all parameters, replacing those that were set before. Default: none.
    #[must_use]
    pub fn with_params(self, params: Params) -> Self {
        Self { params: Some(Arc::new(params)), ..self }
    }

    /// Sets one parameter and keeps the others.
    #[must_use]
    pub fn with_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(self.params.get_or_insert_default()).insert(name, value);
        self
    }

    /// Sets the cancellation of the run. Default: a new [`Cancellation`], which only this context and its clones share.
    #[must_use]
    pub fn with_cancellation(self, cancellation: Cancellation) -> Self {
        Self { cancellation, ..self }
    }

    /// Returns the id of this run.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.run_id
    }

    /// Returns the id of the job, the same in all attempts. It can be used as an idempotency key.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.job_id
    }

    /// Returns the number of this attempt at the job; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns when the run was due, or `None` if no schedule asked for it.
    ///
    /// A job that processes the data of a period takes the period from this instant and not from the current time, so
    /// that late runs and backfills process the right one.
    #[must_use]
    pub fn due(&self) -> Option<UtcDateTime> {
        self.due
    }

    /// Returns why the run was started.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Returns the parameters of the run. [`extract`](Params::extract) reads them into a struct.
    #[must_use]
    pub fn params(&self) -> &Params {
        const NONE: &Params = &Params::new();
        self.params.as_deref().unwrap_or(NONE)
    }

    /// Returns the cancellation of the run, to pass to code that does not take a `RunContext`.
    #[must_use]
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Returns the run's counters.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.cancellation.cancel();
    }

    /// Whether the run was asked to stop.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.cancellation.is_canceled()
    }

    /// Waits until the run is asked to stop; returns at once if it already was.
    pub async fn canceled(&self) {
        self.cancellation.canceled().await;
    }

    /// Returns an error if the run was asked to stop, so that `?` leaves the job.
    ///
    /// # Errors
    ///
    /// [`Canceled`], if the run was asked to stop. A job that returns it is recorded as canceled, not as failed.
    pub fn check(&self) -> Result<(), Canceled> {
        self.cancellation.check()
    }
}

impl Default for RunContext {
    /// The same as [`RunContext::new`], with new ids.
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_new_context_is_a_first_manual_attempt() {
        let cx = RunContext::new();
        assert_eq!((cx.attempt(), cx.cause(), cx.due()), (1, Cause::Manual, None));
        assert!(cx.params().is_empty());
        assert_ne!(cx.run_id(), RunContext::new().run_id());
        assert_ne!(cx.job_id(), RunContext::new().job_id());
    }

    #[test]
    fn clones_share_cancellation_and_progress_but_not_parameters() {
        let cx = RunContext::new().with_param("a", "1");
        let clone = cx.clone().with_param("b", "2");
        clone.progress().add_records_read(3);
        clone.cancel();
        assert!(cx.is_canceled() && cx.check().is_err());
        assert_eq!(cx.progress().records_read(), 3);
        assert_eq!((cx.params().len(), clone.params().len()), (1, 2));
    }

    #[test]
    fn the_scheduled_instant_is_truncated_to_milliseconds() {
        let at = UtcDateTime::UNIX_EPOCH + Duration::from_millis(1_500);
        let cx = RunContext::new().with_due(at + Duration::from_micros(999));
        assert_eq!(cx.due(), Some(at));
    }

    #[test]
    fn attempts_count_from_one() {
        assert_eq!(RunContext::new().with_attempt(0).attempt(), 1);
        assert_eq!(RunContext::new().with_attempt(3).attempt(), 3);
    }
}
