//! What a job knows about the run it is in.

use std::sync::Arc;

use time::UtcDateTime;

use crate::id::generate_run;
use crate::{Canceled, Cancellation, Cause, JobId, Params, Progress, RunId};

/// One run, as the job in it sees it: who it is, why it runs, what it was told, whether to stop, how far it is.
///
/// Whoever runs a job makes one; a job that is run by hand gets [`RunContext::new`]. Clones are cheap and belong to
/// the same run: they share its cancellation and its progress. Make a new context for each run.
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
    scheduled_at: Option<UtcDateTime>,
    cause: Cause,
    /// `None` is no parameters, which most runs have.
    params: Option<Arc<Params>>,
    cancellation: Cancellation,
    progress: Progress,
}

impl RunContext {
    /// The first attempt at a new job, started by hand, without parameters.
    #[must_use]
    pub fn new() -> Self {
        let (run_id, job_id) = generate_run();
        Self {
            run_id,
            job_id,
            attempt: 1,
            scheduled_at: None,
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

    /// Sets the id of the job, which all its attempts share. Default: a new one.
    #[must_use]
    pub fn with_job_id(self, job_id: JobId) -> Self {
        Self { job_id, ..self }
    }

    /// Sets which attempt at the job this is. Default: 1, the first; 0 counts as 1.
    #[must_use]
    pub fn with_attempt(self, attempt: u32) -> Self {
        Self { attempt: attempt.max(1), ..self }
    }

    /// Sets the instant at which the run was due, cut to whole milliseconds. Default: none.
    #[must_use]
    pub fn with_scheduled_at(self, at: UtcDateTime) -> Self {
        Self { scheduled_at: Some(at.truncate_to_millisecond()), ..self }
    }

    /// Sets why the run was started. Default: [`Cause::Manual`].
    #[must_use]
    pub fn with_cause(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }

    /// Sets all parameters, in place of those set before. Default: none.
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

    /// Sets what may ask the run to stop. Default: a new [`Cancellation`], which only this context and its clones
    /// can reach.
    #[must_use]
    pub fn with_cancellation(self, cancellation: Cancellation) -> Self {
        Self { cancellation, ..self }
    }

    /// The id of this run.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.run_id
    }

    /// The id of the job, the same in all its attempts: the key by which a target recognizes work it has done.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.job_id
    }

    /// Which attempt at the job this is; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When the run was due, or `None` if no schedule asked for it.
    ///
    /// A late run and a backfill work on this instant, not on the current one.
    #[must_use]
    pub fn scheduled_at(&self) -> Option<UtcDateTime> {
        self.scheduled_at
    }

    /// Why the run was started.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// What the run was told.
    #[must_use]
    pub fn params(&self) -> &Params {
        const NONE: &Params = &Params::new();
        self.params.as_deref().unwrap_or(NONE)
    }

    /// What asks the run to stop, to hand it to code that knows nothing of runs.
    #[must_use]
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The run's counters, to add to them or to watch them.
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

    /// Completes when the run is asked to stop, at once if it already was.
    pub async fn canceled(&self) {
        self.cancellation.canceled().await;
    }

    /// Returns an error if the run was asked to stop, so that `?` leaves the job.
    ///
    /// # Errors
    ///
    /// [`Canceled`], which makes the job's error count as canceled.
    pub fn check(&self) -> Result<(), Canceled> {
        self.cancellation.check()
    }
}

impl Default for RunContext {
    /// The same as [`RunContext::new`]: with new ids.
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_new_context_is_a_first_attempt_by_hand() {
        let cx = RunContext::new();
        assert_eq!((cx.attempt(), cx.cause(), cx.scheduled_at()), (1, Cause::Manual, None));
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
    fn the_scheduled_instant_is_cut_to_milliseconds() {
        let at = UtcDateTime::UNIX_EPOCH + Duration::from_millis(1_500);
        let cx = RunContext::new().with_scheduled_at(at + Duration::from_micros(999));
        assert_eq!(cx.scheduled_at(), Some(at));
    }

    #[test]
    fn attempts_count_from_one() {
        assert_eq!(RunContext::new().with_attempt(0).attempt(), 1);
        assert_eq!(RunContext::new().with_attempt(3).attempt(), 3);
    }
}
