//! The task of one run, and who watches it.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{Either, select};
use godata_core::{
    AnyJob, Failure, FailureKind, Job as _, JobEnd, RunContext, RunHandle, RunId, StopReason, panic_message,
};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::RunEvent;
use crate::entry::Entry;
use crate::runner::Inner;
use crate::slots::Turn;

/// How long dropping a job may take before the run counts as stuck.
pub(crate) const DROP_GRACE: Duration = Duration::from_secs(1);

/// Waits for the run's turn, runs the job, and gives the slots back once it has ended.
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
    let has_readers = entry.runner().events.has_readers();
    if let Some(limit) = limit {
        tokio::spawn(watch_time(entry.handle.clone(), limit));
    }
    if has_readers {
        watch_stop(entry.runner(), entry.handle.id());
    }
    if limit.is_some() || has_readers {
        // What a task wakes last is polled next by the same thread, and no other takes it over. So it gets its turn
        // before a job that may never let go of the thread.
        tokio::task::yield_now().await;
    }
    let end = until_stopped(&job, cx, entry.runner().stop_grace).await;
    entry.end(end);
}

/// Runs the job; asked to stop, it has the grace to do so.
async fn until_stopped(job: &AnyJob, cx: &RunContext, grace: Duration) -> JobEnd {
    let (job, stopped) = (pin!(contained(job, cx)), pin!(cx.canceled()));
    match select(job, stopped).await {
        Either::Left((end, _)) => end,
        // Boxed, since few runs are stopped and all would have room for this.
        Either::Right(((), job)) => Box::pin(timeout(grace, job)).await.unwrap_or(JobEnd::Dropped),
    }
}

/// Runs the job; a panic in it, or in printing its error, is a failure.
async fn contained(job: &AnyJob, cx: &RunContext) -> JobEnd {
    let job = async { JobEnd::from(job.run(cx).await) };
    AssertUnwindSafe(job).catch_unwind().await.unwrap_or_else(|panic| {
        let message = format!("the job panicked: {}", panic_message(&*panic));
        JobEnd::Failed(Failure::new(FailureKind::Panicked, message))
    })
}

/// Stops a run whose time is over. It is a task of its own, since a job that blocks its thread also holds up the
/// timers of its task.
async fn watch_time(run: RunHandle, limit: Duration) {
    if timeout(limit, run.finished()).await.is_err() {
        run.stop_because(StopReason::TimedOut(limit));
    }
}

/// Has somebody tell of the run if it is asked to stop, by whoever may, and neither does nor lets itself be dropped.
/// Only readers of events get to know of it, so a run is watched while there are some.
pub(crate) fn watch_stop(runner: &Arc<Inner>, id: RunId) {
    // Without a runtime nobody can wait for a run that does not stop.
    if let Ok(runtime) = Handle::try_current()
        && let Some(run) = runner.registry.watch(id)
    {
        runtime.spawn(tell_if_stuck(Arc::clone(runner), run));
    }
}

async fn tell_if_stuck(runner: Arc<Inner>, run: RunHandle) {
    {
        let (finished, stopped) = (pin!(run.finished()), pin!(run.context().canceled()));
        select(finished, stopped).await;
    }
    let grace = runner.stop_grace.saturating_add(DROP_GRACE);
    if timeout(grace, run.finished()).await.is_err() {
        runner.registry.while_active(run.id(), |result| runner.events.tell(|| RunEvent::Stuck(result)));
    }
}
