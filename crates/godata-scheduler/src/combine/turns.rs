//! The instants at which the behavior of a schedule can change for good.

use std::any::Any;
use std::sync::Arc;

use time::UtcDateTime;

use super::{AnyOf, Between, Except};
#[cfg(feature = "cron")]
use crate::Cron;

/// The turns of a schedule, in ascending order: where a range of instants, of dates or of years starts or ends. Between two
/// of them, its behavior repeats with the calendar and the clock changes of its zones.
///
/// `None` if there are none, or if the type of the schedule is not of this crate.
pub(crate) fn of(schedule: &dyn Any) -> Option<Arc<[UtcDateTime]>> {
    let any = schedule.downcast_ref().map(AnyOf::turns);
    let except = || schedule.downcast_ref().map(Except::turns);
    let between = || schedule.downcast_ref().map(Between::turns);
    #[cfg(feature = "cron")]
    let cron = || schedule.downcast_ref().map(Cron::turns);
    #[cfg(not(feature = "cron"))]
    let cron = || None;
    let mut turns = any.or_else(except).or_else(between).or_else(cron)?;
    turns.sort_unstable();
    turns.dedup();
    (!turns.is_empty()).then(|| turns.into())
}
