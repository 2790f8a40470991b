//! When each pipeline makes its next step.

use std::collections::BTreeSet;

use time::UtcDateTime;

use crate::entry::EntryId;

/// One timer queue for all pipelines. Each pipeline is in it at most once.
///
/// Invariant: `queue` contains `(at, id)` exactly if `at[id]` is that instant.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(UtcDateTime, EntryId)>,
    at: Vec<Option<UtcDateTime>>,
}

impl Timers {
    /// Sets or clears the timer of a pipeline.
    pub(crate) fn set(&mut self, id: EntryId, at: Option<UtcDateTime>) {
        if self.at.len() <= id.0 {
            self.at.resize(id.0 + 1, None);
        }
        let Some(place) = self.at.get_mut(id.0) else { return };
        if *place == at {
            return;
        }
        if let Some(before) = std::mem::replace(place, at) {
            self.queue.remove(&(before, id));
        }
        self.queue.extend(at.map(|at| (at, id)));
    }

    /// Sets the timer of a pipeline, unless it expires earlier.
    pub(crate) fn advance(&mut self, id: EntryId, at: UtcDateTime) {
        let before = self.at.get(id.0).copied().flatten();
        self.set(id, Some(before.map_or(at, |before| before.min(at))));
    }

    pub(crate) fn first(&self) -> Option<UtcDateTime> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Removes and returns the pipeline whose timer expired first, if it has expired.
    pub(crate) fn pop_due(&mut self, now: UtcDateTime) -> Option<EntryId> {
        let (at, id) = *self.queue.first()?;
        (at <= now).then(|| {
            self.set(id, None);
            id
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn expired_timers_come_once_and_in_order() {
        let mut timers = Timers::default();
        for (id, seconds) in [(0, 9), (1, 3), (2, 5), (0, 4), (3, 1), (3, 8)] {
            timers.set(EntryId(id), Some(at(seconds)));
        }
        timers.set(EntryId(1), None);
        assert_eq!(timers.first(), Some(at(4)));
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_due(at(5))).collect();
        assert_eq!(due, [EntryId(0), EntryId(2)]);
        assert_eq!(timers.pop_due(at(8)), Some(EntryId(3)));
        assert_eq!(timers.first(), None);
    }
}
