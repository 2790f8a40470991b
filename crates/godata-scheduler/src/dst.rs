//! What becomes of a local time that a clock change takes away or repeats.

use std::fmt;

/// What a fixed-time schedule does when the clocks change.
///
/// In spring most clocks go from 01:59 to 03:00: 02:30 does not exist, it lies in a *gap*. In autumn they go back
/// from 02:59 to 02:00: 02:30 comes twice, in an *overlap*. The default runs each day's work once: right after a
/// gap, and in the first pass of an overlap.
///
/// ```
/// use godata_core::Schedule;
/// use godata_scheduler::AnySchedule;
/// use godata_scheduler::{DailyAt, Dst, DstGap, DstOverlap};
///
/// let daily: DailyAt = "daily 02:30 Europe/Berlin".parse()?;
/// let strict = daily.dst(Dst { gap: DstGap::Skip, overlap: DstOverlap::Last });
/// assert_eq!(strict.spec(), "daily 02:30 Europe/Berlin gap=skip overlap=last");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dst {
    /// For a time that does not exist.
    pub gap: DstGap,
    /// For a time that comes twice.
    pub overlap: DstOverlap,
}

/// What is done with a local time that does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DstGap {
    /// It runs at the first instant after the gap: 02:30 becomes 03:00.
    #[default]
    RunAfter,
    /// It runs as much later as the gap is long: 02:30 becomes 03:30.
    Shift,
    /// It does not run.
    Skip,
}

/// What is done with a local time that comes twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DstOverlap {
    /// It runs in the first pass.
    #[default]
    First,
    /// It runs in the last pass.
    Last,
    /// It runs in both.
    Both,
}

impl fmt::Display for DstGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RunAfter => "run-after",
            Self::Shift => "shift",
            Self::Skip => "skip",
        })
    }
}

impl fmt::Display for DstOverlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Both => "both",
        })
    }
}
