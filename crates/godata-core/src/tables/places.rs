//! The places of all runs, by status.

use std::collections::BTreeSet;
use std::collections::btree_set::Range;
use std::iter::Rev;
use std::ops::Bound;

use crate::RunStatus;
use crate::store::query::Place;

/// The places of all runs, by status. A status that few runs have is found without looking at the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Places([BTreeSet<Place>; RunStatus::ALL.len()]);

impl Places {
    pub(super) fn insert(&mut self, status: RunStatus, place: Place) {
        self.0[status as usize].insert(place);
    }

    pub(super) fn remove(&mut self, status: RunStatus, place: &Place) {
        self.0[status as usize].remove(place);
    }

    /// How many runs have one of the statuses.
    pub(super) fn count(&self, statuses: &[RunStatus]) -> usize {
        statuses.iter().map(|status| self.0[*status as usize].len()).sum()
    }

    /// The places of the runs with one of the statuses, newest first. No status may be named twice.
    pub(super) fn newest_first(
        &self,
        statuses: &[RunStatus],
        range: (Bound<Place>, Bound<Place>),
    ) -> NewestFirst<'_> {
        let parts = statuses.iter().map(|status| {
            let mut places = self.0[*status as usize].range(range).rev();
            (places.next(), places)
        });
        NewestFirst(parts.collect())
    }
}

/// Merges the places of several statuses.
pub(super) struct NewestFirst<'a>(Vec<(Option<&'a Place>, Rev<Range<'a, Place>>)>);

impl<'a> Iterator for NewestFirst<'a> {
    type Item = &'a Place;

    fn next(&mut self) -> Option<&'a Place> {
        let (next, rest) = self.0.iter_mut().max_by_key(|(next, _)| *next)?;
        std::mem::replace(next, rest.next())
    }
}
