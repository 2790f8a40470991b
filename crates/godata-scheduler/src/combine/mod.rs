//! Schedules made of others.

mod any_of;
mod between;
mod except;

pub use any_of::{AnyOf, any_of};
pub use between::Between;
pub use except::Except;

use godata_core::Schedule;
use time::{Duration, UtcDateTime};

use crate::ScheduleError;
use crate::horizon::HORIZON;

/// Refuses a schedule that never fires.
pub(crate) fn must_fire<S: Schedule>(schedule: S) -> Result<S, ScheduleError> {
    match schedule.next(just_before(HORIZON.start)) {
        Some(_) => Ok(schedule),
        None => Err(ScheduleError::NeverFires { spec: schedule.spec() }),
    }
}

/// The millisecond before an instant.
pub(crate) fn just_before(instant: UtcDateTime) -> UtcDateTime {
    instant.saturating_sub(Duration::MILLISECOND)
}
