//! Commits that are durable.

use godata_core::RunChange;

use super::*;
use crate::decide::{End, Misfired, Orphan};

fn done(world: &mut World, pending: Pending, commit: Commit) -> Vec<String> {
    world.committed(pending, commit, Ok(Committed::Done(6)))
}

#[test]
fn the_rows_of_a_commit_become_the_known_ones() {
    let mut world = World::new();
    let [ends, starts, queued] =
        [RunStatus::Running, RunStatus::Queued, RunStatus::Queued].map(|status| world.run(status));
    world.entry.runs = vec![ends.clone(), starts.clone()];
    let (mut ended, mut started) = (ends.clone(), starts.clone());
    (ended.status, started.status) = (RunStatus::Succeeded, RunStatus::Running);
    let commit = world.commit().update(ended).update(started).insert(queued.clone());
    let pending = Pending { starts: vec![starts.id], ..pending() };
    let effects = done(&mut world, pending, commit);
    assert_eq!(
        effects,
        [
            format!("{} succeeded, changed", ends.id),
            format!("{} active, changed", starts.id),
            format!("{} active, new", queued.id),
            "recovered".to_owned(),
            format!("start {}", starts.id),
        ]
    );
    assert_eq!(world.entry.row.rev, 6);
    let known: Vec<_> = world.entry.runs.iter().map(|run| (run.id, run.status)).collect();
    assert_eq!(known, [(starts.id, RunStatus::Running), (queued.id, RunStatus::Queued)]);
}

#[test]
fn only_the_ends_that_the_commit_stores_are_forgotten() {
    let mut world = World::new();
    let end = |run: &RunRecord| End::without_result(run.id, RunStatus::Failed, String::new(), None, at(0));
    let [stored, later] = [world.run(RunStatus::Running), world.run(RunStatus::Running)];
    world.entry.ends = vec![end(&stored), end(&later)];
    let commit = world.commit();
    done(&mut world, Pending { ends: 1, ..pending() }, commit);
    assert_eq!(world.entry.ends.iter().map(|end| end.run).collect::<Vec<_>>(), [later.id]);
}

#[test]
fn the_first_request_is_answered_before_its_job_starts() {
    let mut world = World::new();
    let run = world.run(RunStatus::Running);
    let _answer = world.ask(Request::Run(Box::new(run.clone())));
    let _later = world.ask(Request::Pause);
    let commit = world.commit().insert(run.clone());
    let pending = Pending { verdict: Some(Verdict::Granted), starts: vec![run.id], ..pending() };
    let effects = done(&mut world, pending, commit);
    assert_eq!(effects[1..], ["recovered".to_owned(), "granted".to_owned(), format!("start {}", run.id)]);
    assert!(matches!(world.entry.asked[..], [Asked { request: Request::Pause, .. }]));
}

#[test]
fn a_request_to_stop_is_told_once() {
    for (is_logged, was_asked, is_told) in [(false, false, true), (true, false, false), (false, true, false)]
    {
        let mut world = World::new();
        let mut run = world.run(RunStatus::Running);
        world.watch(&run, Some(handle()));
        world.entry.jobs[0].is_cancel_logged = is_logged;
        run.cancel_requested_at = was_asked.then(|| at(1));
        world.entry.runs = vec![run.clone()];
        run.cancel_requested_at = Some(at(1));
        let commit = world.commit().update(run.clone());
        let effects = done(&mut world, Pending { stops: vec![run.id], ..pending() }, commit);
        let told = format!("cancel of {} requested", run.id);
        assert_eq!(effects.contains(&told), is_told, "{is_logged} {was_asked}");
        assert_eq!(effects.last(), Some(&format!("stop {}", run.id)));
    }
}

#[test]
fn a_skipped_row_that_grows_is_compared_with_what_it_was() {
    let mut world = World::new();
    let skipped = world.run(RunStatus::Skipped);
    world.entry.fold.stored = Some(Arc::new(skipped.clone()));
    let commit = world.commit().update(skipped.clone());
    assert_eq!(done(&mut world, pending(), commit)[0], format!("{} skipped, changed", skipped.id));
}

#[test]
fn changes_of_the_pipeline_are_told() {
    type Change = fn(&mut PipelineRecord);
    let table: [(Change, Change, &[&str]); 7] = [
        (|_| {}, |_| {}, &["recovered"]),
        (|_| {}, |row| row.spec = None, &["edited from s", "recovered"]),
        (|row| row.removed_at = Some(at(0)), |row| row.spec = None, &["recovered"]),
        (|row| row.rev = 0, |row| row.paused_at = Some(at(0)), &["recovered"]),
        (|_| {}, |row| row.paused_at = Some(at(0)), &["paused", "recovered"]),
        (|row| row.paused_at = Some(at(0)), |row| row.paused_at = None, &["resumed", "recovered"]),
        (|_| {}, |row| row.last_success_rev = 6, &["recovered", "succeeded"]),
    ];
    for (place, (before, change, expected)) in table.into_iter().enumerate() {
        let mut world = World::new();
        before(&mut world.entry.row);
        let mut commit = world.commit();
        change(&mut commit.pipeline);
        assert_eq!(done(&mut world, pending(), commit), expected, "{place}");
    }
}

#[test]
fn orphans_that_were_taken_over_are_forgotten() {
    let mut world = World::new();
    let mut run = world.run(RunStatus::Queued);
    run.owner = Some(world.other);
    world.entry.orphans = vec![Orphan { run: run.id, owner: run.owner }];
    world.entry.runs = vec![run.clone()];
    run.owner = Some(world.instance.owner);
    let commit = world.commit().update(run);
    done(&mut world, pending(), commit);
    assert!(world.entry.orphans.is_empty());
}

#[test]
fn missed_due_times_are_told_before_their_rows() {
    let mut world = World::new();
    let misfired = Misfired {
        policy: crate::Misfire::Skip,
        first: at(0),
        last: at(1),
        missed: 2,
        is_exact: true,
        runs: 0,
    };
    let commit = world.commit().insert(world.run(RunStatus::Queued));
    assert!(matches!(commit.runs[0], RunChange::Insert(_)));
    assert_eq!(done(&mut world, Pending { misfired: Some(misfired), ..pending() }, commit)[0], "misfired");
}
