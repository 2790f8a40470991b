//! What the clauses assume: a row is read as it was put, and found by every query that it matches.

use std::collections::BTreeMap;
use std::time::Duration;

use super::trial::{Fixture, Trial, at, name, new_pipeline, ok};
use crate::{
    AnyStore, Cause, Covers, Failure, FailureKind, OwnerId, Params, PipelineName, PipelineRecord, RunId,
    RunKey, RunQuery, RunRecord, RunStatus, Store,
};

/// A row is read as it was last put, with every field. Rows that were never put are not found.
pub async fn clause_00_rows_are_read_as_they_were_put<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let (mut pipeline, mut run) = full_rows();
    assert_eq!(
        ok(store.find_pipeline(&pipeline.name).await),
        None,
        "a pipeline that was never put is not found"
    );
    assert_eq!(ok(store.find_run(run.id).await), None, "a run that was never put is not found");
    assert_eq!(ok(store.list_pipelines().await), [], "a new store lists no pipelines");
    assert_eq!(ok(store.list_runs(&RunQuery::new()).await), [], "a new store lists no runs");

    for put in ["first", "second"] {
        ok(store.upsert_pipeline(&pipeline).await);
        ok(store.upsert_run(&run).await);
        let found = ok(store.find_pipeline(&pipeline.name).await);
        assert_eq!(found.as_ref(), Some(&pipeline), "a pipeline is found as the {put} put wrote it");
        let found = ok(store.find_run(run.id).await);
        assert_eq!(found.as_ref(), Some(&run), "a run is found as the {put} put wrote it");
        (pipeline.rev, pipeline.spec, pipeline.cursor) = (u64::MAX >> 1, None, None);
        pipeline.rules = None;
        (run.status, run.error, run.covers, run.report) = (RunStatus::Succeeded, None, None, None);
    }

    for other in ["Z", "a", "ä", "日本 /%'\"\\"] {
        ok(store.upsert_pipeline(&new_pipeline(other)).await);
    }
    let listed: Vec<_> = ok(store.list_pipelines().await).into_iter().map(|row| row.name).collect();
    let mut expected: Vec<PipelineName> = ["Z", "a", "ä", "日本 /%'\"\\"].map(name).into();
    expected.push(pipeline.name.clone());
    expected.sort();
    assert_eq!(listed, expected, "pipelines are listed in the order of the bytes of their names");

    if trial.fixture.durable() {
        drop(store);
        let store = trial.open().await;
        let listed = ok(store.list_pipelines().await).len();
        assert_eq!(listed, expected.len(), "a durable store has all pipelines after it was opened again");
        let found = ok(store.find_run(run.id).await);
        assert!(found.is_some(), "a durable store has the run after it was opened again");
    }
}

/// Rows in which no field has its default, with texts that are hard to store.
fn full_rows() -> (PipelineRecord, RunRecord) {
    let hard = "line\nbreak \"quoted\" 'single' \\ % _ ä€𝄞 \u{1}\u{1b}\u{7f}\u{9b} \r\t \u{200b}\u{202e}\u{2028}\u{feff}\u{e0041}";
    let mut pipeline = new_pipeline("full");
    pipeline.rev = 7;
    pipeline.enabled = false;
    pipeline.paused_at = Some(at(1) + Duration::from_millis(1));
    pipeline.removed_at = Some(at(2));
    pipeline.spec = Some(hard.into());
    pipeline.spec_since = at(3);
    pipeline.cursor = Some(at(4));
    pipeline.next_due = Some(at(5));
    pipeline.open_skip = Some(RunId::generate());
    pipeline.after_seen = BTreeMap::from([(name("upstream"), 3)]);
    pipeline.last_success_rev = 6;
    pipeline.options = hard.into();
    pipeline.rules = Some(hard.into());
    pipeline.tags = [hard.to_owned(), String::new()].into();
    pipeline.updated_at = at(5);

    let key = RunKey::due(at(3), at(4));
    let mut run = RunRecord::new(&pipeline.name, key, Cause::Schedule, RunStatus::Failed, at(6));
    run.due = Some(at(4));
    run.covers = Some(Covers::at_least(3, at(3)));
    run.spec_since = Some(at(3));
    run.attempt = 2;
    run.interruptions = 1;
    run.retry_of = Some(RunId::generate());
    run.params = Params::new().with("day", hard).with("", "");
    run.reason = Some(hard.into());
    run.not_before = Some(at(7));
    run.cancel_requested_at = Some(at(8));
    run.owner = Some(OwnerId::generate());
    run.fence = 7;
    run.started_at = Some(at(9) + Duration::from_millis(999));
    run.ended_at = Some(at(10));
    let mut failure = Failure::new(FailureKind::Transient, hard.repeat(1_000));
    failure.causes = vec![hard.into(), String::new(), "a: b".into()];
    failure.retry_after = Some(Duration::from_millis(1_500));
    run.error = Some(failure);
    run.counts.records_read = u64::MAX >> 1;
    (run.counts.records_written, run.counts.records_rejected) = (2, 3);
    run.counts.bytes_read = 3;
    run.counts.bytes_written = 4;
    run.report = Some(hard.into());
    (pipeline, run)
}

/// Each query finds exactly the runs that match, newest first by `created_at` and then id. Together, pages of any size
/// contain each of these runs once.
pub async fn clause_00_pages_are_newest_first_and_complete<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let owners = [OwnerId::generate(), OwnerId::generate()];
    let mut runs = Vec::new();
    for n in 0..40_u32 {
        let pipeline = name(["a", "b", "a "][n as usize % 2]);
        let key = RunKey::manual_run(RunId::generate());
        let status = RunStatus::ALL[n as usize % RunStatus::ALL.len()];
        // Several runs have the same instant, so that their ids decide the order.
        let mut run = RunRecord::new(&pipeline, key, Cause::Manual, status, at(u64::from(n * 7 % 10)));
        run.owner = owners.get(n as usize % 3).copied();
        ok(store.upsert_run(&run).await);
        runs.push(run);
    }
    let some = &runs[17];
    for query in [
        RunQuery::new(),
        RunQuery::new().pipeline(name("a")),
        RunQuery::new().pipeline(name("nobody")),
        RunQuery::new().active(),
        RunQuery::new().status(RunStatus::Failed).status(RunStatus::Queued),
        RunQuery::new().owner(owners[1]),
        RunQuery::new().owner(owners[0]).active().pipeline(name("a")),
        RunQuery::new().pipeline(some.pipeline_name.clone()).key(some.key.clone()),
        RunQuery::new().after(some),
    ] {
        let expected = query.select(&runs);
        let found = ok(store.list_runs(&query).await);
        assert_eq!(found, expected, "a query finds exactly what matches, newest first: {query:?}");
        for size in [1, 3] {
            assert_eq!(
                pages(&store, query.clone().limit(size)).await,
                expected,
                "pages of {size} contain what one large page does: {query:?}"
            );
        }
        let none = ok(store.list_runs(&query.clone().limit(0)).await);
        assert_eq!(none, [], "a limit of 0 finds nothing: {query:?}");
    }
}

async fn pages(store: &AnyStore, mut query: RunQuery) -> Vec<RunRecord> {
    let mut all = Vec::new();
    loop {
        let page = ok(store.list_runs(&query).await);
        let (found, limit) = (page.len(), query.limit);
        assert!(found <= limit, "a query returned {found} runs, and its limit is {limit}: {query:?}");
        let Some(last) = page.last() else { return all };
        query = query.after(last);
        all.extend(page);
    }
}
