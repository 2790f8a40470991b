//! Small data pipelines: read records, transform and filter them, write them.
//!
//! A pipeline takes ten lines to write. It runs on all cores in bounded memory, over your own structs or over records whose
//! fields are known only by name. An output file is either complete or not there, and an error names the file, line, field
//! and value. Pipelines can run on schedules, with their history kept.
//!
//! # A program
//!
//! ```toml
//! [dependencies]
//! godata = "0.1"
//! ```
//!
//! ```no_run
//! use godata::prelude::*;
//!
//! fn main() -> Result<(), BoxError> {
//!     let pipeline = Pipeline::builder("orders-cleanup")
//!         .read(csv::read_records("orders.csv"))
//!         .try_filter(|order| Ok(order.text("status")? == "paid"))
//!         .cast("amount", Type::Float)
//!         .derive("gross", |order| Ok(order.f64("amount")? * 1.19))
//!         .write(jsonl::write("orders_paid.jsonl"))?;
//!
//!     let report = pipeline.run_blocking(&RunContext::new())?;
//!     println!("{report}");
//!     Ok(())
//! }
//! ```
//!
//! In async code, call `pipeline.run(&RunContext::new()).await?`.
//!
//! The same with types:
//!
//! ```no_run
//! use godata::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     order_id: String,
//!     amount: f64,
//!     status: String,
//! }
//!
//! #[derive(Serialize)]
//! struct Paid {
//!     order_id: String,
//!     gross: f64,
//! }
//!
//! fn main() -> Result<(), BoxError> {
//!     let pipeline = Pipeline::builder("orders-cleanup")
//!         .read(csv::read::<Order>("orders.csv"))
//!         .filter(|order| order.status == "paid")
//!         .map(|order| Paid { order_id: order.order_id, gross: order.amount * 1.19 })
//!         .write(jsonl::write("orders_paid.jsonl"))?;
//!
//!     pipeline.run_blocking(&RunContext::new())?;
//!     Ok(())
//! }
//! ```
//!
//! # Where to read more
//!
//! | about | see |
//! |---|---|
//! | reading and writing files: a guide by question | [`guide::files`] |
//! | bad rows, failed runs and kills: a guide by question | [`guide::errors`] |
//! | joins, groups, sorts, duplicates, and how much memory they take | [`guide::keyed`] |
//! | testing your pipelines | [`guide::testing`] |
//! | how a verb of pandas, Polars or dlt is written here | [`guide::coming_from`] |
//! | how a pipeline is described, and every step | [`Pipeline`], [`Flow`] |
//! | the file formats and their options | [`csv`], [`jsonl`], [`json`] |
//! | what formats read: one file or many, compressed, other encodings, standard input | [`Input`] |
//! | what they write: a file, one per value of a field, files of a certain size, standard output | [`Output`] |
//! | dynamic records | [`Records`], [`RecordRef`], [`RecordMut`], [`Record`], [`record!`] |
//! | watching runs | [`PipelineHook`], [`PipelineJob`], [`RunReport`] |
//! | your own sources and targets | [`Reader`], [`Writer`] |
//! | what an error says | [`PipelineError`] |
//! | schedules, in every time zone | [`scheduler`] |
//! | running several jobs at the same time | [`runner`] |
//! | pipelines on schedules, with their history | [`orchestrator`]; [`in_memory`] and [`local`] make one in one line |
//! | what remembers pipelines and runs | [`Store`] |
//! | the engine, its guarantees, and a table for people who come from the Go library | [`etl`] |
//!
//! # Examples
//!
//! The [examples] in the repository are programs of at most 100 lines: typed and dynamic pipelines, many files, arrays in JSON
//! documents, filters in shell pipes, your own readers, writers and stores, schedules, orchestrators, backfills.
//!
//! [examples]: https://github.com/janmarkuslanger/godata/tree/main/examples
//!
//! # Errors
//!
//! Building a pipeline fails with a [`BuildError`], running it with a [`PipelineError`]. Both name what is wrong and where.
//! The closures of a pipeline and jobs return any error as a [`BoxError`], so `?` works in them.
//!
//! Every error prints its own message with `{}` and its whole chain of causes with `{:?}`, so a
//! `fn main() -> Result<(), BoxError>` prints errors that people can read.
//!
//! # Guarantees
//!
//! * **Nothing half done.** A run that fails, panics, is canceled or is dropped leaves the old output files.
//! * **Nothing lost silently.** Every step counts the records that came in, went out, were dropped and were rejected.
//! * **Bounded memory.** A few batches per worker, whatever the size of the input.
//! * **Order.** Records are written in the order in which they were read, unless you ask for `unordered()`.
//! * **Nothing forgotten.** An orchestrator stores a run before its job starts, and its outcome before `done()` answers.
//!
//! # Features
//!
//! All but `bundled-zones` are on by default. Without any of them, this crate is the engine alone. If a format's feature is
//! off, the compiler does not know `csv` or `jsonl` and proposes a crate of that name: turn on the feature instead.
//!
//! A program that also depends on the crate `csv` can't write `use csv::…` below `use godata::prelude::*`: the compiler does
//! not know which is meant. Import the one that you mean by its whole path, `use godata::csv;`, and write `::csv` for the
//! crate.
//!
//! | feature | adds |
//! |---|---|
//! | `csv` | [`csv`] |
//! | `json` | [`jsonl`], [`json`] |
//! | `bzip2`, `gzip`, `zstd` | files compressed that way; `zstd` needs a C compiler |
//! | `scheduler` | [`scheduler`]; with `cron`, cron patterns |
//! | `runner` | [`runner`] |
//! | `orchestrator` | [`orchestrator`], with `run_until_signal`, `runner` and `scheduler` |
//! | `store-file` | [`store_file`] |
//! | `bundled-zones` | a time zone database inside the program, for machines that have none |
//!
//! # Which crate do I need
//!
//! This one. For a smaller dependency tree, take `godata-etl` (the engine without file formats) or one of the other crates
//! alone: each re-exports what its signatures mention. To implement a trait that other crates accept (a job, a clock, a
//! schedule, a store), take `godata-core`.

#[cfg(all(feature = "csv", feature = "json"))]
pub mod guide;

#[doc(no_inline)]
pub use godata_core::time;
pub use godata_core::{
    ActiveRun, AnyJob, AnyStore, BoxError, CancelOnDrop, Canceled, Cancellation, Cause, Change, Changes,
    Clock, Commit, Committed, Completer, Covers, ErrorChain, Failure, FailureKind, Job, JobEnd, JobErrorKind,
    JobFn, JobId, JobRunner, ManualClock, MemoryStore, Missed, NameError, OwnerId, ParamError, Params,
    ParseIdError, Permanent, PersistError, PipelineName, PipelineRecord, Progress, Refreshed, Renewal,
    ReportError, Retention, RetryOn, RetryPolicy, RunChange, RunContext, RunCounts, RunFailed, RunHandle,
    RunId, RunKey, RunKeyKind, RunQuery, RunRecord, RunRequest, RunResult, RunStatus, RunnerError, Schedule,
    StopReason, Store, StoreError, Stored, SystemClock, Tally, Transient, error_chain, job_fn,
};
pub use godata_etl as etl;
pub use godata_etl::{
    Aggregate, BlockingRead, BlockingRowSink, BlockingSink, BlockingSource, BlockingWrite, BuildError, Cast,
    CastError, Chunk, Concurrency, Decimal, DecimalOverflow, DecimalSum, ExpectationFailed, FieldError, Flow,
    GroupBy, GroupByFields, IntoFields, IntoFlow, JobHook, JobInfo, Join, JoinField, Keep, Key, KeyBytes,
    Limit, Memory, OnError, Origin, Outcome, Pipeline, PipelineBuilder, PipelineEnd, PipelineError,
    PipelineHook, PipelineInfo, PipelineJob, Place, Reader, Record, RecordMut, RecordRef, Records,
    RejectKind, RejectReason, Rejected, RowSink, RunReport, RunScope, Sink, SortField, Source, StageEnd,
    StageName, StatefulStep, StepInfo, Stop, Type, Unit, Value, ValueRef, Work, Writer, agg, asc,
    blocking_rows, chain, desc, record, retry, route, rows, tee, tee_all,
};
#[cfg(any(feature = "csv", feature = "json"))]
pub use godata_io::{Compression, Encoding, Input, Output};
#[cfg(feature = "csv")]
pub use godata_io_csv as csv;
#[cfg(feature = "json")]
pub use godata_io_json::{DeadLetter, DeadLetters, DuplicateKeys, ReplayError, dead_letters, json, jsonl};
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

/// Makes an orchestrator that keeps its history in memory: the newest 1,000 finished runs of each pipeline. Older ones are
/// removed once an hour. The history is gone when the process ends.
///
/// [`Orchestrator::builder`] makes one with another store, with limits, pools or recovery.
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
///     .read_vec(vec![1, 2, 3])
///     .write_fn(|_cx, orders: Vec<i32>| async move {
///         println!("{} orders", orders.len());
///         Ok(())
///     })?;
///
/// let orchestrator = godata::in_memory();
/// orchestrator.register(orders, every(Duration::from_secs(300))?).await?;
/// orchestrator.start_scheduler().await?;
///
/// let run = orchestrator.run_pipeline("orders").await?;
/// let result = run.done().await?.success()?;
/// assert_eq!(result.counts.records_written, 3);
/// orchestrator.shutdown(Duration::from_secs(30)).await;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "orchestrator")]
#[must_use]
pub fn in_memory() -> Orchestrator {
    let builder = Orchestrator::builder(MemoryStore::new(), Runner::new()).keep_newest(1_000);
    builder.build().expect("only limits of zero and pools are refused, and none is set")
}

/// Makes an orchestrator that keeps its history in a file, with a journal and a lock file beside it.
///
/// After a restart or a crash it continues from the file. One process at a time can open the file. The whole history is
/// kept. To remove old runs, or to change other settings, use [`FileStore::builder`] and [`Orchestrator::builder`]. The
/// docs of [`FileStore`] say what is in the files.
///
/// The file is in use until [`shutdown`](Orchestrator::shutdown) has returned and all handles of the orchestrator are dropped.
/// Then it is free at once. Without a shutdown, it is in use until the running jobs have ended.
///
/// ```
/// use std::time::Duration;
///
/// use godata::prelude::*;
/// use godata::scheduler::every;
/// use godata::RunQuery;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let state = folder.path().join("state.json");
/// let import = || job_fn("import", |_cx| async { Ok(()) });
///
/// let orchestrator = godata::local(&state)?;
/// orchestrator.register(import(), every(Duration::from_secs(300))?).await?;
/// orchestrator.run_pipeline("import").await?.done().await?.success()?;
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
/// Those of [`FileStore::open`]: [`StoreError::Locked`] if the file is already open, [`StoreError::Corrupt`] if the
/// files are damaged, and others if they can't be read or written.
#[cfg(all(feature = "orchestrator", feature = "store-file"))]
pub fn local(path: impl AsRef<std::path::Path>) -> Result<Orchestrator, StoreError> {
    Ok(Orchestrator::new(FileStore::open(path)?, Runner::new()))
}

/// What most programs use: `use godata::prelude::*;`.
pub mod prelude {
    pub use crate::Concurrency::{Ordered, Unordered};
    #[cfg(feature = "csv")]
    pub use crate::csv;
    #[cfg(feature = "json")]
    pub use crate::jsonl;
    pub use crate::{
        BoxError, Cast, Flow, Job, JobHook, Join, Keep, Limit, Memory, OnError, Pipeline, PipelineError,
        PipelineHook, PipelineJob, Record, RecordMut, RecordRef, Records, RunContext, RunReport, Type, Value,
        agg, asc, desc, job_fn, record, tee,
    };
    #[cfg(any(feature = "csv", feature = "json"))]
    pub use crate::{Input, Output};
}

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
