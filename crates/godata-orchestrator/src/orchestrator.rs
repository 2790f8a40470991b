//! The handle.

use std::fmt;
#[cfg(feature = "test-util")]
use std::sync::OnceLock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use godata_core::{
    AnyStore, Clock, Job, JobRunner, PipelineRecord, RunHandle, RunId, RunQuery, Schedule, Store, StoreError,
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
#[cfg(feature = "signal")]
use crate::signal::Signals;
use crate::{
    Backfill, DrainReport, Events, History, OrchestratorBuilder, OrchestratorError, RegisterError,
    Registration, RunOptions,
};

/// Runs jobs on schedules and by hand, and keeps their history.
///
/// Clones are cheap and are the same orchestrator. It runs on the tokio runtime that it is first asked for something
/// on, and runs nothing on a schedule before [`start_scheduler`](Self::start_scheduler). When the last handle is
/// dropped, nothing new is decided; runs that go on end with their jobs, and their rows are written.
///
/// A call whose future is dropped may have been made or not; one that has not had its turn by then, as while the store
/// does not answer, is not.
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{BoxError, MemoryStore, RunQuery, job_fn};
/// use godata_orchestrator::Orchestrator;
/// use godata_runner::Runner;
/// use godata_scheduler::every;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
/// let import = job_fn("import", |cx| async move { Ok(cx.check()?) });
/// orchestrator.register(import, every(Duration::from_secs(300))?).await?;
/// orchestrator.start_scheduler().await?;
///
/// let run = orchestrator.run_pipeline("import").await?;
/// run.done().await?;
///
/// println!("{}", orchestrator.history(&RunQuery::new()).await?);
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
    #[cfg_attr(not(feature = "signal"), expect(dead_code, reason = "only a signal is waited for with it"))]
    grace: Duration,
    store_timeout: Duration,
    commands: mpsc::Sender<Command>,
    /// The loop, until it is spawned.
    engine: Mutex<Option<Box<Engine>>>,
    #[cfg(feature = "test-util")]
    task: OnceLock<AbortHandle>,
}

/// How many commands wait for the loop before those who give them do.
const COMMANDS: usize = 1_024;

impl Orchestrator {
    /// An orchestrator on a store, with what runs its jobs. The rest is as [`OrchestratorBuilder`] says.
    pub fn new(store: impl Store, runner: impl JobRunner) -> Self {
        Self::builder(store, runner).built()
    }

    /// Builds an orchestrator with limits, pools, a clock or recovery.
    ///
    /// The store remembers pipelines and runs. Several orchestrators in one process share a store that is not
    /// [shared](Store::shared) by clones of one [`AnyStore`].
    ///
    /// The runner runs the jobs. It should have no limit of its own: a run that waits in the runner counts as running,
    /// while a run that waits for the orchestrator's [`concurrency`](OrchestratorBuilder::concurrency) is durably queued.
    pub fn builder(store: impl Store, runner: impl JobRunner) -> OrchestratorBuilder {
        OrchestratorBuilder::new(AnyStore::new(store), Arc::new(runner))
    }

    pub(crate) fn of(setup: Setup, grace: Duration) -> Self {
        let (store, clock, events) = (setup.store.clone(), Arc::clone(&setup.clock), setup.events.clone());
        let store_timeout = setup.store_timeout;
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let engine = Mutex::new(Some(Box::new(Engine::new(setup, receiver))));
        Self(Arc::new(Inner {
            store,
            clock,
            events,
            grace,
            store_timeout,
            commands,
            engine,
            #[cfg(feature = "test-util")]
            task: OnceLock::new(),
        }))
    }

    /// Registers a job with its schedule, by the default rules. Its name is the pipeline's.
    ///
    /// It is durable when this answers. A pipeline that is stored with the same schedule goes on where it was; one with
    /// another is edited: what was due before now is not run.
    ///
    /// # Errors
    ///
    /// [`RegisterError`].
    pub async fn register(&self, job: impl Job, schedule: impl Schedule) -> Result<(), RegisterError> {
        self.register_with(Registration::new(job).schedule(schedule)).await
    }

    /// Registers a job by rules of its own.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; rules that make no sense together are refused with the reason.
    pub async fn register_with(&self, registration: Registration) -> Result<(), RegisterError> {
        self.ask(|reply| Command::Register(Box::new(registration), reply)).await
    }

    /// Takes a pipeline out: its queued runs are canceled, those that run go on, its history stays.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`].
    pub async fn unregister(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about(pipeline, Ask::Unregister).await.map(drop)
    }

    /// Runs a pipeline now, also while it is paused or the scheduler is stopped.
    ///
    /// The row is durable when this answers. The run is queued if there is no slot, or if its rules queue what
    /// overlaps. A run that was refused has no row.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::AlreadyRunning`] under [`Overlap::Skip`](crate::Overlap::Skip), or if the buffer is full;
    /// any other. After [`OrchestratorError::Unconfirmed`] the run may come all the same; to ask again without running
    /// twice, give both a [token](RunOptions::token).
    pub async fn run_pipeline(&self, pipeline: &str) -> Result<RunHandle, OrchestratorError> {
        self.run_pipeline_with(pipeline, RunOptions::new()).await
    }

    /// Runs a pipeline now with parameters, or with a token that makes asking twice harmless.
    ///
    /// # Errors
    ///
    /// As [`run_pipeline`](Self::run_pipeline). A token that was used before gives the handle of that run, or
    /// [`OrchestratorError::Duplicate`] if it has ended or is another instance's.
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

    /// Asks a run to stop: one that is queued is canceled, one that runs is canceled if it stops. For one that has
    /// ended this does nothing. A run of another instance gets to know when that renews.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`].
    pub async fn cancel(&self, run: RunId) -> Result<(), OrchestratorError> {
        if self.ask(|reply| Command::Cancel(run, None, reply)).await? {
            return Ok(());
        }
        let row = self.read(self.0.store.get_run(run)).await?;
        let row = row.ok_or(OrchestratorError::UnknownRun { run })?;
        if !row.status.is_terminal() {
            self.ask(|reply| Command::Cancel(run, Some(row.pipeline_name), reply)).await?;
        }
        Ok(())
    }

    /// Starts to run pipelines on their schedules. What was due while it was stopped is a misfire.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::SchedulerRunning`]; any other.
    pub async fn start_scheduler(&self) -> Result<(), OrchestratorError> {
        self.ask(Command::StartScheduler).await
    }

    /// Decides nothing new from now on. Runs go on, and queued ones start.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`].
    pub async fn stop_scheduler(&self) -> Result<(), OrchestratorError> {
        self.ask(Command::StopScheduler).await
    }

    /// Decides nothing new for a pipeline, and starts none of its queued runs, until it is resumed. Runs by hand are
    /// allowed.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`].
    pub async fn pause(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about(pipeline, Ask::Pause).await.map(drop)
    }

    /// Goes on with a pipeline that was paused. What was due meanwhile is a misfire.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`].
    pub async fn resume(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about(pipeline, Ask::Resume).await.map(drop)
    }

    /// Goes on with a pipeline as if what was due until now had never been.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`].
    pub async fn resume_from_now(&self, pipeline: &str) -> Result<(), OrchestratorError> {
        self.about(pipeline, Ask::ResumeFromNow).await.map(drop)
    }

    /// Queues runs for due times of the past; returns them, oldest first. They are durable when this answers.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::BackfillSize`], [`OrchestratorError::Duplicate`]; any other.
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

    /// The next due times of a pipeline, at most so many, whether it is paused or not.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::NoSchedule`]; any other.
    pub async fn upcoming(
        &self,
        pipeline: &str,
        count: usize,
    ) -> Result<Vec<UtcDateTime>, OrchestratorError> {
        let unknown = || OrchestratorError::NoSchedule { pipeline: pipeline.to_owned() };
        let schedule = self.ask(|reply| Command::Upcoming(pipeline.to_owned(), reply)).await?;
        let due_times = DueTimes(&*schedule);
        let mut after = self.0.clock.now();
        let mut times = Vec::new();
        while times.len() < count
            && let Some(due) = due_times.next(after).map_err(|_| unknown())?
        {
            times.push(due);
            after = due;
        }
        Ok(times)
    }

    /// The runs that a query asks for, newest first. `Display` makes a table of them.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::Store`].
    pub async fn history(&self, query: &RunQuery) -> Result<History, OrchestratorError> {
        let runs = self.read(self.0.store.list_runs(query)).await?;
        Ok(History { runs })
    }

    /// All pipelines that are stored, ordered by name: those that the code no longer has, too.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError::Store`].
    pub async fn pipelines(&self) -> Result<Vec<PipelineRecord>, OrchestratorError> {
        self.read(self.0.store.list_pipelines()).await
    }

    /// What happens from now on. A reader that is too slow is told how much it has missed, and holds up nobody.
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.events.subscribe()
    }

    /// The store, to read what it keeps.
    #[must_use]
    pub fn store(&self) -> &AnyStore {
        &self.0.store
    }

    /// Shuts down in stages, and reports what became of each run.
    ///
    /// 1. From the call on, nothing new is decided and no run starts. Running jobs get up to `grace` to end.
    /// 2. Jobs that still run are asked to stop. The runner gives them its [`stop_grace`](JobRunner::stop_grace), 5 s by
    ///    default in `godata-runner`, and then drops them. Their runs are interrupted, unless they end otherwise.
    /// 3. A job that blocks its thread can't be dropped. Two seconds later its run is stored as interrupted, and it is
    ///    [stuck](DrainReport::stuck) in the report.
    /// 4. Final rows get up to 5 s to be stored. Those that are not are [`unsaved`](DrainReport::unsaved).
    ///
    /// Each stage ends early when there is nothing left to wait for. Queued runs stay queued for the next process that
    /// opens the store. Interrupted runs are queued again under [`Recovery::Rerun`](crate::Recovery::Rerun).
    ///
    /// A second call joins the first and may shorten its `grace`.
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

    /// Starts the scheduler, unless it runs, and shuts down on Ctrl-C or SIGTERM: runs may go on for the
    /// [grace](OrchestratorBuilder::grace) that it was built with. After a second signal they are asked to stop at
    /// once. Both are listened to before anything is started.
    ///
    /// # Errors
    ///
    /// [`OrchestratorError`]; nothing was started.
    ///
    /// # Panics
    ///
    /// On a tokio runtime without IO, which signals come by.
    #[cfg(feature = "signal")]
    pub async fn run_until_signal(&self) -> Result<DrainReport, OrchestratorError> {
        self.ensure_running()?;
        let mut signals =
            Signals::listen().map_err(|error| OrchestratorError::Signal { source: Arc::new(error) })?;
        match self.start_scheduler().await {
            Ok(()) | Err(OrchestratorError::SchedulerRunning) => {}
            Err(error) => return Err(error),
        }
        signals.received().await;
        Ok(tokio::select! {
            report = self.shutdown(self.0.grace) => report,
            () = signals.received() => self.shutdown(Duration::ZERO).await,
        })
    }

    /// Reads from the store. A read that is never answered would not only keep its caller: in a store that one process
    /// opens, it may keep the turn of a pipeline.
    async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, OrchestratorError> {
        let answer = within(self.0.store_timeout, call).await;
        answer.map_err(|error| OrchestratorError::Store { source: Arc::new(error) })
    }

    async fn about(&self, pipeline: &str, ask: Ask) -> Result<Answer, OrchestratorError> {
        self.ask(|reply| Command::Ask(pipeline.to_owned(), ask, reply)).await
    }

    /// Gives the loop a command and waits for the answer.
    async fn ask<T, E: From<OrchestratorError>>(
        &self,
        command: impl FnOnce(Reply<T, E>) -> Command,
    ) -> Result<T, E> {
        self.ensure_running()?;
        let (reply, answer) = oneshot::channel();
        let ended = |_| E::from(OrchestratorError::ShuttingDown);
        self.0.commands.send(command(reply)).await.map_err(|_| ended(()))?;
        answer.await.map_err(|_| ended(()))?
    }

    fn ensure_running(&self) -> Result<(), OrchestratorError> {
        let mut engine = self.0.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if engine.is_some() {
            let runtime = Handle::try_current().map_err(|_| OrchestratorError::NoRuntime)?;
            if let Some(engine) = engine.take() {
                let closes = CloseEvents(self.0.events.clone());
                let task = runtime.spawn(async move {
                    engine.run().await;
                    drop(closes);
                });
                #[cfg(feature = "test-util")]
                self.0.task.get_or_init(|| task.abort_handle());
                #[cfg(not(feature = "test-util"))]
                drop(task);
            }
        }
        Ok(())
    }

    /// Ends at once, as a crash would: nothing more is decided or stored. Jobs that run continue in the runner, and nobody
    /// waits for them.
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

/// Ends the events with the loop, however that ends: who reads them would wait for ever.
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
