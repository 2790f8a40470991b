//! Running after other pipelines.

use std::collections::BTreeMap;

use godata_core::{Cause, PipelineName, RunKey, RunStatus};

use super::draft::Draft;
use super::overlap::{self, Admission};
use super::{Mode, Plan, fires, standby};
use crate::Overlap;

/// Queues a run if an upstream pipeline, or all of a group, have succeeded since the last successes that were handled. This
/// compares states and not events, so no success is lost if another run is in the way and nothing is decided yet.
pub(super) fn follow(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let Some(plan) = facts.plan else { return };
    if facts.mode != Mode::Scheduling || !fires(draft.row()) {
        return;
    }
    let answered = answerable(plan, news(draft));
    let Some((upstream, rev)) = answered.first_key_value() else { return };
    if !standby::may_follow(draft) {
        return;
    }
    let waits = draft.with_status(RunStatus::Queued).any(|run| run.cause == Cause::After);
    let overlap = match plan.rules.overlap {
        Overlap::BufferOne | Overlap::BufferAll(_) => Overlap::Skip,
        Overlap::CancelOther if waits => Overlap::Skip,
        overlap => overlap,
    };
    if let Admission::Refuse(other) = overlap::admit(draft, overlap) {
        if draft.active().any(|(_, run)| run.id == other && facts.is_of_others(run.owner)) {
            draft.wait_for_others();
        }
        return;
    }
    let mut run = draft.new_run(RunKey::after(upstream, *rev), Cause::After);
    run.params = plan.rules.params.clone();
    draft.insert(run);
    draft.row_mut().after_seen.extend(answered);
}

/// The upstream pipelines that have succeeded since their last success that was handled, with the revs of these successes.
fn news(draft: &Draft<'_>) -> BTreeMap<PipelineName, u64> {
    let seen = |name| draft.row().after_seen.get(name).copied().unwrap_or_default();
    let news = draft.facts.upstream.iter().filter(|(name, rev)| *rev > seen(name));
    news.cloned().collect()
}

/// The news that lead to a run: not those of a group of which others are missing. They stay news until the group is complete.
fn answerable(plan: &Plan, news: BTreeMap<PipelineName, u64>) -> BTreeMap<PipelineName, u64> {
    let mut news = news;
    for group in &plan.registered.after_all {
        if !group.iter().all(|name| news.contains_key(name)) {
            news.retain(|name, _| !group.contains(name));
        }
    }
    news
}
