//! Edits, pauses, dependencies, backfills, and unregistering.

use std::sync::Arc;

use godata_core::{Cause, Commit, OwnerId, RetryPolicy, RunContext, RunStatus, Store as _, job_fn};
use godata_orchestrator::{
    Backfill, Event, Misfire, OrchestratorError, Overlap, RegisterError, Registration, RegistrationInfo,
};
use tokio::sync::mpsc;

use crate::support::{
    Spelled, World, at, count, every, failing, fresh_seed, gated, quick, received, secs, settle,
};

#[tokio::test(start_paused = true)]
async fn the_same_schedule_continues_after_a_restart_and_another_is_an_edit() {
    for (period, expected) in [
        (10, ["schedule succeeded 10", "skipped 20..30 x2", "schedule succeeded 40"].as_slice()),
        (50, &["schedule succeeded 10", "skipped 20..20 x1+"]),
    ] {
        let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
        world.go_to(15).await;
        let world = world.crash(|builder| builder.seed(fresh_seed()));
        world.clock.set(at(45));
        world.register(Registration::new(quick("a")).schedule(every(period))).await;
        world.orchestrator.start_scheduler().await.unwrap();
        settle().await;
        assert_eq!(world.story().await, expected, "{period}");
        world.go_to(50).await;
        assert_eq!(world.story().await.len(), expected.len() + 1, "{period}");
    }
}

#[tokio::test(start_paused = true)]
async fn registering_an_unchanged_pipeline_again_writes_nothing() {
    let rules = || {
        let registration = Registration::new(quick("a")).schedule(every(10)).tag("x").options("{}");
        registration.timeout(secs(9)).retry(RetryPolicy::attempts(2)).overlap(Overlap::BufferAll(3))
    };
    let world = World::new();
    world.register(rules()).await;
    let before = world.orchestrator.pipelines().await.unwrap();
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(rules()).await;
    assert_eq!(world.orchestrator.pipelines().await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn other_rules_are_stored_and_are_no_edit_of_the_schedule() {
    type Change = fn(Registration) -> Registration;
    let changes: [Change; 6] = [
        |registration| registration.overlap(Overlap::BufferOne),
        |registration| registration.misfire(Misfire::Skip),
        |registration| registration.retry(RetryPolicy::attempts(3)),
        |registration| registration.timeout(secs(7)),
        |registration| registration.jitter(secs(1)),
        // As a version that stored no rules has left them, or one that stored them in another way.
        |registration| registration,
    ];
    for change in changes {
        for text in [None, Some("broken")] {
            let of_a = || Registration::new(quick("a")).schedule(every(10));
            let world = World::scheduled(of_a()).await;
            world.go_to(15).await;
            let mut old = world.orchestrator.pipelines().await.unwrap().remove(0);
            assert_eq!(old.rules.as_deref(), Some("{}"));
            old.rules = text.map(Arc::from);
            world.store.upsert_pipeline(&old).await.unwrap();
            let world = world.crash(|builder| builder.seed(fresh_seed()));
            world.clock.set(at(18));
            let changed = change(of_a());
            let expected = RegistrationInfo::from(&changed);
            world.register(changed).await;
            let row = world.orchestrator.pipelines().await.unwrap().remove(0);
            assert_eq!(RegistrationInfo::stored_in(&row).unwrap(), Some(expected));
            assert_eq!((row.rev, row.spec_since, row.cursor), (old.rev + 1, old.spec_since, old.cursor));
            world.orchestrator.start_scheduler().await.unwrap();
            world.go_to(22).await;
            let story = world.story().await;
            assert_eq!((story.len(), &*story[0]), (2, "schedule succeeded 10"), "{story:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_spelling_of_the_same_schedule_is_no_edit_and_the_stored_one_is_kept() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(Spelled("1-5", ""))).await;
    world.go_to(15).await;
    let old = world.orchestrator.pipelines().await.unwrap();
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.clock.set(at(25));
    world.register(Registration::new(quick("a")).schedule(Spelled("MON-FRI", "1-5"))).await;
    let pipelines = world.orchestrator.pipelines().await.unwrap();
    assert_eq!(pipelines, old, "nothing is written");
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(30).await;
    let story = ["schedule succeeded 10", "schedule succeeded 20", "schedule succeeded 30"];
    assert_eq!(world.story().await, story);
    world.orchestrator.unregister("a").await.unwrap();
    world.register(Registration::new(quick("a")).schedule(Spelled("MON-FRI", "1-5"))).await;
    world.go_to(40).await;
    assert_eq!(world.story().await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_an_earlier_version_spelled_differently_is_no_edit() {
    let schedule = || godata_scheduler::parse("daily 02:00 mon-fri").unwrap();
    let world = World::new();
    world.register(Registration::new(quick("a")).schedule(schedule())).await;
    let mut old = world.orchestrator.pipelines().await.unwrap().remove(0);
    old.spec = Some("daily 02:00 mon,tue,wed,thu,fri".into());
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.store.commit(&Commit::new(OwnerId::generate(), old.clone())).await.unwrap();
    old.rev += 1;
    world.clock.advance(secs(86_400));
    world.register(Registration::new(quick("a")).schedule(schedule())).await;
    assert_eq!(world.orchestrator.pipelines().await.unwrap(), [old]);
}

/// Each deploy is its instant and the period of the schedule, negative if it is disabled, and zero if there is none. The
/// scheduler is not started, so the due times between two deploys are for the second one to answer.
#[tokio::test(start_paused = true)]
async fn each_deploy_answers_the_due_times_that_it_drops() {
    for (deploys, expected) in [
        ([(0, 10), (35, 10), (36, 10)].as_slice(), [].as_slice()),
        (&[(0, 10), (5, 20)], &[]),
        (&[(0, 10), (10, 20)], &["skipped 10..10 x1+"]),
        (&[(0, 10), (35, 0), (99, 0)], &["skipped 10..10 x1+"]),
        (&[(0, 0), (35, 10), (36, 20)], &[]),
        (&[(0, 10), (15, 20), (45, 10)], &["skipped 10..10 x1+", "skipped 20..20 x1+"]),
        (&[(0, 1), (3_600, 10)], &["skipped 1..1 x1+"]),
        (&[(0, 10), (35, -10)], &["skipped 10..30 x3"]),
        (&[(0, 10), (35, -10), (75, -10), (95, 10), (99, 20)], &["skipped 10..30 x3"]),
        (&[(0, 10), (35, -20), (75, 20), (81, -20)], &["skipped 10..10 x1+", "skipped 80..80 x1"]),
        (&[(0, -10), (35, 20), (39, -10)], &[]),
    ] {
        let mut world = World::new();
        for (instant, period) in deploys {
            world = world.crash(|builder| builder.seed(fresh_seed()));
            world.clock.set(at(*instant));
            let registration = Registration::new(quick("a"));
            let registration = match i64::unsigned_abs(*period) {
                0 => registration,
                seconds => registration.schedule(every(seconds)),
            };
            world.register(if *period < 0 { registration.disabled() } else { registration }).await;
        }
        assert_eq!(world.story().await, expected, "{deploys:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn readers_of_events_learn_which_due_times_an_edit_has_dropped() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.clock.set(at(15));
    let mut events = world.orchestrator.events();
    world.register(Registration::new(quick("a")).schedule(every(50))).await;
    let events = received(&mut events);
    let [Event::Skipped(run), Event::Registered { .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((run.due, run.reason.as_deref()), (Some(at(10)), Some("the schedule was edited")));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_panics_when_it_is_asked_about_a_stored_text_is_another_one() {
    let world = World::new();
    world.register(Registration::new(quick("a")).schedule(Spelled("panics", ""))).await;
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(Registration::new(quick("a")).schedule(Spelled("other", ""))).await;
    let pipelines = world.orchestrator.pipelines().await.unwrap();
    assert_eq!(pipelines[0].spec.as_deref(), Some("other"));
}

#[tokio::test(start_paused = true)]
async fn a_paused_pipeline_decides_nothing_and_keeps_its_queued_runs() {
    let (job, script, _contexts) = gated("a");
    let world =
        World::scheduled(Registration::new(job).schedule(every(10)).overlap(Overlap::BufferOne)).await;
    world.go_to(20).await;
    world.orchestrator.pause("a").await.unwrap();
    script.let_go(99);
    world.go_to(45).await;
    assert_eq!(world.story().await, ["schedule succeeded 10", "schedule queued 20"]);
    world.orchestrator.resume("a").await.unwrap();
    settle().await;
    let story = world.story().await;
    assert_eq!(story[..2], ["schedule succeeded 10", "schedule succeeded 20"]);
    assert_eq!(count(&world.rows().await, RunStatus::Skipped), 1, "{story:?}");
}

#[tokio::test(start_paused = true)]
async fn resuming_applies_the_misfire_rule_or_starts_from_now() {
    for from_now in [false, true] {
        let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
        world.orchestrator.pause("a").await.unwrap();
        world.go_to(35).await;
        world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
        if from_now {
            world.orchestrator.resume_from_now("a").await.unwrap();
        } else {
            world.orchestrator.resume("a").await.unwrap();
        }
        world.go_to(40).await;
        let mut expected = vec!["manual succeeded -", "skipped 10..20 x2", "schedule succeeded 30"];
        if from_now {
            expected.truncate(1);
            expected.push("skipped 10..30 x3");
        }
        expected.push("schedule succeeded 40");
        assert_eq!(world.story().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_and_its_end_survive_a_restart() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
    world.orchestrator.pause("a").await.unwrap();
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(15).await;
    assert!(world.story().await.is_empty());
    world.orchestrator.resume("a").await.unwrap();
    settle().await;
    assert_eq!(world.story().await, ["schedule succeeded 10"]);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_pipeline_runs_by_hand_only() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10)).disabled()).await;
    world.go_to(25).await;
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    assert_eq!(world.story().await, ["manual succeeded -"]);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_runs_after_each_success_of_another_and_once_for_all_during_its_run() {
    let world = World::new();
    let (job, script, _contexts) = gated("b");
    world.register(Registration::new(quick("a"))).await;
    world.register(Registration::new(job).after("a")).await;
    world.orchestrator.start_scheduler().await.unwrap();
    for _ in 0..3 {
        world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
        settle().await;
    }
    let of_b = async || {
        let rows = world.rows().await;
        rows.into_iter().filter(|run| run.pipeline_name.as_str() == "b").collect::<Vec<_>>()
    };
    assert_eq!(of_b().await.len(), 1);
    script.let_go(99);
    settle().await;
    let rows = of_b().await;
    assert_eq!((rows.len(), count(&rows, RunStatus::Succeeded)), (2, 2));
    assert!(rows.iter().all(|run| run.cause == Cause::After));
}

#[tokio::test(start_paused = true)]
async fn a_success_while_the_follower_was_down_is_handled_when_it_is_back() {
    let world = World::new();
    world.register(Registration::new(quick("a"))).await;
    world.register(Registration::new(quick("b")).after("a")).await;
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    settle().await;
    assert_eq!(world.rows().await.len(), 1, "the scheduler is not started");
    world.clock.advance(secs(1));
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(Registration::new(quick("a"))).await;
    world.register(Registration::new(quick("b")).after("a")).await;
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    assert_eq!(world.story().await, ["manual succeeded -", "after succeeded -"]);
}

#[tokio::test(start_paused = true)]
async fn failures_and_backfills_of_the_upstream_pipeline_are_ignored() {
    let world = World::new();
    let job = failing("a", |attempt| (attempt == 1).then(|| "no".into()));
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("c"))).await;
    world.register(Registration::new(quick("b")).after("a").after("c")).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    world.orchestrator.backfill("c", Backfill::at([at(0)])).await.unwrap();
    settle().await;
    assert_eq!(world.story().await, ["manual failed -", "backfill succeeded 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_runs_its_due_times_one_after_another() {
    let world = World::new();
    let (job, script, mut contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    let runs =
        world.orchestrator.backfill("a", Backfill::between(at(100), at(140)).named("x")).await.unwrap();
    settle().await;
    assert_eq!(count(&world.rows().await, RunStatus::Running), 1);
    script.let_go(99);
    settle().await;
    let mut scheduled = Vec::new();
    while let Ok(cx) = contexts.try_recv() {
        scheduled.push((cx.run_id(), cx.due().unwrap(), cx.cause()));
    }
    let expected =
        runs.iter().zip([100, 110, 120, 130]).map(|(run, seconds)| (*run, at(seconds), Cause::Backfill));
    assert_eq!(scheduled, expected.collect::<Vec<_>>());
    let error = world.orchestrator.backfill("a", Backfill::at([at(130)]).named("x")).await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Duplicate { run, .. } if run == runs[3]), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_backfill_has_one_to_a_thousand_due_times() {
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(1))).await;
    for (until, times) in [(0, Some(0)), (1_000, None), (1_001, Some(1_001)), (9_999, Some(1_001))] {
        let answer = world.orchestrator.backfill("a", Backfill::between(at(0), at(until))).await;
        match (answer, times) {
            (Ok(runs), None) => assert_eq!(runs.len(), 1_000),
            (Err(OrchestratorError::BackfillSize { times, .. }), Some(expected)) => {
                assert_eq!(times, expected);
            }
            (answer, _) => panic!("{answer:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn due_times_that_a_backfill_names_twice_count_once() {
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let twice = (0..800).flat_map(|second| [at(second), at(second)]);
    let runs = world.orchestrator.backfill("a", Backfill::at(twice)).await.unwrap();
    assert_eq!(runs.len(), 800);
}

#[tokio::test(start_paused = true)]
async fn due_times_run_before_a_queued_backfill() {
    let (job, script, _contexts) = gated("a");
    let world =
        World::scheduled(Registration::new(job).schedule(every(10)).overlap(Overlap::BufferOne)).await;
    world.orchestrator.backfill("a", Backfill::at([at(1), at(2)])).await.unwrap();
    world.go_to(10).await;
    script.let_go(1);
    settle().await;
    let running: Vec<_> = world.story().await.into_iter().filter(|line| line.contains("running")).collect();
    assert_eq!(running, ["schedule running 10"]);
}

#[tokio::test(start_paused = true)]
async fn unregistering_cancels_queued_runs_and_keeps_the_history() {
    let (job, script, _contexts) = gated("a");
    let world =
        World::scheduled(Registration::new(job).schedule(every(10)).overlap(Overlap::BufferOne)).await;
    world.go_to(20).await;
    world.orchestrator.unregister("a").await.unwrap();
    script.let_go(9);
    world.go_to(60).await;
    assert_eq!(world.story().await, ["schedule succeeded 10", "schedule canceled 20"]);
    assert!(world.orchestrator.pipelines().await.unwrap()[0].removed_at.is_some());
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::UnknownPipeline { .. }), "{error}");
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    world.go_to(70).await;
    assert_eq!(world.story().await[2], "schedule succeeded 70", "due times in between are not run");
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_is_only_stored_can_be_unregistered() {
    let world = World::scheduled(Registration::new(quick("new"))).await;
    let failing = failing("old", |_| Some("no".into()));
    let retry = RetryPolicy::attempts(2).backoff(secs(3_600), secs(3_600));
    world.register(Registration::new(failing).schedule(every(10)).retry(retry)).await;
    world.go_to(15).await;
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register(Registration::new(quick("new"))).await;
    world.clock.set(at(25));
    let mut events = world.orchestrator.events();
    world.orchestrator.unregister("old").await.unwrap();
    assert!(matches!(&*received(&mut events), [.., Event::Unregistered { by_another: false, .. }]));
    assert_eq!(world.story().await, ["schedule failed 10", "retry canceled 10", "skipped 20..20 x1+"]);
    let error = world.orchestrator.unregister("old").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::UnknownPipeline { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_told_with_what_keeps_it_from_firing() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
    world.orchestrator.pause("a").await.unwrap();
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    let mut events = world.orchestrator.events();
    world.register(Registration::new(quick("a")).schedule(every(10)).disabled()).await;
    let told: Vec<_> = received(&mut events).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["a: registered, every 10s, disabled, paused"]);
}

#[tokio::test(start_paused = true)]
async fn rules_that_make_no_sense_are_refused_with_the_reason() {
    let world = World::new();
    world.register(Registration::new(quick("a"))).await;
    world.register(Registration::new(quick("b")).after("a")).await;
    let table: [(Registration, &str); 12] = [
        (Registration::new(quick("a")), "already registered"),
        (Registration::new(quick(" c")), "not a valid pipeline name"),
        (Registration::new(quick("c")).misfire(Misfire::All), "Misfire::All needs"),
        (
            Registration::new(quick("c")).misfire(Misfire::All).overlap(Overlap::BufferOne),
            "Misfire::All needs",
        ),
        (
            Registration::new(quick("c")).misfire(Misfire::All).overlap(Overlap::CancelOther),
            "Misfire::All needs",
        ),
        (Registration::new(quick("c")).overlap(Overlap::BufferAll(0)), "buffers nothing"),
        (Registration::new(quick("c")).retry(godata_core::RetryPolicy::attempts(0)), "0 attempts"),
        (Registration::new(quick("c")).timeout(secs(0)), "timeout of zero"),
        (Registration::new(quick("c")).after("c"), "after itself"),
        (Registration::new(quick("c")).after("x"), "not known"),
        (Registration::new(quick("c")).after("x\n"), "not a valid pipeline name"),
        (Registration::new(quick("c")).pool("x"), "does not have"),
    ];
    for (registration, reason) in table {
        let error = world.orchestrator.register_with(registration).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error} does not say {reason:?}");
    }
    assert_eq!(world.orchestrator.pipelines().await.unwrap().len(), 2, "no refused pipeline is stored");
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_a_new_registration_would_close_is_refused() {
    let world = World::new();
    for (name, after) in [("a", None), ("b", Some("a")), ("c", Some("b"))] {
        let registration = Registration::new(quick(name));
        world.register(after.map_or(registration.clone(), |after| registration.after(after))).await;
    }
    world.orchestrator.unregister("a").await.unwrap();
    let error = world.orchestrator.register_with(Registration::new(quick("a")).after("c")).await.unwrap_err();
    assert!(matches!(error, RegisterError::Cycle { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_runs_nothing_twice() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
    world.go_to(30).await;
    world.jump_to(5).await;
    world.go_to(40).await;
    let due: Vec<_> = world.rows().await.iter().map(|run| run.due).collect();
    assert_eq!(due, [10, 20, 30, 40].map(|seconds| Some(at(seconds))));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_far_ahead_of_the_clock_for_an_hour_is_rebased() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(60))).await;
    let mut events = world.orchestrator.events();
    world.jump_to(100_000).await;
    world.jump_to(0).await;
    tokio::time::sleep(secs(11)).await;
    let waits = |event: &Event| matches!(event, Event::WaitsForClock { cursor, .. } if *cursor == at(99_960));
    assert_eq!(received(&mut events).iter().filter(|event| waits(event)).count(), 1);
    tokio::time::sleep(secs(3_500)).await;
    world.jump_to(60).await;
    let before = world.rows().await.len();
    tokio::time::sleep(secs(200)).await;
    assert!(received(&mut events).iter().any(|event| matches!(event, Event::Rebased { .. })));
    world.jump_to(120).await;
    assert_eq!(world.rows().await.len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_a_few_minutes_ahead_is_told_at_once_and_nothing_is_rebased() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(60))).await;
    let mut events = world.orchestrator.events();
    world.jump_to(1_000).await;
    world.jump_to(100).await;
    tokio::time::sleep(secs(4_000)).await;
    let events = received(&mut events);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::WaitsForClock { .. })).count(), 1);
    assert!(!events.iter().any(|event| matches!(event, Event::Rebased { .. })));
    let before = world.rows().await.len();
    world.jump_to(1_020).await;
    assert_eq!(world.rows().await.len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn the_context_says_when_and_why_a_job_runs() {
    let (sender, mut contexts) = mpsc::unbounded_channel();
    let job = job_fn("a", move |cx: RunContext| {
        let sender = sender.clone();
        async move { Ok(sender.send(cx)?) }
    });
    let world = World::scheduled(Registration::new(job).schedule(every(10))).await;
    world.go_to(10).await;
    let cx = contexts.recv().await.unwrap();
    let row = world.row(cx.run_id()).await;
    assert_eq!((cx.due(), cx.cause(), cx.job_id()), (Some(at(10)), Cause::Schedule, row.job_id));
}

#[tokio::test(start_paused = true)]
async fn upcoming_due_times_are_those_of_the_schedule() {
    let world = World::new();
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    world.register(Registration::new(quick("b"))).await;
    assert_eq!(world.orchestrator.upcoming("a", 2).await.unwrap(), [at(10), at(20)]);
    let error = world.orchestrator.upcoming("b", 2).await.unwrap_err();
    assert!(matches!(error, OrchestratorError::NoSchedule { .. }), "{error}");
}
