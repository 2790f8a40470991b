//! Pipelines that run after all of several others.

use godata_core::{AnyStore, Cause, ManualClock, MemoryStore, RunRecord, RunStatus};
use godata_orchestrator::{Backfill, RegisterError, Registration};

use crate::support::{World, at, failing, fresh_seed, gated, quick, secs, settle};

impl World {
    /// Registers jobs that end at once.
    async fn register_quick(&self, names: &[&str]) {
        for name in names {
            self.register(Registration::new(quick(name))).await;
        }
    }

    /// Runs pipelines one after the other, and what runs after them.
    async fn run(&self, names: &str) {
        for name in names.split_whitespace() {
            self.orchestrator.run_pipeline(name).await.unwrap().done().await.unwrap();
            settle().await;
        }
    }

    async fn runs_of(&self, pipeline: &str) -> Vec<RunRecord> {
        let rows = self.rows().await.into_iter();
        rows.filter(|run| run.pipeline_name.as_str() == pipeline).collect()
    }

    /// How many runs of `report` followed others.
    async fn reports(&self) -> usize {
        self.runs_of("report").await.iter().filter(|run| run.cause == Cause::After).count()
    }
}

/// Three pipelines, and a report after all of `a` and `b`, or after `c`.
async fn reporting() -> World {
    let world = World::new();
    world.register_quick(&["a", "b", "c"]).await;
    world.register(Registration::new(quick("report")).after_all(["a", "b"]).after("c")).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_runs_each_time_that_all_of_a_group_have_succeeded_since_its_last_run() {
    for (runs, reports) in [
        ("", 0),
        ("a a a", 0),
        ("a b", 1),
        ("b a", 1),
        ("a a b", 1),
        ("a b b b", 1),
        ("a b b a", 2),
        ("a b a b", 2),
        // A run after `c` answers neither `a` nor `b`.
        ("c", 1),
        ("a c b", 2),
        ("a c c b a", 3),
        // Nor does a run by hand.
        ("a report b", 1),
    ] {
        let world = reporting().await;
        world.run(runs).await;
        assert_eq!(world.reports().await, reports, "{runs}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_group_still_waits_for_survives_a_crash() {
    let world = reporting().await;
    world.run("a").await;
    world.clock.advance(secs(1));
    let world = world.crash(|builder| builder.seed(fresh_seed()));
    world.register_quick(&["a", "b", "c"]).await;
    world.register(Registration::new(quick("report")).after_all(["b", "a"]).after("c")).await;
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    assert_eq!(world.reports().await, 0);
    world.run("b").await;
    assert_eq!(world.reports().await, 1);
    world.run("b").await;
    assert_eq!(world.reports().await, 1);
    let stored = world.orchestrator.registration("report").await.unwrap().unwrap();
    assert_eq!(stored.after, ["c".to_owned()].into());
    assert_eq!(stored.after_all, [["a", "b"].map(str::to_owned).into()].into());
}

#[tokio::test(start_paused = true)]
async fn failures_and_backfills_do_not_complete_a_group() {
    let world = World::new();
    world.register(Registration::new(failing("a", |_| Some("no".into())))).await;
    world.register_quick(&["b"]).await;
    world.register(Registration::new(quick("report")).after_all(["a", "b"])).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.run("a b").await;
    world.orchestrator.backfill("a", Backfill::at([at(0)])).await.unwrap();
    settle().await;
    assert_eq!(world.reports().await, 0);
}

#[tokio::test(start_paused = true)]
async fn successes_during_a_run_that_complete_the_group_again_lead_to_one_run_after_it() {
    let world = World::new();
    let (job, script, _contexts) = gated("report");
    world.register_quick(&["a", "b"]).await;
    world.register(Registration::new(job).after_all(["a", "b"])).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.run("a b a a b b a").await;
    assert_eq!(world.reports().await, 1);
    script.let_go(9);
    settle().await;
    let runs = world.runs_of("report").await;
    assert_eq!(runs.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Succeeded; 2]);
    world.run("a").await;
    assert_eq!(world.reports().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_another_registration_makes_of_known_pipelines_keeps_what_was_seen() {
    let world = World::new();
    world.register_quick(&["a", "b"]).await;
    world.register(Registration::new(quick("report")).after("a").after("b")).await;
    world.run("a").await;
    assert_eq!(world.reports().await, 0, "the scheduler is not started");
    world.orchestrator.unregister("report").await.unwrap();
    world.register(Registration::new(quick("report")).after_all(["a", "b"])).await;
    world.orchestrator.start_scheduler().await.unwrap();
    settle().await;
    assert_eq!(world.reports().await, 0);
    world.run("b").await;
    assert_eq!(world.reports().await, 1);
}

#[tokio::test(start_paused = true)]
async fn successes_in_two_instances_complete_a_group_once() {
    let clock = ManualClock::new(at(0));
    let store = AnyStore::new(MemoryStore::with_clock(clock.clone()));
    let worlds =
        [(); 2].map(|()| World::on(clock.clone(), store.clone(), |builder| builder.seed(fresh_seed())));
    for world in &worlds {
        world.register_quick(&["a", "b"]).await;
        world.register(Registration::new(quick("report")).after_all(["a", "b"])).await;
        world.orchestrator.start_scheduler().await.unwrap();
    }
    let [first, second] = worlds;
    for reports in 1..4 {
        first.run("a").await;
        second.run("b").await;
        tokio::time::sleep(secs(60)).await;
        assert_eq!(second.reports().await, reports);
    }
}

#[tokio::test(start_paused = true)]
async fn groups_that_can_t_be_followed_are_refused() {
    let world = World::new();
    world.register_quick(&["a", "b"]).await;
    world.register(Registration::new(quick("d")).after_all(["a", "b"])).await;
    let c = || Registration::new(quick("c"));
    for (registration, reason) in [
        (c().after_all(["a", "x"]), "pipeline `c` runs after `x`, which is not known: register `x` first"),
        (c().after_all(["a", "c"]), "pipeline `c` would run after itself, through `c`"),
        (c().after_all(["x\n"]), r"`x\n` is not a valid pipeline name"),
        (
            c().after_all(Vec::<String>::new()),
            "pipeline `c` can't be registered: it runs after all of no pipelines: name at least one in after_all",
        ),
        (c().after("a").after_all(["b", "a"]), TWICE),
        (c().after_all(["b", "a"]).after_all(["a", "d"]), TWICE),
    ] {
        let error = world.orchestrator.register_with(registration).await.unwrap_err();
        assert_eq!(error.to_string(), reason);
    }
    world.orchestrator.unregister("a").await.unwrap();
    let closing = Registration::new(quick("a")).after_all(["b", "d"]);
    let error = world.orchestrator.register_with(closing).await.unwrap_err();
    assert!(matches!(error, RegisterError::Cycle { .. }), "{error}");
    world.register(c().after("b").after("b").after_all(["d", "d"])).await;
}

const TWICE: &str = "pipeline `c` names `a` in more than one call of `after` and `after_all`, but a success counts for only one: \
                     register another pipeline for the other";
