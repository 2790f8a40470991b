//! Retries, and runs whose process dies.

use std::time::Duration;

use godata_core::{BoxError, Cause, Permanent, RetryPolicy, RunHandle, RunQuery, RunStatus, Transient};
use godata_orchestrator::{OrchestratorError, Overlap, Recovery, Registration};
use time::format_description::well_known::Rfc3339;

use crate::faulty::{Fault, faulty};
use crate::support::{World, count, every, failing, fresh_seed, gated, quick, secs, settle};

fn busy(attempt: u32, failures: u32) -> Option<BoxError> {
    (attempt <= failures).then(|| Transient::new("busy").into())
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_retried_as_a_run_of_the_same_job() {
    let world = World::new();
    let policy = RetryPolicy::attempts(3).backoff(secs(10), secs(100));
    world.register(Registration::new(failing("a", |attempt| busy(attempt, 2))).retry(policy)).await;
    let first = world.orchestrator.run_pipeline("a").await.unwrap();
    first.done().await.unwrap();
    let rows = world.rows().await;
    let (failed, retry) = (&rows[0], &rows[1]);
    assert_eq!(
        (failed.status, retry.status, retry.cause),
        (RunStatus::Failed, RunStatus::Queued, Cause::Retry)
    );
    assert_eq!((retry.job_id, retry.attempt, retry.retry_of), (failed.job_id, 2, Some(failed.id)));
    assert!(retry.not_before >= failed.ended_at, "the wait counts from the end");
    world.go_to(40).await;
    let rows = world.rows().await;
    assert_eq!(rows.iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((count(&rows, RunStatus::Failed), rows[2].status), (2, RunStatus::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn canceling_a_failed_run_cancels_the_retry_of_its_job() {
    for attempts in [1, 2] {
        let world = World::new();
        let policy = RetryPolicy::attempts(5).backoff(secs(10), secs(10));
        world.register(Registration::new(failing("a", |attempt| busy(attempt, 9))).retry(policy)).await;
        let first = world.orchestrator.run_pipeline("a").await.unwrap();
        first.done().await.unwrap();
        while count(&world.rows().await, RunStatus::Failed) < attempts {
            world.clock.advance(secs(1));
            settle().await;
        }
        world.orchestrator.cancel(first.id()).await.unwrap();
        world.go_to(100).await;
        let rows = world.rows().await;
        assert_eq!((count(&rows, RunStatus::Failed), count(&rows, RunStatus::Canceled)), (attempts, 1));
    }
}

/// The row of the failure and its retry is being written when the cancel comes.
#[tokio::test(start_paused = true)]
async fn canceling_a_run_that_fails_at_that_moment_cancels_its_retry() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let policy = RetryPolicy::attempts(5).backoff(secs(10), secs(10));
    world.register(Registration::new(failing("a", |attempt| busy(attempt, 9))).retry(policy)).await;
    faults.next([Fault::Slow(secs(0)), Fault::Slow(secs(10))]);
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    assert_eq!(run.finished().await.status, RunStatus::Failed);
    world.orchestrator.cancel(run.id()).await.unwrap();
    world.go_to(100).await;
    let rows = world.rows().await;
    assert_eq!((count(&rows, RunStatus::Failed), count(&rows, RunStatus::Canceled)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_retried_unless_it_is_permanent_or_the_policy_is_narrower() {
    type Fails = fn() -> BoxError;
    let policy = || RetryPolicy::attempts(2).backoff(Duration::ZERO, Duration::ZERO);
    let plain: Fails = || "no".into();
    let panics: Fails = || panic!("no");
    let permanent: Fails = || Permanent::new("no").into();
    let transient: Fails = || Transient::new("no").into();
    for (fails, policy, rows) in [
        (plain, policy(), 2),
        (panics, policy(), 2),
        (permanent, policy(), 1),
        (transient, policy(), 2),
        (plain, policy().only_transient(), 1),
        (panics, policy().only_transient(), 1),
        (permanent, policy().only_transient(), 1),
        (transient, policy().only_transient(), 2),
    ] {
        let world = World::new();
        world.register(Registration::new(failing("a", move |_| Some(fails()))).retry(policy)).await;
        world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
        settle().await;
        assert_eq!(count(&world.rows().await, RunStatus::Failed), rows);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_retry_blocks_the_next_due_time() {
    let policy = RetryPolicy::attempts(2).backoff(secs(1_000), secs(1_000));
    let job = failing("a", |_| Some(Transient::new("busy").retry_after(secs(25)).into()));
    let world = World::scheduled(Registration::new(job).schedule(every(10)).retry(policy)).await;
    world.go_to(30).await;
    let story = world.story().await;
    assert_eq!(story[..2], ["schedule failed 10", "retry queued 10"]);
    assert_eq!(story[2], "skipped 20..30 x2");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_retry_holds_no_slot_and_starts_while_the_scheduler_is_stopped() {
    let world = World::with(godata_core::AnyStore::new(godata_core::MemoryStore::new()), |builder| {
        builder.concurrency(1)
    });
    let job =
        failing("a", |attempt| (attempt == 1).then(|| Transient::new("busy").retry_after(secs(20)).into()));
    world.register(Registration::new(job).retry(RetryPolicy::attempts(2).backoff(secs(1), secs(1)))).await;
    world.register(Registration::new(quick("b"))).await;
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    world.orchestrator.run_pipeline("b").await.unwrap().done().await.unwrap();
    world.go_to(21).await;
    assert_eq!(count(&world.rows().await, RunStatus::Succeeded), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_survives_a_restart() {
    let rules = || {
        let job = failing("a", |attempt| {
            (attempt == 1).then(|| Transient::new("busy").retry_after(secs(20)).into())
        });
        Registration::new(job).retry(RetryPolicy::attempts(2).backoff(secs(1), secs(1)))
    };
    let world = World::new();
    world.register(rules()).await;
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(rules()).await;
    world.go_to(21).await;
    let rows = world.rows().await;
    assert_eq!(
        rows.iter().map(|run| run.status).collect::<Vec<_>>(),
        [RunStatus::Failed, RunStatus::Succeeded]
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_is_awaited_however_long_the_retries_take() {
    for (backoff, failures, status) in [
        (secs(0), 0, RunStatus::Succeeded),
        (secs(0), 2, RunStatus::Succeeded),
        (secs(0), 9, RunStatus::Failed),
        (secs(10), 2, RunStatus::Succeeded),
        (secs(10), 9, RunStatus::Failed),
    ] {
        let world = World::new();
        let policy = RetryPolicy::attempts(3).backoff(backoff, backoff * 2);
        world
            .register(Registration::new(failing("a", move |attempt| busy(attempt, failures))).retry(policy))
            .await;
        let orchestrator = world.orchestrator.clone();
        let first = orchestrator.run_pipeline("a").await.unwrap();
        let handle = first.clone();
        let waits = tokio::spawn(async move { orchestrator.last_attempt(&handle).await.unwrap() });
        world.go_to(50).await;
        let last = waits.await.unwrap();
        let rows = world.rows().await;
        assert_eq!((last.status, last.id), (status, rows.last().unwrap().id));
        assert_eq!(rows.len(), 3.min(failures as usize + 1));
        assert_eq!(last.duration().is_some(), last.started_at.is_some());
        let again = world.orchestrator.last_attempt(&first).await.unwrap();
        assert_eq!((again.id, again.ended_at), (last.id, last.ended_at), "also when it ended long ago");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_canceled_is_the_last_attempt_and_one_that_outlives_the_process_is_not() {
    for is_canceled in [true, false] {
        let world = World::new();
        let policy = RetryPolicy::attempts(3).backoff(secs(10), secs(10));
        world.register(Registration::new(failing("a", |_| busy(1, 1))).retry(policy)).await;
        let orchestrator = world.orchestrator.clone();
        let first = orchestrator.run_pipeline("a").await.unwrap();
        let waits = tokio::spawn(async move { orchestrator.last_attempt(&first).await });
        settle().await;
        let retry = world.rows().await[1].id;
        if is_canceled {
            world.orchestrator.cancel(retry).await.unwrap();
            let last = waits.await.unwrap().unwrap();
            assert_eq!((last.id, last.status), (retry, RunStatus::Canceled));
        } else {
            let report = world.orchestrator.shutdown(Duration::ZERO).await;
            assert_eq!(report.to_string(), "0 runs were running, 1 stays queued");
            let error = waits.await.unwrap().unwrap_err();
            assert!(matches!(error, OrchestratorError::ShuttingDown), "{error}");
            assert_eq!(world.row(retry).await.status, RunStatus::Queued);
        }
    }
}

/// What a second process gets that runs the pipeline while the retry of the first one waits.
async fn run_beside_a_retry(overlap: Overlap) -> (World, Result<RunHandle, OrchestratorError>) {
    let rules = || {
        let policy = RetryPolicy::attempts(2).backoff(secs(20), secs(20));
        Registration::new(failing("a", |attempt| busy(attempt, 1))).retry(policy).overlap(overlap)
    };
    let world = World::new();
    world.register(rules()).await;
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    world.orchestrator.shutdown(Duration::ZERO).await;
    let world = World::on(world.clock, world.store, |builder| builder);
    world.register(rules()).await;
    let run = world.orchestrator.run_pipeline("a").await;
    (world, run)
}

#[tokio::test(start_paused = true)]
async fn a_run_that_a_waiting_retry_refuses_is_told_when_that_starts() {
    let (world, run) = run_beside_a_retry(Overlap::Skip).await;
    let retry = world.rows().await.remove(1);
    let start = retry.not_before.unwrap().format(&Rfc3339).unwrap();
    let expected = format!(
        "pipeline `a` already has run {}, which is queued until {start}: wait until it ends, cancel it, or \
         register the pipeline with another overlap rule",
        retry.id
    );
    assert_eq!(run.unwrap_err().to_string(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cancels_others_replaces_the_retry_that_another_process_has_left() {
    let (world, run) = run_beside_a_retry(Overlap::CancelOther).await;
    run.unwrap().done().await.unwrap();
    let rows = world.rows().await;
    let replaced = rows.iter().find(|run| run.status == RunStatus::Skipped).unwrap();
    assert_eq!(replaced.cause, Cause::Retry);
    assert_eq!(replaced.reason.as_deref(), Some("superseded by a newer one"));
}

/// A crash while one run is running and another is queued, and then a new process on the same store.
async fn after_a_crash(recovery: Recovery) -> Vec<(Cause, RunStatus, u32)> {
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::BufferOne)).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    world.orchestrator.run_pipeline("a").await.unwrap();
    world.clock.advance(secs(1));
    let world = world.crash(|builder| builder.recovery(recovery).seed(fresh_seed()));
    world.register(Registration::new(quick("a")).overlap(Overlap::BufferOne)).await;
    settle().await;
    world.rows().await.iter().map(|run| (run.cause, run.status, run.attempt)).collect()
}

#[tokio::test(start_paused = true)]
async fn running_runs_of_a_dead_process_are_interrupted_and_queued_ones_taken_over() {
    let expected = [(Cause::Manual, RunStatus::Interrupted, 1), (Cause::Manual, RunStatus::Succeeded, 1)];
    assert_eq!(after_a_crash(Recovery::Off).await, expected);
}

#[tokio::test(start_paused = true)]
async fn with_recovery_the_same_attempt_is_queued_again() {
    let expected = [
        (Cause::Manual, RunStatus::Interrupted, 1),
        (Cause::Manual, RunStatus::Succeeded, 1),
        (Cause::Recovery, RunStatus::Succeeded, 1),
    ];
    assert_eq!(after_a_crash(Recovery::Rerun).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_history_does_not_count_the_time_for_which_no_process_ran_as_time_that_a_run_took() {
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    world.clock.advance(secs(3_600));
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(Registration::new(quick("a"))).await;
    settle().await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Interrupted);
    let history = world.orchestrator.history(&RunQuery::new()).await.unwrap().to_string();
    let lines: Vec<_> = history.lines().skip(1).take(2).collect();
    let line = "a         interrupted  manual       2023-11-14T22:00:00Z";
    assert_eq!(lines, [line, "  its instance died or lost its lease"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_recovered_three_times() {
    let mut world = World::with(godata_core::AnyStore::new(godata_core::MemoryStore::new()), |builder| {
        builder.recovery(Recovery::Rerun)
    });
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    for _ in 0..6 {
        world.clock.advance(secs(1));
        world = world.crash(|builder| builder.recovery(Recovery::Rerun).seed(fresh_seed()));
        let (job, _script, _contexts) = gated("a");
        world.register(Registration::new(job)).await;
        settle().await;
    }
    let rows = world.rows().await;
    assert_eq!(rows.iter().map(|run| run.interruptions).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(count(&rows, RunStatus::Interrupted), 4);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_uses_up_no_attempt() {
    let world = World::with(godata_core::AnyStore::new(godata_core::MemoryStore::new()), |builder| {
        builder.recovery(Recovery::Rerun)
    });
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    world.orchestrator.shutdown(Duration::ZERO).await;
    let rows = world.rows().await;
    let story: Vec<_> = rows.iter().map(|run| (run.cause, run.status, run.attempt)).collect();
    let expected = [(Cause::Manual, RunStatus::Interrupted, 1), (Cause::Recovery, RunStatus::Queued, 1)];
    assert_eq!(story, expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_asked_to_stop_is_canceled_when_its_process_dies() {
    let world = World::with(godata_core::AnyStore::new(godata_core::MemoryStore::new()), |builder| {
        builder.recovery(Recovery::Rerun)
    });
    let job = godata_core::job_fn("a", |_cx| async { std::future::pending().await });
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    world.orchestrator.cancel(run.id()).await.unwrap();
    let world = world.crash(|builder| builder.recovery(Recovery::Rerun).seed(fresh_seed()));
    world.register(Registration::new(quick("a"))).await;
    settle().await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Canceled);
    assert_eq!(world.rows().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn runs_of_pipelines_that_are_no_longer_registered_are_interrupted_and_block_nothing() {
    let world = World::new();
    let (job, _script, _contexts) = gated("old");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("old").await.unwrap();
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(Registration::new(quick("new"))).await;
    tokio::time::sleep(secs(71)).await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Interrupted);
    assert_eq!(world.orchestrator.pipelines().await.unwrap().len(), 2);
}
