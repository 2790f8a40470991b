//! Each error, as its message and as `main` prints it: with its causes, on one line.

#![allow(clippy::unwrap_used, reason = "a test that can't continue fails")]

use std::error::Error;
use std::io;
use std::sync::Arc;

use godata_core::excerpt_within;
use godata_orchestrator::time::{Duration, UtcDateTime};
use godata_orchestrator::{
    BoxError, OrchestratorBuildError, OrchestratorError, PipelineName, PipelineRecord, RegisterError,
    RegistrationInfo, RulesError, RunId, RunStatus, ScheduleFault, StoreError,
};

/// An error's message, and what its causes add to that in `main`.
type Case<E> = (E, &'static str, &'static str);

const ID: &str = "018bcfd9-3300-7000-8000-0b025cc5364e";

#[track_caller]
fn check<E: Error>((error, message, causes): Case<E>) {
    let message = message.replace("ID", ID);
    assert_eq!(error.to_string(), message);
    assert_eq!(format!("{error:?}"), format!("{message}{causes}"));
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn run() -> RunId {
    ID.parse().unwrap()
}

#[test]
fn each_register_error_reads_the_same_as_its_message_and_in_main() {
    let pipeline = || text("orders");
    let name_error = PipelineName::new("").unwrap_err();
    let why = format!(": {name_error}").leak();
    let cases: [Case<RegisterError>; 9] = [
        (
            RegisterError::AlreadyRegistered { pipeline: pipeline() },
            "pipeline `orders` is already registered: unregister it first, or give the job another name",
            "",
        ),
        (RegisterError::Name { name: text(""), source: name_error }, "`` is not a valid pipeline name", why),
        (
            RegisterError::Contradiction {
                pipeline: pipeline(),
                reason: "a timeout of zero would fail every run: set a longer one, or none",
            },
            "pipeline `orders` can't be registered: a timeout of zero would fail every run: set a longer one, or none",
            "",
        ),
        (
            RegisterError::UnknownUpstream { pipeline: pipeline(), upstream: text("import") },
            "pipeline `orders` runs after `import`, which is not known: register `import` first",
            "",
        ),
        (
            RegisterError::Cycle { pipeline: pipeline(), upstream: text("import") },
            "pipeline `orders` would run after itself, through `import`",
            "",
        ),
        (
            RegisterError::UpstreamTwice { pipeline: pipeline(), upstream: text("import") },
            "pipeline `orders` names `import` in more than one call of `after` and `after_all`, but a success counts for only one: register another pipeline for the other",
            "",
        ),
        (
            RegisterError::UnknownPool { pipeline: pipeline(), pool: text("dtabase") },
            "pipeline `orders` runs in pool `dtabase`, which the orchestrator does not have: add it to the builder",
            "",
        ),
        (
            RegisterError::SchedulePanicked { pipeline: pipeline() },
            "the schedule of pipeline `orders` panicked when it was asked for its spec",
            "",
        ),
        (
            RegisterError::Orchestrator(OrchestratorError::ShuttingDown),
            "the orchestrator is shutting down, or has shut down",
            "",
        ),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn each_orchestrator_error_reads_the_same_as_its_message_and_in_main() {
    let pipeline = || text("orders");
    let name_error = PipelineName::new("").unwrap_err();
    let why = format!(": {name_error}").leak();
    let broken = || Arc::new(StoreError::unavailable("the disk is full"));
    let unknown = |registered: &[&str], count| OrchestratorError::UnknownPipeline {
        pipeline: text("oders"),
        registered: registered.iter().map(|name| text(name)).collect(),
        count,
    };
    let in_the_way = |status, not_before| OrchestratorError::AlreadyRunning {
        pipeline: pipeline(),
        run: run(),
        status,
        not_before,
    };
    let cases: [Case<OrchestratorError>; 22] = [
        (unknown(&[], 0), "pipeline `oders` is not registered: no pipeline is", ""),
        (unknown(&[], 11), "pipeline `oders` is not registered: 11 others are", ""),
        (unknown(&["orders"], 1), "pipeline `oders` is not registered: only `orders` is", ""),
        (
            unknown(&["import", "orders"], 2),
            "pipeline `oders` is not registered: registered are `import`, `orders`",
            "",
        ),
        (OrchestratorError::SchedulerRunning, "the scheduler is already running", ""),
        (
            in_the_way(RunStatus::Running, None),
            "pipeline `orders` already has run ID, which is running: wait until it ends, or register the pipeline with another overlap rule",
            "",
        ),
        (
            in_the_way(RunStatus::Queued, None),
            "pipeline `orders` already has run ID, which is queued: wait until it ends, cancel it, or register the pipeline with another overlap rule",
            "",
        ),
        (
            in_the_way(RunStatus::Queued, Some(UtcDateTime::UNIX_EPOCH)),
            "pipeline `orders` already has run ID, which is queued until 1970-01-01T00:00:00Z: wait until it ends, cancel it, or register the pipeline with another overlap rule",
            "",
        ),
        (
            OrchestratorError::Duplicate { pipeline: pipeline(), run: run() },
            "the token or backfill name was used before in pipeline `orders`, for run ID",
            "",
        ),
        (OrchestratorError::Token { token: text(""), source: name_error }, "`` is not a valid token", why),
        (OrchestratorError::UnknownRun { run: run() }, "run ID is not in the store", ""),
        (
            OrchestratorError::BackfillSize { pipeline: pipeline(), times: 0 },
            "a backfill of pipeline `orders` has no due time: none was given, or the schedule has none in that range",
            "",
        ),
        (
            OrchestratorError::BackfillSize { pipeline: pipeline(), times: 1_001 },
            "a backfill of pipeline `orders` has more than 1000 due times: split it into several",
            "",
        ),
        (
            OrchestratorError::NoSchedule { pipeline: pipeline() },
            "pipeline `orders` has no schedule: register it with one",
            "",
        ),
        (
            OrchestratorError::BrokenSchedule { pipeline: pipeline() },
            "the schedule of pipeline `orders` panicked or went backward: correct it, and register the pipeline again",
            "",
        ),
        (
            OrchestratorError::Store { source: broken() },
            "the store failed, and nothing was changed",
            ": the store is not available: the disk is full",
        ),
        (
            OrchestratorError::Unconfirmed { run: Some(run()), source: broken() },
            "the store failed, and it is not known whether the change was made",
            ": the store is not available: the disk is full",
        ),
        (OrchestratorError::ShuttingDown, "the orchestrator is shutting down, or has shut down", ""),
        (
            OrchestratorError::Stopped,
            "the orchestrator has stopped: its loop panicked, as the log says, or its tokio runtime was dropped",
            "",
        ),
        (
            OrchestratorError::Rules { source: Arc::new(broken_rules("a", "{")) },
            "can't tell how a pipeline is registered",
            ": the stored rules of pipeline `a` can't be read: EOF while parsing an object at line 1 column 1",
        ),
        (
            OrchestratorError::Signal { source: Arc::new(io::Error::other("too many handlers")) },
            "can't listen for signals",
            ": too many handlers",
        ),
        (
            OrchestratorError::NoRuntime,
            "there is no tokio runtime: call the orchestrator from async code, such as below #[tokio::main]",
            "",
        ),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn each_build_error_and_schedule_fault_reads_the_same_as_its_message_and_in_main() {
    let pool = || text("database");
    let cases: [Case<OrchestratorBuildError>; 3] = [
        (
            OrchestratorBuildError::NoSlots,
            "the orchestrator has a concurrency of 0 and would run nothing: set at least 1",
            "",
        ),
        (
            OrchestratorBuildError::EmptyPool { pool: pool() },
            "pool `database` has 0 slots and would run nothing: give it at least 1",
            "",
        ),
        (
            OrchestratorBuildError::SamePool { pool: pool() },
            "two pools are named `database`: give each its own name",
            "",
        ),
    ];
    cases.into_iter().for_each(check);
    let given = UtcDateTime::UNIX_EPOCH;
    let cases: [Case<ScheduleFault>; 2] = [
        (ScheduleFault::Panicked, "the schedule panicked", ""),
        (
            ScheduleFault::NotAfter { after: given + Duration::SECOND, given },
            "the schedule went backward: it returned 1970-01-01T00:00:00Z as the next instant after 1970-01-01T00:00:01Z",
            "",
        ),
    ];
    cases.into_iter().for_each(check);
}

#[test]
fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
    for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
        let name = || text.clone();
        let source = PipelineName::new("").unwrap_err();
        let broken = || Arc::new(StoreError::unavailable(&*text));
        let errors: [BoxError; 22] = [
            RegisterError::AlreadyRegistered { pipeline: name() }.into(),
            RegisterError::Name { name: name(), source }.into(),
            RegisterError::Contradiction { pipeline: name(), reason: "a reason" }.into(),
            RegisterError::UnknownUpstream { pipeline: name(), upstream: name() }.into(),
            RegisterError::Cycle { pipeline: name(), upstream: name() }.into(),
            RegisterError::UpstreamTwice { pipeline: name(), upstream: name() }.into(),
            RegisterError::UnknownPool { pipeline: name(), pool: name() }.into(),
            RegisterError::SchedulePanicked { pipeline: name() }.into(),
            OrchestratorError::UnknownPipeline {
                pipeline: name(),
                registered: vec![name(); 5_000],
                count: 5_000,
            }
            .into(),
            OrchestratorError::AlreadyRunning {
                pipeline: name(),
                run: run(),
                status: RunStatus::Running,
                not_before: None,
            }
            .into(),
            OrchestratorError::Duplicate { pipeline: name(), run: run() }.into(),
            OrchestratorError::Token { token: name(), source }.into(),
            OrchestratorError::BackfillSize { pipeline: name(), times: 0 }.into(),
            OrchestratorError::NoSchedule { pipeline: name() }.into(),
            OrchestratorError::BrokenSchedule { pipeline: name() }.into(),
            OrchestratorError::Store { source: broken() }.into(),
            OrchestratorError::Unconfirmed { run: Some(run()), source: broken() }.into(),
            OrchestratorError::Rules {
                source: Arc::new(broken_rules("a", &format!("{{\"overlap\": {text:?}}}"))),
            }
            .into(),
            OrchestratorError::Signal { source: Arc::new(io::Error::other(&*text)) }.into(),
            OrchestratorError::Threads { source: Arc::new(io::Error::other(&*text)) }.into(),
            OrchestratorBuildError::EmptyPool { pool: name() }.into(),
            OrchestratorBuildError::SamePool { pool: name() }.into(),
        ];
        for error in errors {
            let chain = format!("{error:?}");
            assert!(chain.len() < 4_000 && excerpt_within(&chain, chain.len()) == chain, "{chain}");
        }
    }
}

/// The error for stored rules that can't be read.
fn broken_rules(pipeline: &str, rules: &str) -> RulesError {
    let mut row = PipelineRecord::new(PipelineName::new(pipeline).unwrap(), UtcDateTime::UNIX_EPOCH);
    row.rules = Some(rules.into());
    RegistrationInfo::stored_in(&row).unwrap_err()
}
