//! Due times that come during a run, and runs that start late.

use std::collections::BTreeSet;

use godata_core::RunStatus;
use godata_orchestrator::{Overlap, Registration};

use crate::support::{World, at, every, gated, quick, secs, settle};

/// The history after a run from second 10 to second 45, on a schedule of 10 s.
async fn story_under(overlap: Overlap) -> Vec<String> {
    let (job, script, _contexts) = gated("a");
    let world = World::scheduled(Registration::new(job).schedule(every(10)).overlap(overlap)).await;
    world.go_to(45).await;
    script.let_go(99);
    world.go_to(55).await;
    world.story().await
}

#[tokio::test(start_paused = true)]
async fn buffer_one_queues_the_first_and_skips_the_rest() {
    let expected =
        ["schedule succeeded 10", "schedule succeeded 20", "skipped 30..40 x2", "schedule succeeded 50"];
    assert_eq!(story_under(Overlap::BufferOne).await, expected);
}

#[tokio::test(start_paused = true)]
async fn buffer_all_queues_up_to_its_bound() {
    let expected = [
        "schedule succeeded 10",
        "schedule succeeded 20",
        "schedule succeeded 30",
        "skipped 40..40 x1",
        "schedule succeeded 50",
    ];
    assert_eq!(story_under(Overlap::BufferAll(2)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn allow_lets_runs_overlap() {
    let story = story_under(Overlap::Allow).await;
    assert_eq!(story.len(), 5);
    assert!(story.iter().all(|line| line.contains("succeeded")), "{story:?}");
}

#[tokio::test(start_paused = true)]
async fn cancel_other_stops_the_run_and_queues_the_newest_due_time() {
    let (job, script, _contexts) = gated("a");
    let world =
        World::scheduled(Registration::new(job).schedule(every(10)).overlap(Overlap::CancelOther)).await;
    world.go_to(20).await;
    assert_eq!(world.story().await, ["schedule canceled 10", "schedule running 20"]);
    assert_eq!(world.rows().await[0].cancel_requested_at, Some(at(20)));
    script.let_go(9);
    settle().await;
    assert_eq!(world.story().await[1], "schedule succeeded 20");
}

/// The job ignores that it is asked to stop and continues. Only the newest due time is queued.
#[tokio::test(start_paused = true)]
async fn cancel_other_queues_one_while_a_run_does_not_stop() {
    let (store, gate) = (godata_core::MemoryStore::new(), std::sync::Arc::new(tokio::sync::Notify::new()));
    let world = World::with(godata_core::AnyStore::new(store), |builder| builder);
    let open = std::sync::Arc::clone(&gate);
    let job = godata_core::job_fn("a", move |_cx| {
        let open = std::sync::Arc::clone(&open);
        async move {
            // It continues when asked to stop, for less than the grace of its runner.
            tokio::time::sleep(secs(3)).await;
            open.notify_one();
            Ok(())
        }
    });
    world.register(Registration::new(job).schedule(every(1)).overlap(Overlap::CancelOther)).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(4).await;
    let story = ["schedule running 1", "schedule skipped 2", "schedule skipped 3", "schedule queued 4"];
    assert_eq!(world.story().await, story);
    gate.notified().await;
    settle().await;
    assert_eq!(world.story().await[3], "schedule running 4");
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_the_start_for_a_due_time_by_the_same_share_every_time() {
    let delays = async || {
        let world =
            World::scheduled(Registration::new(quick("a")).schedule(every(100)).jitter(secs(50))).await;
        world.go_to(360).await;
        let rows = world.rows().await;
        assert!(
            rows.iter().all(|run| run.status == RunStatus::Succeeded && run.started_at >= run.not_before)
        );
        rows.iter().map(|run| run.not_before.unwrap() - run.due.unwrap()).collect::<Vec<_>>()
    };
    let first = delays().await;
    assert_eq!(first.len(), 3);
    assert_eq!(first, delays().await);
    assert!(first[0] != first[1] && first.iter().all(|delay| *delay < secs(50)), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_the_runs_that_are_caught_up_after_downtime() {
    let names = ["a", "b", "c", "d", "e"];
    let world = World::new();
    for name in names {
        world.register(Registration::new(quick(name)).schedule(every(1_000)).jitter(secs(600))).await;
    }
    world.jump_to(5_000).await;
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    let rows = world.rows().await;
    let starts: BTreeSet<_> = rows.iter().filter_map(|run| run.not_before).collect();
    assert_eq!(starts.len(), names.len());
    assert!(starts.iter().all(|start| (at(5_000)..at(5_600)).contains(start)), "{starts:?}");
}
