//! Clauses 1 to 5 and 10: the effects of a commit, and which commits are refused.

use std::time::Duration;

use futures::FutureExt as _;

use super::trial::{
    Fixture, Trial, assert_stored, at, commit, invalid, name, new_pipeline, new_run, ok, skip, stored,
    yield_now,
};
use crate::{
    AnyStore, Commit, Committed, Covers, Failure, FailureKind, OwnerId, Params, PipelineName, PipelineRecord,
    RunCounts, RunId, RunKey, RunQuery, RunRecord, RunStatus, Store,
};

/// All of an acknowledged commit is stored, also after reopening. Nothing of a refused commit is. A commit whose future
/// is dropped at any point has happened completely or not at all.
pub async fn clause_01_a_commit_is_all_or_nothing_and_durable<F: Fixture>(trial: &Trial<F>) {
    let mut store = trial.open().await;
    let owner = OwnerId::generate();
    let (pipeline, mut first) = stored(&store, owner, "orders", RunStatus::Running).await;
    (first.status, first.ended_at) = (RunStatus::Failed, Some(at(2)));
    first.report = Some(r#"{"steps":[{"name":"filter","in":2,"out":1}]}"#.into());
    let (a, b) =
        (new_run(&pipeline, owner, RunStatus::Queued), new_run(&pipeline, owner, RunStatus::Skipped));
    let all = Commit::new(owner, pipeline).update(first.clone()).insert(a.clone()).insert(b.clone());
    let pipeline = commit(&store, all).await;
    assert_stored(&store, &pipeline, &[&first, &a, &b]).await;

    let c = new_run(&pipeline, owner, RunStatus::Queued);
    let mut edited = pipeline.clone();
    edited.options = "edited".into();
    let refused = Commit::new(owner, edited)
        .insert(c.clone())
        .insert(RunRecord { id: RunId::generate(), ..first.clone() });
    assert_eq!(ok(store.commit(&refused).await), Committed::Duplicate(first.id));
    assert_stored(&store, &pipeline, &[&first, &a, &b]).await;
    assert_eq!(ok(store.find_run(c.id).await), None, "a refused commit wrote a run");

    if trial.fixture.durable() {
        drop(store);
        store = trial.open().await;
        assert_stored(&store, &pipeline, &[&first, &a, &b]).await;
    }

    let mut pipeline = pipeline;
    for polls in 0..40 {
        let (x, y) =
            (new_run(&pipeline, owner, RunStatus::Queued), new_run(&pipeline, owner, RunStatus::Queued));
        let mut next = Commit::new(owner, pipeline.clone()).insert(x.clone()).insert(y.clone());
        next.pipeline.options = format!("after {polls} polls");
        poll_and_drop(polls, store.commit(&next)).await;
        let row = settled(&store, owner, &pipeline.name).await;
        let found = [ok(store.find_run(x.id).await), ok(store.find_run(y.id).await)];
        let happened = row.rev == pipeline.rev + 2;
        assert!(happened || row.rev == pipeline.rev + 1, "a dropped commit happened twice");
        let options = if happened { &next.pipeline.options } else { &pipeline.options };
        assert_eq!(row.options, *options, "a dropped commit wrote a part of the pipeline's row");
        for (run, found) in [x, y].into_iter().zip(found) {
            assert_eq!(found, happened.then_some(run), "a dropped commit wrote a part of its rows");
        }
        pipeline = row;
    }
}

/// Makes a commit that changes nothing but the rev. A store may drive a commit on after its future was dropped; if it has not
/// arrived before this one, it never will. Returns the row.
async fn settled(store: &AnyStore, owner: OwnerId, name: &PipelineName) -> PipelineRecord {
    loop {
        let row = ok(store.find_pipeline(name).await).expect("the pipeline is stored");
        match ok(store.commit(&Commit::new(owner, row.clone())).await) {
            Committed::Done(rev) => return PipelineRecord { rev, ..row },
            Committed::Conflict(_) => {}
            answer => panic!("{answer:?}"),
        }
    }
}

/// Polls a future up to `polls` times and drops it.
async fn poll_and_drop(polls: usize, future: impl Future) {
    let mut future = std::pin::pin!(future.fuse());
    for _ in 0..polls {
        if future.as_mut().now_or_never().is_some() {
            return;
        }
        // Lets other tasks run, such as the ones that the future has spawned.
        yield_now().await;
    }
}

/// Of concurrent commits with the same rev, exactly one succeeds. The others get its row as a conflict.
pub async fn clause_02_one_commit_per_rev_succeeds<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let mut stores = vec![store.clone(); 4];
    if store.shared() {
        stores.push(trial.open().await);
    }
    let mut pipeline = new_pipeline("orders");
    for round in 0..25 {
        let attempts = (0..8).map(|n| {
            let (store, owner) = (stores[n % stores.len()].clone(), OwnerId::generate());
            let mut row = pipeline.clone();
            row.options = format!("round {round}, attempt {n}");
            let run = new_run(&row, owner, RunStatus::Queued);
            async move {
                let answer = ok(store.commit(&Commit::new(owner, row.clone()).insert(run.clone())).await);
                (answer, row, run)
            }
        });
        let rev = pipeline.rev + 1;
        let answers = trial.concurrently(attempts.collect::<Vec<_>>()).await;
        let winners: Vec<_> = answers.iter().filter(|(answer, ..)| *answer == Committed::Done(rev)).collect();
        assert_eq!(winners.len(), 1, "exactly one commit per rev succeeds");
        let row = PipelineRecord { rev, ..winners[0].1.clone() };
        assert_stored(&store, &row, &[&winners[0].2]).await;
        for (answer, _, run) in answers.iter().filter(|(answer, ..)| *answer != Committed::Done(rev)) {
            assert_eq!(*answer, Committed::Conflict(Some(Box::new(row.clone()))));
            assert_eq!(ok(store.find_run(run.id).await), None, "a refused commit wrote its run");
        }
        pipeline = row;
    }

    let owner = OwnerId::generate();
    let future = PipelineRecord { rev: pipeline.rev + 1, ..pipeline.clone() };
    let expected = Committed::Conflict(Some(Box::new(pipeline.clone())));
    assert_eq!(ok(store.commit(&Commit::new(owner, future)).await), expected);
    let other = PipelineRecord { created_at: at(1), ..pipeline };
    assert_eq!(ok(store.commit(&Commit::new(owner, other)).await), expected, "another `created_at`");
    let absent = PipelineRecord { rev: 3, ..new_pipeline("absent") };
    assert_eq!(ok(store.commit(&Commit::new(owner, absent)).await), Committed::Conflict(None));
}

/// Inserted ids and keys are new, status changes are allowed, terminal rows are final, and identities never change. Only
/// the open skip may grow.
pub async fn clause_03_runs_change_only_as_allowed<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    let owner = OwnerId::generate();

    for from in [RunStatus::Queued, RunStatus::Running, RunStatus::Succeeded, RunStatus::Skipped] {
        for to in RunStatus::ALL {
            let (pipeline, run) = stored(&store, owner, &format!("{from} to {to}"), from).await;
            let mut next = run.clone();
            next.status = to;
            if to == RunStatus::Running && from == RunStatus::Queued {
                next.fence = pipeline.rev + 1;
            }
            let change = Commit::new(owner, pipeline.clone()).update(next.clone());
            if from.may_become(to) {
                let pipeline = commit(&other, change).await;
                assert_stored(&store, &pipeline, &[&next]).await;
            } else {
                invalid(&format!("{from} to {to}"), &other.commit(&change).await);
                assert_stored(&store, &pipeline, &[&run]).await;
            }
        }
    }

    let (pipeline, run) = stored(&store, owner, "orders", RunStatus::Running).await;
    let (elsewhere, _) = stored(&store, owner, "elsewhere", RunStatus::Queued).await;
    let changed = |change: &dyn Fn(&mut RunRecord)| {
        let mut next = run.clone();
        change(&mut next);
        Commit::new(owner, pipeline.clone()).update(next)
    };
    let inserted = |change: &dyn Fn(&mut RunRecord)| {
        let mut new = new_run(&pipeline, owner, RunStatus::Queued);
        change(&mut new);
        Commit::new(owner, pipeline.clone()).insert(new)
    };
    for (what, change) in [
        ("another key", changed(&|run| run.key = RunKey::manual_run(run.id))),
        ("another due time", changed(&|run| run.due = Some(at(9)))),
        ("other parameters", changed(&|run| run.params = Params::new().with("a", "b"))),
        ("another creation", changed(&|run| run.created_at = at(9))),
        ("another owner", changed(&|run| run.owner = Some(OwnerId::generate()))),
        ("an unknown run", changed(&|run| run.id = RunId::generate())),
        ("a NUL in a reason", changed(&|run| run.reason = Some("\0".into()))),
        ("a NUL in an error", {
            let mut failure = Failure::new(FailureKind::Failed, "");
            failure.message = "\0".into();
            changed(&|run| run.error = Some(failure.clone()))
        }),
        ("a NUL in a cause", {
            let mut failure = Failure::new(FailureKind::Failed, "read failed");
            failure.causes = vec!["a".into(), "\0".into()];
            changed(&|run| run.error = Some(failure.clone()))
        }),
        ("a NUL in a report", changed(&|run| run.report = Some("\0".into()))),
        ("a NUL in the name of a parameter", inserted(&|run| run.params = Params::new().with("a\0", "b"))),
        ("a NUL in the value of a parameter", inserted(&|run| run.params = Params::new().with("a", "\0b"))),
        ("a NUL in an option", {
            let mut options = changed(&|_| ());
            options.pipeline.options = "a\0b".into();
            options
        }),
        ("a NUL in the rules", {
            let mut rules = changed(&|_| ());
            rules.pipeline.rules = Some("a\0b".into());
            rules
        }),
        ("a NUL in a tag", {
            let mut tags = changed(&|_| ());
            tags.pipeline.tags = ["a".to_owned(), "\0".to_owned()].into();
            tags
        }),
        ("a NUL in a spec", {
            let mut spec = changed(&|_| ());
            spec.pipeline.spec = Some("\0".into());
            spec
        }),
        ("the end of another owner's run", {
            let mut finish = changed(&|run| run.status = RunStatus::Succeeded);
            finish.owner = OwnerId::generate();
            finish
        }),
        ("the same run twice", changed(&|_| ()).update(run.clone())),
        ("a run of another pipeline", Commit::new(owner, elsewhere).update(run.clone())),
        ("the insertion of a run that has ended", {
            let ended = new_run(&pipeline, owner, RunStatus::Succeeded);
            Commit::new(owner, pipeline.clone()).insert(ended)
        }),
    ] {
        invalid(what, &store.commit(&change).await);
    }
    assert_stored(&store, &pipeline, &[&run]).await;

    let same_id = RunRecord { key: RunKey::manual_run(RunId::generate()), ..run.clone() };
    let same_key = RunRecord { id: RunId::generate(), ..run.clone() };
    for again in [same_id, same_key] {
        let answer = ok(store.commit(&Commit::new(owner, pipeline.clone()).insert(again)).await);
        assert_eq!(answer, Committed::Duplicate(run.id));
    }
    let mut other = new_pipeline("same key");
    let mut same_key = new_run(&other, owner, RunStatus::Queued);
    same_key.key = run.key.clone();
    other = commit(&store, Commit::new(owner, other).insert(same_key.clone())).await;
    assert_stored(&store, &other, &[&same_key]).await;

    let asked = RunRecord { cancel_requested_at: Some(at(3)), ..run.clone() };
    let pipeline = commit(&store, Commit::new(owner, pipeline).update(asked.clone())).await;
    let withdrawn = Commit::new(owner, pipeline.clone()).update(run);
    invalid("the withdrawal of a request to stop", &store.commit(&withdrawn).await);
    assert_stored(&store, &pipeline, &[&asked]).await;

    other_owners_only_ask_to_stop(&store).await;
    the_open_skip_grows(&store).await;
}

async fn other_owners_only_ask_to_stop(store: &AnyStore) {
    let (owner, other) = (OwnerId::generate(), OwnerId::generate());
    for status in [RunStatus::Queued, RunStatus::Running] {
        let (pipeline, run) = stored(store, owner, &format!("another's {status}"), status).await;
        let changes: [(&str, RunRecord); 6] = [
            ("not_before", RunRecord { not_before: Some(at(9)), ..run.clone() }),
            ("started_at", RunRecord { started_at: Some(at(9)), ..run.clone() }),
            ("ended_at", RunRecord { ended_at: Some(at(9)), ..run.clone() }),
            ("error", RunRecord { error: Some(Failure::new(FailureKind::Failed, "no")), ..run.clone() }),
            ("counts", RunRecord { counts: RunCounts { records_read: 9, ..run.counts }, ..run.clone() }),
            ("report", RunRecord { report: Some("{}".into()), ..run.clone() }),
        ];
        for (what, next) in &changes {
            let change = Commit::new(other, pipeline.clone()).update(next.clone());
            invalid(
                &format!("a change of {what} of another owner's {status} run"),
                &store.commit(&change).await,
            );
        }
        let why = Some("by hand".to_owned());
        let asked = RunRecord { cancel_requested_at: Some(at(3)), reason: why, ..run };
        let mut pipeline = commit(store, Commit::new(other, pipeline).update(asked.clone())).await;
        assert_stored(store, &pipeline, &[&asked]).await;
        for (_, next) in changes {
            let own = RunRecord { cancel_requested_at: Some(at(3)), ..next };
            pipeline = commit(store, Commit::new(owner, pipeline).update(own.clone())).await;
            assert_stored(store, &pipeline, &[&own]).await;
        }
    }
}

async fn the_open_skip_grows(store: &AnyStore) {
    let owner = OwnerId::generate();
    let mut pipeline = new_pipeline("skips");
    let mut skip = new_run(&pipeline, owner, RunStatus::Skipped);
    (skip.due, skip.covers, skip.ended_at) = (Some(at(5)), Some(Covers::exactly(1, at(5))), Some(at(5)));
    pipeline.open_skip = Some(skip.id);
    let pipeline = commit(store, Commit::new(owner, pipeline).insert(skip.clone())).await;

    let mut grown = skip.clone();
    (grown.due, grown.covers, grown.ended_at) = (Some(at(7)), Some(Covers::exactly(3, at(5))), Some(at(7)));
    let mut pipeline = commit(store, Commit::new(owner, pipeline).update(grown.clone())).await;
    assert_stored(store, &pipeline, &[&grown]).await;
    let with_reason = RunRecord { reason: Some("why".into()), ..grown.clone() };
    for (what, next) in [("an open skip that shrinks", skip), ("another reason of an open skip", with_reason)]
    {
        invalid(what, &store.commit(&Commit::new(owner, pipeline.clone()).update(next)).await);
    }

    pipeline.open_skip = None;
    let pipeline = commit(store, Commit::new(owner, pipeline)).await;
    grown.due = Some(at(8));
    invalid("the growth of a closed skip", &store.commit(&Commit::new(owner, pipeline).update(grown)).await);
}

/// The cursor does not go back, unless `spec_since` changes.
pub async fn clause_04_the_cursor_does_not_go_back<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let owner = OwnerId::generate();
    let mut pipeline = new_pipeline("orders");
    for seconds in [10, 10, 20] {
        pipeline.cursor = Some(at(seconds));
        pipeline = commit(&store, Commit::new(owner, pipeline)).await;
    }
    for cursor in [Some(at(19)), None] {
        let back = PipelineRecord { cursor, ..pipeline.clone() };
        invalid("a cursor that goes back", &store.commit(&Commit::new(owner, back)).await);
        assert_stored(&store, &pipeline, &[]).await;
    }
    (pipeline.spec, pipeline.spec_since, pipeline.cursor) = (Some("edited".into()), at(5), Some(at(5)));
    let pipeline = commit(&store, Commit::new(owner, pipeline)).await;
    assert_stored(&store, &pipeline, &[]).await;
}

/// A shared store compares a due time with its own clock, not with the clock of the caller.
pub async fn clause_05_a_shared_store_compares_due_times_with_its_own_clock<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    if !store.shared() {
        return skip("clause 5", "the store is not shared");
    }
    let now = ok(store.now().await).expect("a shared store has a clock");
    let owner = OwnerId::generate();
    let hour = Duration::from_secs(3_600);
    let pipeline = new_pipeline("orders");
    let early = Commit::new(owner, pipeline.clone()).due_not_after_now(now + hour);
    match ok(store.commit(&early).await) {
        Committed::NotYet(shown) => assert!(shown >= now && shown < now + hour, "{shown}"),
        answer => panic!("an hour early: {answer:?}"),
    }
    assert_eq!(ok(store.find_pipeline(&pipeline.name).await), None);
    let pipeline = commit(&store, Commit::new(owner, pipeline).due_not_after_now(now)).await;
    assert_stored(&store, &pipeline, &[]).await;
}

/// While a commit to one pipeline is suspended, commits to other pipelines complete. All methods may be called
/// concurrently.
pub async fn clause_10_pipelines_do_not_wait_for_each_other<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    assert_eq!(ok(store.list_pipelines().await), [], "the first call also opens the store for all others");
    let owner = OwnerId::generate();
    let slow = new_pipeline("slow");
    let run = new_run(&slow, owner, RunStatus::Queued);
    let slow = Commit::new(owner, slow).insert(run);
    let mut suspended = Box::pin(store.commit(&slow).fuse());
    let first = suspended.as_mut().now_or_never();

    let committers = (0..8).map(|n| {
        let store = store.clone();
        async move {
            let mut pipeline = new_pipeline(&format!("pipeline {n}"));
            for _ in 0..10 {
                let run = new_run(&pipeline, owner, RunStatus::Queued);
                pipeline = commit(&store, Commit::new(owner, pipeline).insert(run)).await;
                let query = RunQuery::new().pipeline(pipeline.name.clone());
                assert_eq!(ok(store.list_runs(&query).await).len() as u64, pipeline.rev);
            }
        }
    });
    trial.concurrently(committers.collect::<Vec<_>>()).await;

    let answer = match first {
        Some(answer) => answer,
        None => suspended.await,
    };
    assert_eq!(ok(answer), Committed::Done(1));
    let readers = (0..8).map(|n| {
        let store = store.clone();
        async move {
            let row = ok(store.find_pipeline(&name(&format!("pipeline {n}"))).await);
            assert_eq!(row.map(|row| row.rev), Some(10));
        }
    });
    trial.concurrently(readers.collect::<Vec<_>>()).await;
    assert_eq!(ok(store.list_runs(&RunQuery::new()).await).len(), 81);
}
