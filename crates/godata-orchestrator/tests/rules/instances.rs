//! Several instances on one store: one of them runs each due time, and each sees what the others have done.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    AnyJob, AnyStore, BoxError, Cause, Clock as _, ManualClock, MemoryStore, OwnerId, PipelineName, RunKey,
    RunRecord, RunStatus, Store as _,
};
use godata_orchestrator::{Event, OrchestratorError, Overlap, Recovery, Registration, RunOptions};
use tokio::sync::Semaphore;

use crate::faulty::{Fault, Faults, faulty_way_to};
use crate::support::{Spelled, World, at, count, every, fresh_seed, gated, quick, received, secs, settle};

/// Two instances on a shared store, each with its own clock.
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

/// Two instances on a shared store without registrations. The faults are on the first one's way to the store.
fn two_with_a_faulty_first() -> ([World; 2], Faults) {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let (way, faults) = faulty_way_to(store.clone());
    ([way, store].map(|store| World::on(clock.clone(), store, |builder| builder)), faults)
}

/// Advances the clock of the leases together with tokio's.
async fn pass(world: &World, seconds: u64) {
    for _ in 0..seconds {
        world.clock.advance(secs(1));
        tokio::time::sleep(secs(1)).await;
    }
}

/// Declares the instance dead: its process was suspended for longer than its lease, and another instance has noticed.
async fn declare_dead(world: &World) {
    let (other, lease) = (OwnerId::generate(), secs(30));
    world.store.enroll(other, lease).await.unwrap();
    for _ in 0..10 {
        world.clock.advance(secs(10));
        world.store.renew(other, lease).await.unwrap();
    }
    world.store.reap(other, &[]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn exactly_one_of_several_instances_runs_each_due_time() {
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
async fn an_instance_that_was_declared_dead_continues_under_a_new_id_and_its_results_are_refused() {
    let (job, _script, _contexts) = gated("a");
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let world = World::on(clock, store, |builder| builder);
    let mut events = world.orchestrator.events();
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    declare_dead(&world).await;
    tokio::time::sleep(secs(30)).await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Interrupted);
    run.done().await.unwrap_err();
    let names = received(&mut events).into_iter().filter_map(|event| match event {
        Event::OwnerLost { .. } => Some("lost"),
        Event::Superseded { .. } => Some("superseded"),
        _ => None,
    });
    let mut sent: Vec<_> = names.collect();
    sent.sort_unstable();
    assert_eq!(sent, ["lost", "superseded"]);
    let second = world.orchestrator.run_pipeline("a").await.unwrap();
    assert_ne!(world.row(second.id()).await.owner, world.row(run.id()).await.owner);
}

/// The job ends while the commit that interrupts its run is in flight.
#[tokio::test(start_paused = true)]
async fn done_fails_if_another_end_was_stored() {
    let gate = Arc::new(Semaphore::new(0));
    let job = {
        let gate = Arc::clone(&gate);
        godata_core::job_fn("a", move |_cx| {
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.map(|permit| permit.forget()).map_err(BoxError::from) }
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
    declare_dead(&world).await;
    while !matches!(events.next().await, Some(Ok(Event::OwnerLost { .. }))) {}
    tokio::time::sleep(secs(1)).await;
    gate.add_permits(1);
    assert_eq!(run.finished().await.status, RunStatus::Succeeded);
    assert_eq!(run.done().await.unwrap_err().run(), run.id());
    assert_eq!(world.row(run.id()).await.status, RunStatus::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn an_instance_renews_its_lease_while_other_calls_of_the_store_are_in_flight() {
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
async fn an_instance_with_another_schedule_stops_firing_and_sends_an_event() {
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

/// Each spells the schedule in its own way, and knows the other.
#[tokio::test(start_paused = true)]
async fn instances_that_spell_a_schedule_differently_share_it() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let worlds =
        [(); 2].map(|()| World::on(clock.clone(), store.clone(), |builder| builder.seed(fresh_seed())));
    // Both have read the store before either has registered the pipeline.
    for world in &worlds {
        world.orchestrator.pipelines().await.unwrap();
    }
    let mut events = worlds[1].orchestrator.events();
    for (world, [own, other]) in worlds.iter().zip([["1-5", "MON-FRI"], ["MON-FRI", "1-5"]]) {
        world.register(Registration::new(quick("a")).schedule(Spelled(own, other))).await;
        world.orchestrator.start_scheduler().await.unwrap();
    }
    // Whoever tries first, the due time at 20 is decided by then.
    pass(&worlds[0], 25).await;
    let rows = worlds[0].rows().await;
    assert_eq!(rows.iter().map(|run| run.due.unwrap()).collect::<Vec<_>>(), [at(10), at(20)]);
    let pipelines = worlds[1].orchestrator.pipelines().await.unwrap();
    assert_eq!((pipelines[0].spec.as_deref(), pipelines[0].spec_since), (Some("1-5"), at(0)));
    let differs = |event: &Event| matches!(event, Event::SpecDiffers { .. });
    assert!(!received(&mut events).iter().any(differs));
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
async fn an_instance_whose_clock_is_ahead_waits_for_the_clock_of_the_store() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let fast = World::on(ManualClock::new(at(30)), store, |builder| builder);
    fast.register(Registration::new(quick("a")).schedule(every(10))).await;
    fast.orchestrator.start_scheduler().await.unwrap();
    // Its own clock shows 30 and more, but by the store's clock only the due time at 10 has come.
    for _ in 0..15 {
        fast.clock.advance(secs(1));
        clock.advance(secs(1));
        settle().await;
    }
    assert_eq!(fast.story().await, ["schedule succeeded 10"]);
    for _ in 0..30 {
        fast.clock.advance(secs(1));
        clock.advance(secs(1));
        settle().await;
    }
    let rows = fast.rows().await;
    assert_eq!(rows.iter().map(|run| run.due.unwrap()).collect::<Vec<_>>(), [10, 20, 30, 40].map(at));
    assert!(rows.iter().all(|run| run.started_at > run.due.map(|due| due + secs(29))), "by its own clock");
}

#[tokio::test(start_paused = true)]
async fn due_times_are_on_time_again_when_a_clock_that_was_ahead_is_corrected() {
    let [own, stores] = [(); 2].map(|()| ManualClock::new(at(0)));
    let store = AnyStore::new(MemoryStore::with_clock(stores.clone()));
    let world = World::on(own.clone(), store, |builder| builder);
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    let pass = async |seconds| {
        for _ in 0..seconds {
            own.advance(secs(1));
            stores.advance(secs(1));
            tokio::time::sleep(secs(1)).await;
        }
    };
    own.set(at(1_800));
    pass(25).await;
    own.set(stores.now());
    pass(40).await;
    let last = world.rows().await.into_iter().filter_map(|run| run.due).max();
    assert_eq!(last, Some(at(60)), "it sleeps until its own clock shows that time again");
}

#[tokio::test(start_paused = true)]
async fn an_instance_sees_that_another_has_resumed_a_pipeline_it_paused() {
    let [a, b] = two(|| Registration::new(quick("a")).schedule(every(10)), |builder| builder).await;
    a.orchestrator.pause("a").await.unwrap();
    pass(&a, 15).await;
    b.orchestrator.resume("a").await.unwrap();
    b.orchestrator.shutdown(secs(1)).await;
    pass(&a, 40).await;
    let last = a.rows().await.into_iter().filter_map(|run| run.due).max();
    assert_eq!(last, Some(at(50)));
}

#[tokio::test(start_paused = true)]
async fn a_run_is_canceled_if_another_instance_unregisters_its_pipeline_before_its_job_starts() {
    let ([a, b], faults) = two_with_a_faulty_first();
    let (job, _script, mut contexts) = gated("a");
    a.register(Registration::new(job)).await;
    b.register(Registration::new(quick("a"))).await;
    faults.next([Fault::AnswerLost]);
    faults.reads_fail();
    let error = a.orchestrator.run_pipeline("a").await.unwrap_err();
    let OrchestratorError::Unconfirmed { run: Some(run), .. } = error else { panic!("{error}") };
    b.orchestrator.unregister("a").await.unwrap();
    faults.none();
    tokio::time::sleep(secs(20)).await;
    assert_eq!(b.row(run).await.status, RunStatus::Canceled);
    assert!(contexts.try_recv().is_err());
}

/// One instance runs a job and dies. Another one has not registered the pipeline, but does so in time.
async fn recovers_what_it_registers_later(has_run_it_before: bool) {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let [a, b] = [(); 2]
        .map(|()| World::on(clock.clone(), store.clone(), |builder| builder.recovery(Recovery::Rerun)));
    let (job, script, _contexts) = gated("a");
    let job = AnyJob::new(job);
    let rules = || Registration::new(job.clone()).overlap(Overlap::Allow);
    if has_run_it_before {
        b.register(rules()).await;
        b.orchestrator.run_pipeline("a").await.unwrap();
        b.orchestrator.unregister("a").await.unwrap();
    }
    a.register(rules()).await;
    let run = a.orchestrator.run_pipeline("a").await.unwrap().id();
    b.register(Registration::new(quick("b"))).await;
    pass(&b, 100).await;
    a.orchestrator.abort();
    pass(&b, 60).await;
    assert_eq!(b.row(run).await.status, RunStatus::Running, "it waits for its pipeline");
    b.register(rules()).await;
    pass(&b, 20).await;
    script.let_go(9);
    pass(&b, 5).await;
    assert_eq!(b.row(run).await.status, RunStatus::Interrupted);
    let recovered = b.rows().await.into_iter().filter(|row| row.cause == Cause::Recovery);
    assert_eq!(recovered.map(|row| row.status).collect::<Vec<_>>(), [RunStatus::Succeeded]);
}

#[tokio::test(start_paused = true)]
async fn runs_of_a_dead_instance_wait_for_their_pipeline_however_long_they_were_known() {
    recovers_what_it_registers_later(false).await;
}

#[tokio::test(start_paused = true)]
async fn runs_of_a_dead_instance_wait_for_a_pipeline_that_was_registered_before() {
    recovers_what_it_registers_later(true).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_another_instance_may_have_undone_is_not_reported_as_not_made() {
    let ([a, b], faults) = two_with_a_faulty_first();
    for world in [&a, &b] {
        world.register(Registration::new(quick("a")).schedule(every(10))).await;
    }
    faults.next([Fault::AnswerLost]);
    let resume = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        b.orchestrator.resume_from_now("a").await
    };
    let (paused, resumed) = tokio::join!(a.orchestrator.pause("a"), resume);
    resumed.unwrap();
    let error = paused.unwrap_err();
    assert!(matches!(error, OrchestratorError::Unconfirmed { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_started_once_even_if_its_pipeline_is_read_again_at_that_moment() {
    let clock = ManualClock::new(at(0));
    let (store, faults) = faulty_way_to(AnyStore::new(MemoryStore::with_clock(clock.clone())));
    let world = World::on(clock, store, |builder| builder);
    let (upstream, upstream_script, _contexts) = gated("upstream");
    let (job, _script, mut contexts) = gated("a");
    world.register(Registration::new(upstream)).await;
    world.register(Registration::new(job).after("upstream").overlap(Overlap::Allow)).await;
    world.orchestrator.run_pipeline("upstream").await.unwrap();
    settle().await;
    let name = PipelineName::new("a").unwrap();
    let key = RunKey::manual("elsewhere").unwrap();
    let mut elsewhere = RunRecord::new(&name, key, Cause::Manual, RunStatus::Running, at(0));
    elsewhere.owner = Some(OwnerId::generate());
    world.store.upsert_run(&elsewhere).await.unwrap();

    // Its run and the upstream success become durable at the same moment, and the pipeline has to be read again, because a
    // run that is not watched here is canceled.
    faults.next([Fault::Slow(secs(1)), Fault::Slow(secs(1))]);
    let [asking, canceling] = [world.orchestrator.clone(), world.orchestrator.clone()];
    let asking = tokio::spawn(async move { asking.run_pipeline("a").await });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    upstream_script.let_go(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let canceling = tokio::spawn(async move { canceling.cancel(elsewhere.id).await });
    let run = asking.await.unwrap().unwrap();
    canceling.await.unwrap().unwrap();
    settle().await;
    assert_eq!(world.row(run.id()).await.status, RunStatus::Running);
    assert_eq!(contexts.recv().await.unwrap().run_id(), run.id());
}

/// Two instances on one store, of which the second knows nothing that the first does after this.
async fn two_by_hand(is_shared: bool) -> [World; 2] {
    let clock = ManualClock::new(at(0));
    let store =
        AnyStore::new(if is_shared { MemoryStore::with_clock(clock.clone()) } else { MemoryStore::new() });
    let worlds = [(); 2].map(|()| World::on(clock.clone(), store.clone(), |builder| builder));
    for world in &worlds {
        world.register(Registration::new(quick("a"))).await;
    }
    worlds
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_instance_is_in_the_way_only_until_it_ends() {
    for is_shared in [true, false] {
        let [a, b] = two_by_hand(is_shared).await;
        let (job, script, _contexts) = gated("b");
        let job = AnyJob::new(job);
        for world in [&a, &b] {
            world.register(Registration::new(job.clone())).await;
        }
        let theirs = b.orchestrator.run_pipeline("b").await.unwrap();
        settle().await;
        let error = a.orchestrator.run_pipeline_with("b", RunOptions::new().token("t")).await.unwrap_err();
        let is_in_the_way =
            |error: &OrchestratorError| matches!(error, OrchestratorError::AlreadyRunning { .. });
        // In a store that is not shared, the first instance has not read that run.
        assert!(is_in_the_way(&error), "{is_shared} {error}");
        script.let_go(9);
        theirs.done().await.unwrap();
        a.orchestrator.run_pipeline("b").await.unwrap().done().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_instance_has_changed_is_not_taken_for_what_is_asked() {
    let [a, b] = two_by_hand(true).await;
    let paused = async || a.orchestrator.pipelines().await.unwrap()[0].paused_at.is_some();
    b.orchestrator.pause("a").await.unwrap();
    a.orchestrator.resume("a").await.unwrap();
    assert!(!paused().await, "a resume was answered, and it is paused");
    a.orchestrator.pause("a").await.unwrap();
    b.orchestrator.resume("a").await.unwrap();
    a.orchestrator.pause("a").await.unwrap();
    assert!(paused().await, "a pause was answered, and it is not paused");
    let c = World::on(a.clock.clone(), a.store.clone(), |builder| builder);
    c.orchestrator.pipelines().await.unwrap();
    b.orchestrator.unregister("a").await.unwrap();
    c.register(Registration::new(quick("a"))).await;
    assert!(a.orchestrator.pipelines().await.unwrap()[0].removed_at.is_none());
}

/// What another instance has registered, before or after this one has read the store, is steered here.
#[tokio::test(start_paused = true)]
async fn a_pipeline_that_is_registered_elsewhere_is_paused_resumed_and_its_runs_are_canceled() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let [a, b] = [(); 2].map(|()| World::on(clock.clone(), store.clone(), |builder| builder));
    a.register(Registration::new(quick("before")).schedule(every(10))).await;
    b.orchestrator.pipelines().await.unwrap();
    b.register(Registration::new(quick("own"))).await;
    let (job, _script, _contexts) = gated("after");
    a.register(Registration::new(job).schedule(every(10)).overlap(Overlap::BufferOne)).await;
    a.orchestrator.start_scheduler().await.unwrap();
    for name in ["before", "after"] {
        b.orchestrator.pause(name).await.unwrap();
        let row = b.store.find_pipeline(&PipelineName::new(name).unwrap()).await.unwrap().unwrap();
        assert!(row.paused_at.is_some(), "{name}");
    }
    pass(&a, 25).await;
    assert_eq!(a.rows().await, []);
    for name in ["before", "after"] {
        b.orchestrator.resume_from_now(name).await.unwrap();
    }
    pass(&a, 45).await;
    let rows = a.rows().await;
    let running = rows.iter().find(|run| run.status == RunStatus::Running).unwrap();
    let queued = rows.iter().find(|run| run.status == RunStatus::Queued).unwrap();
    b.orchestrator.cancel(queued.id).await.unwrap();
    b.orchestrator.cancel(running.id).await.unwrap();
    pass(&a, 5).await;
    assert_eq!(a.row(queued.id).await.status, RunStatus::Canceled);
    assert_eq!(a.row(running.id).await.status, RunStatus::Canceled);
    let unknown = b.orchestrator.pause("nobody's").await.unwrap_err();
    assert!(matches!(unknown, OrchestratorError::UnknownPipeline { .. }), "{unknown}");
    b.orchestrator.unregister("after").await.unwrap();
    let gone = b.orchestrator.pause("after").await.unwrap_err();
    assert!(matches!(gone, OrchestratorError::UnknownPipeline { .. }), "{gone}");
}

/// The first instance has one slot, and is asked for three runs.
#[tokio::test(start_paused = true)]
async fn queued_runs_use_the_slots_of_all_instances_and_their_handles_learn_how_they_ended() {
    let (job, script, _contexts) = gated("a");
    let job = AnyJob::new(job);
    let rules = || Registration::new(job.clone()).overlap(Overlap::Allow);
    let [a, b] = two(rules, |builder| builder.concurrency(1)).await;
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(a.orchestrator.run_pipeline("a").await.unwrap());
    }
    let queued = a.rows().await;
    assert!(queued.iter().all(|run| run.owner.is_some() == (run.status == RunStatus::Running)), "{queued:?}");
    pass(&a, 12).await;
    let rows = a.rows().await;
    let running = rows.iter().filter(|run| run.status == RunStatus::Running);
    let owners: std::collections::BTreeSet<_> = running.filter_map(|run| run.owner).collect();
    assert_eq!((owners.len(), count(&rows, RunStatus::Queued)), (2, 1));
    // A rolling deploy: nobody has to take over what is still queued.
    let report = a.orchestrator.shutdown(secs(1));
    let (report, ()) = tokio::join!(report, pass(&b, 10));
    assert_eq!(report.queued.len(), 1);
    script.let_go(9);
    pass(&b, 15).await;
    let rows = b.rows().await;
    assert_eq!(count(&rows, RunStatus::Succeeded), 2, "{rows:?}");
    assert_eq!(count(&rows, RunStatus::Queued) + count(&rows, RunStatus::Running), 0, "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_another_instance_takes_is_done_when_that_has_ended_it() {
    let (job, script, _contexts) = gated("a");
    let job = AnyJob::new(job);
    let rules = || Registration::new(job.clone()).overlap(Overlap::Allow);
    let [a, _b] = two(rules, |builder| builder.concurrency(1)).await;
    let first = a.orchestrator.run_pipeline("a").await.unwrap();
    let second = a.orchestrator.run_pipeline("a").await.unwrap();
    pass(&a, 12).await;
    assert_ne!(a.row(first.id()).await.owner, a.row(second.id()).await.owner);
    script.let_go(2);
    let (result, ()) = tokio::join!(second.done(), pass(&a, 10));
    assert_eq!(result.unwrap().status, RunStatus::Succeeded);
}

/// The instance hears nothing from the store, which is hanging.
async fn lease_expires(stops: bool) -> (RunStatus, Vec<String>) {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let (way, faults) = faulty_way_to(store);
    let world = World::on(clock, way, |builder| if stops { builder.stop_when_lost() } else { builder });
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let mut events = world.orchestrator.events();
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    faults.leases_hang();
    pass(&world, 29).await;
    assert_eq!(run.result().status, RunStatus::Running);
    pass(&world, 30).await;
    faults.none();
    script.let_go(1);
    pass(&world, 20).await;
    let expired = |event: &Event| matches!(event, Event::LeaseExpired { .. });
    let told = received(&mut events).into_iter().filter(expired);
    (world.row(run.id()).await.status, told.map(|event| event.to_string()).collect())
}

#[tokio::test(start_paused = true)]
async fn jobs_stop_when_the_lease_has_expired_only_if_asked_to() {
    assert_eq!(lease_expires(false).await, (RunStatus::Succeeded, vec![]));
    let told = "lease not renewed in time: 1 runs were asked to stop".to_owned();
    assert_eq!(lease_expires(true).await, (RunStatus::Interrupted, vec![told]));
}

/// The first renewal of each pair hangs for as long as it may, and the second one succeeds.
#[tokio::test(start_paused = true)]
async fn a_renewal_that_hangs_is_repeated_before_it_costs_the_lease() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let (way, faults) = faulty_way_to(store.clone());
    let world = World::on(clock.clone(), way, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    let other = World::on(clock, store, |builder| builder.seed(fresh_seed()));
    other.register(Registration::new(quick("b"))).await;
    for _ in 0..12 {
        faults.next_lease_hangs();
        pass(&other, 10).await;
    }
    assert_eq!(other.row(run.id()).await.status, RunStatus::Running);
    script.let_go(1);
    assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
}

/// The first by rank has not registered the pipeline.
#[tokio::test(start_paused = true)]
async fn an_instance_that_alone_has_a_pipeline_is_late_only_once() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let worlds: Vec<_> = (0..4)
        .map(|_| World::on(clock.clone(), store.clone(), |builder| builder.seed(fresh_seed())))
        .collect();
    for world in &worlds {
        world.register(Registration::new(quick("everybody's"))).await;
        world.orchestrator.start_scheduler().await.unwrap();
    }
    for name in ["a", "b", "c", "d"] {
        worlds[0].register(Registration::new(quick(name)).schedule(every(20))).await;
    }
    pass(&worlds[0], 130).await;
    let rows = worlds[0].rows().await;
    let lateness = |run: &RunRecord| (run.created_at - run.due.unwrap()).whole_seconds();
    let mut late = std::collections::BTreeMap::<_, usize>::new();
    for run in &rows {
        *late.entry(run.pipeline_name.to_string()).or_default() += usize::from(lateness(run) > 0);
        assert!(lateness(run) <= 8, "{run:?}");
    }
    assert_eq!(rows.len(), 4 * 6);
    assert!(late.values().all(|times| *times <= 2), "once, and once more after all had enrolled: {late:?}");
    assert!(late.values().any(|times| *times > 0), "{late:?}");
}
