//! Reads schedules from text.

use std::fmt;

#[cfg(feature = "cron")]
use super::on_calendar;
#[cfg(feature = "cron")]
use crate::Cron;
use crate::weekdays::Weekdays;
use crate::{AnyOf, AnySchedule, Between, DailyAt, Except, Interval, MonthlyAt, Never, Once, ScheduleError};

/// How deep combinations can be nested in text.
const DEEPEST: u8 = 16;

/// Longer texts, in bytes, are not tried as the body of a schedule.
const LONGEST_MEANT: usize = 80;

#[cfg(feature = "cron")]
const KEYWORDS: &str =
    "text that starts with every, daily, monthly, cron, once, never, any(, except( or between(";
#[cfg(not(feature = "cron"))]
const KEYWORDS: &str = "text that starts with every, daily, monthly, once, never, any(, except( or between( \
                        (cron needs the feature `cron`)";

/// What is accepted in place of weekdays alone.
pub(crate) const WEEKDAYS: &str = "a time of day, too, such as `daily 02:00 mon-fri`";

/// Reads a schedule from its text. [`Schedule::spec`](crate::Schedule::spec) and `Display` write the same text.
///
/// | text | type |
/// |---|---|
/// | `every 5m`, `every 1h30m from 2026-01-01T00:00:00Z` | [`Interval`] |
/// | `daily 02:00,14:30 mon-fri Europe/Berlin` | [`DailyAt`] |
/// | `monthly 1,15,last,2nd-tue,last-fri 18:00 Europe/Berlin` | [`MonthlyAt`] |
/// | `cron 0 2 * * * Europe/Berlin`, `cron @daily` | [`Cron`](crate::Cron), with the feature `cron` |
/// | `once 2026-03-29T01:00:00Z` | [`Once`] |
/// | `never` | [`Never`] |
/// | `any(daily 02:00; every 6h)` | [`AnyOf`] |
/// | `except(daily 02:00; sat,sun 12-25 2026-04-03 2026-07-01..2026-07-14 Europe/Berlin)` | [`Except`] |
/// | `between(every 5m; 2026-01-01T00:00:00Z..)` | [`Between`] |
///
/// * Durations have the units `d`, `h`, `m`, `s` and `ms`, from long to short.
/// * Times of day are `HH:MM` or `HH:MM:SS`; several are a list without spaces.
/// * Weekdays are `mon` to `sun`, as ranges and lists: `mon-fri`, `sat,sun`.
/// * Days of the month are `1` to `31`, `last`, `1st-mon` to `5th-sun`, and `last-mon` to `last-sun`.
/// * The zone is a name of the IANA database, and UTC if it is left out. After the zone, `daily`, `monthly` and `cron` take
///   `gap=run-after`, `gap=shift` or `gap=skip`, and `overlap=first`, `overlap=last` or `overlap=both`; see
///   [`Dst`](crate::Dst).
/// * Upper and lower case do not matter, except in the units of durations.
/// * Combinations can be nested up to 16 deep.
///
/// **One text for one meaning.** The text that a schedule writes is canonical, and may differ from the one it was read from.
/// It does not depend on spaces, case, the order of a list, values that are listed twice or as a range, units of a duration,
/// policies for clock changes in UTC, which has none, or the [spelling of a cron pattern](crate::Cron). A schedule
/// [recognizes](crate::Schedule::has_spec) its text in every spelling, so an orchestrator does not take another spelling for an
/// edit. Two kinds of schedules are different even if they fire at the same instants, such as `daily 02:00` and
/// `cron 0 2 * * *`. So are two names of the same zone, and combinations that are nested differently.
///
/// [`AnySchedule`] and each of the types implement [`FromStr`](std::str::FromStr) and serde's traits with the same texts.
/// Take a concrete type to accept only one kind of schedule.
///
/// # Errors
///
/// [`ScheduleError`] names the part that is wrong, and says what is accepted or what was clearly meant.
///
/// # Example
///
/// ```
/// use godata_scheduler::{Schedule, parse};
///
/// let schedule = parse("daily 02:00,14:30 mon-fri Europe/Berlin")?;
/// assert_eq!(schedule.to_string(), "daily 02:00,14:30 mon-fri Europe/Berlin");
/// assert_eq!(schedule.describe(), "at 02:00 and 14:30, Monday to Friday, Europe/Berlin time");
///
/// let error = parse("daily 02:00 Mo-Fr").unwrap_err();
/// assert_eq!(error.to_string(), "invalid weekday `Mo-Fr`; did you mean `mon-fri`?");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
pub fn parse(text: &str) -> Result<AnySchedule, ScheduleError> {
    schedule(text, 0)
}

/// A kind of schedule that has a text.
pub(crate) trait TextForm: fmt::Display + Sized {
    /// The first word of its text.
    const KEYWORD: &'static str;
    /// The form of its text, for error messages.
    const FORM: &'static str;

    /// Reads the text after the keyword. `depth` is the number of combinations around it.
    fn parse_body(body: &str, depth: u8) -> Result<Self, ScheduleError>;

    fn parse(text: &str) -> Result<Self, ScheduleError> {
        match split_keyword(text) {
            (keyword, body) if keyword.eq_ignore_ascii_case(Self::KEYWORD) => Self::parse_body(body, 0),
            _ => Err(ScheduleError::invalid("schedule", text.trim(), Self::FORM)
                .meaning(|| Self::without_keyword(text))),
        }
    }

    /// The text with its keyword, if that is all it lacks.
    fn without_keyword(text: &str) -> Option<String> {
        let text = text.trim();
        let is_whole = !text.is_empty() && text.len() <= LONGEST_MEANT && Self::parse_body(text, 0).is_ok();
        is_whole.then(|| format!("{} {text}", Self::KEYWORD))
    }

    /// The error for a text with the right keyword and a body of another form.
    fn malformed(body: &str) -> ScheduleError {
        let found = format!("{} {body}", Self::KEYWORD);
        ScheduleError::invalid("schedule", found.trim_end(), Self::FORM)
    }
}

/// Reads a schedule inside `depth` combinations.
pub(crate) fn schedule(text: &str, depth: u8) -> Result<AnySchedule, ScheduleError> {
    if depth > DEEPEST {
        return Err(ScheduleError::invalid("schedule", text, "at most 16 nested combinations"));
    }
    let (keyword, body) = split_keyword(text);
    match keyword.to_ascii_lowercase().as_str() {
        Interval::KEYWORD => Interval::parse_body(body, depth).map(AnySchedule::new),
        DailyAt::KEYWORD => DailyAt::parse_body(body, depth).map(AnySchedule::new),
        MonthlyAt::KEYWORD => MonthlyAt::parse_body(body, depth).map(AnySchedule::new),
        #[cfg(feature = "cron")]
        Cron::KEYWORD => Cron::parse_body(body, depth).map(AnySchedule::new),
        Once::KEYWORD => Once::parse_body(body, depth).map(AnySchedule::new),
        Never::KEYWORD => Never::parse_body(body, depth).map(AnySchedule::new),
        AnyOf::KEYWORD => AnyOf::parse_body(body, depth).map(AnySchedule::new),
        Except::KEYWORD => Except::parse_body(body, depth).map(AnySchedule::new),
        Between::KEYWORD => Between::parse_body(body, depth).map(AnySchedule::new),
        _ => Err(ScheduleError::invalid("schedule", text.trim(), expected(text)).meaning(|| meant(text))),
    }
}

/// What is accepted, in terms of what was given.
fn expected(text: &str) -> &'static str {
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.eq_ignore_ascii_case("@reboot") {
        return "a time; to run something at the start, call it in `main`";
    }
    #[cfg(feature = "cron")]
    if first.starts_with(|c: char| c == '*' || c.is_ascii_digit()) && text.split_whitespace().count() > 4 {
        return Cron::FORM;
    }
    let has_time = text.contains(|c: char| c.is_ascii_digit());
    if Weekdays::loosely(first).is_some() && !has_time { WEEKDAYS } else { KEYWORDS }
}

/// The text that was surely meant by one without a keyword, such as `0 2 * * *`, `@daily`, `hourly` or `5m`, or in the form
/// of another program.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > LONGEST_MEANT {
        return None;
    }
    if text.eq_ignore_ascii_case("hourly") {
        return Some("every 1h".to_owned());
    }
    let rate = text.strip_prefix("rate(").and_then(|rate| rate.strip_suffix(')'));
    if let Some(period) = rate.or_else(|| text.strip_prefix("@every ")) {
        return Interval::meant(period);
    }
    #[cfg(feature = "cron")]
    if let Some(meant) = Cron::without_keyword(text).or_else(|| Cron::with_leading_zone(text)) {
        return Some(meant);
    }
    let meant = Interval::without_keyword(text)
        .or_else(|| Interval::meant(text).filter(|_| text.contains(|c: char| c.is_ascii_digit())))
        .or_else(|| DailyAt::without_keyword(text))
        .or_else(|| DailyAt::meant(text))
        .or_else(|| MonthlyAt::without_keyword(text))
        .or_else(|| Once::without_keyword(text));
    #[cfg(feature = "cron")]
    let meant = meant.or_else(|| on_calendar::as_cron(text));
    meant
}

/// Whether a text is one of this schedule, in its canonical form or in another one.
pub(crate) fn is_text_of<T: TextForm>(text: &str, schedule: &T) -> bool {
    let canonical = schedule.to_string();
    text == canonical || T::parse(text).is_ok_and(|parsed| parsed.to_string() == canonical)
}

/// Splits a text into its first word and the rest. A parenthesis ends the word.
fn split_keyword(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (keyword, body) =
        text.split_at(text.find(|c: char| c == '(' || c.is_whitespace()).unwrap_or(text.len()));
    (keyword, body.trim_start())
}

/// The text between an opening parenthesis at the start and a closing one at the end.
pub(crate) fn inside(text: &str) -> Option<&str> {
    text.strip_prefix('(')?.strip_suffix(')')
}

/// Splits a text at separators outside parentheses.
pub(crate) fn parts(text: &str, is_separator: impl Fn(char) -> bool) -> Vec<&str> {
    let mut depth = 0_i32;
    let outside = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && is_separator(c)
    };
    text.split(outside).map(str::trim).collect()
}
