//! The owners, each by itself.

mod directory;
mod jobs;
mod link;
mod shutdown;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    AnyJob, AnyStore, Cause, JobRunner, ManualClock, MemoryStore, OwnerId, PipelineName, PipelineRecord,
    RunHandle, RunId, RunKey, RunRecord, RunRequest, RunStatus, RunnerError, job_fn,
};
use time::UtcDateTime;

use super::directory::Directory;
use super::jobs::Jobs;
use super::link::{LinkSetup, StoreLink};
use crate::builder::Keep;
use crate::code::Code;
use crate::decide::{Plan, Registered};
use crate::entry::EntryId;
use crate::events::EventSender;
use crate::registration::Rules;

fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn name(name: &str) -> PipelineName {
    PipelineName::new(name).unwrap()
}

fn row(pipeline: &str) -> PipelineRecord {
    let mut row = PipelineRecord::new(name(pipeline), at(0));
    row.rev = 1;
    row
}

fn run(pipeline: &str, status: RunStatus, owner: Option<OwnerId>) -> RunRecord {
    let id = RunId::generate();
    let mut run = RunRecord::new(&name(pipeline), RunKey::manual_run(id), Cause::Manual, status, at(0));
    (run.id, run.owner) = (id, owner);
    run
}

/// The plan of a pipeline without a schedule that runs after others.
fn plan(pipeline: &str, after: &[&str]) -> Plan {
    Plan {
        code: Code::new(AnyJob::new(job_fn(pipeline, |_cx| async { Ok(()) })), None),
        registered: Arc::new(Registered {
            spec: None,
            enabled: true,
            tags: BTreeSet::new(),
            options: String::new(),
            rules: "{}".into(),
            after: after.iter().map(|upstream| (name(upstream), 0)).collect(),
            after_all: Vec::new(),
        }),
        rules: Arc::new(Rules::default()),
        pool: None,
    }
}

/// A runner whose answer to each start is this.
#[derive(Debug)]
struct Answers(Result<(), RunnerError>, ManualClock);

impl JobRunner for Answers {
    fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
        self.0.clone()?;
        let (handle, active) =
            RunHandle::new(job.shared_name(), request.into_context(), Arc::new(self.1.clone()));
        // The job never ends.
        Box::leak(Box::new(active));
        Ok(handle)
    }

    fn stop_grace(&self) -> Duration {
        Duration::from_secs(5)
    }
}

fn jobs(answer: Result<(), RunnerError>, slots: usize) -> Jobs {
    let clock = ManualClock::new(at(0));
    let runner = Arc::new(Answers(answer, clock.clone()));
    Jobs::new(runner, Arc::new(clock), EventSender::new(16), slots, vec![("db".to_owned(), 1)])
}

fn link(clock: &ManualClock, keep: Keep) -> StoreLink {
    StoreLink::new(LinkSetup {
        store: AnyStore::new(MemoryStore::with_clock(clock.clone())),
        clock: Arc::new(clock.clone()),
        events: EventSender::new(16),
        keep,
        lease: Duration::from_secs(30),
        timeout: Duration::from_secs(30),
        calls: 2,
        owner: OwnerId::generate(),
    })
}

/// Registers a pipeline.
fn register(directory: &mut Directory, pipeline: &str, after: &[&str]) -> EntryId {
    let id = directory.open(name(pipeline), |name| PipelineRecord::new(name, at(0)));
    directory.set_plan(id, plan(pipeline, after));
    id
}
