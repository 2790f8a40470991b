//! What a small service writes to the log: each thing once, at its level, with its pipeline and its run.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use godata_core::{
    AnyJob, AnyStore, Job as _, MemoryStore, Params, Permanent, RetryPolicy, RunContext, RunHandle,
    RunRequest, Schedule, SystemClock, job_fn,
};
use godata_orchestrator::{Misfire, Overlap, Recovery, Registration, RunOptions};
use time::UtcDateTime;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level};

use crate::faulty::{Fault, faulty};
use crate::support::{Starts, World, at, every, failing, gated, quick, secs, settle};

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
            .with_max_level(Level::DEBUG)
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .with_writer(move || Writer(Arc::clone(&writer)))
            .finish();
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines since they were taken last.
    fn take(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *self.text.lock().unwrap())).unwrap();
        text.lines().map(|line| line.trim_start().to_owned()).collect()
    }

    /// Checks the lines since they were taken last, in their order. In `expected`, `@a` is the span of a run of pipeline `a`,
    /// and `#` is any id.
    #[track_caller]
    fn check(&self, expected: &[&str]) {
        let lines: Vec<_> = self.take().iter().map(|line| shortened(line)).collect();
        assert_eq!(lines, expected);
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

/// The line with `@pipeline` for the span of a run, after a look at the span's fields, and `#` for ids.
fn shortened(line: &str) -> String {
    let is_id = |text: &str| text.len() == 36 && text.matches('-').count() == 4;
    let mut line = line.to_owned();
    if let Some((level, rest)) = line.split_once(" run{") {
        let (span, event) = rest.split_once("}: ").unwrap();
        let fields: Vec<_> = span.split(' ').filter_map(|field| field.split_once('=')).collect();
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        assert_eq!(names[..5], ["pipeline", "run", "job", "attempt", "cause"], "{line}");
        assert!(is_id(fields[1].1) && is_id(fields[2].1), "{line}");
        line = format!("{level} @{} {event}", fields[0].1);
    }
    let words = line.split(' ').map(|word| match word.split_once('=') {
        Some((name, value)) if is_id(value) => format!("{name}=#"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn runs_by_hand_log_their_start_and_their_end() {
    let lines = Lines::capture();
    let world = World::new();
    let hello = job_fn("hello", |cx: RunContext| async move {
        tracing::info!("said by the job");
        cx.progress().add_records_read(3);
        Ok(())
    });
    world.register(Registration::new(hello)).await;
    world.register(Registration::new(failing("fails", |_| Some("no such file".into())))).await;
    let panics = job_fn("panics", |_cx| async { panic!("no row 7") });
    world.register(Registration::new(panics)).await;
    let (slow, _script, _contexts) = gated("slow");
    world.register(Registration::new(slow).timeout(secs(60))).await;
    lines.check(&[
        "INFO pipeline registered pipeline=hello schedule=\"none\"",
        "INFO pipeline registered pipeline=fails schedule=\"none\"",
        "INFO pipeline registered pipeline=panics schedule=\"none\"",
        "INFO pipeline registered pipeline=slow schedule=\"none\"",
    ]);
    for name in ["hello", "fails", "panics", "slow"] {
        world.orchestrator.run_pipeline(name).await.unwrap().done().await.unwrap();
    }
    lines.check(&[
        "INFO @hello run started",
        "INFO @hello said by the job",
        "INFO @hello run succeeded took_ms=0 read=3 written=0",
        "INFO @fails run started",
        "ERROR @fails run failed took_ms=0 read=0 written=0 error=no such file",
        "INFO @panics run started",
        "ERROR @panics run failed took_ms=0 read=0 written=0 error=the job panicked: no row 7",
        "INFO @slow run started",
        "WARN @slow timeout passed timeout_ms=60000 grace_ms=5000",
        "ERROR @slow run failed took_ms=0 read=0 written=0 timeout_ms=60000 error=the job did not end within 60s",
    ]);
}

#[tokio::test(start_paused = true)]
async fn each_retry_is_logged_with_its_attempt_and_its_wait() {
    let lines = Lines::capture();
    let world = World::new();
    let job = failing("a", |attempt| match attempt {
        1 => Some("busy".into()),
        _ => Some(Permanent::new("broken").into()),
    });
    let retry = RetryPolicy::attempts(3).backoff(secs(4), secs(4));
    world.register(Registration::new(job).retry(retry)).await;
    lines.take();
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    world.go_to(5).await;
    let all = lines.take();
    let retried = shortened(&all[2]);
    let (retried, in_ms) = retried.rsplit_once(" in_ms=").unwrap();
    assert!(in_ms.parse::<u64>().unwrap() <= 4_000);
    assert_eq!(retried, "WARN run will be retried pipeline=a run=# retry_of=# attempt=2 attempts=3");
    let first = all[0].split(' ').find(|word| word.starts_with("run=")).unwrap();
    assert!(all[2].contains(&format!("retry_of={}", &first["run=".len()..])), "{all:?}");
    let others: Vec<_> = [0, 1, 3].map(|line: usize| shortened(&all[line])).into();
    assert_eq!(
        others,
        [
            "INFO @a run started",
            "ERROR @a run failed took_ms=0 read=0 written=0 error=busy",
            "INFO @a run started",
        ]
    );
    assert!(all[4].contains("attempt=2 cause=retry"), "{all:?}");
    assert!(all[4].ends_with("read=0 written=0 error=permanent failure: broken"), "{all:?}");
    assert_eq!(all.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_logs_what_it_skips_what_it_missed_and_its_end() {
    let lines = Lines::capture();
    let world = World::new();
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job).schedule(every(10))).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(32).await;
    lines.check(&[
        "INFO pipeline registered pipeline=a schedule=\"every 10s\"",
        "INFO scheduler started",
        "INFO @a run started",
        "INFO due times skipped pipeline=a run=# skipped=1 exact=true due=2023-11-14T22:00:20Z reason=\"another run was queued or running\"",
        "INFO due times skipped pipeline=a run=# skipped=1 exact=true due=2023-11-14T22:00:30Z reason=\"another run was queued or running\"",
    ]);
    script.let_go(9);
    settle().await;
    lines.check(&["INFO @a run succeeded took_ms=22000 read=0 written=0"]);
    world.jump_to(75).await;
    lines.check(&[
        "WARN due times missed pipeline=a missed=4 exact=true runs=1 first=2023-11-14T22:00:40Z due=2023-11-14T22:01:10Z policy=\"latest\"",
        "INFO @a run started",
        "INFO @a run succeeded took_ms=0 read=0 written=0",
    ]);
    world.orchestrator.pause("a").await.unwrap();
    world.orchestrator.resume("a").await.unwrap();
    world.orchestrator.stop_scheduler().await.unwrap();
    world.orchestrator.unregister("a").await.unwrap();
    lines.check(&[
        "INFO pipeline paused pipeline=a",
        "INFO pipeline resumed pipeline=a",
        "INFO scheduler stopped",
        "INFO pipeline unregistered pipeline=a",
    ]);
}

/// Due once, at 10 s.
#[derive(Debug)]
struct Once;

impl Schedule for Once {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        (after < at(10)).then_some(at(10))
    }

    fn spec(&self) -> String {
        "once".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_has_ended_is_logged_once() {
    let lines = Lines::capture();
    let world = World::new();
    world.register(Registration::new(quick("a")).schedule(Once).misfire(Misfire::Skip)).await;
    world.orchestrator.start_scheduler().await.unwrap();
    world.go_to(30).await;
    let ended: Vec<_> = lines.take().into_iter().filter(|line| line.contains("schedule ended")).collect();
    assert_eq!(ended, ["INFO schedule ended pipeline=a"]);
}

#[tokio::test(start_paused = true)]
async fn runs_that_end_without_a_job_are_logged_by_the_orchestrator() {
    let lines = Lines::capture();
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::BufferAll(5))).await;
    let mut runs: Vec<RunHandle> = Vec::new();
    for _ in 0..3 {
        runs.push(world.orchestrator.run_pipeline("a").await.unwrap());
    }
    lines.take();
    world.orchestrator.cancel(runs[1].id()).await.unwrap();
    lines.check(&["WARN run canceled pipeline=a run=# reason=\"canceled before it started\""]);
    world.orchestrator.cancel(runs[0].id()).await.unwrap();
    runs[0].done().await.unwrap();
    settle().await;
    lines.check(&[
        "INFO cancel requested pipeline=a run=#",
        "WARN @a run canceled took_ms=0 read=0 written=0",
        "INFO @a run started",
    ]);
    world.orchestrator.run_pipeline("a").await.unwrap();
    let report = world.orchestrator.shutdown(secs(1)).await;
    lines.check(&[
        "DEBUG run queued pipeline=a run=# cause=manual",
        "INFO shutdown began cause=\"shutdown was called\" grace_ms=1000 running=1",
        "WARN @a run interrupted took_ms=0 read=0 written=0",
        &format!("INFO shutdown ended report={report}"),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_request_to_cancel_is_logged_once_and_before_the_end_that_it_leads_to_however_slow_the_store_is() {
    for slow in [secs(0), secs(1)] {
        let lines = Lines::capture();
        let (store, faults) = faulty();
        let world = World::with(store, |builder| builder);
        let (job, _script, _contexts) = gated("a");
        world.register(Registration::new(job)).await;
        let run = world.orchestrator.run_pipeline("a").await.unwrap();
        settle().await;
        lines.take();
        faults.next([Fault::Slow(slow), Fault::Slow(slow)]);
        world.orchestrator.cancel(run.id()).await.unwrap();
        run.done().await.unwrap();
        world.orchestrator.cancel(run.id()).await.unwrap();
        settle().await;
        lines.check(&[
            "INFO cancel requested pipeline=a run=#",
            "WARN @a run canceled took_ms=0 read=0 written=0",
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_is_logged_when_it_is_taken_over() {
    let world = World::new();
    let (job, _script, _contexts) = gated("a");
    world.register(Registration::new(job).overlap(Overlap::BufferOne)).await;
    for _ in 0..2 {
        world.orchestrator.run_pipeline("a").await.unwrap();
    }
    settle().await;
    let lines = Lines::capture();
    let world = world.crash(|builder| builder.recovery(Recovery::Rerun));
    world.register(Registration::new(quick("a")).overlap(Overlap::BufferOne)).await;
    settle().await;
    lines.check(&[
        "WARN run interrupted pipeline=a run=# reason=\"its instance died or lost its lease\"",
        "WARN interrupted run queued again pipeline=a run=# retry_of=# attempt=1 interruptions=1",
        "INFO pipeline registered pipeline=a schedule=\"none\"",
        "INFO @a run started",
        "INFO @a run succeeded took_ms=0 read=0 written=0",
        "INFO @a run started",
        "INFO @a run succeeded took_ms=0 read=0 written=0",
    ]);
}

#[tokio::test(start_paused = true)]
async fn trouble_with_the_store_is_logged_when_it_begins_and_when_it_is_over() {
    let lines = Lines::capture();
    let (store, faults) = faulty();
    let world = World::with(store, |builder| builder);
    let (job, script, _contexts) = gated("a");
    world.register(Registration::new(job)).await;
    let run = world.orchestrator.run_pipeline("a").await.unwrap();
    settle().await;
    lines.take();
    faults.always("a", Fault::Refused);
    script.let_go(1);
    tokio::time::sleep(secs(30)).await;
    lines.check(&[
        "INFO @a run succeeded took_ms=0 read=0 written=0",
        "ERROR store failed pipeline=a runs=# error=the store is not available: broken on purpose",
    ]);
    faults.none();
    run.done().await.unwrap();
    settle().await;
    let recovered = lines.take();
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    assert!(recovered[0].starts_with("INFO store recovered pipeline=a failures="), "{recovered:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_the_runner_refuses_is_logged_as_not_started() {
    let refuses = Starts(|_, _| Err(godata_core::RunnerError::NoRuntime));
    let world = World::with_runner(refuses, |builder| builder);
    world.register(Registration::new(quick("a"))).await;
    let lines = Lines::capture();
    world.orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap();
    lines.check(&["ERROR job not started pipeline=a run=# error=there is no tokio runtime to run the job on; call the runner from within one"]);
}

#[tokio::test(start_paused = true)]
async fn another_schedule_is_logged_by_the_instance_that_edits_it_and_by_the_one_that_finds_it() {
    let store = AnyStore::new(MemoryStore::new());
    let first = World::with(store, |builder| builder);
    first.register(Registration::new(quick("a")).schedule(every(10))).await;
    first.orchestrator.start_scheduler().await.unwrap();
    let lines = Lines::capture();
    let second = World::on(first.clock.clone(), first.store.clone(), |builder| builder);
    second.register(Registration::new(quick("a")).schedule(every(20))).await;
    first.go_to(11).await;
    lines.check(&[
        "INFO schedule edited pipeline=a from=\"every 10s\" to=\"every 20s\"",
        "INFO pipeline registered pipeline=a schedule=\"every 20s\"",
        "WARN another schedule is stored pipeline=a stored=\"every 20s\" registered=\"every 10s\"",
    ]);
}

/// The job still runs, so its end is not known yet.
#[tokio::test(start_paused = true)]
async fn a_stuck_run_is_logged_as_stored_and_not_as_ended() {
    let runs = Mutex::new(Vec::new());
    let stuck = Starts(move |job: AnyJob, request: RunRequest| {
        let (handle, run) = RunHandle::new(job.name(), request.into_context(), Arc::new(SystemClock));
        run.start();
        runs.lock().unwrap().push(run);
        Ok(handle)
    });
    let world = World::with_runner(stuck, |builder| builder);
    world.register(Registration::new(quick("a"))).await;
    world.orchestrator.run_pipeline("a").await.unwrap();
    let lines = Lines::capture();
    let report = world.orchestrator.shutdown(secs(10)).await;
    lines.check(&[
        "INFO shutdown began cause=\"shutdown was called\" grace_ms=10000 running=1",
        "WARN stuck run stored as interrupted pipeline=a run=# reason=\"its job had not ended when the shutdown did\"",
        &format!("INFO shutdown ended report={report}"),
    ]);
}

#[tokio::test(start_paused = true)]
async fn parameters_are_not_logged_even_if_they_are_those_of_a_run_that_is_retried_or_missed() {
    let lines = Lines::capture();
    let secret = || Params::new().with("token", "hunter2");
    let job = failing("a", |attempt| (attempt == 1).then(|| "busy".into()));
    let retry = RetryPolicy::attempts(2).backoff(secs(1), secs(1));
    let registration =
        Registration::new(job).params(secret()).schedule_with(every(10), secret()).retry(retry);
    let world = World::scheduled(registration).await;
    world.go_to(12).await;
    world.jump_to(45).await;
    let options = RunOptions::new().params(secret());
    world.orchestrator.run_pipeline_with("a", options).await.unwrap_err();
    world.go_to(47).await;
    world.orchestrator.unregister("a").await.unwrap();
    let lines = lines.take();
    assert!(lines.len() > 8, "{lines:#?}");
    for line in lines {
        assert!(!line.contains("hunter2") && !line.contains("token"), "{line}");
    }
}
