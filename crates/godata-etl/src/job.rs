//! One execution of a pipeline, and its result.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use godata_core::{Clock, JobId, RunContext, SystemClock};
use time::UtcDateTime;

use crate::hooks::JobObserver;
use crate::{JobHook, JobInfo, Pipeline, PipelineError, RunReport};

/// One execution of a pipeline. It has an id, and remembers when it ran and how it ended.
///
/// It is not a [`Job`](crate::Job): a runner or an orchestrator takes the [`Pipeline`], and keeps its results itself.
///
/// ```
/// use godata_etl::{Pipeline, PipelineJob, RunContext};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), godata_etl::BoxError> {
/// let pipeline = Pipeline::builder("demo").read_vec(vec![1, 2]).write_fn(|_, _| async { Ok(()) })?;
/// let mut job = PipelineJob::new(pipeline);
/// job.run(&RunContext::new()).await?;
/// assert!(job.duration().is_some() && job.error().is_none());
/// # Ok(())
/// # }
/// ```
pub struct PipelineJob {
    id: JobId,
    pipeline: Pipeline,
    hooks: Vec<Arc<dyn JobHook>>,
    /// Shared with the run, which ends later than this if its future is dropped.
    execution: Arc<Mutex<Execution>>,
}

#[derive(Clone, Debug, Default)]
struct Execution {
    started_at: Option<UtcDateTime>,
    ended: Option<(UtcDateTime, Result<RunReport, PipelineError>)>,
}

impl PipelineJob {
    /// A job for one execution of `pipeline`, with a new id.
    #[must_use]
    pub fn new(pipeline: Pipeline) -> Self {
        Self { id: JobId::generate(), pipeline, hooks: Vec::new(), execution: Arc::default() }
    }

    /// Adds a hook, which observes the execution. Hooks are called in the order in which they were added.
    #[must_use]
    pub fn hook(mut self, hook: impl JobHook) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }

    /// Runs the pipeline with the id of this job in the context, and remembers the times and the result. A second call
    /// replaces those of the first.
    ///
    /// # Errors
    ///
    /// Those of [`Pipeline::run`].
    pub async fn run(&mut self, cx: &RunContext) -> Result<RunReport, PipelineError> {
        let started = Execution { started_at: Some(SystemClock.now()), ended: None };
        let execution = Arc::new(Mutex::new(started));
        self.execution = Arc::clone(&execution);
        let end = JobObserver {
            info: JobInfo { job_id: self.id, pipeline_name: self.pipeline.shared_name() },
            hooks: self.hooks.clone(),
            record: Box::new(move |result| record(&execution, result)),
        };
        let result = self.pipeline.run_as_job(&cx.clone().with_job_id(self.id), end).await;
        record(&self.execution, &result);
        result
    }

    /// The job's id.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The name of the pipeline.
    #[must_use]
    pub fn name(&self) -> &str {
        self.pipeline.name()
    }

    /// The pipeline.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// When the execution started; `None` before [`run`](Self::run).
    #[must_use]
    pub fn started_at(&self) -> Option<UtcDateTime> {
        self.execution().started_at
    }

    /// When the execution ended; `None` until then.
    #[must_use]
    pub fn ended_at(&self) -> Option<UtcDateTime> {
        self.execution().ended.map(|(at, _)| at)
    }

    /// The time from start to end by the system clock, or zero if that clock was set back in between; `None` until the
    /// end.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let Execution { started_at, ended } = self.execution();
        Some((ended?.0 - started_at?).try_into().unwrap_or_default())
    }

    /// The error with which it ended; `None` until the end, and if it succeeded.
    #[must_use]
    pub fn error(&self) -> Option<PipelineError> {
        self.execution().ended.and_then(|(_, result)| result.err())
    }

    /// The report of what it did; `None` until the end, and if the run could not start.
    #[must_use]
    pub fn report(&self) -> Option<RunReport> {
        match self.execution().ended?.1 {
            Ok(report) => Some(report),
            Err(error) => error.report().cloned(),
        }
    }

    fn execution(&self) -> Execution {
        self.execution.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Stores the result of an execution, unless it has one.
fn record(execution: &Mutex<Execution>, result: &Result<RunReport, PipelineError>) {
    let mut execution = execution.lock().unwrap_or_else(PoisonError::into_inner);
    execution.ended.get_or_insert_with(|| (SystemClock.now(), result.clone()));
}

impl fmt::Debug for PipelineJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineJob")
            .field("id", &self.id)
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
