//! Explores every interleaving of two instances that schedule one pipeline over one store.
//!
//! There are three due times. An instance may be suspended between any two of its steps for any time, one of them
//! crashes once, and the history is pruned once. In each state, every decided due time must be covered by exactly one
//! run, and none may be started twice. A due time that comes while a run is in progress is skipped, or it is queued without an
//! owner, and then either instance starts it.

mod leases;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use time::UtcDateTime;
use uuid::Uuid;

use crate::tables::MemoryTables;
use crate::{
    Cause, Commit, Committed, Covers, JobId, OwnerId, PipelineName, PipelineRecord, Retention, RunId, RunKey,
    RunQuery, RunRecord, RunStatus,
};

const DUE_TIMES: u64 = 3;
const TTL: Duration = Duration::from_secs(1_000);

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Commits with the rev that their instance has read.
    CompareAndSwap,
    /// Commits with the current rev, whatever their instance has read.
    LastWriteWins,
}

/// What happens to the newest due time while a run is in progress.
#[derive(Clone, Copy, PartialEq)]
enum Overlap {
    Skip,
    Buffer,
}

/// The state of the model. `rows` is the store; the rest is in the memory of the processes, or outside of both.
#[derive(Clone)]
struct World {
    overlap: Overlap,
    rows: MemoryTables,
    now: u64,
    instances: [Instance; 2],
    next_id: u128,
    crashes_left: u32,
    prunes_left: u32,
    /// How often each due time was started, and how many rows have ever covered it.
    started: [u8; DUE_TIMES as usize],
    covered: [u8; DUE_TIMES as usize],
    /// Whether an instance has started a run that another one has queued.
    has_helped: bool,
}

#[derive(Clone)]
struct Instance {
    owner: OwnerId,
    /// What it has read and not yet acted on.
    snapshot: Option<Snapshot>,
    /// Its run whose row is durable and whose job is not started yet.
    recorded: Option<(RunId, u64)>,
    /// Its run whose job was started.
    running: Option<RunId>,
}

#[derive(Clone)]
struct Snapshot {
    pipeline: PipelineRecord,
    active: Vec<RunRecord>,
    orphans: Vec<RunRecord>,
    now: u64,
}

fn name() -> PipelineName {
    PipelineName::new("p").unwrap()
}

fn at(n: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(n)
}

fn seconds(at: UtcDateTime) -> u64 {
    at.unix_timestamp().unsigned_abs()
}

impl World {
    fn new(overlap: Overlap) -> Self {
        let mut rows = MemoryTables::default();
        let instance = |n| Instance { owner: owner(n), snapshot: None, recorded: None, running: None };
        let mut pipeline = PipelineRecord::new(name(), at(0));
        pipeline.cursor = Some(at(0));
        for n in 0..2 {
            rows.enroll(owner(n), TTL, Some(at(0)));
        }
        assert_eq!(rows.commit(&Commit::new(owner(0), pipeline), Some(at(0))).unwrap(), Committed::Done(1));
        Self {
            overlap,
            rows,
            now: 0,
            instances: [instance(0), instance(1)],
            next_id: 100,
            crashes_left: 1,
            prunes_left: 1,
            started: [0; DUE_TIMES as usize],
            covered: [0; DUE_TIMES as usize],
            has_helped: false,
        }
    }

    fn pipeline(&self) -> PipelineRecord {
        (**self.rows.pipeline(&name()).unwrap()).clone()
    }

    fn runs(&self, query: &RunQuery) -> Vec<RunRecord> {
        self.rows.page(query, usize::MAX).runs.iter().map(|run| (**run).clone()).collect()
    }

    /// All states that are one step away.
    fn successors(&self, rule: Rule) -> Vec<Self> {
        let mut next = Vec::new();
        if self.now < DUE_TIMES {
            next.push(Self { now: self.now + 1, ..self.clone() });
        }
        if self.prunes_left > 0 {
            let mut world = Self { prunes_left: self.prunes_left - 1, ..self.clone() };
            world.rows.prune(&Retention::new().keep_newest(0));
            next.push(world);
        }
        for i in 0..2 {
            next.extend(self.step(i, rule));
            if self.crashes_left > 0 {
                next.push(self.crash(i));
            }
        }
        next
    }

    /// The next step of an instance: it reads, or decides from its snapshot, or starts the run that it has recorded. It
    /// may also finish its run, at any time.
    fn step(&self, i: usize, rule: Rule) -> Vec<Self> {
        let mut next = Vec::new();
        let mut world = self.clone();
        let instance = &mut world.instances[i];
        if let Some((run, due)) = instance.recorded.take() {
            instance.running = Some(run);
            world.started[due as usize - 1] += 1;
            next.push(world);
            return next;
        }
        match instance.snapshot.take() {
            Some(snapshot) => {
                world.decide(i, snapshot, rule);
                next.push(world);
            }
            None => {
                world.read(i);
                next.push(world);
                if self.instances[i].running.is_some() {
                    let mut world = self.clone();
                    world.finish(i, rule);
                    next.push(world);
                }
            }
        }
        next
    }

    fn read(&mut self, i: usize) {
        let live: Vec<_> = self.instances.iter().map(|instance| instance.owner).collect();
        self.instances[i].snapshot = Some(Snapshot {
            pipeline: self.pipeline(),
            active: self.runs(&RunQuery::new().active()),
            orphans: self.rows.reap(self.instances[i].owner, &live, None),
            now: self.now,
        });
    }

    /// Decides with misfire `Latest` and overlap `Skip`, from a snapshot that may be stale.
    fn decide(&mut self, i: usize, snapshot: Snapshot, rule: Rule) {
        let owner = self.instances[i].owner;
        let (mut pipeline, rev) = (snapshot.pipeline.clone(), snapshot.pipeline.rev + 1);
        if let Some(orphan) = snapshot.orphans.into_iter().next() {
            let interrupted =
                RunRecord { status: RunStatus::Interrupted, ended_at: Some(at(snapshot.now)), ..orphan };
            self.commit(Commit::new(owner, pipeline).update(interrupted), rule);
            return;
        }
        let is_running = snapshot.active.iter().any(|run| run.status == RunStatus::Running);
        if let Some(queued) = snapshot.active.iter().find(|run| run.status == RunStatus::Queued)
            && !is_running
        {
            let due = seconds(queued.due.unwrap());
            let run =
                RunRecord { status: RunStatus::Running, owner: Some(owner), fence: rev, ..queued.clone() };
            if self.commit(Commit::new(owner, pipeline).update(run.clone()), rule) {
                self.instances[i].recorded = Some((run.id, due));
                self.has_helped |= queued.reason.as_deref() != Some(&*i.to_string());
            }
            return;
        }
        let first = pipeline.cursor.map_or(1, |cursor| seconds(cursor) + 1);
        if first > snapshot.now {
            return;
        }
        let newest = snapshot.now;
        pipeline.cursor = Some(at(newest));
        let runs_now = snapshot.active.is_empty();
        let is_buffered = !runs_now
            && self.overlap == Overlap::Buffer
            && snapshot.active.iter().all(|run| run.status == RunStatus::Running);
        let last_skipped = if runs_now || is_buffered { newest - 1 } else { newest };
        let mut rows = Vec::new();
        if first <= last_skipped {
            let mut skip = self.row(RunStatus::Skipped, first, last_skipped);
            skip.ended_at = Some(at(newest));
            pipeline.open_skip = Some(skip.id);
            rows.push(skip);
        }
        if runs_now {
            let mut run = self.row(RunStatus::Running, newest, newest);
            (run.owner, run.fence) = (Some(owner), rev);
            pipeline.open_skip = None;
            rows.push(run);
        }
        if is_buffered {
            let mut run = self.row(RunStatus::Queued, newest, newest);
            // Only so that the model knows it.
            run.reason = Some(i.to_string());
            pipeline.open_skip = None;
            rows.push(run);
        }
        let commit = rows.iter().cloned().fold(Commit::new(owner, pipeline), Commit::insert);
        if self.commit(commit.due_not_after_now(at(newest)), rule) {
            for row in rows {
                let due = seconds(row.due.unwrap());
                for due in seconds(row.covers.unwrap().first)..=due {
                    self.covered[due as usize - 1] += 1;
                }
                if row.status == RunStatus::Running {
                    self.instances[i].recorded = Some((row.id, due));
                }
            }
        }
    }

    fn finish(&mut self, i: usize, rule: Rule) {
        let instance = &self.instances[i];
        let Some(run) = instance.running.and_then(|id| self.rows.run(id)).map(|run| (**run).clone()) else {
            self.instances[i].running = None;
            return;
        };
        let pipeline = self.pipeline();
        let run = RunRecord { status: RunStatus::Succeeded, ended_at: Some(at(self.now)), ..run };
        self.commit(Commit::new(instance.owner, pipeline).update(run), rule);
        self.instances[i].running = None;
    }

    /// Whether the commit was made. An instance whose commit is refused reads again.
    fn commit(&mut self, mut commit: Commit, rule: Rule) -> bool {
        if rule == Rule::LastWriteWins {
            let stored = self.rows.pipeline(&name()).unwrap();
            commit.pipeline.rev = stored.rev;
            commit.pipeline.cursor = commit.pipeline.cursor.max(stored.cursor);
            let fence = stored.rev + 1;
            for change in &mut commit.runs {
                if let crate::RunChange::Insert(run) | crate::RunChange::Update(run) = change
                    && run.status == RunStatus::Running
                {
                    run.fence = fence;
                }
            }
        }
        matches!(self.rows.commit(&commit, Some(at(self.now))), Ok(Committed::Done(_)))
    }

    /// The instance loses its memory and comes back under a new id. The owner of its runs is dead.
    fn crash(&self, i: usize) -> Self {
        let mut world = self.clone();
        world.crashes_left -= 1;
        let owner = owner(10 + i as u128);
        world.rows.enroll(owner, TTL, Some(at(self.now)));
        world.instances[i] = Instance { owner, snapshot: None, recorded: None, running: None };
        world
    }

    fn row(&mut self, status: RunStatus, first: u64, last: u64) -> RunRecord {
        self.next_id += 1;
        let key = RunKey::due(at(0), at(first));
        let mut run = RunRecord::new(&name(), key, Cause::Schedule, status, at(0));
        (run.id, run.job_id) = (Uuid::from_u128(self.next_id).into(), JobId::from(Uuid::nil()));
        run.due = Some(at(last));
        run.covers = Some(Covers::exactly(last + 1 - first, at(first)));
        run
    }

    /// Checks what must hold in every state.
    fn violation(&self) -> Option<&'static str> {
        let pipeline = self.rows.pipeline(&name()).unwrap();
        let decided = pipeline.cursor.map_or(0, seconds);
        for due in 1..=DUE_TIMES {
            let n = due as usize - 1;
            if self.started[n] > 1 {
                return Some("a due time was started twice");
            }
            if self.covered[n] > 1 {
                return Some("a due time is covered by two rows");
            }
            if due <= decided && self.covered[n] == 0 {
                return Some("a decided due time is not covered");
            }
        }
        None
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let row = |run: &RunRecord, hasher: &mut DefaultHasher| {
            (run.id, run.status, run.owner, run.due, run.fence).hash(hasher);
            run.covers.map(|covers| covers.first).hash(hasher);
        };
        let pipeline = |row: &PipelineRecord, hasher: &mut DefaultHasher| {
            (row.rev, row.cursor, row.open_skip).hash(hasher);
        };
        (self.now, self.crashes_left, self.prunes_left, self.started, self.covered, self.has_helped)
            .hash(&mut hasher);
        pipeline(self.rows.pipeline(&name()).unwrap(), &mut hasher);
        for run in self.runs(&RunQuery::new()) {
            row(&run, &mut hasher);
        }
        for instance in &self.instances {
            (instance.owner, instance.recorded, instance.running, instance.snapshot.is_some())
                .hash(&mut hasher);
            if let Some(snapshot) = &instance.snapshot {
                pipeline(&snapshot.pipeline, &mut hasher);
                snapshot.now.hash(&mut hasher);
                snapshot.active.iter().chain(&snapshot.orphans).for_each(|run| row(run, &mut hasher));
            }
        }
        hasher.finish()
    }
}

fn owner(n: u128) -> OwnerId {
    Uuid::from_u128(n + 1).into()
}

/// The number of states, and whether an instance has started a run of the other one in any; or the first violation.
fn explore(overlap: Overlap, rule: Rule) -> Result<(usize, bool), &'static str> {
    let mut known = HashSet::new();
    let mut open = vec![World::new(overlap)];
    let mut has_helped = false;
    while let Some(world) = open.pop() {
        if !known.insert(world.fingerprint()) {
            continue;
        }
        if let Some(violation) = world.violation() {
            return Err(violation);
        }
        has_helped |= world.has_helped;
        open.extend(world.successors(rule));
    }
    Ok((known.len(), has_helped))
}

#[test]
fn no_due_time_is_lost_or_covered_twice_in_any_state() {
    for overlap in [Overlap::Skip, Overlap::Buffer] {
        let (states, has_helped) = explore(overlap, Rule::CompareAndSwap).unwrap();
        println!("{states} states");
        assert!(states > 1_000, "{states} states can't be all");
        assert_eq!(has_helped, overlap == Overlap::Buffer);
    }
}

#[test]
fn without_compare_and_swap_the_model_finds_a_violation() {
    for overlap in [Overlap::Skip, Overlap::Buffer] {
        assert!(explore(overlap, Rule::LastWriteWins).is_err());
    }
}
