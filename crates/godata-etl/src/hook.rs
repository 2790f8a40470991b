//! What a pipeline tells its observers.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{JobId, RunContext};

use crate::{PipelineError, RunReport};

/// Observes the runs of a pipeline; every method does nothing unless you write it.
///
/// Reading, steps and writing are told per batch, from the thread that works on it, so the calls for
/// different batches overlap and arrive in any order. Each start is followed by exactly one end, also when
/// a stage fails, panics, is canceled or its run is dropped: the end then says so. [`on_pipeline_end`] comes
/// last; no code of the pipeline runs after it. Where a run's future is dropped, the ends come once the last
/// worker has stopped.
///
/// A hook that panics is contained and logged, and changes nothing in the run. Keep hooks quick: they hold up
/// the worker that calls them.
///
/// ```
/// use std::time::Duration;
/// use godata_etl::{PipelineEnd, PipelineHook, PipelineInfo, RunContext};
///
/// struct Log;
///
/// impl PipelineHook for Log {
///     fn on_pipeline_end(&self, _: &RunContext, pipeline: &PipelineInfo, end: &PipelineEnd<'_>) {
///         println!("{} {} after {:?}", pipeline.name(), end.outcome, end.took);
///     }
/// }
/// ```
///
/// [`on_pipeline_end`]: Self::on_pipeline_end
#[expect(unused_variables, reason = "the names of the parameters are documentation")]
pub trait PipelineHook: Send + Sync + 'static {
    /// A run begins; nothing has been opened yet.
    fn on_pipeline_start(&self, cx: &RunContext, pipeline: &PipelineInfo) {}

    /// The run is over, its output committed or removed.
    fn on_pipeline_end(&self, cx: &RunContext, pipeline: &PipelineInfo, end: &PipelineEnd<'_>) {}

    /// The next batch is about to be fetched; the first time before the reader opens its input.
    fn on_read_start(&self, cx: &RunContext, pipeline: &PipelineInfo) {}

    /// A batch was fetched and decoded, or there was none left (no records, succeeded).
    fn on_read_end(&self, cx: &RunContext, pipeline: &PipelineInfo, end: &StageEnd<'_>) {}

    /// A step begins with a batch of this many records.
    fn on_step_start(&self, cx: &RunContext, pipeline: &PipelineInfo, step: &StepInfo, records: u64) {}

    /// A step has done its batch.
    fn on_step_end(&self, cx: &RunContext, pipeline: &PipelineInfo, step: &StepInfo, end: &StageEnd<'_>) {}

    /// A batch of this many records is about to be encoded and written.
    fn on_write_start(&self, cx: &RunContext, pipeline: &PipelineInfo, records: u64) {}

    /// A batch was written. Opening and committing the output are not batches: when they fail,
    /// [`on_pipeline_end`](Self::on_pipeline_end) says so.
    fn on_write_end(&self, cx: &RunContext, pipeline: &PipelineInfo, end: &StageEnd<'_>) {}
}

/// Observes the executions of a [`PipelineJob`](crate::PipelineJob); every method does nothing unless you
/// write it. A hook that panics is contained and logged.
#[expect(unused_variables, reason = "the names of the parameters are documentation")]
pub trait JobHook: Send + Sync + 'static {
    /// The job begins, before its pipeline does.
    fn on_job_start(&self, cx: &RunContext, job: &JobInfo) {}

    /// The job is over, after its pipeline. Called exactly once per start, also for a dropped run.
    fn on_job_end(&self, cx: &RunContext, job: &JobInfo, end: &PipelineEnd<'_>) {}
}

/// Which pipeline a hook is told about.
#[derive(Clone, Debug)]
pub struct PipelineInfo {
    pub(crate) name: Arc<str>,
    pub(crate) steps: Arc<[StepInfo]>,
}

impl PipelineInfo {
    /// The pipeline's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[StepInfo] {
        &self.steps
    }
}

/// A step of a pipeline: its place, from 0, and what kind it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInfo {
    pub(crate) index: usize,
    pub(crate) name: &'static str,
}

impl StepInfo {
    /// The place among the steps, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The method that made it, such as `filter`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for StepInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step[{}] ({})", self.index, self.name)
    }
}

/// Which job a hook is told about.
#[derive(Clone, Debug)]
pub struct JobInfo {
    pub(crate) job_id: JobId,
    pub(crate) pipeline_name: Arc<str>,
}

impl JobInfo {
    /// The job's id.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.job_id
    }

    /// The name of its pipeline.
    #[must_use]
    pub fn pipeline_name(&self) -> &str {
        &self.pipeline_name
    }
}

/// How a stage did with one batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageEnd<'a> {
    /// Records that went in; 0 for reading.
    pub records_in: u64,
    /// Records that came out; 0 unless it succeeded.
    pub records_out: u64,
    /// How it ended.
    pub outcome: Outcome<'a>,
    /// How long the stage worked on the batch, waiting for other stages not counted.
    pub took: Duration,
}

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipelineEnd<'a> {
    /// How it ended; if it failed, with its [`PipelineError`](crate::PipelineError).
    pub outcome: Outcome<'a, PipelineError>,
    /// From start to end.
    pub took: Duration,
    /// What was read, dropped and written, as far as it came.
    pub report: &'a RunReport,
}

/// How something ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a, E: ?Sized = dyn Error + Send + Sync + 'static> {
    /// It was done.
    Succeeded,
    /// It failed, or panicked.
    Failed(&'a E),
    /// It was stopped before it was done: the run was canceled, dropped, or failed elsewhere, or a `take` had
    /// enough.
    Canceled,
}

impl<E: ?Sized> Clone for Outcome<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: ?Sized> Copy for Outcome<'_, E> {}

impl<E: fmt::Display + ?Sized> fmt::Display for Outcome<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("succeeded"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Canceled => f.write_str("canceled"),
        }
    }
}
