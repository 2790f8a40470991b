//! What an orchestrator is told of a pipeline.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use godata_core::{AnyJob, Job, RetryPolicy, Schedule};

use crate::{Misfire, Overlap};

/// A pipeline for an orchestrator: a job under its name, when it runs, and by which rules.
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{RetryPolicy, job_fn};
/// use godata_orchestrator::{Misfire, Overlap, Registration};
/// use godata_scheduler::every;
///
/// let import = job_fn("import", |cx| async move { Ok(cx.check()?) });
/// let registration = Registration::new(import)
///     .schedule(every(Duration::from_secs(300))?)
///     .misfire(Misfire::Skip)
///     .overlap(Overlap::BufferOne)
///     .retry(RetryPolicy::attempts(3))
///     .timeout(Duration::from_secs(60))
///     .tag("nightly");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Registration {
    pub(crate) job: AnyJob,
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) after: Vec<String>,
    pub(crate) pool: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) options: String,
}

/// The rules that a pipeline's runs are decided by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) misfire: Misfire,
    pub(crate) grace: Duration,
    pub(crate) overlap: Overlap,
    pub(crate) retry: RetryPolicy,
    pub(crate) jitter: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) overdue: Option<Duration>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            misfire: Misfire::default(),
            grace: Duration::from_secs(60),
            overlap: Overlap::default(),
            retry: RetryPolicy::never(),
            jitter: Duration::ZERO,
            timeout: None,
            overdue: None,
        }
    }
}

/// The default rules, which most pipelines share.
static USUAL: LazyLock<Arc<Rules>> = LazyLock::new(Arc::default);

impl Registration {
    /// A pipeline that runs by hand only, until it gets a [`schedule`](Self::schedule) or runs
    /// [`after`](Self::after) another. It is called as its job is.
    pub fn new(job: impl Job) -> Self {
        Self {
            job: AnyJob::new(job),
            schedule: None,
            rules: Arc::clone(&USUAL),
            after: Vec::new(),
            pool: None,
            enabled: true,
            tags: BTreeSet::new(),
            options: String::new(),
        }
    }

    /// When it is due. Another [spec](Schedule::spec) than the stored one is an edit: what was due before is not run.
    ///
    /// A schedule is asked by the task that decides for all pipelines, and ought to answer within microseconds, as those
    /// of `godata-scheduler` do.
    pub fn schedule(self, schedule: impl Schedule) -> Self {
        Self { schedule: Some(Arc::new(schedule)), ..self }
    }

    /// Runs it after each success of another pipeline, which is registered before. Successes while a run goes on
    /// are answered by one run after it. Backfills of the other don't count.
    pub fn after(mut self, pipeline: impl Into<String>) -> Self {
        self.after.push(pipeline.into());
        self
    }

    /// What becomes of due times that were missed. Default: [`Misfire::Latest`].
    pub fn misfire(mut self, misfire: Misfire) -> Self {
        self.rules().misfire = misfire;
        self
    }

    /// How late a due time is still on time. Default: 60 s.
    pub fn misfire_grace(mut self, grace: Duration) -> Self {
        self.rules().grace = grace;
        self
    }

    /// What becomes of a due time while a run goes on. Default: [`Overlap::Skip`].
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.rules().overlap = overlap;
        self
    }

    /// How often and when a run that failed is tried again. Default: never. A retry is a run of its own with the same
    /// job id, and survives restarts.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.rules().retry = retry;
        self
    }

    /// Delays each due time's start by a share of this, the same share each time it is asked for the same due time.
    /// Default: none.
    pub fn jitter(mut self, most: Duration) -> Self {
        self.rules().jitter = most;
        self
    }

    /// How long a run may take, on a clock that nobody sets; then it has failed. Default: as long as the runner says.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.rules().timeout = Some(timeout);
        self
    }

    /// After how long a run gives an [`Overdue`](crate::Event::Overdue) event. Default: ten times its usual time, at
    /// least a minute, if it has no timeout.
    pub fn overdue(mut self, after: Duration) -> Self {
        self.rules().overdue = Some(after);
        self
    }

    /// The pool of the orchestrator that its runs take a slot of. Default: none.
    pub fn pool(self, name: impl Into<String>) -> Self {
        Self { pool: Some(name.into()), ..self }
    }

    /// Never schedules it; runs by hand are allowed.
    pub fn disabled(self) -> Self {
        Self { enabled: false, ..self }
    }

    /// Adds a word to find it by, which is stored.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// Text of your own that is stored with the pipeline, such as JSON. Default: empty.
    pub fn options(self, options: impl Into<String>) -> Self {
        Self { options: options.into(), ..self }
    }

    fn rules(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}
