//! Pipelines that were read.

use super::*;
use crate::decide::{End, Skipped};

#[test]
fn what_was_read_replaces_what_was_known() {
    let mut world = World::new();
    let [known, other] = [world.run(RunStatus::Queued), world.run(RunStatus::Queued)];
    world.entry.runs = vec![known];
    world.entry.is_stale = true;
    let mut stored = world.stored(std::slice::from_ref(&other), &[]);
    stored.row.as_mut().unwrap().rev = 9;
    assert!(world.read(stored).is_empty());
    assert_eq!((world.entry.row.rev, &world.entry.runs[..]), (9, &[other][..]));
    assert!(world.entry.is_stale, "it became stale again while it was read");
}

#[test]
fn skips_that_are_not_stored_hold_only_while_the_cursor_stays() {
    for (cursor, is_kept) in [(None, true), (Some(at(50)), false)] {
        let mut world = World::new();
        let skipped = Skipped { first: at(1), last: at(2), count: 2, is_exact: true, reason: "missed" };
        world.entry.fold.unsaved = Some(Box::new(skipped));
        let mut stored = world.stored(&[], &[]);
        stored.row.as_mut().unwrap().cursor = cursor;
        world.read(stored);
        assert_eq!(world.entry.fold.unsaved.is_some(), is_kept);
    }
}

#[test]
fn ends_that_are_stored_are_not_written_again() {
    // The end that is to be written, the stored row and its owner, and whether the end was written.
    let table = [
        (RunStatus::Succeeded, RunStatus::Succeeded, true, true),
        (RunStatus::Interrupted, RunStatus::Canceled, true, true),
        (RunStatus::Succeeded, RunStatus::Interrupted, true, false),
        (RunStatus::Succeeded, RunStatus::Succeeded, false, false),
    ];
    for (end, stored, is_ours, is_written) in table {
        let mut world = World::new();
        let mut row = world.run(stored);
        if !is_ours {
            row.owner = Some(world.other);
        }
        world.watch(&row, None);
        world.entry.jobs[0].ended = Some(Instant::now());
        world.entry.ends = vec![End::without_result(row.id, end, String::new(), None, at(0))];
        let read = world.stored(&[], std::slice::from_ref(&row));
        let effects = world.read(read);
        let expected = if is_written { vec![format!("{} {stored}, new", row.id)] } else { vec![] };
        assert_eq!((effects, world.entry.ends.is_empty()), (expected, is_written), "{end} {stored}");
    }
}

#[test]
fn jobs_stop_if_their_runs_are_lost_or_were_asked_to_stop() {
    for (is_lost, is_asked) in [(false, false), (true, false), (false, true)] {
        let mut world = World::new();
        let mut run = world.run(RunStatus::Running);
        world.watch(&run, Some(handle()));
        if is_lost {
            run.owner = Some(world.other);
        }
        run.cancel_requested_at = is_asked.then(|| at(1));
        let stored = world.stored(std::slice::from_ref(&run), &[]);
        let expected = if is_lost || is_asked { vec![format!("stop {}", run.id)] } else { vec![] };
        assert_eq!(world.read(stored), expected);
    }
}

#[test]
fn a_queued_run_that_another_instance_has_taken_is_waited_for_until_it_has_ended() {
    let mut world = World::new();
    let [mut taken, mut ended, pruned] = [(); 3].map(|()| world.run(RunStatus::Queued));
    for run in [&taken, &ended, &pruned] {
        world.watch(run, None);
    }
    (taken.owner, taken.status) = (Some(world.other), RunStatus::Running);
    (ended.owner, ended.status) = (Some(world.other), RunStatus::Canceled);
    let stored = world.stored(std::slice::from_ref(&taken), std::slice::from_ref(&ended));
    let effects = world.read(stored);
    assert_eq!(effects, [format!("{} canceled elsewhere", ended.id), format!("forget {}", pruned.id)]);
}

#[test]
fn a_job_whose_start_turns_out_to_be_stored_starts_after_its_caller_is_answered() {
    let mut world = World::new();
    let run = world.run(RunStatus::Running);
    let _answer = world.ask(Request::Run(Box::new(run.clone())));
    let stored = world.stored(std::slice::from_ref(&run), &[]);
    assert_eq!(world.read(stored), ["granted".to_owned(), format!("start {} late", run.id)]);

    // Not if the job has ended, runs already, or belongs to another instance.
    for place in 0..3 {
        let mut world = World::new();
        let mut run = world.run(RunStatus::Running);
        match place {
            0 => {
                world.watch(&run, None);
                world.entry.jobs[0].ended = Some(Instant::now());
            }
            1 => world.watch(&run, Some(handle())),
            _ => run.owner = Some(world.other),
        }
        let stored = world.stored(&[run], &[]);
        assert!(world.read(stored).is_empty(), "{place}");
    }
}

#[test]
fn a_removed_row_is_registered_again() {
    let mut world = World::new();
    let stored = Reloaded { row: None, ..world.stored(&[], &[]) };
    // Its text is known from the registration.
    assert_eq!(world.read(stored), ["stored none, registered s"]);
    assert!(matches!(world.entry.asked[..], [Asked { request: Request::Register(_), .. }]));

    let stored = Reloaded { row: None, ..world.stored(&[], &[]) };
    world.read(stored);
    assert_eq!(world.entry.asked.len(), 1, "once");

    let mut unregistered = World::new();
    unregistered.entry.plan = None;
    let stored = Reloaded { row: None, ..unregistered.stored(&[], &[]) };
    unregistered.read(stored);
    assert!(unregistered.entry.asked.is_empty());
}

#[test]
fn another_schedule_is_told_once_and_another_spelling_is_not() {
    let mut world = World::new();
    let spec = |world: &World, spec: &str| {
        let mut stored = world.stored(&[], &[]);
        stored.row.as_mut().unwrap().spec = Some(spec.into());
        stored
    };
    let stored = spec(&world, "S");
    assert!(world.read(stored).is_empty());
    assert_eq!(world.entry.plan.as_ref().unwrap().registered.spec.as_deref(), Some("S"));
    let stored = spec(&world, "t");
    assert_eq!(world.read(stored), ["stored t, registered S"]);
    let stored = spec(&world, "t");
    assert!(world.read(stored).is_empty());
}

#[test]
fn a_removal_by_another_instance_is_told_but_not_our_own() {
    let requests: [Option<Request>; 3] =
        [None, Some(Request::Register(Arc::clone(&plan(Some("s")).registered))), Some(Request::Unregister)];
    for (request, is_told) in requests.into_iter().zip([true, false, false]) {
        let mut world = World::new();
        if let Some(request) = request {
            world.entry.ask(request, Replier::Nobody);
            world.entry.asked[0].error = Some(Arc::new(failure()));
        }
        let mut stored = world.stored(&[], &[]);
        stored.row.as_mut().unwrap().removed_at = Some(at(1));
        assert_eq!(world.read(stored) == ["unregistered elsewhere"], is_told);
    }
}

#[test]
fn a_collision_is_resolved_by_the_kind_of_its_key() {
    let upstream = PipelineName::new("up").unwrap();
    let table = [
        (RunKey::due(at(0), at(1)), vec!["rebase".to_owned()], 7),
        (RunKey::after(&upstream, 7), vec![], 0),
        (RunKey::manual("t").unwrap(), vec![], 7),
    ];
    for (key, expected, rev) in table {
        let mut world = World::new();
        world.entry.upstream = vec![(upstream.clone(), 7)];
        let mut row = world.run(RunStatus::Succeeded);
        row.key = key;
        let stored = world.stored(&[], std::slice::from_ref(&row));
        assert_eq!(world.read_after_duplicate(stored, Some(row.id)), expected);
        assert_eq!(world.entry.upstream[0].1, rev);
    }
}

#[test]
fn a_request_with_a_key_that_exists_is_refused() {
    let mut world = World::new();
    let mut asked = world.run(RunStatus::Queued);
    asked.key = RunKey::manual("t").unwrap();
    let _answer = world.ask(Request::Run(Box::new(asked.clone())));
    let mut row = world.run(RunStatus::Running);
    (row.key, row.owner) = (asked.key, Some(world.other));
    let stored = world.stored(std::slice::from_ref(&row), &[]);
    let effects = world.read_after_duplicate(stored, Some(row.id));
    assert_eq!(effects, [format!("refused: Duplicate({:?})", row.id)]);
}

#[test]
fn a_request_whose_runs_have_ended_since_is_answered() {
    let mut world = World::new();
    let mut run = world.run(RunStatus::Queued);
    let _answer = world.ask(Request::Run(Box::new(run.clone())));
    run.status = RunStatus::Succeeded;
    let stored = world.stored(&[], std::slice::from_ref(&run));
    assert_eq!(world.read(stored), [format!("duplicate of {}", run.id)]);

    let mut world = World::new();
    let _answer = world.ask(Request::Backfill(vec![run.clone()]));
    let stored = world.stored(&[], &[run]);
    assert_eq!(world.read(stored), ["granted"]);
}

#[test]
fn changes_by_other_instances_are_told() {
    let mut world = World::new();
    let mut stored = world.stored(&[], &[]);
    let row = stored.row.as_mut().unwrap();
    (row.paused_at, row.last_success_rev) = (Some(at(1)), 8);
    assert_eq!(world.read(stored), ["paused", "succeeded"]);
}
