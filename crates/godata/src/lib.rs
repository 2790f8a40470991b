//! Small data pipelines: read records, transform and filter them, write them.
//!
//! A pipeline is described in ten lines and runs in bounded memory on all cores, over structs of your own or over
//! records whose fields are known only by name. Output files are complete or not there; an error names the file,
//! line, field and value.
//!
//! ```no_run
//! use godata::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let pipeline = Pipeline::builder("orders-cleanup")
//!     .read(csv::read_records("orders.csv"))
//!     .filter(|r| r.str("status") == Some("paid"))
//!     .cast("amount", Type::Float)
//!     .derive("gross", |r| Ok(r.f64("amount")? * 1.19))
//!     .write(jsonl::write("orders_paid.jsonl"))?;
//!
//! let report = pipeline.run(&RunContext::new()).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! With types:
//!
//! ```no_run
//! use godata::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Order { order_id: String, amount: f64, status: String }
//!
//! #[derive(Serialize)]
//! struct Paid { order_id: String, gross: f64 }
//!
//! let pipeline = Pipeline::builder("orders-cleanup")
//!     .read(csv::read::<Order>("orders.csv"))
//!     .filter(|order| order.status == "paid")
//!     .map(|order| Paid { order_id: order.order_id, gross: order.amount * 1.19 })
//!     .write(jsonl::write("orders_paid.jsonl"))?;
//!
//! pipeline.run_blocking(&RunContext::new())?;
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # Where to go on
//!
//! * `guide::files`: reading and writing files, by what one would ask.
//! * [`Pipeline`] and [`Flow`]: how a pipeline is described, and every step.
//! * [`csv`], [`jsonl`] and [`json`]: the file formats and their options.
//! * `Input`: what the formats read: one file, many, compressed ones, other encodings, standard input.
//! * `Output`: what they write: a file, one per value of a field, files of a certain size, standard output; compressed,
//!   replaced as a whole or appended to.
//! * [`Records`], [`RecordRef`], [`RecordMut`], [`Record`] and [`record!`]: dynamic records.
//! * [`PipelineHook`], [`PipelineJob`] and [`RunReport`]: watching runs.
//! * [`Reader`] and [`Writer`]: sources and targets of your own.
//! * [`PipelineError`]: what an error says.
//! * [`scheduler`]: schedules: intervals, times of day, cron patterns and calendars, right in every time zone.
//! * [`runner`]: several jobs at the same time, with limits and timeouts.
//! * [`orchestrator`]: pipelines on schedules, with their history; [`in_memory`] makes one in a line, [`local`] one that
//!   keeps its history in a file.
//! * [`Store`]: what remembers pipelines and runs, and how to write one.
//! * [`etl`]: the engine's crate, with its guarantees and a table for those who come from the Go library.
//!
//! # Examples
//!
//! Each runs with `cargo run --example NAME` in the repository:
//!
//! | example | shows |
//! |---|---|
//! | [`orders_cleanup`](https://github.com/janmarkuslanger/godata/blob/main/examples/orders_cleanup.rs) | any CSV of orders to JSON Lines, with progress and a report |
//! | [`etl_basic`](https://github.com/janmarkuslanger/godata/blob/main/examples/etl_basic.rs) | closures that read and write, dynamic records |
//! | [`etl_typed`](https://github.com/janmarkuslanger/godata/blob/main/examples/etl_typed.rs) | structs, and how the type changes along the way |
//! | [`etl_hooks`](https://github.com/janmarkuslanger/godata/blob/main/examples/etl_hooks.rs) | observing a pipeline and a job |
//! | [`etl_async`](https://github.com/janmarkuslanger/godata/blob/main/examples/etl_async.rs) | concurrent lookups, the order kept |
//! | [`many_files`](https://github.com/janmarkuslanger/godata/blob/main/examples/many_files.rs) | a glob of gzip files into one zstd file per country |
//! | [`custom_reader_writer`](https://github.com/janmarkuslanger/godata/blob/main/examples/custom_reader_writer.rs) | a reader and a writer of your own |
//! | [`run_concurrently`](https://github.com/janmarkuslanger/godata/blob/main/examples/run_concurrently.rs) | several jobs at the same time: started, stopped, shut down |
//! | [`run_with_limits`](https://github.com/janmarkuslanger/godata/blob/main/examples/run_with_limits.rs) | limits, pools, timeouts, events |
//! | [`custom_store`](https://github.com/janmarkuslanger/godata/blob/main/examples/custom_store/store.rs) | a store of your own, proven by the suite |
//! | [`json_array`](https://github.com/janmarkuslanger/godata/blob/main/examples/json_array.rs) | one array within a JSON document, read by a pointer, written for people |
//! | [`stdin_stdout`](https://github.com/janmarkuslanger/godata/blob/main/examples/stdin_stdout.rs) | a filter in a pipe of the shell |
//! | [`schedule_daily`](https://github.com/janmarkuslanger/godata/blob/main/examples/schedule_daily.rs) | schedules from code and from text, and when they fire |
//! | [`schedule_cron`](https://github.com/janmarkuslanger/godata/blob/main/examples/schedule_cron.rs) | cron patterns around the clock changes of a zone |
//! | [`schedule_calendar`](https://github.com/janmarkuslanger/godata/blob/main/examples/schedule_calendar.rs) | weekends, holidays and maintenance left out |
//! | [`orchestrate`](https://github.com/janmarkuslanger/godata/blob/main/examples/orchestrate.rs) | a pipeline on a schedule, its history in a file, until Ctrl-C |
//! | [`run_once`](https://github.com/janmarkuslanger/godata/blob/main/examples/run_once.rs) | one run with history, for cron or a systemd timer |
//! | [`run_after`](https://github.com/janmarkuslanger/godata/blob/main/examples/run_after.rs) | a pipeline that follows another |
//! | [`backfill`](https://github.com/janmarkuslanger/godata/blob/main/examples/backfill.rs) | days of the past, each as a run |
//! | [`misfire`](https://github.com/janmarkuslanger/godata/blob/main/examples/misfire.rs) | due times that nobody was there for, by each policy |
//! | [`inspect_state`](https://github.com/janmarkuslanger/godata/blob/main/examples/inspect_state.rs) | what is in a state file |
//!
//! # Features
//!
//! * `csv` (default): [`csv`].
//! * `json` (default): [`jsonl`] and [`json`].
//! * `runner` (default): [`runner`].
//! * `orchestrator` (default): [`orchestrator`], with `runner` and `scheduler`.
//! * `store-file` (default): [`store_file`].
//! * `bzip2`, `gzip`, `zstd` (default): files compressed like that are read and written. `zstd` needs a C compiler.
//! * `scheduler` and `cron` (default): [`scheduler`], and cron patterns in it. `bundled-zones` compiles a time zone
//!   database in, for machines that have none.
//!
//! Without any of them, this is the engine alone.
//!
//! # Which crate do I need
//!
//! This one. To keep a dependency tree smaller, `godata-etl` is the engine without file formats; to implement a
//! trait that other crates take (a job, a clock), `godata-core` has them and nothing else.

#[cfg(all(feature = "csv", feature = "json"))]
pub mod guide;

#[doc(no_inline)]
pub use godata_core::time;
pub use godata_core::{
    ActiveRun, AnyJob, AnyStore, BoxError, CancelOnDrop, Canceled, Cancellation, Cause, Clock, Commit,
    Committed, Completer, Covers, ErrorChain, Failure, FailureKind, Job, JobEnd, JobErrorKind, JobFn, JobId,
    JobRunner, ManualClock, MemoryStore, Missed, NameError, OwnerId, ParamError, Params, ParseIdError,
    Permanent, PersistError, PipelineName, PipelineRecord, Progress, Renewal, Retention, RetryOn,
    RetryPolicy, RunChange, RunContext, RunCounts, RunFailed, RunHandle, RunId, RunKey, RunQuery, RunRecord,
    RunRequest, RunResult, RunStatus, RunnerError, Schedule, StopReason, Store, StoreError, Stored,
    SystemClock, Transient, error_chain, job_fn,
};
pub use godata_etl as etl;
pub use godata_etl::{
    BlockingRead, BlockingSink, BlockingSource, BlockingWrite, BuildError, Chunk, Concurrency, FieldError,
    Flow, JobHook, JobInfo, Origin, Outcome, Pipeline, PipelineBuilder, PipelineEnd, PipelineError,
    PipelineHook, PipelineInfo, PipelineJob, Place, Reader, Record, RecordMut, RecordRef, Records, RunReport,
    RunScope, Sink, Source, StageEnd, StepInfo, Stop, Type, Unit, Value, ValueRef, Work, Writer, record,
};
#[cfg(any(feature = "csv", feature = "json"))]
pub use godata_io::{Compression, Encoding, Input, Output};
#[cfg(feature = "csv")]
pub use godata_io_csv as csv;
#[cfg(feature = "json")]
pub use godata_io_json::{DuplicateKeys, json, jsonl};
#[cfg(feature = "orchestrator")]
pub use godata_orchestrator as orchestrator;
#[cfg(feature = "orchestrator")]
pub use godata_orchestrator::{
    Backfill, DrainReport, Event, Events, History, Misfire, Orchestrator, OrchestratorBuildError,
    OrchestratorBuilder, OrchestratorError, Overlap, Recovery, RegisterError, Registration, RunOptions,
};
#[cfg(feature = "runner")]
pub use godata_runner as runner;
#[cfg(feature = "runner")]
pub use godata_runner::{Runner, RunnerBuildError, RunnerBuilder};
#[cfg(feature = "scheduler")]
pub use godata_scheduler as scheduler;
#[cfg(feature = "scheduler")]
pub use godata_scheduler::AnySchedule;
#[cfg(feature = "store-file")]
pub use godata_store_file as store_file;
#[cfg(feature = "store-file")]
pub use godata_store_file::FileStore;

/// An orchestrator that keeps its history in memory: it is gone when the process ends.
///
/// [`Orchestrator::builder`] makes one with another store, with limits, pools, recovery.
///
/// ```
/// use std::time::Duration;
///
/// use godata::prelude::*;
/// use godata::scheduler::every;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let orders = Pipeline::builder("orders")
///     .from_vec(vec![1, 2, 3])
///     .write_fn(|_cx, orders: Vec<i32>| async move {
///         println!("{} orders", orders.len());
///         Ok(())
///     })?;
///
/// let orchestrator = godata::in_memory();
/// orchestrator.register(orders, every(Duration::from_secs(300))?).await?;
/// orchestrator.start_scheduler().await?;
///
/// orchestrator.run_pipeline("orders").await?.done().await?;
/// orchestrator.shutdown(Duration::from_secs(30)).await;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "orchestrator")]
#[must_use]
pub fn in_memory() -> Orchestrator {
    Orchestrator::new(MemoryStore::new(), runner::Runner::new())
}

/// An orchestrator that keeps its history in a file, and the journal and lock beside it: it goes on after a restart, and
/// after a crash. One process has it open at a time.
///
/// It keeps the whole history. [`FileStore::builder`] and [`Orchestrator::builder`] make one that forgets, or goes by other
/// rules; [`FileStore`] says what is in the files.
///
/// ```
/// use std::time::Duration;
///
/// use godata::{RunQuery, prelude::*, scheduler::every};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let state = folder.path().join("state.json");
/// let import = || job_fn("import", |_cx| async { Ok(()) });
///
/// let orchestrator = godata::local(&state)?;
/// orchestrator.register(import(), every(Duration::from_secs(300))?).await?;
/// orchestrator.run_pipeline("import").await?.done().await?;
/// orchestrator.shutdown(Duration::from_secs(30)).await;
/// drop(orchestrator);
///
/// let orchestrator = godata::local(&state)?;
/// assert_eq!(orchestrator.history(&RunQuery::new()).await?.runs.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`FileStore::open`]: [`StoreError::Locked`] if it is open already, [`StoreError::Corrupt`] if the files are
/// damaged, others if they can't be read and written.
#[cfg(all(feature = "orchestrator", feature = "store-file"))]
pub fn local(path: impl AsRef<std::path::Path>) -> Result<Orchestrator, StoreError> {
    Ok(Orchestrator::new(FileStore::open(path)?, runner::Runner::new()))
}

/// What most programs use: `use godata::prelude::*;`.
pub mod prelude {
    #[cfg(any(feature = "csv", feature = "json"))]
    pub use crate::Input;
    #[cfg(feature = "csv")]
    pub use crate::csv;
    #[cfg(feature = "json")]
    pub use crate::jsonl;
    pub use crate::{
        BoxError,
        Concurrency::{Ordered, Unordered},
        Flow, Job, JobHook, Pipeline, PipelineError, PipelineHook, PipelineJob, Record, RecordMut, RecordRef,
        Records, RunContext, RunReport, Type, Value, job_fn, record,
    };
}
