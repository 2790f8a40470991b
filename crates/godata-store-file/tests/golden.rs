//! Stores that earlier releases have written are read, for ever.
//!
//! `golden/vN` has the files of a store of format version N, whose process was killed: three pipelines, one of them
//! removed, with runs of each status, of which some are in the snapshot and some in the journal. To make those of a new
//! version, run `cargo test -p godata-store-file --test golden -- --ignored`, and never again.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use godata_core::{
    Cause, Commit, Covers, Failure, FailureKind, PipelineRecord, RunKey, RunQuery, RunRecord, RunStatus,
    Store as _,
};
use godata_store_file::FileStore;

use support::{at, block_on, copy_all, name, owner};

fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
}

/// A run that has something in each field.
fn run(number: u64, status: RunStatus, pipeline: &PipelineRecord) -> RunRecord {
    let key = RunKey::due(at(0), at(number));
    let mut run = RunRecord::new(&pipeline.name, key, Cause::Schedule, status, at(number));
    run.id = format!("01890a5d-ac96-774b-bcce-{number:012}").parse().unwrap();
    run.job_id = format!("01890a5d-ac96-774b-bccf-{number:012}").parse().unwrap();
    run.owner = Some(owner());
    run.due = Some(at(number));
    run.covers = Some(Covers::at_least(3, at(number)));
    run.spec_since = Some(at(0));
    run.retry_of = Some(owner().as_uuid().into());
    run.not_before = Some(at(5));
    run.params.insert("day", "2024-02-29 \u{1f980}");
    run.reason = Some("line one\nline \"two\"".into());
    if status == RunStatus::Running {
        run.fence = pipeline.rev + 1;
        run.started_at = Some(at(number));
    }
    run
}

/// What a run becomes.
fn ended(run: &RunRecord, status: RunStatus) -> RunRecord {
    let mut run = run.clone();
    run.status = status;
    run.ended_at = Some(at(100));
    run.counts.records_read = u64::MAX;
    run.error = (status == RunStatus::Failed).then(|| Failure::new(FailureKind::Failed, "no such file"));
    run
}

/// The commits of the store: the first half is in the snapshot.
fn commits() -> [Commit; 8] {
    let orders = |rev| {
        let mut row = PipelineRecord::new(name("orders"), at(0));
        row.rev = rev;
        row.spec = Some("daily 02:00 Europe/Berlin".into());
        row.cursor = (rev > 0).then(|| at(rev));
        row.options = r#"{"overlap":"skip"}"#.into();
        row.tags = ["nightly".to_owned()].into();
        row.after_seen = [(name("users"), 7)].into();
        row
    };
    let users = PipelineRecord::new(name("users"), at(0));
    let mut gone = PipelineRecord::new(name("gone \u{1f980}"), at(0));
    gone.removed_at = Some(at(9));
    let first = run(1, RunStatus::Running, &orders(0));
    let second = run(2, RunStatus::Running, &orders(2));
    let third = run(3, RunStatus::Queued, &orders(3));
    let canceled = run(4, RunStatus::Queued, &users);
    let mut users_after = users.clone();
    users_after.rev = 1;
    [
        Commit::new(owner(), orders(0)).insert(first.clone()),
        Commit::new(owner(), users).insert(canceled.clone()),
        Commit::new(owner(), gone),
        Commit::new(owner(), orders(1)).update(ended(&first, RunStatus::Failed)),
        Commit::new(owner(), orders(2)).insert(second.clone()),
        Commit::new(owner(), orders(3)).update(ended(&second, RunStatus::Succeeded)).insert(third),
        Commit::new(owner(), users_after).update(ended(&canceled, RunStatus::Canceled)),
        Commit::new(owner(), orders(4)).insert(run(5, RunStatus::Skipped, &orders(4))),
    ]
}

/// The rows that the commits lead to.
fn expected() -> (Vec<PipelineRecord>, Vec<RunRecord>) {
    let store = godata_core::MemoryStore::new();
    block_on(async {
        for commit in commits() {
            store.commit(&commit).await.unwrap();
        }
        (store.list_pipelines().await.unwrap(), store.list_runs(&RunQuery::new()).await.unwrap())
    })
}

fn assert_expected(store: &FileStore) {
    let (pipelines, runs) = expected();
    assert_eq!(block_on(store.list_pipelines()).unwrap(), pipelines);
    assert_eq!(block_on(store.list_runs(&RunQuery::new())).unwrap(), runs);
}

#[test]
fn a_store_of_version_1_is_read_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    copy_all(&golden(1), dir.path());
    let path = dir.path().join("state.json");
    assert!(FileStore::verify(&path).unwrap().is_sound());
    assert_expected(&FileStore::open_read_only(&path).unwrap());
    let store = FileStore::open(&path).unwrap();
    assert_expected(&store);
    block_on(store.snapshot()).unwrap();
    drop(store);
    assert_expected(&FileStore::open(&path).unwrap());
}

#[test]
#[ignore = "it writes the files that the others read"]
fn write_the_files_of_this_version() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let store = FileStore::open(&path).unwrap();
    for (number, commit) in commits().into_iter().enumerate() {
        if number == 4 {
            block_on(store.snapshot()).unwrap();
        }
        block_on(store.commit(&commit)).unwrap();
    }
    fs::create_dir_all(golden(1)).unwrap();
    for file in ["state.json", "state.json.journal"] {
        fs::copy(dir.path().join(file), golden(1).join(file)).unwrap();
    }
}
