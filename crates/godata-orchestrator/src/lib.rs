//! Runs jobs on schedules, and keeps their history.
//!
//! An [`Orchestrator`] knows jobs by name, runs each when it is due, and records every run in a store before its job starts.
//! It decides what happens to due times that were missed or that come while a run is in progress. It retries failed runs,
//! recovers runs after a crash, backfills the past, and shuts down cleanly.
//!
//! # When to take this crate
//!
//! Take it to run jobs on schedules with their history. To run jobs without schedules and history, `godata-runner` is
//! enough; to run one pipeline, call its `run`. Several instances can work on one store if the store is
//! [shared](Store::shared). Any other store is for one process.
//!
//! # Example
//!
//! ```toml
//! [dependencies]
//! godata-orchestrator = "0.1"
//! godata-runner = "0.1"
//! godata-scheduler = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use godata_orchestrator::{
//!     BoxError, MemoryStore, Orchestrator, Overlap, Recovery, Registration, RetryPolicy, RunContext, RunQuery, job_fn,
//! };
//! use godata_runner::Runner;
//! use godata_scheduler::every;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let orchestrator = Orchestrator::builder(MemoryStore::new(), Runner::new())
//!         .concurrency(8)
//!         .recovery(Recovery::Rerun)
//!         .build()?;
//!
//!     let import = job_fn("import", |cx: RunContext| async move {
//!         println!("import, attempt {}", cx.attempt());
//!         Ok(())
//!     });
//!     orchestrator
//!         .register_with(
//!             Registration::new(import)
//!                 .schedule(every(Duration::from_secs(300))?)
//!                 .overlap(Overlap::BufferOne)
//!                 .retry(RetryPolicy::attempts(3)),
//!         )
//!         .await?;
//!     orchestrator.start_scheduler().await?;
//!
//!     let run = orchestrator.run_pipeline("import").await?;
//!     orchestrator.last_attempt(&run).await?.success()?;
//!     println!("{}", orchestrator.history(&RunQuery::new()).await?);
//!
//!     // A service waits here until it is told to end.
//!     let report = orchestrator.shutdown(Duration::from_secs(30)).await;
//!     assert!(report.unsaved.is_empty());
//!     Ok(())
//! }
//! ```
//!
//! # Rules
//!
//! * **Due times.** Each due time of a schedule is covered by exactly one row: a run, or a skipped row that says why and
//!   how many due times it covers. [`Misfire`] decides about due times that were missed, whether by downtime, a pause or a
//!   jump of the clock. [`Overlap`] decides about those that come while a run is queued or in progress. Due times before the
//!   registration, or before the last edit of the schedule, are never run. Consecutive skipped due times share a row, which
//!   is written at most once a second.
//! * **Retries.** A [`RetryPolicy`] retries every failure that is not marked [`Permanent`]: an error, a panic, a timeout.
//!   [`only_transient`](RetryPolicy::only_transient) narrows it to errors marked [`Transient`], and timeouts. A canceled run
//!   is not retried. Each retry is its own run with the same job id. The failure and the queued retry are one commit, so a
//!   retry survives restarts. It holds no slot while it waits. A [`RunHandle`] is for one attempt;
//!   [`last_attempt`](Orchestrator::last_attempt) waits for the retries as well.
//! * **Recovery.** When a process has died, the next one marks its running runs as interrupted. [`Recovery::Rerun`] queues interrupted runs again, at most three times. A run that a shutdown
//!   interrupts uses up no attempt, and one that it kept from starting is always queued again. If a job that is asked to
//!   stop returns an error of its own, its run has failed and uses up an attempt.
//! * **Edits.** A registration whose schedule differs from the stored one starts the schedule anew. The schedule
//!   [says](Schedule::has_spec) whether the stored text means the same, so another spelling is not an edit. Due times of the
//!   old schedule that have passed undecided, such as those during a deploy, get a skipped row. Only the text of the old
//!   schedule is known by then, so the row has the first of these due times, and says that there may be more. If an
//!   instance later finds a spec in the store that is not its own, as during a rolling deploy, it stops firing that pipeline
//!   and [says so](Event::SpecDiffers).
//! * **Pauses** keep queued runs and the position in the schedule. A stopped scheduler decides nothing new, but queued
//!   runs and waiting retries still start.
//! * **Dependencies.** A pipeline that is registered [`after`](Registration::after) others runs when one of them
//!   succeeds, and one that is registered [`after_all`](Registration::after_all) of them runs once each has succeeded since its
//!   last such run. If they succeed several times before it can run, it runs once.
//! * **Parameters.** A run gets the parameters of the [registration](Registration::params), of the
//!   [schedule](Registration::schedule_with) that is due, and of the call that asked for it; for each name, the last of these
//!   wins. They are stored in the run's row, and a retry has those of the run that it retries. A job that can't use its
//!   parameters returns a [`ParamError`], which is not retried.
//! * **Slots.** A run takes a slot when its job starts, and keeps it until the job has ended, even while the job waits for
//!   another run. Jobs that hold all slots and wait for queued runs wait forever. If no slot becomes free for a minute while
//!   pipelines wait for one, [`Event::Stalled`] and a line in the log say so.
//! * **Backfills** are queued runs with a [due time](RunContext::due) in the past. They run one at a time,
//!   after everything else that is queued.
//!
//! # Several instances
//!
//! Instances on one shared store need no leader and no configuration. Each has a lease, which it renews.
//!
//! * **Due times.** For each pipeline, the instances have an order, which differs from pipeline to pipeline. The first one decides at
//!   the due time. Each further one looks two seconds later than the one before it, at most ten, whether that has happened, and
//!   otherwise does it and is the first from then on. Whoever tries, the store accepts one decision.
//! * **Queued runs** have no owner. Any instance that has registered their pipeline and has a free slot starts them, within a few
//!   seconds, or at once if the store [tells](Store::changes). So a backfill uses the slots of all instances, and nothing
//!   waits for an instance that shuts down.
//! * **Outages of the store.** Leases expire while it is away, but no instance takes over the runs of another before all have had
//!   time to renew. Running jobs continue, and their ends are stored when the store is back. With
//!   [`stop_when_lost`](OrchestratorBuilder::stop_when_lost) they are asked to stop when the lease expires.
//! * **Dead instances.** Their runs are interrupted, and recovered if that is asked for, one [lease](OrchestratorBuilder::lease)
//!   after the last renewal, or within another one if the store was away or no other instance ran.
//!
//! # Errors
//!
//! [`RegisterError`] says why a job was not registered, [`OrchestratorError`] why another call did nothing. A job that
//! fails is not an error here: the failure is in the run's result and in its row, and [`success`](RunResult::success)
//! turns it into an error. Trouble that no caller waits for becomes an [`Event`] and a line in the log, and the
//! orchestrator tries again.
//!
//! # Guarantees
//!
//! 1. A run's row is durable before its job starts. If the store refuses the row, the job does not start.
//! 2. Each due time starts at most one run, over all instances on one store, unless a clock was wrong by more than an hour: see
//!    [Clocks](#clocks).
//! 3. A job runs at most once, unless retries or recovery are asked for. With [`Recovery::Rerun`] it runs at least once. With
//!    retries alone, a job may not run at all if its process dies while it starts the run.
//! 4. [`finished`](RunHandle::finished) completes when the job ends. [`done`](RunHandle::done) completes when its final row
//!    is durable, or after 60 s with an error; the orchestrator keeps trying to write the row.
//! 5. A store that is slow or hangs for one pipeline, a job that blocks its thread, or a schedule that panics does not delay
//!    other pipelines, on any number of cores, as long as not all [`store_calls`](OrchestratorBuilder::store_calls) hang.
//!    [Threads](Orchestrator#threads) says how many jobs may block.
//! 6. One task serves all pipelines, and starting a run reads nothing from the store.
//!
//! # Features
//!
//! * `signal`: `Orchestrator::run_until_signal`, which shuts down on Ctrl-C or SIGTERM, and ends the process on a second one.
//! * `test-util`: `Orchestrator::abort`, for tests of what happens after a crash.
//!
//! # Logs
//!
//! Logs go through [`tracing`](https://docs.rs/tracing). The names below are part of this crate's API. What happens inside
//! a run is logged by the runner: `godata-runner` polls each job in a root span `run` with the fields `pipeline`, `run`,
//! `job`, `attempt`, `cause` and `due`, and logs the start and the end of the run there, a timeout that passes, and a job
//! that is stuck. The orchestrator logs the rest, each thing once. Its events are in no span; they have the fields
//! `pipeline` and `run` themselves.
//!
//! | level | message | fields |
//! |---|---|---|
//! | DEBUG | `run queued` | `pipeline`, `run`, `cause`, `due`; not for a run that starts at once |
//! | WARN | `run will be retried` | `pipeline`, `run`, `retry_of`, `attempt`, `attempts`, `in_ms` |
//! | INFO | `cancel requested` | `pipeline`, `run`; not for a queued run, which is canceled at once |
//! | WARN | `run canceled`, `run interrupted` | `pipeline`, `run`, `reason`; only for a run that had no job here |
//! | WARN | `stuck run stored as interrupted` | `pipeline`, `run`, `reason`; its job still runs as a shutdown ends. If the process lives on and the job ends, the runner logs that end; the row stays as it is |
//! | INFO | `run skipped` | `pipeline`, `run`, `reason`; a queued run that gave way to a newer one |
//! | INFO | `due times skipped` | `pipeline`, `run` (the skipped row), `skipped` (how many more), `exact` (`false`: at least that many), `due` (the last that is known), `reason` |
//! | WARN | `due times missed` | `pipeline`, `missed`, `exact` (`false`: at least that many), `runs` (how many are to run), `first`, `due` (the last), `policy` |
//! | WARN | `queued run taken over` | `pipeline`, `run`, `owner` (the dead instance); only for a run that an earlier version has queued |
//! | WARN | `interrupted run queued again` | `pipeline`, `run`, `retry_of`, `attempt`, `interruptions` |
//! | WARN | `run overdue` | `pipeline`, `run`, `running_ms` |
//! | WARN | `no slot became free for a minute` | `pool` (empty: all slots), `running` (the runs that have them), `waiting` (how many pipelines); after a minute, once |
//! | ERROR | `job not started` | `pipeline`, `run`, `error` |
//! | WARN | `result refused: another instance has interrupted the run` | `pipeline`, `run` |
//! | INFO | `pipeline registered` | `pipeline`, `schedule`, `disabled` and `paused` if it is |
//! | INFO | `schedule edited` | `pipeline`, `from`, `to` |
//! | INFO | `pipeline unregistered`, `pipeline paused`, `pipeline resumed` | `pipeline` |
//! | WARN | `pipeline unregistered by another instance` | `pipeline` |
//! | WARN | `another schedule is stored` | `pipeline`, `stored`, `registered`; this instance no longer fires the pipeline |
//! | INFO | `schedule ended` | `pipeline`; it has no further due time |
//! | ERROR | `schedule stopped` | `pipeline`, `error`; it panicked or went backward |
//! | WARN | `schedule waits for the clock` | `pipeline`, `cursor`; the last decided due time is over a minute ahead of the clock |
//! | WARN | `schedule continues from now` | `pipeline`, `cursor`; it stayed over an hour ahead for an hour |
//! | WARN | `clock set back` | `by_ms`; more than a minute |
//! | INFO | `scheduler started`, `scheduler stopped` | |
//! | ERROR | `store failed` | `pipeline`, `runs`, `error`, or `call`, `error`; when trouble begins, not for each attempt |
//! | INFO | `store recovered` | `pipeline`, `failures`, or `call` |
//! | ERROR | `lease lost` | `owner`, `runs` |
//! | ERROR | `lease not renewed in time` | `owner`, `runs` (whose jobs were asked to stop); only with `stop_when_lost` |
//! | DEBUG | `history pruned` | `runs` (how many) |
//! | INFO | `shutdown began` | `cause` (`shutdown was called`, the signal such as `SIGTERM`, or `the last handle was dropped`), `grace_ms` (empty in that last case), `running` (how many runs) |
//! | INFO | `shutdown ended` | `report` |
//! | ERROR | `a job or a schedule panicked when it was dropped` | `error` |
//! | WARN | `process ended by a second signal` | `signal`, `status` |
//! | ERROR | `the loop panicked; this orchestrator has ended` | `error`; a defect of a clock, a store or this crate. Calls answer [`OrchestratorError::Stopped`] |
//!
//! A `run` is an id, `due` and other instants are RFC 3339, `error` is the whole chain of causes, and `call` is the
//! method of the [`Store`] that failed, or `open` when everything is read at the start. If the store's answer to a
//! commit is lost, the lines that would have followed it are missing; `store failed` says so.
//!
//! # Clocks
//!
//! Due times are compared with the wall clock, or with the clock of the store if it has one. Timeouts, leases and waits of the
//! loop use monotonic time.
//!
//! * **The clock jumps forward.** The due times in between were missed, and [`Misfire`] decides about them.
//! * **The clock is set back.** Due times that were decided before are not decided again, so nothing is due until the clock has
//!   reached the last of them. If that is over a minute away, [`Event::WaitsForClock`] and the log say so at once.
//! * **The clock was wrong by more than an hour.** If the last decided due time is still over an hour ahead after an hour, the
//!   schedule continues from now, with [`Event::Rebased`]. The due times up to there are decided a second time, and each may
//!   then have two rows and two runs.
//!
//! A machine without a clock of its own may boot with a time in the past. After an hour it would then run again what it ran
//! before.
//! Start the service once the time is synchronized, for example with `After=time-sync.target` under systemd.
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
//! | `Store` | [`Store`] |
//! | `FileStore` | `FileStore` of the crate `godata-store-file` |
//! | `PipelineRecord`, `RunRecord`, `RunStatus` | [`PipelineRecord`], [`RunRecord`], [`RunStatus`] |
//! | `Store.ListPipelines`, `ListRuns` | [`Orchestrator::pipelines`], [`Orchestrator::history`] |
//!
//! A user notices three differences: due times are not lost while the process is down, runs do not overlap unless the
//! overlap rule allows it, and no store error is swallowed.

mod backfill;
mod builder;
mod code;
mod command;
mod decide;
mod engine;
mod entry;
mod error;
mod events;
mod history;
mod ids;
mod logs;
mod orchestrator;
mod persist;
mod policy;
mod reconcile;
mod recovery;
mod registration;
mod registration_info;
mod several;
mod shutdown;
mod signal;
mod slots;
mod status;
mod threads;
mod timers;

pub use backfill::Backfill;
pub use builder::OrchestratorBuilder;
pub use command::RunOptions;
pub use error::{OrchestratorBuildError, OrchestratorError, RegisterError};
pub use events::{Event, Events, ScheduleFault};
pub use history::History;
pub use orchestrator::Orchestrator;
pub use policy::{Misfire, Overlap, Recovery};
pub use registration::Registration;
pub use registration_info::{RegistrationInfo, RulesError};
pub use shutdown::DrainReport;
pub use status::{Status, Used};

#[doc(no_inline)]
pub use godata_core::{
    AnyJob, AnyStore, BoxError, Canceled, Cancellation, Cause, Clock, Covers, ErrorChain, Failure,
    FailureKind, Job, JobErrorKind, JobFn, JobId, JobRunner, ManualClock, MemoryStore, Missed, NameError,
    OwnerId, ParamError, Params, Permanent, PersistError, PipelineName, PipelineRecord, Progress,
    ReportError, Retention, RetryOn, RetryPolicy, RunContext, RunCounts, RunFailed, RunHandle, RunId, RunKey,
    RunKeyKind, RunQuery, RunRecord, RunRequest, RunResult, RunStatus, RunnerError, Schedule, StopReason,
    Store, StoreError, SystemClock, Tally, Transient, error_chain, job_fn, time,
};

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
