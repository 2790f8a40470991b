//! The lives of runs. Tokio's time is paused: it passes only while all tasks wait.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use godata_core::{
    AnyJob, BoxError, Canceled, Cancellation, Clock, FailureKind, Job, JobRunner, RunContext, RunHandle,
    RunRequest, RunResult, RunStatus, RunnerError, StopReason, Transient, job_fn,
};
use godata_runner::{Missed, RunEvent, Runner, RunnerBuildError};
use time::UtcDateTime;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn ok() -> impl Job {
    job_fn("ok", |_| async { Ok(()) })
}

/// Stops when it is asked to.
fn listens() -> impl Job {
    job_fn("listens", |cx: RunContext| async move {
        cx.canceled().await;
        Ok(cx.check()?)
    })
}

/// Never ends, and ignores that it is asked to stop.
fn ignores() -> impl Job {
    job_fn("ignores", |_| pending())
}

fn lasts(time: Duration) -> impl Job {
    job_fn("lasts", move |_| async move {
        tokio::time::sleep(time).await;
        Ok(())
    })
}

fn fails<E: Into<BoxError>>(error: impl Fn() -> E + Send + Sync + 'static) -> impl Job {
    job_fn("fails", move |_| std::future::ready(Err(error().into())))
}

fn canceled() -> Canceled {
    let other = Cancellation::new();
    other.cancel();
    other.check().expect_err("it was canceled")
}

async fn end_of(run: &RunHandle) -> (RunStatus, Option<FailureKind>) {
    let result = run.finished().await;
    assert_eq!(run.result(), result, "the handle shows the same result");
    assert_eq!(run.done().await.expect("no row to wait for"), result);
    assert!(result.ended_at.is_some());
    (result.status, result.error.map(|error| error.kind))
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_as_its_job_does() {
    use RunStatus::{Failed, Succeeded};

    let runner = Runner::new();
    let start = |job| JobRunner::start(&runner, job, RunRequest::new()).unwrap();
    for (job, expected) in [
        (AnyJob::new(ok()), (Succeeded, None)),
        (AnyJob::new(fails(|| "no")), (Failed, Some(FailureKind::Failed))),
        (AnyJob::new(fails(|| Transient::new("busy"))), (Failed, Some(FailureKind::Transient))),
        (AnyJob::new(fails(canceled)), (Failed, Some(FailureKind::Failed))),
        (AnyJob::new(fails(|| io::Error::other(canceled()))), (Failed, Some(FailureKind::Failed))),
        (
            AnyJob::new(fails(|| io::Error::from(io::ErrorKind::TimedOut))),
            (Failed, Some(FailureKind::Failed)),
        ),
        (
            AnyJob::new(job_fn("panics", |_| async { panic!("boom {}", 1) })),
            (Failed, Some(FailureKind::Panicked)),
        ),
    ] {
        let run = start(job.clone());
        assert_eq!(end_of(&run).await, expected, "{job:?}");
        assert_eq!(runner.result(run.id()), Some(run.result()));
    }
    assert!(runner.active().is_empty());
}

#[tokio::test]
async fn a_failure_has_the_message_of_the_panic_or_the_whole_chain_of_the_error() {
    let runner = Runner::new();
    let message = async |run: RunHandle| run.finished().await.error.unwrap().to_string();
    let run = runner.start(job_fn("panics", |_| async { panic!("boom {}", 1) })).unwrap();
    assert_eq!(message(run).await, "the job panicked: boom 1");
    let run = runner.start(fails(|| godata_core::Params::new().parse::<u8>("day").unwrap_err())).unwrap();
    assert_eq!(message(run).await, "parameter `day` is missing");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_before_it_is_polled_never_starts() {
    let runner = Runner::new();
    let run = runner.start(ok()).unwrap();
    runner.stop(run.id()).unwrap();
    assert_eq!(end_of(&run).await, (RunStatus::Canceled, None));
    assert_eq!(run.started_at(), None);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_is_canceled_even_if_its_job_has_to_be_dropped() {
    let runner = Runner::builder().stop_grace(3 * SECOND).build().unwrap();
    for (job, seconds) in [(AnyJob::new(listens()), 0), (AnyJob::new(ignores()), 3)] {
        let run = runner.start(job).unwrap();
        tokio::task::yield_now().await;
        assert_eq!(run.result().status, RunStatus::Running);
        let begin = Instant::now();
        run.stop();
        run.stop();
        assert_eq!(run.result().stop_reason, Some(StopReason::Requested));
        assert_eq!(end_of(&run).await, (RunStatus::Canceled, None));
        assert_eq!(begin.elapsed().as_secs(), seconds);
        runner.stop(run.id()).unwrap();
        assert_eq!(run.result().status, RunStatus::Canceled);
    }
    let unknown = RunContext::new().run_id();
    assert_eq!(runner.stop(unknown), Err(RunnerError::UnknownRun { run: unknown }));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_job_that_returns_ok_has_succeeded_and_one_that_fails_has_failed() {
    let runner = Runner::new();
    for (result, expected) in [
        (None, (RunStatus::Succeeded, None)),
        (Some("disk full"), (RunStatus::Failed, Some(FailureKind::Failed))),
    ] {
        let run = runner
            .start(job_fn("ends anyway", move |cx: RunContext| async move {
                cx.canceled().await;
                result.map_or(Ok(()), |error| Err(error.into()))
            }))
            .unwrap();
        tokio::task::yield_now().await;
        run.stop();
        assert_eq!(end_of(&run).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn runs_that_share_a_cancellation_can_be_stopped_alone_and_together() {
    let runner = Runner::new();
    let all = Cancellation::new();
    let start = || runner.start_with(listens(), RunContext::new().with_cancellation(all.clone())).unwrap();
    let (one, two) = (start(), start());
    tokio::task::yield_now().await;
    one.stop();
    assert_eq!(end_of(&one).await.0, RunStatus::Canceled);
    assert!(!all.is_canceled() && two.result().status == RunStatus::Running);
    all.cancel();
    assert_eq!(end_of(&two).await.0, RunStatus::Canceled);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_timed_out_has_failed_whatever_its_job_does_afterward() {
    let runner = Runner::builder().timeout(10 * SECOND).stop_grace(2 * SECOND).build().unwrap();
    let returns_ok = job_fn("ok", |cx: RunContext| async move {
        cx.canceled().await;
        Ok(())
    });
    for (job, seconds) in
        [(AnyJob::new(listens()), 10), (AnyJob::new(returns_ok), 10), (AnyJob::new(ignores()), 12)]
    {
        let begin = Instant::now();
        let run = runner.start(job).unwrap();
        assert_eq!(end_of(&run).await, (RunStatus::Failed, Some(FailureKind::TimedOut)));
        assert_eq!(begin.elapsed().as_secs(), seconds);
        assert_eq!(run.result().error.unwrap().message, "the job did not end within 10s");
    }
    let in_time = runner.start_with(lasts(11 * SECOND), RunRequest::new().with_timeout(12 * SECOND)).unwrap();
    assert_eq!(end_of(&in_time).await.0, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn the_first_reason_to_stop_counts() {
    let runner = Runner::builder().stop_grace(5 * SECOND).build().unwrap();
    let run = runner.start_with(ignores(), RunRequest::new().with_timeout(2 * SECOND)).unwrap();
    tokio::time::sleep(SECOND).await;
    run.stop();
    run.stop_because(StopReason::Shutdown);
    assert_eq!(end_of(&run).await, (RunStatus::Canceled, None));
}

#[test]
fn a_run_whose_runtime_ends_is_interrupted() {
    let runner = Runner::builder().limit(1).build().unwrap();
    let mut events = runner.subscribe();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runs = runtime.block_on(async {
        let runs = [runner.start(ignores()).unwrap(), runner.start(ok()).unwrap()];
        tokio::task::yield_now().await;
        runs
    });
    drop(runtime);
    for run in runs {
        assert_eq!(run.result().status, RunStatus::Interrupted);
        assert_eq!(runner.result(run.id()), Some(run.result()));
    }
    assert_eq!(runner.start(ok()).unwrap_err(), RunnerError::NoRuntime);
    let sent = std::iter::from_fn(|| events.next().now_or_never());
    assert_eq!(sent.filter(|event| matches!(event, Some(Ok(RunEvent::Ended(_))))).count(), 2);
}

/// The run that was started first is on a runtime that never polls it.
#[test]
fn the_slot_goes_to_the_run_that_was_started_first_not_to_the_one_polled_first() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (late, early) = (runtime(), runtime());
    let runner = Runner::builder().limit(1).build().unwrap();
    let start = |runtime: &tokio::runtime::Runtime| {
        let _entered = runtime.enter();
        runner.start(ok()).unwrap()
    };
    let (first, second) = (start(&late), start(&early));
    early.block_on(async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(second.result().status, RunStatus::Queued);
    assert_eq!(late.block_on(end_of(&first)).0, RunStatus::Succeeded);
    assert_eq!(early.block_on(end_of(&second)).0, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn slots_are_given_in_the_order_of_starts() {
    let runner = Runner::builder().limit(3).build().unwrap();
    let started = Arc::new(Mutex::new(Vec::new()));
    let running = Arc::new(AtomicUsize::new(0));
    let runs: Vec<_> = (0..20)
        .map(|n| {
            let (started, running) = (Arc::clone(&started), Arc::clone(&running));
            let job = job_fn("one of many", move |_| {
                let (started, running) = (Arc::clone(&started), Arc::clone(&running));
                async move {
                    started.lock().unwrap().push(n);
                    assert!(running.fetch_add(1, SeqCst) < 3, "more jobs run than there are slots");
                    tokio::time::sleep(SECOND).await;
                    running.fetch_sub(1, SeqCst);
                    Ok(())
                }
            });
            runner.start(job).unwrap()
        })
        .collect();
    assert_eq!(runner.active().len(), 20);
    runs[7].stop();
    for (n, run) in runs.iter().enumerate() {
        let expected = if n == 7 { RunStatus::Canceled } else { RunStatus::Succeeded };
        assert_eq!(end_of(run).await.0, expected, "{n}");
    }
    let expected: Vec<_> = (0..20).filter(|n| *n != 7).collect();
    assert_eq!(*started.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_its_pool_holds_up_no_other_run() {
    let runner = Runner::builder().limit(3).pool("database", 1).build().unwrap();
    let in_pool = || RunRequest::new().with_pool("database");
    let runs: Vec<_> = (0..4).map(|_| runner.start_with(listens(), in_pool()).unwrap()).collect();
    let other = runner.start(ok()).unwrap();
    assert_eq!(end_of(&other).await.0, RunStatus::Succeeded);
    let statuses: Vec<_> = runs.iter().map(|run| run.result().status).collect();
    assert_eq!(statuses, [RunStatus::Running, RunStatus::Queued, RunStatus::Queued, RunStatus::Queued]);
    runs[0].stop();
    end_of(&runs[0]).await;
    tokio::task::yield_now().await;
    assert_eq!(runs[1].result().status, RunStatus::Running);

    let unknown = runner.start_with(ok(), RunRequest::new().with_pool("dtabase")).unwrap_err();
    assert_eq!(unknown, RunnerError::UnknownPool { pool: "dtabase".into() });
}

#[test]
fn a_runner_that_could_never_run_a_job_is_refused() {
    for (builder, expected) in [
        (Runner::builder().limit(0), RunnerBuildError::NoSlots),
        (Runner::builder().pool("a", 0), RunnerBuildError::EmptyPool { pool: "a".into() }),
        (Runner::builder().pool("a", 1).pool("a", 2), RunnerBuildError::SamePool { pool: "a".into() }),
    ] {
        assert_eq!(builder.build().unwrap_err(), expected);
    }
    Runner::builder().limit(usize::MAX).pool("a", usize::MAX).event_buffer(usize::MAX).build().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_context_is_for_one_run() {
    let runner = Runner::new();
    let cx = RunContext::new();
    let run = runner.start_with(ok(), cx.clone()).unwrap();
    let again = || runner.start_with(ok(), cx.clone()).unwrap_err();
    assert_eq!(again(), RunnerError::Duplicate { run: cx.run_id() });
    end_of(&run).await;
    assert_eq!(again(), RunnerError::Duplicate { run: cx.run_id() });
}

#[tokio::test(start_paused = true)]
async fn results_are_kept_by_count_and_age() {
    let runner = Runner::builder().keep_results(3).keep_results_for(10 * SECOND).build().unwrap();
    let mut ids = Vec::new();
    for _ in 0..5 {
        let run = runner.start(ok()).unwrap();
        end_of(&run).await;
        tokio::task::yield_now().await;
        ids.push(run.id());
    }
    let kept = |id: &_| runner.result(*id).is_some();
    assert_eq!(ids.iter().map(kept).collect::<Vec<_>>(), [false, false, true, true, true]);
    tokio::time::advance(11 * SECOND).await;
    assert!(!ids.iter().any(kept));
}

#[tokio::test(start_paused = true)]
async fn each_run_sends_events_from_its_start_to_its_end() {
    let runner = Runner::builder().event_buffer(4).build().unwrap();
    runner.start(ok()).unwrap().finished().await;
    let mut events = runner.subscribe();
    let run = runner.start(fails(|| "no")).unwrap();
    end_of(&run).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let (RunEvent::Queued(result) | RunEvent::Started(result) | RunEvent::Ended(result)) =
            events.next().await.unwrap().unwrap()
        else {
            panic!("a run that has ended is not stuck")
        };
        assert_eq!(result.id, run.id());
        statuses.push(result.status);
    }
    assert_eq!(statuses, [RunStatus::Queued, RunStatus::Running, RunStatus::Failed]);

    for _ in 0..3 {
        end_of(&runner.start(ok()).unwrap()).await;
    }
    tokio::task::yield_now().await;
    assert_eq!(events.next().await, Some(Err(Missed::new(5))));
    let rest: usize = 4;
    for _ in 0..rest {
        assert!(matches!(events.next().await, Some(Ok(_))));
    }
    drop(runner);
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn shutdown_drains_then_stops_then_drops_and_reports_each_run() {
    let runner = Runner::builder().limit(3).stop_grace(2 * SECOND).build().unwrap();
    let done = runner.start(ok()).unwrap();
    end_of(&done).await;
    let runs: Vec<_> = [AnyJob::new(lasts(5 * SECOND)), AnyJob::new(listens()), AnyJob::new(ignores())]
        .into_iter()
        .chain([AnyJob::new(lasts(SECOND)), AnyJob::new(ignores()), AnyJob::new(ok())])
        .map(|job| runner.start(job).unwrap())
        .collect();
    let begin = Instant::now();
    let shutdown = runner.shutdown(10 * SECOND);
    assert_eq!(runner.start(ok()).unwrap_err(), RunnerError::ShuttingDown);
    let report = shutdown.await;
    assert_eq!(begin.elapsed(), 12 * SECOND);

    use RunStatus::{Interrupted, Succeeded};
    let statuses: Vec<_> = runs.iter().map(|run| run.result().status).collect();
    assert_eq!(statuses, [Succeeded, Interrupted, Interrupted, Succeeded, Interrupted, Interrupted]);
    let mut reported: Vec<RunResult> = report.runs.clone();
    reported.sort_by_key(|run| run.id);
    assert_eq!(reported, runs.iter().map(RunHandle::result).collect::<Vec<_>>());
    assert_eq!((report.interrupted().count(), report.stuck().count()), (4, 0));
    assert!(runner.shutdown(SECOND).await.runs.is_empty());
}

/// The thread is blocked, so real time has to pass: the one second that dropping a job may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_job_that_blocks_its_thread_is_stuck_and_holds_its_slot() {
    let runner = Runner::builder().limit(1).stop_grace(Duration::ZERO).build().unwrap();
    let mut events = runner.subscribe();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let blocked = runner
        .start(job_fn("blocks", move |_| {
            let _ = released.lock().unwrap().recv();
            async { Ok(()) }
        }))
        .unwrap();
    let waiting = runner.start(ok()).unwrap();
    while blocked.result().status != RunStatus::Running {
        tokio::task::yield_now().await;
    }
    let report = runner.shutdown(Duration::ZERO).await;
    assert_eq!(report.stuck().map(|run| run.id).collect::<Vec<_>>(), [blocked.id()]);
    assert_eq!(report.interrupted().map(|run| run.id).collect::<Vec<_>>(), [waiting.id()]);
    assert_eq!(runner.active().iter().map(|run| run.id).collect::<Vec<_>>(), [blocked.id()]);
    loop {
        if let RunEvent::Stuck(run) = events.next().await.unwrap().unwrap() {
            assert_eq!((run.id, run.stop_reason), (blocked.id(), Some(StopReason::Shutdown)));
            break;
        }
    }
    release.send(()).unwrap();
    // It finished its work after all.
    assert_eq!(end_of(&blocked).await.0, RunStatus::Succeeded);
}

/// The threads are blocked, so real time has to pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn a_stuck_run_is_reported_once_whatever_stopped_it_and_however_late_the_reader_subscribed() {
    let runner = Runner::builder().stop_grace(Duration::ZERO).build().unwrap();
    let (release, released) = mpsc::channel::<()>();
    let mut release = Some(release);
    let released = Arc::new(Mutex::new(released));
    let blocks = || {
        let released = Arc::clone(&released);
        job_fn("blocks", move |_| {
            let _ = released.lock().unwrap().recv();
            async { Ok(()) }
        })
    };
    let all_run = async || {
        while runner.active().iter().any(|run| run.status != RunStatus::Running) {
            tokio::task::yield_now().await;
        }
    };
    let shared = Cancellation::new();
    let by_handle = runner.start(blocks()).unwrap();
    let by_all = runner.start_with(blocks(), RunContext::new().with_cancellation(shared.clone())).unwrap();
    all_run().await;
    let mut events = runner.subscribe();
    let by_time = runner.start_with(blocks(), RunRequest::new().with_timeout(Duration::ZERO)).unwrap();
    let ends = runner.start(listens()).unwrap();
    all_run().await;
    by_handle.stop();
    shared.cancel();
    for run in [&by_handle, &by_time, &by_handle, &ends] {
        runner.stop(run.id()).unwrap();
    }

    let (mut stuck, mut ended) = (Vec::new(), Vec::new());
    while ended.len() < 4 {
        match events.next().await.unwrap().unwrap() {
            RunEvent::Stuck(run) => {
                assert!(!ended.contains(&run.id), "reported after its end");
                stuck.push(run.id);
            }
            RunEvent::Ended(run) => ended.push(run.id),
            _ => {}
        }
        if stuck.len() == 3 {
            drop(release.take());
        }
    }
    stuck.sort();
    assert_eq!(stuck, [by_handle.id(), by_all.id(), by_time.id()]);
}

/// The job never waits, so its thread polls nothing else, not even the task that watches the timeout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_polls_its_cancellation_but_never_waits_times_out() {
    let gives_up = Instant::now() + 20 * SECOND;
    let computes = job_fn("computes", move |cx: RunContext| async move {
        while Instant::now() < gives_up {
            cx.check()?;
        }
        Ok(())
    });
    let runner = Runner::builder().timeout(Duration::from_millis(1)).build().unwrap();
    let run = runner.start(computes).unwrap();
    assert_eq!(end_of(&run).await, (RunStatus::Failed, Some(FailureKind::TimedOut)));
}

/// A reader on one worker thread learns of the job that blocks another thread, and lets it continue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_blocks_its_thread_delays_no_event() {
    let runner = Runner::new();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let mut events = runner.subscribe();
    let reader = tokio::spawn(async move {
        while !matches!(events.next().await, Some(Ok(RunEvent::Started(_)))) {}
        release.send(())
    });
    let blocks = job_fn("blocks", move |_| {
        let received = released.lock().unwrap().recv_timeout(20 * SECOND);
        async move { Ok(received?) }
    });
    assert_eq!(end_of(&runner.start(blocks).unwrap()).await, (RunStatus::Succeeded, None));
    reader.await.unwrap().unwrap();
}

/// Returns the time once, and then panics.
struct Breaks(AtomicUsize);

impl Clock for Breaks {
    fn now(&self) -> UtcDateTime {
        assert_eq!(self.0.fetch_add(1, SeqCst), 0, "the clock is broken");
        UtcDateTime::UNIX_EPOCH
    }

    fn sleep_until(&self, _: UtcDateTime) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_clock_panics_ends_as_its_job_does() {
    let runner = Runner::builder().limit(1).clock(Breaks(0.into())).build().unwrap();
    let run = runner.start(ok()).unwrap();
    assert_eq!(end_of(&run).await, (RunStatus::Succeeded, None));
    assert_eq!(run.result().ended_at, Some(run.result().queued_at));
    assert!(runner.active().is_empty());
}

#[tokio::test(start_paused = true)]
async fn done_waits_until_the_row_is_stored_and_fails_if_it_is_not() {
    let runner = Runner::new();
    let started = || runner.start(ok()).unwrap().with_completer();
    let (run, completer) = started();
    run.finished().await;
    let done = run.done();
    tokio::pin!(done);
    assert!(tokio::time::timeout(SECOND, &mut done).await.is_err());
    completer.complete();
    assert_eq!(done.await.unwrap().status, RunStatus::Succeeded);

    let (run, completer) = started();
    drop(completer);
    assert_eq!(run.done().await.unwrap_err().run(), run.id());
    let (run, completer) = started();
    completer.fail(godata_core::StoreError::unavailable("gone"));
    let error = run.done().await.unwrap_err();
    assert_eq!(
        godata_core::error_chain(&error).to_string(),
        format!("the result of run {} was not stored: the store is not available: gone", run.id())
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_holds_up_its_thread_beyond_its_timeout_has_failed() {
    let runner = Runner::new();
    let blocks = job_fn("blocks", |_cx| async {
        // Time passes, and no other task runs meanwhile.
        assert_eq!(tokio::time::advance(5 * SECOND).now_or_never(), None);
        Ok(())
    });
    let run = runner.start_with(blocks, RunRequest::new().with_timeout(SECOND)).unwrap();
    let result = run.finished().await;
    let kind = result.error.map(|error| error.kind);
    assert_eq!((result.status, kind), (RunStatus::Failed, Some(FailureKind::TimedOut)));
}
