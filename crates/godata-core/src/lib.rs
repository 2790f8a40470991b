//! The traits and plain data that godata's crates share: jobs, clocks, schedules, runs and stores.
//!
//! Pipelines, runners, schedulers and stores meet only in this crate. It defines the items that occur in signatures which
//! two or more of those crates share, and nothing else. It starts no threads and spawns no tasks.
//!
//! # When to take this crate
//!
//! Take `godata-core` to *implement* one of its traits in a crate of your own, such as a [`Store`], a [`Schedule`] or a
//! [`JobRunner`], or to write a library that accepts any [`Job`]. It is small and changes less often than the crates
//! that are built on it.
//!
//! Take the facade `godata`, or one of the crates that it consists of, to *write and run pipelines*. Each of them
//! re-exports the items of this crate that occur in its public API.
//!
//! # Example
//!
//! A job that takes a parameter, stops when it is asked to, counts its progress, and marks the failures that a retry may
//! fix. The program needs two dependencies:
//!
//! ```toml
//! [dependencies]
//! godata-core = "0.1"
//! tokio = { version = "1", features = ["macros", "rt"] }
//! ```
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
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), BoxError> {
//!     let export = Export { rows: vec!["a", "b", "late"] };
//!
//!     let cx = RunContext::new().with_param("limit", "2");
//!     export.run(&cx).await?;
//!     assert_eq!(cx.progress().records_written(), 2);
//!
//!     let cx = RunContext::new().with_param("limit", "3");
//!     let error = export.run(&cx).await.unwrap_err();
//!     assert_eq!(JobErrorKind::of(&*error), JobErrorKind::Transient { retry_after: None });
//!
//!     let cx = RunContext::new();
//!     let error = export.run(&cx).await.unwrap_err();
//!     assert_eq!(error.to_string(), "parameter `limit` is missing");
//!     Ok(())
//! }
//! ```
//!
//! The docs of [`Store`] have a complete store and its tests, those of [`Schedule`] a schedule, and those of
//! [`RunHandle::new`] the calls that a runner makes.
//!
//! # Errors
//!
//! A job returns any error as a [`BoxError`]. [`JobErrorKind::of`] says what the caller can do about it:
//!
//! * An error marked [`Transient`] is retried by every [`RetryPolicy`].
//! * An error marked [`Permanent`] is never retried.
//! * An error that contains [`Canceled`] means that the job was asked to stop and did. It is not retried. If the job was
//!   not asked to stop, [`Canceled`] is ignored, and the other marks count.
//! * Any other error is retried, unless the policy is [`only_transient`](RetryPolicy::only_transient).
//!
//! The marks work anywhere in the error's chain of sources.
//!
//! The errors of this crate print their own message in `Display` and leave the cause to
//! [`source`](std::error::Error::source). Their `Debug` prints the message and all causes on one line, so `main` can
//! return them: `fn main() -> Result<(), BoxError>` prints `Error: what failed: why`. [`error_chain()`] prints any error
//! in this form, and [`debug_as_chain!`] gives it to error types of your own.
//!
//! # Guarantees
//!
//! * Instants are [`time::UtcDateTime`] in whole milliseconds. Durations are [`std::time::Duration`].
//! * Only [`SystemClock`] asks the system for the time, except that each generated id contains a timestamp.
//! * Handles ([`AnyJob`], [`AnyStore`], [`RunContext`], [`RunHandle`], [`Cancellation`], [`Progress`], [`ManualClock`])
//!   are `Send + Sync` and cheap to clone. Clones of a handle refer to the same thing.
//! * No function here blocks a thread. None panics, except that the futures of [`SystemClock`] have to be polled on a
//!   tokio runtime with its timer enabled.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `conformance` | no | the module [`conformance`] and the macro [`store_conformance!`], which test a [`Store`] against its contract; for dev-dependencies |
//!
//! # Coming from the Go library
//!
//! | Go | here |
//! |---|---|
//! | `context.Context` | [`RunContext`]; its [`cancellation`](RunContext::cancellation) is passed to code below |
//! | `etl.Job` | [`Job`], a trait; [`job_fn`] makes one from a closure |
//! | `Job.ID`, `JobInfo.JobID` | [`RunContext::job_id`] |
//! | `scheduler.Schedule` with `Next(after)` | [`Schedule`] with [`next`](Schedule::next) |
//! | `runner.Handle` | [`RunHandle`] |
//! | `runner.Result`, `runner.Status` | [`RunResult`], [`RunStatus`] |
//! | `orchestrator.Store` | [`Store`] |
//! | `PipelineRecord`, `RunRecord` | [`PipelineRecord`], [`RunRecord`] |
//!
//! [`conformance`]: https://docs.rs/godata-core/latest/godata_core/conformance/index.html
//! [`store_conformance!`]: https://docs.rs/godata-core/latest/godata_core/macro.store_conformance.html

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
pub use error::{BoxError, ErrorChain, error_chain, error_levels, panic_message};
pub use excerpt::{excerpt, excerpt_list, excerpt_path, excerpt_within};
pub use id::{JobId, OwnerId, ParseIdError, RunId};
pub use job::{AnyJob, Job, JobFn, job_fn};
pub use job_error_kind::JobErrorKind;
pub use missed::Missed;
pub use name::{NameError, PipelineName};
pub use params::{ParamError, Params};
pub use permanent::Permanent;
pub use progress::{Progress, ReportError};
pub use run::{
    ActiveRun, Completer, Failure, FailureKind, JobEnd, JobRunner, PersistError, RetryOn, RetryPolicy,
    RunFailed, RunHandle, RunRequest, RunResult, RunnerError, StopReason,
};
pub use schedule::Schedule;
pub use store::{
    AnyStore, Change, Changes, Commit, Committed, Covers, MemoryStore, PipelineRecord, Refreshed, Renewal,
    Retention, RunChange, RunCounts, RunKey, RunKeyKind, RunQuery, RunRecord, RunStatus, Store, StoreError,
    Stored, Tally, check_commit,
};
#[doc(no_inline)]
pub use time;
pub use transient::Transient;

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
