//! Runs on schedules: on time, missed, overlapping.

use godata_core::RunStatus;
use godata_orchestrator::{Misfire, Overlap, Registration};

use crate::support::{World, every, gated, quick, secs, settle};

#[tokio::test(start_paused = true)]
async fn each_due_time_is_run_once_and_recorded() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
    world.go_to(35).await;
    assert_eq!(
        world.story().await,
        ["schedule succeeded 10", "schedule succeeded 20", "schedule succeeded 30"]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_before_the_scheduler_is_started() {
    let world = World::new();
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    world.go_to(25).await;
    assert!(world.story().await.is_empty());
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    assert_eq!(world.story().await, ["skipped 10..10 x1", "schedule succeeded 20"]);
}

#[tokio::test(start_paused = true)]
async fn the_row_is_durable_before_the_job_starts() {
    let (job, script, mut contexts) = gated("a");
    let world = World::scheduled(Registration::new(job).schedule(every(10))).await;
    world.go_to(10).await;
    let cx = contexts.recv().await.unwrap();
    let row = world.row(cx.run_id()).await;
    assert_eq!((row.status, row.fence > 0, row.due), (RunStatus::Running, true, cx.due()));
    script.let_go(1);
    settle().await;
    assert_eq!(world.row(cx.run_id()).await.status, RunStatus::Succeeded);
}

/// Downtime of 35 s on a schedule of 10 s, under each policy.
#[tokio::test(start_paused = true)]
async fn the_policy_decides_about_missed_due_times() {
    let table: [(Misfire, u64, &[&str]); 5] = [
        (Misfire::Latest, 35, &["skipped 10..20 x2", "schedule succeeded 30"]),
        (Misfire::Latest, 400, &["skipped 10..390 x39", "schedule succeeded 400"]),
        (Misfire::Skip, 35, &["skipped 10..20 x2", "schedule succeeded 30"]),
        (Misfire::Skip, 10, &["schedule succeeded 10"]),
        (Misfire::All, 35, &["schedule succeeded 10", "schedule succeeded 20", "schedule succeeded 30"]),
    ];
    for (misfire, seconds, expected) in table {
        let overlap = if misfire == Misfire::All { Overlap::BufferAll(5) } else { Overlap::Skip };
        let rules = Registration::new(quick("a")).schedule(every(10)).misfire(misfire).overlap(overlap);
        let world = World::scheduled(rules).await;
        world.jump_to(seconds).await;
        assert_eq!(world.story().await, expected, "{misfire:?}, {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_due_time_beyond_the_grace_is_a_misfire() {
    let rules =
        |misfire| Registration::new(quick("a")).schedule(every(100)).misfire(misfire).misfire_grace(secs(20));
    for (misfire, seconds, expected) in [
        (Misfire::Skip, 120, "schedule succeeded 100"),
        (Misfire::Skip, 121, "skipped 100..100 x1"),
        (Misfire::Latest, 199, "schedule succeeded 100"),
    ] {
        let world = World::scheduled(rules(misfire)).await;
        world.jump_to(seconds).await;
        assert_eq!(world.story().await, [expected], "{misfire:?}, {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn misfire_all_keeps_the_newest_due_times_that_fit_the_buffer() {
    let rules = Registration::new(quick("a")).schedule(every(10));
    let world = World::scheduled(rules.misfire(Misfire::All).overlap(Overlap::BufferAll(2))).await;
    world.jump_to(55).await;
    assert_eq!(world.story().await, ["skipped 10..30 x3", "schedule succeeded 40", "schedule succeeded 50"]);
    let rules = Registration::new(quick("a")).schedule(every(10));
    let world = World::scheduled(rules.misfire(Misfire::All).overlap(Overlap::Allow)).await;
    world.jump_to(10_000).await;
    let story = world.story().await;
    assert_eq!((story.len(), story[0].as_str()), (101, "skipped 10..9000 x900"));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_of_one_second_never_bursts() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(1))).await;
    world.jump_to(3_600).await;
    assert_eq!(world.story().await, ["skipped 1..3599 x1000+", "schedule succeeded 3600"]);
}

#[tokio::test(start_paused = true)]
async fn due_times_during_a_run_are_skipped_and_fold_into_one_row() {
    let (job, script, _contexts) = gated("a");
    let world = World::scheduled(Registration::new(job).schedule(every(10))).await;
    world.go_to(45).await;
    assert_eq!(world.story().await, ["schedule running 10", "skipped 20..40 x3"]);
    script.let_go(9);
    world.go_to(65).await;
    let expected =
        ["schedule succeeded 10", "skipped 20..40 x3", "schedule succeeded 50", "schedule succeeded 60"];
    assert_eq!(world.story().await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_folding_row_is_written_at_most_once_a_second() {
    let (job, script, _contexts) = gated("a");
    let schedule = godata_scheduler::every(std::time::Duration::from_millis(100)).unwrap();
    let world = World::scheduled(Registration::new(job).schedule(schedule)).await;
    for _ in 0..35 {
        world.clock.advance(std::time::Duration::from_millis(100));
        settle().await;
    }
    let rev = world.orchestrator.pipelines().await.unwrap()[0].rev;
    // The registration, the start, and the skipped row at 0.2, 1.2, 2.2 and 3.2 seconds.
    assert_eq!(rev, 6);
    script.let_go(1);
    settle().await;
    world.clock.advance(std::time::Duration::from_millis(100));
    settle().await;
    let rows = world.rows().await;
    let skipped = rows.iter().find(|run| run.status == RunStatus::Skipped).unwrap();
    assert_eq!(skipped.covers.unwrap().count, 34, "what was not written yet is written with the next run");
    assert_eq!(rows.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn skipped_due_times_are_written_before_a_shutdown_is_complete() {
    let schedule = godata_scheduler::every(std::time::Duration::from_millis(100)).unwrap();
    // The first run waits for its jitter, and nothing ends that would lead to another step.
    let rules = Registration::new(quick("a")).schedule(schedule).jitter(secs(3_600));
    let world = World::scheduled(rules).await;
    for _ in 0..5 {
        world.clock.advance(std::time::Duration::from_millis(100));
        settle().await;
    }
    let skipped = async || world.rows().await.iter().find_map(|run| run.covers).unwrap().count;
    assert_eq!(skipped().await, 1, "the others were less than a second ago");
    world.orchestrator.shutdown(secs(0)).await;
    assert_eq!(skipped().await, 4);
}
