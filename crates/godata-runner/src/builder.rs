//! The settings of a runner.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use godata_core::{Clock, SystemClock, debug_as_chain, excerpt};

use crate::Runner;
use crate::events::EventSender;
use crate::registry::{Keep, Registry};
use crate::shared::Shared;
use crate::slots::Slots;

/// Builds a [`Runner`]; made by [`Runner::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use godata_runner::{Runner, RunnerBuildError};
///
/// let runner = Runner::builder()
///     .limit(8)
///     .pool("database", 2)
///     .timeout(Duration::from_secs(600))
///     .stop_grace(Duration::from_secs(30))
///     .build()?;
/// assert!(runner.active().is_empty());
/// assert_eq!(Runner::builder().limit(0).build().unwrap_err(), RunnerBuildError::NoSlots);
/// # Ok::<(), RunnerBuildError>(())
/// ```
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

    /// Sets how many jobs may run at a time, over all pools. Default: no limit.
    pub fn limit(self, runs: usize) -> Self {
        Self { limit: Some(runs), ..self }
    }

    /// Adds a pool in which up to `runs` jobs may run at a time. A [`RunRequest`](crate::RunRequest) names it.
    ///
    /// A run in a pool takes a slot of the pool first and then one of the overall [`limit`](Self::limit). So it does
    /// not hold up runs outside the pool while it waits for the pool.
    pub fn pool(mut self, name: impl Into<String>, runs: usize) -> Self {
        self.pools.push((name.into(), runs));
        self
    }

    /// Sets the timeout of jobs whose [request](crate::RunRequest::with_timeout) has none, in monotonic time. It starts
    /// with the job, so the wait for a slot does not count. A job that takes longer is asked to stop, and its run
    /// fails. Default: no timeout.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Sets how long a job that was asked to stop may take to return before it is dropped. Default: 5 s.
    pub fn stop_grace(self, grace: Duration) -> Self {
        Self { stop_grace: grace, ..self }
    }

    /// Sets how many results of ended runs are kept. Default: 1,000.
    pub fn keep_results(mut self, count: usize) -> Self {
        self.keep.count = count;
        self
    }

    /// Sets how long results of ended runs are kept. Default: 24 h.
    pub fn keep_results_for(mut self, age: Duration) -> Self {
        self.keep.age = age;
        self
    }

    /// Sets how many events a reader may fall behind before it misses some, from 1 to 1,048,576; other values are
    /// clamped. The whole buffer is allocated when the first reader subscribes. Default: 1,024.
    pub fn event_buffer(self, events: usize) -> Self {
        Self { event_buffer: events, ..self }
    }

    /// Sets the clock for the instants in results. Timeouts and the age of results don't use it. Default:
    /// [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Builds the runner.
    ///
    /// # Errors
    ///
    /// [`RunnerBuildError`], if the limit or a pool has no slots, or if two pools have the same name.
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

    /// Builds the runner. The caller has checked that neither the limit nor a pool is zero.
    pub(crate) fn built(self) -> Runner {
        Runner::from(Shared {
            clock: self.clock,
            timeout: self.timeout,
            stop_grace: self.stop_grace,
            slots: Slots::new(self.limit, self.pools),
            registry: Registry::new(self.keep),
            events: EventSender::new(self.event_buffer),
            runtime: OnceLock::new(),
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

/// Why a runner can't be built.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerBuildError {
    /// The limit is zero.
    #[error("the runner has a limit of 0 and would run nothing: set at least 1, or no limit")]
    NoSlots,
    /// A pool has no slots.
    #[error("pool `{}` has 0 slots and would run nothing: give it at least 1", excerpt(pool))]
    EmptyPool {
        /// The pool.
        pool: String,
    },
    /// Two pools have the same name.
    #[error("two pools are named `{}`: give each its own name", excerpt(pool))]
    SamePool {
        /// The pool.
        pool: String,
    },
}

debug_as_chain!(RunnerBuildError);
