//! Decisions in which two things meet: an end and a request, two clocks, or runs of two instances.

use godata_core::{Commit, Failure, FailureKind, RetryPolicy, RunKey};

use super::*;

/// The rows of a commit, which a store would accept.
fn rows_of(commit: Option<Commit>, facts: &Facts<'_>) -> Vec<RunRecord> {
    let commit = commit.unwrap();
    let dead: Vec<_> = facts.orphans.iter().filter_map(|orphan| orphan.owner).collect();
    let stored = Stored::new(Some(facts.row), facts.runs).now(facts.now).dead(&dead);
    let answer = check_commit(&commit, &stored).unwrap();
    assert!(matches!(answer, Committed::Done(_)), "{answer:?}");
    commit.runs.iter().map(|change| change.run().clone()).collect()
}

impl Pipeline {
    /// Adds a run by hand.
    fn add(&mut self, token: &str, status: RunStatus, owner: OwnerId) -> RunRecord {
        let key = RunKey::manual(token).unwrap();
        let mut run = RunRecord::new(&self.row.name, key, Cause::Manual, status, at(0));
        run.owner = Some(owner);
        self.runs.push(run.clone());
        run
    }
}

fn failed(run: &RunRecord, was_stopped: bool) -> End {
    End {
        stop_reason: was_stopped.then_some(StopReason::Requested),
        error: Some(Failure::new(FailureKind::Transient, "busy".to_owned())),
        ..End::without_result(run.id, RunStatus::Failed, String::new(), Some(at(0)), at(1))
    }
}

#[test]
fn a_run_that_is_taken_over_and_dropped_in_one_decision_ends_under_its_dead_owner() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let dead = OwnerId::generate();
    let run = pipeline.add("a", RunStatus::Queued, dead);
    let orphans = [Orphan { run: run.id, owner: Some(dead) }];
    for request in [Request::Cancel(run.id), Request::Unregister] {
        let facts = Facts { orphans: &orphans, request: Some(&request), ..facts(&pipeline, at(1)) };
        let rows = rows_of(decided(&facts).commit, &facts);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].status, rows[0].owner), (RunStatus::Canceled, Some(dead)), "{request:?}");
    }
}

#[test]
fn a_run_that_another_instance_has_taken_over_is_no_longer_an_orphan() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let run = pipeline.add("a", RunStatus::Queued, OwnerId::generate());
    let orphans = [Orphan { run: run.id, owner: Some(OwnerId::generate()) }];
    let decision = decided(&Facts { orphans: &orphans, ..facts(&pipeline, at(1)) });
    assert!(decision.commit.is_none(), "{decision:?}");
}

#[test]
fn a_retry_of_a_pipeline_that_is_unregistered_in_the_same_decision_is_not_stored() {
    let retry = RetryPolicy::attempts(2);
    let mut pipeline = Pipeline::new(10, Rules { retry, ..Rules::default() });
    let run = pipeline.add("a", RunStatus::Running, pipeline.owner);
    let ends = [failed(&run, false)];
    let facts_of = |request| Facts { ends: &ends, request, ..facts(&pipeline, at(1)) };
    let alone = facts_of(None);
    assert_eq!(rows_of(decided(&alone).commit, &alone).len(), 2, "the end and the retry");
    let both = facts_of(Some(&Request::Unregister));
    assert_eq!(rows_of(decided(&both).commit, &both).len(), 1);
}

#[test]
fn a_failure_is_retried_even_during_a_shutdown_unless_the_run_was_asked_to_stop() {
    let retry = RetryPolicy::attempts(2);
    let mut pipeline = Pipeline::new(10, Rules { retry, ..Rules::default() });
    let run = pipeline.add("a", RunStatus::Running, pipeline.owner);
    for (was_stopped, rows) in [(false, 2), (true, 1)] {
        let ends = [failed(&run, was_stopped)];
        let facts = Facts { ends: &ends, mode: Mode::Draining, ..facts(&pipeline, at(1)) };
        let decision = decided(&facts);
        assert!(decision.starts.is_empty());
        assert_eq!(rows_of(decision.commit, &facts).len(), rows);
    }
}

#[test]
fn an_active_key_is_refused_even_if_its_run_ends_in_the_same_commit() {
    let mut pipeline = Pipeline::new(10, Rules { overlap: Overlap::Allow, ..Rules::default() });
    let run = pipeline.add("a", RunStatus::Running, pipeline.owner);
    let ends = [failed(&run, true)];
    let again = RunRecord::new(&pipeline.row.name, run.key.clone(), Cause::Manual, RunStatus::Queued, at(1));
    let requests = [Request::Run(Box::new(again.clone())), Request::Backfill(vec![again])];
    for request in requests {
        let facts = Facts { ends: &ends, request: Some(&request), ..facts(&pipeline, at(1)) };
        let decision = decided(&facts);
        assert_eq!(decision.verdict, Some(Verdict::Refused(Refusal::Duplicate(run.id))));
        assert_eq!(rows_of(decision.commit, &facts).len(), 1);
    }
}

#[test]
fn registering_keeps_a_success_that_another_instance_has_already_handled() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let upstream = PipelineName::new("up").unwrap();
    pipeline.row.after_seen.insert(upstream.clone(), 9);
    let after = vec![(upstream.clone(), 4)];
    let registered =
        Registered { after, tags: ["new".to_owned()].into(), ..(*pipeline.plan.registered).clone() };
    let request = Request::Register(Arc::new(registered));
    let decision = decided(&Facts { request: Some(&request), ..facts(&pipeline, at(1)) });
    assert_eq!(decision.commit.unwrap().pipeline.after_seen[&upstream], 9);
}

#[test]
fn due_times_decided_by_a_clock_that_is_ahead_are_not_decided_again_unless_it_was_wrong() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let hour = AHEAD.unsigned_abs().as_secs();
    for (cursor, since) in [(40, 50), (60, 60), (50 + hour, 50 + hour), (51 + hour, 50)] {
        pipeline.row.cursor = Some(at(cursor));
        let request = Request::ResumeFromNow;
        let decision = decided(&Facts { request: Some(&request), ..facts(&pipeline, at(50)) });
        let row = decision.commit.unwrap().pipeline;
        assert_eq!((row.spec_since, row.cursor), (at(since), Some(at(since))));
    }
}

#[test]
fn a_schedule_that_starts_anew_twice_at_one_instant_gets_different_keys() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    (pipeline.row.rev, pipeline.row.spec_since) = (3, at(50));
    let decision = decided(&Facts { request: Some(&Request::ResumeFromNow), ..facts(&pipeline, at(50)) });
    assert_eq!(decision.commit.unwrap().pipeline.spec_since, at(50) + Duration::from_millis(1));
}

#[test]
fn a_wait_that_was_set_by_a_clock_far_ahead_is_ignored() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let run = pipeline.add("a", RunStatus::Queued, pipeline.owner);
    let day = 24 * 3_600;
    for (created_at, starts) in [(0, 0), (day, 1)] {
        pipeline.runs[0].created_at = at(created_at);
        pipeline.runs[0].not_before = Some(at(day + 9));
        let decision = decided(&facts(&pipeline, at(1)));
        assert_eq!(decision.starts.len(), starts, "{created_at}: {:?}", run.id);
    }
}

#[test]
fn a_run_of_another_instance_that_blocks_a_follow_up_run_is_read_again() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    pipeline.plan.code.schedule = None;
    pipeline.add("a", RunStatus::Running, OwnerId::generate());
    let upstream = [(PipelineName::new("up").unwrap(), 7)];
    let decision = decided(&Facts { upstream: &upstream, ..facts(&pipeline, at(1)) });
    assert!(decision.commit.is_none() && decision.waits_for_others, "{decision:?}");
    assert_eq!(decision.wake_at, Some(at(3)));
}

/// The skipped rows of a request, as the seconds of their first and last due times, their counts, whether these are exact, and
/// their reasons.
fn skipped_by(
    request: &Request,
    pipeline: &Pipeline,
    now: u64,
) -> Vec<(Vec<UtcDateTime>, u64, bool, String)> {
    let facts = Facts { request: Some(request), ..facts(pipeline, at(now)) };
    let rows = rows_of(decided(&facts).commit, &facts).into_iter().map(|run| {
        assert_eq!((run.status, run.spec_since), (RunStatus::Skipped, Some(pipeline.row.spec_since)));
        let covers = run.covers.unwrap();
        (vec![covers.first, run.due.unwrap()], covers.count, covers.exact, run.reason.unwrap())
    });
    rows.collect()
}

#[test]
fn due_times_that_have_passed_when_their_schedule_ends_or_starts_anew_get_one_row() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    (pipeline.row.rev, pipeline.row.paused_at) = (1, Some(at(5)));
    let registered = |change: fn(&mut Registered)| {
        let mut registered = (*pipeline.plan.registered).clone();
        change(&mut registered);
        Request::Register(Arc::new(registered))
    };
    for (request, reason) in [
        (Request::ResumeFromNow, "the schedule was resumed from now"),
        (Request::Unregister, "its pipeline was unregistered"),
        (registered(|registered| registered.enabled = false), "the schedule was disabled"),
    ] {
        let expected = [(vec![at(10), at(30)], 3, true, reason.to_owned())];
        assert_eq!(skipped_by(&request, &pipeline, 35), expected);
        assert_eq!(skipped_by(&request, &pipeline, 9), []);
    }
    pipeline.row.enabled = false;
    for request in
        [Request::ResumeFromNow, Request::Unregister, registered(|registered| registered.enabled = true)]
    {
        assert_eq!(skipped_by(&request, &pipeline, 35), [], "it was not due: {request:?}");
    }
}

/// The old schedule is not known any more, only its text and when it was due next.
#[test]
fn an_edit_leaves_a_row_that_says_since_when_the_old_schedule_was_due() {
    let old = Pipeline::new(10, Rules::default());
    let mut edited = Pipeline::new(7, Rules::default());
    let request = Request::Register(Arc::clone(&edited.plan.registered));
    let reason = "the schedule was edited".to_owned();
    for (next_due, now, expected) in [
        (Some(at(10)), 35, vec![(vec![at(10), at(10)], 1, false, reason.clone())]),
        (Some(at(10)), 10, vec![(vec![at(10), at(10)], 1, false, reason)]),
        (Some(at(10)), 9, vec![]),
        // A row of an earlier version, or a schedule that was over.
        (None, 35, vec![]),
    ] {
        edited.row = old.row.clone();
        edited.row.next_due = next_due;
        assert_eq!(skipped_by(&request, &edited, now), expected, "{next_due:?} {now}");
        let facts = Facts { request: Some(&request), ..facts(&edited, at(now)) };
        let row = decided(&facts).commit.unwrap().pipeline;
        assert_eq!((row.spec_since, row.cursor), (at(now), Some(at(now))));
        assert_eq!(row.next_due, Every(7).next(at(now)));
    }
    // By the store's clock it is not yet time for the due time at 30.
    edited.row = old.row.clone();
    edited.row.next_due = Some(at(30));
    let behind = Duration::from_secs(10);
    let facts = Facts { request: Some(&request), behind, ..facts(&edited, at(35)) };
    let commit = decided(&facts).commit.unwrap();
    assert_eq!((commit.pipeline.cursor, commit.runs), (Some(at(25)), vec![]));
    for (enabled, removed_at) in [(false, None), (true, Some(at(1)))] {
        edited.row = old.row.clone();
        edited.row.next_due = Some(at(10));
        (edited.row.enabled, edited.row.removed_at) = (enabled, removed_at);
        assert_eq!(skipped_by(&request, &edited, 35), []);
    }
}

#[test]
fn skipped_due_times_that_are_not_written_yet_are_not_answered_twice_by_an_edit() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let skipped = |first, last, count| {
        let (first, last) = (at(first), at(last));
        Box::new(skips::Skipped { first, last, count, is_exact: true, reason: due::OVERLAPPED })
    };
    pipeline.row.next_due = Some(at(10));
    pipeline.fold.unsaved = Some(skipped(10, 20, 2));
    let mut edited = (*pipeline.plan.registered).clone();
    edited.spec = Some("another".into());
    let due = |rows: Vec<(Vec<UtcDateTime>, u64, bool, String)>| -> Vec<_> {
        rows.into_iter().map(|(range, count, ..)| (range, count)).collect()
    };
    let resumed = due(skipped_by(&Request::ResumeFromNow, &pipeline, 35));
    assert_eq!(resumed, [(vec![at(10), at(20)], 2), (vec![at(30), at(30)], 1)]);
    pipeline.plan.registered = Arc::new(edited.clone());
    let edited = due(skipped_by(&Request::Register(Arc::new(edited)), &pipeline, 35));
    assert_eq!(edited, [(vec![at(10), at(20)], 2)]);
}

#[test]
fn due_times_that_have_passed_when_keys_collide_get_a_row_under_a_key_of_the_new_schedule() {
    let mut pipeline = Pipeline::new(10, Rules::default());
    let unsaved =
        skips::Skipped { first: at(10), last: at(20), count: 2, is_exact: true, reason: due::OVERLAPPED };
    pipeline.fold.unsaved = Some(Box::new(unsaved));
    let facts = Facts { request: Some(&Request::Rebase), ..facts(&pipeline, at(35)) };
    let commit = decided(&facts).commit.unwrap();
    assert_eq!((commit.pipeline.spec_since, commit.pipeline.cursor), (at(35), Some(at(35))));
    assert_eq!(commit.pipeline.next_due, Some(at(40)));
    assert_eq!(commit.pipeline.open_skip, None);
    let [RunChange::Insert(row)] = &*commit.runs else { panic!("{:?}", commit.runs) };
    assert_eq!(row.key, RunKey::due(at(35), at(10)));
    assert_eq!((row.covers, row.due), (Some(Covers::exactly(3, at(10))), Some(at(30))));
    // A clock that was ahead has decided all that has passed.
    pipeline.fold = Fold::default();
    pipeline.row.cursor = Some(at(10_000));
    let facts = Facts { request: Some(&Request::Rebase), ..super::facts(&pipeline, at(35)) };
    let commit = decided(&facts).commit.unwrap();
    assert_eq!((commit.pipeline.cursor, commit.runs), (Some(at(35)), vec![]));
}
