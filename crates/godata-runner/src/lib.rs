//! Runs jobs concurrently: tracks them, stops them, and limits how many run at a time and for how long.
//!
//! A [`Runner`] makes one attempt at a job per [`start`](Runner::start), on the tokio runtime that calls it. It needs the
//! runtime's timer. It never retries and stores nothing.
//!
//! # When to take this crate
//!
//! Take it to run several jobs in one process, without schedules and without history. To run one pipeline, call its `run`. To
//! run jobs on schedules, retry them and keep their history, take `godata-orchestrator`, which starts jobs through this crate.
//! A library that only accepts a runner takes [`JobRunner`] from `godata-core`.
//!
//! # Example
//!
//! ```toml
//! [dependencies]
//! godata-runner = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use godata_runner::{BoxError, RunContext, RunRequest, Runner, job_fn};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let runner = Runner::builder().limit(8).pool("database", 2).build()?;
//!
//!     let import = job_fn("import", |cx: RunContext| async move {
//!         cx.progress().add_records_read(3);
//!         Ok(())
//!     });
//!     let request = RunRequest::new().with_pool("database").with_timeout(Duration::from_secs(60));
//!     let run = runner.start_with(import, request)?;
//!     let result = run.finished().await.success()?;
//!     assert_eq!(result.counts.records_read, 3);
//!
//!     let report = runner.shutdown(Duration::from_secs(30)).await;
//!     assert!(report.runs.is_empty(), "no run was left");
//!     Ok(())
//! }
//! ```
//!
//! # Errors
//!
//! A job that fails is not an error of the runner: the failure is in the run's [`RunResult`], and
//! [`success`](RunResult::success) turns it into an error. [`RunnerError`] is for runs that were not started,
//! [`RunnerBuildError`] for a runner that could never run a job.
//!
//! # Guarantees
//!
//! 1. Each accepted run gets exactly one terminal result, even if its end races with a stop or a timeout. A run whose
//!    job panics has failed, and one whose task is dropped with its runtime is interrupted. A run succeeds only if its
//!    job returns `Ok`.
//! 2. A run is canceled only if it was asked to stop. A timeout is a failure, whether it is the runner's or one inside the
//!    job, even if the job blocked its thread meanwhile and then returned `Ok`.
//! 3. Slots are given in the order in which runs were started, and are held until the job has returned or was dropped.
//!    This holds for each pool and for the overall limit.
//! 4. A job that is asked to stop has the [`stop_grace`](RunnerBuilder::stop_grace) to return, and is then dropped. A job
//!    that blocks its thread can't be dropped: it is [reported as stuck](RunEvent::Stuck) once, logged as that, and keeps its
//!    slot.
//! 5. Memory is bounded by the active runs and the [kept results](RunnerBuilder::keep_results).
//! 6. Dropping a [`Runner`] or a handle stops nothing. Runs end with their jobs, on a [`shutdown`](Runner::shutdown), or
//!    with their runtime.
//!
//! # Logs
//!
//! Logs go through [`tracing`](https://docs.rs/tracing). The names below are part of this crate's API.
//!
//! Each run has one span, `run`, at level INFO. It is a root: it has no parent, and follows from the span in which the run
//! was started. The job is polled in it and dropped in it, whatever kind of job it is, so every line that a job logs on
//! its own task names its run. The span opens when the run is accepted. Its fields:
//!
//! | field | value |
//! |---|---|
//! | `pipeline` | the job's name |
//! | `run`, `job` | the ids of the run and of the job |
//! | `attempt` | 1 for the first attempt |
//! | `cause` | what started the run, such as `manual` or `schedule` |
//! | `due` | the due time that the run is for, in RFC 3339; empty if there is none |
//!
//! The runner logs the start and the end of each run in its span. A run that is stopped while it waits for a slot has only
//! an end. A run that does not end when it should has more:
//!
//! | level | message | fields |
//! |---|---|---|
//! | INFO | `run started` | |
//! | WARN | `timeout passed` | `timeout_ms`, `grace_ms` (how long the job now has to stop) |
//! | WARN | `run stuck` | `running_ms`; the job was asked to stop, and blocks its thread, so it can't be dropped either |
//! | ERROR | `a job panicked when it was dropped` | `error`; how the run ended is on its own line |
//! | INFO | `run succeeded` | `took_ms`, `read`, `written`, `rejected` |
//! | ERROR | `run failed` | the same, `error` with the whole chain of causes, and `timeout_ms` if the timeout ended it |
//! | WARN | `run canceled` | `took_ms`, `read`, `written`, `rejected` |
//! | WARN | `run interrupted` | `took_ms`, `read`, `written`, `rejected` |
//!
//! `took_ms` is the time from start to end in whole milliseconds, empty if the job never started. `read`,
//! `written` and `rejected` count records; `rejected` is absent if it is 0. Without a subscriber, none of this is built.
//!
//! # Coming from the Go library
//!
//! | Go | here |
//! |---|---|
//! | `runner.New()` | [`Runner::new`] |
//! | `(*Runner).Start(ctx, job)` | [`Runner::start`], with a context [`Runner::start_with`] |
//! | `(*Runner).Stop(id)` | [`Runner::stop`], [`RunHandle::stop`] |
//! | `(*Runner).Active()` | [`Runner::active`] |
//! | `(*Runner).Result(id)` | [`Runner::result`] |
//! | `Handle.ID`, `JobID`, `JobName`, `StartedAt` | the methods of [`RunHandle`] |
//! | `Handle.Done()` | [`RunHandle::finished`]; [`RunHandle::done`] also waits for the stored row |
//! | `Handle.Result()` | [`RunHandle::result`] |
//! | `Status` | [`RunStatus`] |
//! | `Result` with `Err` | [`RunResult`] with `error` |
//! | `ErrRunNotFound` | [`RunnerError::UnknownRun`] |
//! | `ErrRunnerNil`, `ErrJobNil` | none: there is no nil |

mod builder;
mod by_id;
mod entry;
mod events;
mod logs;
mod registry;
mod runner;
mod shared;
mod shutdown_report;
mod slots;
mod task;

pub use builder::{RunnerBuildError, RunnerBuilder};
pub use events::{RunEvent, RunEvents};
pub use runner::Runner;
pub use shutdown_report::ShutdownReport;

#[doc(no_inline)]
pub use godata_core::{
    AnyJob, BoxError, Canceled, Cancellation, Cause, Clock, ErrorChain, Failure, FailureKind, Job,
    JobErrorKind, JobFn, JobId, JobRunner, ManualClock, Missed, ParamError, Params, Permanent, PersistError,
    Progress, ReportError, RunContext, RunCounts, RunFailed, RunHandle, RunId, RunRequest, RunResult,
    RunStatus, RunnerError, StopReason, SystemClock, Transient, error_chain, job_fn, time,
};

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
