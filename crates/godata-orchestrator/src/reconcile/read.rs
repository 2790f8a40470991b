//! A pipeline was read.

use std::sync::Arc;

use godata_core::{PipelineRecord, RunId};

use super::{Effects, Instance, duplicate, ends, granted, jobs, row};
use crate::entry::{Entry, Lead};
use crate::persist::Reloaded;

/// Takes over what was read, and compares it with what the loop knew. `duplicate` is the run that a commit collided with.
pub(super) fn read(
    entry: &mut Entry,
    reloaded: Reloaded,
    duplicate: Option<RunId>,
    instance: Instance,
    effects: &mut Effects,
) {
    let Reloaded { row, runs, settled } = reloaded;
    let was_removed = row.is_none();
    let row = row.unwrap_or_else(|| PipelineRecord::new(entry.name().clone(), instance.now));
    let before = std::mem::replace(&mut entry.row, row);
    let may_be_ours = entry.unconfirmed_rev.is_some_and(|rev| entry.row.rev == rev + 1);
    if entry.row.cursor > before.cursor && entry.row.spec_since == before.spec_since && !may_be_ours {
        entry.lead = Lead::Elsewhere;
    }
    entry.was_read = true;
    entry.runs = runs;
    let open_skip = settled.iter().find(|run| entry.row.open_skip == Some(run.id));
    entry.fold.stored = open_skip.cloned().map(Arc::new);
    if entry.row.cursor != before.cursor || entry.row.spec_since != before.spec_since {
        entry.fold.unsaved = None;
    }
    entry.forget_settled_orphans();
    row::compare_pause(&before, &entry.row, effects);
    ends::find_stored(entry, &settled, instance.owner, effects);
    if was_removed {
        row::restore(entry);
    }
    row::keep_stored_spec(entry);
    row::compare_spec(entry, &before, effects);
    row::compare_removal(entry, &before, effects);
    jobs::compare(entry, &settled, instance.owner, effects);
    if let Some(duplicate) = duplicate {
        duplicate::resolve(entry, duplicate, &settled, effects);
    }
    granted::find(entry, &settled, effects);
    row::compare_success(&before, &entry.row, effects);
}
