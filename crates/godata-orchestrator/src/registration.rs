//! A pipeline and its rules.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use godata_core::{AnyJob, Job, Params, RetryPolicy, Schedule};

use crate::code::Code;
use crate::{Misfire, Overlap};

/// A pipeline to register: a job, its schedule, and its rules.
///
/// ```
/// use std::time::Duration;
///
/// use godata_orchestrator::{
///     BoxError, MemoryStore, Misfire, Orchestrator, Overlap, Registration, RetryPolicy, job_fn,
/// };
/// use godata_runner::Runner;
/// use godata_scheduler::every;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let import = job_fn("import", |_cx| async { Ok(()) });
/// let registration = Registration::new(import)
///     .schedule(every(Duration::from_secs(300))?)
///     .misfire(Misfire::Skip)
///     .overlap(Overlap::BufferOne)
///     .retry(RetryPolicy::attempts(3))
///     .timeout(Duration::from_secs(60))
///     .tag("nightly");
/// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
/// orchestrator.register_with(registration).await?;
///
/// let stored = orchestrator.pipelines().await?;
/// assert!(stored[0].tags.contains("nightly"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Registration {
    pub(crate) code: Code,
    pub(crate) rules: Arc<Rules>,
    pub(crate) after: Vec<String>,
    pub(crate) after_all: Vec<Vec<String>>,
    pub(crate) pool: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) options: String,
}

/// The rules for a pipeline's runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) misfire: Misfire,
    pub(crate) grace: Duration,
    pub(crate) overlap: Overlap,
    pub(crate) retry: RetryPolicy,
    pub(crate) jitter: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) overdue: Option<Duration>,
    /// What all runs are told.
    pub(crate) params: Params,
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
            params: Params::new(),
        }
    }
}

impl Rules {
    /// Why the rules contradict each other, if they do.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let queues = matches!(self.overlap, Overlap::BufferAll(_) | Overlap::Allow);
        if self.misfire == Misfire::All && !queues {
            return Some(
                "Misfire::All needs Overlap::BufferAll or Overlap::Allow: all but one would be skipped otherwise",
            );
        }
        if self.overlap == Overlap::BufferAll(0) {
            return Some("Overlap::BufferAll(0) buffers nothing: use Overlap::Skip instead");
        }
        if self.retry.attempts == 0 {
            return Some(
                "a retry policy of 0 attempts would never run it: the first attempt counts, so allow at least 1",
            );
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Some("a timeout of zero would fail every run: set a longer one, or none");
        }
        None
    }
}

/// The default rules, which most pipelines share.
static USUAL: LazyLock<Arc<Rules>> = LazyLock::new(Arc::default);

impl Registration {
    /// Makes the registration of a pipeline that has the name of its job. It runs only by hand, unless it gets a
    /// [`schedule`](Self::schedule) or runs [`after`](Self::after) other pipelines.
    pub fn new(job: impl Job) -> Self {
        Self {
            code: Code::new(AnyJob::new(job), None),
            rules: Arc::clone(&USUAL),
            after: Vec::new(),
            after_all: Vec::new(),
            pool: None,
            enabled: true,
            tags: BTreeSet::new(),
            options: String::new(),
        }
    }

    /// Adds a schedule, which says when the pipeline is due. If the stored [spec](Schedule::spec)
    /// [means](Schedule::has_spec) another schedule, this is an edit: due times before now are skipped.
    ///
    /// Several calls mean "or": the pipeline is due whenever one of its schedules is, and once if several are due at the same
    /// instant. Together they are one schedule, with one text.
    ///
    /// The task that serves all pipelines calls the schedule. So it should answer within microseconds, as the schedules
    /// of `godata-scheduler` do.
    pub fn schedule(self, schedule: impl Schedule) -> Self {
        self.schedule_with(schedule, Params::new())
    }

    /// Adds a [schedule](Self::schedule) whose runs get these parameters. They replace those of the
    /// [registration](Self::params) that have the same names.
    ///
    /// If several schedules are due at the same instant, the pipeline runs once, with the parameters of all of them; for each
    /// name, the schedule that was added last wins. To run once for each, register a pipeline for each. A
    /// [backfill](crate::Orchestrator::backfill) of a due time gets the same parameters as the run of that due time.
    ///
    /// Other parameters are not an edit of the schedule.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_orchestrator::{
    ///     BoxError, MemoryStore, Orchestrator, Params, Registration, RunContext, RunOptions, job_fn,
    /// };
    /// use godata_runner::Runner;
    /// use godata_scheduler::{every, parse};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let import = job_fn("import", |cx: RunContext| async move {
    ///     println!("import of {} orders", cx.params().require("mode")?);
    ///     Ok(())
    /// });
    /// let registration = Registration::new(import)
    ///     .param("mode", "new")
    ///     .schedule(every(Duration::from_secs(3_600))?)
    ///     .schedule_with(parse("daily 02:00")?, Params::new().with("mode", "all"));
    ///
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// orchestrator.register_with(registration).await?;
    /// let run = orchestrator.run_pipeline_with("import", RunOptions::new().param("day", "2024-02-29")).await?;
    /// assert_eq!(run.context().params(), &Params::new().with("day", "2024-02-29").with("mode", "new"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn schedule_with(mut self, schedule: impl Schedule, params: Params) -> Self {
        self.code.add_schedule(Arc::new(schedule), params);
        self
    }

    /// Sets all parameters that the runs of the pipeline get. A job reads them from its
    /// [context](crate::RunContext::params). Default: none.
    ///
    /// They count for every run, whatever started it. For each name, [`RunOptions`](crate::RunOptions) and
    /// [`Backfill`](crate::Backfill) win over the [schedule](Self::schedule_with), and that wins over the registration. What
    /// results is stored in the row of the run when that is decided. A retry, and a run that is repeated after a crash, has the
    /// parameters of the run that it repeats, even if the pipeline was registered with others since then.
    ///
    /// Parameters are stored, and appear in errors, so don't put passwords into them. They are not logged.
    pub fn params(mut self, params: Params) -> Self {
        self.rules().params = params;
        self
    }

    /// Sets one [parameter](Self::params), and keeps the others.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.rules().params.insert(name, value);
        self
    }

    /// Runs the pipeline after another one has succeeded. The other one must already be registered or stored. If it was
    /// unregistered, or renamed and is only stored, nothing succeeds until it is registered again.
    ///
    /// Several calls mean "or": with `.after("a").after("b")` the pipeline runs after each success of `a` and after each
    /// success of `b`. Successes while a run is queued or in progress lead to one run after it. Backfills of the other
    /// pipeline don't count. To wait until both have succeeded, call [`after_all`](Self::after_all).
    pub fn after(mut self, pipeline: impl Into<String>) -> Self {
        self.after.push(pipeline.into());
        self
    }

    /// Runs the pipeline once all of these pipelines have succeeded since its last run for that reason, or since its
    /// registration if there was none. Each of them may have succeeded more than once, and in any order. What they did is
    /// stored, so a restart loses nothing.
    ///
    /// A success counts as answered when the run is queued, however that run ends. Otherwise the rules of
    /// [`after`](Self::after) hold. Several calls, and calls of `after`, mean "or": with
    /// `.after_all(["orders", "prices"]).after("rates")` the pipeline runs after each success of `rates`, and also once `orders`
    /// and `prices` have both succeeded. A pipeline can be named in only one of these calls.
    ///
    /// ```
    /// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator, Registration, job_fn};
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let job = |name| job_fn(name, |_cx| async { Ok(()) });
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// orchestrator.register_with(Registration::new(job("orders"))).await?;
    /// orchestrator.register_with(Registration::new(job("prices"))).await?;
    /// orchestrator.register_with(Registration::new(job("report")).after_all(["orders", "prices"])).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn after_all(mut self, pipelines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.after_all.push(pipelines.into_iter().map(Into::into).collect());
        self
    }

    /// Sets what happens to due times that were missed. Default: [`Misfire::Latest`].
    pub fn misfire(mut self, misfire: Misfire) -> Self {
        self.rules().misfire = misfire;
        self
    }

    /// Sets how late a due time may be and still count as on time. Default: 60 s.
    pub fn misfire_grace(mut self, grace: Duration) -> Self {
        self.rules().grace = grace;
        self
    }

    /// Sets what happens to a due time while a run is queued or in progress. Default: [`Overlap::Skip`].
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.rules().overlap = overlap;
        self
    }

    /// Sets how often and when a failed run is retried. Default: never.
    ///
    /// Every failure that is not marked [`Permanent`](crate::Permanent) is retried: an error, a panic, a timeout, a job that
    /// could not be started. A run that a caller asked to stop is not retried. A retry is its own run with the same job id,
    /// and survives restarts. A [`Permanent`](crate::Permanent) that is the outermost error in an `anyhow::Error` is not
    /// found; [`JobErrorKind::of`](crate::JobErrorKind::of) says what to do.
    ///
    /// A job that does not stop within the runner's `stop_grace` after its timeout is dropped, and its retry may start. Work
    /// that the job handed to other threads, such as `spawn_blocking` or a slow closure of a pipeline, can't be dropped and
    /// continues beside the retry, whatever the [`Overlap`]. Let such a job check its context, or raise the `stop_grace`.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.rules().retry = retry;
        self
    }

    /// Delays the start of each run of the schedule by a share of `most`. The share follows from the pipeline's name and the
    /// due time, so it is the same in all instances and after a restart. The delay counts from the due time. If that instant
    /// has passed already, as after downtime, it counts from now. Default: no delay.
    pub fn jitter(mut self, most: Duration) -> Self {
        self.rules().jitter = most;
        self
    }

    /// Sets how long a job may run, in monotonic time. A job that takes longer is asked to stop, and its run fails. A job that
    /// does not check its context is dropped after the runner's `stop_grace`, 5 s by default in `godata-runner`, and its run
    /// ends only then. A job that blocks its thread can't be dropped: its run ends when it returns. Work that it handed to
    /// other threads [may continue](Self::retry). Default: the timeout of the runner, if it has one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.rules().timeout = Some(timeout);
        self
    }

    /// Sets how long a job may run until an [`Overdue`](crate::Event::Overdue) event is sent. Default: a second more than its
    /// [timeout](Self::timeout). Without a timeout, ten times its usual duration, but at least a minute; then there is no
    /// event before its first success in this process.
    pub fn overdue(mut self, after: Duration) -> Self {
        self.rules().overdue = Some(after);
        self
    }

    /// Sets the [pool](crate::OrchestratorBuilder::pool) in which its runs take a slot. Default: none.
    pub fn pool(self, name: impl Into<String>) -> Self {
        Self { pool: Some(name.into()), ..self }
    }

    /// Disables its schedule and [`after`](Self::after). Runs by hand are allowed. A disabled pipeline has no due times.
    pub fn disabled(self) -> Self {
        Self { enabled: false, ..self }
    }

    /// Adds a tag, which is stored with the pipeline.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// Sets text of your own, such as JSON, to store in [`PipelineRecord::options`](crate::PipelineRecord). The
    /// orchestrator does not read it. Default: empty.
    pub fn options(self, options: impl Into<String>) -> Self {
        Self { options: options.into(), ..self }
    }

    fn rules(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}
