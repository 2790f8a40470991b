//! What an orchestrator writes to the log. The front page of the crate documents it.

use std::time::Duration;

use godata_core::{
    Cause, Covers, OwnerId, PipelineName, RunId, RunRecord, RunStatus, RunnerError, StoreError, error_chain,
};
use time::UtcDateTime;
use tracing::field::display;

use crate::decide::{MISSED, Misfired, STUCK};
use crate::history::{rfc3339, short_line};
use crate::reconcile::Before;
use crate::registration::Rules;
use crate::{DrainReport, Misfire, ScheduleFault};

/// Logs that the row of a run is durable. `before` is its last state; `None` if it is new or its last state is not
/// known.
///
/// A run whose job has ended here has no reason in its row: the runner logs its start and its end.
pub(crate) fn written(run: &RunRecord, before: Option<Before>, rules: Option<&Rules>) {
    match before {
        Some(before) => changed(run, before),
        None => inserted(run, rules),
    }
    let Some(reason) = run.reason.as_deref().map(short_line) else { return };
    let reason = &*reason;
    let (pipeline, id) = (&run.pipeline_name, run.id);
    match run.status {
        RunStatus::Skipped if run.covers.is_some() => skipped(run, before, reason),
        RunStatus::Skipped => tracing::info!(%pipeline, run = %id, reason, "run skipped"),
        RunStatus::Canceled => tracing::warn!(%pipeline, run = %id, reason, "run canceled"),
        // If its job ever ends, the runner logs that.
        RunStatus::Interrupted if run.reason.as_deref() == Some(STUCK) => {
            tracing::warn!(%pipeline, run = %id, reason, "stuck run stored as interrupted");
        }
        RunStatus::Interrupted => tracing::warn!(%pipeline, run = %id, reason, "run interrupted"),
        _ => {}
    }
}

fn inserted(run: &RunRecord, rules: Option<&Rules>) {
    let (pipeline, id, attempt) = (&run.pipeline_name, run.id, run.attempt);
    match run.cause {
        _ if run.status.is_terminal() => {}
        Cause::Retry => {
            let wait = run.not_before.map_or(time::Duration::ZERO, |at| at - run.created_at);
            tracing::warn!(
                %pipeline,
                run = %id,
                retry_of = run.retry_of.map(display),
                attempt,
                attempts = rules.map(|rules| rules.retry.attempts),
                in_ms = wait.whole_milliseconds().max(0) as u64,
                "run will be retried"
            );
        }
        Cause::Recovery => tracing::warn!(
            %pipeline,
            run = %id,
            retry_of = run.retry_of.map(display),
            attempt,
            interruptions = run.interruptions,
            "interrupted run queued again"
        ),
        // The runner logs a run that starts at once.
        _ if run.status == RunStatus::Queued => tracing::debug!(
            %pipeline,
            run = %id,
            cause = %run.cause,
            due = run.due.map(rfc3339).map(display),
            "run queued"
        ),
        _ => {}
    }
}

fn changed(run: &RunRecord, before: Before) {
    let (pipeline, id) = (&run.pipeline_name, run.id);
    if before.owner.is_some() && run.owner != before.owner && !run.status.is_terminal() {
        tracing::warn!(%pipeline, run = %id, owner = before.owner.map(display), "queued run taken over");
    }
}

pub(crate) fn cancel_requested(pipeline: &PipelineName, run: RunId) {
    tracing::info!(%pipeline, %run, "cancel requested");
}

/// Logs that the row of skipped due times is new or has grown. Missed due times are left to [`misfired`].
fn skipped(run: &RunRecord, before: Option<Before>, reason: &str) {
    let count = |covers: Option<Covers>| covers.map_or(0, |covers| covers.count);
    let skipped = count(run.covers).saturating_sub(before.map_or(0, |before| count(before.covers)));
    if reason != MISSED && skipped > 0 {
        let (pipeline, due) = (&run.pipeline_name, run.due.map(rfc3339).map(display));
        let exact = run.covers.is_none_or(|covers| covers.exact);
        tracing::info!(%pipeline, run = %run.id, skipped, exact, due, reason, "due times skipped");
    }
}

pub(crate) fn misfired(pipeline: &PipelineName, misfired: &Misfired) {
    let policy = match misfired.policy {
        Misfire::Latest => "latest",
        Misfire::Skip => "skip",
        Misfire::All => "all",
    };
    tracing::warn!(
        %pipeline,
        missed = misfired.missed,
        exact = misfired.is_exact,
        runs = misfired.runs,
        first = %rfc3339(misfired.first),
        due = %rfc3339(misfired.last),
        policy,
        "due times missed"
    );
}

pub(crate) fn paused(pipeline: &PipelineName) {
    tracing::info!(%pipeline, "pipeline paused");
}

pub(crate) fn resumed(pipeline: &PipelineName) {
    tracing::info!(%pipeline, "pipeline resumed");
}

/// Logs that a pipeline has another schedule.
pub(crate) fn edited(pipeline: &PipelineName, from: Option<&str>, to: Option<&str>) {
    let (from, to) = (spec_text(from), spec_text(to));
    tracing::info!(%pipeline, from, to, "schedule edited");
}

pub(crate) fn registered(pipeline: &PipelineName, spec: Option<&str>, enabled: bool, paused: bool) {
    let (disabled, paused) = ((!enabled).then_some(true), paused.then_some(true));
    tracing::info!(%pipeline, schedule = spec_text(spec), disabled, paused, "pipeline registered");
}

pub(crate) fn unregistered(pipeline: &PipelineName) {
    tracing::info!(%pipeline, "pipeline unregistered");
}

pub(crate) fn unregistered_elsewhere(pipeline: &PipelineName) {
    tracing::warn!(%pipeline, "pipeline unregistered by another instance");
}

pub(crate) fn spec_differs(pipeline: &PipelineName, stored: Option<&str>, registered: Option<&str>) {
    let (stored, registered) = (spec_text(stored), spec_text(registered));
    tracing::warn!(%pipeline, stored, registered, "another schedule is stored");
}

fn spec_text(spec: Option<&str>) -> String {
    short_line(spec.unwrap_or("none"))
}

pub(crate) fn schedule_stopped(pipeline: &PipelineName, fault: ScheduleFault) {
    tracing::error!(%pipeline, error = %fault, "schedule stopped");
}

pub(crate) fn schedule_ended(pipeline: &PipelineName) {
    tracing::info!(%pipeline, "schedule ended");
}

pub(crate) fn waits_for_clock(pipeline: &PipelineName, cursor: UtcDateTime) {
    tracing::warn!(%pipeline, cursor = %rfc3339(cursor), "schedule waits for the clock");
}

pub(crate) fn rebased(pipeline: &PipelineName, cursor: Option<UtcDateTime>) {
    tracing::warn!(%pipeline, cursor = cursor.map(rfc3339).map(display), "schedule continues from now");
}

pub(crate) fn clock_set_back(by: time::Duration) {
    tracing::warn!(by_ms = by.whole_milliseconds() as u64, "clock set back");
}

pub(crate) fn not_started(pipeline: &PipelineName, run: RunId, error: Option<&RunnerError>) {
    match error {
        Some(error) => tracing::error!(%pipeline, %run, error = %error_chain(error), "job not started"),
        None => tracing::error!(%pipeline, %run, error = "the runner panicked", "job not started"),
    }
}

pub(crate) fn overdue(pipeline: &PipelineName, run: RunId, running_for: Duration) {
    tracing::warn!(%pipeline, %run, running_ms = running_for.as_millis() as u64, "run overdue");
}

pub(crate) fn stalled(pool: Option<&str>, running: &[RunId], waiting: usize) {
    let pool = pool.map(short_line);
    tracing::warn!(pool, running = ids(running).map(display), waiting, "no slot became free for a minute");
}

pub(crate) fn superseded(pipeline: &PipelineName, run: RunId) {
    tracing::warn!(%pipeline, %run, "result refused: another instance has interrupted the run");
}

pub(crate) fn lease_lost(owner: OwnerId, runs: &[RunId]) {
    tracing::error!(%owner, runs = ids(runs).map(display), "lease lost");
}

pub(crate) fn lease_expired(owner: OwnerId, runs: &[RunId]) {
    tracing::error!(%owner, runs = ids(runs).map(display), "lease not renewed in time");
}

/// Logs that commits and reads of one pipeline begin to fail.
pub(crate) fn store_failed(pipeline: &PipelineName, runs: &[RunId], error: &StoreError) {
    tracing::error!(%pipeline, runs = ids(runs).map(display), error = %error_chain(error), "store failed");
}

pub(crate) fn store_recovered(pipeline: &PipelineName, failures: u32) {
    tracing::info!(%pipeline, failures, "store recovered");
}

/// Logs that a call of the store which is not about a single pipeline begins to fail.
pub(crate) fn call_failed(call: &str, error: &StoreError) {
    tracing::error!(call, error = %error_chain(error), "store failed");
}

pub(crate) fn call_recovered(call: &str) {
    tracing::info!(call, "store recovered");
}

pub(crate) fn pruned(runs: u64) {
    tracing::debug!(runs, "history pruned");
}

pub(crate) fn scheduler_started() {
    tracing::info!("scheduler started");
}

pub(crate) fn scheduler_stopped() {
    tracing::info!("scheduler stopped");
}

/// `grace` is `None` if the last handle was dropped.
pub(crate) fn shutdown_began(cause: &str, grace: Option<Duration>, running: usize) {
    let grace_ms = grace.map(|grace| grace.as_millis() as u64);
    tracing::info!(cause, grace_ms, running, "shutdown began");
}

pub(crate) fn shutdown_ended(report: &DrainReport) {
    tracing::info!(%report, "shutdown ended");
}

/// The job or the schedule of a pipeline panicked when it was dropped.
pub(crate) fn drop_panicked(error: &str) {
    let error = short_line(error);
    tracing::error!(error, "a job or a schedule panicked when it was dropped");
}

/// The process is about to end.
pub(crate) fn ended_by_signal(signal: &str, status: i32) {
    tracing::warn!(signal, status, "process ended by a second signal");
}

pub(crate) fn loop_panicked(error: &str) {
    let error = short_line(error);
    tracing::error!(error, "the loop panicked; this orchestrator has ended");
}

fn ids(runs: &[RunId]) -> Option<String> {
    let ids: Vec<_> = runs.iter().map(RunId::to_string).collect();
    (!ids.is_empty()).then(|| ids.join(","))
}
