//! The requests of callers, and how they are carried out.

use std::collections::BTreeSet;
use std::sync::Arc;

use godata_core::{PipelineName, PipelineRecord, RunId, RunRecord, RunStatus};
use time::UtcDateTime;

use super::draft::Draft;
use super::overlap::{self, Admission};
use super::{AHEAD, dropped, skips};

/// Why due times were skipped: their schedule has ended or started anew.
const EDITED: &str = "the schedule was edited";
const DISABLED: &str = "the schedule was disabled";
const RESUMED: &str = "the schedule was resumed from now";
const REBASED: &str = "the schedule began anew, because its clock was wrong or its keys are taken";
const UNREGISTERED: &str = "its pipeline was unregistered";

/// The reason of a queued run that was canceled.
pub(super) const NEVER_STARTED: &str = "canceled before it started";

/// A request. The ids of its runs are fixed beforehand, so that a repeated request does not insert them twice.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// A queued run by hand.
    Run(Box<RunRecord>),
    /// Queued runs for due times in the past.
    Backfill(Vec<RunRecord>),
    Cancel(RunId),
    Pause,
    Resume,
    ResumeFromNow,
    Unregister,
    Register(Arc<Registered>),
    /// Continues the schedule from now.
    Rebase,
}

/// The part of a registration that is stored.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) spec: Option<Arc<str>>,
    pub(crate) enabled: bool,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) options: String,
    pub(crate) rules: Arc<str>,
    /// The pipelines that it runs after, also in groups, with the revs of their last successes.
    pub(crate) after: Vec<(PipelineName, u64)>,
    /// The groups of which all have to succeed. No pipeline is in two of them.
    pub(crate) after_all: Vec<BTreeSet<PipelineName>>,
}

impl Registered {
    /// Whether the row already says all of this.
    fn is_stored_in(&self, row: &PipelineRecord) -> bool {
        let has_settings =
            row.enabled == self.enabled && row.tags == self.tags && row.options == self.options;
        let has_rules = row.rules.as_ref() == Some(&self.rules);
        let upstream: BTreeSet<_> = self.after.iter().map(|(name, _)| name).collect();
        has_settings && has_rules && row.spec == self.spec && row.after_seen.keys().eq(upstream)
    }
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Granted,
    Refused(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    AlreadyRunning(RunId),
    /// This run has the key of a requested run, and is active or was a moment ago.
    Duplicate(RunId),
}

impl Request {
    /// Whether the stored rows show that the request was granted before. `None` if they can't show that.
    pub(crate) fn is_granted(&self, row: &PipelineRecord, runs: &[RunRecord]) -> Option<bool> {
        let is_active = |id: RunId| runs.iter().any(|run| run.id == id);
        Some(match self {
            Self::Run(run) => is_active(run.id),
            Self::Backfill(all) => all.iter().any(|run| is_active(run.id)),
            Self::Cancel(id) => {
                let is_meant = |run: &RunRecord| run.id == *id || run.retry_of == Some(*id);
                !runs.iter().any(|run| is_meant(run) && run.cancel_requested_at.is_none())
            }
            Self::Pause => row.paused_at.is_some(),
            Self::Resume => row.paused_at.is_none(),
            Self::Unregister => row.removed_at.is_some(),
            Self::Register(registered) => {
                row.removed_at.is_none() && row.rev > 0 && registered.is_stored_in(row)
            }
            // The pipeline may not have been paused before.
            Self::ResumeFromNow if row.paused_at.is_none() => return None,
            Self::ResumeFromNow | Self::Rebase => false,
        })
    }

    /// The runs that the request would insert.
    pub(crate) fn runs(&self) -> &[RunRecord] {
        match self {
            Self::Run(run) => std::slice::from_ref(run),
            Self::Backfill(runs) => runs,
            _ => &[],
        }
    }
}

/// Carries out the request.
pub(super) fn answer(draft: &mut Draft<'_>) {
    let Some(request) = draft.facts.request else { return };
    draft.verdict = Some(Verdict::Granted);
    match request {
        Request::Run(run) => run_by_hand(draft, run),
        Request::Backfill(runs) => backfill(draft, runs),
        Request::Cancel(run) => cancel(draft, *run),
        Request::Pause => pause(draft),
        Request::Resume => resume(draft),
        Request::ResumeFromNow => {
            resume(draft);
            begin_anew(draft, RESUMED);
        }
        Request::Unregister => unregister(draft),
        Request::Register(registered) => register(draft, registered),
        Request::Rebase => rebase(draft),
    }
}

fn run_by_hand(draft: &mut Draft<'_>, run: &RunRecord) {
    if draft.place_of(run.id).is_some() || refused_as_duplicate(draft, std::slice::from_ref(run)) {
        return;
    }
    let overlap = draft.facts.plan.map(|plan| plan.rules.overlap).unwrap_or_default();
    match overlap::admit(draft, overlap) {
        Admission::Queue => queue(draft, run),
        Admission::Refuse(other) => {
            draft.verdict = Some(Verdict::Refused(Refusal::AlreadyRunning(other)));
        }
    }
}

fn backfill(draft: &mut Draft<'_>, runs: &[RunRecord]) {
    if runs.iter().all(|run| draft.place_of(run.id).is_none()) && !refused_as_duplicate(draft, runs) {
        runs.iter().for_each(|run| queue(draft, run));
    }
}

/// Refuses runs if one of their keys belongs to an active run. The store would refuse them as well, unless the same commit
/// changes that run: such a commit is invalid.
fn refused_as_duplicate(draft: &mut Draft<'_>, asked: &[RunRecord]) -> bool {
    let keys: BTreeSet<_> = asked.iter().map(|run| &run.key).collect();
    let there = draft.facts.runs.iter().find(|run| keys.contains(&run.key)).map(|run| run.id);
    if let Some(run) = there {
        draft.verdict = Some(Verdict::Refused(Refusal::Duplicate(run)));
    }
    there.is_some()
}

fn queue(draft: &mut Draft<'_>, run: &RunRecord) {
    draft.insert(run.clone());
}

/// Cancels a run, or its retry if the run has just failed.
fn cancel(draft: &mut Draft<'_>, run: RunId) {
    let of = |id: fn(&RunRecord) -> Option<RunId>| draft.active().find(|(_, row)| id(row) == Some(run));
    let found = of(|row| Some(row.id)).or_else(|| of(|row| row.retry_of));
    match found.map(|(place, row)| (place, row.status, row.cancel_requested_at)) {
        Some((place, RunStatus::Queued, _)) => draft.drop_queued(place, RunStatus::Canceled, NEVER_STARTED),
        Some((place, _, None)) => draft.stop(place),
        _ => {}
    }
}

fn pause(draft: &mut Draft<'_>) {
    if draft.row().paused_at.is_none() {
        // The cursor does not move during the pause.
        skips::flush(draft);
        draft.row_mut().paused_at = Some(draft.facts.now);
    }
}

fn resume(draft: &mut Draft<'_>) {
    if draft.row().paused_at.is_some() {
        draft.row_mut().paused_at = None;
    }
}

fn unregister(draft: &mut Draft<'_>) {
    dropped::record(draft, UNREGISTERED);
    let queued = |(_, run): &(usize, &RunRecord)| run.status == RunStatus::Queued;
    let queued: Vec<_> = draft.active().filter(queued).map(|(place, _)| place).collect();
    for place in queued {
        draft.drop_queued(place, RunStatus::Canceled, UNREGISTERED);
    }
    let now = draft.facts.now;
    draft.row_mut().removed_at.get_or_insert(now);
}

fn register(draft: &mut Draft<'_>, registered: &Registered) {
    let row = draft.row();
    let is_edit = row.rev == 0
        || row.removed_at.is_some()
        || row.spec != registered.spec
        || registered.enabled && !row.enabled;
    if is_edit {
        begin_anew(draft, EDITED);
        let row = draft.row_mut();
        row.removed_at = None;
        row.spec.clone_from(&registered.spec);
    } else if row.enabled && !registered.enabled {
        dropped::record(draft, DISABLED);
    }
    let row = draft.row();
    let is_same = row.enabled == registered.enabled && row.tags == registered.tags;
    if !is_same || row.options != registered.options {
        let row = draft.row_mut();
        row.enabled = registered.enabled;
        row.tags.clone_from(&registered.tags);
        row.options.clone_from(&registered.options);
    }
    if draft.row().rules.as_ref() != Some(&registered.rules) {
        draft.row_mut().rules = Some(Arc::clone(&registered.rules));
    }
    // Another instance may have handled a later success than this one knows.
    let seen = |(name, rev): &(PipelineName, u64)| {
        (name.clone(), draft.row().after_seen.get(name).copied().unwrap_or(*rev))
    };
    let after_seen = registered.after.iter().map(seen).collect();
    if draft.row().after_seen != after_seen {
        draft.row_mut().after_seen = after_seen;
    }
}

/// Starts the schedule anew from now, and skips earlier due times. If an instance whose clock is ahead has already
/// decided later due times, they are not decided again, unless its clock is ahead by more than [`AHEAD`] and so was
/// wrong.
fn begin_anew(draft: &mut Draft<'_>, reason: &'static str) {
    dropped::record(draft, reason);
    // Not from a time that the store's clock has yet to reach: the due times up to there would have no row.
    let until = draft.facts.due_until();
    let cursor = draft.row().cursor.filter(|cursor| *cursor <= until.saturating_add(AHEAD));
    begin_at(draft, cursor.map_or(until, |cursor| cursor.max(until)));
}

/// The clock was wrong, or keys of this `spec_since` exist already: due times after now are decided again, and those that have
/// passed are skipped.
fn rebase(draft: &mut Draft<'_>) {
    // Their row gets a key of the new schedule, because the key of the old one may be what is taken.
    skips::forget(draft);
    let passed = dropped::passed(draft, REBASED);
    begin_at(draft, draft.facts.due_until());
    if let Some(passed) = passed {
        skips::skip(draft, passed);
        skips::close(draft);
        let row = draft.row_mut();
        row.cursor = Some(row.spec_since);
    }
}

/// Keys of due times start with `spec_since`, so it must differ from the one before.
fn begin_at(draft: &mut Draft<'_>, at: UtcDateTime) {
    let row = draft.row_mut();
    let is_used = row.rev > 0 && row.spec_since == at;
    row.spec_since = if is_used { at.saturating_add(time::Duration::MILLISECOND) } else { at };
    row.cursor = Some(row.spec_since);
}
