//! 100,000 runs of all kinds of jobs, while other tasks start, stop, query, drop and shut down.

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use godata_core::{
    AnyJob, BoxError, Canceled, Cancellation, FailureKind, RunContext, RunHandle, RunId, RunRequest,
    RunStatus, job_fn,
};
use godata_runner::{RunEvent, Runner};

const RUNS: usize = 100_000;
const RUNNERS: usize = 10;

/// A small generator, so that a failure can be repeated with its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Succeeds,
    Fails,
    Panics,
    SaysCanceled,
    Listens,
    Ignores,
    Yields,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Succeeds,
        Self::Fails,
        Self::Panics,
        Self::SaysCanceled,
        Self::Listens,
        Self::Ignores,
        Self::Yields,
    ];

    fn job(self) -> AnyJob {
        AnyJob::new(job_fn("random", move |cx: RunContext| async move {
            match self {
                Self::Succeeds => Ok(()),
                Self::Fails => Err("no".into()),
                Self::Panics => std::panic::resume_unwind(Box::new("quietly")),
                Self::SaysCanceled => Err(canceled().into()),
                Self::Listens => {
                    cx.canceled().await;
                    Ok(cx.check()?)
                }
                Self::Ignores => pending().await,
                Self::Yields => {
                    for _ in 0..10 {
                        tokio::task::yield_now().await;
                        cx.check()?;
                    }
                    Ok(())
                }
            }
        }))
    }

    /// The status if nothing stops the job and its timeout does not pass. `None` if it does not end by itself.
    fn by_itself(self) -> Option<RunStatus> {
        match self {
            Self::Succeeds | Self::Yields => Some(RunStatus::Succeeded),
            Self::Fails | Self::Panics | Self::SaysCanceled => Some(RunStatus::Failed),
            Self::Listens | Self::Ignores => None,
        }
    }
}

fn canceled() -> Canceled {
    let other = Cancellation::new();
    other.cancel();
    other.check().expect_err("it was canceled")
}

/// A run, and what was done to it.
struct Started {
    kind: Kind,
    id: RunId,
    handle: Option<RunHandle>,
    stopped: bool,
    has_timeout: bool,
}

#[test]
fn each_of_100_000_runs_has_exactly_one_correct_terminal_result() {
    for n in 0..RUNNERS {
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n as u64 + 1);
        println!("seed {seed:#x}");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(one_runner(Random(seed), RUNS / RUNNERS)).unwrap();
    }
}

async fn one_runner(mut random: Random, runs: usize) -> Result<(), BoxError> {
    let runner = Runner::builder()
        .limit(64)
        .pool("pool", 8)
        .stop_grace(Duration::from_millis(1))
        .keep_results(runs)
        .event_buffer(4 * runs)
        .build()?;
    let mut events = runner.subscribe();
    let mut started: Vec<Started> = Vec::new();
    for _ in 0..runs {
        let kind = Kind::ALL[random.below(7) as usize];
        let mut request = RunRequest::from(RunContext::new());
        // A job that does not end by itself gets a timeout or is stopped, or else it would hold its slot.
        let has_timeout = random.below(3) == 0;
        if has_timeout {
            request = request.with_timeout(Duration::from_micros(random.below(3_000)));
        }
        if random.below(4) == 0 {
            request = request.with_pool("pool");
        }
        let handle = runner.start_with(kind.job(), request)?;
        let stopped = kind.by_itself().is_none() && !has_timeout || random.below(8) == 0;
        let id = handle.id();
        if stopped {
            let (runner, handle) = (runner.clone(), handle.clone());
            match random.below(3) {
                0 => handle.stop(),
                1 => runner.stop(id)?,
                _ => drop(tokio::spawn(async move { handle.stop() })),
            }
        }
        let handle = (random.below(2) == 0).then_some(handle);
        started.push(Started { kind, id, handle, stopped, has_timeout });
        match random.below(50) {
            0 => drop(runner.active()),
            1 => drop(runner.result(started[random.below(started.len() as u64) as usize].id)),
            2..=9 => tokio::task::yield_now().await,
            _ => {}
        }
    }
    let report = runner.shutdown(Duration::from_millis(random.below(200))).await;
    assert_eq!(report.stuck().count(), 0);

    let mut ended = HashMap::new();
    while ended.len() < runs {
        if let RunEvent::Ended(result) = events.next().await.ok_or("the runner is gone")?? {
            assert!(ended.insert(result.id, result).is_none(), "a run ended twice");
        }
    }
    assert!(runner.active().is_empty());
    for run in started {
        let result = &ended[&run.id];
        assert_eq!(runner.result(run.id).as_ref(), Some(result));
        if let Some(handle) = &run.handle {
            assert_eq!(handle.finished().await, *result);
        }
        let timed_out = result.error.as_ref().is_some_and(|error| error.kind == FailureKind::TimedOut);
        let right = match result.status {
            RunStatus::Succeeded => run.kind.by_itself() == Some(RunStatus::Succeeded),
            RunStatus::Failed => {
                run.kind.by_itself() == Some(RunStatus::Failed) || run.has_timeout && timed_out
            }
            RunStatus::Canceled => run.stopped,
            RunStatus::Interrupted => report.runs.iter().any(|reported| reported.id == run.id),
            _ => false,
        };
        assert!(right, "a run that {:?} ended as {result:?}", run.kind);
    }
    Ok(())
}
