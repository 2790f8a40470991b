//! The time between two clock changes.

/// Farther away than any instant that a search reaches, and small enough for arithmetic without overflow.
const FAR: i64 = 1 << 40;

/// The seconds from one clock change to the next. The offset from UTC is constant in between.
///
/// All numbers are seconds. Instants count from the Unix epoch; local times count as if the local clock showed UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetPeriod {
    /// The first second.
    pub(crate) start: i64,
    /// The first second of the next period.
    pub(crate) end: i64,
    /// Local time minus UTC.
    pub(crate) offset: i64,
    /// The offset before `start`; equal to `offset` if there is no earlier period.
    pub(crate) offset_before: i64,
    /// The offset from `end` on; equal to `offset` if there is no later period.
    pub(crate) offset_after: i64,
}

impl OffsetPeriod {
    /// All of time, at one offset.
    pub(crate) fn endless(offset: i64) -> Self {
        Self { start: -FAR, end: FAR, offset, offset_before: offset, offset_after: offset }
    }
}
