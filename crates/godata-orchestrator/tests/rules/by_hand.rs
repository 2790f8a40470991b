//! Runs by hand, events, and shutdowns.

use godata_core::{
    AnyStore, BoxError, Cause, MemoryStore, RunContext, RunQuery, RunStatus, StopReason, job_fn,
};
use godata_orchestrator::{Event, OrchestratorError, Overlap, RegisterError, Registration, RunOptions};

use crate::support::{World, count, every, gated, quick, secs, settle};

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_is_durable_when_the_call_returns_and_done_when_its_final_row_is_durable() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline_with("a", RunOptions::new().param("day", "7")).await.unwrap();
    let row = world.row(run.id()).await;
    assert_eq!(
        (row.status, row.cause, row.params.get("day")),
        (RunStatus::Running, Cause::Manual, Some("7"))
    );
    assert_eq!(row.job_id, run.job_id());
    script.let_go(1);
    let result = run.done().await.unwrap();
    assert_eq!(result.status, RunStatus::Succeeded);
    assert_eq!(world.row(run.id()).await.status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_second_run_by_hand_is_refused_or_queued_by_the_overlap_rule() {
    for (overlap, expected) in [
        (Overlap::Skip, [None, None]),
        (Overlap::BufferOne, [Some(RunStatus::Queued), None]),
        (Overlap::BufferAll(2), [Some(RunStatus::Queued), Some(RunStatus::Queued)]),
        (Overlap::Allow, [Some(RunStatus::Running), Some(RunStatus::Running)]),
    ] {
        let world = World::new();
        let (job, script, _contexts) = gated("a");
        world.register(Registration::new(job).overlap(overlap)).await;
        let first = world.orchestrator.run_pipeline("a").await.unwrap();
        let mut accepted = vec![first.clone()];
        for status in expected {
            match (world.orchestrator.run_pipeline("a").await, status) {
                (Ok(run), Some(status)) => {
                    assert_eq!(world.row(run.id()).await.status, status, "{overlap:?}");
                    accepted.push(run);
                }
                (Err(OrchestratorError::AlreadyRunning { run, .. }), None) => assert_eq!(run, first.id()),
                (answer, status) => panic!("{overlap:?}: {answer:?}, not {status:?}"),
            }
        }
        assert_eq!(world.rows().await.len(), accepted.len(), "a run that is refused has no row");
        script.let_go(accepted.len());
        for run in accepted {
            assert_eq!(run.done().await.unwrap().status, RunStatus::Succeeded, "{overlap:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_makes_a_second_call_harmless() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::Allow)).await;
    let ask = || world.orchestrator.run_pipeline_with("a", RunOptions::new().token("deploy"));
    let first = ask().await.unwrap();
    assert_eq!(ask().await.unwrap().id(), first.id());
    script.let_go(1);
    first.done().await.unwrap();
    let error = ask().await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Duplicate { run, .. } if run == first.id()), "{error}");
    assert_eq!(world.rows().await.len(), 1);
    let error = world.orchestrator.run_pipeline_with("a", RunOptions::new().token("")).await.unwrap_err();
    assert!(matches!(error, OrchestratorError::Token { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_canceled_while_it_is_queued_and_while_it_runs() {
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::BufferAll(9))).await;
    let running = world.orchestrator.run_pipeline("a").await.unwrap();
    let queued = world.orchestrator.run_pipeline("a").await.unwrap();
    let given_up = world.orchestrator.run_pipeline("a").await.unwrap();
    world.orchestrator.cancel(queued.id()).await.unwrap();
    given_up.stop();
    world.orchestrator.cancel(running.id()).await.unwrap();
    for run in [running, queued, given_up] {
        assert_eq!(run.done().await.unwrap().status, RunStatus::Canceled);
        assert_eq!(world.row(run.id()).await.status, RunStatus::Canceled);
        world.orchestrator.cancel(run.id()).await.unwrap();
    }
    let unknown = godata_core::RunId::generate();
    let error = world.orchestrator.cancel(unknown).await.unwrap_err();
    assert!(matches!(error, OrchestratorError::UnknownRun { run } if run == unknown));
}

#[tokio::test(start_paused = true)]
async fn no_more_jobs_run_than_there_are_slots_and_the_other_runs_are_queued() {
    let store = godata_core::AnyStore::new(godata_core::MemoryStore::new());
    let world = World::with(store, |builder| builder.concurrency(3).pool("db", 1));
    let mut scripts = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let (job, script, _contexts) = gated(name);
        let registration = Registration::new(job).overlap(Overlap::Allow);
        let registration = if name < "d" { registration.pool("db") } else { registration };
        world.register(registration).await;
        scripts.push((script, _contexts));
    }
    let mut runs = Vec::new();
    for name in ["a", "b", "c", "d", "e", "d"] {
        runs.push(world.orchestrator.run_pipeline(name).await.unwrap());
    }
    let statuses = async || {
        let mut statuses = Vec::new();
        for run in &runs {
            statuses.push(world.row(run.id()).await.status.to_string());
        }
        statuses.join(" ")
    };
    assert_eq!(statuses().await, "running queued queued running running queued");
    scripts[4].0.let_go(1);
    settle().await;
    assert_eq!(statuses().await, "running queued queued running succeeded running");
    scripts[0].0.let_go(1);
    settle().await;
    assert_eq!(statuses().await, "succeeded running queued running succeeded running");
    for (script, _) in &scripts {
        script.let_go(9);
    }
    settle().await;
    assert_eq!(count(&world.rows().await, RunStatus::Succeeded), 6);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_many_queued_runs_does_not_keep_slots_from_the_others() {
    let store = godata_core::AnyStore::new(godata_core::MemoryStore::new());
    let world = World::with(store, |builder| builder.concurrency(1));
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::BufferAll(9))).await;
    world.register(Registration::new(quick("b"))).await;
    for _ in 0..4 {
        world.orchestrator.run_pipeline("a").await.unwrap();
    }
    let waiting = world.orchestrator.run_pipeline("b").await.unwrap();
    script.let_go(1);
    settle().await;
    assert_eq!(world.row(waiting.id()).await.status, RunStatus::Succeeded);
    script.let_go(3);
    settle().await;
    assert_eq!(count(&world.rows().await, RunStatus::Succeeded), 5);
}

#[tokio::test(start_paused = true)]
async fn the_slot_of_a_run_is_released_even_if_its_pipeline_was_unregistered() {
    let store = godata_core::AnyStore::new(godata_core::MemoryStore::new());
    let world = World::with(store, |builder| builder.pool("db", 1));
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).pool("db")).await;
    world.register(Registration::new(quick("b")).pool("db")).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    let waiting = world.orchestrator.run_pipeline("b").await.unwrap();
    world.orchestrator.unregister("a").await.unwrap();
    script.let_go(1);
    assert_eq!(waiting.done().await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn events_of_a_run_come_in_order_and_after_its_rows_are_durable() {
    let world = World::new();
    world.register(Registration::new(quick("a")).schedule(every(10))).await;
    let mut events = world.orchestrator.events();
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(10).await;
    let Event::Started(started) = events.next().await.unwrap().unwrap() else { panic!("no start") };
    let Event::Ended(ended) = events.next().await.unwrap().unwrap() else { panic!("no end") };
    assert_eq!(
        (started.status, ended.status, started.id),
        (RunStatus::Running, RunStatus::Succeeded, ended.id)
    );
    assert_eq!(world.row(ended.id).await, *ended);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_jobs_end_and_reports_each_run() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::BufferAll(9))).await;
    let (stubborn, _script, _contexts) = gated("b");
    world.register(Registration::new(stubborn)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    let queued = world.orchestrator.run_pipeline("a").await.unwrap();
    let cut_short = world.orchestrator.run_pipeline("b").await.unwrap();
    let ending = tokio::spawn({
        let orchestrator = world.orchestrator.clone();
        async move { orchestrator.shutdown(secs(30)).await }
    });
    settle().await;
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::ShuttingDown), "{error}");
    script.let_go(1);
    let report = ending.await.unwrap();
    let became: Vec<_> = report.runs.iter().map(|run| (run.id, run.status)).collect();
    assert!(became.contains(&(run.id(), RunStatus::Succeeded)), "{became:?}");
    assert!(became.contains(&(cut_short.id(), RunStatus::Interrupted)), "{became:?}");
    assert_eq!((report.queued, report.unsaved), (vec![queued.id()], vec![]));
    assert_eq!(world.row(run.id()).await.status, RunStatus::Succeeded);
    assert_eq!(world.row(cut_short.id()).await.status, RunStatus::Interrupted);
    assert_eq!(world.row(queued.id()).await.status, RunStatus::Queued);
    assert_eq!(queued.finished().await.status, RunStatus::Interrupted);
    queued.done().await.unwrap_err();
    let error = world.orchestrator.run_pipeline("a").await.unwrap_err();
    assert!(matches!(error, OrchestratorError::ShuttingDown), "{error}");
    assert!(world.orchestrator.events().next().await.is_none(), "nothing follows");
}

#[tokio::test(start_paused = true)]
async fn the_scheduler_stops_and_starts_again() {
    let world = World::scheduled(Registration::new(quick("a")).schedule(every(10))).await;
    let error = world.orchestrator.start_scheduler().await.unwrap_err();
    assert!(matches!(error, OrchestratorError::SchedulerRunning));
    world.go_to(10).await;
    world.orchestrator.stop_scheduler().await.unwrap();
    world.go_to(35).await;
    assert_eq!(world.story().await, ["schedule succeeded 10"]);
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    assert_eq!(world.story().await, ["schedule succeeded 10", "skipped 20..20 x1", "schedule succeeded 30"]);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_handle_is_dropped_jobs_end_and_their_rows_are_written() {
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(10).await;
    let World { clock, store, orchestrator } = world;
    drop(orchestrator);
    settle().await;
    clock.advance(secs(60));
    script.let_go(9);
    settle().await;
    let rows = godata_core::Store::list_runs(&store, &RunQuery::new()).await.unwrap();
    assert_eq!(rows.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Succeeded]);
}

#[tokio::test(start_paused = true)]
async fn the_history_is_a_table_with_counts_and_errors() {
    let world = World::new();
    let job = crate::support::failing("a", |_| Some("no such column".into()));
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("b"))).await;
    for name in ["a", "b"] {
        world.orchestrator.run_pipeline(name).await.unwrap().done().await.unwrap();
    }
    let table = world.orchestrator.history(&RunQuery::new()).await.unwrap().to_string();
    for text in ["failed", "succeeded", "no such column", "2 runs"] {
        assert!(table.contains(text), "{text} is not in\n{table}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_row_and_the_result_of_a_run_keep_the_report_that_its_job_has_set() {
    for (name, status) in
        [("good", RunStatus::Succeeded), ("bad", RunStatus::Failed), ("slow", RunStatus::Failed)]
    {
        let world = World::new();
        let job = job_fn(name, move |cx: RunContext| async move {
            cx.progress().set_report("{}")?;
            cx.progress().set_report(format!(r#"{{"job":"{name}"}}"#))?;
            match name {
                "good" => Ok(()),
                "bad" => Err("bad".into()),
                _ => std::future::pending().await,
            }
        });
        world.register(Registration::new(job).timeout(secs(9))).await;
        let result = world.orchestrator.run_pipeline(name).await.unwrap().done().await.unwrap();
        let report = Some(format!(r#"{{"job":"{name}"}}"#));
        assert_eq!((result.status, result.report.as_deref()), (status, report.as_deref()));
        assert_eq!(world.row(result.id).await.report, report);
    }
}

#[tokio::test(start_paused = true)]
async fn the_result_of_a_run_says_why_it_was_asked_to_stop() {
    type Answers = fn(&RunContext) -> Result<(), BoxError>;
    let answers: [Answers; 3] = [|_cx| Ok(()), |cx| Ok(cx.check()?), |_cx| Err("no space left".into())];
    let minute = secs(60);
    for (reason, statuses) in [
        (StopReason::TimedOut(minute), [RunStatus::Failed; 3]),
        (StopReason::Requested, [RunStatus::Succeeded, RunStatus::Canceled, RunStatus::Failed]),
        (StopReason::Shutdown, [RunStatus::Succeeded, RunStatus::Interrupted, RunStatus::Failed]),
    ] {
        for (answer, status) in answers.into_iter().zip(statuses) {
            for by_handle in [true, false] {
                let world = World::new();
                let job = job_fn("a", move |cx: RunContext| async move {
                    cx.cancellation().canceled().await;
                    answer(&cx)
                });
                world.register(Registration::new(job).timeout(minute)).await;
                let run = world.orchestrator.run_pipeline("a").await.unwrap();
                settle().await;
                match reason {
                    StopReason::Requested if by_handle => run.stop(),
                    StopReason::Requested => world.orchestrator.cancel(run.id()).await.unwrap(),
                    StopReason::Shutdown => drop(world.orchestrator.shutdown(secs(1)).await),
                    _ => {}
                }
                let result = run.done().await.unwrap();
                assert_eq!((result.stop_reason, result.status), (Some(reason), status));
                assert_eq!(world.row(run.id()).await.status, status, "{reason:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_queued_run_that_is_canceled_says_that_it_was_asked_to_stop() {
    let world = World::with(AnyStore::new(MemoryStore::new()), |builder| builder.concurrency(1));
    let (job, _script, _contexts) = gated("long");
    world.register(Registration::new(job)).await;
    world.register(Registration::new(quick("a"))).await;
    let _long = world.orchestrator.run_pipeline("long").await.unwrap();
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    world.orchestrator.cancel(run.id()).await.unwrap();
    let result = run.done().await.unwrap();
    assert_eq!((result.stop_reason, result.status), (Some(StopReason::Requested), RunStatus::Canceled));
}

/// Every other character is stored and read back.
#[tokio::test(start_paused = true)]
async fn a_nul_is_refused_at_the_call_with_its_place_and_other_control_characters_are_kept() {
    let world = World::new();
    let import = || Registration::new(job_fn("import", |_cx| async { Ok(()) }));
    let refused = |error: &RegisterError, what: &str| {
        let message =
            format!("pipeline `import` has a NUL character in its {what}, which can't be stored: remove it");
        assert_eq!(error.to_string(), message);
    };
    let orchestrator = &world.orchestrator;
    refused(&orchestrator.register_with(import().tag("a\0b")).await.unwrap_err(), r"tag `a\u{0}b`");
    refused(&orchestrator.register_with(import().options("\0")).await.unwrap_err(), "options");
    let odd = "\u{1}\u{1b}[2J\n\u{7f}\u{9b}\u{202e}\u{2028}\u{feff}\u{e0041}";
    orchestrator.register_with(import().tag(odd).options(odd)).await.unwrap();
    assert_eq!(orchestrator.pipelines().await.unwrap()[0].options, odd);

    for (name, value) in [("day", "a\0b"), ("day\0", "")] {
        let run = orchestrator
            .run_pipeline_with("import", RunOptions::new().param("a", "b").param(name, value))
            .await;
        let error = run.unwrap_err();
        assert!(matches!(&error, OrchestratorError::Nul { name: Some(it), .. } if it == name), "{error}");
    }
    assert_eq!(orchestrator.history(&RunQuery::new()).await.unwrap().runs, []);
    let run = orchestrator.run_pipeline_with("import", RunOptions::new().param(odd, odd)).await.unwrap();
    run.done().await.unwrap();
    assert_eq!(orchestrator.history(&RunQuery::new()).await.unwrap().runs[0].params.get(odd), Some(odd));
}
