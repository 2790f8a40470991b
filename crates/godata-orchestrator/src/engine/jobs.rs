//! The jobs: the runner starts them, in slots, and they are watched until they end.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, pending, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use godata_core::{
    Clock, JobRunner, RunContext, RunHandle, RunId, RunKey, RunRecord, RunRequest, RunResult, RunStatus,
    RunnerError, StoreError, panic_message,
};
use time::UtcDateTime;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::directory::Directory;
use crate::decide::{End, Plan, later};
use crate::entry::{Entry, EntryId, Job, Waiter};
use crate::events::EventSender;
use crate::persist::DONE_TIMEOUT;
use crate::shutdown::Closing;
use crate::slots::{Held, Slots};
use crate::threads::Pulse;
use crate::{Event, Used, logs};

/// The shortest time after which a run counts as overdue by default.
const LEAST_OVERDUE: Duration = Duration::from_secs(60);

/// How long after its timeout a run counts as overdue by default. Most jobs that are asked to stop end within that.
const AFTER_TIMEOUT: Duration = Duration::from_secs(1);

/// How long no slot may become free while pipelines wait for one, until that is reported.
const STALL: Duration = Duration::from_secs(60);

/// The jobs of all pipelines. What is known about the jobs of one pipeline is in its entry.
pub(super) struct Jobs {
    runner: Arc<dyn JobRunner>,
    /// Keeps the runtime of the jobs responsive; `None` if jobs run where the loop does.
    pulse: Option<Pulse>,
    clock: Arc<dyn Clock>,
    events: EventSender,
    concurrency: usize,
    /// The pools, each with its number of slots.
    pools: Vec<(String, usize)>,
    pub(super) slots: Slots,
    watched: FuturesUnordered<BoxFuture<'static, Watched>>,
    /// The pipelines of the runs that are watched.
    pipelines: HashMap<RunId, EntryId>,
    /// The runs whose rows are `running` and whose jobs have not started yet.
    starting: Vec<(EntryId, RunId, Held)>,
}

/// What happened to a watched run.
pub(super) enum Watched {
    Ended(EntryId, Box<RunResult>),
    /// Its caller has stopped it, or it has ended. That matters only if the run is still queued.
    Abandoned(EntryId, RunId),
}

impl Jobs {
    pub(super) fn new(
        runner: Arc<dyn JobRunner>,
        clock: Arc<dyn Clock>,
        events: EventSender,
        concurrency: usize,
        pools: Vec<(String, usize)>,
    ) -> Self {
        let slots: Vec<_> = pools.iter().map(|(_, slots)| *slots).collect();
        Self {
            runner,
            pulse: None,
            clock,
            events,
            concurrency,
            pools,
            slots: Slots::new(concurrency, &slots),
            watched: FuturesUnordered::new(),
            pipelines: HashMap::new(),
            starting: Vec::new(),
        }
    }

    /// Sets the runtime on which jobs run. Must be called on the runtime of the loop.
    pub(super) fn run_on(&mut self, runtime: Option<Handle>) {
        self.pulse = runtime.map(Pulse::new);
    }

    pub(super) fn stop_grace(&self) -> Duration {
        self.runner.stop_grace()
    }

    /// The place of a pool.
    pub(super) fn pool(&self, name: &str) -> Option<usize> {
        self.pools.iter().position(|(known, _)| known == name)
    }

    /// The pipeline of a run that is watched here.
    pub(super) fn pipeline_of(&self, run: RunId) -> Option<EntryId> {
        self.pipelines.get(&run).copied()
    }

    /// The pipelines with watched runs.
    pub(super) fn pipelines(&self) -> BTreeSet<EntryId> {
        self.pipelines.values().copied().collect()
    }

    /// Waits for something to happen to a watched run, and keeps the runtime of the jobs responsive meanwhile.
    pub(super) async fn next(&mut self) -> Watched {
        loop {
            tokio::select! {
                biased;
                Some(watched) = self.watched.next() => return watched,
                () = beat(&mut self.pulse) => {}
            }
        }
    }

    /// Whether runs are watched, so that there is something to wait for.
    pub(super) fn is_watching(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Reserves a slot for the job of a run whose row has become `running`, to be started by [`start_all`](Self::start_all).
    pub(super) fn will_start(&mut self, id: EntryId, run: RunId, slot: Held) {
        self.starting.push((id, run, slot));
    }

    /// Starts the jobs that are to start. Jobs of a shutdown join its runs, or don't start any more.
    pub(super) fn start_all(&mut self, directory: &mut Directory, closing: Option<&mut Closing>) {
        let mut closing = closing;
        for (id, run, mut slot) in std::mem::take(&mut self.starting) {
            match directory.entry_mut(id) {
                Some(entry) => self.start(entry, run, slot, closing.as_deref_mut()),
                None => self.slots.give_back(&mut slot),
            }
        }
    }

    /// Starts the job of a run whose row is `running`.
    pub(super) fn start(&mut self, entry: &mut Entry, run: RunId, slot: Held, closing: Option<&mut Closing>) {
        let mut slot = slot;
        let Some(row) = entry.run(run).cloned() else { return self.slots.give_back(&mut slot) };
        let is_too_late = closing.as_ref().is_some_and(|closing| !closing.may_start());
        self.pipelines.insert(run, entry.id);
        let plan = entry.plan.clone().filter(|_| !is_too_late);
        let job = job_of(entry, run, &row.key);
        job.slot = slot;
        let Some(plan) = plan else {
            let (status, reason) = if is_too_late {
                (RunStatus::Interrupted, "the orchestrator shut down before the job started")
            } else {
                (RunStatus::Canceled, "its pipeline is no longer registered")
            };
            let handle = self.handle_of(entry, &row);
            if let Some(closing) = closing {
                closing.runs.push(handle);
            }
            return self.not_started(entry, run, status, reason);
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
            Ok(Ok(handle)) => {
                if let Some(closing) = closing {
                    closing.runs.push(handle.clone());
                }
                self.started(entry, row, &plan, handle);
            }
            Ok(Err(error)) => self.refused(entry, run, Some(error)),
            Err(panic) => {
                drop(panic_message(panic));
                self.refused(entry, run, None);
            }
        }
    }

    fn started(&mut self, entry: &mut Entry, row: RunRecord, plan: &Plan, handle: RunHandle) {
        let id = entry.id;
        let limit = overdue_after(plan, entry.usual);
        if row.cancel_requested_at.is_some() {
            handle.stop();
        }
        let job = job_of(entry, row.id, &row.key);
        job.handle = Some(handle.clone());
        job.overdue_at = limit.map(|limit| later(self.clock.now(), limit));
        let ended = async move { Watched::Ended(id, Box::new(handle.finished().await)) };
        self.watched.push(ended.boxed());
        self.events.send(|| Event::Started(Arc::new(row)));
    }

    fn refused(&mut self, entry: &mut Entry, run: RunId, error: Option<RunnerError>) {
        let status = match error {
            Some(RunnerError::ShuttingDown) => RunStatus::Interrupted,
            _ => RunStatus::Failed,
        };
        let message = match &error {
            Some(error) => format!("the job was not started: {error}"),
            None => "the job was not started: the runner panicked".to_owned(),
        };
        let pipeline = entry.name().clone();
        // An interrupted run is logged with its row.
        if status == RunStatus::Failed {
            logs::not_started(&pipeline, run, error.as_ref());
        }
        self.events.send(|| Event::StartFailed { pipeline, run, error });
        self.not_started(entry, run, status, &message);
    }

    fn not_started(&mut self, entry: &mut Entry, run: RunId, status: RunStatus, message: &str) {
        let end = End::without_result(run, status, message.to_owned(), None, self.clock.now());
        self.ended(entry, end);
    }

    /// A job has ended with this result.
    pub(super) fn finished(&mut self, entry: &mut Entry, result: RunResult) {
        if let Some(took) = result.duration().filter(|_| result.status == RunStatus::Succeeded) {
            entry.usual = Some(entry.usual.map_or(took, |usual| (usual * 3 + took) / 4));
        }
        self.ended(entry, End::from(result));
    }

    /// A job has ended: its slot is released, callers of `finished` continue, and its row is to be written.
    pub(super) fn ended(&mut self, entry: &mut Entry, end: End) {
        let mut end = end;
        let Some(job) = entry.job_mut(end.run).filter(|job| job.ended.is_none()) else { return };
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

    /// Stops a job before the request of a caller to stop it is stored.
    pub(super) fn stop_for_caller(&self, entry: &mut Entry, run: RunId) {
        let name = entry.name().clone();
        let Some(job) = entry.job_mut(run) else { return };
        let Some(handle) = &job.handle else { return };
        // The job may end at once, and its end is logged after the request.
        if !std::mem::replace(&mut job.is_cancel_logged, true) {
            self.events.cancel_requested(&name, run);
        }
        handle.stop();
    }

    /// The final row of a run is durable. The job may still run, if the row was not written for its end.
    pub(super) fn written(&mut self, entry: &mut Entry, row: &RunRecord) {
        let Some(job) = entry.job_mut(row.id) else { return };
        if let Some(waiter) = &mut job.waiter {
            waiter.end(row.status, row.error.clone(), None);
        }
        if job.handle.is_none()
            && let Some(waiter) = self.forget(entry, row.id)
        {
            waiter.complete(row.status);
        }
    }

    /// Another instance has ended a run, which it may have started before.
    pub(super) fn ended_elsewhere(&mut self, entry: &mut Entry, row: &RunRecord) {
        if let Some(mut waiter) = self.forget(entry, row.id) {
            if row.started_at.is_some() {
                waiter.start();
            }
            waiter.end(row.status, row.error.clone(), None);
            waiter.complete(row.status);
        }
    }

    /// Stops watching a run. If the returned waiter is dropped, callers of `done` learn that no final row is stored here.
    pub(super) fn forget(&mut self, entry: &mut Entry, run: RunId) -> Option<Waiter> {
        self.pipelines.remove(&run);
        let place = entry.jobs.iter().position(|job| job.run == run)?;
        entry.jobs.swap_remove(place).waiter
    }

    /// The end of a run came too late: another instance has written another end.
    pub(super) fn supersede(&mut self, entry: &mut Entry, run: RunId) {
        self.forget(entry, run);
        entry.ends.retain(|end| end.run != run);
        let pipeline = entry.name().clone();
        logs::superseded(&pipeline, run);
        self.events.send(|| Event::Superseded { pipeline, run });
    }

    /// The handle of a run, which may be queued for long or start in a moment.
    pub(super) fn handle_of(&mut self, entry: &mut Entry, run: &RunRecord) -> RunHandle {
        if let Some(handle) = watched_handle(entry, run.id) {
            return handle;
        }
        let (handle, active) =
            RunHandle::new(run.pipeline_name.as_str(), context(run), Arc::clone(&self.clock));
        let waiter = Waiter::new(handle, active);
        let handle = waiter.handle.clone();
        self.pipelines.insert(run.id, entry.id);
        job_of(entry, run.id, &run.key).waiter = Some(waiter);
        self.watch_while_queued(entry.id, handle.clone());
        handle
    }

    /// Watches whether the caller stops a queued run through its handle.
    fn watch_while_queued(&mut self, id: EntryId, handle: RunHandle) {
        let abandoned = async move {
            let cancellation = handle.context().cancellation().clone();
            let (finished, stopped) = (handle.finished().boxed(), cancellation.canceled().boxed());
            select(finished, stopped).await;
            Watched::Abandoned(id, handle.id())
        };
        self.watched.push(abandoned.boxed());
    }

    /// The handles of the jobs that are running, by id.
    pub(super) fn running(&self, directory: &Directory) -> Vec<RunHandle> {
        let jobs = self.watched_jobs(directory).filter_map(|job| job.handle.clone());
        let mut running: Vec<_> = jobs.collect();
        running.sort_unstable_by_key(RunHandle::id);
        running
    }

    /// Whether any job is running.
    pub(super) fn are_running(&self, directory: &Directory) -> bool {
        self.watched_jobs(directory).any(|job| job.handle.is_some())
    }

    /// Whether the final rows of all ended jobs are stored.
    pub(super) fn are_written(&self, directory: &Directory) -> bool {
        self.watched_jobs(directory).all(|job| job.ended.is_none())
    }

    fn watched_jobs<'a>(&'a self, directory: &'a Directory) -> impl Iterator<Item = &'a Job> {
        self.pipelines.iter().filter_map(|(run, id)| directory.entry(*id)?.job(*run))
    }

    /// How many slots are taken: of all, and of each pool.
    pub(super) fn slots_used(&self) -> (Used, Vec<(String, Used)>) {
        let (free, free_of_pools) = self.slots.all_free();
        let used = |slots: usize, free: usize| Used { taken: slots.saturating_sub(free), total: slots };
        let pools = self.pools.iter().zip(free_of_pools);
        let pools = pools.map(|((name, slots), free)| (name.clone(), used(*slots, free))).collect();
        (used(self.concurrency, free), pools)
    }

    /// Reports that no slot becomes free. The running jobs may be waiting for runs that are queued behind them.
    pub(super) fn report_stalls(&mut self, directory: &Directory) {
        let waits = |id| directory.entry(id).is_some_and(|entry| entry.waits_for_slot);
        for stall in self.slots.stalls(STALL, waits) {
            let pool = stall.pool.and_then(|pool| self.pools.get(pool)).map(|(name, _)| name.clone());
            let jobs = directory.iter().flat_map(|entry| &entry.jobs);
            let running: Vec<_> = jobs.filter(|job| job.slot.is_of(stall.pool)).map(|job| job.run).collect();
            let waiting =
                stall.waiting.into_iter().filter_map(|id| Some(directory.entry(id)?.name().clone()));
            let waiting: Vec<_> = waiting.collect();
            logs::stalled(pool.as_deref(), &running, waiting.len());
            self.events.send(|| Event::Stalled { pool, running, waiting });
        }
    }

    pub(super) fn report_overdue(&self, entry: &mut Entry, now: UtcDateTime) {
        let pipeline = entry.name().clone();
        for job in entry.jobs.iter_mut().filter(|job| job.overdue_at.is_some_and(|at| at <= now)) {
            job.overdue_at = None;
            let started = job.handle.as_ref().and_then(RunHandle::started_at).unwrap_or(now);
            let (run, running_for) = (job.run, Duration::try_from(now - started).unwrap_or_default());
            logs::overdue(&pipeline, run, running_for);
            self.events.send(|| Event::Overdue { pipeline: pipeline.clone(), run, running_for });
        }
    }
}

async fn beat(pulse: &mut Option<Pulse>) {
    match pulse {
        Some(pulse) => pulse.beat().await,
        None => pending().await,
    }
}

/// Answers callers of `done` whose final row could not be stored for too long. The row is still retried.
pub(super) fn fail_waiters(entry: &mut Entry) {
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

/// Asks the job of a run to stop, if it is running here.
pub(super) fn stop(entry: &Entry, run: RunId) {
    if let Some(handle) = entry.job(run).and_then(|job| job.handle.as_ref()) {
        handle.stop();
    }
}

/// The handle of a run that was requested before, if it is watched here.
pub(super) fn watched_handle(entry: &mut Entry, run: RunId) -> Option<RunHandle> {
    let job = entry.job_mut(run)?;
    if job.waiter.is_none() {
        job.waiter = Some(Waiter::of_running(job.handle.clone()?));
    }
    job.waiter.as_ref().map(|waiter| waiter.handle.clone())
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
