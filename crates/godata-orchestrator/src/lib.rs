//! Runs jobs on schedules, and keeps their history.
//!
//! An [`Orchestrator`] knows jobs by name, runs each when it is due, and records every run in a store before its job
//! starts. It decides what becomes of due times that were missed or that come while a run goes on, tries again what
//! failed, takes up what a crash has left, fills in the past, and ends cleanly.
//!
//! # When to take this crate
//!
//! Take it, or the feature `orchestrator` of `godata`, to run jobs on schedules with their history kept. To run jobs
//! without schedules and history, the runner is enough; to run one pipeline, its `run`. Several instances work on one
//! store that is [shared](godata_core::Store::shared); a store that is not is for one process.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use godata_core::{BoxError, MemoryStore, RetryPolicy, RunQuery, job_fn};
//! use godata_orchestrator::{Orchestrator, Overlap, Recovery, Registration};
//! use godata_runner::Runner;
//! use godata_scheduler::every;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let orchestrator = Orchestrator::builder(MemoryStore::new(), Runner::new())
//!     .concurrency(8)
//!     .recovery(Recovery::Rerun)
//!     .build()?;
//!
//! let import = job_fn("import", |cx| async move {
//!     let day = cx.scheduled_at();
//!     println!("import what is due at {day:?}");
//!     Ok(cx.check()?)
//! });
//! orchestrator
//!     .register_with(
//!         Registration::new(import)
//!             .schedule(every(Duration::from_secs(300))?)
//!             .overlap(Overlap::BufferOne)
//!             .retry(RetryPolicy::attempts(3)),
//!     )
//!     .await?;
//! orchestrator.start_scheduler().await?;
//!
//! let run = orchestrator.run_pipeline("import").await?;
//! run.done().await?;
//! println!("{}", orchestrator.history(&RunQuery::new()).await?);
//!
//! let report = orchestrator.shutdown(Duration::from_secs(30)).await;
//! assert!(report.unsaved.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Rules
//!
//! * **Due times.** Each due time of a schedule is answered by one row: a run, or a skipped row that says why and how
//!   many it answers. [`Misfire`] says what becomes of those that were missed, after downtime, a pause or a jump of the
//!   clock alike; [`Overlap`] of those that come while a run is queued or goes on. None is run from before the
//!   registration or the last edit of the schedule. Skipped due times that follow each other share a row, which is
//!   written once a second at most.
//! * **Attempts.** A failure is tried again by the [`RetryPolicy`](godata_core::RetryPolicy), as a run of its own with
//!   the same job id. The failure and the queued retry are one commit, so a retry survives restarts; it holds no slot
//!   while it waits.
//! * **Recovery.** Runs of a process that died are interrupted when the next one starts, and what it had queued is
//!   adopted. [`Recovery::Rerun`] queues what was interrupted again, at most three times. A shutdown uses up no attempt.
//! * **Edits.** A schedule with another [spec](godata_core::Schedule::spec) goes on from its registration. An instance
//!   that finds another spec in the store than its own, as in a rolling deploy, stops firing that pipeline and
//!   [says so](Event::SpecDiffers).
//! * **Pauses** keep what is queued, and the place in the schedule. A stopped scheduler decides nothing new; retries that
//!   wait start all the same.
//! * **Following.** [`Registration::after`] goes by how things stand: a pipeline runs when another has succeeded since
//!   it last ran for that, be it once or several times.
//! * **Backfills** are queued runs that each get a [scheduled time](godata_core::RunContext::scheduled_at) of the past,
//!   one at a time, after all else that waits.
//!
//! # Errors
//!
//! [`RegisterError`] is for what can't be registered, with the reason; [`OrchestratorError`] for what was not done. That a
//! job fails is no error here: it is in the run's result and in its row. What fails while nobody asks is an [`Event`] and
//! a log line with the pipeline and the run, and is tried again.
//!
//! # Guarantees
//!
//! 1. A run's row is durable before its job starts; if the store refuses it, the job does not start.
//! 2. Each due time starts at most one run, over all instances on one store.
//! 3. A job runs at most once, unless retries or recovery are asked for; then at least once.
//! 4. [`finished`](godata_core::RunHandle::finished) completes with the job, [`done`](godata_core::RunHandle::done) with
//!    its final row, or after 60 s with an error; writing it is tried on.
//! 5. A store that is slow or hangs for one pipeline, a job that blocks its thread, or a schedule that panics does not
//!    keep other pipelines from their times.
//! 6. There is one task for all pipelines, and no read of the store per run.
//!
//! # Logs
//!
//! Logs go through [`tracing`](https://docs.rs/tracing). The names below are part of this crate's API. What happens inside
//! a run is logged by the runner: `godata-runner` polls each job in a root span `run` with the fields `pipeline`, `run`,
//! `job`, `attempt`, `cause` and `due`, and logs the start and the end of the run there. The orchestrator logs the rest, each
//! thing once. Its events are in no span; they have the fields `pipeline` and `run` themselves.
//!
//! | level | message | fields |
//! |---|---|---|
//! | DEBUG | `run queued` | `pipeline`, `run`, `cause`, `due`; not for a run that starts at once |
//! | WARN | `run will be retried` | `pipeline`, `run`, `retry_of`, `attempt`, `attempts`, `in_ms` |
//! | INFO | `cancel requested` | `pipeline`, `run` |
//! | WARN | `run canceled`, `run interrupted` | `pipeline`, `run`, `reason`; only for a run that had no job here |
//! | INFO | `run skipped` | `pipeline`, `run`, `reason`; a queued run that gave way to a newer one |
//! | INFO | `due times skipped` | `pipeline`, `run` (the skipped row), `skipped` (how many more), `due` (the last), `reason` |
//! | WARN | `due times missed` | `pipeline`, `missed`, `exact` (`false`: at least that many), `runs` (how many are to run), `first`, `due` (the last), `policy` |
//! | WARN | `queued run taken over` | `pipeline`, `run`, `owner` (the dead instance) |
//! | WARN | `interrupted run queued again` | `pipeline`, `run`, `retry_of`, `attempt`, `interruptions` |
//! | WARN | `run overdue` | `pipeline`, `run`, `running_ms` |
//! | ERROR | `job not started` | `pipeline`, `run`, `error` |
//! | WARN | `result refused: another instance has interrupted the run` | `pipeline`, `run` |
//! | INFO | `pipeline registered` | `pipeline`, `schedule` |
//! | INFO | `schedule edited` | `pipeline`, `from`, `to` |
//! | INFO | `pipeline unregistered`, `pipeline paused`, `pipeline resumed` | `pipeline` |
//! | WARN | `pipeline unregistered by another instance` | `pipeline` |
//! | WARN | `another schedule is stored` | `pipeline`, `stored`, `registered`; this instance no longer fires the pipeline |
//! | INFO | `schedule ended` | `pipeline`; it has no further due time |
//! | ERROR | `schedule stopped` | `pipeline`, `error`; it panicked or went backward |
//! | WARN | `schedule continues from now` | `pipeline`, `cursor`; the last decided due time was far ahead of the clock |
//! | WARN | `clock set back` | `by_ms`; more than an hour |
//! | INFO | `scheduler started`, `scheduler stopped` | |
//! | ERROR | `store failed` | `pipeline`, `runs`, `error`, or `call`, `error`; when trouble begins, not for each attempt |
//! | INFO | `store recovered` | `pipeline`, `failures`, or `call` |
//! | ERROR | `lease lost` | `owner`, `runs` |
//! | DEBUG | `history pruned` | `runs` (how many) |
//! | INFO | `shutdown began` | `grace_ms` (empty if the last handle was dropped), `running` |
//! | INFO | `shutdown ended` | `report` |
//!
//! A `run` is an id, `due` and other instants are RFC 3339, `error` is the whole chain of causes, and `call` is the method of
//! the [`Store`](godata_core::Store) that failed, or `open` when everything is read at the start. If the answer of the
//! store to a commit is lost, the lines that would have followed it are missing; `store failed` says so.
//!
//! # Coming from the Go library
//!
//! | Go | here |
//! |---|---|
//! | `orchestrator.New(store, runner)` | [`Orchestrator::new`], or [`Orchestrator::builder`] |
//! | `Register(ctx, pipeline, schedule)` | [`Orchestrator::register`], with rules [`register_with`](Orchestrator::register_with) |
//! | `RunPipeline(ctx, name)` | [`Orchestrator::run_pipeline`] |
//! | `StartScheduler(ctx)`, `StopScheduler()` | [`start_scheduler`](Orchestrator::start_scheduler), [`stop_scheduler`](Orchestrator::stop_scheduler) |
//! | `ErrAlreadyRegistered` | [`RegisterError::AlreadyRegistered`] |
//! | `ErrUnknownPipeline` | [`OrchestratorError::UnknownPipeline`] |
//! | `ErrSchedulerRunning` | [`OrchestratorError::SchedulerRunning`] |
//! | `Store` | [`Store`](godata_core::Store) |
//! | `FileStore` | `godata_store_file::FileStore`, in a crate of its own |
//! | `PipelineRecord`, `RunRecord`, `RunStatus` | [`PipelineRecord`](godata_core::PipelineRecord), [`RunRecord`](godata_core::RunRecord), [`RunStatus`](godata_core::RunStatus) |
//! | `Store.ListPipelines`, `ListRuns` | [`Orchestrator::pipelines`], [`Orchestrator::history`] |
//!
//! What was due while a process was down is not lost, runs do not overlap unless they may, and no error of the store is
//! swallowed: these are the differences that a user notices.

mod backfill;
mod builder;
mod command;
mod decide;
mod engine;
mod error;
mod events;
mod history;
mod ids;
mod logs;
mod orchestrator;
mod persist;
mod policy;
mod recovery;
mod registration;
mod shutdown;
#[cfg(feature = "signal")]
mod signal;
mod slots;
mod timers;

pub use backfill::Backfill;
pub use builder::OrchestratorBuilder;
pub use command::RunOptions;
pub use error::{OrchestratorBuildError, OrchestratorError, RegisterError};
pub use events::{Event, Events, ScheduleFault};
#[doc(no_inline)]
pub use godata_core::Missed;
pub use history::History;
pub use orchestrator::Orchestrator;
pub use policy::{Misfire, Overlap, Recovery};
pub use registration::Registration;
pub use shutdown::DrainReport;
