//! Schedules by cron patterns.

mod compiled;
mod days;
mod describe;
mod fields;
mod grammar;
mod values;

use std::fmt;
use std::sync::Arc;

use godata_core::Schedule;
use time::{Date, UtcDateTime};

use crate::combine::just_before;
use crate::horizon::HORIZON;
use crate::local_schedule::LocalSchedule;
use crate::text::{self, LocalSuffix, TextForm, describe_local};
use crate::{Dst, DstGap, DstOverlap, ScheduleError, Zone};

use compiled::Compiled;

/// The policy of a wildcard pattern: it fires whenever a clock shows one of its times.
const REAL_TIME: Dst = Dst { gap: DstGap::Skip, overlap: DstOverlap::Both };

/// Fires when the clocks of a zone show what a cron pattern says.
///
/// A pattern has five fields. With six, the first is for seconds; with seven, the last is also for years:
///
/// | field | values `n` | besides `*` alone, or a list of `n`, `a-b`, `*/n` and `a-b/n` |
/// |---|---|---|
/// | second | 0-59 | |
/// | minute | 0-59 | |
/// | hour | 0-23 | |
/// | day of month | 1-31 | in the list: `L` the last day, `15W` the weekday (Monday to Friday) nearest to the 15th within the month, `LW` the last such weekday; alone: `?` as `*` |
/// | month | 1-12, JAN-DEC | |
/// | day of week | 0-7, SUN-SAT; 0 and 7 are Sunday | in the list: `5#2` the second Friday, `FRI#L`, `5#L`, `FRIL` or `5L` the last Friday; alone: `?` as `*`; `+` before it all |
/// | year | 1-5000 | |
///
/// Nothing else is accepted. Numbers have up to two digits, such as `5` or `05`, and years up to four. Names are those of
/// the table, in upper or lower case, and so are `L` and `W`. The first value of a range is not after the last; `SAT-SUN`
/// ends with 7. `W`, `L` and `#` belong to single days, never to ranges, but several such days are a list: `1W,15W`.
///
/// These are the patterns of the [Open Cron Pattern Specification](https://github.com/open-source-cron/ocps) 1.4, and
/// beyond those `W` in lists, `SAT-SUN`, and lower case. [`Dst`] differs in its default.
///
/// A step must be smaller than the number of values in its field: `*/60` is an error in minutes. `*/n` counts from the
/// first value of the field, and starts over in each minute, hour, day, month, year or week. Years count from 1, so
/// `*/2` means the odd ones.
///
/// A pattern can also be `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` or `@hourly`.
///
/// **Day of month and day of week.** If neither field is exactly `*`, a day has to match one of them, as POSIX says:
/// `0 0 13 * FRI` is every 13th and every Friday. With `+` it has to match both: `0 0 13 * +FRI` is every Friday the
/// 13th.
///
/// **When the clocks change.** A pattern whose minute or hour begins with `*` is a *wildcard*: it follows real
/// time, so `*/15 * * * *` keeps firing every 15 minutes, and [`Dst`] has no effect on it. Every other pattern is
/// *fixed-time*, and [`Dst`] says what happens to a time that the clocks skip or repeat. (Vixie cron makes the same
/// distinction.)
///
/// **One text.** The text is `cron PATTERN [ZONE] [gap=…] [overlap=…]`. Patterns whose fields mean the same are equal and
/// have the same text, however they are spelled: `0 2 * * 1-5`, `0 02 ? * mon,tue-fri` and `0 0 2 * * MON-FRI` are all
/// written as `cron 0 2 * * MON-FRI`, and `@daily` as `cron 0 0 * * *`. Fields that mean different things when the clocks
/// change stay different: `*/30 2 * * *` is a wildcard and `0,30 2 * * *` is not. Equal patterns are compiled once.
///
/// # Example
///
/// ```
/// use godata_scheduler::{Cron, Schedule, Zone};
///
/// let schedule = Cron::new("0 2 * * MON-FRI")?.in_zone(Zone::new("Europe/Berlin")?)?;
/// assert_eq!(schedule.spec(), "cron 0 2 * * MON-FRI Europe/Berlin");
///
/// let error = Cron::new("61 * * * *").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid minute `61` in cron pattern `61 * * * *`: expected * alone, or a list of 0-59, a-b, */n and a-b/n",
/// );
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
#[derive(Clone)]
pub struct Cron {
    compiled: Arc<Compiled>,
    /// The policy that was set, even for a wildcard, which does not follow it.
    dst: Dst,
    local: LocalSchedule,
}

impl Cron {
    /// Makes the schedule of a pattern, in UTC.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::CronField`] for an invalid field, [`ScheduleError::Invalid`] for too few or too many fields,
    /// [`ScheduleError::NeverFires`] for a pattern that no day matches, such as `0 0 30 2 *`.
    pub fn new(pattern: &str) -> Result<Self, ScheduleError> {
        must_fire(Self::of(Compiled::get(pattern)?, Zone::UTC, Dst::default()))
    }

    /// Sets the zone whose clocks the pattern is compared with. Default: UTC.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NeverFires`] if these clocks never show a matching time, which can happen to a pattern with a
    /// year.
    pub fn in_zone(self, zone: Zone) -> Result<Self, ScheduleError> {
        must_fire(Self::of(self.compiled, zone, self.dst))
    }

    /// Sets what happens to times that a clock change skips or repeats, if the pattern is fixed-time. Default:
    /// [`Dst::new`].
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NeverFires`] if all matching times are skipped, which can happen to a pattern with a year.
    pub fn dst(self, dst: Dst) -> Result<Self, ScheduleError> {
        must_fire(Self::of(self.compiled, self.local.zone, dst))
    }

    /// The pattern, in the one spelling of all patterns that mean the same.
    ///
    /// ```
    /// use godata_scheduler::Cron;
    ///
    /// assert_eq!(Cron::new("00  2 * * 1-5")?.pattern(), "0 2 * * MON-FRI");
    /// assert_eq!(Cron::new("@Daily")?.pattern(), "0 0 * * *");
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.compiled.text
    }

    /// The first instant of each run of years, and the one after.
    pub(crate) fn turns(&self) -> Vec<UtcDateTime> {
        let years = self.local.pattern.days.years().unwrap_or_default();
        let runs = years.chunk_by(|a, b| a + 1 == *b);
        let ends = runs.filter_map(|run| Some([*run.first()?, *run.last()? + 1])).flatten();
        let new_year = |year| Date::from_ordinal_date(year, 1).ok().map(|date| date.midnight().as_utc());
        ends.filter_map(new_year).collect()
    }

    /// The policy that was set, or the default for a wildcard, which does not follow it.
    fn policy(&self) -> Dst {
        if self.compiled.wildcard { Dst::default() } else { self.dst }
    }

    fn of(compiled: Arc<Compiled>, zone: Zone, dst: Dst) -> Self {
        let applied = if compiled.wildcard { REAL_TIME } else { dst };
        let local = LocalSchedule::new(Arc::clone(&compiled.pattern), zone, applied);
        Self { compiled, dst, local }
    }
}

/// Refuses a pattern that never fires.
fn must_fire(schedule: Cron) -> Result<Cron, ScheduleError> {
    match schedule.next(just_before(HORIZON.start)) {
        Some(_) => Ok(schedule),
        None => Err(ScheduleError::NeverFires { spec: schedule.spec() }),
    }
}

impl Schedule for Cron {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.local.next(after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        self.local.previous(before)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        self.local.count_between(after, until)
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        format!("{}{}", self.compiled.description, describe_local(&self.local.zone, self.policy()))
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.pattern() == other.pattern() && self.local == other.local
    }
}

impl Eq for Cron {}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.to_string()).finish()
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cron {}{}", self.pattern(), LocalSuffix::of(&self.local.zone, self.policy()))
    }
}

impl TextForm for Cron {
    const KEYWORD: &'static str = "cron";
    const FORM: &'static str =
        "`cron PATTERN [ZONE] [gap=…] [overlap=…]`, such as `cron 0 2 * * MON-FRI Europe/Berlin`";

    fn parse_body(body: &str, _depth: u8) -> Result<Self, ScheduleError> {
        let first = body.split_whitespace().next().unwrap_or_default();
        if first.starts_with('(') {
            let error = ScheduleError::invalid("schedule", format_args!("cron{body}"), Self::FORM);
            return Err(error.meaning(|| Self::of_cloud(body)));
        }
        if first.contains('=') {
            return Err(Self::malformed(body).meaning(|| Self::with_leading_zone(body)));
        }
        let (mut words, dst) = LocalSuffix::split(body)?;
        // A zone comes after five fields, or contains a slash. A misspelled weekday is not taken for a zone.
        let fields = if body.starts_with('@') { 1 } else { 5 };
        let enough = words.len() > fields;
        let zone = words.pop_if(|word| (enough || word.contains('/')) && !fields::looks_like_one(word));
        let compiled = Compiled::get(&words.join(" "))?;
        must_fire(Self::of(compiled, zone.map_or(Ok(Zone::UTC), Zone::new)?, dst))
    }
}

impl Cron {
    /// The text that was surely meant by `CRON_TZ=Europe/Berlin 0 2 * * *`.
    pub(crate) fn with_leading_zone(text: &str) -> Option<String> {
        let (first, pattern) = text.trim().split_once(char::is_whitespace)?;
        let (key, zone) = first.split_once('=')?;
        let is_zone = ["TZ", "CRON_TZ"].iter().any(|known| known.eq_ignore_ascii_case(key));
        let text = format!("{} {}", pattern.trim(), zone.trim_matches(['"', '\'']));
        is_zone.then(|| Self::without_keyword(&text)).flatten()
    }

    /// The text that was surely meant by `cron(0 2 * * ? *)`, whose sixth field is the year and whose weekdays start with 1.
    fn of_cloud(body: &str) -> Option<String> {
        let fields: Vec<_> = text::inside(body)?.split_whitespace().collect();
        let [minute, hour, day, month, weekday, "*"] = fields[..] else { return None };
        let text = format!("{minute} {hour} {day} {month} {weekday}");
        let means_the_same = !weekday.contains(|c: char| c.is_ascii_digit());
        means_the_same.then(|| Self::without_keyword(&text)).flatten()
    }
}
