//! The time between two clock changes.

/// Farther away than any instant that is looked at, and near enough to calculate with.
const FAR: i64 = 1 << 40;

/// The seconds from one clock change to the next, in which local time is real time plus one offset.
///
/// All numbers are seconds; instants count from the Unix epoch, and local times as if their clock stood in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The first second.
    pub(crate) start: i64,
    /// The first second of the stretch that follows.
    pub(crate) end: i64,
    /// What is added to real time.
    pub(crate) offset: i64,
    /// What was added before `start`; the same if nothing was before.
    pub(crate) offset_before: i64,
    /// What is added from `end` on; the same if nothing follows.
    pub(crate) offset_after: i64,
}

impl Stretch {
    /// All of time, at one offset.
    pub(crate) fn endless(offset: i64) -> Self {
        Self { start: -FAR, end: FAR, offset, offset_before: offset, offset_after: offset }
    }
}
