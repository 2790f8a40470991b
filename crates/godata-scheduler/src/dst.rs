//! Policies for local times that a clock change skips or repeats.

use std::fmt;

/// What a schedule with local times does when the clocks change.
///
/// In spring most clocks go from 01:59 to 03:00: 02:30 does not exist, because it lies in a *gap*. In autumn they go
/// back from 02:59 to 02:00: 02:30 occurs twice, because it lies in an *overlap*. By default each day's work runs once:
/// right after a gap, and in the first pass of an overlap.
///
/// In text the policies are `gap=run-after`, `gap=shift` or `gap=skip`, and `overlap=first`, `overlap=last` or
/// `overlap=both`, after the zone.
///
/// # Example
///
/// ```
/// use godata_scheduler::{DailyAt, Dst, DstGap, DstOverlap, Schedule};
///
/// let daily: DailyAt = "daily 02:30 Europe/Berlin".parse()?;
/// let strict = daily.dst(Dst::new().gap(DstGap::Skip).overlap(DstOverlap::Last));
/// assert_eq!(strict.spec(), "daily 02:30 Europe/Berlin gap=skip overlap=last");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Dst {
    /// What happens to a local time that does not exist.
    pub gap: DstGap,
    /// What happens to a local time that occurs twice.
    pub overlap: DstOverlap,
}

impl Dst {
    /// Makes the default policies: [`DstGap::RunAfter`] and [`DstOverlap::First`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what happens to a local time that does not exist.
    #[must_use]
    pub fn gap(self, gap: DstGap) -> Self {
        Self { gap, ..self }
    }

    /// Sets what happens to a local time that occurs twice.
    #[must_use]
    pub fn overlap(self, overlap: DstOverlap) -> Self {
        Self { overlap, ..self }
    }
}

/// What happens to a local time that does not exist.
///
/// The examples are for Berlin on 2026-03-29, when the clocks go from 02:00 to 03:00.
///
/// ```
/// use godata_scheduler::time::UtcDateTime;
/// use godata_scheduler::{ScheduleExt, Zone, parse};
///
/// let berlin = Zone::new("Europe/Berlin")?;
/// let day_before = UtcDateTime::from_unix_timestamp(1_774_699_200)?; // 2026-03-28 12:00 UTC
/// for (text, first) in [
///     ("daily 02:30 Europe/Berlin", "2026-03-29 3:00:00.0 +02:00:00"),
///     ("daily 02:30 Europe/Berlin gap=shift", "2026-03-29 3:30:00.0 +02:00:00"),
///     ("daily 02:30 Europe/Berlin gap=skip", "2026-03-30 2:30:00.0 +02:00:00"),
/// ] {
///     let due = parse(text)?.upcoming(day_before).next();
///     assert_eq!(due.map(|due| berlin.local(due).to_string()).as_deref(), Some(first));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DstGap {
    /// It runs at the first instant after the gap: 02:30 becomes 03:00.
    #[default]
    RunAfter,
    /// It runs later by the length of the gap: 02:30 becomes 03:30.
    Shift,
    /// It does not run.
    Skip,
}

/// What happens to a local time that occurs twice.
///
/// ```
/// use godata_scheduler::time::UtcDateTime;
/// use godata_scheduler::{ScheduleExt, parse};
///
/// // On 2026-10-25 the clocks in Berlin go from 03:00 back to 02:00, so 02:30 is at 00:30 and at 01:30 UTC.
/// let midnight = UtcDateTime::from_unix_timestamp(1_792_886_400)?;
/// for (policy, expected) in [("first", &[0][..]), ("last", &[1]), ("both", &[0, 1])] {
///     let schedule = parse(&format!("daily 02:30 Europe/Berlin overlap={policy}"))?;
///     let today = schedule.upcoming(midnight).take_while(|due| due.date() == midnight.date());
///     assert_eq!(today.map(UtcDateTime::hour).collect::<Vec<_>>(), expected);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DstOverlap {
    /// It runs in the first pass.
    #[default]
    First,
    /// It runs in the last pass.
    Last,
    /// It runs in both passes.
    Both,
}

/// `run-after`, `shift` or `skip`.
impl fmt::Display for DstGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RunAfter => "run-after",
            Self::Shift => "shift",
            Self::Skip => "skip",
        })
    }
}

/// `first`, `last` or `both`.
impl fmt::Display for DstOverlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Both => "both",
        })
    }
}
