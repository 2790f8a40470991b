//! Proves that a durable store loses nothing it acknowledged.
//!
//! * [`Disk`]: a file system in memory that knows what is synced, records what is done to it, and fails on request. It
//!   is a `Vfs` of the file store.
//! * [`crash`]: from such a recording, what a power cut at any moment may leave.
//! * [`Ledger`]: commits as an orchestrator makes them, and what a store must have of them afterwards.
//! * [`power`]: a store that is used on a disk, and opened after every power cut there may have been, and after every
//!   power cut while it recovers from one.
//! * [`kill`]: processes that are killed while they commit to a store in a real directory.
//! * [`damage`]: what else may happen to a file.
//! * [`file_store`]: the file store, as the tests open it. Other stores are opened by functions of the same form.
//!
//! A store keeps its promises if, whatever has happened, it opens, has all that it has acknowledged, has whole commits
//! alone (a run that failed and the row of its retry are one), and has nothing that nobody asked for.
//!
//! The tests of this crate look for broken promises for some seconds. For as long as one likes does:
//!
//! ```sh
//! cargo run --release -p godata-store-kit -- power-cuts 5000000
//! cargo run --release -p godata-store-kit -- kills 2000
//! ```
//!
//! Equal seeds ask for equal commits, and give equal crashes of equal recordings. When a store with threads of its own
//! changes the disk, is for the system to say, so recordings differ in that. A failure tells the whole story, and saves
//! what was on the disk: to open that is to repeat it.
//!
//! `tests/mistakes` proves the kit: a small store passes, and with any one of the mistakes that stores make it does not.

pub mod crash;
pub mod damage;
mod disk;
pub mod file_store;
#[cfg(unix)]
pub mod kill;
mod ledger;
pub mod power;
mod seed;
mod vfs;

pub use disk::{Call, Disk, Event, Fault, FileId, Image, Recording, Trouble};
pub use ledger::{Broken, Found, Ledger, Promises};
pub use seed::Seeded;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers asks the system for nothing")
}
