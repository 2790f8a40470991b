//! A commit was refused because the key of one of its rows exists.

use godata_core::{RunId, RunKeyKind, RunRecord};

use super::{Effect, Effects};
use crate::decide::{Refusal, Verdict};
use crate::entry::Entry;

/// Does what ends the collision with this run.
pub(super) fn resolve(entry: &mut Entry, duplicate: RunId, settled: &[RunRecord], effects: &mut Effects) {
    let Some(row) = entry.runs.iter().chain(settled).find(|run| run.id == duplicate) else { return };
    let asked = entry.request().map_or(&[][..], |asked| asked.request.runs());
    if asked.iter().any(|asked| asked.key == row.key) {
        return effects.answer(entry, Verdict::Refused(Refusal::Duplicate(duplicate)));
    }
    match row.key.kind() {
        // The row of the other pipeline was removed and created again, and its revs start over. The next success counts.
        Some(RunKeyKind::After) => entry.upstream.iter_mut().for_each(|(_, rev)| *rev = 0),
        // The schedule began at the same instant before.
        Some(RunKeyKind::Due) => effects.push(Effect::Rebase),
        _ => {}
    }
}
