//! Schedules that combine others.

mod any_of;
mod between;
mod except;
mod limit;
pub(crate) mod turns;

pub use any_of::{AnyOf, any_of};
pub use between::Between;
pub use except::Except;
pub(crate) use limit::must_answer;

use time::{Duration, UtcDateTime};

/// The millisecond before an instant.
pub(crate) fn just_before(instant: UtcDateTime) -> UtcDateTime {
    instant.saturating_sub(Duration::MILLISECOND)
}
