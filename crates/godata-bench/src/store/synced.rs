//! Commits per second, each synced before it is acknowledged.

use std::fs::{OpenOptions, read};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use godata_core::{AnyStore, BoxError, PipelineName};
use godata_store_file::FileStore;

use super::history::History;
use super::sqlite::{Database, Rows, rows_of};
use crate::quantile;

const ROUNDS: usize = 5;
const ALONE: usize = 400;
const TASKS: usize = 256;
const EACH: usize = 20;

/// Runs all contestants in turn, so that other work on the machine affects all of them.
pub(super) async fn measure() -> Result<(), BoxError> {
    let (mut bare, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sqlite_alone, mut sqlite_together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir()?;
        let file = |name: &str| dir.path().join(name);

        let store = FileStore::open(file("one.json"))?;
        alone.push(rate([commits(AnyStore::new(store.clone()), "alone".into(), ALONE)]).await?);
        store.close().await?;
        bare.push(append_bare(&file("one.json.journal"), &file("bare"))?);
        sqlite_alone.push(in_sqlite(&file("one.json.journal"), &file("one.sqlite")).await?);

        // Without a snapshot, the journal has everything that goes into the database.
        let store = FileStore::builder(file("many.json")).snapshot_threshold(u64::MAX).open()?;
        let any = AnyStore::new(store.clone());
        let tasks = (0..TASKS).map(|n| commits(any.clone(), format!("pipeline {n}"), EACH));
        together.push(rate(tasks).await?);
        store.close().await?;
        sqlite_together.push(in_sqlite(&file("many.json.journal"), &file("many.sqlite")).await?);
    }
    let bare = quantile(&mut bare, 0.5);
    println!("commits per second, synced, median of {ROUNDS} rounds");
    println!("  a bare loop that appends the same lines with fdatasync  {bare:8.0}");
    let tell = |what: &str, rates: &mut [f64]| {
        let rate = quantile(rates, 0.5);
        println!("  {what:<54}  {rate:8.0}  {:5.2} of it", rate / bare);
    };
    tell("one task", &mut alone);
    tell(&format!("{TASKS} tasks on {TASKS} pipelines"), &mut together);
    println!(
        "the same rows in SQLite: WAL, synchronous = FULL, one connection in a thread of its own, a transaction for each commit"
    );
    tell("one task", &mut sqlite_alone);
    tell(&format!("{TASKS} tasks on {TASKS} pipelines"), &mut sqlite_together);
    Ok(())
}

/// Commits per second of concurrent tasks.
async fn rate<F>(tasks: impl IntoIterator<Item = F>) -> Result<f64, BoxError>
where
    F: Future<Output = Result<usize, BoxError>> + Send + 'static,
{
    let began = Instant::now();
    let mut done = 0;
    for task in tasks.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        done += task.await??;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// Starts and finishes runs of its own pipeline.
async fn commits(store: AnyStore, name: String, commits: usize) -> Result<usize, BoxError> {
    let mut history = History::new(PipelineName::new(name)?);
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

/// The commits of a journal in a database, with a task for each pipeline.
async fn in_sqlite(journal: &Path, path: &Path) -> Result<f64, BoxError> {
    let rows = rows_of(journal)?;
    let database = Arc::new(Database::create(path)?);
    let tasks = rows.into_iter().map(|rows| put(Arc::clone(&database), rows));
    let rate = rate(tasks).await?;
    Arc::into_inner(database).ok_or("all tasks have ended")?.close()?;
    Ok(rate)
}

async fn put(database: Arc<Database>, commits: Vec<Rows>) -> Result<usize, BoxError> {
    let count = commits.len();
    for rows in commits {
        database.commit(rows).await?;
    }
    Ok(count)
}
