//! What an orchestrator is doing.

use godata_core::OwnerId;
use time::UtcDateTime;

/// What an orchestrator is doing at a moment. [`Orchestrator::status`](crate::Orchestrator::status) has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The id by which the store knows this instance.
    pub owner: OwnerId,
    /// Whether schedules fire.
    pub is_scheduling: bool,
    /// Whether it is shutting down.
    pub is_shutting_down: bool,
    /// The slots of all runs.
    pub slots: Used,
    /// The slots of each pool.
    pub pools: Vec<(String, Used)>,
    /// Since when calls of the store have failed; `None` if none fails now.
    pub store_failing_since: Option<UtcDateTime>,
}

/// How many slots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Used {
    /// The slots that are taken, at most `total`. A run whose start was only found by reading the store may run without one,
    /// and is not counted then.
    pub taken: usize,
    /// How many slots there are.
    pub total: usize,
}
