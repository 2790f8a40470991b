//! What the facade promises: pipelines are jobs, can be checked and previewed, and can run several times at once.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use godata::prelude::*;
use godata::{
    AnyJob, BuildError, Cancellation, JobErrorKind, JobInfo, Outcome, PipelineEnd, PipelineInfo, Transient,
};
use serde::{Deserialize, Serialize};

use support::Folder;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Item {
    id: u64,
}

/// A folder with `in.csv`, which has the items 1 to 6, and an old `out.jsonl`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("in.csv", "id\n1\n2\n3\n4\n5\n6\n");
    folder.write("out.jsonl", "old");
    folder
}

/// Copies the even items, and calls `each` with all of them.
fn evens<F>(folder: &Folder, each: F) -> Pipeline
where
    F: Fn(&RunContext, u64) -> Result<(), BoxError> + Send + Sync + 'static,
{
    Pipeline::builder("evens")
        .read(csv::read::<Item>(folder.path("in.csv")))
        .filter_with(move |cx, item| {
            each(cx, item.id)?;
            Ok(item.id % 2 == 0)
        })
        .write(jsonl::write(folder.path("out.jsonl")))
        .unwrap()
}

const EVENS: &str = "{\"id\":2}\n{\"id\":4}\n{\"id\":6}\n";

fn written(folder: &Folder) -> String {
    fs::read_to_string(folder.path("out.jsonl")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_a_job_among_others() {
    let folder = folder();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let count = job_fn("count", move |_| {
        counter.fetch_add(1, SeqCst);
        std::future::ready(Ok(()))
    });
    let jobs = [AnyJob::new(evens(&folder, |_, _| Ok(()))), AnyJob::new(count)];
    assert_eq!(jobs.each_ref().map(Job::name), ["evens", "count"]);
    for _ in 0..2 {
        folder.write("out.jsonl", "old");
        for job in &jobs {
            let cx = RunContext::new();
            job.run(&cx).await.unwrap();
            assert_eq!(cx.progress().records_written(), if job.name() == "evens" { 3 } else { 0 });
        }
        assert_eq!(written(&folder), EVENS);
    }
    assert_eq!(runs.load(SeqCst), 2);
}

type Each = fn(&RunContext, u64) -> Result<(), BoxError>;

/// How runs end, and what a scheduler should do about it.
const ENDS: [(Each, JobErrorKind, &str); 5] = [
    (
        |_, id| if id == 4 { Err("on purpose".into()) } else { Ok(()) },
        JobErrorKind::Failed,
        "step[0] (filter_with) failed at record 4 (in.csv:5): on purpose",
    ),
    (
        |_, id| if id == 4 { panic!("on purpose") } else { Ok(()) },
        JobErrorKind::Failed,
        "step[0] (filter_with) failed at record 4 (in.csv:5): panicked: on purpose",
    ),
    (
        |_, id| if id == 4 { Err(Transient::new("busy").into()) } else { Ok(()) },
        JobErrorKind::Transient { retry_after: None },
        "step[0] (filter_with) failed at record 4 (in.csv:5): temporary failure: busy",
    ),
    (
        |cx, id| {
            if id == 4 {
                cx.cancel();
            }
            Ok(cx.check()?)
        },
        JobErrorKind::Canceled,
        "pipeline `evens` was stopped: the run was canceled",
    ),
    // The step does not check for cancellation; the run does, at the latest before it commits its output.
    (
        |cx, _| {
            cx.cancel();
            Ok(())
        },
        JobErrorKind::Canceled,
        "pipeline `evens` was stopped: the run was canceled",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_keeps_the_error_of_its_pipeline() {
    for (each, kind, says) in ENDS {
        let folder = folder();
        let pipeline = evens(&folder, each);
        let wrapped = pipeline.clone();
        let by_question_mark = job_fn("wrapped", move |cx| {
            let pipeline = wrapped.clone();
            async move {
                let report = pipeline.run(&cx).await?;
                assert_eq!(report.written.records, 3);
                Ok(())
            }
        });
        let wrapped = pipeline.clone();
        let by_boxed_error = job_fn("boxed", move |cx| {
            let pipeline = wrapped.clone();
            async move {
                let nested: Result<_, BoxError> = pipeline.run(&cx).await.map_err(Into::into);
                nested.map(drop)
            }
        });
        for job in [AnyJob::new(pipeline), AnyJob::new(by_question_mark), AnyJob::new(by_boxed_error)] {
            let error = job.run(&RunContext::new()).await.unwrap_err();
            assert_eq!(
                (folder.message(&error), JobErrorKind::of(&*error)),
                (says.to_owned(), kind),
                "{}",
                job.name()
            );
            assert!(error.is::<PipelineError>());
            assert_eq!((written(&folder).as_str(), folder.files().len()), ("old", 2));
        }
    }
}

/// A step was canceled by something other than its run; for the run that is a failure.
#[tokio::test]
async fn a_cancellation_of_something_else_is_a_failure() {
    let folder = folder();
    let pipeline = evens(&folder, |_, _| {
        let other = Cancellation::new();
        other.cancel();
        Ok(other.check()?)
    });
    let wrapped = pipeline.clone();
    let by_question_mark = job_fn("wrapped", move |cx| {
        let pipeline = wrapped.clone();
        async move { Ok(pipeline.run(&cx).await.map(drop)?) }
    });
    let inner = AnyJob::new(pipeline.clone());
    let by_boxed_error = job_fn("boxed", move |cx| {
        let inner = inner.clone();
        async move { inner.run(&cx).await }
    });
    let says = "step[0] (filter_with) failed at record 1 (in.csv:2): the run was canceled";
    let mut kinds = Vec::new();
    for job in [AnyJob::new(pipeline), AnyJob::new(by_question_mark), AnyJob::new(by_boxed_error)] {
        let error = job.run(&RunContext::new()).await.unwrap_err();
        assert_eq!(folder.message(&error), says);
        kinds.push(JobErrorKind::of(&*error));
    }
    assert_eq!(kinds, [JobErrorKind::Failed; 3], "as itself, wrapped, boxed");
}

#[test]
fn a_run_canceled_before_it_starts_does_nothing() {
    let folder = folder();
    let pipeline = evens(&folder, |_, _| panic!("never called"));
    let all = Cancellation::new();
    let cx = RunContext::new().with_cancellation(all.child());
    all.cancel();
    let error = pipeline.run_blocking(&cx).unwrap_err();
    assert!(error.is_canceled() && JobErrorKind::of(&error) == JobErrorKind::Canceled);
    assert_eq!((written(&folder).as_str(), folder.files().len()), ("old", 2));
}

#[test]
fn a_run_that_stops_itself_does_not_stop_others() {
    let folder = folder();
    let cx = RunContext::new();
    let fails = evens(&folder, |_, _| Err("on purpose".into()));
    assert!(!fails.run_blocking(&cx).unwrap_err().is_canceled());
    assert!(!cx.is_canceled());
    evens(&folder, |_, _| Ok(())).run_blocking(&cx).unwrap();
    assert_eq!(written(&folder), EVENS);
}

/// Records the hook calls of jobs and pipelines in order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn add(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn outcome(end: &PipelineEnd<'_>) -> &'static str {
    match end.outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed(_) => "failed",
        _ => "canceled",
    }
}

impl JobHook for Told {
    fn on_job_start(&self, cx: &RunContext, job: &JobInfo) {
        assert_eq!(cx.job_id(), job.job_id());
        self.add(format!("job {}", job.pipeline_name()));
    }

    fn on_job_end(&self, _: &RunContext, _: &JobInfo, end: &PipelineEnd<'_>) {
        self.add(format!("job {}", outcome(end)));
    }
}

impl PipelineHook for Told {
    fn on_pipeline_start(&self, _: &RunContext, pipeline: &PipelineInfo) {
        self.add(format!("pipeline {}", pipeline.name()));
    }

    fn on_pipeline_end(&self, _: &RunContext, _: &PipelineInfo, end: &PipelineEnd<'_>) {
        self.add(format!("pipeline {}", outcome(end)));
    }
}

#[tokio::test]
async fn a_pipeline_job_keeps_times_error_and_report() {
    let folder = folder();
    let fails = Arc::new(AtomicUsize::new(1));
    let failing = Arc::clone(&fails);
    let told = Told::default();
    let pipeline = Pipeline::builder("evens")
        .hook(told.clone())
        .read(csv::read::<Item>(folder.path("in.csv")))
        .try_filter(move |item| match failing.load(SeqCst) {
            1 if item.id == 4 => Err("on purpose".into()),
            _ => Ok(item.id % 2 == 0),
        })
        .write(jsonl::write(folder.path("out.jsonl")))
        .unwrap();
    let mut job = PipelineJob::new(pipeline).hook(told.clone());
    assert_eq!((job.name(), job.started_at(), job.ended_at(), job.duration()), ("evens", None, None, None));
    assert!(job.error().is_none() && job.report().is_none());

    let given = RunContext::new();
    let error = job.run(&given).await.unwrap_err();
    let says = "step[0] (try_filter) failed at record 4 (in.csv:5): on purpose";
    assert_eq!((folder.message(&error), folder.message(&job.error().unwrap())), (says.into(), says.into()));
    assert_eq!(told.take(), ["job evens", "pipeline evens", "pipeline failed", "job failed"]);
    let (started, ended) = (job.started_at().unwrap(), job.ended_at().unwrap());
    assert_eq!(job.duration(), Some((ended - started).try_into().unwrap()));
    let report = job.report().unwrap();
    assert_eq!((report.read.records, report.written.records, report.run_id), (6, 0, given.run_id()));
    assert!(job.id() != given.job_id() && written(&folder) == "old");

    fails.store(0, SeqCst);
    let report = job.run(&RunContext::new()).await.unwrap();
    assert_eq!((job.report(), job.error().is_none()), (Some(report), true));
    assert!(job.started_at() >= Some(ended) && written(&folder) == EVENS);
    assert_eq!(told.take(), ["job evens", "pipeline evens", "pipeline succeeded", "job succeeded"]);

    let canceled = RunContext::new();
    canceled.cancel();
    assert!(job.run(&canceled).await.is_err_and(|error| error.is_canceled()));
    assert!(job.error().is_some_and(|error| error.is_canceled()));
    assert_eq!(told.take(), ["job evens", "pipeline evens", "pipeline canceled", "job canceled"]);
}

#[tokio::test]
async fn check_reports_whether_a_run_could_start_and_leaves_nothing() {
    let table = [
        ("in.csv", "out.jsonl", None),
        ("in.csv", "new.jsonl", None),
        (
            "none.csv",
            "out.jsonl",
            Some("read failed: `none.csv` can't be opened: No such file or directory (os error 2)"),
        ),
        ("empty.csv", "out.jsonl", Some("read failed: `empty.csv` is empty: its header is missing")),
        (
            "in.csv",
            "none/out.jsonl",
            Some(
                "write failed: `none/out.jsonl` can't be written: the directory `none` does not exist; `create_parents` creates it",
            ),
        ),
        (
            "in.csv",
            "in.csv/out.jsonl",
            Some("write failed: `in.csv/out.jsonl` can't be written: Not a directory (os error 20)"),
        ),
    ];
    for (input, output, says) in table {
        let folder = folder();
        folder.write("empty.csv", "");
        let before = folder.files();
        let told = Told::default();
        let pipeline = Pipeline::builder("check")
            .hook(told.clone())
            .read(csv::read::<Item>(folder.path(input)))
            .inspect(|_| panic!("nothing is read"))
            .write(jsonl::write(folder.path(output)))
            .unwrap();
        let cx = RunContext::new();
        let checked = pipeline.check(&cx).await.map_err(|error| folder.message(&error));
        assert_eq!(checked.err().as_deref(), says, "{input}, {output}");
        assert!(folder.files() == before, "{input}, {output}: {:?}", folder.files().keys());
        assert_eq!((told.take(), cx.is_canceled()), (vec![], false));
    }
}

#[tokio::test]
async fn collect_previews_a_flow() {
    let folder = folder();
    let input = folder.path("in.csv");
    let typed = || Pipeline::builder("t").read(csv::read::<Item>(&input)).filter(|item| item.id > 1);
    assert_eq!(typed().collect(2).await.unwrap(), [Item { id: 2 }, Item { id: 3 }]);
    assert_eq!(typed().collect(0).await.unwrap(), []);
    assert_eq!(typed().collect(100).await.unwrap().len(), 5);
    let records = || Pipeline::builder("t").read(csv::read_records(&input)).cast("id", Type::Int);
    assert_eq!(records().collect(1).await.unwrap()[0].i64("id").unwrap(), 1);
    folder.write("in.csv", "id\n1\n2\nx\n");
    let says = "step[0] (cast) failed at record 3 (in.csv:4): field `id`: expected a whole number (int), found text `x`";
    assert_eq!(folder.message(&records().collect(9).await.unwrap_err()), says);
    let unnamed = Pipeline::builder("").read(csv::read::<Item>(&input)).collect(1).await.unwrap_err();
    assert!(matches!(unnamed, PipelineError::Build { source: BuildError::InvalidName { .. } }), "{unnamed}");
}

#[test]
fn an_unexpected_or_missing_runtime_is_an_error_and_nothing_starts() {
    let folder = folder();
    let told = Told::default();
    let pipeline = Pipeline::builder("t")
        .hook(told.clone())
        .read(csv::read::<Item>(folder.path("in.csv")))
        .write(jsonl::write(folder.path("out.jsonl")))
        .unwrap();
    let cx = RunContext::new();

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let error = runtime.block_on(async { pipeline.run_blocking(&cx) }).unwrap_err();
    assert!(matches!(error, PipelineError::Runtime { .. }) && error.report().is_none());
    let says = "pipeline `t` can't run here: `run_blocking` was called on a thread of a tokio runtime: await `run` instead, or within \
         `spawn_blocking` wait for it with `Handle::current().block_on(...)`";
    assert_eq!(format!("{error:#}"), says);

    // Without a runtime nothing can be awaited, so the first poll must return the error.
    let mut waker = Context::from_waker(Waker::noop());
    for ready in [pin!(pipeline.run(&cx)).poll(&mut waker).map(|result| result.map(drop)), {
        pin!(pipeline.check(&cx)).poll(&mut waker)
    }] {
        let Poll::Ready(Err(error)) = ready else { panic!("{ready:?}") };
        assert!(matches!(error, PipelineError::Runtime { .. }), "{error}");
        assert!(format!("{error:#}").starts_with("pipeline `t` can't run here: "), "{error}");
    }
    assert_eq!((told.take(), written(&folder).as_str(), folder.files().len()), (vec![], "old", 2));
}

/// Copies the file named by the parameter `in` to the one named by `out`.
fn by_parameters(folder: &Folder) -> Pipeline {
    let (from, to) = (folder.root().to_owned(), folder.root().to_owned());
    Pipeline::builder("copy")
        .read_with(move |cx| Ok(csv::read::<Item>(from.join(cx.params().require("in")?))))
        .filter_with(|cx, item| Ok(item.id <= cx.params().parse("limit")?))
        .write_with(move |cx| Ok(jsonl::write(to.join(cx.params().require("out")?))))
        .unwrap()
}

fn parameters(input: &str, output: &str, limit: &str) -> RunContext {
    RunContext::new().with_param("in", input).with_param("out", output).with_param("limit", limit)
}

#[test]
fn parameters_choose_what_is_read_and_written() {
    let folder = folder();
    let pipeline = by_parameters(&folder);
    pipeline.run_blocking(&parameters("in.csv", "out.jsonl", "1")).unwrap();
    pipeline.run_blocking(&parameters("in.csv", "other.jsonl", "2")).unwrap();
    assert_eq!(written(&folder), "{\"id\":1}\n");
    assert_eq!(folder.files()["other.jsonl"], b"{\"id\":1}\n{\"id\":2}\n");

    let table = [
        (RunContext::new(), "read failed: parameter `in` is missing"),
        (RunContext::new().with_param("in", "in.csv"), "write failed: parameter `out` is missing"),
        (
            parameters("in.csv", "out.jsonl", "x"),
            "step[0] (filter_with) failed at record 1 (in.csv:2): parameter `limit` has the invalid value `x`: invalid digit \
             found in string",
        ),
    ];
    let before = folder.files();
    for (cx, says) in table {
        let error = pipeline.run_blocking(&cx).unwrap_err();
        assert_eq!(folder.message(&error), says);
        assert!(folder.files() == before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_can_run_several_times_at_once() {
    let folder = Folder::new();
    let file = |step: u64| (1..=5_000).map(|n| format!("{}\n", n * step)).collect::<String>();
    let expected = |step: u64| (1..=5_000).map(|n| format!("{{\"id\":{}}}\n", n * step)).collect::<String>();
    let pipeline = by_parameters(&folder);
    let mut runs = Vec::new();
    for step in 1..=6 {
        folder.write(&format!("in{step}"), format!("id\n{}", file(step)));
        let cx = parameters(&format!("in{step}"), &format!("out{step}"), "100000");
        let pipeline = pipeline.clone();
        runs.push(tokio::spawn(async move { pipeline.run(&cx).await }));
    }
    let mut ids = Vec::new();
    for run in runs {
        let report = run.await.unwrap().unwrap();
        assert_eq!(
            (report.read.records, report.steps[0].records_in, report.written.records),
            (5_000, 5_000, 5_000)
        );
        ids.push(report.run_id);
    }
    let files = folder.files();
    for step in 1..=6 {
        assert!(files[&format!("out{step}")] == expected(step).as_bytes(), "step {step}");
    }
    ids.dedup();
    assert_eq!((ids.len(), files.len()), (6, 12));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_runs_to_the_same_file_leave_one_whole_output() {
    let folder = Folder::new();
    for limit in 1..=4 {
        folder.write(&format!("in{limit}"), format!("id\n{}", format!("{limit}\n").repeat(1_000 * limit)));
    }
    let pipeline = by_parameters(&folder);
    let runs: Vec<_> = (1..=4)
        .map(|n| {
            let (pipeline, cx) = (pipeline.clone(), parameters(&format!("in{n}"), "out.jsonl", "9"));
            tokio::spawn(async move { pipeline.run(&cx).await })
        })
        .collect();
    for run in runs {
        run.await.unwrap().unwrap();
    }
    let whole = |n: usize| format!("{{\"id\":{n}}}\n").repeat(1_000 * n);
    assert!((1..=4).any(|n| written(&folder) == whole(n)));
    assert_eq!(folder.files().len(), 5);
}

/// A run reads its input before the output replaces it.
#[test]
fn a_file_can_be_written_over_itself() {
    let folder = Folder::new();
    let rows: String = (1..=50_000).map(|n| format!("{n}\n")).collect();
    let path = folder.write("items.csv", format!("id\n{rows}"));
    let pipeline = Pipeline::builder("in-place")
        .read(csv::read::<Item>(&path))
        .filter(|item| item.id % 5_000 == 0)
        .write(csv::write(&path))
        .unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    let expected: String = (1..=10).map(|n| format!("{}\n", n * 5_000)).collect();
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("id\n{expected}"));
}

/// The names that `use godata::prelude::*;` brings, as the source lists them.
fn prelude_names() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/godata/src/lib.rs");
    let source = fs::read_to_string(path).unwrap();
    let (_, prelude) = source.split_once("pub mod prelude {").unwrap();
    let uses = prelude.split("pub use crate::").skip(1).map(|rest| rest.split_once(';').unwrap().0);
    let mut names: Vec<String> = uses
        .flat_map(|list| {
            let names = list.split(|c: char| !c.is_alphanumeric() && c != '_');
            // `Concurrency::{Ordered, Unordered}` brings the variants only.
            names
                .filter(|name| !name.is_empty() && *name != "Concurrency")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn the_prelude_has_few_names_and_all_that_most_programs_need() {
    let names = prelude_names();
    assert!(names.len() <= 36, "{}: {names:?}", names.len());
    let expected = [
        "BoxError",
        "Cast",
        "Flow",
        "Input",
        "Job",
        "JobHook",
        "Join",
        "Keep",
        "Limit",
        "Memory",
        "OnError",
        "Ordered",
        "Output",
        "Pipeline",
        "PipelineError",
        "PipelineHook",
        "PipelineJob",
        "Record",
        "RecordMut",
        "RecordRef",
        "Records",
        "RunContext",
        "RunReport",
        "Type",
        "Unordered",
        "Value",
        "agg",
        "asc",
        "csv",
        "desc",
        "job_fn",
        "jsonl",
        "record",
        "tee",
    ];
    assert_eq!(names, expected);
}

/// Libraries such as `anyhow` accept exactly these errors by `?`.
#[test]
fn every_error_can_be_returned_by_question_mark() {
    fn accepted<E: std::error::Error + Send + Sync + 'static>() {}

    accepted::<godata::BuildError>();
    accepted::<godata::Canceled>();
    accepted::<godata::FieldError>();
    accepted::<godata::Missed>();
    accepted::<godata::NameError>();
    accepted::<godata::OrchestratorBuildError>();
    accepted::<godata::OrchestratorError>();
    accepted::<godata::ParamError>();
    accepted::<godata::ParseIdError>();
    accepted::<godata::Permanent>();
    accepted::<godata::PersistError>();
    accepted::<godata::PipelineError>();
    accepted::<godata::RegisterError>();
    accepted::<godata::RunFailed>();
    accepted::<godata::RunnerBuildError>();
    accepted::<godata::RunnerError>();
    accepted::<godata::StoreError>();
    accepted::<godata::Transient>();
    accepted::<godata::csv::CsvError>();
    accepted::<godata::etl::ConvertError>();
    accepted::<godata::etl::ShapeError>();
    accepted::<godata::orchestrator::ScheduleFault>();
    accepted::<godata::scheduler::ScheduleError>();
}

/// What the facade does not name is in the crate it is from; nothing is a second type of the same name.
#[test]
fn no_two_public_types_of_the_facade_share_a_name() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut homes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in
        ["core", "etl", "io", "io-csv", "io-json", "orchestrator", "runner", "scheduler", "store-file"]
    {
        let source = fs::read_to_string(crates.join(format!("godata-{name}/src/lib.rs"))).unwrap();
        let uses = source.split("pub use ").skip(1).map(|rest| rest.split_once(';').unwrap().0);
        // What a crate has from another is the same type.
        for list in uses.filter(|list| !list.starts_with("godata_")) {
            let names = list.split(|c: char| !c.is_alphanumeric() && c != '_');
            let types = names.filter(|name| name.starts_with(char::is_uppercase));
            for of in types {
                homes.entry(of.to_owned()).or_default().insert(name.to_owned());
            }
        }
    }
    assert!(homes.contains_key("Pipeline") && homes.contains_key("Overlap"), "{homes:?}");
    let shared: Vec<_> = homes.into_iter().filter(|(_, homes)| homes.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:?}");
}

/// The whole path decides, where the prelude and a crate have the same name.
#[test]
fn a_program_beside_the_crate_csv_says_which_one_it_means() {
    use godata::csv;

    use ::csv as other;

    let read = csv::read_records(Input::bytes("in", "a\n1\n"));
    let pipeline = Pipeline::builder("t").read(read).write_fn(async |_, _| Ok(())).unwrap();
    assert_eq!(pipeline.run_blocking(&RunContext::new()).unwrap().read.records, 1);
    assert_eq!(other::Reader::from_reader("a\n1\n".as_bytes()).records().count(), 1);
}
