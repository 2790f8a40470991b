//! Tests that a durable store never loses what it acknowledged.
//!
//! * [`Disk`]: a file system in memory that tracks what is synced, records all changes, and fails on request. It implements
//!   the `Vfs` of the file store.
//! * [`crash`]: everything that a power cut at any moment of a recording may leave.
//! * [`Ledger`]: commits as an orchestrator makes them, and what a store must have of them afterwards.
//! * [`power`]: uses a store on a disk, and opens it after every possible power cut, and after every power cut during the
//!   recovery from one.
//! * [`kill`]: kills processes while they commit to a store in a real directory.
//! * [`damage`]: other things that may happen to a file.
//! * [`file_store`]: opens the file store for the tests. Other stores are opened by functions of the same signature.
//!
//! A store keeps its promises if, after any of this, it opens, has everything it acknowledged, has only whole commits (a
//! failed run and the row of its retry are one commit), and has nothing that nobody asked for.
//!
//! The tests of this crate search for broken promises for some seconds. To search for longer:
//!
//! ```sh
//! cargo run --release -p godata-store-kit -- power-cuts 5000000
//! cargo run --release -p godata-store-kit -- kills 2000
//! ```
//!
//! Equal seeds make equal commits, and equal crashes of equal recordings. The system schedules the threads of a store, so the
//! recordings of such a store differ in when the disk changes. A failure prints what happened and saves the content of the
//! disk; opening that reproduces the failure.
//!
//! `tests/mistakes` tests the kit itself: a small store passes, and with any one of the usual mistakes it fails.

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
        .expect("a runtime without drivers needs nothing from the system")
}
