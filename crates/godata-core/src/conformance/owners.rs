//! Clauses 6 to 8: dead owners, their runs, and the removal of old runs.

use std::time::Duration;

use futures::future::join;

use super::trial::{
    Fixture, Trial, assert_stored, at, commit, invalid, name, new_pipeline, new_run, ok, skip, stored,
    yield_now,
};
use crate::{
    AnyStore, Commit, Committed, OwnerId, PipelineName, PipelineRecord, Retention, RunQuery, RunRecord,
    RunStatus, Store,
};

/// Long enough that the lease does not expire on a slow machine.
const TTL: Duration = Duration::from_secs(60);

/// An owner that was declared dead can neither commit nor renew, and its renewals return the runs that it has lost. Neither
/// enrolling again nor another handle of the store brings it back.
pub async fn clause_06_a_dead_owner_never_commits_or_renews<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    let [dead, heir] = two_owners(&store).await;
    let (pipeline, run) = stored(&store, dead, "orders", RunStatus::Running).await;
    let renewal = ok(store.renew(dead, trial.fixture.lease()).await);
    assert!(!renewal.valid_for.is_zero() && renewal.lost.is_empty(), "{renewal:?}");
    declare_dead(trial, &other, heir).await;

    let again =
        Commit::new(dead, pipeline.clone()).update(RunRecord { status: RunStatus::Succeeded, ..run.clone() });
    let commits = (0..4).map(|n| {
        let (store, again) = ([&store, &other][n % 2].clone(), again.clone());
        async move { ok(store.commit(&again).await) }
    });
    for answer in trial.concurrently(commits.collect::<Vec<_>>()).await {
        assert_eq!(answer, Committed::OwnerLost);
    }
    let elsewhere = Commit::new(dead, new_pipeline("elsewhere"));
    assert_eq!(ok(store.commit(&elsewhere).await), Committed::OwnerLost);
    for _ in 0..2 {
        for renewal in [ok(store.renew(dead, TTL).await), ok(store.enroll(dead, TTL).await)] {
            assert_eq!((renewal.valid_for, renewal.lost), (Duration::ZERO, vec![run.id]));
        }
    }
    assert_stored(&store, &pipeline, &[&run]).await;
    if store.shared() {
        let unknown = ok(store.renew(OwnerId::generate(), TTL).await);
        assert!(unknown.valid_for.is_zero(), "an owner that never enrolled has renewed its lease");
    }
}

/// Exactly the queued and running runs of dead owners are returned. A commit can adopt or interrupt them, or cancel those
/// that were asked to stop.
pub async fn clause_07_reap_returns_the_runs_of_dead_owners<F: Fixture>(trial: &Trial<F>) {
    let [first, store] = trial.two_handles().await;
    let [dead, heir] = two_owners(&first).await;
    let (queue, queued) = stored(&first, dead, "queued", RunStatus::Queued).await;
    let (work, running) = stored(&first, dead, "running", RunStatus::Running).await;
    let (asked, mut stopping) = stored(&first, dead, "stopping", RunStatus::Running).await;
    stored(&first, dead, "finished", RunStatus::Failed).await;
    let (live, own) = stored(&store, heir, "live", RunStatus::Running).await;
    let (nobodys, mut free) = stored(&first, dead, "nobody's", RunStatus::Queued).await;
    free.owner = None;
    commit(&first, Commit::new(dead, nobodys).update(free)).await;
    stopping.cancel_requested_at = Some(at(3));
    let asked = commit(&store, Commit::new(heir, asked).update(stopping.clone())).await;
    assert_eq!(ok(first.renew(dead, trial.fixture.lease()).await).cancel, [stopping.id]);

    let mut expected = [queued.id, running.id, stopping.id];
    expected.sort();
    for store in [&store, &store, &first] {
        let mut orphans: Vec<_> =
            declare_dead(trial, store, heir).await.into_iter().map(|run| run.id).collect();
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
        assert_stored(&first, &pipeline, &[&run]).await;
    }
    assert_eq!(ok(store.reap(heir, &[heir]).await), []);
    let finished = end(&own, RunStatus::Succeeded);
    commit(&store, Commit::new(heir, live).update(finished)).await;
    if store.shared() {
        let (pipeline, run) = stored(&store, heir, "owner alive", RunStatus::Running).await;
        let taken = Commit::new(OwnerId::generate(), pipeline).update(end(&run, RunStatus::Interrupted));
        invalid("the interruption of a run whose owner is alive", &store.commit(&taken).await);
    }
}

/// If the store was away for longer than the leases, nobody is declared dead for it: not by an owner that has only just renewed,
/// nor by a new one, nor by one that the store does not know. An owner that renews without a gap declares those dead that
/// don't renew, and no others.
pub async fn clause_07_only_steady_owners_declare_others_dead<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    if !store.shared() {
        return skip("the part of clause 7 about leases", "the store is not shared");
    }
    let lease = trial.fixture.lease();
    let [healthy, reaper, dead] = [(); 3].map(|()| OwnerId::generate());
    for owner in [healthy, reaper, dead] {
        ok(store.enroll(owner, lease).await);
    }
    let (_, run) = stored(&store, healthy, "orders", RunStatus::Running).await;
    let (_, lost) = stored(&store, dead, "lost", RunStatus::Running).await;
    trial.fixture.advance(3 * lease).await;

    assert_eq!(ok(other.reap(reaper, &[]).await), [], "its own lease has expired");
    let peers = ok(other.renew(reaper, lease).await).peers;
    assert_eq!(peers, [reaper], "the owners whose leases have not expired");
    assert_eq!(ok(other.reap(reaper, &[]).await), [], "it has renewed for the first time after a gap");
    let new = OwnerId::generate();
    ok(other.enroll(new, lease).await);
    assert_eq!(ok(other.reap(new, &[]).await), [], "it is new");
    assert_eq!(ok(other.reap(OwnerId::generate(), &[]).await), [], "the store does not know it");

    let mut orphans = Vec::new();
    for _ in 0..MOST_STEPS {
        let renewal = ok(store.renew(healthy, lease).await);
        assert!(!renewal.valid_for.is_zero(), "an owner was declared dead because the store was away");
        ok(other.renew(reaper, lease).await);
        orphans = ok(other.reap(reaper, &[]).await);
        if !orphans.is_empty() {
            break;
        }
        trial.fixture.advance(lease / 4).await;
    }
    let orphans: Vec<_> = orphans.iter().map(|run| run.id).collect();
    assert_eq!(orphans, [lost.id], "the owner that does not renew is dead, and no other");
    let mut peers = ok(store.renew(healthy, lease).await).peers;
    peers.retain(|peer| *peer != new);
    let mut expected = [healthy, reaper];
    expected.sort_unstable();
    assert_eq!(peers, expected, "peers are sorted, and without the dead");
    assert_eq!(ok(store.find_run(run.id).await).and_then(|run| run.owner), Some(healthy));
}

/// A queued run without an owner is anybody's, whether it was inserted so or released. One that has an owner is not.
pub async fn clause_03_queued_runs_without_an_owner_are_anybodys<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    let [first, second] = two_owners(&store).await;
    let mut pipeline = new_pipeline("orders");
    let runs: Vec<_> = (0..4).map(|_| new_run(&pipeline, first, RunStatus::Queued)).collect();
    let [mut a, mut b, mut c, d] = <[RunRecord; 4]>::try_from(runs).expect("there are four");
    (a.owner, b.owner) = (None, None);
    let all = [&a, &b, &c, &d].into_iter().cloned().fold(Commit::new(first, pipeline), Commit::insert);
    pipeline = commit(&store, all).await;
    assert_stored(&other, &pipeline, &[&a, &b, &c, &d]).await;

    c.owner = None;
    pipeline = commit(&store, Commit::new(first, pipeline).update(c.clone())).await;
    for run in [&mut a, &mut c] {
        (run.status, run.owner) = (RunStatus::Running, Some(second));
        (run.fence, run.started_at) = (pipeline.rev + 1, Some(at(2)));
        pipeline = commit(&other, Commit::new(second, pipeline).update(run.clone())).await;
    }
    b.owner = Some(second);
    pipeline = commit(&other, Commit::new(second, pipeline).update(b.clone())).await;
    assert_stored(&store, &pipeline, &[&a, &b, &c, &d]).await;

    let start = |run: &RunRecord, owner| RunRecord {
        status: RunStatus::Running,
        owner,
        fence: pipeline.rev + 1,
        ..run.clone()
    };
    let ownerless = RunRecord { owner: None, ..new_run(&pipeline, first, RunStatus::Running) };
    for (what, owner, commit) in [
        ("a start without an owner", second, Commit::new(second, pipeline.clone()).update(start(&b, None))),
        (
            "a start for another owner",
            first,
            Commit::new(first, pipeline.clone()).update(start(&b, Some(second))),
        ),
        ("a running run without an owner", first, Commit::new(first, pipeline.clone()).insert(ownerless)),
    ] {
        invalid(what, &store.commit(&Commit { owner, ..commit }).await);
    }
    if store.shared() {
        for (what, run) in [
            ("the start of another owner's run", start(&d, Some(second))),
            ("the release of another owner's run", RunRecord { owner: None, ..d.clone() }),
        ] {
            invalid(what, &store.commit(&Commit::new(second, pipeline.clone()).update(run)).await);
        }
    }
    assert_stored(&store, &pipeline, &[&a, &b, &c, &d]).await;
}

/// Once `reap` has answered, no commit of the owner that it declared dead changes anything, even if it was in flight.
pub async fn clause_07_no_commit_of_a_dead_owner_arrives_after_reap<F: Fixture>(trial: &Trial<F>) {
    let [store, other] = trial.two_handles().await;
    let [dead, heir] = two_owners(&store).await;
    let names: Vec<_> = (0..8).map(|n| format!("pipeline {n}")).collect();
    for name in &names {
        stored(&store, dead, name, RunStatus::Running).await;
    }
    ok(store.renew(dead, trial.fixture.lease()).await);
    let commits = names.iter().map(|text| commit_until_dead(store.clone(), dead, name(text)));
    let reaper = async {
        let orphans = declare_dead(trial, &other, heir).await;
        assert_eq!(orphans.len(), names.len());
        ok(other.list_pipelines().await)
    };
    let (rows, _) = join(reaper, trial.concurrently(commits.collect::<Vec<_>>())).await;
    assert_eq!(ok(other.list_pipelines().await), rows, "a commit of a dead owner arrived");
}

async fn commit_until_dead(store: AnyStore, owner: OwnerId, name: PipelineName) {
    loop {
        let row = ok(store.find_pipeline(&name).await).expect("the pipeline is stored");
        match ok(store.commit(&Commit::new(owner, row)).await) {
            Committed::Done(_) => {}
            Committed::OwnerLost => return,
            answer => panic!("only one owner commits: {answer:?}"),
        }
        yield_now().await;
    }
}

/// How often a quarter of a lease passes, at most, until an owner is declared dead. It would be six times, if nothing were slow.
const MOST_STEPS: usize = 40;

/// Two owners that the store knows.
async fn two_owners(store: &AnyStore) -> [OwnerId; 2] {
    let owners = [OwnerId::generate(), OwnerId::generate()];
    for owner in owners {
        ok(store.enroll(owner, TTL).await);
    }
    owners
}

/// Lets short leases expire, while the heir renews without a gap, and reaps. Only the heir is alive in this process.
async fn declare_dead<F: Fixture>(trial: &Trial<F>, store: &AnyStore, heir: OwnerId) -> Vec<RunRecord> {
    let lease = trial.fixture.lease();
    for _ in 0..MOST_STEPS {
        let orphans = ok(store.reap(heir, &[heir]).await);
        if !orphans.is_empty() || !store.shared() {
            return orphans;
        }
        trial.fixture.advance(lease / 4).await;
        ok(store.renew(heir, lease).await);
    }
    panic!("an owner that has not renewed for ten leases is not declared dead");
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
