//! The lines that runs write to the log.

#![allow(clippy::unwrap_used, reason = "a test that can't continue fails")]

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use godata_core::{BoxError, Job, ManualClock, RunContext, RunRequest, Transient, job_fn};
use godata_runner::Runner;
use time::UtcDateTime;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level, info_span};

const SECOND: Duration = Duration::from_secs(1);

/// A second subscriber. While there is only one, tracing asks the subscriber of the thread that is the first to come to a line
/// of the log, and if that thread has none, nobody ever sees the line.
static OTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

/// What is logged on this thread from now on, as the lines that a user sees.
struct Lines {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

impl Lines {
    fn capture() -> Self {
        LazyLock::force(&OTHER);
        let text = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&text);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .with_writer(move || Writer(Arc::clone(&writer)))
            .finish();
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    fn all(&self) -> Vec<String> {
        let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| line.trim_start().to_owned()).collect()
    }
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a job to its end and checks its lines, each without its span, which is checked to be that of the run.
async fn check(job: impl Job, request: RunRequest, stop: bool, expected: &[&str]) {
    let clock = ManualClock::new(UtcDateTime::UNIX_EPOCH);
    let lines = Lines::capture();
    let runner = Runner::builder().clock(clock).stop_grace(SECOND).limit(1).build().unwrap();
    let name = job.name().to_owned();
    let run = runner.start_with(job, request).unwrap();
    tokio::task::yield_now().await;
    if stop {
        run.stop();
    }
    run.finished().await;
    let (id, job) = (run.id(), run.job_id());
    let span = format!(" run{{pipeline={name} run={id} job={job} attempt=1 cause=manual}}: ");
    let expected: Vec<_> = expected.iter().map(|line| line.replacen(' ', &span, 1)).collect();
    assert_eq!(lines.all(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_run_says_once_how_it_started_and_once_how_it_ended() {
    let count = job_fn("a", |cx: RunContext| async move {
        cx.progress().add_records_read(3);
        cx.progress().add_records_written(2);
        Ok(())
    });
    let end = "INFO run succeeded took_ms=0 read=3 written=2";
    check(count, RunRequest::new(), false, &["INFO run started", end]).await;

    let fail = job_fn("b", |_cx| async { Err(Transient::new("connection reset").into()) });
    let end = "ERROR run failed took_ms=0 read=0 written=0 error=temporary failure: connection reset";
    check(fail, RunRequest::new(), false, &["INFO run started", end]).await;

    let panic = job_fn("c", |_cx| async { panic!("no row 7") });
    let end = "ERROR run failed took_ms=0 read=0 written=0 error=the job panicked: no row 7";
    check(panic, RunRequest::new(), false, &["INFO run started", end]).await;

    let passed = "WARN timeout passed timeout_ms=3000 grace_ms=1000";
    let end =
        "ERROR run failed took_ms=0 read=0 written=0 timeout_ms=3000 error=the job did not end within 3s";
    let timeout = RunRequest::new().with_timeout(3 * SECOND);
    check(forever("d"), timeout, false, &["INFO run started", passed, end]).await;

    let end = "WARN run canceled took_ms=0 read=0 written=0";
    check(forever("e"), RunRequest::new(), true, &["INFO run started", end]).await;
}

fn forever(name: &str) -> impl Job {
    job_fn(name, |cx: RunContext| async move {
        cx.canceled().await;
        Ok(cx.check()?)
    })
}

/// Logs when it is dropped.
struct Farewell(&'static str);

impl Drop for Farewell {
    fn drop(&mut self) {
        tracing::info!("{}", self.0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_job_logs_is_in_the_span_of_its_run_also_while_it_is_dropped() {
    let captured = Farewell("the closure was dropped");
    let job = job_fn("a", move |_cx| {
        let _captured = &captured;
        async {
            let _local = Farewell("the future was dropped");
            tracing::debug!("hello");
            std::future::pending::<Result<(), BoxError>>().await
        }
    });
    let lines = [
        "INFO run started",
        "DEBUG hello",
        "INFO the future was dropped",
        "INFO the closure was dropped",
        "WARN run canceled took_ms=0 read=0 written=0",
    ];
    check(job, RunRequest::new(), true, &lines).await;
}

#[tokio::test(start_paused = true)]
async fn the_span_is_a_root_and_has_the_due_time_of_the_run() {
    let lines = Lines::capture();
    let request = info_span!("request", path = "/run");
    let due = UtcDateTime::UNIX_EPOCH + Duration::from_millis(1_500);
    let cx = RunContext::new().with_attempt(2).with_due(due);
    let job = job_fn("a", |_cx| async { Ok(()) });
    let run = request.in_scope(|| Runner::new().start_with(job, cx)).unwrap();
    run.finished().await;
    let (id, job) = (run.id(), run.job_id());
    let span =
        format!("run{{pipeline=a run={id} job={job} attempt=2 cause=manual due=1970-01-01T00:00:01.5Z}}: ");
    let ended = "run succeeded took_ms=";
    let all = lines.all();
    assert_eq!(all[0], format!("INFO {span}run started"));
    assert!(all[1].starts_with(&format!("INFO {span}{ended}")), "{all:?}");
    assert_eq!(all.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_never_starts_says_only_how_it_ended() {
    let lines = Lines::capture();
    let runner = Runner::builder().limit(1).build().unwrap();
    let first = runner.start(forever("a")).unwrap();
    let second = runner.start(forever("b")).unwrap();
    second.stop();
    second.finished().await;
    let of_second: Vec<_> = lines.all().into_iter().filter(|line| line.contains("pipeline=b")).collect();
    assert_eq!(of_second.len(), 1, "{of_second:?}");
    assert!(of_second[0].starts_with("WARN") && of_second[0].ends_with("run canceled read=0 written=0"));
    runner.shutdown(Duration::ZERO).await;
    first.finished().await;
    assert!(lines.all().iter().any(|line| line.starts_with("WARN")
        && line.contains("pipeline=a")
        && line.contains("run interrupted")));
}

#[test]
fn a_run_whose_runtime_is_dropped_says_that_it_was_interrupted() {
    let lines = Lines::capture();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        Runner::new().start(forever("a")).unwrap();
        tokio::task::yield_now().await;
    });
    drop(runtime);
    let all = lines.all();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[1].starts_with("WARN run{pipeline=a ") && all[1].contains("run interrupted"), "{all:?}");
}

thread_local! {
    /// Keeps a thread of a runtime logging.
    static GUARD: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// The thread is blocked, so real time has to pass: the second that dropping a job may take.
#[test]
fn a_job_that_blocks_its_thread_is_logged_as_stuck_within_its_run_without_a_reader_of_events() {
    let lines = Lines::capture();
    let log = tracing::dispatcher::get_default(Dispatch::clone);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(3).enable_time().on_thread_start(move || {
        GUARD.set(Some(tracing::dispatcher::set_default(&log)));
    });
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let blocks = job_fn("a", move |_cx| {
        let _ = released.lock().unwrap().recv();
        async { Ok(()) }
    });
    runtime.build().unwrap().block_on(async {
        let runner = Runner::builder().stop_grace(Duration::ZERO).build().unwrap();
        let run = runner.start_with(blocks, RunRequest::new().with_timeout(Duration::ZERO)).unwrap();
        while !lines.all().iter().any(|line| line.contains("run stuck")) {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        run.finished().await;
    });
    let all = lines.all();
    let messages = ["INFO", "WARN", "WARN", "ERROR"].into_iter().zip([
        "}: run started",
        "}: timeout passed timeout_ms=0 grace_ms=0",
        "}: run stuck running_ms=",
        "}: run failed took_ms=",
    ]);
    for ((level, message), line) in messages.zip(&all) {
        assert!(line.starts_with(&format!("{level} run{{pipeline=a ")) && line.contains(message), "{all:?}");
    }
    assert_eq!(all.len(), 4, "{all:?}");
}
