//! Runs jobs concurrently: tracks them, stops them, limits how many run at a time and for how long.
//!
//! A [`Runner`] executes one attempt of a job per [`start`](Runner::start), on the tokio runtime it is called on, which
//! has its timer enabled. It never tries again by itself and stores nothing: that is the orchestrator's.
//!
//! # When to take this crate
//!
//! Take it, or the feature `runner` of `godata`, to run several jobs in one process without schedules and history.
//! To run one pipeline, call its `run`. To run on schedules, take the orchestrator, which is built on this.
//! A library that only *accepts* a runner takes [`JobRunner`](godata_core::JobRunner) from `godata-core`.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use godata_core::{BoxError, RunRequest, RunStatus, job_fn};
//! use godata_runner::Runner;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let runner = Runner::builder().limit(8).pool("database", 2).build()?;
//!
//! let import = job_fn("import", |cx| async move { Ok(cx.check()?) });
//! let run = runner.start_with(import, RunRequest::new().with_pool("database").with_timeout(Duration::from_secs(60)))?;
//! let result = run.finished().await;
//! assert_eq!(result.status, RunStatus::Succeeded);
//!
//! let report = runner.shutdown(Duration::from_secs(30)).await;
//! assert!(report.runs.is_empty(), "nothing was left to wait for");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! A job that fails is no error of the runner: it is in the run's [`RunResult`](godata_core::RunResult).
//! [`RunnerError`](godata_core::RunnerError) is for runs that were not started; [`RunnerBuildError`] for a runner that
//! could never run what it is built for.
//!
//! # Guarantees
//!
//! 1. Each run that was accepted has one terminal result, whatever races: a job that panics has failed, and one
//!    whose task is dropped with its runtime is interrupted. Nothing but a job's `Ok` makes a success.
//! 2. A run is canceled only if it was asked to stop. A timeout is a failure, the runner's own and one inside the job.
//! 3. The slots of a pool, and those of the limit to runs without a pool, are given in the order in which runs were
//!    started, and are held until the job has really ended.
//! 4. A job that is asked to stop has [`stop_grace`](RunnerBuilder::stop_grace) to do so, and is dropped after it. One
//!    that blocks its thread can't be dropped: it is [reported as stuck](RunEvent::Stuck), once, and holds its slot.
//! 5. Memory is bounded by the runs that are active and the results that are
//!    [kept](RunnerBuilder::keep_results).
//! 6. Dropping a [`Runner`] or a handle stops nothing. Runs end with their jobs, on
//!    [`shutdown`](Runner::shutdown), or with their runtime.
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
//! The runner logs two events per run, both in its span. A run that is stopped while it waits for a slot has only the
//! second one.
//!
//! | level | message | fields |
//! |---|---|---|
//! | INFO | `run started` | |
//! | INFO | `run succeeded` | `took_ms`, `read`, `written` |
//! | ERROR | `run failed` | the same, `error` with the whole chain of causes, and `timeout_ms` if the timeout ended it |
//! | WARN | `run canceled` | `took_ms`, `read`, `written` |
//! | WARN | `run interrupted` | `took_ms`, `read`, `written` |
//!
//! `took_ms` is the time from start to end in whole milliseconds, empty if the job never started. `read` and `written` count
//! records. Without a subscriber, none of this is built.
//!
//! # Coming from the Go library
//!
//! | Go | here |
//! |---|---|
//! | `runner.New()` | [`Runner::new`] |
//! | `(*Runner).Start(ctx, job)` | [`Runner::start`], with a context [`Runner::start_with`] |
//! | `(*Runner).Stop(id)` | [`Runner::stop`], [`RunHandle::stop`](godata_core::RunHandle::stop) |
//! | `(*Runner).Active()` | [`Runner::active`] |
//! | `(*Runner).Result(id)` | [`Runner::result`] |
//! | `Handle.ID`, `JobID`, `JobName`, `StartedAt` | the methods of [`RunHandle`](godata_core::RunHandle) |
//! | `Handle.Done()` | [`finished`](godata_core::RunHandle::finished); [`done`](godata_core::RunHandle::done) also waits for the stored row |
//! | `Handle.Result()` | [`RunHandle::result`](godata_core::RunHandle::result) |
//! | `Status` | [`RunStatus`](godata_core::RunStatus) |
//! | `Result` with `Err` | [`RunResult`](godata_core::RunResult) with `error` |
//! | `ErrRunNotFound` | [`RunnerError::UnknownRun`](godata_core::RunnerError::UnknownRun) |
//! | `ErrRunnerNil`, `ErrJobNil` | can't be written |

mod builder;
mod by_id;
mod entry;
mod events;
mod logs;
mod registry;
mod runner;
mod shutdown_report;
mod slots;
mod task;

pub use builder::{RunnerBuildError, RunnerBuilder};
pub use events::{RunEvent, RunEvents};
#[doc(no_inline)]
pub use godata_core::Missed;
pub use runner::Runner;
pub use shutdown_report::ShutdownReport;
