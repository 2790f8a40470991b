//! The years that schedules cover, and instants as numbers.

use std::ops::Range;

use time::{Date, Month, Time, UtcDateTime};

/// The years in which schedules fire: from the start of 1970 to the end of 2199, in UTC.
///
/// No schedule of this crate returns an instant outside this range, and a schedule that never fires inside it can't be
/// built. Nobody knows the clock changes of later years, and even for the coming decades the rules of today's zones are
/// only a guess.
pub const HORIZON: Range<UtcDateTime> = UtcDateTime::UNIX_EPOCH..END;

const END: UtcDateTime = match Date::from_calendar_date(2200, Month::January, 1) {
    Ok(date) => UtcDateTime::new(date, Time::MIDNIGHT),
    Err(_) => UtcDateTime::MAX,
};

/// The end of the horizon, in Unix seconds.
pub(crate) const END_SECOND: i64 = END.unix_timestamp();

/// The second that contains an instant: rounded down.
pub(crate) fn second_of(instant: UtcDateTime) -> i64 {
    instant.unix_timestamp()
}

/// The instant at which a second starts, or `None` outside the horizon.
pub(crate) fn instant_of(second: i64) -> Option<UtcDateTime> {
    within(UtcDateTime::from_unix_timestamp(second).ok()?)
}

/// The millisecond that contains an instant: rounded down.
pub(crate) fn millisecond_of(instant: UtcDateTime) -> i64 {
    instant.unix_timestamp() * 1_000 + i64::from(instant.millisecond())
}

/// The instant at which a millisecond starts, or `None` outside the horizon.
pub(crate) fn instant_of_millisecond(millisecond: i64) -> Option<UtcDateTime> {
    let second = UtcDateTime::from_unix_timestamp(millisecond.div_euclid(1_000)).ok()?;
    let millis = u64::try_from(millisecond.rem_euclid(1_000)).ok()?;
    within(second + std::time::Duration::from_millis(millis))
}

/// The instant, or `None` if it is outside the horizon.
pub(crate) fn within(instant: UtcDateTime) -> Option<UtcDateTime> {
    HORIZON.contains(&instant).then_some(instant)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn the_horizon_ends_with_2199() {
        assert_eq!((END.year(), END.ordinal(), END.time()), (2200, 1, Time::MIDNIGHT));
        assert_eq!(instant_of(END_SECOND), None);
        assert_eq!(instant_of(END_SECOND - 1), Some(END - Duration::SECOND));
        assert_eq!(instant_of(-1), None);
        assert_eq!(instant_of(i64::MAX), None);
    }

    #[test]
    fn numbers_are_rounded_down_on_both_sides_of_the_epoch() {
        let at = |nanos| UtcDateTime::UNIX_EPOCH + Duration::nanoseconds(nanos);
        for (nanos, second, millisecond) in
            [(0, 0, 0), (1_999_999_999, 1, 1_999), (-1, -1, -1), (-1_000_000_000, -1, -1_000)]
        {
            assert_eq!((second_of(at(nanos)), millisecond_of(at(nanos))), (second, millisecond));
        }
        assert_eq!(instant_of_millisecond(1_999), Some(at(1_999_000_000)));
        assert_eq!(instant_of_millisecond(i64::MIN), None);
    }
}
