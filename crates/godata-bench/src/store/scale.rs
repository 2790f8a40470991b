//! What does not depend on the disk: commits without syncs, opening, memory.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use godata_core::{AnyStore, BoxError, StoreError};
use godata_store_file::{Durability, FileStore};

use super::history::{History, fill, stored};
use crate::quantile;

const MEASURED: usize = 20_000;

/// A commit, opening, and memory at a number of stored runs.
pub(super) async fn measure(runs: usize) -> Result<(), BoxError> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("state.json");
    let builder = FileStore::builder(&path).durability(Durability::Never).snapshot_threshold(u64::MAX);
    fill(builder.clone(), runs).await?;
    let live = fs::metadata(&path)?.len();

    // In its own process, because this one still holds memory from filling the store.
    let child = Command::new(env::current_exe()?).arg("opened").arg(&path).output()?;
    let memory: u64 = String::from_utf8(child.stdout)?.trim().parse()?;

    let began = Instant::now();
    let store =
        FileStore::builder(&path).durability(Durability::Never).snapshot_threshold(u64::MAX).open()?;
    let opened = began.elapsed();

    let any = AnyStore::new(store.clone());
    let mut histories = stored(&any).await?;
    let mut quiet = latencies(&any, &mut histories, MEASURED, || false).await?;
    let snapshot = tokio::spawn(async move {
        let began = Instant::now();
        store.snapshot().await.map(|()| began.elapsed())
    });
    let mut busy = latencies(&any, &mut histories, usize::MAX, || snapshot.is_finished()).await?;
    let took = snapshot.await??;
    let files = files_len(dir.path())?;

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

/// The size of all files in a directory, in bytes.
pub(super) fn files_len(dir: &Path) -> io::Result<u64> {
    Ok(fs::read_dir(dir)?.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum())
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

/// Prints the memory that an open state file takes, in bytes.
pub(crate) fn print_opened(path: &Path) -> Result<(), BoxError> {
    let before = resident()?;
    let _store = FileStore::open(path)?;
    println!("{}", resident()?.saturating_sub(before));
    Ok(())
}

/// The memory of this process in bytes, if the system tells it.
fn resident() -> Result<u64, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("there is no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1_024)
}
