//! Jobs: the runner starts them, and the loop watches them until they end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::select;
use godata_core::{
    Clock as _, RunContext, RunHandle, RunId, RunKey, RunRecord, RunRequest, RunResult, RunStatus,
    RunnerError, StoreError, panic_message,
};
use time::UtcDateTime;
use tokio::time::Instant;

use super::entry::{Entry, Job, Replier, Waiter};
use super::{Engine, Watched};
use crate::decide::{End, Plan, Request, later};
use crate::persist::DONE_TIMEOUT;
use crate::slots::Held;
use crate::{Event, logs};

/// The shortest time after which a run counts as overdue by default.
const LEAST_OVERDUE: Duration = Duration::from_secs(60);

/// How long after its timeout a run counts as overdue by default. Most jobs that are asked to stop end within that.
const AFTER_TIMEOUT: Duration = Duration::from_secs(1);

/// How long no slot may become free while pipelines wait for one, until that is reported.
const STALL: Duration = Duration::from_secs(60);

impl Engine {
    /// Starts the jobs of all runs whose rows have become `running`.
    pub(super) fn start_jobs(&mut self) {
        for (key, run, slot) in std::mem::take(&mut self.starting) {
            self.start(key, run, slot);
        }
    }

    /// Starts the job of a run whose row is `running`.
    pub(super) fn start(&mut self, key: usize, run: RunId, mut slot: Held) {
        let is_too_late = self.closing.as_ref().is_some_and(|closing| !closing.may_start());
        let entry = self.entries.get_mut(key).and_then(Option::as_deref_mut);
        let row = entry.as_ref().and_then(|entry| entry.runs.iter().find(|row| row.id == run).cloned());
        let Some((entry, row)) = entry.zip(row) else { return self.slots.give_back(&mut slot) };
        self.jobs.insert(run, key);
        let plan = entry.plan.clone().filter(|_| !is_too_late);
        let job = job_of(entry, run, &row.key);
        job.slot = slot;
        let Some(plan) = plan else {
            let (status, reason) = if is_too_late {
                (RunStatus::Interrupted, "the orchestrator shut down before the job started")
            } else {
                (RunStatus::Canceled, "its pipeline is no longer registered")
            };
            let handle = self.handle_of(key, &row);
            if let Some(closing) = &mut self.closing {
                closing.runs.push(handle);
            }
            return self.not_started(key, run, status, reason);
        };
        let cx = match &job.waiter {
            Some(waiter) => {
                waiter.start();
                waiter.handle.context().clone()
            }
            None => context(&row),
        };
        let mut request = RunRequest::from(cx);
        if let Some(timeout) = plan.rules.timeout {
            request = request.with_timeout(timeout);
        }
        let (runner, pulse) = (&self.runner, &self.pulse);
        let start = || {
            let _within = pulse.as_ref().map(|pulse| pulse.jobs().enter());
            runner.start(plan.code.job.clone(), request)
        };
        match catch_unwind(AssertUnwindSafe(start)) {
            Ok(Ok(handle)) => self.started(key, row, &plan, handle),
            Ok(Err(error)) => self.refused(key, run, Some(error)),
            Err(panic) => {
                drop(panic_message(panic));
                self.refused(key, run, None);
            }
        }
    }

    fn started(&mut self, key: usize, row: RunRecord, plan: &Plan, handle: RunHandle) {
        let now = self.clock.now();
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let limit = overdue_after(plan, entry.usual);
        if row.cancel_requested_at.is_some() {
            handle.stop();
        }
        let job = job_of(entry, row.id, &row.key);
        job.handle = Some(handle.clone());
        job.overdue_at = limit.map(|limit| later(now, limit));
        if let Some(closing) = &mut self.closing {
            closing.runs.push(handle.clone());
        }
        let ended = async move { Watched::Ended(key, handle.finished().await) };
        self.watched.push(ended.boxed());
        self.events.send(|| Event::Started(Arc::new(row)));
    }

    fn refused(&mut self, key: usize, run: RunId, error: Option<RunnerError>) {
        let status = match error {
            Some(RunnerError::ShuttingDown) => RunStatus::Interrupted,
            _ => RunStatus::Failed,
        };
        let message = match &error {
            Some(error) => format!("the job was not started: {error}"),
            None => "the job was not started: the runner panicked".to_owned(),
        };
        if let Some(entry) = self.entry(key) {
            let pipeline = entry.name().clone();
            // An interrupted run is logged with its row.
            if status == RunStatus::Failed {
                logs::not_started(&pipeline, run, error.as_ref());
            }
            self.events.send(|| Event::StartFailed { pipeline, run, error });
        }
        self.not_started(key, run, status, &message);
    }

    fn not_started(&mut self, key: usize, run: RunId, status: RunStatus, message: &str) {
        let end = End::without_result(run, status, message.to_owned(), None, self.clock.now());
        self.ended(key, end);
    }

    pub(super) fn job_ended(&mut self, key: usize, result: RunResult) {
        let took = result.duration().filter(|_| result.status == RunStatus::Succeeded);
        if let (Some(entry), Some(took)) = (self.entry(key), took) {
            entry.usual = Some(entry.usual.map_or(took, |usual| (usual * 3 + took) / 4));
        }
        self.ended(key, End::from(result));
        // The slot goes to the pipeline that has waited longest, not to the next run of this one.
        self.give_slots();
        self.step(key);
    }

    /// A job has ended: its slot is released, callers of `finished` continue, and its row is to be written.
    pub(super) fn ended(&mut self, key: usize, mut end: End) {
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let Some(job) = entry.job(end.run) else { return };
        if job.ended.is_some() {
            return;
        }
        self.slots.give_back(&mut job.slot);
        (job.handle, job.overdue_at, job.ended) = (None, None, Some(Instant::now()));
        if let Some(waiter) = &mut job.waiter {
            waiter.end(end.status, end.error.clone(), end.stop_reason);
            // The caller has stopped it through its handle.
            if end.status == RunStatus::Interrupted && waiter.handle.result().status == RunStatus::Canceled {
                end.status = RunStatus::Canceled;
            }
        }
        entry.ends.push(end);
    }

    pub(super) fn stop_job(&mut self, key: usize, run: RunId) {
        if let Some(handle) = self.entry(key).and_then(|entry| entry.job(run)?.handle.as_ref()) {
            handle.stop();
        }
    }

    /// The final row of a run is durable, with this status.
    pub(super) fn job_is_written(&mut self, key: usize, run: RunId, status: RunStatus) {
        if let Some(waiter) = self.forget_job(key, run) {
            waiter.complete(status);
        }
    }

    /// Another instance has ended a queued run.
    pub(super) fn job_was_ended(&mut self, key: usize, row: &RunRecord) {
        if let Some(mut waiter) = self.forget_job(key, row.id) {
            waiter.end(row.status, row.error.clone(), None);
            waiter.complete(row.status);
        }
    }

    /// Stops watching a run. If the returned waiter is dropped, callers of `done` learn that no final row is stored here.
    pub(super) fn forget_job(&mut self, key: usize, run: RunId) -> Option<Waiter> {
        self.jobs.remove(&run);
        let entry = self.entry(key)?;
        let place = entry.jobs.iter().position(|job| job.run == run)?;
        entry.jobs.swap_remove(place).waiter
    }

    /// The end of a run came too late: another instance has written another end.
    pub(super) fn supersede(&mut self, key: usize, run: RunId) {
        self.forget_job(key, run);
        let Some(entry) = self.entry(key) else { return };
        entry.ends.retain(|end| end.run != run);
        let pipeline = entry.name().clone();
        logs::superseded(&pipeline, run);
        self.events.send(|| Event::Superseded { pipeline, run });
    }

    /// Answers callers of `done` whose final row could not be stored for too long. The row is still retried.
    pub(super) fn fail_waiters(&mut self, key: usize) {
        let Some(entry) = self.entry(key) else { return };
        let no_answer =
            || Arc::new(StoreError::unavailable(format!("it did not answer within {DONE_TIMEOUT:?}")));
        for job in &mut entry.jobs {
            if job.ended.is_some_and(|ended| ended.elapsed() >= DONE_TIMEOUT)
                && let Some(waiter) = &mut job.waiter
            {
                waiter.fail(&entry.error.clone().unwrap_or_else(no_answer));
            }
        }
    }

    /// The handle of a run by hand, which may be queued for long or start in a moment.
    pub(super) fn handle_of(&mut self, key: usize, run: &RunRecord) -> RunHandle {
        if let Some(handle) = self.watched_handle(key, run.id) {
            return handle;
        }
        let (handle, active) =
            RunHandle::new(run.pipeline_name.as_str(), context(run), Arc::clone(&self.clock));
        let waiter = Waiter::new(handle, active);
        let handle = waiter.handle.clone();
        self.jobs.insert(run.id, key);
        if let Some(entry) = self.entry(key) {
            job_of(entry, run.id, &run.key).waiter = Some(waiter);
        }
        self.watch_while_queued(key, handle.clone());
        handle
    }

    /// Watches whether the caller stops a queued run through its handle.
    fn watch_while_queued(&mut self, key: usize, handle: RunHandle) {
        let abandoned = async move {
            let cancellation = handle.context().cancellation().clone();
            let (finished, stopped) = (handle.finished().boxed(), cancellation.canceled().boxed());
            select(finished, stopped).await;
            Watched::Abandoned(key, handle.id())
        };
        self.watched.push(abandoned.boxed());
    }

    pub(super) fn cancel_if_queued(&mut self, key: usize, run: RunId) {
        let Some(entry) = self.entry(key) else { return };
        let is_queued = |row: &RunRecord| row.id == run && row.status == RunStatus::Queued;
        if entry.job(run).is_some_and(|job| job.handle.is_none() && job.ended.is_none())
            && entry.runs.iter().any(is_queued)
        {
            self.queue_request(key, Request::Cancel(run), Replier::Nobody);
        }
    }

    /// Reports that no slot becomes free. The running jobs may be waiting for runs that are queued behind them.
    pub(super) fn report_stalls(&mut self) {
        let entry = |key: usize| self.entries.get(key).and_then(Option::as_deref);
        for stall in self.slots.stalls(STALL, |key| entry(key).is_some_and(|entry| entry.waits_for_slot)) {
            let pool = stall.pool.and_then(|pool| self.pools.get(pool)).cloned();
            let jobs = self.entries.iter().flatten().flat_map(|entry| &entry.jobs);
            let running: Vec<_> = jobs.filter(|job| job.slot.is_of(stall.pool)).map(|job| job.run).collect();
            let waiting = stall.waiting.into_iter().filter_map(|key| Some(entry(key)?.name().clone()));
            let waiting: Vec<_> = waiting.collect();
            logs::stalled(pool.as_deref(), &running, waiting.len());
            self.events.send(|| Event::Stalled { pool, running, waiting });
        }
    }

    pub(super) fn report_overdue(&mut self, key: usize, now: UtcDateTime) {
        let Some(entry) = self.entry(key) else { return };
        let pipeline = entry.name().clone();
        let mut overdue = Vec::new();
        for job in entry.jobs.iter_mut().filter(|job| job.overdue_at.is_some_and(|at| at <= now)) {
            job.overdue_at = None;
            let started = job.handle.as_ref().and_then(RunHandle::started_at).unwrap_or(now);
            overdue.push((job.run, Duration::try_from(now - started).unwrap_or_default()));
        }
        for (run, running_for) in overdue {
            logs::overdue(&pipeline, run, running_for);
            self.events.send(|| Event::Overdue { pipeline: pipeline.clone(), run, running_for });
        }
    }
}

impl Job {
    fn new(run: RunId, key: RunKey) -> Self {
        Self {
            run,
            key,
            handle: None,
            waiter: None,
            slot: Held::default(),
            ended: None,
            overdue_at: None,
            is_cancel_logged: false,
        }
    }
}

fn job_of<'a>(entry: &'a mut Entry, run: RunId, key: &RunKey) -> &'a mut Job {
    let place = entry.jobs.iter().position(|job| job.run == run).unwrap_or_else(|| {
        entry.jobs.push(Job::new(run, key.clone()));
        entry.jobs.len() - 1
    });
    &mut entry.jobs[place]
}

fn context(run: &RunRecord) -> RunContext {
    let cx = RunContext::new()
        .with_run_id(run.id)
        .with_job_id(run.job_id)
        .with_attempt(run.attempt)
        .with_cause(run.cause);
    let cx = match run.due {
        Some(due) => cx.with_due(due),
        None => cx,
    };
    if run.params.is_empty() { cx } else { cx.with_params(run.params.clone()) }
}

fn overdue_after(plan: &Plan, usual: Option<Duration>) -> Option<Duration> {
    let by_experience = || usual.map(|usual| usual.saturating_mul(10).max(LEAST_OVERDUE));
    let by_timeout = plan.rules.timeout.map(|timeout| timeout.saturating_add(AFTER_TIMEOUT));
    plan.rules.overdue.or(by_timeout).or_else(by_experience)
}
