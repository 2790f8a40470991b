//! What becomes of due times that were missed, and of those that come while a run goes on.

/// What becomes of due times that were missed: the process was down, the pipeline paused, or the clock jumped.
///
/// A due time is on time if it is the only one since the last and comes within the
/// [grace](crate::Registration::misfire_grace). Due times before the registration, or before the last edit of the
/// schedule, are never run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misfire {
    /// The newest is run, however late; one skipped row answers the others.
    #[default]
    Latest,
    /// The newest is run if it is within the grace; one skipped row answers the others.
    Skip,
    /// They are run one after another, oldest first: the newest 100, or as many as the buffer has room for. It needs
    /// [`Overlap::BufferAll`] or [`Overlap::Allow`].
    All,
}

/// What becomes of a due time that comes while a run of the same pipeline is queued or runs, one that waits to be
/// tried again included.
///
/// Queued backfills don't count; a backfill that runs does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overlap {
    /// It is skipped. A run by hand is refused.
    #[default]
    Skip,
    /// The first is queued; later ones are skipped.
    BufferOne,
    /// It is queued, unless so many are; then it is skipped.
    BufferAll(usize),
    /// The run is asked to stop, and the newest due time is queued in its stead.
    CancelOther,
    /// It runs beside the others.
    Allow,
}

/// What becomes of a run whose process died or shut down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// It is interrupted, and that is that: a job is executed at most once.
    #[default]
    Off,
    /// It is interrupted, and the same attempt is queued again, at most three times: a job is executed at least once.
    /// Where several instances share a store, one that could not renew its lease is taken for dead, and its job may
    /// still go on, until it finds that out, beside the one that was queued for it.
    Rerun,
}
