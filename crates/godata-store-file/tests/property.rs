//! Whatever is done to a store: its files say what a store in memory says.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use godata_core::{
    Cause, Commit, MemoryStore, OwnerId, PipelineRecord, Retention, RunKey, RunQuery, RunRecord, RunStatus,
    Store,
};
use godata_store_file::FileStore;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use support::{at, block_on, name, owner};

#[derive(Clone, Debug)]
enum Step {
    /// Commits a new run of this pipeline.
    Start(u8),
    /// Commits the end of the run that was started as this one, if it has not ended.
    End(usize),
    /// The same commit again, whose rev is no longer the expected one.
    Outdated(u8),
    /// Removes a pipeline.
    Remove(u8),
    /// Puts a run that was committed, with another reason.
    Put(usize),
    /// Puts a finished run of a pipeline that was never stored.
    Stray(u8),
    Prune(u8),
    Snapshot,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_u8).prop_map(Step::Start),
        6 => any::<usize>().prop_map(Step::End),
        1 => (0..3_u8).prop_map(Step::Outdated),
        1 => (0..3_u8).prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::Put),
        1 => (0..2_u8).prop_map(Step::Stray),
        1 => (0..4_u8).prop_map(Step::Prune),
        2 => Just(Step::Snapshot),
        2 => Just(Step::Reopen),
    ]
}

/// Asks both stores the same, and fails unless they answer the same.
macro_rules! both {
    ($file:expr, $memory:expr, $method:ident($($argument:expr),*)) => {{
        let (file, memory) = ($file.$method($($argument),*).await.unwrap(), $memory.$method($($argument),*).await.unwrap());
        assert_eq!(file, memory);
        file
    }};
}

async fn play(steps: Vec<Step>, threshold: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let open = || FileStore::builder(&path).snapshot_threshold(threshold).open().unwrap();
    let (mut file, memory) = (open(), MemoryStore::new());
    let mut started: Vec<RunRecord> = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Start(pipeline) => {
                let row = pipeline_row(&memory, pipeline).await;
                let run = new_run(&row, owner(), number);
                both!(file, memory, commit(&Commit::new(owner(), row.clone()).insert(run.clone())));
                started.push(run);
            }
            Step::End(which) if !started.is_empty() => {
                let mut run = started[which % started.len()].clone();
                let Some(row) = memory.find_pipeline(&run.pipeline_name).await.unwrap() else { continue };
                (run.status, run.ended_at) = (RunStatus::Succeeded, Some(at(number as u64)));
                let commit = Commit::new(owner(), row).update(run);
                let (file, memory) = (file.commit(&commit).await, memory.commit(&commit).await);
                assert_eq!(file.is_ok(), memory.is_ok());
                if let (Ok(file), Ok(memory)) = (file, memory) {
                    assert_eq!(file, memory);
                }
            }
            Step::Outdated(pipeline) => {
                let mut row = pipeline_row(&memory, pipeline).await;
                row.rev += 1;
                let run = new_run(&row, owner(), number);
                both!(file, memory, commit(&Commit::new(owner(), row.clone()).insert(run.clone())));
            }
            Step::Remove(pipeline) => {
                let mut row = pipeline_row(&memory, pipeline).await;
                row.removed_at = Some(at(number as u64));
                both!(file, memory, commit(&Commit::new(owner(), row.clone())));
            }
            Step::Put(which) if !started.is_empty() => {
                let id = started[which % started.len()].id;
                if let Some(mut run) = memory.find_run(id).await.unwrap() {
                    run.reason = Some(format!("put by step {number}"));
                    both!(file, memory, upsert_run(&run));
                }
            }
            Step::Stray(pipeline) => {
                let row = PipelineRecord::new(name(&format!("stray {pipeline}")), at(0));
                let mut run = new_run(&row, owner(), number);
                (run.status, run.ended_at) = (RunStatus::Succeeded, Some(at(number as u64)));
                both!(file, memory, upsert_run(&run));
            }
            Step::Prune(keep) => {
                let retention = Retention::new().keep_newest(keep.into());
                both!(file, memory, prune(&retention));
            }
            Step::Snapshot => file.snapshot().await.unwrap(),
            Step::Reopen => {
                drop(file);
                file = open();
            }
            Step::End(_) | Step::Put(_) => {}
        }
        assert_same(&file, &memory).await;
    }
    file.close().await.unwrap();
    assert_same(&open(), &memory).await;
    assert!(FileStore::verify(&path).unwrap().is_sound());
}

async fn assert_same(file: &FileStore, memory: &MemoryStore) {
    both!(file, memory, list_pipelines());
    for query in [
        RunQuery::new().limit(usize::MAX),
        RunQuery::new().active(),
        RunQuery::new().pipeline(name("pipeline 1")).status(RunStatus::Succeeded).limit(3),
    ] {
        both!(file, memory, list_runs(&query));
    }
}

async fn pipeline_row(store: &MemoryStore, pipeline: u8) -> PipelineRecord {
    let name = name(&format!("pipeline {pipeline}"));
    store.find_pipeline(&name).await.unwrap().unwrap_or_else(|| PipelineRecord::new(name, at(0)))
}

fn new_run(pipeline: &PipelineRecord, owner: OwnerId, number: usize) -> RunRecord {
    let key = RunKey::manual(&number.to_string()).unwrap();
    let created = at(number as u64 / 3);
    let mut run = RunRecord::new(&pipeline.name, key, Cause::Manual, RunStatus::Running, created);
    (run.owner, run.fence) = (Some(owner), pipeline.rev + 1);
    run
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_reopened_is_what_a_store_in_memory_has(
        steps in proptest::collection::vec(step(), 1..60),
        threshold in prop_oneof![Just(1), Just(4_000), Just(u64::MAX)],
    ) {
        block_on(play(steps, threshold));
    }
}
