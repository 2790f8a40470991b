//! A run over files is canceled, dropped, fails or panics. At whatever point that happens, the target is unchanged or
//! completely new, and no other file is left.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use godata::prelude::*;
use godata::{
    BlockingSink, BlockingWrite, Chunk, Outcome, Output, PipelineEnd, PipelineInfo, RunScope, StageEnd,
    StepInfo, Stop, Work, Writer,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use support::{Files, Folder};

const RECORDS: u64 = 30;

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Row {
    id: u64,
    note: String,
}

/// The files that a pipeline reads and writes. Each input has several blocks.
#[derive(Clone, Copy, Debug)]
enum Kind {
    CsvToJsonl,
    JsonlToCsv,
    Unordered,
    /// Appends to the old output.
    Appended,
    /// Writes one partition, for the only value of a field.
    Partitioned,
}
use Kind::{Appended, CsvToJsonl, JsonlToCsv, Partitioned, Unordered};

const KINDS: [Kind; 5] = [CsvToJsonl, JsonlToCsv, Unordered, Appended, Partitioned];

/// The inputs of all runs.
struct Inputs(Folder);

impl Inputs {
    fn new() -> Self {
        let folder = Folder::new();
        let rows = |row: fn(u64) -> String| (1..=RECORDS).map(row).collect::<String>();
        folder.write("in.csv", format!("id,note\n{}", rows(|id| format!("{id},\"a, b\"\n"))));
        let padding = "p".repeat(20_000);
        let lines = rows(|id| format!("{{\"id\":{id},\"note\":\"PADDING\"}}\n")).replace("PADDING", &padding);
        folder.write("in.jsonl", lines);
        Self(folder)
    }

    /// A pipeline that drops every third record, and calls `each` with the others.
    fn pipeline<F>(&self, kind: Kind, workers: usize, output: &Path, hook: Hook, each: F) -> Pipeline
    where
        F: Fn(u64) -> Result<(), BoxError> + Send + Sync + 'static,
    {
        let builder = Pipeline::builder("interrupted").workers(workers).hook(hook);
        match kind {
            CsvToJsonl => builder
                .read(csv::read::<Row>(self.0.path("in.csv")).block_size(30))
                .filter(|row| row.id % 3 != 0)
                .transform(move |row| each(row.id))
                .write(jsonl::write(output)),
            JsonlToCsv => builder
                .read(jsonl::read_records(self.0.path("in.jsonl")).block_size(60_000))
                .try_filter(|r| Ok(r.i64("id")? % 3 != 0))
                .transform(move |r| each(r.i64("id")?.try_into()?))
                .write(csv::write(output)),
            Unordered => builder
                .unordered()
                .read(csv::read_records(self.0.path("in.csv")).block_size(30))
                .try_filter(|r| Ok(r.i64("id")? % 3 != 0))
                .transform(move |r| each(r.i64("id")?.try_into()?))
                .write(jsonl::write(output)),
            Appended => builder
                .read(csv::read::<Row>(self.0.path("in.csv")).block_size(30))
                .filter(|row| row.id % 3 != 0)
                .transform(move |row| each(row.id))
                .write(jsonl::write(Output::path(output).append())),
            Partitioned => builder
                .read(csv::read_records(self.0.path("in.csv")).block_size(30))
                .try_filter(|r| Ok(r.i64("id")? % 3 != 0))
                .transform(move |r| each(r.i64("id")?.try_into()?))
                .derive("name", |_| Ok("out"))
                .write(csv::write(Output::partitioned(
                    output.with_file_name("{name}").display().to_string(),
                ))),
        }
        .unwrap()
    }
}

/// Counts its calls, acts at one of them, and keeps the content of the output folder at the end of the run.
#[derive(Clone)]
struct Hook(Arc<State>);

struct State {
    calls: AtomicUsize,
    /// The call at which something happens, from 1.
    at: usize,
    cancels: bool,
    reached: Notify,
    turns: Option<Turns>,
    folder: PathBuf,
    ended: mpsc::Sender<(End, Files)>,
}

/// Lets one batch into the first step per turn, and all batches once there will be no more turns.
type Turns = Mutex<mpsc::Receiver<()>>;

/// How a run ended, according to its hook.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Succeeded,
    Failed(String),
    Canceled,
}

impl Hook {
    fn new(folder: &Folder, at: usize, cancels: bool) -> (Self, Ended) {
        Self::with_turns(folder, at, cancels, None)
    }

    fn with_turns(folder: &Folder, at: usize, cancels: bool, turns: Option<Turns>) -> (Self, Ended) {
        let (ended, receiver) = mpsc::channel();
        let (calls, reached) = (AtomicUsize::new(0), Notify::new());
        let state = State { calls, at, cancels, reached, turns, folder: folder.root().to_owned(), ended };
        (Self(Arc::new(state)), Ended(receiver))
    }

    fn silent(folder: &Folder) -> (Self, Ended) {
        Self::new(folder, usize::MAX, false)
    }

    fn call(&self, cx: &RunContext) {
        if self.0.calls.fetch_add(1, SeqCst) + 1 == self.0.at {
            self.0.reached.notify_one();
            if self.0.cancels {
                cx.cancel();
            }
        }
    }
}

impl PipelineHook for Hook {
    fn on_pipeline_start(&self, cx: &RunContext, _: &PipelineInfo) {
        self.call(cx);
    }

    fn on_pipeline_end(&self, cx: &RunContext, _: &PipelineInfo, end: &PipelineEnd<'_>) {
        self.call(cx);
        let end = match end.outcome {
            Outcome::Succeeded => End::Succeeded,
            Outcome::Failed(error) => End::Failed(format!("{error:#}")),
            _ => End::Canceled,
        };
        // The receiver is gone if the test has failed meanwhile.
        let _ = self.0.ended.send((end, Folder::from(self.0.folder.clone()).files()));
    }

    fn on_read_start(&self, cx: &RunContext, _: &PipelineInfo) {
        self.call(cx);
    }

    fn on_read_end(&self, cx: &RunContext, _: &PipelineInfo, _: &StageEnd<'_>) {
        self.call(cx);
    }

    fn on_step_start(&self, cx: &RunContext, _: &PipelineInfo, step: &StepInfo, _: u64) {
        self.call(cx);
        if let Some(turns) = self.0.turns.as_ref().filter(|_| step.index() == 0) {
            // An error means that there will be no more turns.
            let _ = turns.lock().unwrap().recv();
        }
    }

    fn on_step_end(&self, cx: &RunContext, _: &PipelineInfo, _: &StepInfo, _: &StageEnd<'_>) {
        self.call(cx);
    }

    fn on_write_start(&self, cx: &RunContext, _: &PipelineInfo, _: u64) {
        self.call(cx);
    }

    fn on_write_end(&self, cx: &RunContext, _: &PipelineInfo, _: &StageEnd<'_>) {
        self.call(cx);
    }
}

/// The end of one run.
struct Ended(mpsc::Receiver<(End, Files)>);

impl Ended {
    /// Waits for the end of the run, and checks that it was reported once and left the right files.
    fn check(&self, folder: &Folder, new: &str, what: &str) -> End {
        self.check_where(folder, new, what, |end, is_new| is_new == (*end == End::Succeeded))
    }

    /// Like `check`; `holds` says after which ends the new output may be there.
    fn check_where(&self, folder: &Folder, new: &str, what: &str, holds: impl Fn(&End, bool) -> bool) -> End {
        let (end, files) = self
            .0
            .recv_timeout(Duration::from_secs(10))
            .unwrap_or_else(|_| panic!("{what}: no end; there is {:?}", folder.files().keys()));
        assert!(self.0.try_recv().is_err(), "{what}: a second end");
        for (when, files) in [("at the end", &files), ("after it", &folder.files())] {
            assert_eq!(files.keys().collect::<Vec<_>>(), ["out"], "{what}: {end:?}, {when}");
            let out = std::str::from_utf8(&files["out"]).unwrap();
            let is_new = out != "old";
            assert!(
                !is_new || sorted(out) == sorted(new),
                "{what}: {end:?}, {when}: the file is not complete"
            );
            assert!(holds(&end, is_new), "{what}: {end:?}, {when}: is the file new? {is_new}");
        }
        end
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// A folder with the old output.
fn folder() -> (Folder, PathBuf) {
    let folder = Folder::new();
    let output = folder.write("out", "old");
    (folder, output)
}

/// The output of an uninterrupted run.
fn new_output(inputs: &Inputs, kind: Kind) -> String {
    let (folder, output) = folder();
    let (hook, _ended) = Hook::silent(&folder);
    let pipeline = inputs.pipeline(kind, 4, &output, hook, |_| Ok(()));
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    assert!(report.read.batches > 1 && report.written.records == 20, "{kind:?}: {report}");
    fs::read_to_string(output).unwrap()
}

/// Polls a future until it has been pending `times` times, and returns its output if it was ready before. Each time it is
/// pending, it gets a turn.
async fn awaits<F: Future>(
    mut future: Pin<&mut F>,
    times: usize,
    turns: mpsc::Sender<()>,
) -> Option<F::Output> {
    let mut waited = 0;
    std::future::poll_fn(|cx| {
        if waited == times {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                waited += 1;
                if waited == times {
                    return Poll::Ready(None);
                }
                // A run without further batches takes no more turns.
                let _ = turns.send(());
                Poll::Pending
            }
        }
    })
    .await
}

/// When a run is interrupted: after this many pending polls of its future, or calls of its hook.
#[derive(Clone, Copy, Debug)]
enum When {
    Wait(usize),
    Call(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Drop,
    /// Through the token of the caller.
    Cancel,
    /// In the hook, on the thread that calls it.
    CancelInHook,
}

#[test]
fn a_run_that_is_interrupted_while_it_waits_leaves_the_old_file_or_the_new_one() {
    at_every_point(When::Wait, &[Event::Drop, Event::Cancel]);
}

#[test]
fn a_run_that_is_interrupted_while_it_works_leaves_the_old_file_or_the_new_one() {
    at_every_point(When::Call, &[Event::Drop, Event::Cancel, Event::CancelInHook]);
}

/// Interrupts a run at its first, second, third … point, until a run ends before that point.
fn at_every_point(when: fn(usize) -> When, events: &[Event]) {
    let (inputs, runtime) = (Inputs::new(), runtime());
    for kind in KINDS {
        let new = new_output(&inputs, kind);
        for workers in [1, 4] {
            for &event in events {
                let mut canceled = 0;
                for point in 1.. {
                    let (reached, end) =
                        interrupt(&runtime, &inputs, kind, workers, when(point), event, &new);
                    canceled += usize::from(end == End::Canceled);
                    if !reached {
                        break;
                    }
                }
                // How often a run is pending depends on the threads; at its first point it is always canceled.
                assert!(canceled > 0, "{kind:?}, {workers} workers, {event:?}: none was canceled");
            }
        }
    }
}

fn interrupt(
    runtime: &Runtime,
    inputs: &Inputs,
    kind: Kind,
    workers: usize,
    when: When,
    event: Event,
    new: &str,
) -> (bool, End) {
    let what = format!("{kind:?}, {workers} workers, {event:?} at {when:?}");
    let (folder, output) = folder();
    // How much is done between two pending polls depends on the scheduling of threads. With turns it is one batch at most, so
    // there are as many pending polls as batches.
    let (turn, turns) = mpsc::channel();
    let (at, turns) = match when {
        When::Call(at) => (at, None),
        When::Wait(_) => (usize::MAX, Some(Mutex::new(turns))),
    };
    let (hook, ended) = Hook::with_turns(&folder, at, event == Event::CancelInHook, turns);
    let state = Arc::clone(&hook.0);
    let pipeline = inputs.pipeline(kind, workers, &output, hook, |_| Ok(()));
    let (reached, result) = runtime.block_on(async {
        let cx = RunContext::new();
        let mut run = pin!(pipeline.run(&cx));
        let finished = match when {
            When::Wait(times) => awaits(run.as_mut(), times, turn).await,
            When::Call(_) => tokio::select! {
                biased;
                () = state.reached.notified() => None,
                result = run.as_mut() => Some(result),
            },
        };
        match (finished, event) {
            (Some(result), _) => (false, Some(result)),
            (None, Event::Drop) => (true, None),
            (None, Event::Cancel) => {
                cx.cancel();
                (true, Some(run.await))
            }
            (None, Event::CancelInHook) => (true, Some(run.await)),
        }
    });
    let reached = reached || state.calls.load(SeqCst) >= at;
    let end = ended.check(&folder, new, &what);
    let told = match result {
        Some(Ok(_)) => Some(End::Succeeded),
        Some(Err(error)) if error.is_canceled() => Some(End::Canceled),
        Some(Err(error)) => panic!("{what}: {error:#}"),
        None => None,
    };
    assert!(told.as_ref().is_none_or(|told| *told == end), "{what}: {told:?}, but the hook was told {end:?}");
    assert!(!matches!(end, End::Failed(_)), "{what}: {end:?}");
    (reached, end)
}

/// The future of a run is dropped with its task when the runtime shuts down.
#[test]
fn a_runtime_that_shuts_down_in_the_middle_of_a_run_leaves_the_old_file_or_the_new_one() {
    let inputs = Inputs::new();
    for kind in KINDS {
        let new = new_output(&inputs, kind);
        for point in (1..).step_by(3) {
            let what = format!("{kind:?}, shut down at call {point}");
            let (folder, output) = folder();
            let (hook, ended) = Hook::new(&folder, point, false);
            let state = Arc::clone(&hook.0);
            let pipeline = inputs.pipeline(kind, 4, &output, hook, |_| Ok(()));
            let runtime = runtime();
            let run = runtime.spawn(async move { pipeline.run(&RunContext::new()).await });
            let reached = runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = state.reached.notified() => true,
                    _ = run => false,
                }
            });
            let reached = reached || state.calls.load(SeqCst) >= point;
            drop(runtime);
            let end = ended.check_where(&folder, &new, &what, |end, is_new| match end {
                End::Succeeded => is_new,
                End::Canceled => !is_new,
                End::Failed(error) if error == CUT_OFF => true,
                End::Failed(error) => {
                    !is_new && error.ends_with("failed: the tokio runtime is shutting down")
                }
            });
            assert!(reached || end == End::Succeeded, "{what}: {end:?}");
            if !reached {
                break;
            }
        }
    }
}

/// A target whose commit blocks until the test lets it continue.
#[derive(Clone)]
struct Held(Arc<Commit>);

struct Commit {
    begun: Notify,
    may_end: Barrier,
    is_done: AtomicBool,
}

impl Writer<Vec<u64>> for Held {
    type Encoded = Vec<u64>;
    type Sink = BlockingWrite<Self>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        Ok(BlockingWrite::new(self.clone(), scope))
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, _: &mut Work) -> Result<Vec<u64>, Stop> {
        Ok(chunk.into_batch())
    }
}

impl BlockingSink<Vec<u64>> for Held {
    fn write(&mut self, _: Vec<u64>) -> Result<(), BoxError> {
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
        self.0.begun.notify_one();
        self.0.may_end.wait();
        self.0.is_done.store(true, SeqCst);
        Ok(())
    }
}

/// What the hooks report for a run whose runtime shuts down during the commit of its output.
const CUT_OFF: &str = "write failed: the tokio runtime shut down during the commit; it is unknown whether the output is visible";

/// The hooks must not report a run as canceled whose output is there.
#[test]
fn a_commit_that_outlives_the_runtime_is_not_reported_as_canceled() {
    let (begun, may_end, is_done) = (Notify::new(), Barrier::new(2), AtomicBool::new(false));
    let held = Held(Arc::new(Commit { begun, may_end, is_done }));
    let (folder, _output) = folder();
    let (hook, ended) = Hook::silent(&folder);
    let pipeline = Pipeline::builder("held").hook(hook).read_vec(vec![1]).write(held.clone()).unwrap();
    // A runtime with a single thread has dropped all tasks when its shutdown returns.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        tokio::spawn(async move { pipeline.run(&RunContext::new()).await });
        held.0.begun.notified().await;
    });
    runtime.shutdown_background();
    held.0.may_end.wait();
    let (end, _files) = ended.0.recv().unwrap();
    assert_eq!((end, held.0.is_done.load(SeqCst)), (End::Failed(CUT_OFF.to_owned()), true));
}

/// Batches that wait for their turn among all runs of the process are dropped with the runtime, and the run ends.
#[test]
fn a_run_ends_if_its_runtime_shuts_down_before_it_computes() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let (begun, may_end) = (Arc::new(Barrier::new(cores + 1)), Arc::new(Barrier::new(cores + 1)));
    let (at_work, released) = (Arc::clone(&begun), Arc::clone(&may_end));
    let inputs = Inputs::new();
    let busy = Pipeline::builder("busy")
        .workers(cores)
        .read(
            csv::read_records(inputs.0.write("busy.csv", format!("id\n{}", "1\n".repeat(cores))))
                .block_size(1),
        )
        .inspect(move |_| {
            at_work.wait();
            released.wait();
        })
        .write_fn(|_, _| std::future::ready(Ok(())))
        .unwrap();
    let (folder, output) = folder();
    // At this call the third batch is requested, so two are in flight.
    let (hook, ended) = Hook::new(&folder, 4, false);
    let state = Arc::clone(&hook.0);
    let waits = inputs.pipeline(CsvToJsonl, 1, &output, hook, |_| Ok(()));
    let (others, own) = (runtime(), runtime());
    let busy = others.spawn(async move { busy.run(&RunContext::new()).await });
    begun.wait();
    own.spawn(async move { waits.run(&RunContext::new()).await });
    own.block_on(state.reached.notified());
    drop(own);
    may_end.wait();
    others.block_on(busy).unwrap().unwrap();
    assert_eq!(ended.check(&folder, "", "waiting"), End::Canceled);
}

/// A step fails or panics at each of its records in turn.
#[test]
fn a_step_that_fails_or_panics_at_any_record_leaves_the_old_file() {
    let (inputs, runtime) = (Inputs::new(), runtime());
    for kind in KINDS {
        for workers in [1, 4] {
            for record in (1..=RECORDS).filter(|record| record % 3 != 0) {
                for panics in [false, true] {
                    let what = format!("{kind:?}, {workers} workers, record {record}, panics: {panics}");
                    let (folder, output) = folder();
                    let (hook, ended) = Hook::silent(&folder);
                    let each = move |id| match id == record {
                        true if panics => panic!("on purpose"),
                        true => Err("on purpose".into()),
                        false => Ok(()),
                    };
                    let pipeline = inputs.pipeline(kind, workers, &output, hook, each);
                    let error = runtime.block_on(pipeline.run(&RunContext::new())).expect_err(&what);
                    let (name, line) = match kind {
                        CsvToJsonl | Unordered | Appended | Partitioned => ("in.csv", record + 1),
                        JsonlToCsv => ("in.jsonl", record),
                    };
                    let says = format!(
                        "step[1] (transform) failed at record {record} ({name}:{line}): {}on purpose",
                        if panics { "panicked: " } else { "" }
                    );
                    assert_eq!(inputs.0.message(&error), says, "{what}");
                    assert_eq!(ended.check(&folder, "", &what), End::Failed(format!("{error:#}")), "{what}");
                }
            }
        }
    }
}

/// The commit fails, because the target or its folder has changed since the run started.
#[test]
fn a_commit_that_fails_leaves_nothing() {
    let (inputs, runtime) = (Inputs::new(), runtime());
    type Change = fn(&Path);
    let changes: [(Change, &str, &[&str]); 2] = [
        (
            |folder| {
                fs::remove_file(folder.join("within/out")).unwrap();
                fs::create_dir(folder.join("within/out")).unwrap();
            },
            "write failed: committing `within/out` failed: something other than a file is at this path now",
            &["within/", "within/out/"],
        ),
        (
            |folder| fs::remove_dir_all(folder.join("within")).unwrap(),
            "write failed: committing `within/out` failed: No such file or directory (os error 2)",
            &[],
        ),
    ];
    // A file that is appended to exists already, and partitions may be opened after the change.
    for kind in KINDS.into_iter().filter(|kind| !matches!(kind, Appended | Partitioned)) {
        for (change, says, left) in changes {
            let folder = Folder::new();
            fs::create_dir(folder.path("within")).unwrap();
            let output = folder.write("within/out", "old");
            let (hook, ended) = Hook::silent(&folder);
            let root = folder.root().to_owned();
            let each = move |id| {
                if id == RECORDS - 1 {
                    change(&root);
                }
                Ok(())
            };
            let pipeline = inputs.pipeline(kind, 4, &output, hook, each);
            let error = runtime.block_on(pipeline.run(&RunContext::new())).unwrap_err();
            assert_eq!(folder.message(&error), says, "{kind:?}");
            let (end, files) = ended.0.recv().unwrap();
            assert_eq!(end, End::Failed(format!("{error:#}")));
            assert_eq!(files.keys().collect::<Vec<_>>(), left, "{kind:?}");
        }
    }
}
