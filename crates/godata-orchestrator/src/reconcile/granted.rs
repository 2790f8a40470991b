//! A request was granted by a commit with a lost answer, and its runs have ended since.

use godata_core::RunRecord;

use super::Effects;
use crate::OrchestratorError;
use crate::decide::{Request, Verdict};
use crate::entry::Entry;

pub(super) fn find(entry: &mut Entry, settled: &[RunRecord], effects: &mut Effects) {
    let Some(asked) = entry.request() else { return };
    let has_ended = |run: &RunRecord| settled.iter().any(|row| row.id == run.id);
    match &asked.request {
        Request::Backfill(runs) if runs.first().is_some_and(has_ended) => {
            effects.answer(entry, Verdict::Granted);
        }
        // Its handle is gone.
        Request::Run(run) if has_ended(run) => {
            let (pipeline, run) = (entry.name().to_string(), run.id);
            effects.fail(entry, OrchestratorError::Duplicate { pipeline, run });
        }
        _ => {}
    }
}
