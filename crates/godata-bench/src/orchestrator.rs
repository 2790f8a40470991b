//! The cost of many scheduled pipelines: start, memory, lateness, and time per run.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use godata_core::{
    AnyJob, AnyStore, BoxError, Clock as _, Job, ManualClock, MemoryStore, RunContext, RunQuery, Store as _,
    SystemClock,
};
use godata_orchestrator::{Misfire, Orchestrator, Overlap, Registration};
use godata_runner::Runner;
use godata_scheduler::every;
use nix::sys::resource::{UsageWho, getrusage};
use time::UtcDateTime;

const PIPELINES: u64 = 100_000;
/// Each pipeline is due once in this period, so a thousand of them are due per second.
const PERIOD: Duration = Duration::from_secs(100);
const WATCHED: Duration = Duration::from_secs(20);

/// How many pipelines are due at once when the cost of a run is measured.
const AT_ONCE: u64 = 10_000;
const ROUNDS: usize = 15;

/// A job that records how late it started.
struct Late {
    name: String,
    late: Arc<Mutex<Vec<f64>>>,
}

impl Job for Late {
    fn name(&self) -> &str {
        &self.name
    }

    async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
        let due = cx.due().unwrap_or(UtcDateTime::UNIX_EPOCH);
        // Schedules use whole milliseconds.
        let late = (UtcDateTime::now() - due).as_seconds_f64() * 1e3;
        self.late.lock().map_err(|_| "poisoned")?.push(late);
        Ok(())
    }
}

struct Empty(String);

impl Job for Empty {
    fn name(&self) -> &str {
        &self.0
    }

    async fn run(&self, _cx: &RunContext) -> Result<(), BoxError> {
        Ok(())
    }
}

pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    runtime.block_on(async { tokio::spawn(many_pipelines()).await? })?;
    runtime.block_on(async { tokio::spawn(cost_of_a_run()).await? })
}

async fn many_pipelines() -> Result<(), BoxError> {
    let before = resident_mib()?;
    let store = AnyStore::new(MemoryStore::new());
    let late = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let orchestrator = register_all(&store, &late).await?;
    let first = start.elapsed();
    println!("{PIPELINES} pipelines: started in {:.2} s", first.as_secs_f64());
    println!("  {:.0} MiB with the rows that the store keeps", resident_mib()? - before);

    tokio::time::sleep(Duration::from_secs(1)).await;
    late.lock().map_err(|_| "poisoned")?.clear();
    tokio::time::sleep(WATCHED).await;
    let mut late = std::mem::take(&mut *late.lock().map_err(|_| "poisoned")?);
    println!(
        "  {:.0} runs a second, late by {:.2} ms (median), {:.2} ms (p99), {:.2} ms (most)",
        late.len() as f64 / WATCHED.as_secs_f64(),
        crate::quantile(&mut late, 0.5),
        crate::quantile(&mut late, 0.99),
        crate::quantile(&mut late, 1.0)
    );
    println!("  {:.0} MiB after {} s", resident_mib()? - before, WATCHED.as_secs());
    orchestrator.shutdown(Duration::from_secs(10)).await;

    let start = Instant::now();
    let again = register_all(&store, &Arc::default()).await?;
    println!("  started again on the same store in {:.2} s", start.elapsed().as_secs_f64());
    again.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

async fn register_all(store: &AnyStore, late: &Arc<Mutex<Vec<f64>>>) -> Result<Orchestrator, BoxError> {
    let orchestrator = Orchestrator::new(store.clone(), Runner::new());
    let anchor = SystemClock.now();
    for n in 0..PIPELINES {
        let name = format!("pipeline-{n}");
        let job = Late { name, late: Arc::clone(late) };
        let schedule = every(PERIOD)?.starting_at(anchor + Duration::from_millis(n % 100_000))?;
        orchestrator.register(job, schedule).await?;
    }
    orchestrator.start_scheduler().await?;
    Ok(orchestrator)
}

/// The cost of a scheduled run (decide, record, run, record the end), beside the cost of the runner alone.
async fn cost_of_a_run() -> Result<(), BoxError> {
    let clock = ManualClock::new(UtcDateTime::UNIX_EPOCH);
    let store = AnyStore::new(MemoryStore::new());
    let orchestrator = Orchestrator::builder(store.clone(), Runner::new())
        .clock(clock.clone())
        .concurrency(1_000)
        .build()?;
    for n in 0..AT_ONCE {
        let registration = Registration::new(Empty(format!("pipeline-{n}")));
        let rules = registration.misfire(Misfire::Latest).overlap(Overlap::Skip);
        orchestrator.register_with(rules.schedule(every(Duration::from_secs(1))?)).await?;
    }
    orchestrator.start_scheduler().await?;
    let (mut scheduled, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = cpu_time()?;
        clock.advance(Duration::from_secs(1));
        let newest = RunQuery::new().active().limit(1);
        let mut are_done = false;
        while !are_done {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let rows = store.list_runs(&RunQuery::new().limit(1)).await?;
            let is_new = rows.first().is_some_and(|run| run.created_at == clock.now());
            are_done = is_new && store.list_runs(&newest).await?.is_empty();
        }
        scheduled.push(micros_each(start)?);
        alone.push(runner_alone().await?);
    }
    let (scheduled, alone) = (crate::quantile(&mut scheduled, 0.5), crate::quantile(&mut alone, 0.5));
    println!(
        "{AT_ONCE} pipelines due at once, medians of {ROUNDS} rounds, 2 workers, computing time of both"
    );
    println!("  a scheduled run            {scheduled:6.2} µs");
    println!("  a run of the runner alone  {alone:6.2} µs");
    println!("  over it                    {:6.2} µs", scheduled - alone);
    orchestrator.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

async fn runner_alone() -> Result<f64, BoxError> {
    let runner = Runner::new();
    let job = AnyJob::new(Empty("empty".into()));
    let start = cpu_time()?;
    let mut runs = Vec::with_capacity(AT_ONCE as usize);
    for _ in 0..AT_ONCE {
        runs.push(runner.start(job.clone())?);
    }
    for run in runs {
        run.finished().await;
    }
    micros_each(start)
}

/// The CPU time of the process, on all cores.
fn cpu_time() -> Result<Duration, BoxError> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros =
        [usage.user_time(), usage.system_time()].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    Ok(Duration::from_micros(micros.iter().sum::<i64>().unsigned_abs()))
}

fn micros_each(start: Duration) -> Result<f64, BoxError> {
    Ok((cpu_time()? - start).as_secs_f64() * 1e6 / AT_ONCE as f64)
}

/// The memory of the process, in MiB.
fn resident_mib() -> Result<f64, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1_024.0)
}
