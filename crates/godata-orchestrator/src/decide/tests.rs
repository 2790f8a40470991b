//! Decisions, compared with a model that goes through the due times one by one.

mod cases;
mod followers;
mod standby;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    AnyJob, Cause, Covers, OwnerId, PipelineName, PipelineRecord, RunRecord, RunStatus, Schedule, Stored,
    check_commit, job_fn,
};
use godata_core::{Committed, RunChange, RunCounts};
use proptest::prelude::*;
use time::UtcDateTime;

use super::*;
use crate::registration::Rules;
use crate::{Misfire, Overlap};

fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

/// Due every `self.0` seconds.
#[derive(Debug)]
struct Every(u64);

impl Schedule for Every {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let millis = (after - at(0)).whole_milliseconds();
        let period = i128::from(self.0) * 1_000;
        let next = (millis.div_euclid(period) + 1) * period;
        Some(at(0) + time::Duration::milliseconds(next as i64))
    }

    fn spec(&self) -> String {
        format!("every {}", self.0)
    }
}

/// A pipeline as the loop keeps it. Each commit is checked and applied.
struct Pipeline {
    row: PipelineRecord,
    runs: Vec<RunRecord>,
    all: Vec<RunRecord>,
    fold: Fold,
    plan: Plan,
    owner: OwnerId,
    ids: Ids,
    running: Vec<RunId>,
    ends: Vec<End>,
    upstream: Vec<(PipelineName, u64)>,
    wake_at: Option<UtcDateTime>,
}

impl Pipeline {
    fn new(period: u64, rules: Rules) -> Self {
        let schedule = Arc::new(Every(period));
        let spec = Some(Arc::<str>::from(schedule.spec()));
        let mut row = PipelineRecord::new(PipelineName::new("p").unwrap(), at(0));
        (row.spec, row.cursor) = (spec.clone(), Some(at(0)));
        let registered = Registered {
            spec,
            enabled: true,
            tags: BTreeSet::new(),
            options: String::new(),
            rules: "{}".into(),
            after: Vec::new(),
            after_all: Vec::new(),
        };
        Self {
            row,
            runs: Vec::new(),
            all: Vec::new(),
            fold: Fold::default(),
            plan: Plan {
                code: Code::new(AnyJob::new(job_fn("p", |_cx| async { Ok(()) })), Some(schedule)),
                registered: Arc::new(registered),
                rules: Arc::new(rules),
                pool: None,
            },
            owner: OwnerId::generate(),
            ids: Ids::new(Some(1)),
            running: Vec::new(),
            ends: Vec::new(),
            upstream: Vec::new(),
            wake_at: None,
        }
    }

    /// Decides until there is nothing more to decide.
    fn look(&mut self, now: UtcDateTime, slots: usize) {
        for _ in 0..1_000 {
            let facts = Facts {
                row: &self.row,
                runs: &self.runs,
                plan: Some(&self.plan),
                fold: &self.fold,
                upstream: &self.upstream,
                ends: &self.ends,
                request: None,
                orphans: &[],
                owner: self.owner,
                now,
                mode: Mode::Scheduling,
                behind: Duration::ZERO,
                slots: slots.saturating_sub(self.running.len()),
                recovery: Recovery::Off,
                is_shared: true,
                standby: None,
            };
            let decision = decide(&facts, &mut self.ids);
            self.fold = decision.fold;
            self.wake_at = decision.wake_at;
            let Some(commit) = decision.commit else { return };
            let stored = Stored::new(Some(&self.row), &self.all).now(now).dead(&[]);
            let Committed::Done(rev) = check_commit(&commit, &stored).unwrap() else { panic!("{commit:?}") };
            self.row = commit.pipeline.clone();
            self.row.rev = rev;
            for change in &commit.runs {
                let run = change.run();
                self.all.retain(|other| other.id != run.id);
                self.runs.retain(|other| other.id != run.id);
                self.all.push(run.clone());
                if !run.status.is_terminal() {
                    self.runs.push(run.clone());
                }
                if let RunChange::Insert(run) = change {
                    assert!(run.due.is_none_or(|due| due <= now), "{run:?} is decided before it is due");
                }
            }
            self.ends.clear();
            self.running.extend(decision.starts);
        }
        panic!("the decisions never end");
    }

    fn end_oldest(&mut self) {
        if !self.running.is_empty() {
            let run = self.running.remove(0);
            self.ends.push(End {
                run,
                status: RunStatus::Succeeded,
                stop_reason: None,
                reason: None,
                error: None,
                counts: RunCounts::default(),
                report: None,
                started_at: None,
                ended_at: None,
            });
        }
    }

    /// The rows of the schedule as ordered ranges of due times, each with the number of due times that it claims to cover, and
    /// whether that is exact.
    fn ranges(&self) -> Vec<(UtcDateTime, UtcDateTime, u64, bool)> {
        let of_schedule = self.all.iter().filter(|run| run.cause == Cause::Schedule);
        let mut ranges: Vec<_> = of_schedule
            .map(|run| {
                let due = run.due.unwrap();
                let range = |covers: Covers| (covers.first, due, covers.count, covers.exact);
                run.covers.map_or((due, due, 1, true), range)
            })
            .collect();
        ranges.sort_unstable();
        ranges
    }

    /// Each due time up to the cursor is covered by exactly one row, and none after it by any.
    fn assert_invariant(&self, period: u64) {
        let mut next = at(0) + Duration::from_secs(period);
        for (first, last, count, is_exact) in self.ranges() {
            assert_eq!(first, next, "a gap, or two rows for one due time");
            let times = (last - first).whole_seconds().unsigned_abs() / period + 1;
            let is_right = if is_exact { count == times } else { (1_000..times).contains(&count) };
            assert!(is_right, "{count} are said to be {times}");
            next = last + Duration::from_secs(period);
        }
        let cursor = self.row.cursor.unwrap();
        assert_eq!(next - Duration::from_secs(period), cursor.max(at(0)));
        assert!(self.row.rev == 0 || self.row.next_due == Some(next), "{:?}", self.row);
    }
}

/// What happens to a pipeline.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Jump(u64),
    Back(u64),
    End,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u64..20).prop_map(Step::Pass),
        1 => (60_u64..2_000).prop_map(Step::Jump),
        1 => (1_u64..200).prop_map(Step::Back),
        4 => Just(Step::End),
    ];
    prop::collection::vec(step, 1..60)
}

fn rules() -> impl Strategy<Value = Rules> {
    let overlap = prop_oneof![
        Just(Overlap::Skip),
        Just(Overlap::BufferOne),
        (1_usize..5).prop_map(Overlap::BufferAll),
        Just(Overlap::CancelOther),
        Just(Overlap::Allow),
    ];
    let misfire = prop_oneof![Just(Misfire::Latest), Just(Misfire::Skip), Just(Misfire::All)];
    let rules = (misfire, overlap, 0_u64..90).prop_map(|(misfire, overlap, grace)| Rules {
        misfire,
        overlap,
        grace: Duration::from_secs(grace),
        ..Rules::default()
    });
    rules.prop_filter("they do not contradict each other", |rules| rules.contradiction().is_none())
}

/// The facts about a pipeline at an instant, if nothing has happened to it.
fn facts(pipeline: &Pipeline, now: UtcDateTime) -> Facts<'_> {
    Facts {
        row: &pipeline.row,
        runs: &pipeline.runs,
        plan: Some(&pipeline.plan),
        fold: &pipeline.fold,
        upstream: &[],
        ends: &[],
        request: None,
        orphans: &[],
        owner: pipeline.owner,
        now,
        mode: Mode::Scheduling,
        behind: Duration::ZERO,
        slots: 1,
        recovery: Recovery::Off,
        is_shared: true,
        standby: None,
    }
}

fn decided(facts: &Facts<'_>) -> Decision {
    decide(facts, &mut Ids::new(Some(1)))
}

proptest! {
    #[test]
    fn each_due_time_is_covered_once_whatever_happens(
        period in 1_u64..50, rules in rules(), slots in 1_usize..4, steps in steps(),
    ) {
        let mut pipeline = Pipeline::new(period, rules.clone());
        let mut now = at(0);
        for step in steps {
            match step {
                Step::Pass(seconds) | Step::Jump(seconds) => now += Duration::from_secs(seconds),
                Step::Back(seconds) => now = (now - Duration::from_secs(seconds)).max(at(0)),
                Step::End => pipeline.end_oldest(),
            }
            pipeline.look(now, slots);
            pipeline.assert_invariant(period);
            let running = pipeline.running.len();
            prop_assert!(running <= slots);
            prop_assert!(running <= 1 || rules.overlap == Overlap::Allow);
            let queued = pipeline.runs.iter().filter(|run| run.status == RunStatus::Queued).count();
            let bound = match rules.overlap {
                // Without a free slot, the run that may start waits.
                Overlap::Skip | Overlap::BufferOne | Overlap::CancelOther => 1,
                Overlap::BufferAll(bound) => bound,
                Overlap::Allow => usize::MAX,
            };
            prop_assert!(queued <= bound, "{queued} are queued");
            if let Some(wake_at) = pipeline.wake_at {
                prop_assert!(wake_at > now, "it would wake again and again");
            }
        }
    }

    /// With nothing in the way, the policy decides which due times run and which are skipped.
    #[test]
    fn after_downtime_the_policy_decides(
        period in 1_u64..50, misfire in prop_oneof![Just(Misfire::Latest), Just(Misfire::Skip), Just(Misfire::All)],
        grace in 0_u64..90, down in 0_u64..9_000,
    ) {
        let grace_of = Duration::from_secs(grace);
        let rules = Rules { misfire, grace: grace_of, overlap: Overlap::Allow, ..Rules::default() };
        let mut pipeline = Pipeline::new(period, rules);
        pipeline.look(at(down), usize::MAX);
        let times: Vec<_> = (1..=down / period).map(|n| n * period).collect();
        let is_late = times.last().is_some_and(|last| down - last > grace);
        let run = match misfire {
            _ if times.len() == 1 && !is_late => 1,
            Misfire::Skip if is_late => 0,
            Misfire::Latest | Misfire::Skip => 1,
            Misfire::All => 100,
        };
        let expected: Vec<_> = times[times.len().saturating_sub(run)..].iter().map(|due| Some(at(*due))).collect();
        let ran: Vec<_> = pipeline.runs.iter().map(|run| run.due).collect();
        prop_assert_eq!(ran, expected);
        pipeline.assert_invariant(period);
    }
}

#[test]
fn a_due_time_is_decided_when_it_has_come_by_the_clock_of_the_store() {
    let pipeline = Pipeline::new(10, Rules::default());
    let decide_at = |seconds, behind| {
        let behind = Duration::from_secs(behind);
        let facts = Facts { behind, ..facts(&pipeline, at(seconds)) };
        let decision = decided(&facts);
        (decision.commit.map(|commit| commit.due_not_after_now.unwrap()), decision.wake_at)
    };
    assert_eq!(decide_at(14, 5), (None, Some(at(15))));
    assert_eq!(decide_at(15, 5), (Some(at(10)), Some(at(25))));
}
