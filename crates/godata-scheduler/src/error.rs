//! Errors of building a schedule.

use std::fmt;
use std::path::PathBuf;

use godata_core::{BoxError, debug_as_chain, excerpt, excerpt_path, excerpt_within};

use crate::zone::NotAName;

/// Why a schedule, or a part of one, can't be built.
///
/// It says what is wrong and what is accepted or, where that is clear, what was meant. All errors occur when a schedule is
/// built; a schedule that exists answers every question.
///
/// # Example
///
/// ```
/// use godata_scheduler::{ScheduleError, parse};
///
/// let error = parse("daily 25:00").unwrap_err();
/// assert!(matches!(&error, ScheduleError::Invalid { what: "time of day", .. }));
/// assert_eq!(
///     error.to_string(),
///     "invalid time of day `25:00`: expected HH:MM or HH:MM:SS from 00:00 to 23:59:59",
/// );
///
/// let error = parse("0 2 * * *").unwrap_err();
/// assert_eq!(error.to_string(), "invalid schedule `0 2 * * *`; did you mean `cron 0 2 * * *`?");
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A part is invalid.
    #[error("invalid {what} `{}`{}", long_excerpt(found), Advice { expected, meant: meant.as_deref() })]
    #[non_exhaustive]
    Invalid {
        /// The part: `interval`, `time of day`, `date`, …
        what: &'static str,
        /// The text or value that was given, cut after 80 characters.
        found: String,
        /// What is accepted.
        expected: &'static str,
        /// The accepted text that was clearly meant, if there is one. The message shows it in place of `expected`.
        meant: Option<String>,
    },
    /// A field of a cron pattern is invalid.
    #[error(
        "invalid {field} `{}` in cron pattern `{}`: expected {expected}",
        long_excerpt(found),
        long_excerpt(pattern)
    )]
    #[non_exhaustive]
    CronField {
        /// The field: `minute`, `hour`, `day of month`, …
        field: &'static str,
        /// Its text, cut after 80 characters.
        found: String,
        /// The whole pattern, cut after 80 characters.
        pattern: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// A line of a list of holidays does not start with a date.
    #[error(
        "invalid line {line} of a list of holidays, `{}`: expected YYYY-MM-DD or MM-DD, then optionally a name",
        long_excerpt(found)
    )]
    #[non_exhaustive]
    HolidayLine {
        /// The line number, from 1.
        line: usize,
        /// The line, cut after 80 characters.
        found: String,
    },
    /// The time zone database has no zone of this name.
    #[error("there is no time zone `{}`{}", long_excerpt(name), ZoneAdvice { name, nearest: nearest.as_deref() })]
    #[non_exhaustive]
    UnknownZone {
        /// The name, cut after 80 characters.
        name: String,
        /// The zone that was surely meant, if there is one: the only one with this city, or with a name that differs in a
        /// letter or two.
        nearest: Option<String>,
    },
    /// The file of a time zone is broken, cut off, or can't be read.
    #[error(
        "the file of time zone `{}` can't be read or is broken: `{}`",
        long_excerpt(name),
        excerpt_path(path)
    )]
    #[non_exhaustive]
    ZoneFile {
        /// The name, cut after 80 characters.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BoxError,
    },
    /// There is no time zone database: this machine has no `/usr/share/zoneinfo`, and the feature `bundled-zones` is off.
    #[error(
        "can't look up time zone `{}`: install tzdata, or turn on the feature `bundled-zones`",
        long_excerpt(name)
    )]
    #[non_exhaustive]
    NoZones {
        /// The name, cut after 80 characters.
        name: String,
    },
    /// The time zone of this machine can't be determined, or has no name in the database.
    #[error("can't tell the time zone of this machine: set TZ to a name such as Europe/Berlin")]
    #[non_exhaustive]
    SystemZone {
        /// The error of the system, if there was one.
        source: Option<BoxError>,
    },
    /// The schedule is well formed, but never fires.
    #[error("`{}` never fires: no instant from 1970 to 2199 matches", long_excerpt(spec))]
    #[non_exhaustive]
    NeverFires {
        /// The schedule.
        spec: String,
    },
    /// A combination has too many schedules, or leaves out too many single days, to find out in time when it fires
    /// next.
    #[error(
        "it takes too long to find out when `{}` fires: combine fewer schedules, except ranges of \
         dates, or leave a due time in each year",
        long_excerpt(spec)
    )]
    #[non_exhaustive]
    TooCostly {
        /// The schedule, cut after 80 characters.
        spec: String,
    },
}

debug_as_chain!(ScheduleError);

/// How many characters of a part of a schedule a message shows. Most parts are cut before, when the error is made.
const TEXT: usize = 300;

fn long_excerpt(text: &str) -> String {
    excerpt_within(text, TEXT)
}

impl ScheduleError {
    pub(crate) fn invalid(what: &'static str, found: impl fmt::Display, expected: &'static str) -> Self {
        Self::Invalid { what, found: excerpt(&found.to_string()), expected, meant: None }
    }

    /// Adds the accepted text that was surely meant, if this error has none yet and the text is short enough to show.
    pub(crate) fn meaning(mut self, text: impl FnOnce() -> Option<String>) -> Self {
        if let Self::Invalid { meant: meant @ None, .. } = &mut self {
            *meant = text().filter(|text| excerpt(text) == *text);
        }
        self
    }
}

/// What was meant, or else what is accepted.
struct Advice<'a> {
    expected: &'a str,
    meant: Option<&'a str>,
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meant {
            Some(meant) => write!(f, "; did you mean `{}`?", long_excerpt(meant)),
            None => write!(f, ": expected {}", self.expected),
        }
    }
}

/// What is accepted as a zone, in terms of what was given.
struct ZoneAdvice<'a> {
    name: &'a str,
    nearest: Option<&'a str>,
}

impl fmt::Display for ZoneAdvice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nearest) = self.nearest {
            return write!(f, "; did you mean `{}`?", long_excerpt(nearest));
        }
        f.write_str(": expected a name of the IANA database, such as `Europe/Berlin`")?;
        match NotAName::of(self.name) {
            Some(NotAName::Abbreviation) => f.write_str(", and not an abbreviation"),
            Some(NotAName::Offset { fixed: Some(fixed) }) => {
                write!(f, ", or `{fixed}` for this fixed offset")
            }
            Some(NotAName::Offset { fixed: None }) => f.write_str(", and not an offset"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other variants are in `tests/errors.rs`. These two depend on the machine.
    #[test]
    fn errors_of_the_machine_print_their_chain_in_debug() {
        let no_zones = ScheduleError::NoZones { name: "Europe/Berlin".into() };
        let message =
            "can't look up time zone `Europe/Berlin`: install tzdata, or turn on the feature `bundled-zones`";
        assert_eq!((no_zones.to_string().as_str(), format!("{no_zones:?}").as_str()), (message, message));

        let message = "can't tell the time zone of this machine: set TZ to a name such as Europe/Berlin";
        for (source, debug) in
            [(None, message.to_owned()), (Some("no TZ".into()), format!("{message}: no TZ"))]
        {
            let error = ScheduleError::SystemZone { source };
            assert_eq!((error.to_string().as_str(), format!("{error:?}")), (message, debug));
        }
    }

    #[test]
    fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
        for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
            let t = || text.clone();
            let errors = [
                ScheduleError::Invalid { what: "date", found: t(), expected: "a date", meant: Some(t()) },
                ScheduleError::CronField { field: "hour", found: t(), pattern: t(), expected: "an hour" },
                ScheduleError::HolidayLine { line: 1, found: t() },
                ScheduleError::UnknownZone { name: t(), nearest: Some(t()) },
                ScheduleError::ZoneFile { name: t(), path: t().into(), source: t().into() },
                ScheduleError::NoZones { name: t() },
                ScheduleError::SystemZone { source: Some(t().into()) },
                ScheduleError::NeverFires { spec: t() },
                ScheduleError::TooCostly { spec: t() },
            ];
            for error in errors {
                let chain = format!("{error:?}");
                assert!(chain.len() < 4_000 && excerpt_within(&chain, chain.len()) == chain, "{chain}");
            }
        }
    }
}
