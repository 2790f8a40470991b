//! What runs are told: by their registration, their schedule and their caller.

use godata_core::{
    BoxError, Cause, FailureKind, Params, RetryPolicy, RunContext, RunRecord, RunStatus, error_chain, job_fn,
};
use godata_orchestrator::{
    Backfill, OrchestratorError, Overlap, Recovery, RegisterError, Registration, RunOptions,
};
use serde::Deserialize;

use crate::support::{World, at, every, failing, fresh_seed, gated, quick, secs, settle};

/// Parameters as `name=value`, separated by spaces.
fn params(text: &str) -> Params {
    text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
}

fn text_of(params: &Params) -> String {
    params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// The cause, the due time and the parameters of each row of a pipeline, oldest first.
async fn told(world: &World, pipeline: &str) -> Vec<String> {
    let line = |run: &RunRecord| {
        let due = run.due.map_or_else(String::new, |due| format!(" {}", (due - at(0)).whole_seconds()));
        format!("{}{due}: {}", run.cause, text_of(&run.params))
    };
    let rows = world.rows().await;
    rows.iter().filter(|run| run.pipeline_name.as_str() == pipeline).map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn for_each_name_the_caller_wins_over_the_schedule_and_that_over_the_registration() {
    let (job, script, mut contexts) = gated("a");
    script.let_go(99);
    let registration = Registration::new(job)
        .params(params("region=eu mode=new limit=5"))
        .schedule_with(every(10), params("mode=all by=schedule"));
    let world = World::scheduled(registration).await;
    world.register(Registration::new(quick("b")).after("a").param("mode", "after")).await;
    world.go_to(10).await;
    let options = RunOptions::new().param("limit", "7").param("by", "hand");
    world.orchestrator.run_pipeline_with("a", options).await.unwrap().done().await.unwrap();
    let past = Backfill::at([at(5), at(10)]).param("limit", "9");
    world.orchestrator.backfill("a", past).await.unwrap();
    settle().await;
    let expected = [
        "schedule 10: by=schedule limit=5 mode=all region=eu",
        "manual: by=hand limit=7 mode=new region=eu",
        "backfill 5: limit=9 mode=new region=eu",
        "backfill 10: by=schedule limit=9 mode=all region=eu",
    ];
    assert_eq!(told(&world, "a").await, expected);
    assert_eq!(told(&world, "b").await, ["after: mode=after"; 2]);
    for row in world.rows().await.iter().filter(|run| run.pipeline_name.as_str() == "a") {
        let cx = contexts.recv().await.unwrap();
        assert_eq!((cx.run_id(), cx.params()), (row.id, &row.params));
    }
}

#[tokio::test(start_paused = true)]
async fn each_schedule_has_its_own_parameters_and_one_run_has_those_of_all_that_are_due() {
    let registration = Registration::new(quick("a"))
        .overlap(Overlap::BufferOne)
        .param("mode", "new")
        .schedule(every(10))
        .schedule_with(every(20), params("mode=all size=large"))
        .schedule_with(every(30), params("mode=check"));
    let world = World::scheduled(registration).await;
    world.go_to(60).await;
    let expected = [
        "schedule 10: mode=new",
        "schedule 20: mode=all size=large",
        "schedule 30: mode=check",
        "schedule 40: mode=all size=large",
        "schedule 50: mode=new",
        "schedule 60: mode=check size=large",
    ];
    assert_eq!(told(&world, "a").await, expected);
    assert_eq!(world.orchestrator.upcoming("a", 2).await.unwrap(), [at(70), at(80)]);
    let spec = world.orchestrator.pipelines().await.unwrap()[0].spec.clone();
    assert_eq!(spec.as_deref(), Some("any(every 10s; every 20s; every 30s)"));
}

#[tokio::test(start_paused = true)]
async fn due_times_that_were_missed_have_the_parameters_of_their_schedules() {
    let registration = || {
        Registration::new(quick("a"))
            .misfire(godata_orchestrator::Misfire::All)
            .overlap(Overlap::BufferAll(9))
            .schedule(every(10))
            .schedule_with(every(20), params("mode=all"))
    };
    let world = World::new();
    world.register(registration()).await;
    world.clock.advance(secs(40));
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    let expected = ["schedule 10: ", "schedule 20: mode=all", "schedule 30: ", "schedule 40: mode=all"];
    assert_eq!(told(&world, "a").await, expected);
}

#[tokio::test(start_paused = true)]
async fn retries_and_repeated_runs_keep_their_parameters_when_the_registration_has_others() {
    let world = World::new();
    let old = |job| Registration::new(job).retry(RetryPolicy::attempts(2)).param("mode", "old");
    world.register(old(failing("fails", |_| Some("busy".into()))).schedule(every(10))).await;
    let (long, _script, _contexts) = gated("long");
    world.register(Registration::new(long).param("mode", "old")).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.orchestrator.run_pipeline_with("long", RunOptions::new().param("day", "1")).await.unwrap();
    world.clock.advance(secs(10));
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    settle().await;
    let queued_retry = told(&world, "fails").await;
    assert_eq!(queued_retry, ["schedule 10: mode=old", "retry 10: mode=old"]);

    let world = world.crash(|builder| builder.recovery(Recovery::Rerun).seed(fresh_seed()));
    let new = |name: &str| Registration::new(quick(name)).param("mode", "new");
    world.register(new("fails").schedule(every(10))).await;
    world.register(new("long")).await;
    world.clock.advance(secs(300));
    settle().await;
    world.orchestrator.run_pipeline("long").await.unwrap().done().await.unwrap();
    assert_eq!(told(&world, "fails").await, queued_retry);
    let rows = world.rows().await;
    let ended = |cause| rows.iter().any(|run| run.cause == cause && run.status == RunStatus::Succeeded);
    assert!(ended(Cause::Retry) && ended(Cause::Recovery), "{rows:?}");
    let expected = ["manual: day=1 mode=old", "recovery: day=1 mode=old", "manual: mode=new"];
    assert_eq!(told(&world, "long").await, expected);
}

#[tokio::test(start_paused = true)]
async fn other_parameters_are_no_edit_of_the_schedule_and_hold_from_the_registration_on() {
    let world = World::scheduled(Registration::new(quick("a")).schedule_with(every(10), params("n=1"))).await;
    world.go_to(10).await;
    let before = world.orchestrator.pipelines().await.unwrap().remove(0);
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.clock.advance(secs(10));
    world.register(Registration::new(quick("a")).schedule_with(every(10), params("n=2"))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    assert_eq!(told(&world, "a").await, ["schedule 10: n=1", "schedule 20: n=2"]);
    let after = world.orchestrator.pipelines().await.unwrap().remove(0);
    assert_eq!((before.spec.as_deref(), before.spec_since), (Some("every 10s"), after.spec_since));
    let stored = world.orchestrator.registration("a").await.unwrap().unwrap();
    assert_eq!(stored.schedule_params["every 10s"], params("n=2"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_can_t_use_its_parameters_fails_for_good_and_says_which_one() {
    #[derive(Deserialize)]
    struct Arguments {
        #[expect(dead_code, reason = "only read")]
        limit: u32,
    }
    let job = |name| {
        job_fn(name, |cx: RunContext| async move {
            let _arguments: Arguments = cx.params().extract()?;
            Ok::<(), BoxError>(())
        })
    };
    let world = World::new();
    let retry = RetryPolicy::attempts(3);
    world.register(Registration::new(job("import")).param("limit", "5").retry(retry)).await;
    world.orchestrator.run_pipeline("import").await.unwrap().done().await.unwrap().success().unwrap();
    for (options, expected) in [
        (
            RunOptions::new().param("limit", "ten"),
            "parameter `limit` has the invalid value `ten`: invalid digit found in string",
        ),
        (
            RunOptions::new().param("limit", "-1"),
            "parameter `limit` has the invalid value `-1`: invalid digit found in string",
        ),
    ] {
        let run = world.orchestrator.run_pipeline_with("import", options).await.unwrap();
        let result = world.orchestrator.last_attempt(&run).await.unwrap();
        assert_eq!(result.id, run.id(), "it is not retried");
        let row = world.row(run.id()).await;
        let error = row.error.unwrap();
        assert_eq!((row.status, error.kind), (RunStatus::Failed, FailureKind::Permanent));
        assert_eq!(error.to_string(), expected);
        let failed = result.success().unwrap_err();
        let chain = error_chain(&failed).to_string();
        assert_eq!(chain, format!("run {} of import failed: {expected}", run.id()));
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_that_can_t_be_stored_are_refused_at_the_call() {
    let world = World::new();
    let import = || Registration::new(quick("import"));
    let bad = || params("ok=1").with("day", "\0");
    for registration in [import().params(bad()), import().schedule_with(every(10), bad())] {
        let error = world.orchestrator.register_with(registration).await.unwrap_err();
        let RegisterError::Orchestrator(OrchestratorError::Nul { name, .. }) = &error else {
            panic!("{error}")
        };
        assert_eq!(name.as_deref(), Some("day"));
    }
    world.register(import().schedule(every(10))).await;
    let error = world.orchestrator.backfill("import", Backfill::at([at(0)]).params(bad())).await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Nul { .. }), "{error}");
    assert!(world.rows().await.is_empty());
}
