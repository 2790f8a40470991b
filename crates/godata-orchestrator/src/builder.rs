//! What an orchestrator is told once.

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use godata_core::{AnyStore, Clock, JobRunner, SystemClock};

use crate::events::EventSender;
use crate::ids::Ids;
use crate::{Orchestrator, OrchestratorBuildError, Recovery};

/// Builds an [`Orchestrator`]; made by [`Orchestrator::builder`].
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
    store_timeout: Duration,
    event_buffer: usize,
}

/// How much history is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Keep {
    pub(crate) newest: Option<usize>,
    pub(crate) age: Option<Duration>,
}

/// What the loop works with.
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
    pub(crate) store_timeout: Duration,
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
            store_timeout: Duration::from_secs(30),
            event_buffer: 1_024,
        }
    }

    /// The clock that due times are compared with. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Makes all ids and waits follow from a number, so that a simulated run can be repeated. Default: random.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// How many runs go on at a time, over all pools. Default: four per core, at least 16.
    pub fn concurrency(self, runs: usize) -> Self {
        Self { concurrency: Some(runs), ..self }
    }

    /// Adds a pool, in which so many runs go on at a time; a [`Registration`](crate::Registration::pool) names it.
    pub fn pool(mut self, name: impl Into<String>, runs: usize) -> Self {
        self.pools.push((name.into(), runs));
        self
    }

    /// What becomes of runs whose process died or shut down. Default: [`Recovery::Off`].
    pub fn recovery(self, recovery: Recovery) -> Self {
        Self { recovery, ..self }
    }

    /// Forgets what is older than this many finished runs of the same pipeline, once an hour. Default: nothing.
    pub fn keep_newest(mut self, runs: usize) -> Self {
        self.keep.newest = Some(runs);
        self
    }

    /// Forgets runs this long after they have ended, once an hour. Default: never.
    pub fn keep_for(mut self, age: Duration) -> Self {
        self.keep.age = Some(age);
        self
    }

    /// How long `run_until_signal`, of the feature `signal`, lets runs go on. Default: 30 s.
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// For how long it counts as alive, in a store that is shared, without being heard of; it says so three times as
    /// often. After it, others take over its runs. Default: 30 s.
    pub fn lease(self, ttl: Duration) -> Self {
        Self { lease: ttl, ..self }
    }

    /// How long the store may take for one call; what it has done is unknown then, and looked up. Default: 30 s.
    pub fn store_timeout(self, timeout: Duration) -> Self {
        Self { store_timeout: timeout, ..self }
    }

    /// How many events a reader may be behind before it misses some, at most 1,048,576. Default: 1,024.
    pub fn event_buffer(self, events: usize) -> Self {
        Self { event_buffer: events, ..self }
    }

    /// Builds the orchestrator. Nothing runs until it is asked for something.
    ///
    /// # Errors
    ///
    /// [`OrchestratorBuildError`].
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

    /// Builds it as it is, which has no pool and no concurrency of zero.
    pub(crate) fn built(self) -> Orchestrator {
        let grace = self.grace;
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
            store_timeout: self.store_timeout,
            events: EventSender::new(self.event_buffer),
        };
        Orchestrator::of(setup, grace)
    }
}

fn usual_concurrency() -> usize {
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
