//! Clauses 6 to 8: dead owners, their runs, and the removal of old runs.

use std::time::Duration;

use super::trial::{
    Fixture, Trial, assert_stored, at, commit, invalid, name, new_pipeline, new_run, ok, skip, stored,
};
use crate::{
    AnyStore, Commit, Committed, OwnerId, PipelineRecord, Retention, RunQuery, RunRecord, RunStatus, Store,
};

/// Long enough that the lease does not expire on a slow machine.
const TTL: Duration = Duration::from_secs(60);
const SHORT_TTL: Duration = Duration::from_millis(20);

/// An owner that was declared dead can neither commit nor renew, and its renewals return the runs that it has lost.
pub async fn clause_06_a_dead_owner_never_commits_or_renews<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let [dead, heir] = two_owners(&store).await;
    let (pipeline, run) = stored(&store, dead, "orders", RunStatus::Running).await;
    let renewal = ok(store.renew(dead, SHORT_TTL).await);
    assert!(!renewal.valid_for.is_zero() && renewal.lost.is_empty(), "{renewal:?}");
    declare_dead(trial, &store, heir).await;

    let again =
        Commit::new(dead, pipeline.clone()).update(RunRecord { status: RunStatus::Succeeded, ..run.clone() });
    let commits = (0..4).map(|_| {
        let (store, again) = (store.clone(), again.clone());
        async move { ok(store.commit(&again).await) }
    });
    for answer in trial.concurrently(commits.collect::<Vec<_>>()).await {
        assert_eq!(answer, Committed::OwnerLost);
    }
    let elsewhere = Commit::new(dead, new_pipeline("elsewhere"));
    assert_eq!(ok(store.commit(&elsewhere).await), Committed::OwnerLost);
    for _ in 0..2 {
        let renewal = ok(store.renew(dead, TTL).await);
        assert_eq!((renewal.valid_for, renewal.lost), (Duration::ZERO, vec![run.id]));
    }
    assert_stored(&store, &pipeline, &[&run]).await;
}

/// Exactly the queued and running runs of dead owners are returned. A commit can adopt or interrupt them, or cancel those
/// that were asked to stop.
pub async fn clause_07_reap_returns_the_runs_of_dead_owners<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let [dead, heir] = two_owners(&store).await;
    let (queue, queued) = stored(&store, dead, "queued", RunStatus::Queued).await;
    let (work, running) = stored(&store, dead, "running", RunStatus::Running).await;
    let (asked, mut stopping) = stored(&store, dead, "stopping", RunStatus::Running).await;
    stored(&store, dead, "finished", RunStatus::Failed).await;
    let (live, own) = stored(&store, heir, "live", RunStatus::Running).await;
    stopping.cancel_requested_at = Some(at(3));
    let asked = commit(&store, Commit::new(heir, asked).update(stopping.clone())).await;
    assert_eq!(ok(store.renew(dead, SHORT_TTL).await).cancel, [stopping.id]);

    let mut expected = [queued.id, running.id, stopping.id];
    expected.sort();
    for _ in 0..2 {
        let mut orphans: Vec<_> =
            declare_dead(trial, &store, heir).await.into_iter().map(|run| run.id).collect();
        orphans.sort();
        assert_eq!(orphans, expected);
    }

    let end = |run: &RunRecord, status| RunRecord { status, ended_at: Some(at(9)), ..run.clone() };
    invalid(
        "the cancellation of an orphan that was not asked to stop",
        &store.commit(&Commit::new(heir, work.clone()).update(end(&running, RunStatus::Canceled))).await,
    );
    invalid(
        "the success of a dead owner's run",
        &store.commit(&Commit::new(heir, work.clone()).update(end(&running, RunStatus::Succeeded))).await,
    );
    let interrupted = end(&running, RunStatus::Interrupted);
    let adopted = RunRecord { owner: Some(heir), ..queued };
    let canceled = end(&stopping, RunStatus::Canceled);
    for (pipeline, run) in [(queue, adopted), (work, interrupted), (asked, canceled)] {
        let pipeline = commit(&store, Commit::new(heir, pipeline).update(run.clone())).await;
        assert_stored(&store, &pipeline, &[&run]).await;
    }
    assert_eq!(declare_dead(trial, &store, heir).await, []);
    let finished = end(&own, RunStatus::Succeeded);
    commit(&store, Commit::new(heir, live).update(finished)).await;
    if store.shared() {
        let (pipeline, run) = stored(&store, heir, "owner alive", RunStatus::Running).await;
        let taken = Commit::new(OwnerId::generate(), pipeline).update(end(&run, RunStatus::Interrupted));
        invalid("the interruption of a run whose owner is alive", &store.commit(&taken).await);
    }
}

/// Two owners that the store knows.
async fn two_owners(store: &AnyStore) -> [OwnerId; 2] {
    let owners = [OwnerId::generate(), OwnerId::generate()];
    for owner in owners {
        ok(store.renew(owner, TTL).await);
    }
    owners
}

/// Lets short leases expire, and reaps. Only the heir is alive in this process.
async fn declare_dead<F: Fixture>(trial: &Trial<F>, store: &AnyStore, heir: OwnerId) -> Vec<RunRecord> {
    if store.shared() {
        trial.fixture.advance(2 * SHORT_TTL).await;
    }
    ok(store.reap(&[heir]).await)
}

/// Whatever the retention settings, these runs are kept: those that are not terminal, the open skip, and those due after
/// the cursor. A pipeline is removed if it is marked as removed and has no runs.
pub async fn clause_08_prune_keeps_every_run_that_is_needed<F: Fixture>(trial: &Trial<F>) {
    let store = trial.open().await;
    let owner = OwnerId::generate();
    let mut pipeline = new_pipeline("orders");
    pipeline.cursor = Some(at(10));
    let mut needed = Vec::new();
    let mut finished = Vec::new();
    for n in 0..12 {
        let status = [RunStatus::Queued, RunStatus::Running, RunStatus::Skipped][n % 3];
        let mut run = new_run(&pipeline, owner, status);
        run.due = Some(at(n as u64));
        if run.status == RunStatus::Skipped {
            run.ended_at = Some(at(n as u64));
            pipeline.open_skip = Some(run.id);
        }
        // The last skip is due after the cursor. In the end, the one before it is the open skip.
        pipeline = commit(&store, Commit::new(owner, pipeline).insert(run.clone())).await;
        if status == RunStatus::Skipped { finished.push(run) } else { needed.push(run) }
    }
    let (after_cursor, open) = (finished.pop(), finished.pop());
    pipeline.open_skip = open.as_ref().map(|run| run.id);
    needed.extend(after_cursor.into_iter().chain(open));
    let pipeline = commit(&store, Commit::new(owner, pipeline)).await;
    let mut removed = new_pipeline("removed");
    removed.removed_at = Some(at(1));
    let removed = commit(&store, Commit::new(owner, removed)).await;

    assert_eq!(ok(store.prune(&Retention::new()).await), 0, "the default settings keep everything");
    let everything = Retention::new().keep_newest(0).ended_before(at(1_000_000));
    let pruned = ok(store.prune(&everything).await);
    let needed: Vec<_> = needed.iter().collect();
    assert_stored(&store, &pipeline, &needed).await;
    let remaining = ok(store.list_runs(&RunQuery::new()).await);
    if pruned == 0 {
        assert_eq!(remaining.len(), needed.len() + finished.len(), "removed runs are counted");
        return skip("the part of clause 8 about removed runs", "the store keeps everything");
    }
    assert_eq!(pruned as usize, finished.len(), "finished runs are removed and counted");
    assert_eq!(remaining.len(), needed.len());
    assert_eq!(
        ok(store.find_pipeline(&removed.name).await),
        None,
        "a removed pipeline without runs is removed"
    );
    prune_by_count_and_age(&store, owner).await;
}

async fn prune_by_count_and_age(store: &AnyStore, owner: OwnerId) {
    let mut pipeline = new_pipeline("history");
    for n in 0..10 {
        let mut run = new_run(&pipeline, owner, RunStatus::Skipped);
        (run.created_at, run.ended_at) = (at(n), Some(at(n)));
        pipeline = commit(store, Commit::new(owner, pipeline).insert(run)).await;
    }
    let ends = async |store: &AnyStore, pipeline: &PipelineRecord| {
        let runs = ok(store.list_runs(&RunQuery::new().pipeline(pipeline.name.clone())).await);
        runs.into_iter().filter_map(|run| run.ended_at).collect::<Vec<_>>()
    };
    assert_eq!(ok(store.prune(&Retention::new().ended_before(at(3))).await), 3);
    assert_eq!(ends(store, &pipeline).await.last(), Some(&at(3)));
    assert_eq!(ok(store.prune(&Retention::new().keep_newest(2)).await), 5);
    assert_eq!(ends(store, &pipeline).await, [at(9), at(8)]);
    assert!(ok(store.find_pipeline(&name("history")).await).is_some());
}
