//! What holds for all schedules: the rules of the crate's documentation, by their numbers.

#![cfg(feature = "cron")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod combinations;
mod rules;
mod schedules;
mod text;

use godata_core::Schedule;
use godata_scheduler::ScheduleExt;
use time::{Duration, UtcDateTime};

const MILLISECOND: Duration = Duration::MILLISECOND;

/// The first instants after one, in few days.
fn some_after(schedule: &(impl Schedule + ?Sized), after: UtcDateTime) -> Vec<UtcDateTime> {
    let end = after.saturating_add(Duration::days(40));
    schedule.upcoming(after).take_while(|due| *due <= end).take(60).collect()
}
