//! How a schedule can't be built.

use std::fmt;

use godata_core::BoxError;

/// How many characters of a text an error repeats.
const EXCERPT: usize = 80;

/// A schedule, or a part of one, that can't be built. It says what is wrong, and what is accepted.
///
/// All errors are found when a schedule is built; a schedule that exists answers every question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A part is not what it has to be.
    #[error("invalid {what} `{found}`: expected {expected}")]
    Invalid {
        /// What the part is: `interval`, `time of day`, `date`, …
        what: &'static str,
        /// What was given, in at most some 80 characters.
        found: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// A field of a cron pattern is not what it has to be.
    #[error("invalid {field} `{found}` in cron pattern `{pattern}`: expected {expected}")]
    CronField {
        /// Which field: `minute`, `hour`, `day of month`, …
        field: &'static str,
        /// What the field is.
        found: String,
        /// The whole pattern.
        pattern: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// A line of a list of holidays is none.
    #[error(
        "invalid line {line} of a list of holidays, `{found}`: expected YYYY-MM-DD or MM-DD, then any name"
    )]
    HolidayLine {
        /// The number of the line, from 1.
        line: usize,
        /// What it is, in at most some 80 characters.
        found: String,
    },
    /// The time zone database has no zone of this name.
    #[error("there is no time zone `{name}`{}", Hint(nearest.as_deref()))]
    UnknownZone {
        /// The name, in at most some 80 characters.
        name: String,
        /// A name that differs from it in a few letters.
        nearest: Option<String>,
    },
    /// There is no time zone database: this machine has no `/usr/share/zoneinfo`, and the feature `bundled-zones`
    /// is not on.
    #[error("time zone `{name}` can't be looked up: install tzdata, or turn on the feature `bundled-zones`")]
    NoZones {
        /// The name that was looked up, in at most some 80 characters.
        name: String,
    },
    /// The zone of this machine can't be found out, or has no name in the database.
    #[error("the time zone of this machine has no known name: set TZ to one such as Europe/Berlin")]
    SystemZone {
        /// Why not, if the system says so.
        source: Option<BoxError>,
    },
    /// It is well formed, but there is no instant from 1970 to 2199 at which it would fire.
    #[error("`{spec}` never fires: no instant from 1970 to 2199 fits it")]
    NeverFires {
        /// The schedule.
        spec: String,
    },
    /// It is a combination of more schedules than can be asked in time, or leaves out too much of them: to say when it
    /// is due next would take longer than a [`Schedule`](godata_core::Schedule) may.
    #[error(
        "`{spec}` takes too long to say when it is due: expected fewer schedules, or exceptions that leave something \
         every year or are ranges of dates"
    )]
    TooCostly {
        /// The schedule, in at most some 80 characters.
        spec: String,
    },
}

impl ScheduleError {
    pub(crate) fn invalid(what: &'static str, found: impl fmt::Display, expected: &'static str) -> Self {
        Self::Invalid { what, found: excerpt(&found.to_string()), expected }
    }
}

/// The start of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short = String::new();
    for c in text.chars().take(EXCERPT) {
        if c.is_control() { short.extend(c.escape_default()) } else { short.push(c) }
    }
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}

struct Hint<'a>(Option<&'a str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => f.write_str(": expected a name of the IANA database, such as `Europe/Berlin`"),
        }
    }
}
