//! The latency of commits while snapshots are written and old runs are removed.

use std::fs;
use std::time::{Duration, Instant};

use godata_core::{AnyStore, BoxError, RunQuery, Store as _};
use godata_store_file::{Durability, FileStore};

use super::history::{fill, stored};
use super::scale::files_len;
use crate::quantile;

const RUNS: usize = 100_000;
/// The runs kept of each of the hundred pipelines.
const KEPT: usize = 1_000;
const SNAPSHOTS: usize = 3;
const WATCHED: Duration = Duration::from_secs(10);
/// How many commits pass between two checks of the file sizes.
const LOOK_EVERY: usize = 500;

/// Makes one commit after the other, through several snapshots that the store starts by itself.
pub(super) async fn measure() -> Result<(), BoxError> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("state.json");
    let builder = FileStore::builder(&path).durability(Durability::Never);
    fill(builder.clone(), RUNS).await?;
    let store = AnyStore::new(builder.keep_newest(KEPT).open()?);
    let mut histories = stored(&store).await?;

    let (mut taken, mut snapshots, mut times_live) = (Vec::new(), Vec::new(), 0.0_f64);
    while snapshots.len() <= SNAPSHOTS {
        let next = taken.len() % histories.len();
        let began = Instant::now();
        histories[next].commit(&store).await?;
        taken.push(began.elapsed());
        if taken.len().is_multiple_of(LOOK_EVERY) {
            // A file has no name for a moment while it is replaced.
            if let Ok(snapshot) = fs::metadata(&path) {
                times_live = times_live.max(files_len(dir.path())? as f64 / snapshot.len() as f64);
                snapshots.push(snapshot.modified()?);
                snapshots.dedup();
            }
        }
    }
    let left = store.list_runs(&RunQuery::new().limit(usize::MAX)).await?.len();
    println!("steady commits to {RUNS} stored runs, never synced, of which {KEPT} of each pipeline are kept");
    println!(
        "  through {SNAPSHOTS} snapshots that forget old runs, {} commits: median {:.1?}, p99 {:.1?}, longest {:.1?}",
        taken.len(),
        quantile(&mut taken, 0.5),
        quantile(&mut taken, 0.99),
        quantile(&mut taken, 1.0)
    );
    let over = taken.iter().filter(|pause| **pause > Duration::from_millis(5)).count();
    println!("  {over} of them took longer than 5 ms; {left} runs are stored now");
    println!("  all files: at most {times_live:.2} of the snapshot");
    println!(
        "  a loop that only looks at the clock, for {WATCHED:?}: stopped for {:.1?} at most",
        longest_stop()
    );
    Ok(())
}

/// The longest pause of a loop that only reads the clock: the machine causes it, and not a commit.
fn longest_stop() -> Duration {
    let began = Instant::now();
    let (mut last, mut longest) = (began, Duration::ZERO);
    while last - began < WATCHED {
        let now = Instant::now();
        longest = longest.max(now - last);
        last = now;
    }
    longest
}
