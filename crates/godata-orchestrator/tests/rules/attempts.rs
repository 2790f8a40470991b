//! Retries, and runs whose process dies.

use std::time::Duration;

use godata_core::{BoxError, Cause, Permanent, RetryPolicy, RunStatus, Transient};
use godata_orchestrator::{Overlap, Recovery, Registration};

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
