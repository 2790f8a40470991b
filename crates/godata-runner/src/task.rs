//! The task of one run, and the tasks that watch it.
//!
//! # How a timeout works
//!
//! A timeout is one of the reasons for which a run is asked to stop. It works like this:
//!
//! 1. `Runner::launch` takes the timeout from the request, or else the runner's own, and gives it to [`run`].
//! 2. [`run`] spawns [`watch_time`] when the job starts, so the time in the queue does not count. Then it yields once, so that
//!    the watcher's timer is set before a job that never yields takes the thread.
//! 3. [`watch_time`] waits for the run's end for that long, in tokio's time. If the run has not ended by then, it calls
//!    `RunHandle::stop_because(StopReason::TimedOut(..))`. The first reason to stop counts, so a timeout does not turn a run
//!    that was canceled before into a failure. If it was the first, `logs::timed_out` logs it. If the job holds up the
//!    thread that would do this, [`run`] sets the reason when the job returns, and logs no line.
//! 4. That cancels the run's context. [`until_stopped`] waits for this beside the job, and gives the job the `stop_grace` to
//!    return. Then it drops the job.
//! 5. However the job then ends, `ActiveRun::end` of godata-core records a failure of kind `TimedOut`, even if the job
//!    returned `Ok` meanwhile. Only a panic stays a panic.
//! 6. A job that blocks its thread can't be dropped. [`watch_stop`] spawns a task that logs that and sends
//!    `RunEvent::Stuck` for it, once, [`DROP_GRACE`] after the `stop_grace`.
//! 7. `logs::ended` adds `timeout_ms` to the line of a run that failed by its timeout.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{Either, select};
use godata_core::{
    AnyJob, Failure, FailureKind, Job as _, JobEnd, RunContext, RunHandle, RunId, StopReason, panic_message,
};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};
use tracing::{Instrument as _, Span};

use crate::entry::Entry;
use crate::shared::Shared;
use crate::slots::Turn;
use crate::{RunEvent, logs};

/// How long dropping a job may take before the run counts as stuck.
pub(crate) const DROP_GRACE: Duration = Duration::from_secs(1);

/// Waits for the run's slots, runs the job, and releases the slots once it has ended.
pub(crate) async fn run(mut entry: Entry, job: AnyJob, turn: Turn, limit: Option<Duration>) {
    let handle = entry.handle.clone();
    let cx = handle.context();
    let slots = match turn {
        Turn::Free => cx.check().map(|()| None),
        Turn::Waiting(held) => cx.cancellation().unless_canceled(held).await.map(Some),
    };
    let Ok(slots) = slots else {
        return entry.end(JobEnd::Dropped);
    };
    entry.start(slots);
    // Without readers and without a log, nobody would learn of a run that is stuck.
    let is_watched = entry.runner().events.has_readers() || logs::has_readers();
    if let Some(limit) = limit {
        let watch = watch_time(entry.handle.clone(), limit, entry.runner().stop_grace);
        tokio::spawn(watch.instrument(Span::current()));
    }
    if is_watched {
        watch_stop(entry.runner(), entry.handle.id(), Span::current());
    }
    if limit.is_some() || is_watched {
        // The task that was spawned last is polled next by the same thread, and no other thread steals it. So it is polled
        // before a job that may never yield.
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    let end = until_stopped(&job, cx, entry.runner().stop_grace).await;
    if let Some(limit) = limit.filter(|limit| started.elapsed() > *limit) {
        // The job has held up the thread on which `watch_time` runs.
        handle.stop_because(StopReason::TimedOut(limit));
    }
    // Before callers learn of the end, because it may hold what they want to close. It is foreign code, and may panic.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(job))) {
        logs::drop_panicked(&panic_message(panic));
    }
    entry.end(end);
}

/// Runs the job. Once it is asked to stop, it has `grace` to return, and is then dropped.
async fn until_stopped(job: &AnyJob, cx: &RunContext, grace: Duration) -> JobEnd {
    let (job, stopped) = (pin!(contained(job, cx)), pin!(cx.canceled()));
    match select(job, stopped).await {
        Either::Left((end, _)) => end,
        // Boxed, because few runs are stopped and every run would reserve the memory for this.
        Either::Right(((), job)) => Box::pin(timeout(grace, job)).await.unwrap_or(JobEnd::Dropped),
    }
}

/// Runs the job. A panic in it, or in the printing of its error, is a failure.
async fn contained(job: &AnyJob, cx: &RunContext) -> JobEnd {
    let job = async { JobEnd::from(job.run(cx).await) };
    AssertUnwindSafe(job).catch_unwind().await.unwrap_or_else(|panic| {
        let message = format!("the job panicked: {}", panic_message(panic));
        JobEnd::Failed(Failure::new(FailureKind::Panicked, message))
    })
}

/// Stops a run when its timeout has passed. It is a separate task, because a job that blocks its thread also holds up the
/// timers of its own task.
async fn watch_time(run: RunHandle, limit: Duration, grace: Duration) {
    if timeout(limit, run.finished()).await.is_err() {
        run.stop_because(StopReason::TimedOut(limit));
        if matches!(run.result().stop_reason, Some(StopReason::TimedOut(_))) {
            logs::timed_out(limit, grace);
        }
    }
}

/// Spawns a task that sends an event, and logs in the span of the run, if the run is asked to stop and neither stops nor can
/// be dropped.
pub(crate) fn watch_stop(runner: &Arc<Shared>, id: RunId, span: Span) {
    // Without a runtime there is nothing to wait on.
    if let Ok(runtime) = Handle::try_current()
        && let Some(run) = runner.registry.watch(id)
    {
        runtime.spawn(report_if_stuck(Arc::clone(runner), run).instrument(span));
    }
}

async fn report_if_stuck(runner: Arc<Shared>, run: RunHandle) {
    {
        let (finished, stopped) = (pin!(run.finished()), pin!(run.context().canceled()));
        select(finished, stopped).await;
    }
    let grace = runner.stop_grace.saturating_add(DROP_GRACE);
    if timeout(grace, run.finished()).await.is_err() {
        let mut is_stuck = false;
        runner.registry.while_active(run.id(), |result| {
            is_stuck = true;
            runner.events.send(|| RunEvent::Stuck(result));
        });
        if is_stuck {
            logs::stuck(&run, runner.clock.now());
        }
    }
}
