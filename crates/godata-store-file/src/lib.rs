//! Keeps pipelines and their runs in a local JSON file, and loses nothing it acknowledged.
//!
//! [`FileStore`] is a [`Store`](godata_core::Store) for one process at a time: a snapshot that a person can read, and a
//! journal beside it with one line per commit. Its docs are the manual: which files there are, what is in them, what is
//! durable when, how to copy them, and what to do when something is wrong.
//!
//! # When to take this crate
//!
//! Take it for the pipelines of one process on one machine, when their history and their next times have to outlive it:
//! that is what a scheduler on a server needs, and what a program needs that cron starts. For tests take
//! [`MemoryStore`](godata_core::MemoryStore). All rows are in memory, some 700 bytes per run, so with more than some
//! millions of runs, or with several processes, take a store over a database.
//!
//! # Example
//!
//! ```
//! use godata_core::{
//!     AnyStore, BoxError, Cause, Clock, Commit, OwnerId, PipelineName, PipelineRecord, RunKey, RunQuery, RunRecord,
//!     RunStatus, Store, SystemClock,
//! };
//! use godata_store_file::FileStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("state.json");
//! let file = FileStore::open(&path)?;
//! let store = AnyStore::new(file.clone());
//!
//! let (owner, now) = (OwnerId::generate(), SystemClock.now());
//! let pipeline = PipelineRecord::new(PipelineName::new("orders")?, now);
//! let key = RunKey::manual("first")?;
//! let mut run = RunRecord::new(&pipeline.name, key, Cause::Manual, RunStatus::Queued, now);
//! run.owner = Some(owner);
//! store.commit(&Commit::new(owner, pipeline).insert(run)).await?;
//! file.close().await?;
//!
//! let store = AnyStore::new(FileStore::open(&path)?);
//! assert_eq!(store.list_runs(&RunQuery::new()).await?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! All are [`StoreError`](godata_core::StoreError)s, which say what the caller can do; their sources name the file.
//!
//! | | when |
//! |---|---|
//! | `Locked` | another process has the store open, or another handle in this one |
//! | `Corrupt` | a file is not as it was written; `place` has the file, the line and the byte |
//! | `Full` | the disk is full; what was asked for did not happen, and works again when there is space |
//! | `Unavailable` | a file could not be read or written; also every change after a sync has failed or the store was closed |
//! | `Invalid` | the path is no file, the file belongs to another user or has a newer format, the store is read-only |
//!
//! # Guarantees
//!
//! 1. A commit that was acknowledged is there after the process has died, and by default also after the machine has: it is
//!    on the disk before anybody is told. It stays until it is pruned.
//! 2. A commit is there as a whole or not at all, whatever happens while it is written.
//! 3. What is read is durable as well, to the same extent: nobody sees a commit before it could be acknowledged.
//! 4. A file that is not as it was written is never taken for a shorter history, but for the end of the journal. If that
//!    is cut exactly at the end of a line, nothing tells that there was more. And if a process was killed, damage to what
//!    it wrote after the last sync but one can't be told from what a crash leaves: it is set aside, and
//!    [`torn`](FileStore::torn) says so.
//! 5. After a sync of the journal or of the directory has failed, nothing is acknowledged by this handle any more. A
//!    snapshot that could not be synced never takes the place of the one before.

mod batch;
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
#[doc(hidden)]
pub mod vfs;
mod writer;

pub use lines::Damage;
pub use open::Torn;
pub use options::{Durability, Options};
pub use repair::{Loss, Repaired};
pub use store::FileStore;
pub use verify::Verification;
