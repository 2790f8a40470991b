//! Observers of runs and jobs.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{JobId, RunContext, excerpt_within};

use crate::error::MESSAGE;
use crate::{PipelineError, Rejected, RunReport};

/// Observes the runs of a pipeline. Every method does nothing by default.
///
/// The methods for reading, steps and writing are called once per batch, on the thread that works on it, so the calls
/// for different batches overlap and come in any order. Each start is followed by exactly one end, even if a stage
/// fails, panics or is canceled, or its run is dropped; the outcome then says so. [`on_pipeline_end`] comes last: no
/// code of the pipeline runs after it. If a run's future is dropped, the ends come once the last worker has stopped.
///
/// A panic in a hook is contained and logged, and changes nothing in the run. Keep hooks quick, because the worker waits
/// for them.
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
    /// A run starts. Nothing has been opened yet.
    fn on_pipeline_start(&self, cx: &RunContext, pipeline: &PipelineInfo) {}

    /// The run has ended. Its output has been committed or discarded.
    fn on_pipeline_end(&self, cx: &RunContext, pipeline: &PipelineInfo, end: &PipelineEnd<'_>) {}

    /// The next batch is about to be fetched. The first call comes before the reader opens its input.
    fn on_read_start(&self, cx: &RunContext, pipeline: &PipelineInfo) {}

    /// A batch has been fetched and decoded. At the end of the input, there is one more call, with 0 records and a
    /// success as its outcome.
    fn on_read_end(&self, cx: &RunContext, pipeline: &PipelineInfo, end: &StageEnd<'_>) {}

    /// A step starts on a batch of this many records.
    fn on_step_start(&self, cx: &RunContext, pipeline: &PipelineInfo, step: &StepInfo, records: u64) {}

    /// A step has finished its batch.
    fn on_step_end(&self, cx: &RunContext, pipeline: &PipelineInfo, step: &StepInfo, end: &StageEnd<'_>) {}

    /// A batch of this many records is about to be encoded and written.
    fn on_write_start(&self, cx: &RunContext, pipeline: &PipelineInfo, records: u64) {}

    /// A batch has been written. Opening and committing the output are not batches: only
    /// [`on_pipeline_end`](Self::on_pipeline_end) says that they failed.
    fn on_write_end(&self, cx: &RunContext, pipeline: &PipelineInfo, end: &StageEnd<'_>) {}

    /// A record was rejected; see [`OnError`](crate::OnError). Called once for each, one at a time, in the order in which
    /// the records were read, before their batch is written. If a run exceeds its limit, the last call is for the
    /// record that exceeded it.
    fn on_reject(&self, cx: &RunContext, pipeline: &PipelineInfo, rejected: &Rejected) {}
}

/// Observes the executions of a [`PipelineJob`](crate::PipelineJob). Every method does nothing by default. A panic in a
/// hook is contained and logged.
///
/// ```
/// use godata_etl::{JobHook, JobInfo, PipelineEnd, RunContext};
///
/// struct Print;
///
/// impl JobHook for Print {
///     fn on_job_end(&self, _: &RunContext, job: &JobInfo, end: &PipelineEnd<'_>) {
///         println!("job {} of {} {}", job.job_id(), job.pipeline_name(), end.outcome);
///     }
/// }
/// ```
#[expect(unused_variables, reason = "the names of the parameters are documentation")]
pub trait JobHook: Send + Sync + 'static {
    /// The job starts, before its pipeline does.
    fn on_job_start(&self, cx: &RunContext, job: &JobInfo) {}

    /// The job has ended, after its pipeline. Called exactly once per start, even if the run was dropped.
    fn on_job_end(&self, cx: &RunContext, job: &JobInfo, end: &PipelineEnd<'_>) {}
}

/// The pipeline that a hook is called for.
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

/// A step of a pipeline: its index and its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInfo {
    pub(crate) index: usize,
    pub(crate) name: &'static str,
}

impl StepInfo {
    /// The index among the steps, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The method of [`Flow`](crate::Flow) that made it, such as `filter`, or the name of a
    /// [`batch_step`](crate::Flow::batch_step).
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

/// The job that a hook is called for.
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

/// The end of a stage's work on one batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageEnd<'a> {
    /// How many records went in; 0 for reading.
    pub records_in: u64,
    /// How many records came out; 0 unless it succeeded.
    pub records_out: u64,
    /// How many of the records were rejected; 0 unless it succeeded. For reading, `records_out` does not include them.
    pub rejected: u64,
    /// How it ended.
    pub outcome: Outcome<'a>,
    /// How long the stage worked on the batch, without the time it waited for other stages.
    pub took: Duration,
}

/// The end of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipelineEnd<'a> {
    /// How it ended. A failure has the [`PipelineError`].
    pub outcome: Outcome<'a, PipelineError>,
    /// The time from the start of the run to its end.
    pub took: Duration,
    /// What was read, dropped and written by then.
    pub report: &'a RunReport,
}

/// How a run, or a stage's work on one batch, ended. `Display` prints it in words.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a, E: ?Sized = dyn Error + Send + Sync + 'static> {
    /// It finished.
    Succeeded,
    /// It failed or panicked.
    Failed(&'a E),
    /// It was stopped before it finished: the run was canceled or dropped, it failed elsewhere, or a `take` needed no
    /// more records.
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
            Self::Failed(error) => write!(f, "failed: {}", excerpt_within(&error.to_string(), MESSAGE)),
            Self::Canceled => f.write_str("canceled"),
        }
    }
}
