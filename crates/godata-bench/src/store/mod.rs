//! The cost of the file store: `cargo run --profile measured -p godata-bench -- store`.
//!
//! Synced commits against a bare loop that appends the same bytes with fdatasync and against SQLite, in turns; the time of
//! a commit, the time to open and the memory at a thousand and a million runs, without syncing; and the longest wait of a
//! commit while snapshots are written and old runs are removed.

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
