//! Sets of times of day.

/// Seconds of a day, from 0 at midnight to 86,399.
pub(crate) type Second = u32;

/// A set of times of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    /// These times, in ascending order.
    List(Box<[Second]>),
    /// Every combination of the hours, minutes and seconds whose bits are set.
    #[cfg(feature = "cron")]
    Product {
        /// Bits 0 to 23.
        hours: u64,
        /// Bits 0 to 59.
        minutes: u64,
        /// Bits 0 to 59.
        seconds: u64,
    },
}

impl Times {
    /// The number of them.
    pub(crate) fn len(&self) -> u64 {
        self.count_before(86_400)
    }

    /// The times of a list; empty for a product.
    pub(crate) fn listed(&self) -> &[Second] {
        match self {
            Self::List(times) => times,
            #[cfg(feature = "cron")]
            Self::Product { .. } => &[],
        }
    }

    /// The first one at or after `second`.
    pub(crate) fn at_or_after(&self, second: Second) -> Option<Second> {
        match self {
            Self::List(times) => times.get(times.partition_point(|time| *time < second)).copied(),
            #[cfg(feature = "cron")]
            Self::Product { hours, minutes, seconds } => {
                let (hour, minute, second) = split(second);
                let within_minute = || Some(second_of(hour, minute, bits::at_or_after(*seconds, second)?));
                let within_hour = || {
                    let minute = bits::at_or_after(*minutes, minute + 1)?;
                    Some(second_of(hour, minute, bits::first(*seconds)?))
                };
                let within_day = || {
                    let hour = bits::at_or_after(*hours, hour + 1)?;
                    Some(second_of(hour, bits::first(*minutes)?, bits::first(*seconds)?))
                };
                let hour_matches = bits::has(*hours, hour);
                let minute_matches = hour_matches && bits::has(*minutes, minute);
                (minute_matches.then(within_minute).flatten())
                    .or_else(|| hour_matches.then(within_hour).flatten())
                    .or_else(within_day)
            }
        }
    }

    /// The last one at or before `second`.
    pub(crate) fn at_or_before(&self, second: Second) -> Option<Second> {
        match self {
            Self::List(times) => {
                let after = times.partition_point(|time| *time <= second);
                times.get(after.checked_sub(1)?).copied()
            }
            #[cfg(feature = "cron")]
            Self::Product { hours, minutes, seconds } => {
                let (hour, minute, second) = split(second);
                let within_minute = || Some(second_of(hour, minute, bits::before(*seconds, second + 1)?));
                let within_hour = || {
                    let minute = bits::before(*minutes, minute)?;
                    Some(second_of(hour, minute, bits::last(*seconds)?))
                };
                let within_day = || {
                    let hour = bits::before(*hours, hour)?;
                    Some(second_of(hour, bits::last(*minutes)?, bits::last(*seconds)?))
                };
                let hour_matches = bits::has(*hours, hour);
                let minute_matches = hour_matches && bits::has(*minutes, minute);
                (minute_matches.then(within_minute).flatten())
                    .or_else(|| hour_matches.then(within_hour).flatten())
                    .or_else(within_day)
            }
        }
    }

    /// The number of them before `second`.
    pub(crate) fn count_before(&self, second: Second) -> u64 {
        match self {
            Self::List(times) => times.partition_point(|time| *time < second) as u64,
            #[cfg(feature = "cron")]
            Self::Product { hours, minutes, seconds } => {
                let (hour, minute, second) = split(second);
                let minutes_before = bits::count_before(*minutes, minute);
                let minute_matches = u64::from(bits::has(*minutes, minute));
                let hour_matches = u64::from(bits::has(*hours, hour));
                let per_minute = bits::count_before(*seconds, 64);
                let per_hour = per_minute * bits::count_before(*minutes, 64);
                let this_hour =
                    per_minute * minutes_before + minute_matches * bits::count_before(*seconds, second);
                per_hour * bits::count_before(*hours, hour) + hour_matches * this_hour
            }
        }
    }
}

/// The hour, the minute and the second.
#[cfg(feature = "cron")]
fn split(second: Second) -> (u32, u32, u32) {
    (second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(feature = "cron")]
fn second_of(hour: u32, minute: u32, second: u32) -> Second {
    hour * 3_600 + minute * 60 + second
}

/// Sets of numbers below 64.
#[cfg(feature = "cron")]
mod bits {
    pub(super) fn has(set: u64, bit: u32) -> bool {
        at_or_after(set, bit) == Some(bit)
    }

    pub(super) fn first(set: u64) -> Option<u32> {
        at_or_after(set, 0)
    }

    pub(super) fn last(set: u64) -> Option<u32> {
        before(set, 64)
    }

    pub(super) fn at_or_after(set: u64, bit: u32) -> Option<u32> {
        let rest = set & !below(bit);
        (rest != 0).then(|| rest.trailing_zeros())
    }

    pub(super) fn before(set: u64, bit: u32) -> Option<u32> {
        (set & below(bit)).checked_ilog2()
    }

    pub(super) fn count_before(set: u64, bit: u32) -> u64 {
        u64::from((set & below(bit)).count_ones())
    }

    fn below(bit: u32) -> u64 {
        !u64::MAX.checked_shl(bit).unwrap_or_default()
    }
}
