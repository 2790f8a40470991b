//! Commits whose answers are lost, and reads that fail.

use super::*;
use crate::reconcile::lost::{fencing_commit, settle};

/// Loses the answer to a commit about the first request, which inserts `run`.
fn lose(world: &mut World, run: &RunRecord) -> Vec<String> {
    let commit = world.commit().insert(run.clone());
    world.committed(Pending { verdict: Some(Verdict::Granted), ..pending() }, commit, Err(failure()))
}

fn settled(world: &mut World) -> Option<String> {
    settle(&mut world.entry).as_ref().map(text)
}

#[test]
fn the_caller_waits_until_it_is_known_whether_the_commit_was_made() {
    let mut world = World::new();
    let run = world.run(RunStatus::Queued);
    let _answer = world.ask(Request::Run(Box::new(run.clone())));
    assert_eq!(lose(&mut world, &run), ["store failed for 1 runs", "read Backoff"]);
    assert_eq!((world.entry.failures, world.entry.unconfirmed_rev), (1, Some(5)));
    assert!(world.entry.asked[0].waits_for_answer());

    // It may still arrive, and only a commit that takes its rev can prevent that.
    let stored = world.stored(&[], &[]);
    assert!(world.read(stored).is_empty());
    assert_eq!(settled(&mut world), None);
    assert_eq!(fencing_commit(&world.entry, world.instance.owner).map(|commit| commit.pipeline.rev), Some(5));

    // The other commit was made, and not the lost one.
    world.entry.row.rev = 6;
    assert_eq!(fencing_commit(&world.entry, world.instance.owner), None);
    assert_eq!(settled(&mut world).as_deref(), Some("store error"));
    assert!(world.entry.asked.is_empty());
}

#[test]
fn a_request_whose_rows_are_found_was_granted() {
    let mut world = World::new();
    let run = world.run(RunStatus::Queued);
    let _answer = world.ask(Request::Run(Box::new(run.clone())));
    lose(&mut world, &run);
    let stored = world.stored(&[run], &[]);
    assert!(world.read(stored).is_empty());
    assert_eq!(settled(&mut world).as_deref(), Some("granted"));
}

#[test]
fn a_second_failure_answers_the_caller() {
    for reads in [true, false] {
        let mut world = World::new();
        let run = world.run(RunStatus::Queued);
        let _answer = world.ask(Request::Run(Box::new(run.clone())));
        lose(&mut world, &run);
        let effects = if reads {
            world.entry.flight = Some(Flight::Reload { duplicate: None });
            world.reconcile(StoreAnswer::Reloaded(Err(failure())))
        } else {
            let commit = world.commit();
            world.committed(pending(), commit, Err(failure()))
        };
        assert_eq!(effects, ["store failed for 0 runs", "unconfirmed", "read Backoff"]);
        assert_eq!(world.entry.failures, 2);
    }
}

#[test]
fn a_read_that_fails_answers_a_request_that_was_in_no_commit() {
    let mut world = World::new();
    let _answer = world.ask(Request::Pause);
    world.entry.flight = Some(Flight::Reload { duplicate: None });
    let effects = world.reconcile(StoreAnswer::Reloaded(Err(failure())));
    assert_eq!(effects, ["store failed for 0 runs", "store error", "read Backoff"]);
}

#[test]
fn a_commit_that_the_store_calls_invalid_was_not_made() {
    let mut world = World::new();
    let _answer = world.ask(Request::Pause);
    let commit = world.commit();
    let pending = Pending { verdict: Some(Verdict::Granted), ..pending() };
    let invalid = StoreError::invalid("no");
    let effects = world.committed(pending, commit, Err(invalid));
    assert_eq!(effects, ["store failed for 0 runs", "store error", "read Backoff"]);
    assert_eq!(world.entry.unconfirmed_rev, None);
}

#[test]
fn a_commit_about_something_else_leaves_the_queue_alone() {
    let mut world = World::new();
    let _answer = world.ask(Request::Pause);
    let commit = world.commit();
    let effects = world.committed(pending(), commit, Err(failure()));
    assert_eq!(effects, ["store failed for 0 runs", "read Backoff"]);
    assert!(world.entry.asked[0].error.is_none());
    assert_eq!(settled(&mut world), None);
}

#[test]
fn a_request_that_another_instance_may_have_undone_is_unconfirmed() {
    // The rev after the lost commit, and what the caller of a pause is told if the pipeline is not paused.
    for (rev, expected) in [(5, None), (6, Some("store error")), (7, Some("unconfirmed"))] {
        let mut world = World::new();
        let _answer = world.ask(Request::Pause);
        let commit = world.commit();
        world.committed(Pending { verdict: Some(Verdict::Granted), ..pending() }, commit, Err(failure()));
        world.entry.row.rev = rev;
        assert_eq!(settled(&mut world).as_deref(), expected, "{rev}");
    }
}

#[test]
fn a_request_of_the_loop_itself_is_carried_out_again() {
    let mut world = World::new();
    world.entry.ask(Request::Rebase, Replier::Nobody);
    let commit = world.commit();
    world.committed(Pending { verdict: Some(Verdict::Granted), ..pending() }, commit, Err(failure()));
    world.entry.row.rev = 6;
    assert_eq!(settled(&mut world), None);
    assert!(!world.entry.asked[0].waits_for_answer());
}
