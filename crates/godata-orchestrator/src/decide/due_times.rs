//! Calls of a schedule, which is foreign code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use godata_core::{Schedule, panic_message};
use time::UtcDateTime;

use crate::ScheduleFault;

/// The due times of a schedule, truncated to whole milliseconds. A panic is a fault. So is an answer that, once truncated, is
/// not after the instant that was asked about, because the loop would ask the same forever.
#[derive(Clone, Copy)]
pub(crate) struct DueTimes<'a>(pub(crate) &'a dyn Schedule);

impl DueTimes<'_> {
    /// The text of the schedule. If the stored text means the same, it is that one, so that another spelling, or the text of
    /// an earlier version, is not an edit.
    pub(crate) fn spec(self, stored: Option<&Arc<str>>) -> Result<Arc<str>, ScheduleFault> {
        match stored.filter(|stored| self.has_spec(stored)) {
            Some(stored) => Ok(Arc::clone(stored)),
            None => contained(|| self.0.spec()).map(Arc::from),
        }
    }

    /// Whether a stored text means this schedule; `false` if the schedule panics.
    pub(crate) fn has_spec(self, stored: &str) -> bool {
        contained(|| self.0.has_spec(stored)).unwrap_or_default()
    }

    pub(crate) fn next(self, after: UtcDateTime) -> Result<Option<UtcDateTime>, ScheduleFault> {
        match contained(|| self.0.next(after))? {
            Some(given) if given.truncate_to_millisecond() <= after => {
                Err(ScheduleFault::NotAfter { after, given })
            }
            due => Ok(due.map(UtcDateTime::truncate_to_millisecond)),
        }
    }

    /// The last due time up to `until`, inclusive, but not before `first`.
    pub(crate) fn last_until(
        self,
        until: UtcDateTime,
        first: UtcDateTime,
    ) -> Result<UtcDateTime, ScheduleFault> {
        let Some(beyond) = until.checked_add(time::Duration::MILLISECOND) else { return Ok(first) };
        let last = contained(|| self.0.previous(beyond))?.map(UtcDateTime::truncate_to_millisecond);
        Ok(last.filter(|last| (first..=until).contains(last)).unwrap_or(first))
    }

    /// How many due times there are from `first` to `last`, both inclusive, and whether the count is exact.
    pub(crate) fn count(self, first: UtcDateTime, last: UtcDateTime) -> Result<(u64, bool), ScheduleFault> {
        /// Counting stops here.
        const MOST: u64 = 1_000;
        let (mut count, mut at) = (1, first);
        while at < last {
            match self.next(at)? {
                Some(_) if count == MOST => return Ok((count, false)),
                Some(due) if due <= last => (count, at) = (count + 1, due),
                _ => break,
            }
        }
        Ok((count, true))
    }
}

fn contained<T>(f: impl FnOnce() -> T) -> Result<T, ScheduleFault> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
        // The payload is foreign code too: its `Drop` may panic.
        drop(panic_message(panic));
        ScheduleFault::Panicked
    })
}
