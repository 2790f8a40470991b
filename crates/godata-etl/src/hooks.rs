//! Calls the hooks of a run, and contains their panics.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::engine::{Run, Stage};
use crate::error::Panicked;
use crate::{
    JobHook, JobInfo, Outcome, PipelineEnd, PipelineError, PipelineHook, Rejected, RunReport, StageEnd,
};

/// The hooks of a run.
pub(crate) struct Hooks {
    pipeline: Vec<Arc<dyn PipelineHook>>,
    job: Option<JobObserver>,
}

type KeepResult = Box<dyn Fn(&Result<RunReport, PipelineError>) + Send + Sync>;

/// A job that observes the run it started.
pub(crate) struct JobObserver {
    pub(crate) info: JobInfo,
    pub(crate) hooks: Vec<Arc<dyn JobHook>>,
    /// Stores the result in the job. Called once, before the hooks.
    pub(crate) record: KeepResult,
}

impl Hooks {
    pub(crate) fn new(pipeline: Vec<Arc<dyn PipelineHook>>, job: Option<JobObserver>) -> Self {
        Self { pipeline, job }
    }

    pub(crate) fn run_start(&self, run: &Run) {
        if let Some(job) = &self.job {
            call_each(run, &job.hooks, |hook| hook.on_job_start(run.context(), &job.info));
        }
        call_each(run, &self.pipeline, |hook| hook.on_pipeline_start(run.context(), run.info()));
    }

    pub(crate) fn run_end(&self, run: &Run, report: &RunReport, result: &Result<RunReport, PipelineError>) {
        let outcome = match result {
            Ok(_) => Outcome::Succeeded,
            Err(error) if error.is_canceled() => Outcome::Canceled,
            Err(error) => Outcome::Failed(error),
        };
        let end = PipelineEnd { outcome, took: report.took, report };
        call_each(run, &self.pipeline, |hook| hook.on_pipeline_end(run.context(), run.info(), &end));
        if let Some(job) = &self.job {
            (job.record)(result);
            call_each(run, &job.hooks, |hook| hook.on_job_end(run.context(), &job.info, &end));
        }
    }

    pub(crate) fn rejected(&self, run: &Run, rejected: &Rejected) {
        call_each(run, &self.pipeline, |hook| hook.on_reject(run.context(), run.info(), rejected));
    }

    pub(crate) fn stage_start(&self, run: &Run, stage: Stage, records: u64) {
        call_each(run, &self.pipeline, |hook| match stage {
            Stage::Read => hook.on_read_start(run.context(), run.info()),
            Stage::Step(at) => hook.on_step_start(run.context(), run.info(), &run.info().steps[at], records),
            Stage::Write => hook.on_write_start(run.context(), run.info(), records),
        });
    }

    pub(crate) fn stage_end(&self, run: &Run, stage: Stage, end: &StageEnd<'_>) {
        call_each(run, &self.pipeline, |hook| match stage {
            Stage::Read => hook.on_read_end(run.context(), run.info(), end),
            Stage::Step(at) => hook.on_step_end(run.context(), run.info(), &run.info().steps[at], end),
            Stage::Write => hook.on_write_end(run.context(), run.info(), end),
        });
    }
}

/// Calls each hook within the run's span. One that panics is logged, and the next is still called.
fn call_each<H: ?Sized>(run: &Run, hooks: &[Arc<H>], call: impl Fn(&H)) {
    if hooks.is_empty() {
        return;
    }
    let _in_run = run.run_span().enter();
    for hook in hooks {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(hook))) {
            tracing::error!(error = %Panicked::from_payload(panic), "a hook panicked");
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("pipeline", &self.pipeline.len()).finish_non_exhaustive()
    }
}
