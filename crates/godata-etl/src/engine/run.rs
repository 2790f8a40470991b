//! One run of a pipeline: the state that its stages share.

use std::error::Error;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use godata_core::{
    BoxError, Canceled, Clock, Failure, JobErrorKind, Permanent, RunContext, SystemClock, Transient,
    debug_as_chain, error_chain, error_levels, excerpt_list, excerpt_within, panic_message,
};
use time::UtcDateTime;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::Span;

use super::buffers::Buffers;
use super::counters::Counters;
use super::logs::{LoggedBy, Logs};
use super::refused::Refused;
use super::side::SideWriter;
use super::workers::Workers;
use super::{Exceeded, Stage, Stopped};
use crate::error::MESSAGE;
use crate::hooks::{Hooks, JobObserver};
use crate::keyed::FieldsSeen;
use crate::{BuildError, OnError, PipelineError, PipelineHook, PipelineInfo, Rejected, RunReport, StepInfo};

/// The description of a pipeline, apart from the code of its stages.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) name: Arc<str>,
    pub(crate) steps: Vec<StepInfo>,
    pub(crate) hooks: Vec<Arc<dyn PipelineHook>>,
    pub(crate) workers: NonZeroUsize,
    pub(crate) ordered: bool,
    pub(crate) on_error: OnError,
    /// Whether it is a preview, which writes nothing but what it returns.
    pub(crate) is_preview: bool,
    /// The first mistake in the description. The last call of the builder returns it.
    pub(crate) mistake: Option<BuildError>,
}

impl Plan {
    /// Keeps runs from writing anything but to the writer at the end.
    pub(crate) fn preview(&mut self) {
        self.is_preview = true;
        self.on_error.letters = None;
    }
}

type CheckAtEnd = Box<dyn Fn() -> Result<(), BoxError> + Send>;

/// One run of a pipeline. Every thread and task that works for the run holds it (invariant 1).
pub(crate) struct Run {
    info: PipelineInfo,
    cx: RunContext,
    pub(super) ordered: bool,
    pub(super) workers: NonZeroUsize,
    pub(super) jobs: Arc<Workers>,
    pub(crate) buffers: Arc<Buffers>,
    pub(super) hooks: Hooks,
    pub(super) counters: Counters,
    pub(super) on_error: OnError,
    is_preview: bool,
    /// The writers of the steps that write, by the index of the step.
    pub(super) sides: Mutex<Vec<(usize, Arc<dyn SideWriter>)>>,
    /// The records of the current batch that the sink has rejected.
    pub(super) refused: Refused,
    /// The first rejected records.
    pub(super) rejections: Mutex<Vec<Rejected>>,
    logs: Logs,
    started_at: UtcDateTime,
    started: Instant,
    /// How many threads and tasks work for the run.
    at_work: watch::Sender<usize>,
    /// What is checked once all records have been written, by the step that asked for it.
    checks: Mutex<Vec<(usize, CheckAtEnd)>>,
    /// The reports of the tables that steps have read.
    tables: Mutex<Vec<(usize, RunReport)>>,
    /// The fields that steps look for, by the index of the step.
    looked_for: Mutex<Vec<(usize, Arc<FieldsSeen>)>>,
    /// Those that no record of the run had.
    missing: Mutex<Vec<(usize, Vec<String>)>>,
    /// Whether the commit has begun. If the run is cut off after that, the state of the output is unknown.
    committing: AtomicBool,
    ended: AtomicBool,
}

impl Run {
    /// Starts a run and fires its start hooks.
    pub(crate) fn begin(
        plan: &Plan,
        cx: &RunContext,
        job: Option<JobObserver>,
        logged_by: LoggedBy,
        runtime: Handle,
    ) -> Arc<Self> {
        let info = PipelineInfo { name: Arc::clone(&plan.name), steps: plan.steps.as_slice().into() };
        let logs = Logs::new(logged_by, &info, cx);
        let run = Arc::new(Self {
            cx: cx.clone().with_cancellation(cx.cancellation().child()),
            ordered: plan.ordered,
            workers: plan.workers,
            jobs: Workers::new(plan.workers, runtime, logs.run_span().clone()),
            buffers: Arc::default(),
            hooks: Hooks::new(plan.hooks.clone(), job),
            counters: Counters::new(plan.steps.len()),
            on_error: plan.on_error.clone(),
            is_preview: plan.is_preview,
            sides: Mutex::default(),
            refused: Refused::default(),
            rejections: Mutex::default(),
            started_at: SystemClock.now(),
            started: Instant::now(),
            at_work: watch::Sender::new(0),
            checks: Mutex::default(),
            looked_for: Mutex::default(),
            tables: Mutex::default(),
            missing: Mutex::default(),
            committing: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            info,
            logs,
        });
        run.logs.started();
        run.hooks.run_start(&run);
        run
    }

    pub(crate) fn info(&self) -> &PipelineInfo {
        &self.info
    }

    /// The caller's context, with a child cancellation that is also canceled when the run fails or is dropped.
    pub(crate) fn context(&self) -> &RunContext {
        &self.cx
    }

    pub(crate) fn span(&self, stage: Stage) -> &Span {
        self.logs.stage_span(stage)
    }

    /// Whether one batch is computed at a time.
    pub(crate) fn has_one_worker(&self) -> bool {
        self.workers == NonZeroUsize::MIN
    }

    pub(crate) fn run_span(&self) -> &Span {
        self.logs.run_span()
    }

    /// The output of `future`, or [`Stopped::Canceled`] if the run is canceled first.
    pub(super) async fn or_canceled<T>(
        &self,
        future: impl Future<Output = Result<T, Stopped>>,
    ) -> Result<T, Stopped> {
        self.cx.cancellation().unless_canceled(future).await?
    }

    pub(crate) fn canceled(&self) -> Stopped {
        Stopped::Canceled(canceled(&self.cx))
    }

    /// Distinguishes a failure of `stage` from a stop on request: a [`Canceled`] is a stop if this run was canceled.
    pub(crate) fn stopped(&self, stage: Stage, cause: BoxError) -> Stopped {
        if self.cx.is_canceled() && cause.is::<Canceled>() {
            return self.canceled();
        }
        Stopped::Failed { stage, place: None, cause }
    }

    /// Counts a thread or task that works for the run until the guard is dropped.
    pub(crate) fn at_work(self: &Arc<Self>) -> AtWork {
        self.at_work.send_modify(|count| *count += 1);
        AtWork(Arc::clone(self))
    }

    /// Waits until no thread or task works for the run.
    pub(super) async fn idle(&self) {
        let mut at_work = self.at_work.subscribe();
        at_work.wait_for(|count| *count == 0).await.map(drop).expect("the sender lives in self");
    }

    pub(crate) fn count_read(&self, records: u64, bytes: u64) {
        self.counters.read.add_batch(records);
        self.count_bytes_read(bytes);
        self.cx.progress().add_records_read(records);
    }

    pub(super) fn count_bytes_read(&self, bytes: u64) {
        self.counters.read.add_bytes(bytes);
        self.cx.progress().add_bytes_read(bytes);
    }

    pub(crate) fn count_step_in(&self, index: usize, records: u64) {
        self.counters.steps[index].add_in(records);
    }

    pub(crate) fn count_step_out(
        &self,
        index: usize,
        records_in: u64,
        records_out: u64,
        expanded: u64,
        rejected: u64,
    ) {
        self.counters.steps[index].add_out(records_in, records_out, expanded, rejected);
    }

    /// Counts records that a step with a state passed on.
    pub(crate) fn count_step_made(&self, index: usize, records: u64) {
        self.counters.steps[index].add_made(records);
    }

    /// Notes that a step with a state has passed on all that it will.
    pub(crate) fn end_step(&self, index: usize) {
        self.counters.steps[index].end();
    }

    pub(super) fn count_written(&self, records: u64) {
        self.counters.written.add_batch(records);
        self.cx.progress().add_records_written(records);
    }

    pub(super) fn count_bytes_written(&self, bytes: u64) {
        self.counters.written.add_bytes(bytes);
        self.cx.progress().add_bytes_written(bytes);
    }

    pub(crate) fn count_retry(&self, stage: Stage) {
        self.counters.add_retry(stage);
    }

    pub(super) fn count_busy(&self, stage: Stage, busy: Duration) {
        self.counters.add_busy(stage, busy);
    }

    /// Keeps the end from being reported to hooks and the log, for a run that only checks whether one could start.
    pub(super) fn suppress_end(&self) {
        self.ended.store(true, Release);
    }

    /// Fails step `index` once all records have been written, if `check` fails then.
    pub(crate) fn check_at_end<F>(&self, index: usize, check: F)
    where
        F: Fn() -> Result<(), BoxError> + Send + 'static,
    {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push((index, Box::new(check)));
    }

    /// Reports the fields that step `index` looks for if no record has them. A preview does not, because it sees few records.
    pub(crate) fn look_for(&self, index: usize, seen: Arc<FieldsSeen>) {
        if !self.is_preview {
            self.looked_for.lock().unwrap_or_else(PoisonError::into_inner).push((index, seen));
        }
    }

    /// Keeps the report of the table that step `index` has read.
    pub(crate) fn keep_table_report(&self, index: usize, report: RunReport) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).push((index, report));
    }

    fn note_missing(&self) {
        let looked_for = self.looked_for.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, seen) in looked_for.iter() {
            let fields = seen.never();
            if !fields.is_empty() {
                let (step, list) = (&self.info.steps[*index], excerpt_list(&fields));
                tracing::warn!(parent: self.run_span(), %step, fields = list, "no record has these fields");
                self.missing.lock().unwrap_or_else(PoisonError::into_inner).push((*index, fields));
            }
        }
    }

    /// All records have been written.
    pub(super) fn check_end(&self) -> Result<(), Stopped> {
        self.note_missing();
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |(index, check): &(usize, CheckAtEnd)| Some((*index, check().err()?));
        match checks.iter().find_map(failed) {
            Some((index, cause)) => Err(self.stopped(Stage::Step(index), cause)),
            None => Ok(()),
        }
    }

    /// Whether it is a preview, which writes nothing.
    pub(crate) fn is_preview(&self) -> bool {
        self.is_preview
    }

    /// Whether it only checks whether a run could start.
    pub(crate) fn is_check(&self) -> bool {
        self.ended.load(Acquire)
    }

    /// Marks that the output may be visible from here on.
    pub(super) fn begin_commit(&self) {
        self.committing.store(true, Release);
    }

    /// Why a run was cut off: its future or its runtime was dropped.
    pub(super) fn cut_off(&self) -> Stopped {
        if self.committing.load(Acquire) {
            Stopped::Failed { stage: Stage::Write, place: None, cause: CommitCutOff.into() }
        } else {
            self.canceled()
        }
    }

    /// Ends the run: fires its end hooks and logs the end, unless that has been done.
    pub(super) fn end(&self, result: Result<(), Stopped>) -> Result<RunReport, PipelineError> {
        let (report, result) = self.conclude(result);
        if result.is_ok() {
            report.assert_reconciled();
        }
        if !self.ended.swap(true, AcqRel) {
            // It always fits. A hook may replace it.
            let _fits = self.cx.progress().set_report(report.to_json());
            self.hooks.run_end(self, &report, &result);
            self.logs.ended(&report, &result);
        }
        result
    }

    /// The report of what was done, and the result that contains it.
    pub(super) fn conclude(
        &self,
        result: Result<(), Stopped>,
    ) -> (RunReport, Result<RunReport, PipelineError>) {
        let report = self.report();
        let result = match result {
            Ok(()) => Ok(report.clone()),
            Err(stopped) => Err(self.error(stopped, report.clone())),
        };
        (report, result)
    }

    fn error(&self, stopped: Stopped, report: RunReport) -> PipelineError {
        let report = Arc::new(report);
        match stopped {
            Stopped::Canceled(source) => PipelineError::Canceled { source, report },
            Stopped::Rejected(Exceeded { limit, rejected, read }) => {
                PipelineError::TooManyRejected { rejected, read, limit, report }
            }
            Stopped::Failed { stage, place, cause } => {
                let source = shared(not_canceled(printable(cause)));
                match stage {
                    Stage::Read => PipelineError::Read { place, source, report },
                    Stage::Write => PipelineError::Write { place, source, report },
                    Stage::Step(index) => {
                        PipelineError::Step { step: self.info.steps[index].clone(), place, source, report }
                    }
                }
            }
        }
    }

    fn report(&self) -> RunReport {
        let counted = self.info.steps.iter().zip(&self.counters.steps);
        let mut steps: Vec<_> = counted.map(|(step, counter)| counter.counts(step)).collect();
        for (index, fields) in self.missing.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            steps[*index].missing_fields.clone_from(fields);
        }
        for (index, table) in self.tables.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            steps[*index].table = Some(Box::new(table.clone()));
        }
        RunReport {
            pipeline: self.info.name.to_string(),
            run_id: self.cx.run_id(),
            started_at: self.started_at,
            took: self.started.elapsed(),
            read: self.counters.read.counts(),
            steps,
            written: self.counters.written.counts(),
            rejections: self.rejections.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// If nothing has ended the run because its future was dropped, the last holder ends it.
impl Drop for Run {
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            self.cx.cancel();
            // Nobody is left to return the result to. The hooks and the log get it.
            let _ = self.end(Err(self.cut_off()));
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("pipeline", &self.info.name)
            .field("id", &self.cx.run_id())
            .finish_non_exhaustive()
    }
}

/// The runtime shut down during a commit.
#[derive(thiserror::Error)]
#[error("the tokio runtime shut down during the commit; it is unknown whether the output is visible")]
struct CommitCutOff;

debug_as_chain!(CommitCutOff);

/// Counts as one thread or task that works for the run, until it is dropped.
#[derive(Debug)]
pub(crate) struct AtWork(Arc<Run>);

impl AtWork {
    pub(super) fn run(&self) -> &Arc<Run> {
        &self.0
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.send_if_modified(|count| {
            *count -= 1;
            *count == 0
        });
    }
}

/// Replaces an error that panics when it is printed. Hooks, logs and callers print it later, where nothing catches the panic.
pub(super) fn printable(cause: BoxError) -> BoxError {
    match catch_unwind(AssertUnwindSafe(|| error_chain(&*cause).to_string())) {
        Ok(_text) => cause,
        Err(panic) => Box::new(Unprintable(panic_message(panic))),
    }
}

/// Shares an error. One that was shared already keeps its type.
fn shared(cause: BoxError) -> Arc<dyn Error + Send + Sync> {
    match cause.downcast::<Arc<dyn Error + Send + Sync>>() {
        Ok(shared) => *shared,
        Err(cause) => Arc::from(cause),
    }
}

/// An error panicked when it was asked for its message or its source.
#[derive(thiserror::Error)]
#[error("an error panicked when it was printed: {0}")]
struct Unprintable(String);

debug_as_chain!(Unprintable);

/// Hides a [`Canceled`] in the chain of a failure's cause. The run was not canceled, so the error is about something
/// else, such as another run that the user's code waited for. Callers must not treat this run as canceled. The other marks
/// are kept.
fn not_canceled(cause: BoxError) -> BoxError {
    match JobErrorKind::of(&*cause) {
        JobErrorKind::Canceled => OtherCanceled::copy(&*cause),
        _ => cause,
    }
}

/// The text of one level of an error's chain that contains the cancellation of something other than this run.
#[derive(thiserror::Error)]
#[error("{}", excerpt_within(message, MESSAGE))]
struct OtherCanceled {
    message: String,
    source: Option<BoxError>,
}

debug_as_chain!(OtherCanceled);

impl OtherCanceled {
    /// Copies the text and the marks of each level of the chain.
    fn copy(cause: &(dyn Error + 'static)) -> BoxError {
        let levels: Vec<_> = error_levels(cause).collect();
        let copy = levels.into_iter().rev().fold(None, |below: Option<BoxError>, level| {
            Some(match below {
                Some(below) if level.is::<Permanent>() => Permanent::new(below).into(),
                Some(below) if level.is::<Transient>() => {
                    let copy = Transient::new(below);
                    let wait = Failure::from_error(level).retry_after;
                    match wait {
                        Some(wait) => copy.retry_after(wait).into(),
                        None => copy.into(),
                    }
                }
                source => Self { message: level.to_string(), source }.into(),
            })
        });
        copy.unwrap_or_else(|| cause.to_string().into())
    }
}

/// Cancels the run, and returns the cancellation as an error.
fn canceled(cx: &RunContext) -> Canceled {
    cx.cancel();
    cx.check().expect_err("it was canceled just now")
}
