//! What each public error prints: its own message in `Display`, and its whole chain in `Debug`, as `main` prints it.

#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

use std::sync::Arc;

use godata_core::{
    BoxError, Cancellation, Cause, Commit, Covers, Failure, FailureKind, JobEnd, Missed, NameError, OwnerId,
    ParamError, Params, Permanent, PipelineName, PipelineRecord, RunContext, RunHandle, RunId, RunKey,
    RunRecord, RunStatus, RunnerError, StopReason, StoreError, Stored, SystemClock, Transient, check_commit,
    excerpt_within,
};
use time::UtcDateTime;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn id() -> RunId {
    ID.parse().unwrap()
}

#[track_caller]
fn check(error: impl Into<BoxError>, display: &str, debug: &str) {
    let error = error.into();
    assert_eq!(error.to_string(), display);
    assert_eq!(format!("{error:?}"), debug);
}

/// Checks an error without a source.
#[track_caller]
fn check_alone(error: impl Into<BoxError>, message: &str) {
    check(error, message, message);
}

#[test]
fn ids_and_names() {
    let message = "`17` is not a run id (expected a UUID)";
    let cause = uuid::Uuid::parse_str("17").unwrap_err();
    check("17".parse::<RunId>().unwrap_err(), message, &format!("{message}: {cause}"));
    check_alone(NameError::Empty, "a name must not be empty");
    check_alone(
        NameError::TooLong { bytes: 201, max: 200 },
        "a name has at most 200 bytes, and this one has 201",
    );
    check_alone(
        NameError::HiddenCharacter { character: '\u{202e}' },
        r"a name must not contain control or invisible characters, and this one has `\u{202e}`",
    );
    check_alone(NameError::OuterWhitespace, "a name must not start or end with white space");
}

#[test]
fn parameters() {
    check_alone(ParamError::Missing { name: "limit".into() }, "parameter `limit` is missing");
    check(
        Params::new().with("limit", "ten").parse::<u8>("limit").unwrap_err(),
        "parameter `limit` has the invalid value `ten`",
        "parameter `limit` has the invalid value `ten`: invalid digit found in string",
    );
    let expected = ["day", "limit"].map(str::to_owned).into();
    check_alone(
        ParamError::Unknown { name: "limt".into(), expected },
        "parameter `limt` is not known: expected `day`, `limit`",
    );
    check(
        Params::new().extract::<u8>().unwrap_err(),
        "the parameters can't be used",
        "the parameters can't be used: invalid type: map, expected u8",
    );
}

#[test]
fn errors_of_jobs() {
    let cancellation = Cancellation::new();
    cancellation.cancel();
    check_alone(cancellation.check().unwrap_err(), "the run was canceled");
    check(Transient::new("busy"), "temporary failure", "temporary failure: busy");
    check(Permanent::new("no such column"), "permanent failure", "permanent failure: no such column");
    check_alone(
        Failure::from_error(&Transient::new(Permanent::new("busy"))),
        "temporary failure: permanent failure: busy",
    );
}

#[test]
fn missed_events() {
    check_alone(Missed::new(1), "the reader fell behind and missed 1 event");
    check_alone(Missed::new(2), "the reader fell behind and missed 2 events");
}

fn run() -> (RunHandle, godata_core::ActiveRun) {
    RunHandle::new("import", RunContext::new().with_run_id(id()), Arc::new(SystemClock))
}

#[track_caller]
fn check_unsuccessful(end: Option<JobEnd>, stop: Option<StopReason>, display: &str, debug: &str) {
    let (handle, run) = run();
    if let Some(reason) = stop {
        handle.stop_because(reason);
    }
    if let Some(end) = end {
        run.end(end);
        check(handle.result().success().unwrap_err(), display, debug);
    } else {
        check(handle.result().success().unwrap_err(), display, debug);
        run.start();
        check(
            handle.result().success().unwrap_err(),
            &display.replace("queued", "running"),
            &debug.replace("queued", "running"),
        );
    }
}

#[test]
fn runs_that_did_not_succeed() {
    let failed = JobEnd::Failed(Failure::new(FailureKind::Failed, "orders.csv: no such file"));
    check_unsuccessful(
        Some(failed),
        None,
        &format!("run {ID} of import failed"),
        &format!("run {ID} of import failed: orders.csv: no such file"),
    );
    let canceled = format!("run {ID} of import was canceled");
    check_unsuccessful(Some(JobEnd::Dropped), Some(StopReason::Requested), &canceled, &canceled);
    let interrupted = format!("run {ID} of import was interrupted");
    check_unsuccessful(Some(JobEnd::Dropped), None, &interrupted, &interrupted);
    let queued = format!("run {ID} of import has not ended: it is queued");
    check_unsuccessful(None, None, &queued, &queued);
}

#[tokio::test]
async fn results_that_were_not_stored() {
    let (handle, run) = run();
    run.end(JobEnd::Succeeded);
    let message = format!("the result of run {ID} was not stored");

    let (waiting, completer) = handle.clone().with_completer();
    completer.fail(StoreError::unavailable("connection refused"));
    let error = waiting.done().await.unwrap_err();
    check(error, &message, &format!("{message}: the store is not available: connection refused"));

    let (waiting, completer) = handle.with_completer();
    drop(completer);
    check_alone(waiting.done().await.unwrap_err(), &message);
}

#[test]
fn runners() {
    check_alone(RunnerError::ShuttingDown, "the runner is shutting down and starts no more runs");
    check_alone(
        RunnerError::NoRuntime,
        "there is no tokio runtime to run the job on; call the runner from within one",
    );
    check_alone(
        RunnerError::UnknownPool { pool: "dtabase".into() },
        "the runner has no pool `dtabase`; pools are added when the runner is built",
    );
    check_alone(
        RunnerError::Duplicate { run: id() },
        &format!("run {ID} was already started; make a new context for each run"),
    );
    check_alone(
        RunnerError::UnknownRun { run: id() },
        &format!("the runner does not know run {ID}: it did not start it, or has forgotten its result"),
    );
}

#[test]
fn stores() {
    check(
        StoreError::unavailable("connection refused"),
        "the store is not available",
        "the store is not available: connection refused",
    );
    check(
        StoreError::full("no space left on device"),
        "the store has no space left",
        "the store has no space left: no space left on device",
    );
    check_alone(
        StoreError::Locked { place: "state.json".into(), pid: Some(17), host: Some("vm".into()) },
        "state.json is in use by process 17 on vm; one process at a time may open it: stop that process, or wait for it",
    );
    check_alone(
        StoreError::Locked { place: "state.json".into(), pid: None, host: None },
        "state.json is in use; one process at a time may open it: stop that process, or wait for it",
    );
    check(
        StoreError::corrupt("runs.json, line 7", "unexpected end of file"),
        "the store is damaged at runs.json, line 7",
        "the store is damaged at runs.json, line 7: unexpected end of file",
    );
    check(
        StoreError::invalid("a text of run 1 contains NUL"),
        "the store refused an invalid request",
        "the store refused an invalid request: a text of run 1 contains NUL",
    );
}

/// One run of a stored pipeline, both as they are stored.
struct Rows {
    owner: OwnerId,
    pipeline: PipelineRecord,
    run: RunRecord,
}

impl Rows {
    fn new(status: RunStatus) -> Self {
        let now = UtcDateTime::UNIX_EPOCH;
        let owner = OwnerId::generate();
        let mut pipeline = PipelineRecord::new(PipelineName::new("orders").unwrap(), now);
        (pipeline.rev, pipeline.cursor) = (1, Some(now));
        let key = RunKey::manual("deploy").unwrap();
        let mut run = RunRecord::new(&pipeline.name, key, Cause::Manual, status, now);
        (run.id, run.owner) = (id(), Some(owner));
        Self { owner, pipeline, run }
    }

    /// The commit that writes the row of the run as it is stored.
    fn commit(&self) -> Commit {
        Commit::new(self.owner, self.pipeline.clone())
    }

    #[track_caller]
    fn check(&self, commit: &Commit, cause: &str) {
        let runs = [self.run.clone()];
        let stored = Stored::new(Some(&self.pipeline), &runs).dead(&[]);
        let error = check_commit(commit, &stored).unwrap_err();
        let message = "the store refused an invalid request";
        check(error, message, &format!("{message}: {cause}"));
    }
}

#[test]
fn commits_that_break_the_contract() {
    let rows = Rows::new(RunStatus::Running);
    let update = |change: &dyn Fn(&mut RunRecord)| {
        let mut run = rows.run.clone();
        change(&mut run);
        rows.commit().update(run)
    };

    let mut commit = rows.commit();
    commit.pipeline.pending.push(rows.run.clone());
    let cause = "the commit of pipeline `orders` has pending rows; only the default `commit` may set them";
    rows.check(&commit, cause);

    let mut commit = rows.commit();
    commit.pipeline.cursor = None;
    rows.check(
        &commit,
        "the cursor of pipeline `orders` goes back from 1970-01-01 0:00:00.0 +00 to none; it may only do so with a new `spec_since`",
    );

    let other = PipelineName::new("items").unwrap();
    rows.check(
        &update(&|run| run.pipeline_name = other.clone()),
        &format!("run {ID} belongs to pipeline `items`, and the commit is for `orders`"),
    );
    rows.check(
        &update(&|_| ()).update(rows.run.clone()),
        &format!("run {ID} or its key manual/deploy appears twice in the commit"),
    );
    rows.check(
        &update(&|run| run.reason = Some("\0".into())),
        &format!("run {ID} has a NUL character in its reason, which can't be stored"),
    );
    rows.check(
        &update(&|run| run.status = RunStatus::Queued),
        &format!("run {ID} can't change from running to queued"),
    );
    rows.check(
        &update(&|run| run.attempt = 2),
        &format!("run {ID} changes in a field that is fixed once it is inserted"),
    );
    rows.check(
        &update(&|run| run.fence = 7),
        &format!("the owner or the fence of running run {ID} is not the one of the commit"),
    );

    let mut commit = update(&|run| run.status = RunStatus::Succeeded);
    commit.owner = OwnerId::generate();
    rows.check(&commit, &format!("only the owner of run {ID} may change it from running to succeeded"));

    let unknown = RunRecord::new(
        &rows.pipeline.name,
        RunKey::manual("other").unwrap(),
        Cause::Manual,
        RunStatus::Succeeded,
        UtcDateTime::UNIX_EPOCH,
    );
    rows.check(
        &rows.commit().update(unknown.clone()),
        &format!("run {} can't be updated: it is not stored", unknown.id),
    );
    rows.check(
        &rows.commit().insert(unknown.clone()),
        &format!("new run {} is succeeded; it must be queued, running or skipped", unknown.id),
    );
}

#[test]
fn a_commit_that_shrinks_the_open_skip() {
    let mut rows = Rows::new(RunStatus::Skipped);
    rows.run.covers = Some(Covers::exactly(2, UtcDateTime::UNIX_EPOCH));
    rows.pipeline.open_skip = Some(rows.run.id);
    let mut shrunk = rows.run.clone();
    shrunk.covers = Some(Covers::exactly(1, UtcDateTime::UNIX_EPOCH));
    rows.check(
        &rows.commit().update(shrunk),
        &format!("the open skip {ID} may only grow in `due`, `covers.count` and `ended_at`"),
    );
}

#[test]
fn no_error_prints_a_character_that_a_terminal_obeys_or_a_text_without_end() {
    for text in ["a\n\u{1b}[2J\u{202e}\u{200b}\u{2028}\u{9b}\u{e0041}".to_owned(), "x".repeat(1 << 20)] {
        let text = &*text;
        let params = Params::new().with(text, text);
        let (handle, run) = RunHandle::new(text, RunContext::new(), Arc::new(SystemClock));
        run.end(JobEnd::Failed(Failure::new(FailureKind::Failed, text)));
        let errors: [BoxError; 14] = [
            text.parse::<RunId>().unwrap_err().into(),
            params.parse::<u32>(text).unwrap_err().into(),
            Params::new().parse::<u32>(text).unwrap_err().into(),
            params.extract::<std::collections::BTreeMap<String, u32>>().unwrap_err().into(),
            ParamError::Unknown { name: text.into(), expected: vec![text.into()] }.into(),
            Transient::new(text).into(),
            Permanent::new(text).into(),
            Failure::from_error(&Transient::new(text)).into(),
            handle.result().success().unwrap_err().into(),
            RunnerError::UnknownPool { pool: text.into() }.into(),
            StoreError::unavailable(text).into(),
            StoreError::Locked { place: text.into(), pid: None, host: Some(text.into()) }.into(),
            StoreError::corrupt(text, text).into(),
            StoreError::invalid(text).into(),
        ];
        for error in errors {
            let (message, chain) = (error.to_string(), format!("{error:?}"));
            assert!(message.len() < 2_500 || error.is::<Failure>(), "{}", message.len());
            assert!(message.len() <= Failure::MAX_BYTES && chain.len() < 2 * Failure::MAX_BYTES);
            assert_eq!(
                [excerpt_within(&message, message.len()), excerpt_within(&chain, chain.len())],
                [message, chain]
            );
        }
    }
}
