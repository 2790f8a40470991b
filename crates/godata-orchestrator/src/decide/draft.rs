//! A decision in the making.

use std::borrow::Cow;
use std::time::Duration;

use godata_core::{Cause, Commit, PipelineRecord, RunId, RunKey, RunRecord, RunStatus};
use time::UtcDateTime;

use super::{Decision, Facts, Fold, Misfired, Verdict};
use crate::ScheduleFault;
use crate::ids::Ids;

/// How often the pipeline is read while a run here waits for one of another instance.
pub(crate) const READ_EVERY: Duration = Duration::from_secs(2);

/// A decision in the making: the rows as they will be stored, each copied only when it changes.
pub(super) struct Draft<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) ids: &'a mut Ids,
    row: Cow<'a, PipelineRecord>,
    runs: Vec<Planned<'a>>,
    pub(super) fold: Fold,
    /// The latest due time that was decided.
    pub(super) due: Option<UtcDateTime>,
    pub(super) starts: Vec<RunId>,
    pub(super) stops: Vec<RunId>,
    pub(super) superseded: Vec<RunId>,
    pub(super) verdict: Option<Verdict>,
    pub(super) fault: Option<ScheduleFault>,
    pub(super) misfired: Option<Misfired>,
    pub(super) schedule_has_ended: bool,
    wake_at: Option<UtcDateTime>,
    looks_at: Option<UtcDateTime>,
    pub(super) waits_for_slot: bool,
    pub(super) waits_for_others: bool,
}

/// A run's row as it will be stored.
struct Planned<'a> {
    row: Cow<'a, RunRecord>,
    is_new: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, ids: &'a mut Ids) -> Self {
        let runs = facts.runs.iter().map(|run| Planned { row: Cow::Borrowed(run), is_new: false });
        Self {
            facts,
            ids,
            row: Cow::Borrowed(facts.row),
            runs: runs.collect(),
            fold: facts.fold.clone(),
            due: None,
            starts: Vec::new(),
            stops: Vec::new(),
            superseded: Vec::new(),
            verdict: None,
            fault: None,
            misfired: None,
            schedule_has_ended: false,
            wake_at: None,
            looks_at: None,
            waits_for_slot: false,
            waits_for_others: false,
        }
    }

    pub(super) fn row(&self) -> &PipelineRecord {
        &self.row
    }

    pub(super) fn row_mut(&mut self) -> &mut PipelineRecord {
        self.row.to_mut()
    }

    /// The last decided due time, or where the schedule begins.
    pub(super) fn cursor(&self) -> UtcDateTime {
        self.fold.cursor(self.row.cursor).unwrap_or(self.row.spec_since)
    }

    /// The rev that the row has after the commit.
    pub(super) fn next_rev(&self) -> u64 {
        self.facts.row.rev.saturating_add(1)
    }

    /// The queued and running runs, with their places.
    pub(super) fn active(&self) -> impl Iterator<Item = (usize, &RunRecord)> {
        let runs = self.runs.iter().map(|planned| &*planned.row).enumerate();
        runs.filter(|(_, run)| !run.status.is_terminal())
    }

    pub(super) fn with_status(&self, status: RunStatus) -> impl Iterator<Item = &RunRecord> {
        self.active().map(|(_, run)| run).filter(move |run| run.status == status)
    }

    pub(super) fn place_of(&self, run: RunId) -> Option<usize> {
        self.active().find(|(_, row)| row.id == run).map(|(place, _)| place)
    }

    /// The row at a place, for a change.
    pub(super) fn run_mut(&mut self, place: usize) -> Option<&mut RunRecord> {
        self.runs.get_mut(place).map(|planned| planned.row.to_mut())
    }

    pub(super) fn insert(&mut self, run: RunRecord) {
        self.runs.push(Planned { row: Cow::Owned(run), is_new: true });
    }

    /// Adds the changed row of a run that is stored already.
    pub(super) fn update(&mut self, run: RunRecord) {
        self.runs.push(Planned { row: Cow::Owned(run), is_new: false });
    }

    /// A new queued run. It has no owner, so any instance may start it.
    pub(super) fn new_run(&mut self, key: RunKey, cause: Cause) -> RunRecord {
        let now = self.facts.now;
        let mut run = RunRecord::new(&self.facts.row.name, key, cause, RunStatus::Queued, now);
        (run.id, run.job_id) = (self.ids.run(now), self.ids.job(now));
        run
    }

    /// Ends a queued run that does not start. If it was taken over in this decision, it keeps its former owner.
    pub(super) fn drop_queued(&mut self, place: usize, status: RunStatus, reason: &str) {
        let facts = self.facts;
        let now = facts.now;
        if let Some(run) = self.run_mut(place) {
            let stored = facts.runs.iter().find(|stored| stored.id == run.id);
            run.owner = stored.map_or(run.owner, |stored| stored.owner);
            run.status = status;
            run.reason = Some(reason.to_owned());
            run.ended_at = Some(now);
        }
    }

    /// Asks a run to stop.
    pub(super) fn stop(&mut self, place: usize) {
        let now = self.facts.now;
        let Some(run) = self.run_mut(place) else { return };
        let id = run.id;
        run.cancel_requested_at.get_or_insert(now);
        self.stops.push(id);
    }

    pub(super) fn decided(&mut self, due: UtcDateTime) {
        self.due = self.due.max(Some(due));
    }

    pub(super) fn wake_at(&mut self, at: UtcDateTime) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Looks at this time whether another instance has done what is due.
    pub(super) fn look_at(&mut self, at: UtcDateTime) {
        self.looks_at = Some(self.looks_at.map_or(at, |earlier| earlier.min(at)));
        self.wake_at(at);
    }

    /// Whether there is something to commit.
    pub(super) fn is_changed(&self) -> bool {
        let is_changed = |planned: &Planned<'_>| planned.is_new || matches!(planned.row, Cow::Owned(_));
        matches!(self.row, Cow::Owned(_)) || self.runs.iter().any(is_changed)
    }

    /// Reads the pipeline again soon, because a run of another instance is in the way. This instance learns of its end
    /// only by reading.
    pub(super) fn wait_for_others(&mut self) {
        self.waits_for_others = true;
        self.wake_at(later(self.facts.now, READ_EVERY));
    }

    pub(super) fn finish(self) -> Decision {
        let changed_runs = self.runs.into_iter().filter_map(|planned| match planned.row {
            // Inserted and ended in the same decision.
            Cow::Owned(run) if planned.is_new && !run.status.may_be_new() => None,
            Cow::Owned(run) => Some((planned.is_new, run)),
            Cow::Borrowed(_) => None,
        });
        let mut changed_runs = changed_runs.peekable();
        let has_changed = changed_runs.peek().is_some() || matches!(self.row, Cow::Owned(_));
        let commit = has_changed.then(|| {
            let mut row = self.row.into_owned();
            row.updated_at = self.facts.now;
            row.next_due = next_due(self.facts, &row);
            let mut commit = Commit::new(self.facts.owner, row);
            commit.due_not_after_now = self.due;
            changed_runs.fold(commit, |commit, (is_new, run)| match is_new {
                true => commit.insert(run),
                false => commit.update(run),
            })
        });
        Decision {
            commit,
            starts: self.starts,
            stops: self.stops,
            superseded: self.superseded,
            verdict: self.verdict,
            fold: self.fold,
            fault: self.fault,
            misfired: self.misfired,
            schedule_has_ended: self.schedule_has_ended,
            wake_at: self.wake_at,
            looks_at: self.looks_at,
            waits_for_slot: self.waits_for_slot,
            waits_for_others: self.waits_for_others,
        }
    }
}

/// The first due time after the cursor of a row. The schedule is asked only if that has moved.
fn next_due(facts: &Facts<'_>, row: &PipelineRecord) -> Option<UtcDateTime> {
    let before = facts.row;
    if !row.enabled || row.removed_at.is_some() {
        return None;
    }
    if before.next_due.is_some() && (row.cursor, row.spec_since) == (before.cursor, before.spec_since) {
        return before.next_due;
    }
    let due_times = facts.plan?.schedule_of(row)?;
    due_times.next(row.cursor.unwrap_or(row.spec_since)).ok().flatten()
}

/// An instant this much later, or the last possible instant.
pub(crate) fn later(at: UtcDateTime, by: Duration) -> UtcDateTime {
    at.saturating_add(time::Duration::try_from(by).unwrap_or(time::Duration::MAX)).truncate_to_millisecond()
}
