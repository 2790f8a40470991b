//! Schedules within a range of instants.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use godata_core::Schedule;
use time::{Duration, UtcDateTime};

use super::{just_before, must_answer};
use crate::horizon::HORIZON;
use crate::text::{self, InstantText, TextForm, describe_instant};
use crate::{AnySchedule, ScheduleError};

/// Fires when another schedule does, within a range of instants; made by
/// [`ScheduleExt::between`](crate::ScheduleExt::between).
///
/// Its text is `between(every 5m; 2026-01-01T00:00:00Z..2026-07-01T00:00:00Z)`. The start is inclusive, the end exclusive,
/// and either can be left out.
#[derive(Clone, Debug)]
pub struct Between {
    schedule: AnySchedule,
    /// Inclusive; after the start of the horizon.
    from: Option<UtcDateTime>,
    /// Exclusive; before the end of the horizon.
    until: Option<UtcDateTime>,
}

impl Between {
    pub(crate) fn new(
        schedule: AnySchedule,
        range: impl RangeBounds<UtcDateTime>,
        depth: u8,
    ) -> Result<Self, ScheduleError> {
        let millisecond_after =
            |at: &UtcDateTime| at.truncate_to_millisecond().saturating_add(Duration::MILLISECOND);
        let from = match range.start_bound() {
            Bound::Included(at) if at.nanosecond().is_multiple_of(1_000_000) => Some(*at),
            Bound::Included(at) | Bound::Excluded(at) => Some(millisecond_after(at)),
            Bound::Unbounded => None,
        };
        let until = match range.end_bound() {
            Bound::Excluded(at) if at.nanosecond().is_multiple_of(1_000_000) => Some(*at),
            Bound::Included(at) | Bound::Excluded(at) => Some(millisecond_after(at)),
            Bound::Unbounded => None,
        };
        // A range that extends beyond the horizon makes no difference there, and RFC 3339 can't express all years.
        let from = from.filter(|from| *from > HORIZON.start);
        let until = until.filter(|until| *until < HORIZON.end);
        must_answer(Self { schedule, from, until }, depth)
    }

    pub(super) fn turns(&self) -> Vec<UtcDateTime> {
        self.schedule.turns().iter().copied().chain(self.from).chain(self.until).collect()
    }

    /// Just before the first instant of the range within the horizon.
    fn before_start(&self) -> UtcDateTime {
        just_before(self.start())
    }

    fn start(&self) -> UtcDateTime {
        self.from.unwrap_or(HORIZON.start)
    }

    /// The first instant after the range or the horizon.
    fn end(&self) -> UtcDateTime {
        self.until.unwrap_or(HORIZON.end)
    }
}

impl Schedule for Between {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        // The inner schedule can take long to find something beyond the range.
        if after >= self.end() {
            return None;
        }
        self.schedule.next(after.max(self.before_start())).filter(|due| *due < self.end())
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        if before <= self.start() {
            return None;
        }
        self.schedule.previous(before.min(self.end())).filter(|due| *due > self.before_start())
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        let (after, until) = (after.max(self.before_start()), until.min(just_before(self.end())));
        if after < until { self.schedule.count_between(after, until) } else { 0 }
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        let mut text = self.schedule.describe();
        for (word, instant) in [("from", self.from), ("until", self.until)] {
            if let Some(instant) = instant {
                text += &format!(", {word} {}", describe_instant(instant));
            }
        }
        text
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            |instant: Option<UtcDateTime>| instant.map(|at| InstantText(at).to_string()).unwrap_or_default();
        write!(f, "between({}; {}..{})", self.schedule, text(self.from), text(self.until))
    }
}

impl TextForm for Between {
    const KEYWORD: &'static str = "between";
    const FORM: &'static str = "`between(SCHEDULE; [INSTANT]..[INSTANT])`, such as \
                                `between(every 5m; 2026-01-01T00:00:00Z..)`";

    fn parse_body(body: &str, depth: u8) -> Result<Self, ScheduleError> {
        let parts = text::parts(text::inside(body).unwrap_or_default(), |c| c == ';');
        let [schedule, range] = parts[..] else { return Err(Self::malformed(body)) };
        let (from, until) = range.split_once("..").ok_or_else(|| Self::malformed(body))?;
        let instant = |text: &str| if text.is_empty() { Ok(None) } else { text::instant(text).map(Some) };
        let from = instant(from.trim())?.map_or(Bound::Unbounded, Bound::Included);
        let until = instant(until.trim())?.map_or(Bound::Unbounded, Bound::Excluded);
        Self::new(text::schedule(schedule, depth + 1)?, (from, until), depth)
    }
}
