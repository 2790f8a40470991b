//! Shutdowns in trouble: they complete, and report each run.

use std::sync::{Arc, Mutex};

use godata_core::{AnyJob, Job as _, RunContext, RunHandle, RunRequest, RunStatus, SystemClock, job_fn};
use godata_orchestrator::{OrchestratorError, Recovery, Registration};
use godata_runner::Runner;
use tokio::time::Instant;

use crate::faulty::{Fault, faulty};
use crate::support::{Starts, World, at, every, gated, quick, secs, settle};

#[tokio::test(start_paused = true)]
async fn a_final_row_that_can_not_be_stored_is_reported_and_does_not_block_the_shutdown() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    faults.always("a", Fault::Refused);
    script.let_go(1);
    let started = Instant::now();
    let report = world.orchestrator.shutdown(secs(30)).await;
    assert_eq!(report.unsaved, [run.id()]);
    assert!(started.elapsed() < secs(30), "{:?}", started.elapsed());
    run.done().await.unwrap_err();
    assert_eq!(world.row(run.id()).await.status, RunStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_row_is_being_written_when_a_shutdown_begins_is_started() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    world.register(Registration::new(quick("scheduled")).schedule(every(10))).await;
    world.register(Registration::new(quick("by hand"))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    faults.next([Fault::Slow(secs(2)); 2]);
    world.jump_to(10).await;
    let orchestrator = world.orchestrator.clone();
    let asking = tokio::spawn(async move { orchestrator.run_pipeline("by hand").await });
    settle().await;
    let report = world.orchestrator.shutdown(secs(30)).await;
    assert_eq!(world.story().await, ["schedule succeeded 10", "manual succeeded -"]);
    let run = asking.await.unwrap().unwrap();
    assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded);
    let became: Vec<_> = report.runs.iter().map(|run| (&*run.job_name, run.status)).collect();
    assert_eq!(became, [("scheduled", RunStatus::Succeeded), ("by hand", RunStatus::Succeeded)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_row_is_being_written_when_the_last_handle_is_dropped_is_started() {
    let (store, faults) = faulty();
    let World { clock, store, orchestrator } = World::with(store, |builder| builder);
    orchestrator.register(quick("a"), every(10)).await.unwrap();
    orchestrator.start_scheduler().await.unwrap();
    faults.next([Fault::Slow(secs(2))]);
    clock.set(at(10));
    settle().await;
    drop(orchestrator);
    tokio::time::sleep(secs(3)).await;
    let world = World::on(clock, store, |builder| builder);
    assert_eq!(world.story().await, ["schedule succeeded 10"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_too_late_to_start_in_a_shutdown_says_so_and_is_queued_again() {
    for recovery in [Recovery::Off, Recovery::Rerun] {
        let (store, faults) = faulty();
        let world = World::with(store, |builder| builder.recovery(recovery));
        let (job, _script, mut contexts) = gated("a");
        world.register(Registration::new(job).schedule(every(10))).await;
        world.orchestrator.start_scheduler().await.unwrap();
        faults.next([Fault::Slow(secs(2))]);
        world.jump_to(10).await;
        let report = world.orchestrator.shutdown(secs(1)).await;
        assert!(contexts.try_recv().is_err());

        assert_eq!(world.story().await, ["schedule interrupted 10", "recovery queued 10"]);
        let [row, again] = world.rows().await.try_into().unwrap();
        assert_eq!(row.started_at, None);
        assert_eq!(row.reason.as_deref(), Some("the orchestrator shut down before the job started"));
        assert_eq!((again.job_id, again.attempt, again.interruptions), (row.job_id, 1, 0));
        let became: Vec<_> = report.runs.iter().map(|run| (run.id, run.status, run.started_at)).collect();
        assert_eq!(became, [(row.id, RunStatus::Interrupted, None)]);
        assert_eq!(report.queued, [again.id]);

        let world = world.crash(|builder| builder.recovery(recovery));
        world.register(Registration::new(quick("a")).schedule(every(10))).await;
        settle().await;
        assert_eq!(world.story().await, ["schedule interrupted 10", "recovery succeeded 10"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_canceled_run_that_is_too_late_to_start_in_a_shutdown_is_not_queued_again() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder.concurrency(1));
    let (job, script, _contexts) = gated("first");
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("a"))).await;
    world.orchestrator.run_pipeline("first").await.unwrap();
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    faults.always("a", Fault::Slow(secs(2)));
    script.let_go(1);
    settle().await;
    run.stop();
    world.orchestrator.shutdown(secs(1)).await;
    assert_eq!(world.story().await, ["manual succeeded -", "manual canceled -"]);
    assert_eq!(world.row(run.id()).await.started_at, None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_neither_stops_nor_returns_is_stuck_and_stored_as_interrupted() {
    let runs = Mutex::new(Vec::new());
    let stuck = Starts(move |job: AnyJob, request: RunRequest| {
        let (handle, run) = RunHandle::new(job.name(), request.into_context(), Arc::new(SystemClock));
        run.start();
        runs.lock().unwrap().push(run);
        let progress = handle.context().progress();
        progress.add_records_read(1_000);
        progress.set_report("{}").unwrap();
        Ok(handle)
    });
    let world = World::with_runner(stuck, |builder| builder);
    world.register(Registration::new(quick("a"))).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    let started = Instant::now();
    let report = world.orchestrator.shutdown(secs(10)).await;
    assert!(started.elapsed() < secs(20), "{:?}", started.elapsed());
    assert_eq!(report.stuck().map(|run| run.id).collect::<Vec<_>>(), [run.id()]);
    let row = world.row(run.id()).await;
    assert_eq!(row.status, RunStatus::Interrupted);
    assert_eq!(row.reason.as_deref(), Some("its job had not ended when the shutdown did"));
    assert_eq!((row.counts.records_read, row.report.as_deref()), (1_000, Some("{}")));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_open_does_not_block_a_shutdown() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    faults.reads_hang();
    let orchestrator = world.orchestrator.clone();
    let asking = tokio::spawn(async move { orchestrator.register(quick("a"), every(10)).await });
    settle().await;
    let started = Instant::now();
    let report = world.orchestrator.shutdown(secs(1)).await;
    assert!(started.elapsed() < secs(10), "{:?}", started.elapsed());
    assert_eq!(report, Default::default());
    asking.await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_job_that_stops_within_the_grace_of_its_runner_is_stored_as_it_ended() {
    let runner = Runner::builder().stop_grace(secs(60)).build().unwrap();
    let world = World::with_runner(runner, |builder| builder);
    let job = job_fn("a", |cx: RunContext| async move {
        cx.canceled().await;
        tokio::time::sleep(secs(20)).await;
        Ok(())
    });
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    let report = world.orchestrator.shutdown(secs(1)).await;
    assert_eq!(report.stuck().count(), 0);
    let row = world.row(run.id()).await;
    assert_eq!((row.status, row.reason), (RunStatus::Succeeded, None));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_commit_may_be_stored_after_a_shutdown_is_unconfirmed() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    world.register(Registration::new(quick("a"))).await;
    faults.always("a", Fault::Hangs);
    let orchestrator = world.orchestrator.clone();
    let asked = tokio::spawn(async move { orchestrator.run_pipeline("a").await });
    settle().await;
    let report = world.orchestrator.shutdown(secs(1)).await;
    let error = asked.await.unwrap().unwrap_err();
    let OrchestratorError::Unconfirmed { run: Some(run), .. } = error else { panic!("{error}") };
    assert_eq!(report.unsaved, [run]);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_new_handle_for_a_run_whose_job_has_ended() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(10).await;
    let [run] = &world.rows().await[..] else { panic!("one run is running") };
    faults.always("a", Fault::Refused);
    script.let_go(1);
    settle().await;
    assert_eq!(world.row(run.id).await.status, RunStatus::Running);
    assert!(world.orchestrator.run(run.id).await.unwrap().is_none());
}
