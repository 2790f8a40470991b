//! The public handle of an orchestrator.

use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
#[cfg(feature = "test-util")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Acquire};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use godata_core::{
    AnyStore, Clock, Job, JobRunner, PipelineName, PipelineRecord, RunHandle, RunId, RunKey, RunQuery,
    RunRecord, RunResult, RunStatus, Schedule, Store, StoreError, panic_message,
};
use time::UtcDateTime;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
#[cfg(feature = "test-util")]
use tokio::task::AbortHandle;

use crate::builder::Setup;
use crate::command::{Answer, Ask, Command, Reply};
use crate::decide::DueTimes;
use crate::engine::Engine;
use crate::events::EventSender;
use crate::persist::within;
use crate::threads::Threads;
use crate::{
    Backfill, DrainReport, Events, History, OrchestratorBuilder, OrchestratorError, RegisterError,
    Registration, RegistrationInfo, RunOptions, Status, logs,
};

/// How many due times [`Orchestrator::upcoming`] computes at most. It does so in the task of its caller.
const MOST_UPCOMING: usize = 10_000;

/// Runs jobs on schedules and by hand, and keeps their history.
///
/// Clones are cheap and refer to the same orchestrator. It starts with its first call, and fires no schedule before
/// [`start_scheduler`](Self::start_scheduler). When the last handle is dropped, nothing new is decided. Running jobs end by
/// themselves, and their rows are written. The store is in use until then; [`shutdown`](Self::shutdown) waits for that.
///
/// If the future of a call is dropped, the change may or may not be made. It is not made if the orchestrator has not
/// begun with it, for example because the store does not answer an earlier call.
///
/// # Threads
///
/// An orchestrator does not run on its caller's runtime, and its calls work without one. Its loop runs on a thread that all
/// orchestrators of the process share. Their jobs share other threads: one more than four per core, and at least 17. So a job
/// that blocks its thread, because it computes for long or waits for a device, holds up neither the loop and its timers, nor
/// signals, nor the tasks of the caller. It holds up other jobs only if all those threads are blocked, which takes a
/// [`concurrency`](OrchestratorBuilder::concurrency) above the default, or tasks that jobs spawn. Steps of pipelines that
/// block their threads on all cores hold up other pipelines for a second. The store and the schedules are called on the
/// thread of the loop, so they must not block it.
///
/// These threads live as long as the process, and a process that ends does not wait for them.
/// [`on_current_runtime`](OrchestratorBuilder::on_current_runtime) does without them, for tests with paused time.
///
/// ```
/// use std::time::Duration;
///
/// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator, RunQuery, job_fn};
/// use godata_runner::Runner;
/// use godata_scheduler::every;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
/// let import = job_fn("import", |_cx| async { Ok(()) });
/// orchestrator.register(import, every(Duration::from_secs(300))?).await?;
/// orchestrator.start_scheduler().await?;
///
/// let run = orchestrator.run_pipeline("import").await?;
/// run.done().await?.success()?;
///
/// let history = orchestrator.history(&RunQuery::new()).await?;
/// assert_eq!(history.runs.len(), 1);
/// orchestrator.shutdown(Duration::from_secs(30)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Orchestrator(Arc<Inner>);

struct Inner {
    store: AnyStore,
    clock: Arc<dyn Clock>,
    events: EventSender,
    store_timeout: Duration,
    is_on_current_runtime: bool,
    commands: mpsc::Sender<Command>,
    /// The loop, until the first call spawns it.
    engine: Mutex<Option<Box<Engine>>>,
    /// Whether the loop has ended by itself, after a shutdown.
    ended: Arc<AtomicBool>,
    #[cfg(feature = "test-util")]
    task: OnceLock<AbortHandle>,
}

/// How many commands may wait for the loop before callers have to wait.
const COMMANDS: usize = 1_024;

impl Orchestrator {
    /// Makes an orchestrator on a store, with a runner for its jobs. [`OrchestratorBuilder`] lists the other defaults.
    pub fn new(store: impl Store, runner: impl JobRunner) -> Self {
        Self::builder(store, runner).built()
    }

    /// Returns a builder for an orchestrator with limits, pools, a clock or recovery.
    ///
    /// The store keeps pipelines and runs. If it is not [shared](Store::shared), one orchestrator uses it at a time. Another one in
    /// the same process can take over from it on a clone of its [`AnyStore`]. Two at once lose nothing and run nothing twice, but
    /// neither looks for what the other has changed: runs that it left queued, a pause that it ended, or a success.
    ///
    /// The runner runs the jobs. It should have no limit and no pools of its own: a run that waits in the runner counts as
    /// running, while a run that waits for the orchestrator's [`concurrency`](OrchestratorBuilder::concurrency) is durably
    /// queued.
    pub fn builder(store: impl Store, runner: impl JobRunner) -> OrchestratorBuilder {
        OrchestratorBuilder::new(AnyStore::new(store), Arc::new(runner))
    }

    pub(crate) fn of(setup: Setup, is_on_current_runtime: bool) -> Self {
        let (store, clock, events) = (setup.store.clone(), Arc::clone(&setup.clock), setup.events.clone());
        let store_timeout = setup.store_timeout;
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let ended = Arc::new(AtomicBool::new(false));
        let engine = Mutex::new(Some(Box::new(Engine::new(setup, receiver, Arc::clone(&ended)))));
        Self(Arc::new(Inner {
            store,
            clock,
            events,
            store_timeout,
            is_on_current_runtime,
            commands,
            engine,
            ended,
            #[cfg(feature = "test-util")]
            task: OnceLock::new(),
        }))
    }

    /// Registers a job with a schedule, under the default rules. The job's name becomes the pipeline's.
    ///
    /// The registration is durable when this returns. If the pipeline is stored with the same schedule, it continues where it
    /// was. If it is stored with another schedule, this is an edit: due times before now are not run.
    ///
    /// # Errors
    ///
    /// [`RegisterError`], most often because the name is registered already.
    // Not an `async fn`, whose future would have the types of the arguments: the compiler would report each mistake in them
    // at the call, at the future, and at the `await`.
    pub fn register(
        &self,
        job: impl Job,
        schedule: impl Schedule,
    ) -> BoxFuture<'_, Result<(), RegisterError>> {
        self.register_with(Registration::new(job).schedule(schedule)).boxed()
    }

    /// Registers a job with its own rules. [`Registration`] has an example.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]. Rules that contradict each other are refused with the reason.
    pub async fn register_with(&self, registration: Registration) -> Result<(), RegisterError> {
        self.ask(|reply| Command::Register(Box::new(registration), reply)).await
    }

    /// Unregisters a pipeline. Its queued runs are canceled, running ones continue, and its history stays.
    ///
    /// The pipeline may also be one that is only stored, because the program no longer registers it. So after renaming a job,
    /// unregister the old name once: until then its row says that it is enabled, its waiting retries stay queued, and its due
    /// times have no row.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownPipeline`], or any error of the store.
    pub async fn unregister(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about_stored(pipeline, Ask::Unregister).await.map(drop)
    }

    /// Runs a pipeline now, even while it is paused or the scheduler is stopped.
    ///
    /// The row is durable when this returns. The run is queued if there is no slot, or if its overlap rule queues it. A
    /// refused run has no row.
    ///
    /// The handle is for the first attempt: [`done`](RunHandle::done) returns when that has ended, even if a
    /// [retry](Registration::retry) is queued then. [`last_attempt`](Self::last_attempt) waits for the retries as well.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::AlreadyRunning`] under [`Overlap::Skip`](crate::Overlap::Skip), or if the buffer is full. A
    /// retry that waits counts as well, even one that an earlier process has left in the store. After
    /// [`OrchestratorError::Unconfirmed`] the run may still start. To ask again without running twice, give both calls the
    /// same [token](RunOptions::token).
    pub async fn run_pipeline(&self, pipeline: &str) -> Result<RunHandle, OrchestratorError> {
        self.run_pipeline_with(pipeline, RunOptions::new()).await
    }

    /// Runs a pipeline now with parameters, or with a token that makes a second call harmless.
    ///
    /// A token that was used before returns the handle of that run, if it is queued or running in this instance.
    ///
    /// # Errors
    ///
    /// The errors of [`run_pipeline`](Self::run_pipeline), and [`OrchestratorError::Duplicate`] if the token was used for a
    /// run that has ended or belongs to another instance.
    ///
    /// ```
    /// use godata_orchestrator::{
    ///     BoxError, MemoryStore, Orchestrator, OrchestratorError, Registration, RunContext, RunOptions, job_fn,
    /// };
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let export = job_fn("export", |cx: RunContext| async move {
    ///     assert_eq!(cx.params().require("day")?, "2024-02-29");
    ///     Ok(())
    /// });
    /// orchestrator.register_with(Registration::new(export)).await?;
    ///
    /// let options = RunOptions::new().param("day", "2024-02-29").token("deploy-17");
    /// let run = orchestrator.run_pipeline_with("export", options.clone()).await?;
    /// run.done().await?.success()?;
    ///
    /// let again = orchestrator.run_pipeline_with("export", options).await;
    /// assert!(matches!(again, Err(OrchestratorError::Duplicate { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_pipeline_with(
        &self,
        pipeline: &str,
        options: RunOptions,
    ) -> Result<RunHandle, OrchestratorError> {
        match self.about(pipeline, Ask::Run(options)).await? {
            Answer::Run(handle) => Ok(handle),
            Answer::Done | Answer::Runs(_) => Err(OrchestratorError::ShuttingDown),
        }
    }

    /// Waits until a run and its retries have ended and their rows are durable, and returns the result of the last attempt.
    ///
    /// The time between two attempts counts: with a [`RetryPolicy`](crate::RetryPolicy) that waits for minutes, this waits
    /// for minutes. To give up earlier, [`cancel`](Self::cancel) the run. The result of a retry comes from its stored row, so
    /// it has no [`stop_reason`](RunResult::stop_reason).
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::ShuttingDown`] if the orchestrator shuts down while a retry is queued; the retry stays queued.
    /// [`OrchestratorError::Persist`] if the row of an attempt could not be stored, or any error of the store.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_orchestrator::{
    ///     BoxError, MemoryStore, Orchestrator, Registration, RetryPolicy, RunContext, RunStatus, job_fn,
    /// };
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let import = job_fn("import", |cx: RunContext| async move {
    ///     if cx.attempt() == 1 { Err("the server is busy".into()) } else { Ok(()) }
    /// });
    /// let retry = RetryPolicy::attempts(3).backoff(Duration::from_millis(1), Duration::from_millis(1));
    /// orchestrator.register_with(Registration::new(import).retry(retry)).await?;
    ///
    /// let run = orchestrator.run_pipeline("import").await?;
    /// assert_eq!(run.done().await?.status, RunStatus::Failed);
    /// orchestrator.last_attempt(&run).await?.success()?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn last_attempt(&self, run: &RunHandle) -> Result<RunResult, OrchestratorError> {
        let mut last = run.done().await?;
        while last.status == RunStatus::Failed
            && let Some(retry) = self.retry_of(&last).await?
        {
            last = self.end_of(retry).await?;
        }
        Ok(last)
    }

    async fn retry_of(&self, run: &RunResult) -> Result<Option<RunRecord>, OrchestratorError> {
        let Ok(pipeline) = PipelineName::from_shared(Arc::clone(&run.job_name)) else { return Ok(None) };
        let query = RunQuery::new().pipeline(pipeline).key(RunKey::retry(run.id));
        Ok(self.read(self.0.store.list_runs(&query)).await?.pop())
    }

    /// The result of a stored run, once it has ended.
    async fn end_of(&self, run: RunRecord) -> Result<RunResult, OrchestratorError> {
        let id = run.id;
        if run.status.is_terminal() {
            return Ok(run.into());
        }
        let saved = match self.ask(|reply| Command::Watch(run.pipeline_name, id, reply)).await? {
            Some(handle) => handle.done().await.map(drop),
            // It has ended since it was read.
            None => Ok(()),
        };
        let run = self.read(self.0.store.find_run(id)).await?;
        let run = run.ok_or(OrchestratorError::UnknownRun { run: id })?;
        match run.status {
            RunStatus::Queued => Err(OrchestratorError::ShuttingDown),
            _ => saved.map(|()| run.into()).map_err(OrchestratorError::from),
        }
    }

    /// Asks a run to stop.
    ///
    /// A queued run is canceled. A running one is canceled if its job stops. If the run has ended and a retry of its job is
    /// queued or running, that retry is canceled; otherwise nothing happens. A run of another instance is asked to stop when
    /// that instance next renews its lease, or at once if the store [tells](Store::changes) it.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownRun`], or any error of the store.
    pub async fn cancel(&self, run: RunId) -> Result<(), OrchestratorError> {
        if self.ask(|reply| Command::Cancel(run, None, reply)).await? {
            return Ok(());
        }
        let row = self.read(self.0.store.find_run(run)).await?;
        let row = row.ok_or(OrchestratorError::UnknownRun { run })?;
        let run = if row.status.is_terminal() { self.next_attempt(&row).await? } else { Some(run) };
        if let Some(run) = run {
            self.ask(|reply| Command::Cancel(run, Some(row.pipeline_name), reply)).await?;
        }
        Ok(())
    }

    /// The queued or running attempt at the job of a run that has ended.
    async fn next_attempt(&self, ended: &RunRecord) -> Result<Option<RunId>, OrchestratorError> {
        let query = RunQuery::new().pipeline(ended.pipeline_name.clone()).active().limit(usize::MAX);
        let active = self.read(self.0.store.list_runs(&query)).await?;
        Ok(active.iter().find(|run| run.job_id == ended.job_id).map(|run| run.id))
    }

    /// Starts firing schedules. Due times that came while the scheduler was stopped are [misfires](crate::Misfire).
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::SchedulerRunning`], or any error of the store.
    pub async fn start_scheduler(&self) -> Result<(), OrchestratorError> {
        self.ask(Command::StartScheduler).await
    }

    /// Stops firing schedules. Running jobs continue, and queued runs still start.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::ShuttingDown`], or an error of the store if it was not read yet.
    pub async fn stop_scheduler(&self) -> Result<(), OrchestratorError> {
        self.ask(Command::StopScheduler).await
    }

    /// Pauses a pipeline: its schedule does not fire and its queued runs don't start until it is resumed. Runs by hand are
    /// allowed. The pause is stored.
    ///
    /// The pipeline may also be one that is only stored: another instance has registered it, or none has. The same holds for
    /// [`resume`](Self::resume), [`resume_from_now`](Self::resume_from_now) and [`cancel`](Self::cancel). An instance that has
    /// registered it learns of it within ten seconds.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownPipeline`], or any error of the store.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator, job_fn};
    /// use godata_runner::Runner;
    /// use godata_scheduler::every;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let import = job_fn("import", |_cx| async { Ok(()) });
    /// orchestrator.register(import, every(Duration::from_secs(300))?).await?;
    ///
    /// orchestrator.pause("import").await?;
    /// assert!(orchestrator.pipelines().await?[0].paused_at.is_some());
    ///
    /// orchestrator.resume("import").await?;
    /// assert!(orchestrator.pipelines().await?[0].paused_at.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn pause(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about_stored(pipeline, Ask::Pause).await.map(drop)
    }

    /// Resumes a paused pipeline. Due times that came during the pause are [misfires](crate::Misfire).
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownPipeline`], or any error of the store.
    pub async fn resume(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about_stored(pipeline, Ask::Resume).await.map(drop)
    }

    /// Resumes a paused pipeline, and skips the due times up to now. One skipped row covers them.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownPipeline`], or any error of the store.
    pub async fn resume_from_now(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about_stored(pipeline, Ask::ResumeFromNow).await.map(drop)
    }

    /// Queues runs for due times in the past, and returns their ids, oldest first. They are durable when this returns.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::BackfillSize`], [`OrchestratorError::Duplicate`] if the backfill's name was used before, or any
    /// error of the store.
    ///
    /// ```
    /// use godata_orchestrator::time::{Duration, UtcDateTime};
    /// use godata_orchestrator::{Backfill, BoxError, MemoryStore, Orchestrator, job_fn};
    /// use godata_runner::Runner;
    /// use godata_scheduler::every;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let import = job_fn("import", |_cx| async { Ok(()) });
    /// orchestrator.register(import, every(std::time::Duration::from_secs(3_600))?).await?;
    ///
    /// let start = UtcDateTime::UNIX_EPOCH;
    /// let runs = orchestrator.backfill("import", Backfill::between(start, start + Duration::hours(3))).await?;
    /// assert_eq!(runs.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn backfill(
        &self,
        pipeline: &str,
        backfill: Backfill,
    ) -> Result<Vec<RunId>, OrchestratorError> {
        match self.about(pipeline, Ask::Backfill(backfill)).await? {
            Answer::Runs(runs) => Ok(runs),
            Answer::Done | Answer::Run(_) => Ok(Vec::new()),
        }
    }

    /// Returns the next due times of a pipeline, whether it is paused or disabled or not: up to `count`, and at most 10,000.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownPipeline`], [`OrchestratorError::NoSchedule`], [`OrchestratorError::BrokenSchedule`].
    pub async fn upcoming(
        &self,
        pipeline: &str,
        count: usize,
    ) -> Result<Vec<UtcDateTime>, OrchestratorError> {
        let broken = || OrchestratorError::BrokenSchedule { pipeline: pipeline.to_owned() };
        let schedule = self.ask(|reply| Command::Upcoming(pipeline.to_owned(), reply)).await?;
        let due_times = DueTimes(&*schedule);
        let mut after = self.0.clock.now();
        let mut times = Vec::new();
        while times.len() < count.min(MOST_UPCOMING)
            && let Some(due) = due_times.next(after).map_err(|_| broken())?
        {
            times.push(due);
            after = due;
        }
        Ok(times)
    }

    /// Returns the handle of a run that is queued or running in this instance, no matter what started it; `None` for any other
    /// run.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::ShuttingDown`], or an error of the store if it was not read yet.
    ///
    /// ```
    /// use godata_orchestrator::{BoxError, Event, MemoryStore, Orchestrator, RunContext, job_fn};
    /// use godata_runner::Runner;
    /// use godata_scheduler::every;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let import = job_fn("import", |cx: RunContext| async move {
    ///     cx.cancellation().canceled().await;
    ///     Ok(())
    /// });
    /// let mut events = orchestrator.events();
    /// orchestrator.register(import, every(std::time::Duration::from_millis(20))?).await?;
    /// orchestrator.start_scheduler().await?;
    ///
    /// while let Some(event) = events.next().await {
    ///     if let Event::Started(row) = event? {
    ///         let run = orchestrator.run(row.id).await?.ok_or("the run has ended")?;
    ///         assert_eq!(run.context().progress().records_read(), 0);
    ///         run.stop();
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(&self, run: RunId) -> Result<Option<RunHandle>, OrchestratorError> {
        self.ask(|reply| Command::Handle(run, reply)).await
    }

    /// Returns the handles of the runs whose jobs are running in this instance, sorted by id, so the run that was created first
    /// comes first. It works during a shutdown, too.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub async fn running(&self) -> Result<Vec<RunHandle>, OrchestratorError> {
        self.ask(Command::Running).await
    }

    /// Returns what this instance is doing. It works during a shutdown, too.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    ///
    /// ```
    /// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator};
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::builder(MemoryStore::new(), Runner::new())
    ///     .concurrency(8)
    ///     .pool("database", 2)
    ///     .build()?;
    /// orchestrator.start_scheduler().await?;
    ///
    /// let status = orchestrator.status().await?;
    /// assert!(status.is_scheduling && status.store_failing_since.is_none());
    /// assert_eq!((status.slots.taken, status.slots.total), (0, 8));
    /// assert_eq!((status.pools[0].0.as_str(), status.pools[0].1.total), ("database", 2));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn status(&self) -> Result<Status, OrchestratorError> {
        self.ask(Command::Status).await
    }

    /// Returns the next due times of all pipelines whose schedules fire in this instance: one for each pipeline, at most
    /// `count`, the earliest first. [`upcoming`](Self::upcoming) returns more than one for a single pipeline.
    ///
    /// A due time that came while the scheduler was stopped is returned until it is decided.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator, job_fn};
    /// use godata_runner::Runner;
    /// use godata_scheduler::every;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// orchestrator.register(job_fn("daily", |_cx| async { Ok(()) }), every(Duration::from_secs(86_400))?).await?;
    /// orchestrator.register(job_fn("often", |_cx| async { Ok(()) }), every(Duration::from_secs(60))?).await?;
    ///
    /// let next = orchestrator.next_due(1).await?;
    /// assert_eq!(next[0].0.as_str(), "often");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next_due(
        &self,
        count: usize,
    ) -> Result<Vec<(PipelineName, UtcDateTime)>, OrchestratorError> {
        self.ask(|reply| Command::NextDue(count, reply)).await
    }

    /// Returns the runs that match a query, newest first. `Display` prints them as a table.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::Store`].
    pub async fn history(&self, query: &RunQuery) -> Result<History, OrchestratorError> {
        let runs = self.read(self.0.store.list_runs(query)).await?;
        Ok(History { runs })
    }

    /// Returns all stored pipelines, ordered by name, including those that the code no longer registers.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::Store`].
    pub async fn pipelines(&self) -> Result<Vec<PipelineRecord>, OrchestratorError> {
        self.read(self.0.store.list_pipelines()).await
    }

    /// Returns the rules of a pipeline, as its last registration stored them. That registration may be of another process, or no
    /// longer exist. `None` if it was made by a version that did not store rules.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::UnknownPipeline`] if the pipeline is not stored, [`OrchestratorError::Rules`] if its stored rules can't
    /// be read, or [`OrchestratorError::Store`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator, Overlap, Registration, job_fn};
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let import = job_fn("import", |_cx| async { Ok(()) });
    /// orchestrator.register_with(Registration::new(import).timeout(Duration::from_secs(600))).await?;
    ///
    /// let rules = orchestrator.registration("import").await?.ok_or("stored by an older version")?;
    /// assert_eq!((rules.overlap, rules.timeout), (Overlap::Skip, Some(Duration::from_secs(600))));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn registration(&self, pipeline: &str) -> Result<Option<RegistrationInfo>, OrchestratorError> {
        let row = match PipelineName::new(pipeline) {
            Ok(name) => self.read(self.0.store.find_pipeline(&name)).await?,
            Err(_invalid) => None,
        };
        match row.as_ref().map(RegistrationInfo::stored_in) {
            Some(rules) => rules.map_err(|error| OrchestratorError::Rules { source: Arc::new(error) }),
            None => {
                let stored = self.pipelines().await?;
                Err(OrchestratorError::unknown_pipeline(pipeline, stored.iter().map(|row| &row.name)))
            }
        }
    }

    /// Returns the events from now on. A reader that is too slow learns how many events it missed. It holds up nothing.
    ///
    /// ```
    /// use godata_orchestrator::{BoxError, Event, MemoryStore, Orchestrator, Registration, RunStatus, job_fn};
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// orchestrator.register_with(Registration::new(job_fn("import", |_cx| async { Ok(()) }))).await?;
    ///
    /// let mut events = orchestrator.events();
    /// orchestrator.run_pipeline("import").await?;
    /// while let Some(event) = events.next().await {
    ///     if let Event::Ended(run) = event? {
    ///         assert_eq!(run.status, RunStatus::Succeeded);
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.events.subscribe()
    }

    /// Returns the store, for reading.
    #[must_use]
    pub fn store(&self) -> &AnyStore {
        &self.0.store
    }

    /// Shuts down in stages, and reports what became of each run.
    ///
    /// 1. From the call on, nothing new is decided. Running jobs get up to `grace` to end. A run whose row is being written as
    ///    `running` at that moment starts as well.
    /// 2. Jobs that still run are asked to stop. The runner gives them its [`stop_grace`](JobRunner::stop_grace), 5 s
    ///    by default in `godata-runner`, and then drops them. Their runs end as interrupted, unless the job returns
    ///    `Ok` or an error that is not [`Canceled`](crate::Canceled).
    /// 3. A job that blocks its thread can't be dropped. Two seconds later its run is stored as interrupted, and it is
    ///    [stuck](DrainReport::stuck) in the report.
    /// 4. Final rows get up to 5 s to be stored. Those that are not are [`unsaved`](DrainReport::unsaved).
    ///
    /// Each stage ends early when there is nothing left to wait for. Queued runs stay queued, for other instances or for the next
    /// process that opens the store. Interrupted runs are queued again under [`Recovery::Rerun`](crate::Recovery::Rerun). A run whose row
    /// was stored too late for its job to start is always queued again. Its row has a reason and no `started_at`.
    ///
    /// When this returns, the orchestrator no longer uses the store. Only its handles can still read from it. Once they are
    /// dropped, a store in a file can be opened again at once, even by this process.
    ///
    /// A second call joins the first and may shorten its `grace`. If the orchestrator has
    /// [stopped](OrchestratorError::Stopped) before, the report is empty, and the log says why.
    pub async fn shutdown(&self, grace: Duration) -> DrainReport {
        if self.ensure_running().is_err() {
            return DrainReport::default();
        }
        let (reply, report) = oneshot::channel();
        match self.0.commands.send(Command::Shutdown(grace, reply)).await {
            Ok(()) => report.await.unwrap_or_default(),
            Err(_ended) => DrainReport::default(),
        }
    }

    /// Starts the scheduler unless it is running, waits for Ctrl-C or SIGTERM, and [shuts down](Self::shutdown).
    ///
    /// Running jobs get the [grace](OrchestratorBuilder::grace) of the builder. The process listens for signals before anything
    /// is started. On Windows it listens for Ctrl-C only. A shutdown by another call ends this one too.
    ///
    /// From this call on, the signals of the process belong to the orchestrator. A signal during the shutdown or after it ends
    /// the process at once, with the exit status 128 plus the number of the signal: 130 for Ctrl-C, 143 for SIGTERM. On Windows
    /// the status is `STATUS_CONTROL_C_EXIT`. So a second signal ends a program that hangs because one of its threads is
    /// blocked. What was acknowledged is stored even then, and the next process finds the runs that were cut short.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::Signal`], or the errors of [`start_scheduler`](Self::start_scheduler). In either case,
    /// nothing was started.
    #[cfg(feature = "signal")]
    pub async fn run_until_signal(&self) -> Result<DrainReport, OrchestratorError> {
        let (reply, report) = oneshot::channel();
        self.ask(|listening| Command::UntilSignal(reply, listening)).await?;
        match self.start_scheduler().await {
            // A signal may have come already.
            Ok(()) | Err(OrchestratorError::SchedulerRunning | OrchestratorError::ShuttingDown) => {}
            Err(error) => return Err(error),
        }
        report.await.map_err(|_| self.has_ended())
    }

    /// Reads from the store, with the store timeout. A read that is never answered would block its caller. In a store
    /// for one process it might also hold the lock of a pipeline.
    async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, OrchestratorError> {
        let call = within(self.0.store_timeout, call);
        let answer = match Handle::try_current() {
            Ok(_) => call.await,
            Err(_) => on(&self.threads()?.of_loop, call).await,
        };
        answer.map_err(|error| OrchestratorError::Store { source: Arc::new(error) })
    }

    async fn about(&self, pipeline: &str, ask: Ask) -> Result<Answer, OrchestratorError> {
        self.ask(|reply| Command::Ask(pipeline.to_owned(), ask, reply)).await
    }

    /// Asks about a pipeline that is registered here or only stored. Another instance may have stored it a moment ago.
    async fn about_stored(&self, pipeline: &str, ask: Ask) -> Result<Answer, OrchestratorError> {
        let error = match self.about(pipeline, ask.clone()).await {
            Err(error @ OrchestratorError::UnknownPipeline { .. }) if self.0.store.shared() => error,
            answer => return answer,
        };
        let Ok(name) = PipelineName::new(pipeline) else { return Err(error) };
        match self.read(self.0.store.find_pipeline(&name)).await? {
            Some(row) if row.removed_at.is_none() => {
                self.ask(|reply| Command::AskStored(name, ask, reply)).await
            }
            _ => Err(error),
        }
    }

    /// Sends the loop a command and waits for the answer.
    async fn ask<T, E: From<OrchestratorError>>(
        &self,
        command: impl FnOnce(Reply<T, E>) -> Command,
    ) -> Result<T, E> {
        self.ensure_running()?;
        let (reply, answer) = oneshot::channel();
        self.0.commands.send(command(reply)).await.map_err(|_| self.has_ended())?;
        answer.await.map_err(|_| self.has_ended())?
    }

    /// The error for a call that the loop does not answer.
    fn has_ended(&self) -> OrchestratorError {
        if self.0.ended.load(Acquire) { OrchestratorError::ShuttingDown } else { OrchestratorError::Stopped }
    }

    /// Starts the loop, with the first call.
    fn ensure_running(&self) -> Result<(), OrchestratorError> {
        let mut engine = self.0.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if engine.is_some() {
            let threads = self.threads()?;
            if let Some(engine) = engine.take() {
                let task = threads.of_loop.spawn(run(engine, threads.of_jobs, self.0.events.clone()));
                #[cfg(feature = "test-util")]
                self.0.task.get_or_init(|| task.abort_handle());
                #[cfg(not(feature = "test-util"))]
                drop(task);
            }
        }
        Ok(())
    }

    /// The threads of the loop and the jobs. Only an orchestrator on its caller's runtime needs the caller to have one.
    fn threads(&self) -> Result<Threads, OrchestratorError> {
        if self.0.is_on_current_runtime {
            return Handle::try_current().map(Threads::of).map_err(|_| OrchestratorError::NoRuntime);
        }
        Threads::shared().map_err(|error| OrchestratorError::Threads { source: Arc::new(error) })
    }

    /// Ends at once, as a crash would: nothing more is decided or stored. Running jobs continue in the runner, and
    /// nothing waits for them.
    ///
    /// It is for tests of what happens after a crash, and needs the feature `test-util`.
    #[cfg(feature = "test-util")]
    pub fn abort(&self) {
        if let Some(task) = self.0.task.get() {
            task.abort();
        }
        self.0.events.close();
    }
}

/// Polls a future in the context of a runtime, so that it finds that runtime's timers.
async fn on<T>(runtime: &Handle, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _entered = runtime.enter();
        future.as_mut().poll(cx)
    })
    .await
}

/// Runs the loop. Once it has ended, a signal that it listened for ends the process.
async fn run(engine: Box<Engine>, jobs: Option<Handle>, events: EventSender) {
    let closes = CloseEvents(events);
    let ended = AssertUnwindSafe(engine.run(jobs)).catch_unwind().await;
    drop(closes);
    match ended {
        Ok(Some(mut signals)) => signals.received().await.end_process(),
        Ok(None) => {}
        Err(panic) => logs::loop_panicked(&panic_message(panic)),
    }
}

/// Ends the events with the loop, even if the loop panics, so that readers don't wait forever.
struct CloseEvents(EventSender);

impl Drop for CloseEvents {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Orchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orchestrator").field("store", &self.0.store).finish_non_exhaustive()
    }
}
