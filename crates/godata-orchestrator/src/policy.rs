//! Rules for due times that were missed, for those that overlap with a run, and for interrupted runs.

use serde::{Deserialize, Serialize};

/// What happens to due times that were missed, because the process was down, the pipeline was paused, or the clock jumped.
///
/// A due time is on time if it is the only one since the last decision and is handled within the
/// [grace](crate::Registration::misfire_grace). Due times before the registration, or before the last edit of the
/// schedule, are never run.
///
/// In JSON it is the name in snake case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Misfire {
    /// The newest is run, however late. One skipped row covers the others.
    #[default]
    Latest,
    /// The newest is run if it is within the grace. One skipped row covers the others.
    Skip,
    /// The newest 100 are run, oldest first, or fewer if the buffer has less room. One skipped row covers the others. This
    /// needs [`Overlap::BufferAll`] or [`Overlap::Allow`].
    All,
}

/// What happens to a due time that comes while a run of the same pipeline is queued or running.
///
/// A retry that waits for its time counts as queued. Queued backfills don't count, but running ones do. A run that has timed
/// out has ended, even if threads of its job [still work](crate::Registration::retry).
///
/// In JSON it is the name in snake case, or an object such as `{"buffer_all":10}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overlap {
    /// The due time is skipped. A run by hand is refused.
    #[default]
    Skip,
    /// One due time is queued. Later ones are skipped.
    BufferOne,
    /// Up to this many due times are queued. Later ones are skipped.
    BufferAll(usize),
    /// The running job is asked to stop, and the newest due time is queued in its place.
    CancelOther,
    /// The runs overlap.
    Allow,
}

/// What happens to a run whose process died or shut down.
///
/// A run that a shutdown kept from starting is queued again in any case, because its job was never called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// The run is interrupted. A job runs at most once.
    #[default]
    Off,
    /// The run is interrupted, and the same attempt is queued again, at most three times. A job runs at least once.
    ///
    /// Among instances that share a store, an instance whose lease has expired counts as dead. Until it learns of that,
    /// its job may still run beside the run that was queued in its place.
    Rerun,
}
