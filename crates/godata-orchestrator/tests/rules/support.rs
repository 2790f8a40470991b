//! Helpers of the tests: a manual clock, scripted jobs, and the stored rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures::FutureExt as _;
use godata_core::{
    AnyJob, AnyStore, BoxError, Clock as _, Job, JobRunner, ManualClock, MemoryStore, RunContext, RunHandle,
    RunId, RunQuery, RunRecord, RunRequest, RunStatus, RunnerError, Schedule, Store, job_fn,
};
use godata_orchestrator::{Event, Events, Orchestrator, OrchestratorBuilder, Registration};
use godata_runner::Runner;
use time::UtcDateTime;
use tokio::sync::{Semaphore, mpsc};

/// An instant this many seconds after a fixed one.
pub(crate) fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_699_999_200 + seconds)
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn every(seconds: u64) -> godata_scheduler::Interval {
    godata_scheduler::every(secs(seconds)).unwrap()
}

/// Every ten seconds, as a version of the program spells it that also knows another spelling.
#[derive(Debug)]
pub(crate) struct Spelled(pub(crate) &'static str, pub(crate) &'static str);

impl Schedule for Spelled {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        every(10).next(after)
    }

    fn spec(&self) -> String {
        self.0.to_owned()
    }

    fn has_spec(&self, stored: &str) -> bool {
        assert_ne!(stored, "panics");
        [self.0, self.1].contains(&stored)
    }
}

/// Lets all tasks run until they wait for a clock. Tokio's time is paused, so this takes no real time, and tokio's time
/// advances only when all tasks are idle.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// A seed that no other test of the process uses. Owner ids derive from it, and live owners are known to the whole process.
pub(crate) fn fresh_seed() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Relaxed)
}

/// An orchestrator on a manual clock.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) store: AnyStore,
    pub(crate) orchestrator: Orchestrator,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(AnyStore::new(MemoryStore::new()), |builder| builder)
    }

    pub(crate) fn with(store: AnyStore, f: impl FnOnce(OrchestratorBuilder) -> OrchestratorBuilder) -> Self {
        Self::on(ManualClock::new(at(0)), store, f)
    }

    pub(crate) fn on(
        clock: ManualClock,
        store: AnyStore,
        f: impl FnOnce(OrchestratorBuilder) -> OrchestratorBuilder,
    ) -> Self {
        let runner = Runner::builder().clock(clock.clone()).build().unwrap();
        Self::build(clock, store, runner, f)
    }

    /// A new world with this runner.
    pub(crate) fn with_runner(
        runner: impl JobRunner,
        f: impl FnOnce(OrchestratorBuilder) -> OrchestratorBuilder,
    ) -> Self {
        Self::build(ManualClock::new(at(0)), AnyStore::new(MemoryStore::new()), runner, f)
    }

    fn build(
        clock: ManualClock,
        store: AnyStore,
        runner: impl JobRunner,
        f: impl FnOnce(OrchestratorBuilder) -> OrchestratorBuilder,
    ) -> Self {
        let builder = Orchestrator::builder(store.clone(), runner).clock(clock.clone());
        let builder = builder.seed(fresh_seed()).on_current_runtime();
        let orchestrator = f(builder).build().unwrap();
        Self { clock, store, orchestrator }
    }

    /// A new orchestrator on the same store and clock, after the old one has crashed.
    pub(crate) fn crash(self, f: impl FnOnce(OrchestratorBuilder) -> OrchestratorBuilder) -> Self {
        self.orchestrator.abort();
        Self::on(self.clock, self.store, f)
    }

    pub(crate) async fn register(&self, registration: Registration) {
        self.orchestrator.register_with(registration).await.unwrap();
    }

    /// A new world with a registered pipeline and a running scheduler.
    pub(crate) async fn scheduled(registration: Registration) -> Self {
        let world = Self::new();
        world.register(registration).await;
        world.orchestrator.start_scheduler().await.unwrap();
        world
    }

    /// Advances the clock to this many seconds, second by second, and lets all tasks run each time.
    pub(crate) async fn go_to(&self, seconds: u64) {
        while self.clock.now() < at(seconds) {
            self.clock.advance(secs(1));
            settle().await;
        }
    }

    /// Sets the clock at once, and lets all tasks run.
    pub(crate) async fn jump_to(&self, seconds: u64) {
        self.clock.set(at(seconds));
        settle().await;
    }

    /// All rows, oldest first.
    pub(crate) async fn rows(&self) -> Vec<RunRecord> {
        let mut rows = self.store.list_runs(&RunQuery::new().limit(10_000)).await.unwrap();
        rows.reverse();
        rows
    }

    pub(crate) async fn row(&self, id: RunId) -> RunRecord {
        self.store.find_run(id).await.unwrap().unwrap()
    }

    /// Each row as its cause, its status and the seconds of its due time. A skipped row says how many due times it covers.
    pub(crate) async fn story(&self) -> Vec<String> {
        self.rows().await.iter().map(line).collect()
    }
}

pub(crate) fn line(run: &RunRecord) -> String {
    let seconds = |at_: UtcDateTime| (at_ - at(0)).whole_seconds();
    let due = run.due.map_or_else(|| "-".to_owned(), |due| seconds(due).to_string());
    match run.covers {
        Some(covers) => {
            let more = if covers.exact { "" } else { "+" };
            format!("{} {}..{due} x{}{more}", run.status, seconds(covers.first), covers.count)
        }
        None => format!("{} {} {due}", run.cause, run.status),
    }
}

/// Controls a [`gated`] job.
#[derive(Clone)]
pub(crate) struct Script {
    gate: Arc<Semaphore>,
    started: mpsc::UnboundedSender<RunContext>,
}

/// A job that waits until it is let go, and the contexts of its runs.
pub(crate) fn gated(name: &str) -> (impl Job, Script, mpsc::UnboundedReceiver<RunContext>) {
    let (started, contexts) = mpsc::unbounded_channel();
    let script = Script { gate: Arc::new(Semaphore::new(0)), started };
    let control = script.clone();
    let job = job_fn(name, move |cx: RunContext| {
        let script = control.clone();
        async move {
            script.started.send(cx.clone()).ok();
            let permit = cx.cancellation().unless_canceled(script.gate.acquire()).await?;
            permit?.forget();
            Ok(())
        }
    });
    (job, script, contexts)
}

impl Script {
    /// Lets this many runs end.
    pub(crate) fn let_go(&self, runs: usize) {
        self.gate.add_permits(runs);
    }
}

/// A job that succeeds at once.
pub(crate) fn quick(name: &str) -> impl Job {
    job_fn(name, |_cx| async { Ok(()) })
}

/// A job that fails with the error that the closure returns for the attempt, or succeeds if there is none.
pub(crate) fn failing(
    name: &str,
    error: impl Fn(u32) -> Option<BoxError> + Send + Sync + 'static,
) -> impl Job {
    let error = Arc::new(error);
    job_fn(name, move |cx: RunContext| {
        let error = Arc::clone(&error);
        async move { error(cx.attempt()).map_or(Ok(()), Err) }
    })
}

pub(crate) fn count(rows: &[RunRecord], status: RunStatus) -> usize {
    rows.iter().filter(|run| run.status == status).count()
}

/// The events up to now.
pub(crate) fn received(events: &mut Events) -> Vec<Event> {
    let next = || events.next().now_or_never().flatten();
    std::iter::from_fn(next).filter_map(Result::ok).collect()
}

/// A runner whose `start` is a closure.
pub(crate) struct Starts<F>(pub(crate) F);

impl<F> JobRunner for Starts<F>
where
    F: Fn(AnyJob, RunRequest) -> Result<RunHandle, RunnerError> + Send + Sync + 'static,
{
    fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
        (self.0)(job, request)
    }

    fn stop_grace(&self) -> Duration {
        Duration::from_secs(5)
    }
}
