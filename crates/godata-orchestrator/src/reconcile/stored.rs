//! A commit is durable.

use godata_core::{Commit, RunChange};

use super::{Before, Effect, Effects, row};
use crate::entry::{Entry, Lead, Pending};

/// Takes the rows of a commit over, and carries out what waited for them to be durable.
pub(super) fn stored(entry: &mut Entry, pending: Pending, commit: Commit, rev: u64, effects: &mut Effects) {
    let before = std::mem::replace(&mut entry.row, commit.pipeline);
    if commit.due_not_after_now.is_some() {
        entry.lead = Lead::Here;
    }
    entry.row.rev = rev;
    if before.rev > 0 && before.removed_at.is_none() && before.spec != entry.row.spec {
        effects.push(Effect::Edited(before.spec.clone()));
    }
    row::compare_pause(&before, &entry.row, effects);
    effects.list.extend(pending.misfired.map(Effect::Misfired));
    let open_skip = std::mem::replace(&mut entry.fold, pending.fold).stored;
    entry.ends.drain(..pending.ends);
    for run in commit.runs.into_iter().map(RunChange::into_run) {
        let place = entry.runs.iter().position(|other| other.id == run.id);
        let old = place.map(|place| &entry.runs[place]);
        let old = old.or_else(|| open_skip.as_deref().filter(|row| row.id == run.id));
        let was_asked_before = old.is_none_or(|old| old.cancel_requested_at.is_some());
        let before = old.map(Before::of);
        if run.cancel_requested_at.is_some() && !was_asked_before && !entry.is_cancel_logged(run.id) {
            effects.push(Effect::CancelRequested(run.id));
        }
        if let Some(place) = place {
            entry.runs.remove(place);
        }
        if run.status.is_terminal() {
            effects.push(Effect::Ended(Box::new(run), before));
        } else {
            effects.push(Effect::Active(run.id, before));
            entry.runs.push(run);
        }
    }
    entry.forget_settled_orphans();
    effects.push(Effect::Recovered);
    if let Some(verdict) = pending.verdict {
        effects.answer(entry, verdict);
    }
    effects.list.extend(pending.starts.into_iter().map(Effect::Start));
    effects.list.extend(pending.stops.into_iter().map(Effect::Stop));
    row::compare_success(&before, &entry.row, effects);
}
