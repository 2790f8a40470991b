//! What the file store costs: `cargo run --release -p godata-bench -- store`.
//!
//! Synced commits against a bare loop that appends the same bytes with fdatasync and against SQLite, in turns; the time of
//! a commit, of opening and the memory at a thousand runs and at a million, without syncing; and how long commits wait at
//! most while snapshots are written and old runs forgotten.

mod history;
mod retention;
mod scale;
mod sqlite;
mod synced;

use godata_core::BoxError;

pub(crate) use self::scale::print_opened;

pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        tokio::spawn(synced::measure()).await??;
        for runs in [1_000, 100_000, 1_000_000] {
            tokio::spawn(scale::measure(runs)).await??;
        }
        tokio::spawn(retention::measure()).await?
    })
}
