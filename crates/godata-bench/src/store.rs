//! What the file store costs: `cargo run --release -p godata-bench -- store`.
//!
//! Synced commits against a bare loop that appends the same bytes with fdatasync, in turns; the time of a commit, of
//! opening and the memory at a thousand runs and at a million, without syncing.

use std::fs::{File, OpenOptions, read, read_to_string};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use godata_core::{
    AnyStore, BoxError, Cause, Clock as _, Commit, Committed, Covers, OwnerId, PipelineName, PipelineRecord,
    RunKey, RunRecord, RunStatus, Store as _, StoreError, SystemClock,
};
use godata_store_file::{Durability, FileStore, Options};

use crate::quantile;

const ROUNDS: usize = 5;
const ALONE: usize = 400;
const TASKS: usize = 256;
const EACH: usize = 20;
const PIPELINES: usize = 100;
const MEASURED: usize = 20_000;

pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        tokio::spawn(synced()).await??;
        for runs in [1_000, 100_000, 1_000_000] {
            tokio::spawn(scale(runs)).await??;
        }
        Ok(())
    })
}

/// Commits per second that are synced before they are acknowledged.
async fn synced() -> Result<(), BoxError> {
    let (mut bare, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("state.json");
        let store = FileStore::open(&path)?;
        alone.push(rate(commits(AnyStore::new(store.clone()), "alone".into(), ALONE)).await?);
        store.close().await?;
        bare.push(append_bare(&dir.path().join("state.json.journal"), &dir.path().join("bare"))?);

        let store = AnyStore::new(FileStore::open(dir.path().join("many.json"))?);
        let began = Instant::now();
        let tasks: Vec<_> =
            (0..TASKS).map(|n| tokio::spawn(commits(store.clone(), format!("pipeline {n}"), EACH))).collect();
        for task in tasks {
            task.await??;
        }
        together.push((TASKS * EACH) as f64 / began.elapsed().as_secs_f64());
    }
    let (bare, alone, together) =
        (quantile(&mut bare, 0.5), quantile(&mut alone, 0.5), quantile(&mut together, 0.5));
    println!("commits per second, synced, median of {ROUNDS} rounds");
    println!("  a bare loop that appends the same lines with fdatasync  {bare:8.0}");
    println!(
        "  one task                                                {alone:8.0}  {:.2} of it",
        alone / bare
    );
    println!(
        "  {TASKS} tasks on {TASKS} pipelines                           {together:8.0}  {:.1} of it",
        together / bare
    );
    Ok(())
}

async fn rate(work: impl Future<Output = Result<usize, StoreError>>) -> Result<f64, StoreError> {
    let began = Instant::now();
    let done = work.await?;
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// Starts and finishes runs of a pipeline of its own.
async fn commits(store: AnyStore, name: String, commits: usize) -> Result<usize, StoreError> {
    let name = PipelineName::new(name).map_err(StoreError::invalid)?;
    let mut history = History::new(name);
    for _ in 0..commits {
        history.commit(&store).await?;
    }
    Ok(commits)
}

/// Appends each line of a file to another, and syncs it.
fn append_bare(lines: &Path, to: &Path) -> Result<f64, BoxError> {
    let lines = read(lines)?;
    let mut file = OpenOptions::new().append(true).create_new(true).open(to)?;
    let began = Instant::now();
    let mut count = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n').skip(1) {
        file.write_all(line)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

/// What does not depend on the disk, at a number of stored runs.
async fn scale(runs: usize) -> Result<(), BoxError> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("state.json");
    let options = FileStore::options().durability(Durability::Never).snapshot_threshold(u64::MAX);
    fill(options.clone(), &path, runs).await?;
    let live = File::open(&path)?.metadata()?.len();

    // In a process of its own: this one has memory left of what it stored.
    let child = Command::new(std::env::current_exe()?).arg("opened").arg(&path).output()?;
    let memory: u64 = String::from_utf8(child.stdout)?.trim().parse()?;

    let began = Instant::now();
    let store =
        FileStore::options().durability(Durability::Never).snapshot_threshold(u64::MAX).open(&path)?;
    let opened = began.elapsed();

    let any = AnyStore::new(store.clone());
    let mut histories: Vec<_> = names().map(History::new).collect();
    for history in &mut histories {
        history.pipeline = any.get_pipeline(&history.pipeline.name).await?.ok_or("the pipeline is stored")?;
    }
    let mut quiet = latencies(&any, &mut histories, MEASURED, || false).await?;
    let snapshot = tokio::spawn(async move {
        let began = Instant::now();
        store.snapshot().await.map(|()| began.elapsed())
    });
    let mut busy = latencies(&any, &mut histories, usize::MAX, || snapshot.is_finished()).await?;
    let took = snapshot.await??;
    let files: u64 =
        std::fs::read_dir(dir.path())?.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum();

    println!("{runs} stored runs, never synced");
    println!(
        "  a commit: median {:.1?}, p99 {:.1?}, longest {:.1?}",
        quantile(&mut quiet, 0.5),
        quantile(&mut quiet, 0.99),
        quantile(&mut quiet, 1.0)
    );
    println!(
        "  while a snapshot is written, for {took:.1?}: median {:.1?}, p99 {:.1?}, longest {:.1?}",
        quantile(&mut busy, 0.5),
        quantile(&mut busy, 0.99),
        quantile(&mut busy, 1.0)
    );
    println!(
        "  opened in {opened:.2?}; {} bytes of memory per run, {} in the snapshot",
        memory / runs as u64,
        live / runs as u64
    );
    println!("  all files after that snapshot: {:.2} of it", files as f64 / live as f64);
    Ok(())
}

async fn latencies(
    store: &AnyStore,
    histories: &mut [History],
    most: usize,
    enough: impl Fn() -> bool,
) -> Result<Vec<Duration>, StoreError> {
    let mut taken = Vec::new();
    while taken.len() < most && (taken.is_empty() || !enough()) {
        let next = taken.len() % histories.len();
        let began = Instant::now();
        histories[next].commit(store).await?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

/// Stores finished runs, and a snapshot of them.
async fn fill(options: Options, path: &Path, runs: usize) -> Result<(), BoxError> {
    let store = options.open(path)?;
    let each = runs / PIPELINES;
    for name in names() {
        let mut history = History::new(name);
        for first in (0..each).step_by(200) {
            let rows = (first..each.min(first + 200)).map(|_| history.finished());
            let commit = rows.fold(Commit::new(history.owner, history.pipeline.clone()), Commit::insert);
            history.done(store.commit(&commit).await?)?;
        }
    }
    store.snapshot().await?;
    store.close().await?;
    Ok(())
}

fn names() -> impl Iterator<Item = PipelineName> {
    (0..PIPELINES).map(|n| PipelineName::new(format!("pipeline {n}")).expect("the name is valid"))
}

/// A pipeline that runs again and again.
struct History {
    owner: OwnerId,
    pipeline: PipelineRecord,
    running: Option<RunRecord>,
}

impl History {
    fn new(name: PipelineName) -> Self {
        let mut pipeline = PipelineRecord::new(name, SystemClock.now());
        pipeline.spec = Some("every 5m".into());
        Self { owner: OwnerId::generate(), pipeline, running: None }
    }

    /// Starts a run, or finishes the one that was started.
    async fn commit(&mut self, store: &AnyStore) -> Result<(), StoreError> {
        let commit = Commit::new(self.owner, self.pipeline.clone());
        let commit = match self.running.take() {
            None => {
                let mut run = self.row(RunStatus::Running);
                run.fence = self.pipeline.rev + 1;
                self.running = Some(run.clone());
                commit.insert(run)
            }
            Some(mut run) => {
                run.status = RunStatus::Succeeded;
                run.ended_at = Some(SystemClock.now());
                run.counts.records_read = 1_000_000;
                commit.update(run)
            }
        };
        let answer = store.commit(&commit).await?;
        self.done(answer)
    }

    fn done(&mut self, answer: Committed) -> Result<(), StoreError> {
        match answer {
            Committed::Done(rev) => {
                self.pipeline.rev = rev;
                Ok(())
            }
            refusal => Err(StoreError::invalid(format!("{refusal:?}"))),
        }
    }

    fn row(&self, status: RunStatus) -> RunRecord {
        let now = SystemClock.now();
        let name = &self.pipeline.name;
        let mut run = RunRecord::new(name, RunKey::due(now, now), Cause::Schedule, status, now);
        run.key = RunKey::manual_run(run.id);
        run.owner = Some(self.owner);
        run.due = Some(now);
        run.spec_since = Some(now);
        run.started_at = Some(now);
        run
    }

    /// A row that has all that a finished run has.
    fn finished(&self) -> RunRecord {
        let mut run = self.row(RunStatus::Skipped);
        run.ended_at = run.started_at;
        run.covers = run.due.map(|due| Covers::exactly(1, due));
        run.counts.records_read = 1_000_000;
        run
    }
}

/// Prints how many bytes of memory a state file takes when it is opened.
pub(crate) fn print_opened(path: &Path) -> Result<(), BoxError> {
    let before = resident()?;
    let _store = FileStore::open(path)?;
    println!("{}", resident()?.saturating_sub(before));
    Ok(())
}

/// The memory of this process in bytes, as far as the system tells.
fn resident() -> Result<u64, BoxError> {
    let status = read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("there is no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1_024)
}
