//! An instance that lets others try first, and queued runs that nobody owns.

use godata_core::RunKey;

use super::*;

const PATIENCE: Duration = Duration::from_secs(4);

fn standing_by(has_read: bool, facts: Facts<'_>) -> Facts<'_> {
    Facts { standby: Some(Standby { patience: PATIENCE, has_read }), ..facts }
}

/// A queued run that nobody owns.
fn free(pipeline: &mut Pipeline, not_before: Option<UtcDateTime>) -> RunRecord {
    let key = RunKey::manual_run(RunId::generate());
    let mut run = RunRecord::new(&pipeline.row.name, key, Cause::Manual, RunStatus::Queued, at(0));
    run.not_before = not_before;
    pipeline.runs.push(run.clone());
    run
}

fn run_by_hand(pipeline: &Pipeline) -> Request {
    let key = RunKey::manual("by hand").unwrap();
    let run = RunRecord::new(&pipeline.row.name, key, Cause::Manual, RunStatus::Queued, at(1));
    Request::Run(Box::new(run))
}

#[test]
fn a_due_time_is_decided_after_patience_and_a_read() {
    let pipeline = Pipeline::new(10, Rules::default());
    for (now, has_read, is_decided) in [
        (5, true, false),
        (10, true, false),
        (13, true, false),
        (14, false, false),
        (14, true, true),
        (19, true, true),
    ] {
        let decision = decided(&standing_by(has_read, facts(&pipeline, at(now))));
        assert_eq!(decision.commit.is_some(), is_decided, "at {now}, read: {has_read}");
        let looks_at = (!is_decided).then(|| at(14));
        assert_eq!(decision.looks_at, looks_at, "at {now}, read: {has_read}");
    }
    let first = decided(&facts(&pipeline, at(10)));
    assert!(first.commit.is_some() && first.looks_at.is_none());
}

#[test]
fn a_free_run_is_started_after_a_read_or_by_a_commit_that_is_made_anyway() {
    let mut pipeline = Pipeline::new(10, Rules { overlap: Overlap::Allow, ..Rules::default() });
    let run = free(&mut pipeline, None);
    let before = decided(&standing_by(false, facts(&pipeline, at(3))));
    assert_eq!((before.commit.is_some(), before.looks_at), (false, Some(at(3))));
    assert_eq!(decided(&standing_by(true, facts(&pipeline, at(3)))).starts, [run.id]);
    assert_eq!(decided(&facts(&pipeline, at(3))).starts, [run.id]);

    let request = run_by_hand(&pipeline);
    let asked = Facts { slots: 9, request: Some(&request), ..facts(&pipeline, at(3)) };
    let decision = decided(&standing_by(false, asked));
    assert_eq!(decision.starts.len(), 2, "{decision:?}");
    for change in &decision.commit.unwrap().runs {
        assert_eq!(change.run().owner, Some(pipeline.owner));
    }
}

#[test]
fn a_retry_that_waits_is_left_to_others_for_a_while() {
    let mut pipeline = Pipeline::new(10, Rules { overlap: Overlap::Allow, ..Rules::default() });
    free(&mut pipeline, Some(at(2)));
    let first = decided(&facts(&pipeline, at(2)));
    assert_eq!(first.starts.len(), 1);
    let waits = decided(&standing_by(true, facts(&pipeline, at(2))));
    assert_eq!((waits.starts.len(), waits.wake_at), (0, Some(at(6))));
    assert_eq!(decided(&standing_by(true, facts(&pipeline, at(6)))).starts.len(), 1);
}

#[test]
fn a_run_that_can_not_start_is_queued_without_an_owner() {
    let pipeline = Pipeline::new(10, Rules::default());
    let request = run_by_hand(&pipeline);
    let full = Facts { slots: 0, request: Some(&request), ..facts(&pipeline, at(3)) };
    let decision = decided(&full);
    let commit = decision.commit.unwrap();
    let run = commit.runs[0].run();
    assert_eq!((run.status, run.owner, decision.waits_for_slot), (RunStatus::Queued, None, true));
}

#[test]
fn queued_runs_of_the_dead_are_released_or_started() {
    for (slots, expected) in [(0, RunStatus::Queued), (1, RunStatus::Running)] {
        let mut pipeline = Pipeline::new(10, Rules::default());
        let dead = OwnerId::generate();
        let run = free(&mut pipeline, None);
        pipeline.runs[0].owner = Some(dead);
        let orphans = [Orphan { run: run.id, owner: Some(dead) }];
        let facts = Facts { orphans: &orphans, slots, ..facts(&pipeline, at(3)) };
        let commit = decided(&facts).commit.unwrap();
        let owner = (expected == RunStatus::Running).then_some(pipeline.owner);
        let run = commit.runs[0].run();
        assert_eq!((run.status, run.owner), (expected, owner));
        let dead = [dead];
        let stored = Stored::new(Some(facts.row), facts.runs).now(facts.now).dead(&dead);
        assert!(matches!(check_commit(&commit, &stored).unwrap(), Committed::Done(_)));
    }
}
