//! What a shared store in memory tells other instances.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use futures::{FutureExt as _, StreamExt as _};
use godata_core::{
    AnyStore, Cause, Change, Changes, Clock as _, Commit, Committed, ManualClock, MemoryStore, OwnerId,
    PipelineName, PipelineRecord, RunId, RunKey, RunRecord, RunStatus, Store as _, SystemClock,
};

fn heard(changes: &mut Changes) -> Vec<Change> {
    std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect()
}

async fn commit(store: &AnyStore, commit: Commit) -> PipelineRecord {
    let rev = commit.pipeline.rev + 1;
    assert_eq!(store.commit(&commit).await.unwrap(), Committed::Done(rev));
    let mut pipeline = commit.pipeline;
    pipeline.rev = rev;
    pipeline
}

fn queued(pipeline: &PipelineRecord) -> RunRecord {
    let key = RunKey::manual_run(RunId::generate());
    RunRecord::new(&pipeline.name, key, Cause::Manual, RunStatus::Queued, SystemClock.now())
}

#[tokio::test]
async fn others_hear_of_free_runs_of_requests_to_stop_and_of_ends() {
    let now = SystemClock.now();
    let store = AnyStore::new(MemoryStore::with_clock(ManualClock::new(now)));
    let [owner, other] = [(); 2].map(|()| OwnerId::generate());
    let name = PipelineName::new("orders").unwrap();
    let mut changes = store.changes();
    let pipeline = commit(&store, Commit::new(owner, PipelineRecord::new(name.clone(), now))).await;
    assert_eq!(heard(&mut changes), []);

    let mut run = queued(&pipeline);
    let twice = Commit::new(owner, pipeline.clone()).insert(run.clone()).insert(queued(&pipeline));
    let pipeline = commit(&store, twice).await;
    assert_eq!(heard(&mut changes), [Change::Queued(name.clone())]);

    (run.status, run.owner, run.fence) = (RunStatus::Running, Some(owner), pipeline.rev + 1);
    let pipeline = commit(&store, Commit::new(owner, pipeline).update(run.clone())).await;
    assert_eq!(heard(&mut changes), []);

    run.cancel_requested_at = Some(now);
    let pipeline = commit(&store, Commit::new(other, pipeline).update(run.clone())).await;
    assert_eq!(heard(&mut changes), [Change::Cancel(run.id)]);

    (run.status, run.ended_at) = (RunStatus::Canceled, Some(now));
    commit(&store, Commit::new(owner, pipeline).update(run)).await;
    assert_eq!(heard(&mut changes), [Change::Ended(name)]);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_hears_that_it_has_missed_some() {
    let now = SystemClock.now();
    let store = AnyStore::new(MemoryStore::with_clock(ManualClock::new(now)));
    let mut changes = store.changes();
    let mut pipeline = PipelineRecord::new(PipelineName::new("orders").unwrap(), now);
    for _ in 0..2_000 {
        let run = queued(&pipeline);
        pipeline = commit(&store, Commit::new(OwnerId::generate(), pipeline).insert(run)).await;
    }
    let heard = heard(&mut changes);
    assert_eq!(heard.first(), Some(&Change::Lost));
    assert!(heard.len() < 2_000, "{}", heard.len());
}
