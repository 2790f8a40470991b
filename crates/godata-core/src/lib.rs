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
//! use godata_core::{BoxError, Job, JobErrorKind, RunContext, Transient};
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
//!     async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
//!         let limit: usize = cx.params().parse("limit")?;
//!         for row in self.rows.iter().take(limit) {
//!             cx.check()?;
//!             send(row).map_err(Transient::new)?;
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
//! # async fn main() -> Result<(), BoxError> {
//! let export = Export { rows: vec!["a", "b", "late"] };
//!
//! let cx = RunContext::new().with_param("limit", "2");
//! export.run(&cx).await?;
//! assert_eq!(cx.progress().records_written(), 2);
//!
//! let cx = RunContext::new().with_param("limit", "3");
//! let error = export.run(&cx).await.unwrap_err();
//! assert_eq!(JobErrorKind::of(&*error), JobErrorKind::Transient { retry_after: None });
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
//! A job returns any error as a [`BoxError`]. [`JobErrorKind::of`] says what the caller can do about it: retry it, unless it is
//! marked [`Permanent`]; retry it under every policy, if it is marked [`Transient`]; or accept that the job was asked to
//! stop, if it contains [`Canceled`]. The marks work anywhere in the chain of sources.
//!
//! Errors print their own message and leave the cause to [`source`](std::error::Error::source); [`error_chain`]
//! prints all of them on one line.
//!
//! # Guarantees
//!
//! * Instants are [`time::UtcDateTime`] in whole milliseconds, durations [`std::time::Duration`].
//! * [`SystemClock`] is the only place that asks the system for the time, apart from the timestamp inside a
//!   freshly generated id.
//! * Handles ([`AnyJob`], [`AnyStore`], [`RunContext`], [`Cancellation`], [`Progress`], [`ManualClock`]) are `Send + Sync`, cheap
//!   to clone, and their clones refer to the same thing.
//! * No function here blocks a thread, and none panics, except that [`SystemClock`] can only sleep on a tokio
//!   runtime with its timer enabled.

#[macro_use]
mod error;

mod cancel;
mod cause;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod excerpt;
mod id;
mod job;
mod job_error_kind;
mod missed;
mod name;
mod params;
mod permanent;
mod progress;
mod run;
mod schedule;
mod store;
pub mod tables;
mod transient;

pub use cancel::{CancelOnDrop, Canceled, Cancellation};
pub use cause::Cause;
pub use clock::{Clock, ManualClock, SystemClock};
pub use context::RunContext;
pub use error::{BoxError, ErrorChain, error_chain, panic_message};
pub use excerpt::{excerpt, excerpt_within};
pub use id::{JobId, OwnerId, ParseIdError, RunId};
pub use job::{AnyJob, Job, JobFn, job_fn};
pub use job_error_kind::JobErrorKind;
pub use missed::Missed;
pub use name::{NameError, PipelineName};
pub use params::{ParamError, Params};
pub use permanent::Permanent;
pub use progress::Progress;
pub use run::{
    ActiveRun, Completer, Failure, FailureKind, JobEnd, JobRunner, PersistError, RetryOn, RetryPolicy,
    RunFailed, RunHandle, RunRequest, RunResult, RunnerError, StopReason,
};
pub use schedule::Schedule;
pub use store::{
    AnyStore, Commit, Committed, Covers, MemoryStore, PipelineRecord, Renewal, Retention, RunChange,
    RunCounts, RunKey, RunQuery, RunRecord, RunStatus, Store, StoreError, Stored, check_commit,
};
#[doc(no_inline)]
pub use time;
pub use transient::Transient;
