//! What a run logs: its span, the events at its start and end, and nothing twice.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::future::ready;
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use godata_etl::time::UtcDateTime;
use godata_etl::{
    BoxError, Cause, Chunk, Concurrency, Job, Pipeline, PipelineEnd, PipelineHook, PipelineInfo, PipelineJob,
    RetryPolicy, RowSink, RunContext, RunScope, Sink, StageEnd, StepInfo, Stop, Transient, Work, Writer,
    retry, rows,
};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes to [`LOG`].
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `f` logs, also on the threads of its runs, which only a global subscriber reaches.
fn logged(f: impl FnOnce()) -> Vec<String> {
    logged_at(LevelFilter::TRACE, f)
}

/// The lines that `f` logs with a subscriber of this level.
fn logged_at(level: LevelFilter, f: impl FnOnce()) -> Vec<String> {
    static FILTER: LazyLock<Handle<LevelFilter, Registry>> = LazyLock::new(|| {
        let (filter, handle) = reload::Layer::new(LevelFilter::OFF);
        let format = fmt::layer().without_time().with_target(false).with_ansi(false).with_writer(|| Log);
        tracing_subscriber::registry().with(filter).with(format).init();
        handle
    });
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    FILTER.reload(level).unwrap();
    LOG.lock().unwrap().clear();
    f();
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    log.lines().map(|line| without_took(line.trim_start())).collect()
}

/// The line without the time that the run took, which its end must have.
fn without_took(line: &str) -> String {
    let Some(start) = line.find(" took_ms=") else {
        assert!(!line.contains("succeeded"), "{line}");
        return line.to_owned();
    };
    let end = line[start + 1..].find(' ').map_or(line.len(), |len| start + 1 + len);
    format!("{}{}", &line[..start], &line[end..])
}

fn pipeline(name: &str, step: fn(i32) -> Result<i32, BoxError>) -> Pipeline {
    let flow = Pipeline::builder(name).read_vec(vec![1, 2]).try_map(step);
    flow.write_fn(|_, _| ready(Ok(()))).unwrap()
}

fn context() -> RunContext {
    RunContext::new().with_cause(Cause::Retry).with_attempt(2)
}

/// The span of a run of `context`.
fn span(name: &str, cx: &RunContext) -> String {
    format!("run{{pipeline={name} run={} job={} attempt=2 cause=retry}}", cx.run_id(), cx.job_id())
}

#[test]
fn a_run_logs_its_start_and_its_end_once_and_in_its_span() {
    let cx = context();
    let lines = logged(|| drop(pipeline("orders", Ok).run_blocking(&cx)));
    let span = span("orders", &cx);
    assert_eq!(
        lines,
        [format!("INFO {span}: run started"), format!("INFO {span}: run succeeded read=2 written=2")]
    );
}

#[test]
fn the_span_has_the_time_at_which_the_run_was_due() {
    let cx = context().with_due(UtcDateTime::UNIX_EPOCH);
    let lines = logged(|| drop(pipeline("orders", Ok).run_blocking(&cx)));
    let span = span("orders", &cx).replace('}', " due=1970-01-01T00:00:00Z}");
    assert_eq!(lines[0], format!("INFO {span}: run started"));
}

#[test]
fn a_failed_run_logs_the_chain_of_its_error() {
    let cx = context();
    let lines = logged(|| drop(pipeline("orders", |_| Err("no".into())).run_blocking(&cx)));
    let expected = format!(
        "ERROR {}: run failed error=step[0] (try_map) failed at record 1: no read=2 written=0",
        span("orders", &cx)
    );
    assert_eq!(lines[1..], [expected]);
}

#[test]
fn a_canceled_run_logs_a_warning() {
    let cx = context();
    cx.cancel();
    let lines = logged(|| drop(pipeline("orders", Ok).run_blocking(&cx)));
    let expected = format!("WARN {}: run canceled read=0 written=0", span("orders", &cx));
    assert_eq!(lines[1..], [expected]);
}

#[test]
fn the_span_of_a_run_is_a_child_of_its_callers() {
    let cx = context();
    let lines = logged(|| {
        info_span!("service").in_scope(|| drop(pipeline("orders", Ok).run_blocking(&cx)));
    });
    assert_eq!(lines[0], format!("INFO service:{}: run started", span("orders", &cx)));
}

#[test]
fn a_pipeline_that_runs_as_a_job_leaves_the_span_and_the_events_to_its_caller() {
    let logs_in_a_step = pipeline("orders", |n| {
        info!(n, "seen");
        Ok(n)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lines = logged(|| {
        let run = async { Job::run(&logs_in_a_step, &context()).await.unwrap() };
        runtime.block_on(run.instrument(info_span!("run", pipeline = "orders")));
    });
    let step = r#"run{pipeline="orders"}:step{index=0 kind="try_map"}"#;
    assert_eq!(lines, [format!("INFO {step}: seen n=1"), format!("INFO {step}: seen n=2")]);
}

#[test]
fn a_pipeline_job_logs_its_run() {
    let cx = context();
    let mut job = PipelineJob::new(pipeline("orders", Ok));
    let cx = cx.with_job_id(job.id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lines = logged(|| drop(runtime.block_on(job.run(&cx))));
    assert_eq!(lines[0], format!("INFO {}: run started", span("orders", &cx)));
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_check_logs_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lines = logged(|| runtime.block_on(pipeline("orders", Ok).check(&context())).unwrap());
    assert_eq!(lines, [""; 0]);
}

#[test]
fn a_retry_logs_a_warning_in_its_stage() {
    let cx = context();
    let busy = std::sync::atomic::AtomicBool::new(true);
    let writer = rows(move |_| {
        let is_busy = busy.swap(false, std::sync::atomic::Ordering::Relaxed);
        ready(if is_busy { Err(Transient::new("busy").into()) } else { Ok(Nowhere) })
    });
    let policy = RetryPolicy::attempts(2).backoff(Duration::ZERO, Duration::ZERO);
    let pipeline = Pipeline::builder("orders").read_vec(vec![1, 2]).write(retry(writer, policy)).unwrap();
    let lines = logged(|| drop(pipeline.run_blocking(&cx).unwrap()));
    let span = span("orders", &cx);
    let event = "a call is retried attempt=2 wait_ms=0 error=temporary failure: busy";
    assert_eq!(lines[1], format!("WARN {span}:write: {event}"));
    assert_eq!(lines.len(), 3, "{lines:?}");
}

/// Takes all rows.
struct Nowhere;

impl RowSink<i32> for Nowhere {
    async fn write(&mut self, _: &[i32]) -> Result<(), BoxError> {
        Ok(())
    }
}

struct Panics;

impl PipelineHook for Panics {
    fn on_pipeline_end(&self, _: &RunContext, _: &PipelineInfo, _: &PipelineEnd<'_>) {
        panic!("on purpose")
    }
}

#[test]
fn blocking_readers_and_hooks_log_within_the_run() {
    let flow = Pipeline::builder("orders").hook(Panics).read_iter(|_| (0..2).inspect(|n| info!(n, "read")));
    let pipeline = flow.write_fn(|_, _| ready(Ok(()))).unwrap();
    let cx = context();
    let lines = logged(|| drop(pipeline.run_blocking(&cx)));
    let span = span("orders", &cx);
    assert_eq!(
        lines[1..4],
        [
            format!("INFO {span}:read: read n=0"),
            format!("INFO {span}:read: read n=1"),
            format!("ERROR {span}: a hook panicked error=panicked: on purpose"),
        ]
    );
}

/// Logs in each of its methods that a run calls.
struct Chatty;

impl Writer<Vec<i32>> for Chatty {
    type Encoded = ();
    type Sink = Self;

    async fn open(&self, scope: &RunScope) -> Result<Self, BoxError> {
        info!("writer opened");
        let log = || {
            info!("blocking");
            Ok(())
        };
        scope.blocking(log).await?;
        Ok(Self)
    }

    fn encode(&self, _: Chunk<Vec<i32>>, _: &mut Work) -> Result<(), Stop> {
        info!("encoded");
        Ok(())
    }
}

impl Sink<()> for Chatty {
    async fn write(&mut self, (): ()) -> Result<(), BoxError> {
        info!("written");
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        info!("committed");
        Ok(())
    }

    async fn abort(self) {
        info!("aborted");
    }
}

impl PipelineHook for Chatty {
    fn on_step_end(&self, _: &RunContext, _: &PipelineInfo, step: &StepInfo, _: &StageEnd<'_>) {
        info!("hook after {}", step.name());
    }
}

/// A pipeline that logs in everything that a user can give it, and then ends as `last` says.
fn chatty(last: fn() -> Result<i32, BoxError>) -> Pipeline {
    Pipeline::builder("orders")
        .hook(Chatty)
        .workers(2)
        .read_fn(|_| async {
            info!("read");
            Ok(vec![1])
        })
        .inspect(|_| info!("inspect"))
        .map_async(Concurrency::Ordered(2), |n| async move {
            info!("map_async");
            Ok(n)
        })
        .scan(0, |_, n| {
            info!("scan");
            Ok(Some(n))
        })
        .take(10)
        .try_filter(|_| {
            info!("filter");
            Ok(true)
        })
        .map_batch(move |_| {
            info!("map_batch");
            Ok(vec![last()?])
        })
        .write_with(|_| {
            info!("writer made");
            Ok(Chatty)
        })
        .unwrap()
}

/// A pipeline that commits its output, one that discards it, and what each logs last in its sink.
fn both_ends() -> [(Pipeline, &'static str); 2] {
    [(chatty(|| Ok(1)), "committed"), (chatty(|| Err("no".into())), "aborted")]
}

#[track_caller]
fn assert_has(lines: &[String], end: &str) {
    assert!(lines.iter().any(|line| line.ends_with(end)), "{end}: {lines:?}");
}

#[test]
fn everything_in_a_pipeline_logs_within_its_run_at_every_level() {
    let cx = context();
    let span = span("orders", &cx);
    for level in [LevelFilter::INFO, LevelFilter::DEBUG] {
        for (pipeline, end) in both_ends() {
            let lines = logged_at(level, || drop(pipeline.run_blocking(&cx)));
            let outside: Vec<_> = lines.iter().filter(|line| !line.contains(&span)).collect();
            assert_eq!(outside, [""; 0], "{level}");
            for said in
                ["read", "inspect", "map_async", "scan", "filter", "map_batch", "hook after scan", end]
            {
                assert_has(&lines, &format!(": {said}"));
            }
        }
    }
}

#[test]
fn the_stages_of_a_run_without_a_span_of_its_own_log_within_that_of_its_caller() {
    let lines = logged_at(LevelFilter::WARN, || {
        let warns = pipeline("orders", |n| {
            tracing::warn!(n, "seen");
            Ok(n)
        });
        tracing::warn_span!("service").in_scope(|| drop(warns.run_blocking(&context())));
    });
    assert_eq!(lines, ["WARN service: seen n=1", "WARN service: seen n=2"]);
}

#[test]
fn opening_committing_and_discarding_an_output_logs_in_the_span_of_the_write() {
    for (pipeline, end) in both_ends() {
        let lines = logged(|| drop(pipeline.run_blocking(&context())));
        for said in ["writer made", "writer opened", "blocking", end] {
            assert_has(&lines, &format!(":write: {said}"));
        }
    }
}
