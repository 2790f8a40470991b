//! Keeps pipelines and their runs in a local JSON file, and never loses what it acknowledged.
//!
//! [`FileStore`] is a [`Store`] for one process at a time: a snapshot that people can read, and a journal beside it with
//! one line per commit. Its docs are the manual: the files and their format, what is durable when, how to back them up, and
//! what to do about damage.
//!
//! # When to take this crate
//!
//! Take it for the pipelines of one process on one machine, when their history and next due times must survive a restart:
//! a scheduler on a server, or a program that cron starts. For tests take the `MemoryStore` of `godata-core`. All rows
//! are kept in memory, about 700 bytes per run. For more than a few million runs, or for several processes, take a store over
//! a database.
//!
//! A store alone runs nothing. A service also needs `godata-orchestrator` and `godata-runner`, or the facade `godata`:
//! hand the opened store to `Orchestrator::builder`. This crate alone is enough to read a history, to verify and repair
//! files, and to write an orchestrator of your own.
//!
//! # Example
//!
//! ```toml
//! [dependencies]
//! godata-store-file = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! The commit below is what an orchestrator writes when somebody starts a pipeline by hand.
//!
//! ```
//! use godata_store_file::time::UtcDateTime;
//! use godata_store_file::{
//!     BoxError, Cause, Commit, FileStore, OwnerId, PipelineName, PipelineRecord, RunKey, RunQuery, RunRecord,
//!     RunStatus, Store,
//! };
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let path = "state.json";
//! #   let folder = tempfile::tempdir()?;
//! #   let path = folder.path().join(path);
//!     let store = FileStore::open(&path)?;
//!
//!     let (owner, now) = (OwnerId::generate(), UtcDateTime::now());
//!     let pipeline = PipelineRecord::new(PipelineName::new("orders")?, now);
//!     let key = RunKey::manual("first")?;
//!     let mut run = RunRecord::new(&pipeline.name, key, Cause::Manual, RunStatus::Queued, now);
//!     run.owner = Some(owner);
//!     store.commit(&Commit::new(owner, pipeline).insert(run)).await?;
//!     store.close().await?;
//!
//!     let history = FileStore::open_read_only(&path)?;
//!     let runs = history.list_runs(&RunQuery::new()).await?;
//!     assert_eq!(runs.len(), 1);
//!     assert_eq!(runs[0].status, RunStatus::Queued);
//!     Ok(())
//! }
//! ```
//!
//! # Errors
//!
//! All errors are [`StoreError`]s, whose variants say what the caller can do. Their sources name the file.
//!
//! | | when |
//! |---|---|
//! | `Locked` | another process has the store open, or another handle in this process |
//! | `Corrupt` | a file is not as it was written; `place` has the file, the line and the byte |
//! | `Full` | the disk is full; the change was not made, and a retry succeeds once there is space |
//! | `Unavailable` | a file could not be read or written; also each change after a sync has failed or the store was closed |
//! | `Invalid` | the path is not a regular file or not a file of a store, the file belongs to another user or has a newer format, or the store is open for reading only |
//!
//! # Guarantees
//!
//! 1. An acknowledged commit survives the death of the process and, by default, of the machine: it is on the disk before it
//!    is acknowledged. It stays until it is pruned.
//! 2. A commit is stored as a whole or not at all, no matter what happens while it is written.
//! 3. Reads see only commits that are as durable as acknowledged ones.
//! 4. A file that is not as it was written is never mistaken for a shorter history, with two exceptions at the end of the
//!    journal. If the journal is cut exactly at the end of a line, nothing shows that there was more. And if a process
//!    was killed, damage to what it wrote after its second-to-last sync looks like the traces of a crash: that part is
//!    set aside, and [`torn`](FileStore::torn) describes it.
//! 5. After a sync of the journal or the directory has failed, this handle acknowledges nothing more. A snapshot that could
//!    not be synced never replaces the previous one.
//!
//! # Logs
//!
//! Logs go through [`tracing`](https://docs.rs/tracing), outside of any span:
//!
//! | level | message | fields |
//! |---|---|---|
//! | WARN | `the journal ended in lines that were never synced and are incomplete; they were moved aside` | `journal`, `offset` (where the lines begin), `bytes` (how many), `kept_as`: what [`torn`](FileStore::torn) describes |
//! | WARN | `writing a snapshot failed; the journal grows until the next attempt` | `cause` |
//! | ERROR | `the store accepts no more changes` | `cause` |
//!
//! # Features
//!
//! * `test-util`: makes the module `vfs` public, so that tests can replace the file system that a store uses. Its API
//!   may change in any release. Don't enable it in a program.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod builder;
mod compaction;
mod contract;
mod error;
mod files;
mod format;
mod handle;
mod install;
mod journal;
mod lines;
mod load;
mod lock;
mod open;
mod options;
mod prune;
mod repair;
mod request;
mod snapshot;
mod state;
mod store;
mod verify;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod vfs;
#[cfg(not(feature = "test-util"))]
#[expect(unreachable_pub, reason = "public with the feature `test-util`")]
mod vfs;
mod writer;

pub use builder::FileStoreBuilder;
pub use lines::Damage;
pub use open::Torn;
pub use options::Durability;
pub use repair::{Loss, Repaired};
pub use store::FileStore;
pub use verify::Verification;

#[doc(no_inline)]
pub use godata_core::{
    AnyStore, BoxError, Cause, Commit, Committed, Covers, Failure, FailureKind, JobId, NameError, OwnerId,
    Params, ParseIdError, PipelineName, PipelineRecord, Renewal, Retention, RunChange, RunCounts, RunId,
    RunKey, RunQuery, RunRecord, RunStatus, Store, StoreError, Tally, time,
};

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
