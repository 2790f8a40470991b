//! One machine with an orchestrator: it boots, is stopped, and crashes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use godata::AnyStore;
use godata::orchestrator::Orchestrator;
use time::UtcDateTime;
use tokio::runtime::{Builder, Runtime};

use crate::clock::MachineClock;
use crate::ledger::Incarnation;
use crate::medium::Medium;
use crate::network::Network;
use crate::plan::Plan;

/// How a machine catches up with the time in which it did not run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stall {
    /// The process was stopped, and its timers fire all at once.
    Stopped,
    /// The machine slept: its timers continue where they were, and only the wall clock shows the time that passed.
    Suspended,
}

/// A runtime whose time passes only while it is run: dropping it is a crash, and not running it is a stopped process.
pub(crate) struct Instance {
    pub(crate) who: Incarnation,
    pub(crate) machine: MachineClock,
    pub(crate) orchestrator: Orchestrator,
    /// Until when it is stopped.
    pub(crate) stalled: Option<(UtcDateTime, Stall)>,
    /// Set once it has shut down as told.
    pub(crate) has_ended: Arc<AtomicBool>,
    runtime: Runtime,
}

impl Instance {
    pub(crate) fn boot<M: Medium>(
        plan: &Plan,
        who: Incarnation,
        network: &Arc<Network<M>>,
        now: UtcDateTime,
        skew_ms: i64,
    ) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let within = runtime.enter();
        let machine = MachineClock::boot(now, skew_ms);
        let store = AnyStore::new(network.connect(who, machine.clone()));
        let runner = godata::runner::Runner::builder().clock(machine.clone()).build().unwrap();
        let builder = Orchestrator::builder(store, runner);
        let builder = if plan.stops_when_lost { builder.stop_when_lost() } else { builder };
        let orchestrator = builder
            .clock(machine.clone())
            .seed(plan.seed ^ (who.instance as u64) << 32 ^ u64::from(who.life) << 40)
            .recovery(plan.recovery)
            .concurrency(plan.slots)
            .on_current_runtime()
            .build()
            .unwrap();
        drop(within);
        Self { who, machine, orchestrator, stalled: None, has_ended: Arc::default(), runtime }
    }

    /// Lets the orchestrator do something while time passes.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(&self, ask: impl FnOnce(Orchestrator) -> F) {
        let _within = self.runtime.enter();
        drop(self.runtime.spawn(ask(self.orchestrator.clone())));
    }

    /// Lets time pass up to `until`.
    pub(crate) fn run(&mut self, until: UtcDateTime) {
        if let Some((end, stall)) = self.stalled {
            if until < end {
                return;
            }
            self.stalled = None;
            self.wake(until, stall);
        }
        let machine = &self.machine;
        self.runtime.block_on(async {
            let left = until - machine.truth();
            tokio::time::sleep(left.try_into().unwrap_or(Duration::ZERO)).await;
        });
    }

    fn wake(&self, now: UtcDateTime, stall: Stall) {
        let machine = &self.machine;
        self.runtime.block_on(async {
            let missed = (now - machine.truth()).try_into().unwrap_or(Duration::ZERO);
            match stall {
                Stall::Stopped => tokio::time::advance(missed).await,
                Stall::Suspended => machine.suspend(missed),
            }
        });
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Relaxed)
    }

    /// Drops everything that was in progress.
    pub(crate) fn crash(self) {
        let Self { runtime, orchestrator, .. } = self;
        drop(runtime);
        drop(orchestrator);
    }
}
