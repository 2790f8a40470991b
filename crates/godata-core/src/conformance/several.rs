//! What several instances, pages and command lines read.

use std::time::Duration;

use super::trial::{Fixture, Trial, assert_stored, at, commit, name, new_pipeline, new_run, ok};
use crate::{
    Cause, Commit, Committed, OwnerId, PipelineName, PipelineRecord, RunId, RunKey, RunQuery, RunRecord,
    RunStatus, Store, Tally,
};

/// The newest runs and the counts are those of a query, in a store that knows `since` and in one that does not.
pub async fn clause_00_counts_and_newest_runs_agree_with_queries<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let mut runs = Vec::new();
    for n in 0..60_u64 {
        let pipeline = name(["a", "b", "c"][n as usize % 3]);
        let status = RunStatus::ALL[n as usize % RunStatus::ALL.len()];
        let key = RunKey::manual_run(RunId::generate());
        let run = RunRecord::new(&pipeline, key, Cause::Manual, status, at(n * 7 % 20));
        ok(store.upsert_run(&run).await);
        runs.push(run);
    }
    let names = ["c", "nobody", "a"].map(name);
    for count in [0, 1, 5, 100] {
        let newest = ok(store.newest_runs(&names, count).await);
        let expected =
            |name: &PipelineName| RunQuery::new().pipeline(name.clone()).limit(count).select(&runs);
        assert_eq!(newest, names.each_ref().map(expected), "the newest {count} runs of each pipeline");
    }
    for query in [
        RunQuery::new(),
        RunQuery::new().since(at(10)),
        RunQuery::new().since(at(1_000)),
        RunQuery::new().since(at(5)).pipeline(name("a")),
        RunQuery::new().since(at(5)).status(RunStatus::Failed).status(RunStatus::Skipped),
        RunQuery::new().status(RunStatus::Interrupted),
        RunQuery::new().active(),
    ] {
        let expected = query.select(&runs);
        assert_eq!(ok(store.list_runs(&query).await), expected, "{query:?}");
        let all = expected.len() as u64;
        for most in [0, 1, all, all + 1, u64::MAX] {
            let tally = ok(store.tally(&query.clone().limit(1), most).await);
            assert_eq!((tally.total(), tally.is_complete), (all.min(most), all <= most), "{query:?}, {most}");
            let mut counted = Tally::default();
            expected.iter().take(tally.total() as usize).for_each(|run| counted.add(run.status));
            if tally.is_complete {
                assert_eq!(tally, counted, "{query:?}");
            }
        }
    }
}

/// Exactly the pipelines with another rev are returned, with what a decision about them needs.
pub async fn clause_00_changed_pipelines_are_found_by_their_revs<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    let owner = OwnerId::generate();
    let mut rows = Vec::new();
    for text in ["a", "b", "c"] {
        let mut pipeline = new_pipeline(text);
        let mut skip = new_run(&pipeline, owner, RunStatus::Skipped);
        (skip.due, skip.ended_at, pipeline.open_skip) = (Some(at(5)), Some(at(5)), Some(skip.id));
        let runs = [
            skip,
            new_run(&pipeline, owner, RunStatus::Queued),
            new_run(&pipeline, owner, RunStatus::Running),
        ];
        let pipeline =
            commit(&store, runs.iter().cloned().fold(Commit::new(owner, pipeline), Commit::insert)).await;
        rows.push((pipeline, runs));
    }
    let known =
        |revs: [u64; 4]| ["a", "b", "c", "absent"].map(name).into_iter().zip(revs).collect::<Vec<_>>();
    assert_eq!(ok(other.refresh(&known([1, 1, 1, 0])).await), [], "nothing has changed");
    let (pipeline, runs) = &mut rows[1];
    let ended = RunRecord { status: RunStatus::Succeeded, ended_at: Some(at(9)), ..runs[2].clone() };
    *pipeline = commit(&store, Commit::new(owner, pipeline.clone()).update(ended)).await;

    let mut changed = ok(other.refresh(&known([0, 1, 1, 4])).await);
    changed.sort_by(|one, other| one.name.cmp(&other.name));
    let names: Vec<_> = changed.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["a", "absent", "b"], "those that are stored with another rev");
    assert_eq!((&changed[1].pipeline, changed[1].runs.len()), (&None, 0));
    for (found, (pipeline, runs), active) in [(&changed[0], &rows[0], 3), (&changed[2], &rows[1], 2)] {
        assert_eq!(found.pipeline.as_ref(), Some(pipeline));
        let mut found = found.runs.clone();
        found.sort_by_key(|run| run.id);
        let mut expected = runs[..active].to_vec();
        expected.sort_by_key(|run| run.id);
        assert_eq!(found, expected, "the queued and running runs, and the open skip");
    }
    assert_eq!(ok(store.refresh(&[]).await), []);
}

/// The pipelines with queued runs that nobody owns and that may start now are listed once, page by page.
pub async fn clause_00_queued_runs_without_an_owner_are_claimable<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    let owner = OwnerId::generate();
    let now = ok(store.now().await);
    let hour = Duration::from_secs(3_600);
    for (text, status, is_free, not_before) in [
        ("b", RunStatus::Queued, true, None),
        ("a", RunStatus::Queued, true, now.map(|now| now - hour)),
        ("ä", RunStatus::Queued, true, None),
        ("later", RunStatus::Queued, true, now.map(|now| now + hour)),
        ("owned", RunStatus::Queued, false, None),
        ("running", RunStatus::Running, false, None),
    ] {
        let mut pipeline = new_pipeline(text);
        for _ in 0..3 {
            let mut run = new_run(&pipeline, owner, status);
            run.owner = run.owner.filter(|_| !is_free);
            run.not_before = not_before;
            pipeline = commit(&store, Commit::new(owner, pipeline).insert(run)).await;
        }
    }
    let mut expected = vec!["a", "b", "ä"];
    if now.is_none() {
        expected.insert(2, "later");
    }
    let found = async |after: Option<&str>, limit| {
        let after = after.map(name);
        ok(other.claimable(after.as_ref(), limit).await)
    };
    assert_eq!(found(None, 100).await, *expected.iter().map(|text| name(text)).collect::<Vec<_>>());
    assert_eq!(found(None, 2).await, ["a", "b"].map(name));
    assert_eq!(found(Some("a"), 1).await, ["b"].map(name));
    assert_eq!(found(Some("ä"), 100).await, []);
}

/// What one handle has read or written, it does not take for what is stored after a commit by the other one.
pub async fn clause_02_handles_see_each_others_commits<F: Fixture>(trial: &Trial<F>) {
    let handles = trial.two_handles().await;
    let owner = OwnerId::generate();
    let mut pipeline = new_pipeline("orders");
    let mut last: Option<RunRecord> = None;
    for round in 0..20 {
        let [store, other] = [&handles[round % 2], &handles[(round + 1) % 2]];
        let stale = Commit::new(owner, pipeline.clone());
        let run = new_run(&pipeline, owner, RunStatus::Running);
        let mut next = Commit::new(owner, pipeline).insert(run.clone());
        if let Some(before) = last.replace(run.clone()) {
            // The other handle has started it.
            next = next.update(RunRecord { status: RunStatus::Succeeded, ended_at: Some(at(9)), ..before });
        }
        pipeline = commit(store, next).await;
        let conflict = Committed::Conflict(Some(Box::new(pipeline.clone())));
        assert_eq!(
            ok(other.commit(&stale).await),
            conflict,
            "a commit to a row that the other handle has changed"
        );
        assert_stored(other, &pipeline, &[&run]).await;
    }
}

/// Many pipelines, each of which several handles commit to at the same time, and one commit of a thousand runs. A store that is
/// not shared gets fewer.
pub async fn clause_10_many_commits_at_once_all_end<F: Fixture>(trial: &Trial<F>) {
    let [first, second] = trial.two_handles().await;
    let owner = OwnerId::generate();
    // A store for one process may write all its rows for each of them.
    let (pipelines, runs) = if first.shared() { (50, 1_000) } else { (5, 50) };
    let committers = (0..4 * pipelines).map(|n: usize| {
        let store = [&first, &second][n % 2].clone();
        let name = name(&format!("pipeline {}", n / 4));
        async move {
            let mut made = 0;
            while made < 3 {
                let row = ok(store.find_pipeline(&name).await);
                let row = row.unwrap_or_else(|| PipelineRecord::new(name.clone(), at(0)));
                let run = new_run(&row, owner, RunStatus::Queued);
                match ok(store.commit(&Commit::new(owner, row).insert(run)).await) {
                    Committed::Done(_) => made += 1,
                    Committed::Conflict(_) => {}
                    answer => panic!("{answer:?}"),
                }
            }
        }
    });
    trial.concurrently(committers.collect::<Vec<_>>()).await;
    let rows = ok(second.list_pipelines().await);
    assert_eq!(
        (rows.len(), rows.iter().all(|row| row.rev == 12)),
        (pipelines, true),
        "four handles, three commits each"
    );
    let active = ok(first.tally(&RunQuery::new().active(), u64::MAX).await);
    assert_eq!(active.total(), 12 * pipelines as u64);

    let pipeline = new_pipeline("backfill");
    let runs: Vec<_> = (0..runs).map(|_| new_run(&pipeline, owner, RunStatus::Queued)).collect();
    let pipeline =
        commit(&first, runs.iter().cloned().fold(Commit::new(owner, pipeline), Commit::insert)).await;
    let query = RunQuery::new().pipeline(pipeline.name.clone()).limit(usize::MAX);
    assert_eq!(ok(second.list_runs(&query).await), query.select(&runs));
}
