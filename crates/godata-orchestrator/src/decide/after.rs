//! Running after other pipelines.

use godata_core::{Cause, RunKey, RunStatus};

use super::draft::Draft;
use super::overlap::{self, Admission};
use super::{Mode, fires};
use crate::Overlap;

/// Queues a run if an upstream pipeline has succeeded since the last success that was handled. This compares states and
/// not events, so no success is lost if another run is in the way and nothing is decided yet.
pub(super) fn follow(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let Some(plan) = facts.plan else { return };
    let row = draft.row();
    if facts.mode != Mode::Scheduling || !fires(row) {
        return;
    }
    let seen = |name| row.after_seen.get(name).copied().unwrap_or_default();
    let news: Vec<_> = facts.upstream.iter().filter(|(name, rev)| *rev > seen(name)).collect();
    let Some((upstream, rev)) = news.first() else { return };
    let waits = draft.with_status(RunStatus::Queued).any(|run| run.cause == Cause::After);
    let overlap = match plan.rules.overlap {
        Overlap::BufferOne | Overlap::BufferAll(_) => Overlap::Skip,
        Overlap::CancelOther if waits => Overlap::Skip,
        overlap => overlap,
    };
    if let Admission::Refuse(other) = overlap::admit(draft, overlap) {
        if draft.active().any(|(_, run)| run.id == other && run.owner != Some(facts.owner)) {
            draft.wait_for_others();
        }
        return;
    }
    let mut run = draft.new_run(RunKey::after(upstream, *rev), Cause::After);
    run.params = plan.rules.params.clone();
    draft.insert(run);
    let row = draft.row_mut();
    row.after_seen.extend(news.into_iter().cloned());
}
