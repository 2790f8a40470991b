//! Due times: which have come, and what happens to them.

use std::time::Duration;

use godata_core::{Cause, RunKey};
use time::UtcDateTime;

use super::draft::{Draft, later};
use super::overlap::{self, Admission};
use super::skips::{self, Skipped};
use super::{DueTimes, Mode, Plan, fires, standby};
use crate::ids::{mix, share_of};
use crate::{Misfire, ScheduleFault};

/// The reasons for skipped due times.
pub(crate) const MISSED: &str = "missed";
pub(crate) const OVERLAPPED: &str = "another run was queued or running";

/// The most due times that [`Misfire::All`] runs.
const MOST: usize = 100;

/// Decides all due times after the last decided one, up to now.
pub(super) fn decide(draft: &mut Draft<'_>) -> Result<(), ScheduleFault> {
    let facts = draft.facts;
    let Some(plan) = facts.plan else { return Ok(()) };
    let row = draft.row();
    let Some(due_times) = plan.schedule_of(row) else { return Ok(()) };
    if facts.mode != Mode::Scheduling || !fires(row) {
        return Ok(());
    }
    let cursor = draft.cursor();
    let until = facts.due_until();
    let Some(first) = due_times.next(cursor)? else {
        draft.schedule_has_ended = true;
        return Ok(());
    };
    if !standby::may_decide(draft, first) {
        return Ok(());
    }
    if first > until {
        draft.wake_at(later(first, facts.behind));
        return Ok(());
    }
    let mut last = first;
    let mut next = due_times.next(first)?;
    let is_alone = next.is_none_or(|next| next > until);
    if !is_alone {
        last = due_times.last_until(until, first)?;
        next = due_times.next(last)?;
    }
    let pending = Pending { due_times, first, last, is_alone, until };
    pending.decide(draft, plan)?;
    if let Some(next) = next {
        draft.wake_at(later(next, facts.behind));
    }
    Ok(())
}

/// Due times that were missed, and what the policy decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misfired {
    pub(crate) policy: Misfire,
    pub(crate) first: UtcDateTime,
    pub(crate) last: UtcDateTime,
    /// How many were missed. If it is not exact, at least that many.
    pub(crate) missed: u64,
    pub(crate) is_exact: bool,
    /// How many are to run. The overlap rule may still skip some.
    pub(crate) runs: u64,
}

/// The due times to decide.
struct Pending<'a> {
    due_times: DueTimes<'a>,
    first: UtcDateTime,
    last: UtcDateTime,
    /// There is only one due time.
    is_alone: bool,
    /// The time by the store's clock.
    until: UtcDateTime,
}

impl Pending<'_> {
    fn decide(&self, draft: &mut Draft<'_>, plan: &Plan) -> Result<(), ScheduleFault> {
        let rules = &*plan.rules;
        let is_late = self.until > later(self.last, rules.grace);
        if self.is_alone && !is_late {
            return run(draft, plan, self.last);
        }
        let (skipped, is_exact, runs) = match rules.misfire {
            Misfire::Latest => self.run_newest(draft, plan, 1)?,
            Misfire::Skip if is_late => self.skip_all(draft)?,
            Misfire::Skip => self.run_newest(draft, plan, 1)?,
            Misfire::All => {
                let most = overlap::room(draft, rules.overlap).min(MOST);
                self.run_newest(draft, plan, most)?
            }
        };
        let missed = skipped.saturating_add(runs);
        let (policy, first, last) = (rules.misfire, self.first, self.last);
        draft.misfired = Some(Misfired { policy, first, last, missed, is_exact, runs });
        Ok(())
    }

    /// Skips the older due times, and runs the newest ones, oldest first. Returns how many were skipped, whether that is exact,
    /// and how many are to run.
    fn run_newest(
        &self,
        draft: &mut Draft<'_>,
        plan: &Plan,
        most: usize,
    ) -> Result<(u64, bool, u64), ScheduleFault> {
        let mut newest = vec![self.last];
        let mut oldest = self.last;
        while newest.len() < most && oldest > self.first {
            let before = oldest.saturating_sub(time::Duration::MILLISECOND);
            oldest = self.due_times.last_until(before, self.first)?;
            newest.push(oldest);
        }
        let (mut skipped, mut is_exact) = (0, true);
        if oldest > self.first {
            let before = oldest.saturating_sub(time::Duration::MILLISECOND);
            (skipped, is_exact) = self.skip(draft, self.due_times.last_until(before, self.first)?)?;
        }
        let runs = newest.len() as u64;
        newest.into_iter().rev().try_for_each(|due| run(draft, plan, due))?;
        Ok((skipped, is_exact, runs))
    }

    fn skip_all(&self, draft: &mut Draft<'_>) -> Result<(u64, bool, u64), ScheduleFault> {
        let (skipped, is_exact) = self.skip(draft, self.last)?;
        Ok((skipped, is_exact, 0))
    }

    fn skip(&self, draft: &mut Draft<'_>, last: UtcDateTime) -> Result<(u64, bool), ScheduleFault> {
        let (count, is_exact) = self.due_times.count(self.first, last)?;
        skips::skip(draft, Skipped { first: self.first, last, count, is_exact, reason: MISSED });
        Ok((count, is_exact))
    }
}

/// Queues a run for a due time, unless another is in the way.
fn run(draft: &mut Draft<'_>, plan: &Plan, due: UtcDateTime) -> Result<(), ScheduleFault> {
    let rules = &*plan.rules;
    let params = plan.params_at(due)?;
    if let Admission::Refuse(_) = overlap::admit(draft, rules.overlap) {
        skips::skip(draft, Skipped { first: due, last: due, count: 1, is_exact: true, reason: OVERLAPPED });
        return Ok(());
    }
    skips::close(draft);
    let since = draft.row().spec_since;
    let mut run = draft.new_run(RunKey::due(since, due), Cause::Schedule);
    (run.due, run.spec_since, run.params) = (Some(due), Some(since), params);
    if !rules.jitter.is_zero() {
        let jitter = jitter(run.pipeline_name.as_str(), due, rules.jitter);
        let now = draft.facts.due_until();
        let planned = later(due, jitter);
        // After downtime, that instant has passed for many pipelines at once.
        run.not_before = Some(if planned < now { later(now, jitter) } else { planned });
    }
    draft.row_mut().cursor = Some(due);
    draft.decided(due);
    draft.insert(run);
    Ok(())
}

/// A share of `most` that is derived from the pipeline and the due time.
fn jitter(pipeline: &str, due: UtcDateTime, most: Duration) -> Duration {
    let millis = due.unix_timestamp_nanos().div_euclid(1_000_000) as u64;
    let bits = pipeline.bytes().fold(millis, |bits, byte| mix(bits ^ u64::from(byte)));
    most.mul_f64(share_of(mix(bits)))
}
