//! Shows that each rule can fail, with histories in which one thing is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use godata::{
    Cause, Commit, Covers, Failure, FailureKind, OwnerId, PipelineName, PipelineRecord, RetryPolicy,
    RunContext, RunId, RunKey, RunRecord, RunStatus,
};
use time::UtcDateTime;

use super::{End, Incarnation, Ledger};
use crate::plan::{Misfire, Mood, Overlap, Plan, Recovery, Terms};

const BY: Incarnation = Incarnation { instance: 0, life: 1 };
const OTHER: Incarnation = Incarnation { instance: 1, life: 1 };

/// One pipeline that is due every ten seconds, with one retry and otherwise default rules.
struct History {
    ledger: Ledger,
    owner: OwnerId,
    row: PipelineRecord,
    now: UtcDateTime,
}

impl History {
    fn new() -> Self {
        Self::after(&[])
    }

    /// The pipeline also runs after all of these.
    fn after(upstream: &[&str]) -> Self {
        let row = PipelineRecord::new(PipelineName::new("orders").unwrap(), at(0));
        let terms = Terms {
            misfire: Misfire::Latest,
            overlap: Overlap::Skip,
            retry: RetryPolicy::attempts(2),
            after: upstream.iter().map(|name| PipelineName::new(*name).unwrap()).collect(),
            ..Terms::quiet()
        };
        let pipelines = BTreeMap::from([(row.name.clone(), terms)]);
        let plan = Plan {
            shared: false,
            instances: 1,
            mood: Mood::Peaceful,
            recovery: Recovery::Rerun,
            pipelines,
            ..Plan::of(0, 0)
        };
        let ledger = Ledger::new(plan, false);
        ledger.registers(BY, &row.name);
        ledger.registers(OTHER, &row.name);
        let mut history = Self { ledger, owner: OwnerId::generate(), row, now: at(0) };
        history.row.spec = Some("every 10s".into());
        (history.row.cursor, history.row.next_due) = (Some(at(0)), Some(at(10)));
        history.decide([], []);
        history
    }

    fn decide<const I: usize, const U: usize>(&mut self, new: [&RunRecord; I], changed: [&RunRecord; U]) {
        self.decide_by(BY, self.owner, new, changed);
    }

    fn decide_by<const I: usize, const U: usize>(
        &mut self,
        by: Incarnation,
        owner: OwnerId,
        new: [&RunRecord; I],
        changed: [&RunRecord; U],
    ) {
        let commit = Commit::new(owner, self.row.clone());
        let commit = new.into_iter().cloned().fold(commit, Commit::insert);
        let commit = changed.into_iter().cloned().fold(commit, Commit::update);
        self.row.rev += 1;
        self.ledger.accepted(by, self.now, &commit, self.row.rev);
    }

    /// A due time that is decided in time.
    fn due(&mut self, seconds: u64, status: RunStatus) -> RunRecord {
        self.now = at(seconds);
        (self.row.cursor, self.row.next_due) = (Some(at(seconds)), Some(at(seconds + 10)));
        let key = RunKey::due(self.row.spec_since, at(seconds));
        let mut run = RunRecord::new(&self.row.name, key, Cause::Schedule, status, self.now);
        (run.due, run.spec_since) = (Some(at(seconds)), Some(self.row.spec_since));
        match status {
            RunStatus::Skipped => run.covers = Some(Covers::exactly(1, at(seconds))),
            status => (run.owner, run.fence) = (Some(self.owner), fence(status, &self.row)),
        }
        run
    }

    /// A running run, with its job running.
    fn started(&mut self, seconds: u64) -> RunRecord {
        let run = self.due(seconds, RunStatus::Running);
        self.decide([&run], []);
        self.ledger.job_starts(BY, self.now, &context(&run));
        run
    }

    fn failed(&mut self, seconds: u64) -> RunRecord {
        let mut run = self.started(seconds);
        self.ledger.job_ends(BY, self.now, run.id, End::Transient);
        run.error = Some(Failure::new(FailureKind::Transient, "busy"));
        (run.status, run.ended_at) = (RunStatus::Failed, Some(self.now));
        run
    }

    fn found(&self, what: &str) {
        let violations = self.ledger.violations();
        assert!(
            violations.iter().any(|violation| violation.contains(what)),
            "{what:?} is not in {violations:?}"
        );
    }
}

fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn fence(status: RunStatus, row: &PipelineRecord) -> u64 {
    if status == RunStatus::Running { row.rev + 1 } else { 0 }
}

fn context(run: &RunRecord) -> RunContext {
    let cx = RunContext::new().with_run_id(run.id).with_job_id(run.job_id).with_attempt(run.attempt);
    let cx = cx.with_cause(run.cause);
    match run.due {
        Some(due) => cx.with_due(due),
        None => cx,
    }
}

fn retry_of(failed: &RunRecord, seconds: u64) -> RunRecord {
    let mut run = failed.clone();
    (run.id, run.key, run.cause) = (RunId::generate(), RunKey::retry(failed.id), Cause::Retry);
    (run.status, run.attempt, run.retry_of) = (RunStatus::Queued, failed.attempt + 1, Some(failed.id));
    (run.not_before, run.fence, run.ended_at, run.error) = (Some(at(seconds)), 0, None, None);
    run
}

#[test]
fn a_history_with_nothing_wrong_breaks_no_rule() {
    let mut history = History::new();
    let failed = history.failed(10);
    let retry = retry_of(&failed, 11);
    history.decide([&retry], [&failed]);
    let mut skip = history.due(20, RunStatus::Skipped);
    history.row.open_skip = Some(skip.id);
    history.decide([&skip], []);
    (skip.due, skip.covers) = (Some(at(40)), Some(Covers::exactly(3, at(20))));
    (history.row.cursor, history.now) = (Some(at(40)), at(40));
    history.decide([], [&skip]);
    assert_eq!(history.ledger.violations(), Vec::<String>::new());
    assert_eq!(history.ledger.totals().due_times, 4);
}

#[test]
fn a_due_time_that_is_passed_over_is_found() {
    let mut history = History::new();
    (history.row.cursor, history.now) = (Some(at(10)), at(10));
    history.decide([], []);
    history.found("is not answered");
}

#[test]
fn a_due_time_that_is_answered_twice_is_found() {
    let mut history = History::new();
    let once = history.due(10, RunStatus::Skipped);
    history.decide([&once], []);
    let mut again = history.due(10, RunStatus::Skipped);
    again.key = RunKey::due(at(1), at(10));
    history.decide([&again], []);
    history.found("a row begins with");
}

#[test]
fn a_skip_that_counts_wrongly_is_found() {
    let mut history = History::new();
    let mut skip = history.due(30, RunStatus::Skipped);
    (skip.key, skip.covers) = (RunKey::due(at(0), at(10)), Some(Covers::exactly(2, at(10))));
    history.decide([&skip], []);
    history.found("2 due times are said");
}

#[test]
fn an_edit_that_begins_in_the_past_is_found() {
    let mut history = History::new();
    let skip = history.due(100, RunStatus::Skipped);
    history.decide([&skip], []);
    (history.row.spec_since, history.row.cursor) = (at(50), Some(at(50)));
    history.decide([], []);
    history.found("begins anew");
}

#[test]
fn an_edit_that_drops_a_due_time_is_found() {
    for is_answered in [false, true] {
        let mut history = History::new();
        let skip = history.due(10, RunStatus::Skipped);
        history.row.spec = Some("every 7s".into());
        (history.row.spec_since, history.row.cursor) = (at(15), Some(at(15)));
        history.row.updated_at = at(15);
        if is_answered {
            history.decide([&skip], []);
            assert_eq!(history.ledger.violations(), Vec::<String>::new());
        } else {
            history.decide([], []);
            history.found("is dropped");
        }
    }
}

#[test]
fn a_removal_that_drops_a_due_time_is_found() {
    let mut history = History::new();
    (history.row.removed_at, history.row.updated_at) = (Some(at(15)), at(15));
    history.decide([], []);
    history.found("is dropped");
}

#[test]
fn a_burst_is_found() {
    let mut history = History::new();
    let (first, second) = (history.due(10, RunStatus::Queued), history.due(20, RunStatus::Queued));
    history.decide([&first, &second], []);
    history.found("are to run at once");
}

#[test]
fn a_due_time_that_is_run_though_a_newer_one_has_come_is_found() {
    let mut history = History::new();
    let mut run = history.due(10, RunStatus::Queued);
    run.created_at = at(25);
    history.decide([&run], []);
    history.found("is to run though");
}

#[test]
fn a_decision_that_is_late_though_nothing_is_in_the_way_is_found() {
    let mut history = History::new();
    let mut run = history.due(10, RunStatus::Queued);
    run.created_at = at(12);
    history.decide([&run], []);
    history.found("is decided only at");
}

#[test]
fn a_decision_before_its_time_is_found() {
    let mut history = History::new();
    let mut run = history.due(10, RunStatus::Queued);
    run.created_at = at(9);
    history.decide([&run], []);
    history.found("too early");
}

#[test]
fn a_job_that_starts_before_its_row_is_stored_is_found() {
    let mut history = History::new();
    let run = history.due(10, RunStatus::Running);
    history.ledger.job_starts(BY, history.now, &context(&run));
    history.found("it is not stored");
}

#[test]
fn a_job_that_starts_while_its_row_is_queued_is_found() {
    let mut history = History::new();
    let run = history.due(10, RunStatus::Queued);
    history.decide([&run], []);
    history.ledger.job_starts(BY, history.now, &context(&run));
    history.found("its job starts while it is queued");
}

#[test]
fn a_job_that_starts_twice_is_found() {
    let mut history = History::new();
    let run = history.started(10);
    history.ledger.job_starts(BY, history.now, &context(&run));
    history.found("starts a second time");
}

#[test]
fn a_success_that_the_job_did_not_have_is_found() {
    let mut history = History::new();
    let mut run = history.started(10);
    history.ledger.job_ends(BY, history.now, run.id, End::Failed);
    run.status = RunStatus::Succeeded;
    history.decide([], [&run]);
    history.found("is succeeded");
}

#[test]
fn an_interruption_by_somebody_else_of_who_is_alive_is_found() {
    let mut history = History::new();
    let mut run = history.started(10);
    run.status = RunStatus::Interrupted;
    history.decide_by(OTHER, OwnerId::generate(), [], [&run]);
    history.found("1.1 makes run");
}

#[test]
fn an_interruption_that_is_not_recovered_is_found() {
    let mut history = History::new();
    let mut run = history.started(10);
    history.ledger.declared_dead(&[run.clone()]);
    run.status = RunStatus::Interrupted;
    history.decide_by(OTHER, OwnerId::generate(), [], [&run]);
    history.found("is not recovered");
}

#[test]
fn a_run_that_a_shutdown_kept_from_starting_and_that_is_not_queued_again_is_found() {
    let mut history = History::new();
    let mut run = history.due(10, RunStatus::Running);
    history.decide([&run], []);
    history.ledger.leaves(BY);
    run.status = RunStatus::Interrupted;
    history.decide([], [&run]);
    history.found("is not queued again");
}

#[test]
fn a_job_that_was_called_in_a_run_that_never_started_is_found() {
    let mut history = History::new();
    let mut run = history.started(10);
    history.ledger.leaves(BY);
    run.status = RunStatus::Interrupted;
    history.decide([], [&run]);
    history.found("its job was called");
}

#[test]
fn a_failure_without_its_retry_is_found() {
    let mut history = History::new();
    let failed = history.failed(10);
    history.decide([], [&failed]);
    history.found("is not tried again in the same decision");
}

#[test]
fn a_retry_that_comes_later_is_found() {
    let mut history = History::new();
    let failed = history.failed(10);
    history.decide([], [&failed]);
    history.decide([&retry_of(&failed, 11)], []);
    history.found("which did not become failed with it");
}

#[test]
fn a_retry_of_another_job_is_found() {
    let mut history = History::new();
    let failed = history.failed(10);
    let mut retry = retry_of(&failed, 11);
    retry.job_id = godata::JobId::generate();
    history.decide([&retry], [&failed]);
    history.found("is of another job");
}

#[test]
fn an_attempt_too_many_is_found() {
    let mut history = History::new();
    let failed = history.failed(10);
    let mut retry = retry_of(&failed, 11);
    retry.attempt = 3;
    history.decide([&retry], [&failed]);
    history.found("as attempt 3");
}

#[test]
fn a_run_after_others_that_have_not_all_succeeded_is_found() {
    for (seen, found) in
        [(0, "answers rev 0 of users"), (3, "answers rev 3 of users; seen was 0, and there is 0")]
    {
        let mut history = History::after(&["users", "prices"]);
        let users = PipelineName::new("users").unwrap();
        let key = RunKey::after(&users, 3);
        let mut run = RunRecord::new(&history.row.name, key, Cause::After, RunStatus::Queued, at(1));
        (run.owner, history.now) = (Some(history.owner), at(1));
        history.row.after_seen.insert(users, seen);
        history.decide([&run], []);
        history.found(found);
    }
}

#[test]
fn an_overlap_is_found() {
    let mut history = History::new();
    history.started(10);
    history.started(20);
    history.found("2 runs at a time");
}

#[test]
fn a_run_that_starts_in_a_pause_is_found() {
    let mut history = History::new();
    let mut run = history.due(10, RunStatus::Queued);
    history.decide([&run], []);
    history.row.paused_at = Some(at(11));
    history.decide([], []);
    (run.status, run.fence) = (RunStatus::Running, history.row.rev + 1);
    history.decide([], [&run]);
    history.found("though it is paused");
}

#[test]
fn a_run_of_a_dead_owner_that_is_still_running_is_found() {
    let mut history = History::new();
    history.started(10);
    history.ledger.check_calm(at(500), &BTreeSet::new());
    history.found("is running, its owner is");
    history.ledger.check_end();
    history.found("is still running");
}

#[test]
fn what_nobody_does_is_found() {
    let mut history = History::new();
    let run = history.due(10, RunStatus::Queued);
    history.decide([&run], []);
    history.ledger.check_calm(at(500), &BTreeSet::from([BY]));
    history.found("still waits");
    history.found("is still not decided");
}

#[test]
fn an_acknowledged_run_that_is_not_stored_is_found() {
    let history = History::new();
    history.ledger.acknowledged(BY, RunId::generate());
    history.found("is not stored");
}
