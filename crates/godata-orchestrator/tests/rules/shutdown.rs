//! Shutdowns in trouble: they end all the same, and say what became of each run.

use std::sync::{Arc, Mutex};

use godata_core::{AnyJob, Job as _, RunContext, RunHandle, RunRequest, RunStatus, SystemClock, job_fn};
use godata_orchestrator::Registration;
use godata_runner::Runner;
use tokio::time::Instant;

use crate::faulty::{Fault, faulty};
use crate::support::{Starts, World, every, gated, quick, secs, settle};

#[tokio::test(start_paused = true)]
async fn a_final_row_that_can_not_be_stored_is_reported_and_ends_the_shutdown_all_the_same() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    faults.always("a", Fault::Refused);
    script.let_go(1);
    let begun = Instant::now();
    let report = world.orchestrator.shutdown(secs(30)).await;
    assert_eq!(report.unsaved, [run.id()]);
    assert!(begun.elapsed() < secs(30), "{:?}", begun.elapsed());
    run.done().await.unwrap_err();
    assert_eq!(world.row(run.id()).await.status, RunStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_about_to_start_is_not_started_and_is_in_the_report() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, _script, mut contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    faults.next([Fault::Slow(secs(1))]);
    world.jump_to(10).await;
    let report = world.orchestrator.shutdown(secs(30)).await;
    assert_eq!(world.story().await, ["schedule interrupted 10"]);
    assert!(contexts.try_recv().is_err());
    let row = &world.rows().await[0];
    assert_eq!(row.reason.as_deref(), Some("the orchestrator shut down"));
    let became: Vec<_> = report.runs.iter().map(|run| (run.id, run.status)).collect();
    assert_eq!(became, [(row.id, RunStatus::Interrupted)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_neither_listens_nor_returns_is_stuck_and_its_row_says_interrupted() {
    let runs = Mutex::new(Vec::new());
    let stuck = Starts(move |job: AnyJob, request: RunRequest| {
        let (handle, run) = RunHandle::new(job.name(), request.into_context(), Arc::new(SystemClock));
        run.start();
        runs.lock().unwrap().push(run);
        Ok(handle)
    });
    let world = World::with_runner(stuck, |builder| builder);
    world.register(Registration::new(quick("a"))).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    let begun = Instant::now();
    let report = world.orchestrator.shutdown(secs(10)).await;
    assert!(begun.elapsed() < secs(20), "{:?}", begun.elapsed());
    assert_eq!(report.stuck().map(|run| run.id).collect::<Vec<_>>(), [run.id()]);
    let row = world.row(run.id()).await;
    assert_eq!(row.status, RunStatus::Interrupted);
    assert_eq!(row.reason.as_deref(), Some("it neither stopped nor returned"));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_open_does_not_keep_a_shutdown() {
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    faults.reads_hang();
    let orchestrator = world.orchestrator.clone();
    let asking = tokio::spawn(async move { orchestrator.register(quick("a"), every(10)).await });
    settle().await;
    let begun = Instant::now();
    let report = world.orchestrator.shutdown(secs(1)).await;
    assert!(begun.elapsed() < secs(10), "{:?}", begun.elapsed());
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
