//! A step of a pipeline: its state becomes a decision, and the decision becomes a commit.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use godata_core::Clock as _;
use time::UtcDateTime;
use tokio::time::Instant;

use super::entry::{Duplicate, Flight, Pending};
use super::{Engine, Stage};
use crate::decide::{Decision, Facts, NOTED, Request, Verdict, decide};
use crate::{Event, OrchestratorError, ScheduleFault, logs, persist};

impl Engine {
    pub(super) fn step_all(&mut self) {
        (0..self.entries.len()).for_each(|key| self.step(key));
    }

    /// Steps a pipeline whose timer has expired.
    pub(super) fn due(&mut self, key: usize, now: UtcDateTime) {
        if let Some(entry) = self.entry(key) {
            entry.is_stale |= std::mem::take(&mut entry.reads_before_step);
        }
        self.report_overdue(key, now);
        self.step(key);
    }

    /// Decides about a pipeline. While a call of the store is in flight for it, this does nothing: the answer leads to the next
    /// step.
    pub(super) fn step(&mut self, key: usize) {
        if !matches!(self.stage, Stage::Open) {
            return;
        }
        // Each round but the last has answered a request or stopped a schedule, so this ends.
        while self.decide_once(key) {}
        self.drop_if_idle(key);
    }

    /// Decides once. Returns whether there may be more to decide at once.
    fn decide_once(&mut self, key: usize) -> bool {
        let Some(entry) = self.entry(key).filter(|entry| entry.flight.is_none()) else { return false };
        if entry.is_stale {
            self.reload(key, Duration::ZERO, None);
            return false;
        }
        if self.answer_failed_request(key) {
            return true;
        }
        let now = self.clock.now();
        self.clock_showed = self.clock_showed.max(now);
        let Some(entry) = self.entries.get(key).and_then(Option::as_deref) else { return false };
        let facts = Facts {
            row: &entry.row,
            runs: &entry.runs,
            plan: entry.plan.as_deref(),
            fold: &entry.fold,
            upstream: &entry.upstream,
            ends: &entry.ends,
            request: entry
                .asked
                .first()
                .filter(|asked| !asked.waits_for_answer())
                .map(|asked| &asked.request),
            orphans: &entry.orphans,
            owner: self.owner.id(),
            now,
            mode: self.mode,
            behind: self.behind,
            slots: self.slots.free(entry.pool()),
            recovery: self.recovery,
        };
        let decision = decide(&facts, &mut self.ids);
        self.watch_cursor(key, now);
        self.carry_out(key, decision)
    }

    /// Answers the first request if the store has failed for it, or if its pipeline was unregistered meanwhile. Drops it if its
    /// caller has gone away, unless it may have been stored.
    fn answer_failed_request(&mut self, key: usize) -> bool {
        let Some(entry) = self.entry(key) else { return false };
        let Some(asked) = entry.asked.first() else { return false };
        if asked.error.is_none() && asked.reply.is_gone() {
            entry.asked.remove(0);
            return true;
        }
        if let Some(source) = &asked.error {
            let source = Arc::clone(source);
            match asked.request.is_granted(&entry.row, &entry.runs) {
                Some(true) => self.answer(key, Verdict::Granted),
                _ if !asked.waits_for_answer() => return false,
                // A commit that may still arrive is fenced off first.
                Some(false) if entry.has_unconfirmed_commit() => return false,
                // Another instance may have undone the request, unless it inserted runs, which would be found.
                Some(false) if entry.is_right_after_unconfirmed() || !asked.request.runs().is_empty() => {
                    self.answer_error(key, OrchestratorError::Store { source });
                }
                _ => self.answer_error(key, OrchestratorError::Unconfirmed { run: None, source }),
            }
            return true;
        }
        let needs_plan = !matches!(asked.request, Request::Cancel(_) | Request::Rebase);
        if needs_plan && entry.plan.is_none() {
            let pipeline = entry.name().clone();
            let error = self.unknown_pipeline(pipeline.as_str());
            self.answer_error(key, error);
            return true;
        }
        false
    }

    fn carry_out(&mut self, key: usize, decision: Decision) -> bool {
        if let Some(fault) = decision.fault {
            self.stop_schedule(key, fault);
        }
        for run in &decision.superseded {
            self.supersede(key, *run);
        }
        let is_refused = matches!(decision.verdict, Some(Verdict::Refused(_)));
        let verdict_now = decision.verdict.filter(|_| decision.commit.is_none() || is_refused);
        if let Some(verdict) = verdict_now {
            self.answer(key, verdict);
        }
        let pool = self.entry(key).and_then(|entry| entry.pool());
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return false };
        entry.reads_before_step = decision.waits_for_others;
        entry.waits_for_slot = decision.waits_for_slot;
        if decision.waits_for_slot && !entry.is_in_line {
            entry.is_in_line = true;
            self.slots.wait(pool, key);
        }
        if decision.commit.is_none() {
            entry.fold = decision.fold.clone();
            if let Some(misfired) = &decision.misfired {
                logs::misfired(entry.name(), misfired);
            }
        }
        if decision.schedule_has_ended && !entry.has_ended {
            entry.has_ended = true;
            logs::schedule_ended(entry.name());
        }
        let Some(commit) = decision.commit.or_else(|| entry.fencing_commit(self.owner.id())) else {
            let overdue = entry.jobs.iter().filter_map(|job| job.overdue_at).min();
            entry.give_back_memory();
            let wake_at = [decision.wake_at, overdue].into_iter().flatten().min();
            self.timers.set(key, wake_at);
            self.recovered(key);
            return verdict_now.is_some() || decision.fault.is_some();
        };
        let slots = self.slots.take(pool, decision.starts.len());
        entry.flight = Some(Flight::Commit(Box::new(Pending {
            starts: decision.starts,
            stops: decision.stops,
            verdict: decision.verdict.filter(|_| verdict_now.is_none()),
            fold: decision.fold,
            misfired: decision.misfired,
            ends: entry.ends.len(),
            slots,
        })));
        let commit = persist::commit(self.store.clone(), Box::new(commit), self.store_timeout);
        self.flights.push(commit.map(move |answer| (key, answer)).boxed());
        false
    }

    /// Reads a pipeline after a wait, with the rows of its jobs, of the first request, and of those that a commit was to
    /// insert.
    pub(super) fn reload(&mut self, key: usize, wait: Duration, duplicate: Option<Duplicate>) {
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let jobs = entry.jobs.iter().map(|job| job.key.clone());
        let asked = entry.asked.first().and_then(|asked| asked.request.runs().first());
        let keys = jobs.chain(asked.map(|run| run.key.clone()));
        let keys = keys.chain(duplicate.iter().flat_map(|duplicate| duplicate.keys.clone())).collect();
        let duplicate = duplicate.map(|duplicate| duplicate.run);
        entry.flight = Some(Flight::Reload { duplicate });
        let name = entry.name().clone();
        let reload = persist::reload(self.store.clone(), name, keys, wait, self.store_timeout);
        self.flights.push(reload.map(move |answer| (key, answer)).boxed());
    }

    /// Gives free slots to the pipelines that wait for them.
    pub(super) fn give_slots(&mut self) {
        while let Some(key) = self.slots.next() {
            if let Some(entry) = self.entry(key) {
                entry.is_in_line = false;
            }
            self.step(key);
        }
    }

    fn stop_schedule(&mut self, key: usize, reason: ScheduleFault) {
        let Some(entry) = self.entry(key) else { return };
        let pipeline = entry.name().clone();
        if let Some(plan) = &mut entry.plan {
            Arc::make_mut(plan).code.stop_schedule();
        }
        logs::schedule_stopped(&pipeline, reason);
        self.events.send(|| Event::ScheduleStopped { pipeline, reason });
    }

    /// Remembers since when the cursor has been ahead of the clock, and reports it once. A few seconds are ignored, because the
    /// clocks of instances differ by that much.
    fn watch_cursor(&mut self, key: usize, now: UtcDateTime) {
        let Some(entry) = self.entries.get(key).and_then(Option::as_deref) else { return };
        let has_schedule = entry.plan.as_ref().is_some_and(|plan| plan.code.schedule.is_some());
        let ahead = entry.row.cursor.filter(|cursor| has_schedule && *cursor > now.saturating_add(NOTED));
        let Some(cursor) = ahead else {
            self.ahead.remove(&key);
            return;
        };
        if self.ahead.contains_key(&key) {
            return;
        }
        let pipeline = entry.name().clone();
        logs::waits_for_clock(&pipeline, cursor);
        self.events.send(|| Event::WaitsForClock { pipeline, cursor });
        self.ahead.insert(key, Instant::now());
    }
}
