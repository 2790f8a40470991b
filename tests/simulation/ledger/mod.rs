//! The record of what happened: each commit that the store accepted, each job that ran, each answer that a caller got. The
//! rules are checked with each entry; an entry that breaks one is a violation.

mod answers;
mod broken;
mod due_times;
mod finals;
mod overlap;
mod retries;
mod rows;
mod telling;
mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use godata::{
    AnySchedule, Cause, Commit, Committed, FailureKind, JobId, OwnerId, PipelineName, PipelineRecord,
    RunChange, RunContext, RunId, RunRecord, RunResult, RunStatus, StoreError,
};
use time::UtcDateTime;

use crate::plan::{Plan, Terms};

pub(crate) use totals::Totals;

/// One life of an instance, from its start to its crash or shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Incarnation {
    pub(crate) instance: usize,
    pub(crate) life: u32,
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.instance, self.life)
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Succeeded,
    Canceled,
    Failed,
    Transient,
    Panicked,
    /// Its future was dropped, by a crash or because it ignored cancellation.
    Dropped,
}

pub(crate) struct Ledger(Mutex<Books>);

struct Books {
    plan: Plan,
    /// By their text.
    schedules: BTreeMap<String, AnySchedule>,
    pipelines: BTreeMap<PipelineName, Book>,
    runs: BTreeMap<RunId, Run>,
    owners: BTreeMap<OwnerId, Incarnation>,
    dead: BTreeSet<OwnerId>,
    /// The instances that were told to shut down.
    leaving: BTreeSet<Incarnation>,
    /// The instances that reported the pipeline as registered.
    registered: BTreeSet<(Incarnation, PipelineName)>,
    acknowledged: BTreeSet<RunId>,
    /// The jobs whose runs somebody tried to cancel. A run that has ended hands that on to the next attempt.
    to_cancel: BTreeSet<JobId>,
    digest: DefaultHasher,
    totals: Totals,
    violations: Vec<String>,
    /// Whether each entry is printed.
    is_told: bool,
}

struct Book {
    row: PipelineRecord,
    active: BTreeSet<RunId>,
    /// When it succeeded, and with which revs.
    successes: Vec<(UtcDateTime, u64)>,
}

struct Run {
    row: RunRecord,
    job: Job,
    /// When either was changed last.
    changed_at: UtcDateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    NotStarted,
    Runs(Incarnation),
    Ended(End),
}

/// An accepted commit, with the rows before it.
struct Decision<'a> {
    by: Incarnation,
    owner: OwnerId,
    /// When it was accepted.
    at: UtcDateTime,
    before: Option<PipelineRecord>,
    after: PipelineRecord,
    changes: Vec<Change<'a>>,
}

/// What a decision does to one run; `before` is `None` if the decision adds it.
struct Change<'a> {
    before: Option<RunRecord>,
    after: &'a RunRecord,
}

impl Change<'_> {
    /// Whether the decision gives the run this status.
    fn becomes(&self, status: RunStatus) -> bool {
        self.after.status == status && self.before.as_ref().is_none_or(|row| row.status != status)
    }
}

type Verdict = Result<(), String>;

/// The rules for each decision.
const RULES: [fn(&Decision<'_>, &Books) -> Verdict; 11] = [
    rows::change_legally,
    rows::change_by_whom_they_may,
    rows::end_as_their_jobs_did,
    rows::of_what_is_paused_or_removed_wait,
    due_times::are_answered_once,
    due_times::are_answered_by_the_misfire_policy,
    overlap::is_as_allowed,
    retries::follow_failures,
    retries::follow_interruptions,
    retries::keep_the_job,
    answers::to_successes_are_counted,
];

impl Ledger {
    pub(crate) fn new(plan: Plan, is_told: bool) -> Self {
        Self(Mutex::new(Books::new(plan, is_told)))
    }

    /// The store accepted a commit.
    pub(crate) fn accepted(&self, by: Incarnation, at: UtcDateTime, commit: &Commit, rev: u64) {
        let books = &mut *self.books();
        let name = &commit.pipeline.name;
        let before = books.pipelines.get(name).map(|book| book.row.clone());
        let mut after = commit.pipeline.clone();
        after.rev = rev;
        let changes = commit
            .runs
            .iter()
            .map(RunChange::run)
            .map(|run| Change { before: books.runs.get(&run.id).map(|known| known.row.clone()), after: run });
        let decision = Decision { by, owner: commit.owner, at, before, after, changes: changes.collect() };
        books.owners.entry(commit.owner).or_insert(by);
        books.enter(&decision);
        for rule in RULES {
            if let Err(violation) = rule(&decision, books) {
                books.violated(name, &violation);
            }
        }
    }

    pub(crate) fn refused(&self, by: Incarnation, at: UtcDateTime, commit: &Commit, answer: &Committed) {
        let books = &mut *self.books();
        books.totals.refusals += 1;
        books.tell(|| {
            let answer = match answer {
                Committed::Conflict(_) => "a conflict".to_owned(),
                answer => format!("{answer:?}"),
            };
            format!("{at} {by} {}: {answer} to a commit at rev {}", commit.pipeline.name, commit.pipeline.rev)
        });
        (at, by, &commit.pipeline.name).hash(&mut books.digest);
    }

    /// The store got a commit that is invalid in every state.
    pub(crate) fn invalid(&self, by: Incarnation, commit: &Commit, error: &StoreError) {
        let violation = format!("{by} asks the store for what it can't take: {error:?}");
        self.books().violated(&commit.pipeline.name, &violation);
    }

    pub(crate) fn owns(&self, by: Incarnation, owner: OwnerId) {
        self.books().owners.entry(owner).or_insert(by);
    }

    pub(crate) fn declared_dead(&self, orphans: &[RunRecord]) {
        self.books().dead.extend(orphans.iter().filter_map(|run| run.owner));
    }

    pub(crate) fn leaves(&self, who: Incarnation) {
        self.books().leaving.insert(who);
    }

    /// A job is about to start.
    pub(crate) fn job_starts(&self, by: Incarnation, at: UtcDateTime, cx: &RunContext) {
        let books = &mut *self.books();
        books.totals.jobs += 1;
        (at, by, cx.run_id(), cx.attempt()).hash(&mut books.digest);
        books.tell(|| format!("{at} {by} starts the job of run {}", cx.run_id()));
        match answers::job_is_recorded(books, by, cx) {
            Ok(is_late) => books.totals.late_starts += u64::from(is_late),
            Err(violation) => books.violated_by_run(cx.run_id(), &violation),
        }
        if let Some(run) = books.runs.get_mut(&cx.run_id()) {
            (run.job, run.changed_at) = (Job::Runs(by), at);
        }
    }

    pub(crate) fn job_ends(&self, by: Incarnation, at: UtcDateTime, id: RunId, end: End) {
        let books = &mut *self.books();
        // The simulation does not control the order in which the tasks of a crashed runtime are dropped.
        if end != End::Dropped {
            (at, by, id, end).hash(&mut books.digest);
            books.tell(|| format!("{at} {by} ends the job of run {id}: {end:?}"));
        }
        if let Some(run) = books.runs.get_mut(&id) {
            (run.job, run.changed_at) = (Job::Ended(end), at);
        }
    }

    /// A caller was told that its run was accepted.
    pub(crate) fn acknowledged(&self, by: Incarnation, id: RunId) {
        let books = &mut *self.books();
        (by, id).hash(&mut books.digest);
        books.tell(|| format!("{by} acknowledges run {id}"));
        books.acknowledged.insert(id);
        if !books.runs.contains_key(&id) {
            books.violated_by_run(id, "it was acknowledged and is not stored");
        }
    }

    pub(crate) fn registers(&self, who: Incarnation, name: &PipelineName) {
        let books = &mut *self.books();
        books.tell(|| format!("{who} has registered {name}"));
        books.registered.insert((who, name.clone()));
    }

    /// From now on the instance may forget the pipeline.
    pub(crate) fn unregisters(&self, who: Incarnation, name: &PipelineName) {
        self.books().registered.remove(&(who, name.clone()));
    }

    pub(crate) fn is_to_be_canceled(&self, run: RunId) {
        let books = &mut *self.books();
        books.to_cancel.extend(books.runs.get(&run).map(|run| run.row.job_id));
    }

    /// A caller was told that its run is done, and how it ended.
    pub(crate) fn done(&self, result: &RunResult) {
        let books = &mut *self.books();
        if let Err(violation) = answers::done_is_stored(books, result) {
            books.violated_by_run(result.id, &violation);
        }
    }

    pub(crate) fn violated(&self, violation: String) {
        self.books().violations.push(violation);
    }

    /// For people who read the log; the rules ignore it.
    pub(crate) fn note(&self, note: impl FnOnce() -> String) {
        self.books().tell(note);
    }

    /// Queued and running runs, as candidates for cancellation.
    pub(crate) fn active_runs(&self) -> Vec<RunId> {
        self.books().pipelines.values().flat_map(|book| book.active.iter().copied()).collect()
    }

    /// Checks what must hold once everything has calmed down.
    pub(crate) fn check_calm(&self, now: UtcDateTime, up: &BTreeSet<Incarnation>) {
        let books = &mut *self.books();
        for (name, violation) in finals::calm(books, now, up) {
            books.violated(&name, &violation);
        }
    }

    /// Checks what must hold once all instances have shut down.
    pub(crate) fn check_end(&self) {
        let books = &mut *self.books();
        for (name, violation) in finals::end(books) {
            books.violated(&name, &violation);
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.books().violations.clone()
    }

    pub(crate) fn is_broken(&self) -> bool {
        !self.books().violations.is_empty()
    }

    pub(crate) fn totals(&self) -> Totals {
        self.books().totals
    }

    /// Equal for two simulations in which the same happened.
    pub(crate) fn digest(&self) -> u64 {
        self.books().digest.finish()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn new(plan: Plan, is_told: bool) -> Self {
        Self {
            plan,
            schedules: BTreeMap::new(),
            pipelines: BTreeMap::new(),
            runs: BTreeMap::new(),
            owners: BTreeMap::new(),
            dead: BTreeSet::new(),
            leaving: BTreeSet::new(),
            registered: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            to_cancel: BTreeSet::new(),
            digest: DefaultHasher::new(),
            totals: Totals::default(),
            violations: Vec::new(),
            is_told,
        }
    }

    fn enter(&mut self, decision: &Decision<'_>) {
        let name = &decision.after.name;
        self.tell(|| decision.to_string());
        decision.hash(&mut self.digest);
        if let Some(spec) = &decision.after.spec
            && !self.schedules.contains_key(&**spec)
            && let Ok(schedule) = godata::scheduler::parse(spec)
        {
            self.schedules.insert(spec.to_string(), schedule);
        }
        if decision.after.removed_at.is_some() {
            // An instance that has it forgets it when it sees that.
            self.registered.retain(|(_, registered)| registered != name);
        }
        self.totals.commits += 1;
        let row = decision.after.clone();
        let book = self.pipelines.entry(name.clone()).or_insert_with(|| Book {
            row,
            active: BTreeSet::new(),
            successes: Vec::new(),
        });
        book.row = decision.after.clone();
        if book.row.last_success_rev == book.row.rev {
            book.successes.push((decision.at, book.row.rev));
        }
        for change in &decision.changes {
            let row = change.after.clone();
            if row.status.is_terminal() {
                book.active.remove(&row.id);
            } else {
                book.active.insert(row.id);
            }
            self.totals.retries += u64::from(change.before.is_none() && retries::is_retry(&row));
            self.totals.recoveries += u64::from(change.before.is_none() && retries::is_recovery(&row));
            let is_join = row.cause == Cause::After && change.before.is_none();
            self.totals.joins += u64::from(is_join && self.plan.pipelines[name].after.len() > 1);
            self.totals.interrupted += u64::from(change.becomes(RunStatus::Interrupted));
            match self.runs.get_mut(&row.id) {
                Some(run) => (run.row, run.changed_at) = (row, decision.at),
                None => {
                    let run = Run { row, job: Job::NotStarted, changed_at: decision.at };
                    self.runs.insert(run.row.id, run);
                }
            }
        }
        let (answered, skipped) = due_times::count(decision);
        self.totals.due_times += answered;
        self.totals.skipped += skipped;
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_told {
            println!("{}", what());
        }
    }

    fn violated(&mut self, name: &PipelineName, violation: &str) {
        self.tell(|| format!("VIOLATION {name}: {violation}"));
        self.violations.push(format!("{name}: {violation}"));
    }

    fn violated_by_run(&mut self, id: RunId, violation: &str) {
        let name = self.runs.get(&id).map(|run| run.row.pipeline_name.to_string()).unwrap_or_default();
        self.violations.push(format!("{name}: run {id}: {violation}"));
        self.tell(|| format!("VIOLATION {name}: run {id}: {violation}"));
    }

    /// Whether somebody tried to cancel the run. It may end before that is written.
    fn was_asked_to_stop(&self, run: &RunRecord) -> bool {
        run.cancel_requested_at.is_some() || self.to_cancel.contains(&run.job_id)
    }

    fn terms(&self, name: &PipelineName) -> Result<&Terms, String> {
        self.plan.pipelines.get(name).ok_or_else(|| format!("nobody has planned a pipeline {name}"))
    }

    fn schedule(&self, spec: &str) -> Result<&AnySchedule, String> {
        self.schedules.get(spec).ok_or_else(|| format!("{spec:?} is no schedule"))
    }
}

/// Whether the policy retries this failure, be it of the job or the runner.
fn kind_of(end: End) -> Option<FailureKind> {
    match end {
        End::Failed => Some(FailureKind::Failed),
        End::Transient => Some(FailureKind::Transient),
        End::Panicked => Some(FailureKind::Panicked),
        End::Succeeded | End::Canceled | End::Dropped => None,
    }
}
