//! Ends of jobs that turn out to be stored.

use godata_core::{OwnerId, RunRecord, RunStatus};

use super::{Effect, Effects};
use crate::decide::End;
use crate::entry::Entry;

/// Finds the ends that a commit with a lost answer has stored.
pub(super) fn find_stored(entry: &mut Entry, settled: &[RunRecord], owner: OwnerId, effects: &mut Effects) {
    entry.ends.retain(|end| {
        let row = settled.iter().find(|row| row.id == end.run && is_end(row, end, owner));
        effects.list.extend(row.map(|row| Effect::Ended(Box::new(row.clone()), None)));
        row.is_none()
    });
}

/// Whether this owner has written this end into the row.
fn is_end(row: &RunRecord, end: &End, owner: OwnerId) -> bool {
    let was_canceled = end.status == RunStatus::Interrupted && row.status == RunStatus::Canceled;
    row.owner == Some(owner) && (row.status == end.status || was_canceled)
}
