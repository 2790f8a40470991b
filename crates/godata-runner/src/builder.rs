//! What a runner is told once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{Clock, SystemClock};

use crate::Runner;
use crate::events::Events;
use crate::registry::{Keep, Registry};
use crate::runner::Inner;
use crate::slots::Slots;

/// Builds a [`Runner`]; made by [`Runner::builder`].
#[must_use]
pub struct RunnerBuilder {
    limit: Option<usize>,
    pools: Vec<(String, usize)>,
    timeout: Option<Duration>,
    stop_grace: Duration,
    keep: Keep,
    event_buffer: usize,
    clock: Arc<dyn Clock>,
}

impl RunnerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            limit: None,
            pools: Vec::new(),
            timeout: None,
            stop_grace: Duration::from_secs(5),
            keep: Keep { count: 1_000, age: Duration::from_secs(24 * 60 * 60) },
            event_buffer: 1_024,
            clock: Arc::new(SystemClock),
        }
    }

    /// How many jobs run at a time, over all pools. Default: as many as are started.
    pub fn limit(self, runs: usize) -> Self {
        Self { limit: Some(runs), ..self }
    }

    /// Adds a pool, in which so many jobs run at a time; a [`RunRequest`](godata_core::RunRequest) names it. Runs of
    /// a pool take a slot of it first and then one of the [`limit`](Self::limit), so they don't keep other runs
    /// waiting while they wait for their pool.
    pub fn pool(mut self, name: impl Into<String>, runs: usize) -> Self {
        self.pools.push((name.into(), runs));
        self
    }

    /// How long a job may take whose request does not say it, on a clock that nobody sets. Default: for ever.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// How long a job that was asked to stop has to do so, before it is dropped. Default: 5 s.
    pub fn stop_grace(self, grace: Duration) -> Self {
        Self { stop_grace: grace, ..self }
    }

    /// How many results of runs that have ended are kept. Default: 1,000.
    pub fn keep_results(mut self, count: usize) -> Self {
        self.keep.count = count;
        self
    }

    /// For how long results of runs that have ended are kept. Default: 24 h.
    pub fn keep_results_for(mut self, age: Duration) -> Self {
        self.keep.age = age;
        self
    }

    /// How many events a reader may be behind before it misses some, at most 1,048,576. Room for all of them is taken
    /// when the first reader subscribes. Default: 1,024.
    pub fn event_buffer(self, events: usize) -> Self {
        Self { event_buffer: events, ..self }
    }

    /// The clock that results show the time of. Default: [`SystemClock`]. Timeouts don't go by it.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Builds the runner.
    ///
    /// # Errors
    ///
    /// [`RunnerBuildError`].
    pub fn build(self) -> Result<Runner, RunnerBuildError> {
        if self.limit == Some(0) {
            return Err(RunnerBuildError::NoSlots);
        }
        for (position, (name, runs)) in self.pools.iter().enumerate() {
            if *runs == 0 {
                return Err(RunnerBuildError::EmptyPool { pool: name.clone() });
            }
            if self.pools.iter().take(position).any(|(other, _)| other == name) {
                return Err(RunnerBuildError::SamePool { pool: name.clone() });
            }
        }
        Ok(self.built())
    }

    /// Builds it as it is, which has no pool and no limit of zero.
    pub(crate) fn built(self) -> Runner {
        Runner::from(Inner {
            clock: self.clock,
            timeout: self.timeout,
            stop_grace: self.stop_grace,
            slots: Slots::new(self.limit, self.pools),
            registry: Registry::new(self.keep),
            events: Events::new(self.event_buffer),
        })
    }
}

impl fmt::Debug for RunnerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerBuilder")
            .field("limit", &self.limit)
            .field("pools", &self.pools)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why there can't be such a runner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerBuildError {
    /// A limit of zero would run nothing.
    #[error("a runner with a limit of 0 runs nothing")]
    NoSlots,
    /// A pool without slots would run nothing.
    #[error("pool {pool:?} with 0 slots runs nothing")]
    EmptyPool {
        /// The pool.
        pool: String,
    },
    /// Two pools have the same name.
    #[error("there are two pools {pool:?}")]
    SamePool {
        /// The pool.
        pool: String,
    },
}
