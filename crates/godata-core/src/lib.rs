//! The trait interfaces and plain data that godata's crates share.
//!
//! A pipeline, the runner that executes it, the scheduler that says when, and the store that remembers it meet
//! in this crate and only here: what occurs in a signature that two of them share is defined here, and nothing
//! else is. It starts no threads and spawns no tasks.
//!
//! # When to depend on this crate
//!
//! Take `godata-core` to *implement* one of its traits in a crate of your own, or to write a library that accepts
//! any [`Job`] or [`Clock`]: it is small, and changes less often than what is built on it.
//!
//! To *write pipelines and run them*, take the facade `godata`. It re-exports all that is here, beside the
//! pipelines, schedules, runner and stores.
//!
//! # Example
//!
//! A job that counts what it does, stops when it is asked to, and says which of its failures may pass.
//!
//! ```
//! use godata_core::{Job, JobError, JobErrorKind, RunContext};
//!
//! struct Export {
//!     rows: Vec<&'static str>,
//! }
//!
//! impl Job for Export {
//!     fn name(&self) -> &str {
//!         "export"
//!     }
//!
//!     async fn run(&self, cx: &RunContext) -> Result<(), JobError> {
//!         let limit: usize = cx.params().parse("limit")?;
//!         for row in self.rows.iter().take(limit) {
//!             cx.check()?;
//!             send(row).map_err(JobError::transient)?;
//!             cx.progress().add_records_written(1);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn send(row: &str) -> Result<(), std::io::Error> {
//!     match row {
//!         "late" => Err(std::io::ErrorKind::TimedOut.into()),
//!         _ => Ok(()),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), JobError> {
//! let export = Export { rows: vec!["a", "b", "late"] };
//!
//! let cx = RunContext::new().with_param("limit", "2");
//! export.run(&cx).await?;
//! assert_eq!(cx.progress().records_written(), 2);
//!
//! let cx = RunContext::new().with_param("limit", "3");
//! let error = export.run(&cx).await.unwrap_err();
//! assert_eq!(error.kind(), JobErrorKind::Transient { retry_after: None });
//!
//! let cx = RunContext::new();
//! let error = export.run(&cx).await.unwrap_err();
//! assert_eq!(error.to_string(), r#"parameter "limit" is missing"#);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! A job fails with a [`JobError`]. `?` makes one from any error, and its [`kind`](JobError::kind) says what the
//! caller can do: nothing ([`Failed`](JobErrorKind::Failed)), try again ([`Transient`](JobErrorKind::Transient)),
//! or accept that it was asked to stop ([`Canceled`](JobErrorKind::Canceled)). Code that is far from the job and
//! returns errors of its own says so from there, with [`Transient`] and [`Cancellation::check`] somewhere in the
//! chain of sources.
//!
//! Errors print their own message and leave the cause to [`source`](std::error::Error::source); [`error_chain`]
//! prints all of them on one line.
//!
//! # Guarantees
//!
//! * Instants are [`time::UtcDateTime`] in whole milliseconds, durations [`std::time::Duration`].
//! * [`SystemClock`] is the only place that asks the system for the time, apart from the timestamp inside a
//!   freshly generated id.
//! * Handles ([`AnyJob`], [`AnySchedule`], [`RunContext`], [`Cancellation`], [`Progress`], [`ManualClock`]) are `Send + Sync`, cheap
//!   to clone, and their clones refer to the same thing.
//! * No function here blocks a thread, and none panics, except that [`SystemClock`] can only sleep on a tokio
//!   runtime with its timer enabled.

mod cancel;
mod cause;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod error;
mod id;
mod job;
mod job_error;
mod missed;
mod name;
mod params;
mod progress;
mod run;
mod schedule;
mod store;
mod transient;

pub use cancel::{CancelOnDrop, Canceled, Cancellation};
pub use cause::Cause;
pub use clock::{Clock, ManualClock, SystemClock};
pub use context::RunContext;
pub use error::{BoxError, ErrorChain, error_chain};
pub use id::{JobId, OwnerId, ParseIdError, RunId};
pub use job::{AnyJob, Job, JobFn, job_fn};
pub use job_error::{JobError, JobErrorKind};
pub use missed::Missed;
pub use name::{NameError, PipelineName};
pub use params::{ParamError, Params};
pub use progress::Progress;
pub use run::{
    ActiveRun, Completer, Failure, FailureKind, JobEnd, JobRunner, PersistError, RetryOn, RetryPolicy,
    RunHandle, RunRequest, RunResult, RunnerError, ShutdownReport, StopReason,
};
pub use schedule::{AnySchedule, Schedule};
pub use store::{
    AnyStore, Commit, Committed, Covers, MemoryStore, MemoryTables, PipelineRecord, PruneCursor, Renewal,
    Retention, RunChange, RunCounts, RunKey, RunPage, RunQuery, RunRecord, RunStatus, Store, StoreError,
    Stored, check,
};
pub use transient::Transient;
