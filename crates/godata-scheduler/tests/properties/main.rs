//! Properties of all schedules: the numbered rules of the crate's documentation.

#![cfg(feature = "cron")]
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod combinations;
mod rules;
mod schedules;
mod text;

use godata_scheduler::{Schedule, ScheduleExt};
use time::{Duration, UtcDateTime};

const MILLISECOND: Duration = Duration::MILLISECOND;

/// Up to 60 instants within 40 days after `after`.
fn some_after(schedule: &(impl Schedule + ?Sized), after: UtcDateTime) -> Vec<UtcDateTime> {
    let end = after.saturating_add(Duration::days(40));
    schedule.upcoming(after).take_while(|due| *due <= end).take(60).collect()
}
