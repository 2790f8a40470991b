//! The store fails, user code panics, jobs hang, instances die: the others keep their times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use godata_core::{
    AnyJob, AnyStore, Clock, JobError, ManualClock, MemoryStore, RunId, RunQuery, RunRequest, RunStatus,
    RunnerError, Schedule, Store as _,
};
use godata_orchestrator::{
    Event, OrchestratorError, Overlap, Recovery, Registration, RunOptions, ScheduleFault,
};
use time::UtcDateTime;
use tokio::sync::Semaphore;

use crate::faulty::{Fault, faulty, faulty_way_to};
use crate::support::{Starts, World, at, count, every, fresh_seed, gated, quick, secs, settle, told};

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
async fn others_keep_their_times_while_the_store_is_slow_or_hangs_for_one() {
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
async fn others_keep_their_times_while_a_final_row_can_not_be_written_for_an_hour() {
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
    let failed = told(&mut events).into_iter().filter_map(|event| match event {
        Event::StoreFailed { pipeline, .. } => pipeline,
        _ => None,
    });
    assert!(failed.into_iter().any(|pipeline| pipeline.as_str() == "a"), "nobody was told");
    faults.none();
    tokio::time::sleep(secs(20)).await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_final_row_waits_no_longer_where_calls_of_the_store_may_take_long() {
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
async fn a_run_whose_row_can_not_be_written_is_not_started_and_its_caller_knows() {
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
async fn a_lost_answer_is_looked_up_and_the_run_is_started_once() {
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
async fn whoever_asks_while_the_store_is_away_is_told_that_it_is_not_known() {
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
async fn nothing_counts_as_unchanged_that_may_have_been_changed() {
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
async fn an_unregistration_whose_answer_was_lost_is_not_told_as_that_of_another() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let mut events = world.orchestrator.events();
    world.register(Registration::new(quick("a"))).await;
    faults.next([Fault::AnswerLost]);
    world.orchestrator.unregister("a").await.unwrap();
    settle().await;
    let told = told(&mut events);
    assert!(!told.iter().any(|event| matches!(event, Event::Unregistered { .. })), "{told:?}");
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::UnknownPipeline { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_for_those_who_have_gone_before_their_turn() {
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
async fn whoever_reads_a_store_that_hangs_is_told_so_in_time() {
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
async fn a_store_that_can_not_be_read_refuses_registrations_and_is_tried_again() {
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

/// The schedule is stored already, and what is registered anew beside it is not.
#[tokio::test(start_paused = true)]
async fn a_registration_counts_as_made_only_if_all_of_it_is_stored() {
    let changes: [fn(Registration) -> Registration; 4] = [
        Registration::disabled,
        |registration| registration.tag("nightly"),
        |registration| registration.options("{}"),
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
async fn a_schedule_that_panics_or_goes_back_is_stopped_and_the_others_go_on() {
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
        let stopped = told(&mut events).into_iter().filter_map(|event| match event {
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
    let job = godata_core::job_fn("a", |_cx| async { panic!("on purpose") });
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
    let mut events = world.orchestrator.events();
    world.register(Registration::new(quick("a"))).await;
    stops.store(true, Relaxed);
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::ShuttingDown), "{error}");
    let ended = tokio::time::timeout(secs(1), events.next()).await.expect("its reader waits for ever");
    assert!(ended.is_none(), "{ended:?}");
}

/// On threads of a real runtime: one job never gives its thread back.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn others_go_on_while_a_job_blocks_its_thread() {
    let clock = ManualClock::new(at(0));
    let world = World::on(clock, AnyStore::new(MemoryStore::new()), |builder| builder);
    let (let_go, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let job = godata_core::job_fn("a", move |_cx| {
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
async fn a_job_that_can_not_be_started_is_an_event_and_a_final_row() {
    for (refusal, status) in [
        (Some(RunnerError::UnknownPool { pool: "x".into() }), RunStatus::Failed),
        (Some(RunnerError::ShuttingDown), RunStatus::Interrupted),
        (None, RunStatus::Failed),
    ] {
        let said = refusal.clone();
        let refuses = Starts(move |_: AnyJob, _: RunRequest| Err(said.clone().expect("on purpose")));
        let world =
            World::with(AnyStore::new(MemoryStore::new()), |builder| builder.runner(refuses).concurrency(1));
        let mut events = world.orchestrator.events();
        world.register(Registration::new(quick("a"))).await;
        for _ in 0..3 {
            let run = world.orchestrator.run_pipeline("a").await.unwrap();
            assert_eq!(run.done().await.unwrap().status, status);
            assert_eq!(world.row(run.id()).await.status, status);
        }
        let event = events.next().await.unwrap().unwrap();
        assert!(matches!(event, Event::StartFailed { error, .. } if error == refusal));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_over_its_usual_time_is_an_event() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    let mut events = world.orchestrator.events();
    world.register(Registration::new(job)).await;
    let overdue = |events: &mut godata_orchestrator::Events| {
        let told = told(events).into_iter().filter_map(|event| match event {
            Event::Overdue { running_for, .. } => Some(running_for),
            _ => None,
        });
        told.collect::<Vec<_>>()
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

/// Two instances on a database, each with its own clock.
async fn two(
    rules: impl Fn() -> Registration,
    f: impl Fn(godata_orchestrator::OrchestratorBuilder) -> godata_orchestrator::OrchestratorBuilder,
) -> [World; 2] {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let mut worlds = Vec::new();
    for _ in 0..2 {
        let world = World::on(clock.clone(), store.clone(), |builder| f(builder.seed(fresh_seed())));
        world.register(rules()).await;
        world.orchestrator.start_scheduler().await.unwrap();
        worlds.push(world);
    }
    worlds.try_into().unwrap_or_else(|_| panic!("there are two"))
}

/// Turns a clock that leases go by together with tokio's.
async fn pass(world: &World, seconds: u64) {
    for _ in 0..seconds {
        world.clock.advance(secs(1));
        tokio::time::sleep(secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_instances_one_runs_each_due_time() {
    let [a, b] = two(|| Registration::new(quick("a")).schedule(every(10)), |builder| builder).await;
    pass(&a, 65).await;
    let due: Vec<_> = a.rows().await.iter().map(|run| run.due).collect();
    assert_eq!(due, [10, 20, 30, 40, 50, 60].map(|seconds| Some(at(seconds))));
    assert_eq!(count(&b.rows().await, RunStatus::Succeeded), 6);
}

#[tokio::test(start_paused = true)]
async fn another_instance_takes_over_when_one_dies() {
    let (job, script, _contexts) = gated("a");
    let job = AnyJob::new(job);
    let [a, b] = two(
        || Registration::new(job.clone()).schedule(every(10)).overlap(Overlap::BufferOne),
        |builder| builder.recovery(Recovery::Rerun),
    )
    .await;
    pass(&a, 25).await;
    let rows = a.rows().await;
    let mut owners: Vec<_> = rows.iter().filter_map(|run| run.owner).collect();
    owners.dedup();
    a.orchestrator.abort();
    b.orchestrator.abort();
    let world = World::on(a.clock, a.store, |builder| builder.recovery(Recovery::Rerun).seed(fresh_seed()));
    world.register(Registration::new(job.clone()).schedule(every(10)).overlap(Overlap::BufferOne)).await;
    world.orchestrator.start_scheduler().await.unwrap();
    pass(&world, 60).await;
    script.let_go(99);
    pass(&world, 5).await;
    let rows = world.rows().await;
    assert_eq!(count(&rows, RunStatus::Interrupted), 1);
    assert!(
        rows.iter()
            .any(|run| run.cause == godata_core::Cause::Recovery && run.status == RunStatus::Succeeded)
    );
    assert_eq!(
        count(&rows, RunStatus::Running) + count(&rows, RunStatus::Queued),
        0,
        "{:?}",
        world.story().await
    );
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_was_declared_dead_goes_on_under_a_new_id_and_its_results_are_refused() {
    let (job, _script, _contexts) = gated("a");
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let world = World::on(clock, store, |builder| builder);
    let mut events = world.orchestrator.events();
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    // The process was stopped for longer than its lease, and somebody else has looked.
    world.clock.advance(secs(100));
    world.store.reap(&[]).await.unwrap();
    tokio::time::sleep(secs(30)).await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Interrupted);
    run.done().await.unwrap_err();
    let names = told(&mut events).into_iter().filter_map(|event| match event {
        Event::OwnerLost { .. } => Some("lost"),
        Event::Superseded { .. } => Some("superseded"),
        _ => None,
    });
    let mut told: Vec<_> = names.collect();
    told.sort_unstable();
    assert_eq!(told, ["lost", "superseded"]);
    let second = world.orchestrator.run_pipeline("a").await.unwrap();
    assert_ne!(world.row(second.id()).await.owner, world.row(run.id()).await.owner);
}

/// The job ends while the commit is under way that interrupts its run.
#[tokio::test(start_paused = true)]
async fn an_end_that_is_not_the_stored_one_is_not_said_to_be_done() {
    let gate = Arc::new(Semaphore::new(0));
    let job = {
        let gate = Arc::clone(&gate);
        godata_core::job_fn("a", move |_cx| {
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.map(|permit| permit.forget()).map_err(JobError::new) }
        })
    };
    let clock = ManualClock::new(at(0));
    let (store, faults) = faulty_way_to(AnyStore::new(MemoryStore::with_clock(clock.clone())));
    let world = World::on(clock, store, |builder| builder);
    let mut events = world.orchestrator.events();
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    faults.always("a", Fault::Slow(secs(3)));
    world.clock.advance(secs(100));
    world.store.reap(&[]).await.unwrap();
    while !matches!(events.next().await, Some(Ok(Event::OwnerLost { .. }))) {}
    tokio::time::sleep(secs(1)).await;
    gate.add_permits(1);
    assert_eq!(run.finished().await.status, RunStatus::Succeeded);
    assert_eq!(run.done().await.unwrap_err().run(), run.id());
    assert_eq!(world.row(run.id()).await.status, RunStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn an_instance_renews_while_it_waits_for_other_answers_of_the_store() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let (way, faults) = faulty_way_to(store.clone());
    let slow = World::on(clock.clone(), way, |builder| builder);
    let (job, script, _contexts) = gated("a");
    slow.register(Registration::new(job)).await;
    slow.register(Registration::new(quick("b")).after("a")).await;
    let run = slow.orchestrator.run_pipeline("a").await.unwrap();
    let other = World::on(clock, store, |builder| builder.seed(fresh_seed()));
    other.register(Registration::new(quick("c"))).await;
    faults.reads_hang();
    pass(&other, 120).await;
    assert_eq!(other.row(run.id()).await.status, RunStatus::Running);
    faults.none();
    script.let_go(1);
    assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn an_instance_with_another_schedule_stops_firing_and_says_so() {
    let [a, _] = two(|| Registration::new(quick("a")).schedule(every(10)), |builder| builder).await;
    let mut events = a.orchestrator.events();
    let newer = World::on(a.clock.clone(), a.store.clone(), |builder| builder.seed(fresh_seed()));
    newer.register(Registration::new(quick("a")).schedule(every(15))).await;
    newer.orchestrator.start_scheduler().await.unwrap();
    pass(&newer, 32).await;
    let due: Vec<_> =
        newer.rows().await.iter().map(|run| (run.due.unwrap() - at(0)).whole_seconds()).collect();
    assert_eq!(due, [15, 30]);
    let event = events.next().await.unwrap().unwrap();
    assert!(matches!(event, Event::SpecDiffers { .. }), "{event:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_instance_is_asked_to_stop() {
    let (job, _script, _contexts) = gated("a");
    let job = AnyJob::new(job);
    let [a, b] = two(|| Registration::new(job.clone()), |builder| builder).await;
    let run = a.orchestrator.run_pipeline("a").await.unwrap();
    b.orchestrator.cancel(run.id()).await.unwrap();
    assert!(b.row(run.id()).await.cancel_requested_at.is_some());
    pass(&a, 15).await;
    assert_eq!(a.row(run.id()).await.status, RunStatus::Canceled);
}

#[tokio::test(start_paused = true)]
async fn an_instance_whose_clock_is_fast_waits_for_the_clock_of_the_store() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let fast = World::on(ManualClock::new(at(30)), store, |builder| builder);
    fast.register(Registration::new(quick("a")).schedule(every(10))).await;
    fast.orchestrator.start_scheduler().await.unwrap();
    for _ in 0..15 {
        fast.clock.advance(secs(1));
        clock.advance(secs(1));
        settle().await;
    }
    assert_eq!(fast.story().await, Vec::<String>::new());
    for _ in 0..30 {
        fast.clock.advance(secs(1));
        clock.advance(secs(1));
        settle().await;
    }
    let rows = fast.rows().await;
    assert_eq!(rows.iter().map(|run| run.due.unwrap()).collect::<Vec<_>>(), [at(40)]);
    assert!(clock.now() >= at(40));
}

#[tokio::test(start_paused = true)]
async fn old_history_is_forgotten_once_an_hour() {
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
