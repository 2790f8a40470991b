//! The settings of an orchestrator.

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use godata_core::{AnyStore, Clock, JobRunner, SystemClock};

use crate::events::EventSender;
use crate::ids::Ids;
use crate::{Orchestrator, OrchestratorBuildError, Recovery};

/// Builds an [`Orchestrator`]; made by [`Orchestrator::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use godata_orchestrator::{MemoryStore, Orchestrator, OrchestratorBuildError, Recovery};
/// use godata_runner::Runner;
///
/// let orchestrator = Orchestrator::builder(MemoryStore::new(), Runner::new())
///     .concurrency(16)
///     .pool("database", 2)
///     .recovery(Recovery::Rerun)
///     .keep_newest(1_000)
///     .keep_for(Duration::from_secs(90 * 24 * 60 * 60))
///     .build()?;
///
/// let same = Orchestrator::builder(MemoryStore::new(), Runner::new()).pool("a", 1).pool("a", 2).build();
/// assert!(matches!(same, Err(OrchestratorBuildError::SamePool { .. })));
/// # Ok::<(), OrchestratorBuildError>(())
/// ```
#[must_use]
pub struct OrchestratorBuilder {
    store: AnyStore,
    runner: Arc<dyn JobRunner>,
    clock: Arc<dyn Clock>,
    seed: Option<u64>,
    concurrency: Option<usize>,
    pools: Vec<(String, usize)>,
    recovery: Recovery,
    keep: Keep,
    grace: Duration,
    lease: Duration,
    stops_when_lost: bool,
    store_timeout: Duration,
    store_calls: usize,
    event_buffer: usize,
    is_on_current_runtime: bool,
}

/// How much history is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keep {
    pub(crate) newest: Option<usize>,
    pub(crate) age: Option<Duration>,
}

/// The dependencies of the loop.
pub(crate) struct Setup {
    pub(crate) store: AnyStore,
    pub(crate) runner: Arc<dyn JobRunner>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) concurrency: usize,
    pub(crate) pools: Vec<(String, usize)>,
    pub(crate) recovery: Recovery,
    pub(crate) keep: Keep,
    pub(crate) lease: Duration,
    pub(crate) stops_when_lost: bool,
    pub(crate) store_timeout: Duration,
    pub(crate) store_calls: usize,
    pub(crate) grace: Duration,
    pub(crate) events: EventSender,
}

impl OrchestratorBuilder {
    pub(crate) fn new(store: AnyStore, runner: Arc<dyn JobRunner>) -> Self {
        Self {
            store,
            runner,
            clock: Arc::new(SystemClock),
            seed: None,
            concurrency: None,
            pools: Vec::new(),
            recovery: Recovery::default(),
            keep: Keep::default(),
            grace: Duration::from_secs(30),
            lease: Duration::from_secs(30),
            stops_when_lost: false,
            store_timeout: Duration::from_secs(30),
            store_calls: 1_024,
            event_buffer: 1_024,
            is_on_current_runtime: false,
        }
    }

    /// Sets the clock that due times are compared with. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Derives all ids and random waits from a number, so that a simulation can be repeated. Default: random.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Sets how many jobs may run at a time, over all pools. Default: four per core, at least 16.
    ///
    /// A job keeps its slot while it waits for other runs. If jobs that wait for queued runs hold all slots, none of them ever
    /// ends, and an [`Event::Stalled`](crate::Event::Stalled) says so. To run a pipeline [after](crate::Registration::after)
    /// others, no job has to wait.
    pub fn concurrency(self, runs: usize) -> Self {
        Self { concurrency: Some(runs), ..self }
    }

    /// Adds a pool in which up to `runs` jobs may run at a time. A [`Registration`](crate::Registration::pool) names it.
    pub fn pool(mut self, name: impl Into<String>, runs: usize) -> Self {
        self.pools.push((name.into(), runs));
        self
    }

    /// Sets what happens to runs whose process died or shut down. Default: [`Recovery::Off`].
    pub fn recovery(self, recovery: Recovery) -> Self {
        Self { recovery, ..self }
    }

    /// Keeps the newest finished runs of each pipeline, up to this many. Older ones are removed once an hour. Default:
    /// keeps all.
    pub fn keep_newest(mut self, runs: usize) -> Self {
        self.keep.newest = Some(runs);
        self
    }

    /// Keeps finished runs for this long after their end. Older ones are removed once an hour. Default: keeps all.
    pub fn keep_for(mut self, age: Duration) -> Self {
        self.keep.age = Some(age);
        self
    }

    /// Sets how long `run_until_signal` (feature `signal`) lets running jobs continue after a signal. Default: 30 s. A second
    /// signal ends the process.
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Sets how long the lease of this instance lasts in a shared store. It is renewed three times as often, and at
    /// least every 10 s. If it expires, other instances take over its runs. Default: 30 s.
    ///
    /// Only an instance that has renewed its own lease for half of its duration without a gap takes over runs, so an outage of the
    /// store does not cost healthy instances their runs. After a restart of the only instance, what the process before it left
    /// running therefore waits for another half of a lease. Give all instances on a store the same lease.
    pub fn lease(self, ttl: Duration) -> Self {
        Self { lease: ttl, ..self }
    }

    /// Asks running jobs to stop once the lease of this instance has expired without being renewed, because the store can't be
    /// reached. Default: they continue, and their results are refused if another instance has taken over meanwhile.
    ///
    /// This is for jobs that must not run twice at the same time. It is not a guarantee: a job that does not stop when asked to
    /// runs on for the runner's [`stop_grace`](godata_core::JobRunner::stop_grace), and a process that is stopped or suspended
    /// can't ask. Runs that stop are interrupted. It has no effect if the store is not shared.
    pub fn stop_when_lost(self) -> Self {
        Self { stops_when_lost: true, ..self }
    }

    /// Sets how long one call of the store may take. After that, its outcome counts as unknown and is read from the store.
    /// Default: 30 s.
    pub fn store_timeout(self, timeout: Duration) -> Self {
        Self { store_timeout: timeout, ..self }
    }

    /// Sets how many commits and reads of pipelines may be in flight at the same time, at least 1. Others wait for
    /// their turn, and that wait does not count toward the [timeout](Self::store_timeout). Opening the store, renewing the lease and
    /// reading the history never wait. Default: 1,024.
    ///
    /// For a database with a pool of connections, a few times the number of connections is enough.
    pub fn store_calls(self, calls: usize) -> Self {
        Self { store_calls: calls, ..self }
    }

    /// Sets how many events a reader may fall behind before it misses some, from 1 to 1,048,576; other values are
    /// clamped. Default: 1,024.
    pub fn event_buffer(self, events: usize) -> Self {
        Self { event_buffer: events, ..self }
    }

    /// Runs the loop and the jobs on the tokio runtime of the first call. Default: on threads of their own, so that a job that
    /// blocks its thread holds up neither the loop nor the caller's tasks.
    ///
    /// It is for tests: the [paused time](https://docs.rs/tokio/latest/tokio/time/fn.pause.html) of a runtime holds only for
    /// what runs on it. The loop and the jobs end with that runtime. `run_until_signal` needs a runtime with IO.
    pub fn on_current_runtime(self) -> Self {
        Self { is_on_current_runtime: true, ..self }
    }

    /// Builds the orchestrator. Nothing runs before its first call.
    ///
    /// # Errors
    ///
    /// [`OrchestratorBuildError`], if the concurrency or a pool has no slots, or if two pools have the same name.
    pub fn build(self) -> Result<Orchestrator, OrchestratorBuildError> {
        if self.concurrency == Some(0) {
            return Err(OrchestratorBuildError::NoSlots);
        }
        for (position, (name, runs)) in self.pools.iter().enumerate() {
            if *runs == 0 {
                return Err(OrchestratorBuildError::EmptyPool { pool: name.clone() });
            }
            if self.pools.iter().take(position).any(|(other, _)| other == name) {
                return Err(OrchestratorBuildError::SamePool { pool: name.clone() });
            }
        }
        Ok(self.built())
    }

    /// Builds the orchestrator. The caller has checked that neither the concurrency nor a pool is zero.
    pub(crate) fn built(self) -> Orchestrator {
        let is_on_current_runtime = self.is_on_current_runtime;
        let setup = Setup {
            store: self.store,
            runner: self.runner,
            clock: self.clock,
            ids: Ids::new(self.seed),
            concurrency: self.concurrency.unwrap_or_else(usual_concurrency),
            pools: self.pools,
            recovery: self.recovery,
            keep: self.keep,
            lease: self.lease,
            stops_when_lost: self.stops_when_lost,
            store_timeout: self.store_timeout,
            store_calls: self.store_calls,
            grace: self.grace,
            events: EventSender::new(self.event_buffer),
        };
        Orchestrator::of(setup, is_on_current_runtime)
    }
}

pub(crate) fn usual_concurrency() -> usize {
    available_parallelism().map_or(1, usize::from).saturating_mul(4).max(16)
}

impl fmt::Debug for OrchestratorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrchestratorBuilder")
            .field("store", &self.store)
            .field("concurrency", &self.concurrency)
            .field("pools", &self.pools)
            .field("recovery", &self.recovery)
            .finish_non_exhaustive()
    }
}
