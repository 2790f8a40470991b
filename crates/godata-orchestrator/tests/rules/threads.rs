//! The threads of the loop and of the jobs: nothing that blocks or ends elsewhere holds them up. Here orchestrators run on
//! those, in real time.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use godata_core::{
    Clock, FailureKind, Job, ManualClock, MemoryStore, RunContext, RunQuery, RunStatus, SystemClock, job_fn,
};
use godata_orchestrator::{Event, Events, Orchestrator, OrchestratorError, Registration};
use godata_runner::Runner;
use time::UtcDateTime;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;

use crate::support::{at, every, quick, secs};

/// Blocks threads until it is opened or the test ends.
#[derive(Clone)]
struct Gate {
    is_open: Arc<(Mutex<bool>, Condvar)>,
    /// A permit for each thread that has come to the gate.
    arrivals: Arc<Semaphore>,
}

/// Opens the gate when it is dropped.
struct Opens(Gate);

impl Gate {
    fn new() -> (Self, Opens) {
        let gate = Self { is_open: Arc::default(), arrivals: Arc::new(Semaphore::new(0)) };
        (gate.clone(), Opens(gate))
    }

    /// Waits until a thread has come to the gate.
    async fn reached(&self) {
        self.arrivals.acquire().await.unwrap().forget();
    }

    fn block(&self) {
        self.arrivals.add_permits(1);
        let (is_open, changed) = &*self.is_open;
        drop(changed.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }

    /// A job that blocks its thread.
    fn job(&self, name: &str) -> impl Job {
        let gate = self.clone();
        job_fn(name, move |_cx| {
            let gate = gate.clone();
            async move {
                gate.block();
                Ok(())
            }
        })
    }
}

impl Drop for Opens {
    fn drop(&mut self) {
        let (is_open, changed) = &*self.0.is_open;
        *is_open.lock().unwrap() = true;
        changed.notify_all();
    }
}

/// Waits for an event that fits.
async fn until(events: &mut Events, fits: impl Fn(&Event) -> bool) {
    while !fits(&events.next().await.unwrap().unwrap()) {}
}

#[tokio::test]
async fn jobs_that_block_hold_up_neither_other_pipelines_nor_the_callers_tasks() {
    let orchestrator =
        Orchestrator::builder(MemoryStore::new(), Runner::new()).concurrency(16).build().unwrap();
    let (gate, opens) = Gate::new();
    let mut events = orchestrator.events();
    for number in 0..15 {
        let name = format!("blocks {number}");
        orchestrator.register_with(Registration::new(gate.job(&name))).await.unwrap();
        orchestrator.run_pipeline(&name).await.unwrap();
        gate.reached().await;
    }
    let schedule = godata_scheduler::every(Duration::from_millis(5)).unwrap();
    let good = job_fn("good", |_cx| async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(())
    });
    orchestrator.register(good, schedule).await.unwrap();
    orchestrator.start_scheduler().await.unwrap();
    for _ in 0..20 {
        until(&mut events, |event| matches!(event, Event::Ended(run) if run.status == RunStatus::Succeeded))
            .await;
    }
    drop(opens);
    assert_eq!(orchestrator.shutdown(secs(30)).await.stuck().count(), 0);
}

#[tokio::test]
async fn the_timeout_of_a_job_that_blocks_is_told_when_it_passes() {
    let clock = ManualClock::new(at(0));
    let builder = Orchestrator::builder(MemoryStore::new(), Runner::new()).clock(clock.clone());
    let orchestrator = builder.build().unwrap();
    let (gate, opens) = Gate::new();
    let mut events = orchestrator.events();
    let job = job_fn("a", move |cx: RunContext| {
        let gate = gate.clone();
        async move {
            gate.block();
            while !cx.is_canceled() {
                std::thread::yield_now();
            }
            Ok(())
        }
    });
    let registration = Registration::new(job).timeout(Duration::from_millis(1));
    orchestrator.register_with(registration).await.unwrap();
    let run = orchestrator.run_pipeline("a").await.unwrap();
    until(&mut events, |event| matches!(event, Event::Started(_))).await;
    // The timer is set once the loop has nothing else to do.
    clock.wait_for_sleepers(1).await;
    clock.advance(secs(2));
    until(&mut events, |event| matches!(event, Event::Overdue { run: overdue, .. } if *overdue == run.id()))
        .await;
    drop(opens);
    let result = run.done().await.unwrap();
    let kind = result.error.map(|error| error.kind);
    assert_eq!((result.status, kind), (RunStatus::Failed, Some(FailureKind::TimedOut)));
}

#[tokio::test]
async fn a_shutdown_ends_while_a_job_blocks() {
    let runner = Runner::builder().stop_grace(Duration::ZERO).build().unwrap();
    let store = MemoryStore::new();
    let orchestrator = Orchestrator::new(store.clone(), runner);
    let (gate, _opens) = Gate::new();
    orchestrator.register_with(Registration::new(gate.job("a"))).await.unwrap();
    let run = orchestrator.run_pipeline("a").await.unwrap();
    gate.reached().await;
    let report = orchestrator.shutdown(Duration::ZERO).await;
    assert_eq!(report.stuck().map(|run| run.id).collect::<Vec<_>>(), [run.id()]);
    let history = orchestrator.history(&RunQuery::new()).await.unwrap();
    assert_eq!(history.runs[0].status, RunStatus::Interrupted);
    assert!(history.runs[0].started_at.is_some());
}

#[test]
fn an_orchestrator_outlives_the_runtime_of_its_first_call() {
    let runtime = || Builder::new_current_thread().enable_time().build().unwrap();
    let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    runtime().block_on(orchestrator.register(quick("a"), every(60))).unwrap();
    let result = runtime().block_on(async {
        let run = orchestrator.run_pipeline("a").await.unwrap();
        run.done().await.unwrap()
    });
    assert_eq!(result.status, RunStatus::Succeeded);
}

/// A clock that panics when it is told to.
struct Breaks(Arc<AtomicBool>);

impl Clock for Breaks {
    fn now(&self) -> UtcDateTime {
        assert!(!self.0.load(Relaxed), "on purpose");
        SystemClock.now()
    }

    fn sleep_until(&self, at: UtcDateTime) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock.sleep_until(at)
    }
}

#[tokio::test]
async fn a_loop_that_panics_ends_its_own_orchestrator_alone() {
    let other = Orchestrator::new(MemoryStore::new(), Runner::new());
    other.register_with(Registration::new(quick("a"))).await.unwrap();
    let breaks = Arc::new(AtomicBool::new(false));
    let builder = Orchestrator::builder(MemoryStore::new(), Runner::new()).clock(Breaks(Arc::clone(&breaks)));
    let orchestrator = builder.build().unwrap();
    orchestrator.register_with(Registration::new(quick("a"))).await.unwrap();
    let mut events = orchestrator.events();
    breaks.store(true, Relaxed);
    let error = orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Stopped), "{error}");
    assert!(events.next().await.is_none());
    let run = other.run_pipeline("a").await.unwrap();
    assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
}
