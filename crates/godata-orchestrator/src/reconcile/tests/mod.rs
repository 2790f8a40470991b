//! What follows from each answer of the store, as a list of short texts: the rules one by one, without a store or a clock.

mod lost;
mod read;
mod refused;
mod stored;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    AnyJob, Cause, Commit, Committed, ManualClock, OwnerId, PipelineName, PipelineRecord, RunContext,
    RunHandle, RunId, RunKey, RunRecord, RunStatus, Schedule, StoreError, job_fn,
};
use time::UtcDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::*;
use crate::OrchestratorError;
use crate::code::Code;
use crate::command::{Answer, Reply};
use crate::decide::{Fold, Plan, Registered, Request, Verdict};
use crate::entry::{Asked, EntryId, Job, Pending, Replier};
use crate::persist::Reloaded;
use crate::registration::Rules;
use crate::slots::Held;

fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

/// Its text, and any text that differs from it only in upper case, mean the same.
#[derive(Debug)]
struct Never(&'static str);

impl Schedule for Never {
    fn next(&self, _after: UtcDateTime) -> Option<UtcDateTime> {
        None
    }

    fn spec(&self) -> String {
        self.0.to_owned()
    }

    fn has_spec(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(self.0)
    }
}

/// An entry of the pipeline `p` at rev 5, and the instance that has it.
struct World {
    entry: Entry,
    instance: Instance,
    /// A second instance.
    other: OwnerId,
}

impl World {
    fn new() -> Self {
        let mut row = PipelineRecord::new(PipelineName::new("p").unwrap(), at(0));
        (row.rev, row.spec) = (5, Some("s".into()));
        let mut entry = Entry::new(EntryId(0), row, Vec::new());
        entry.plan = Some(Arc::new(plan(Some("s"))));
        Self {
            entry,
            instance: Instance { owner: OwnerId::generate(), now: at(100) },
            other: OwnerId::generate(),
        }
    }

    /// A row of this instance.
    fn run(&self, status: RunStatus) -> RunRecord {
        let id = RunId::generate();
        let mut run =
            RunRecord::new(&self.entry.row.name, RunKey::manual_run(id), Cause::Manual, status, at(0));
        (run.id, run.owner) = (id, Some(self.instance.owner));
        run
    }

    /// The pipeline as it is stored now, with these queued and running rows, and these final ones.
    fn stored(&self, runs: &[RunRecord], settled: &[RunRecord]) -> Reloaded {
        Reloaded { row: Some(self.entry.row.clone()), runs: runs.to_vec(), settled: settled.to_vec() }
    }

    /// Watches a run, whose job runs if there is a handle.
    fn watch(&mut self, run: &RunRecord, handle: Option<RunHandle>) {
        let mut job = Job::new(run.id, run.key.clone());
        job.handle = handle;
        self.entry.jobs.push(job);
    }

    /// Queues a request of a caller that waits.
    fn ask(&mut self, request: Request) -> oneshot::Receiver<Result<Answer, OrchestratorError>> {
        let (reply, answer): (Reply<_>, _) = oneshot::channel();
        self.entry.ask(request, Replier::Ask(reply));
        answer
    }

    fn commit(&self) -> Commit {
        Commit::new(self.instance.owner, self.entry.row.clone())
    }

    /// The effects of an answer to a commit.
    fn committed(
        &mut self,
        pending: Pending,
        commit: Commit,
        answer: Result<Committed, StoreError>,
    ) -> Vec<String> {
        self.entry.flight = Some(Flight::Commit(Box::new(pending)));
        self.reconcile(StoreAnswer::Committed(Box::new(commit), answer))
    }

    /// The effects of a read.
    fn read(&mut self, stored: Reloaded) -> Vec<String> {
        self.read_after_duplicate(stored, None)
    }

    fn read_after_duplicate(&mut self, stored: Reloaded, duplicate: Option<RunId>) -> Vec<String> {
        self.entry.flight = Some(Flight::Reload { duplicate });
        self.reconcile(StoreAnswer::Reloaded(Ok(Box::new(stored))))
    }

    fn reconcile(&mut self, answer: StoreAnswer) -> Vec<String> {
        let Effects { list, slots } = reconcile(&mut self.entry, answer, self.instance);
        assert!(self.entry.flight.is_none());
        drop(slots);
        list.iter().map(text).collect()
    }
}

fn pending() -> Pending {
    Pending {
        starts: Vec::new(),
        stops: Vec::new(),
        verdict: None,
        fold: Fold::default(),
        misfired: None,
        ends: 0,
        slots: Held::default(),
    }
}

fn plan(spec: Option<&'static str>) -> Plan {
    let schedule = spec.map(|spec| Arc::new(Never(spec)) as Arc<dyn Schedule>);
    Plan {
        code: Code::new(AnyJob::new(job_fn("p", |_cx| async { Ok(()) })), schedule),
        registered: Arc::new(Registered {
            spec: spec.map(Arc::from),
            enabled: true,
            tags: BTreeSet::new(),
            options: String::new(),
            rules: "{}".into(),
            after: Vec::new(),
            after_all: Vec::new(),
        }),
        rules: Arc::new(Rules::default()),
        pool: None,
    }
}

fn handle() -> RunHandle {
    let (handle, active) = RunHandle::new("p", RunContext::new(), Arc::new(ManualClock::new(at(0))));
    // A handle whose run is dropped would have ended.
    Box::leak(Box::new(active));
    handle
}

fn failure() -> StoreError {
    StoreError::unavailable("it is away")
}

/// An effect in a few words.
fn text(effect: &Effect) -> String {
    match effect {
        Effect::Edited(before) => format!("edited from {}", before.as_deref().unwrap_or("none")),
        Effect::Paused => "paused".to_owned(),
        Effect::Resumed => "resumed".to_owned(),
        Effect::Misfired(_) => "misfired".to_owned(),
        Effect::CancelRequested(run) => format!("cancel of {run} requested"),
        Effect::Active(run, before) => format!("{run} active, {}", before_text(before.as_ref())),
        Effect::Ended(run, before) => {
            format!("{} {}, {}", run.id, run.status, before_text(before.as_ref()))
        }
        Effect::Recovered => "recovered".to_owned(),
        Effect::Answer(_, Verdict::Granted) => "granted".to_owned(),
        Effect::Answer(_, Verdict::Refused(refusal)) => format!("refused: {refusal:?}"),
        Effect::Fail(_, OrchestratorError::Unconfirmed { .. }) => "unconfirmed".to_owned(),
        Effect::Fail(_, OrchestratorError::Store { .. }) => "store error".to_owned(),
        Effect::Fail(_, OrchestratorError::Duplicate { run, .. }) => format!("duplicate of {run}"),
        Effect::Fail(_, error) => error.to_string(),
        Effect::Start(run) => format!("start {run}"),
        Effect::StartLate(run) => format!("start {run} late"),
        Effect::Stop(run) => format!("stop {run}"),
        Effect::Forget(run) => format!("forget {run}"),
        Effect::EndedElsewhere(run) => format!("{} {} elsewhere", run.id, run.status),
        Effect::Read(wait, duplicate) => match duplicate {
            Some(duplicate) => {
                format!("read {wait:?} for {} and {} keys", duplicate.run, duplicate.keys.len())
            }
            None => format!("read {wait:?}"),
        },
        Effect::StoreFailed(runs, _) => format!("store failed for {} runs", runs.len()),
        Effect::OwnerLost(_) => "owner lost".to_owned(),
        Effect::StoreIsBehind(behind) => format!("store is behind by {behind:?}"),
        Effect::SpecDiffers(stored, registered) => {
            format!(
                "stored {}, registered {}",
                stored.as_deref().unwrap_or("none"),
                registered.as_deref().unwrap_or("none")
            )
        }
        Effect::UnregisteredElsewhere => "unregistered elsewhere".to_owned(),
        Effect::Rebase => "rebase".to_owned(),
        Effect::Succeeded => "succeeded".to_owned(),
    }
}

fn before_text(before: Option<&Before>) -> &'static str {
    if before.is_some() { "changed" } else { "new" }
}

#[test]
fn an_answer_to_another_call_changes_nothing() {
    let mut world = World::new();
    let stored = world.stored(&[world.run(RunStatus::Queued)], &[]);
    assert!(world.reconcile(StoreAnswer::Reloaded(Ok(Box::new(stored)))).is_empty());
    assert!(world.entry.runs.is_empty());
}
