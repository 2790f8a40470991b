//! What an orchestrator tells: events about what users do, handles of runs, and what it is doing.

use std::time::Duration;

use futures::future::try_join_all;
use godata_core::{AnyStore, ManualClock, MemoryStore, RunId, RunStatus};
use godata_orchestrator::{OrchestratorError, Registration, RegistrationInfo};
use tokio::time::Instant;

use crate::faulty::{Fault, faulty};
use crate::support::{World, at, every, gated, quick, received, secs, settle};

#[tokio::test(start_paused = true)]
async fn events_tell_what_users_do() {
    let world = World::new();
    let mut events = world.orchestrator.events();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.register(Registration::new(quick("b"))).await;
    world.orchestrator.pause("a").await.unwrap();
    world.orchestrator.pause("a").await.unwrap();
    world.orchestrator.resume_from_now("a").await.unwrap();
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    world.orchestrator.cancel(run.id()).await.unwrap();
    world.orchestrator.cancel(run.id()).await.unwrap();
    script.let_go(1);
    run.done().await.unwrap();
    world.orchestrator.unregister("b").await.unwrap();
    let id = run.id().to_string();
    let lines: Vec<_> =
        received(&mut events).iter().map(|event| event.to_string().replace(&id, "RUN")).collect();
    assert_eq!(
        lines,
        [
            "a: registered, every 10s",
            "b: registered, no schedule",
            "a: paused",
            "a: resumed",
            "a: started RUN (manual)",
            "a: RUN was asked to stop",
            "a: canceled RUN",
            "b: unregistered",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_a_schedule_has_started_can_be_watched_and_stopped() {
    let world = World::new();
    let (job, script, mut contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(10).await;
    contexts.recv().await.unwrap().progress().add_records_read(7);

    let [running] = &world.orchestrator.running().await.unwrap()[..] else { panic!("one runs") };
    let handle = world.orchestrator.run(running.id()).await.unwrap().unwrap();
    assert_eq!(handle.context().progress().records_read(), 7);
    script.let_go(1);
    let result = running.done().await.unwrap();
    assert_eq!((result.id, result.status), (handle.id(), RunStatus::Succeeded));
    assert_eq!(world.row(running.id()).await.status, RunStatus::Succeeded, "its row is durable");

    assert!(world.orchestrator.run(running.id()).await.unwrap().is_none(), "it has ended");
    assert!(world.orchestrator.run(RunId::generate()).await.unwrap().is_none());
    assert!(world.orchestrator.running().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_queued_run_has_a_handle_in_the_instance_that_has_queued_it() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let world = World::on(clock.clone(), store.clone(), |builder| builder.concurrency(1));
    let other = World::on(clock, store, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("b"))).await;
    other.register(Registration::new(quick("b"))).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    let queued = world.orchestrator.run_pipeline("b").await.unwrap();
    let handle = world.orchestrator.run(queued.id()).await.unwrap().unwrap();
    assert!(other.orchestrator.run(queued.id()).await.unwrap().is_none());
    script.let_go(1);
    assert_eq!(handle.done().await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_which_slots_are_taken_and_since_when_the_store_fails() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder.concurrency(3).pool("db", 2));
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).pool("db")).await;
    let before = world.orchestrator.status().await.unwrap();
    assert!(!before.is_scheduling && !before.is_shutting_down);
    world.orchestrator.start_scheduler().await.unwrap();
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    let status = world.orchestrator.status().await.unwrap();
    assert_eq!((status.owner, status.is_scheduling), (before.owner, true));
    assert_eq!((status.slots.taken, status.slots.total), (1, 3));
    let pools = status.pools.iter().map(|(name, used)| (name.as_str(), used.taken, used.total));
    assert_eq!(pools.collect::<Vec<_>>(), [("db", 1, 2)]);
    assert_eq!(status.store_failing_since, None);

    world.clock.set(at(5));
    faults.always_for_all(Fault::Refused);
    script.let_go(1);
    run.finished().await;
    settle().await;
    world.clock.set(at(6));
    let status = world.orchestrator.status().await.unwrap();
    assert_eq!((status.slots.taken, status.store_failing_since), (0, Some(at(5))));
    faults.none();
    tokio::time::sleep(secs(60)).await;
    assert_eq!(world.orchestrator.status().await.unwrap().store_failing_since, None);
}

#[tokio::test(start_paused = true)]
async fn the_next_due_times_are_those_of_schedules_that_fire() {
    let world = World::new();
    world.register(Registration::new(quick("slow")).schedule(every(30))).await;
    world.register(Registration::new(quick("fast")).schedule(every(10))).await;
    world.register(Registration::new(quick("paused")).schedule(every(1))).await;
    world.register(Registration::new(quick("disabled")).schedule(every(1)).disabled()).await;
    world.register(Registration::new(quick("by hand"))).await;
    world.orchestrator.pause("paused").await.unwrap();
    world.orchestrator.start_scheduler().await.unwrap();
    for (now, expected) in [(0, [("fast", 10), ("slow", 30)]), (10, [("fast", 20), ("slow", 30)])] {
        world.go_to(now).await;
        let next = world.orchestrator.next_due(9).await.unwrap();
        let next: Vec<_> = next.iter().map(|(name, due)| (name.as_str(), *due)).collect();
        assert_eq!(next, expected.map(|(name, due)| (name, at(due))));
    }
    assert_eq!(world.orchestrator.next_due(1).await.unwrap().len(), 1);
    world.orchestrator.resume("paused").await.unwrap();
    assert_eq!(world.orchestrator.next_due(1).await.unwrap()[0].0.as_str(), "paused");
}

#[tokio::test(start_paused = true)]
async fn calls_of_the_store_wait_for_their_turn_and_the_wait_is_not_the_stores() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder.store_calls(2).store_timeout(secs(10)));
    faults.always_for_all(Fault::Slow(secs(6)));
    let begin = Instant::now();
    let names: Vec<_> = (0..20).map(|number| format!("p{number}")).collect();
    let register = |name: &String| world.orchestrator.register_with(Registration::new(quick(name)));
    try_join_all(names.iter().map(register)).await.unwrap();
    // Two at a time, each for 6 s: the last ones wait for longer than the store may take.
    let took = begin.elapsed();
    assert!(took >= secs(60) && took < secs(60) + Duration::from_millis(100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn any_process_can_tell_by_which_rules_a_pipeline_runs() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let world = World::on(clock.clone(), store.clone(), |builder| builder.pool("db", 2));
    let other = World::on(clock, store, |builder| builder);
    let registration = Registration::new(quick("a")).schedule(every(10)).timeout(secs(600)).pool("db");
    let rules = RegistrationInfo::from(&registration);
    world.register(registration).await;
    for world in [&world, &other] {
        assert_eq!(world.orchestrator.registration("a").await.unwrap(), Some(rules.clone()));
        for unknown in ["b", "", "a\n"] {
            let error = world.orchestrator.registration(unknown).await.unwrap_err();
            let OrchestratorError::UnknownPipeline { registered, .. } = error else { panic!("{error}") };
            assert_eq!(registered, ["a"]);
        }
    }
    world.orchestrator.unregister("a").await.unwrap();
    assert_eq!(other.orchestrator.registration("a").await.unwrap(), Some(rules));
}

#[tokio::test(start_paused = true)]
async fn what_still_runs_is_told_during_a_shutdown() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    let ask = async {
        settle().await;
        assert!(world.orchestrator.status().await.unwrap().is_shutting_down);
        let running = world.orchestrator.running().await.unwrap();
        assert_eq!(running.iter().map(|run| run.id()).collect::<Vec<_>>(), [run.id()]);
        assert!(matches!(world.orchestrator.next_due(1).await, Err(OrchestratorError::ShuttingDown)));
        script.let_go(1);
    };
    let (report, ()) = futures::future::join(world.orchestrator.shutdown(secs(30)), ask).await;
    assert_eq!(report.runs.len(), 1);
    assert!(world.orchestrator.status().await.is_err());
}
