//! The store fails, user code panics, jobs hang: other pipelines stay on time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use godata_core::{
    AnyJob, AnyStore, Clock, Job, ManualClock, MemoryStore, RunId, RunQuery, RunRequest, RunStatus,
    RunnerError, Schedule, job_fn,
};
use godata_orchestrator::{
    Backfill, Event, Events, OrchestratorError, Overlap, Registration, RunOptions, ScheduleFault,
};
use time::UtcDateTime;
use tokio::sync::Barrier;

use crate::faulty::{Fault, faulty};
use crate::support::{Starts, World, at, count, every, gated, quick, received, secs, settle};

/// The due times of `b` that were run.
async fn times_of_b(world: &World) -> Vec<i64> {
    let rows = world.rows().await.into_iter().filter(|run| run.pipeline_name.as_str() == "b");
    rows.filter(|run| run.status == RunStatus::Succeeded)
        .map(|run| {
            assert_eq!(run.started_at, run.due, "b is late");
            (run.due.unwrap() - at(0)).whole_seconds()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn other_pipelines_stay_on_time_while_the_store_is_slow_or_hangs_for_one() {
    for fault in [Fault::Slow(secs(5)), Fault::Hangs, Fault::Refused] {
        let (store, faults) = faulty();
        let world = World::with(store, |builder| builder);
        for name in ["a", "b"] {
            world.register(Registration::new(quick(name)).schedule(every(10))).await;
        }
        world.orchestrator.start_scheduler().await.unwrap();
        faults.always("a", fault);
        world.go_to(55).await;
        assert_eq!(times_of_b(&world).await, [10, 20, 30, 40, 50], "{fault:?}");
        faults.none();
        tokio::time::sleep(secs(60)).await;
        let story = world.story().await;
        assert!(story.iter().filter(|line| line.contains("succeeded")).count() > 5, "{fault:?}: {story:?}");
        assert_eq!(count(&world.rows().await, RunStatus::Running), 0, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_pipelines_stay_on_time_while_a_final_row_can_not_be_written_for_an_hour() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("b")).schedule(every(600))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    let mut events = world.orchestrator.events();
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    faults.always("a", Fault::Refused);
    script.let_go(1);
    assert_eq!(run.finished().await.status, RunStatus::Succeeded);
    let waited = tokio::time::Instant::now();
    let error = run.done().await.unwrap_err();
    assert_eq!(error.run(), run.id());
    let waited = waited.elapsed();
    assert!(waited >= secs(60) && waited < secs(75), "{waited:?}");
    for _ in 0..6 {
        world.clock.advance(secs(600));
        tokio::time::sleep(secs(600)).await;
    }
    assert_eq!(times_of_b(&world).await, [600, 1_200, 1_800, 2_400, 3_000, 3_600]);
    let failed = received(&mut events).into_iter().filter_map(|event| match event {
        Event::StoreFailed { pipeline, .. } => pipeline,
        _ => None,
    });
    assert!(failed.into_iter().any(|pipeline| pipeline.as_str() == "a"), "no event was sent");
    faults.none();
    tokio::time::sleep(secs(20)).await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn done_waits_no_longer_if_calls_of_the_store_may_take_long() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder.store_timeout(secs(3_600)));
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    faults.always("a", Fault::Slow(secs(1_800)));
    script.let_go(1);
    assert_eq!(run.finished().await.status, RunStatus::Succeeded);
    let answer = tokio::time::timeout(secs(75), run.done()).await.expect("it waits for longer");
    assert_eq!(answer.unwrap_err().run(), run.id());
    tokio::time::sleep(secs(1_800)).await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_row_can_not_be_written_is_not_started_and_its_caller_gets_an_error() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, _script, mut contexts) = gated("a");
    world.register(Registration::new(job)).await;
    faults.next([Fault::Refused]);
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Store { .. }), "{error}");
    assert!(contexts.try_recv().is_err() && world.rows().await.is_empty());
    world.orchestrator.run_pipeline("a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_store_is_read_and_the_run_is_started_once() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, script, mut contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    faults.next([Fault::AnswerLost]);
    let by_hand = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    assert_eq!(contexts.recv().await.unwrap().run_id(), by_hand.id());
    faults.next([Fault::AnswerLost]);
    script.let_go(1);
    assert_eq!(by_hand.done().await.unwrap().status, RunStatus::Succeeded);
    faults.next([Fault::AnswerLost]);
    world.clock.advance(secs(10));
    tokio::time::sleep(secs(1)).await;
    assert!(contexts.recv().await.is_some() && contexts.try_recv().is_err());
    script.let_go(1);
    settle().await;
    assert_eq!(world.story().await, ["manual succeeded -", "schedule succeeded 10"]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_arrives_after_the_store_was_read_changes_nothing() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    world.register(Registration::new(quick("a"))).await;
    faults.next([Fault::Late(secs(5))]);
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Store { .. }), "{error}");
    tokio::time::sleep(secs(30)).await;
    assert_eq!(world.story().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_second_call_for_a_run_that_was_taken_over_waits_for_its_row() {
    let (store, faults) = faulty();
    let (job, script, _contexts) = gated("a");
    let job = AnyJob::new(job);
    let rules = || Registration::new(job.clone()).overlap(Overlap::BufferOne);
    let with_token = || RunOptions::new().token("t");
    let world = World::with(store, |builder| builder);
    world.register(rules()).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    let queued = world.orchestrator.run_pipeline_with("a", with_token()).await.unwrap();
    let world = world.crash(|builder| builder);
    world.register(rules()).await;
    settle().await;
    let run = world.orchestrator.run_pipeline_with("a", with_token()).await.unwrap();
    assert_eq!(run.id(), queued.id());
    faults.always("a", Fault::Slow(secs(5)));
    script.let_go(2);
    assert_eq!(run.finished().await.status, RunStatus::Succeeded);
    tokio::time::timeout(secs(1), run.done()).await.expect_err("its row is not written yet");
    run.done().await.unwrap();
    assert_eq!(world.row(run.id()).await.status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_call_while_the_store_is_down_returns_that_the_outcome_is_not_known() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, _script, mut contexts) = gated("a");
    world.register(Registration::new(job)).await;
    faults.next([Fault::AnswerLost]);
    faults.reads_fail();
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    let OrchestratorError::Unconfirmed { run: Some(run), .. } = error else { panic!("{error}") };
    faults.none();
    tokio::time::sleep(secs(10)).await;
    assert_eq!(contexts.try_recv().unwrap().run_id(), run, "it was stored, so it runs");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_may_have_been_made_is_not_reported_as_not_made() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let orchestrator = &world.orchestrator;
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    faults.next([Fault::AnswerLost]);
    orchestrator.pause("a").await.unwrap();
    faults.next([Fault::Refused]);
    let error = orchestrator.resume_from_now("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Store { .. }), "it is still paused: {error}");
    faults.next([Fault::AnswerLost]);
    let error = orchestrator.resume_from_now("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Unconfirmed { run: None, .. }), "{error}");
    let [row] = &orchestrator.pipelines().await.unwrap()[..] else { panic!("there is one") };
    assert_eq!(row.paused_at, None);
}

#[tokio::test(start_paused = true)]
async fn an_unregistration_with_a_lost_answer_is_not_reported_as_another_instances() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let mut events = world.orchestrator.events();
    world.register(Registration::new(quick("a"))).await;
    faults.next([Fault::AnswerLost]);
    world.orchestrator.unregister("a").await.unwrap();
    settle().await;
    let sent = received(&mut events);
    let by_another = |event: &Event| match event {
        Event::Unregistered { by_another, .. } => Some(*by_another),
        _ => None,
    };
    assert_eq!(sent.iter().filter_map(by_another).collect::<Vec<_>>(), [false], "{sent:?}");
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::UnknownPipeline { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_dropped_if_its_caller_goes_away_before_its_turn() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    world.register(Registration::new(quick("a")).overlap(Overlap::Allow)).await;
    faults.always("a", Fault::Hangs);
    for _ in 0..100 {
        let run = world.orchestrator.run_pipeline("a");
        tokio::time::timeout(Duration::from_millis(100), run).await.unwrap_err();
    }
    faults.none();
    tokio::time::sleep(secs(60)).await;
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    assert_eq!(world.story().await, ["manual succeeded -"]);
}

#[tokio::test(start_paused = true)]
async fn a_read_of_a_store_that_hangs_fails_in_time() {
    let (store, faults) = faulty();
    let World { orchestrator, .. } = World::with(store, |builder| builder.store_timeout(secs(20)));
    orchestrator.register(quick("a"), every(10)).await.unwrap();
    faults.reads_hang();
    let query = RunQuery::new();
    let history = async { orchestrator.history(&query).await.map(drop) };
    let pipelines = async { orchestrator.pipelines().await.map(drop) };
    let reads = async { tokio::join!(history, pipelines, orchestrator.cancel(RunId::generate())) };
    let (history, pipelines, cancel) = tokio::time::timeout(secs(21), reads).await.unwrap();
    for answer in [history, pipelines, cancel] {
        assert!(matches!(answer, Err(OrchestratorError::Store { .. })), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_store_can_not_be_read_registrations_fail_and_reading_is_retried() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    faults.reads_fail();
    let error = world.orchestrator.register(quick("a"), every(10)).await.unwrap_err();
    assert_eq!(error.to_string(), "the store failed, and nothing was changed");
    faults.none();
    world.orchestrator.register(quick("a"), every(10)).await.unwrap();
    faults.next([Fault::Refused]);
    world.orchestrator.register(quick("b"), every(10)).await.unwrap_err();
    world.orchestrator.register(quick("b"), every(10)).await.unwrap();
}

/// The schedule is stored already, but the changed part of the registration is not.
#[tokio::test(start_paused = true)]
async fn a_registration_counts_as_stored_only_if_all_of_it_is() {
    let changes: [fn(Registration) -> Registration; 5] = [
        Registration::disabled,
        |registration| registration.tag("nightly"),
        |registration| registration.options("{}"),
        |registration| registration.misfire_grace(secs(1)),
        |registration| registration.after("b"),
    ];
    for change in changes {
        for (fault, is_made) in [(Fault::Refused, false), (Fault::AnswerLost, true)] {
            let (store, faults) = faulty();
            let world = World::with(store, |builder| builder);
            let of_a = || Registration::new(quick("a")).schedule(every(10));
            world.register(of_a()).await;
            let world = world.crash(|builder| builder);
            world.register(Registration::new(quick("b"))).await;
            faults.next([fault]);
            let answer = world.orchestrator.register_with(change(of_a())).await;
            assert_eq!(answer.is_ok(), is_made, "{fault:?}: {answer:?}");
            if !is_made {
                world.register(change(of_a())).await;
            }
        }
    }
}

#[derive(Debug)]
struct Broken(fn(UtcDateTime) -> Option<UtcDateTime>);

impl Schedule for Broken {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        if after >= at(20) { (self.0)(after) } else { every(10).next(after) }
    }

    fn spec(&self) -> String {
        "broken".into()
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_panics_or_goes_backward_is_stopped_and_the_others_continue() {
    let too_fine = at(20) + Duration::from_micros(500);
    let table: [(Broken, ScheduleFault); 3] = [
        (Broken(|_| panic!("on purpose")), ScheduleFault::Panicked),
        (
            Broken(|after| Some(after + Duration::from_micros(500))),
            ScheduleFault::NotAfter { after: at(20), given: too_fine },
        ),
        (Broken(|_| Some(at(3))), ScheduleFault::NotAfter { after: at(20), given: at(3) }),
    ];
    for (schedule, fault) in table {
        let world = World::new();
        let mut events = world.orchestrator.events();
        world.register(Registration::new(quick("a")).schedule(schedule)).await;
        world.register(Registration::new(quick("b")).schedule(every(10))).await;
        world.orchestrator.start_scheduler().await.unwrap();
        world.go_to(55).await;
        assert_eq!(times_of_b(&world).await, [10, 20, 30, 40, 50]);
        let error = world.orchestrator.upcoming("a", 1).await.unwrap_err();
        assert!(matches!(error, OrchestratorError::BrokenSchedule { .. }), "{error}");
        let stopped = received(&mut events).into_iter().filter_map(|event| match event {
            Event::ScheduleStopped { pipeline, reason } => Some((pipeline.to_string(), reason)),
            _ => None,
        });
        assert_eq!(stopped.collect::<Vec<_>>(), [("a".to_owned(), fault)]);
        world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_has_failed() {
    let world = World::new();
    let job = job_fn("a", |_cx| async { panic!("on purpose") });
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(20).await;
    assert_eq!(world.story().await, ["schedule failed 10", "schedule failed 20"]);
}

/// A clock that panics when it is told to.
#[derive(Clone, Debug)]
struct Stops(ManualClock, Arc<AtomicBool>);

impl Clock for Stops {
    fn now(&self) -> UtcDateTime {
        assert!(!self.1.load(Relaxed), "on purpose");
        self.0.now()
    }

    fn sleep_until(&self, at: UtcDateTime) -> futures::future::BoxFuture<'static, ()> {
        self.0.sleep_until(at)
    }
}

#[tokio::test(start_paused = true)]
async fn events_end_and_calls_are_refused_when_the_loop_has_panicked() {
    let stops = Arc::new(AtomicBool::new(false));
    let world = World::with(AnyStore::new(MemoryStore::new()), |builder| {
        builder.clock(Stops(ManualClock::new(at(0)), Arc::clone(&stops)))
    });
    world.register(Registration::new(quick("a"))).await;
    let mut events = world.orchestrator.events();
    stops.store(true, Relaxed);
    for _ in 0..2 {
        let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
        assert!(matches!(error, OrchestratorError::Stopped), "{error}");
    }
    let ended = tokio::time::timeout(secs(1), events.next()).await.expect("the reader waits forever");
    assert!(ended.is_none(), "{ended:?}");
}

/// On a real runtime with threads, one job never releases its thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn other_pipelines_run_while_a_job_blocks_its_thread() {
    let clock = ManualClock::new(at(0));
    let world = World::on(clock, AnyStore::new(MemoryStore::new()), |builder| builder);
    let (let_go, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let job = job_fn("a", move |_cx| {
        let blocked = Arc::clone(&blocked);
        async move {
            blocked.lock().unwrap().recv().ok();
            Ok(())
        }
    });
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("b"))).await;
    let a = world.orchestrator.run_pipeline("a").await.unwrap();
    for _ in 0..100 {
        let run = world.orchestrator.run_pipeline("b").await.unwrap();
        assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
    }
    drop(let_go);
    assert_eq!(a.done().await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_can_not_be_started_leads_to_an_event_and_a_final_row() {
    for (refusal, status) in [
        (Some(RunnerError::UnknownPool { pool: "x".into() }), RunStatus::Failed),
        (Some(RunnerError::ShuttingDown), RunStatus::Interrupted),
        (None, RunStatus::Failed),
    ] {
        let said = refusal.clone();
        let refuses = Starts(move |_: AnyJob, _: RunRequest| Err(said.clone().expect("on purpose")));
        let world = World::with_runner(refuses, |builder| builder.concurrency(1));
        world.register(Registration::new(quick("a"))).await;
        let mut events = world.orchestrator.events();
        for _ in 0..3 {
            let run = world.orchestrator.run_pipeline("a").await.unwrap();
            assert_eq!(run.done().await.unwrap().status, status);
            let row = world.row(run.id()).await;
            assert_eq!((row.status, row.started_at), (status, None));
        }
        let event = events.next().await.unwrap().unwrap();
        assert!(matches!(event, Event::StartFailed { error, .. } if error == refusal));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_exceeds_its_usual_duration_leads_to_an_event() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    let mut events = world.orchestrator.events();
    world.register(Registration::new(job)).await;
    let overdue = |events: &mut godata_orchestrator::Events| {
        let sent = received(events).into_iter().filter_map(|event| match event {
            Event::Overdue { running_for, .. } => Some(running_for),
            _ => None,
        });
        sent.collect::<Vec<_>>()
    };
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    world.jump_to(20).await;
    script.let_go(1);
    run.done().await.unwrap();
    world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    world.jump_to(219).await;
    assert!(overdue(&mut events).is_empty());
    world.jump_to(220).await;
    assert_eq!(overdue(&mut events), [secs(200)]);
}

#[tokio::test(start_paused = true)]
async fn old_history_is_pruned_once_an_hour() {
    let world = World::with(AnyStore::new(MemoryStore::new()), |builder| builder.keep_newest(3));
    world.register(Registration::new(quick("a"))).await;
    for token in 0..9 {
        let options = RunOptions::new().token(format!("{token}"));
        world.orchestrator.run_pipeline_with("a", options).await.unwrap().done().await.unwrap();
    }
    assert_eq!(world.rows().await.len(), 9);
    tokio::time::sleep(secs(3_700)).await;
    assert_eq!(world.rows().await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_call_returns_that_nothing_was_changed_while_a_commit_may_still_arrive() {
    for (fault, was_made) in [(Fault::Late(secs(1)), true), (Fault::Refused, false)] {
        let (store, faults) = faulty();
        let world = World::with(store, |builder| builder);
        world.register(Registration::new(quick("a"))).await;
        // The store is read before the late commit arrives, and the next commit comes after it.
        faults.next([fault, Fault::Slow(secs(5))]);
        let asked = world.orchestrator.run_pipeline("a").await;
        assert_eq!(asked.is_ok(), was_made, "{fault:?}");
        match asked {
            Ok(run) => assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded),
            Err(error) => assert!(matches!(error, OrchestratorError::Store { .. }), "{error:?}"),
        }
        assert_eq!(!world.rows().await.is_empty(), was_made, "{fault:?}");
    }
}

/// Panics when it is dropped, unless its thread already panics.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "on purpose");
    }
}

/// Whether it panics when it is asked, with a payload that panics as well.
#[derive(Debug)]
struct BombSchedule(Bomb, bool);

impl Schedule for BombSchedule {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        if self.1 {
            std::panic::panic_any(Bomb);
        }
        Some(after + secs(60))
    }

    fn spec(&self) -> String {
        "bomb".to_owned()
    }
}

fn bomb_job(name: &str) -> impl Job {
    let bomb = Bomb;
    job_fn(name, move |_cx| {
        let _ = &bomb;
        async { Ok(()) }
    })
}

#[tokio::test(start_paused = true)]
async fn the_loop_survives_jobs_schedules_and_payloads_that_panic_when_they_are_dropped() {
    let world = World::new();
    let orchestrator = &world.orchestrator;
    world.register(Registration::new(quick("other"))).await;
    orchestrator.start_scheduler().await.unwrap();

    orchestrator.register_with(Registration::new(bomb_job("other"))).await.unwrap_err();
    orchestrator.register_with(Registration::new(bomb_job("a")).after("unknown")).await.unwrap_err();
    orchestrator.register_with(Registration::new(bomb_job("a")).pool("unknown")).await.unwrap_err();
    for panics in [false, true] {
        let registration = Registration::new(bomb_job("a")).schedule(BombSchedule(Bomb, panics));
        world.register(registration).await;
        settle().await;
        orchestrator.unregister("a").await.unwrap();
        settle().await;
    }
    let run = orchestrator.run_pipeline("other").await.unwrap();
    assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
}

/// A client that blocks, such as those of `postgres` and `reqwest`, owns a runtime.
#[tokio::test(start_paused = true)]
async fn a_job_that_owns_a_runtime_can_be_unregistered() {
    let world = World::new();
    world.register(Registration::new(quick("other"))).await;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let job = job_fn("a", move |_cx| {
        let _ = &runtime;
        async { Ok(()) }
    });
    world.register(Registration::new(job)).await;
    world.orchestrator.unregister("a").await.unwrap();
    settle().await;
    let run = world.orchestrator.run_pipeline("other").await.unwrap();
    assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn calls_are_answered_while_the_store_can_be_read_and_refuses_to_write() {
    for fault in [Fault::Refused, Fault::Invalid] {
        let (store, faults) = faulty();
        let world = World::with(store, |builder| builder);
        let orchestrator = &world.orchestrator;
        let names = ["a", "b", "c", "d"];
        for name in names {
            world.register(Registration::new(quick(name)).schedule(every(10))).await;
        }
        faults.always_for_all(fault);
        let backfill = || Backfill::at([at(0)]);
        let answers = tokio::time::timeout(secs(5), async {
            [
                orchestrator.run_pipeline("a").await.map(drop),
                orchestrator.pause("b").await,
                orchestrator.unregister("c").await,
                orchestrator.backfill("d", backfill()).await.map(drop),
            ]
        });
        for answer in answers.await.expect("a caller waits without end") {
            let is_expected = match answer.as_ref().unwrap_err() {
                OrchestratorError::Unconfirmed { .. } => fault == Fault::Refused,
                OrchestratorError::Store { .. } => fault == Fault::Invalid,
                _ => false,
            };
            assert!(is_expected, "{fault:?}: {answer:?}");
        }
        faults.none();
        for name in names {
            let run = orchestrator.run_pipeline(name).await.unwrap();
            assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
        }
        assert_eq!(world.rows().await.len(), names.len(), "a change that failed was made");
    }
}

/// The stalls that were told: the pool, the runs that have slots, and the pipelines that wait.
fn stalls(events: &mut Events) -> Vec<(Option<String>, Vec<RunId>, Vec<String>)> {
    let told = received(events).into_iter().filter_map(|event| match event {
        Event::Stalled { pool, running, waiting } => {
            let mut waiting: Vec<_> = waiting.iter().map(ToString::to_string).collect();
            waiting.sort();
            Some((pool, running, waiting))
        }
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn jobs_that_hold_all_slots_and_wait_for_queued_runs_are_told() {
    let world = World::with(AnyStore::new(MemoryStore::new()), |builder| builder.concurrency(2));
    let mut events = world.orchestrator.events();
    let both_run = Arc::new(Barrier::new(2));
    for number in 0..2 {
        let (orchestrator, both_run) = (world.orchestrator.clone(), Arc::clone(&both_run));
        let job = job_fn(format!("waits {number}"), move |_cx| {
            let (orchestrator, both_run) = (orchestrator.clone(), Arc::clone(&both_run));
            async move {
                both_run.wait().await;
                let run = orchestrator.run_pipeline(&format!("part {number}")).await?;
                Ok(run.done().await?.success().map(drop)?)
            }
        });
        world.register(Registration::new(job)).await;
        world.register(Registration::new(quick(&format!("part {number}")))).await;
    }
    let mut waiting = Vec::new();
    for number in 0..2 {
        waiting.push(world.orchestrator.run_pipeline(&format!("waits {number}")).await.unwrap());
    }
    tokio::time::sleep(secs(50)).await;
    assert_eq!(stalls(&mut events), []);
    tokio::time::sleep(secs(21)).await;
    let parts = vec!["part 0".to_owned(), "part 1".to_owned()];
    assert_eq!(stalls(&mut events), [(None, waiting.iter().map(|run| run.id()).collect(), parts)]);
    tokio::time::sleep(secs(600)).await;
    assert_eq!(stalls(&mut events), [], "it is told once");
    // A canceled job that waits lets go of its slot.
    waiting[0].stop();
    assert_eq!(waiting[1].done().await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_whose_queued_run_was_canceled_waits_for_no_slot() {
    for pool in [None, Some("small")] {
        let world = World::with(AnyStore::new(MemoryStore::new()), |builder| match pool {
            None => builder.concurrency(1),
            Some(pool) => builder.pool(pool, 1),
        });
        let mut events = world.orchestrator.events();
        let register = async |job: AnyJob| match pool {
            None => world.register(Registration::new(job)).await,
            Some(pool) => world.register(Registration::new(job).pool(pool)).await,
        };
        let (job, _script, _starts) = gated("long");
        register(AnyJob::new(job)).await;
        register(AnyJob::new(quick("a"))).await;
        register(AnyJob::new(quick("b"))).await;
        let long = world.orchestrator.run_pipeline("long").await.unwrap();
        let canceled = world.orchestrator.run_pipeline("a").await.unwrap();
        canceled.stop();
        canceled.done().await.unwrap();
        tokio::time::sleep(secs(600)).await;
        assert_eq!(stalls(&mut events), [], "nothing waits");
        let _run = world.orchestrator.run_pipeline("b").await.unwrap();
        tokio::time::sleep(secs(71)).await;
        assert_eq!(stalls(&mut events), [(pool.map(str::to_owned), vec![long.id()], vec!["b".to_owned()])]);
    }
}
