//! The cost of a run over a plain task, and the lateness of timers beside a job that blocks its thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use godata_core::{AnyJob, BoxError, Job, RunContext, RunRequest, job_fn};
use godata_runner::Runner;
use tokio::sync::oneshot;

const ROUNDS: usize = 15;
const RUNS: usize = 200_000;
/// How many are in flight at once.
const WINDOW: usize = 1_000;

struct Empty;

impl Job for Empty {
    fn name(&self) -> &str {
        "empty"
    }

    async fn run(&self, _cx: &RunContext) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Runs the tasks and the jobs in turn, round after round, so that a drifting machine favors none.
pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    let runner = Runner::new();
    let limited = Runner::builder().limit(64).build()?;
    let job = AnyJob::new(Empty);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let round = runtime.block_on(async {
            let tasks = spawn(tasks()).await??;
            let runs = spawn(runs(runner.clone(), job.clone())).await??;
            Ok::<_, BoxError>([tasks, runs, spawn(self::runs(limited.clone(), job.clone())).await??])
        })?;
        rounds.push(round);
    }
    let median = |n: usize| {
        crate::quantile(&mut rounds.iter().map(|round: &[f64; 3]| round[n]).collect::<Vec<_>>(), 0.5)
    };
    println!("medians of {ROUNDS} rounds of {RUNS}, {WINDOW} in flight, 2 workers");
    println!("  a task with a oneshot      {:6.0} ns  {:9.0}/s", median(0), 1e9 / median(0));
    for (name, n) in [("a run of an empty job", 1), ("with a limit of 64", 2)] {
        let ratio = median(n) / median(0);
        println!("  {name:24}  {:7.0} ns  {:9.0}/s  {ratio:.2} times", median(n), 1e9 / median(n));
    }
    runtime.block_on(timers_beside_a_blocking_job())
}

fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(future)
}

/// Nanoseconds per task that answers through a oneshot channel.
async fn tasks() -> Result<f64, BoxError> {
    let start = Instant::now();
    for _ in 0..RUNS / WINDOW {
        let mut answers = Vec::with_capacity(WINDOW);
        for n in 0..WINDOW {
            let (sender, receiver) = oneshot::channel();
            tokio::spawn(async move { sender.send(black_box(n)) });
            answers.push(receiver);
        }
        for answer in answers {
            answer.await?;
        }
    }
    Ok(nanos_each(start))
}

/// Nanoseconds per run.
async fn runs(runner: Runner, job: AnyJob) -> Result<f64, BoxError> {
    let start = Instant::now();
    for _ in 0..RUNS / WINDOW {
        let mut handles = Vec::with_capacity(WINDOW);
        for _ in 0..WINDOW {
            handles.push(runner.start_with(job.clone(), RunRequest::new())?);
        }
        for handle in handles {
            black_box(handle.finished().await);
        }
    }
    Ok(nanos_each(start))
}

fn nanos_each(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9 / RUNS as f64
}

async fn timers_beside_a_blocking_job() -> Result<(), BoxError> {
    let runner = Runner::new();
    crate::timers::report("idle", spawn(crate::timers::ticks()).await?);
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let blocking = runner.start(job_fn("blocks", move |_| {
        // It ends when the sender is dropped.
        let _ = released.lock().map(|released| released.recv_timeout(Duration::from_secs(60)));
        async { Ok(()) }
    }))?;
    crate::timers::report("beside a job that blocks its thread", spawn(crate::timers::ticks()).await?);
    drop(release);
    blocking.finished().await;
    Ok(())
}
