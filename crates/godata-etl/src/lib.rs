//! Data pipelines: read records, transform and filter them, and write them.
//!
//! A [`Pipeline`] is described once (a name, a reader, steps, a writer) and runs many times. Records travel in
//! batches. One worker decodes a batch, runs all steps on it and encodes it, while other workers do the same with other
//! batches; the output keeps the order of the input. The batches in flight bound the memory, whatever the size of the
//! input.
//!
//! # When to use this crate
//!
//! Use this crate alone for pipelines over your own readers and writers, or over closures. For CSV and JSON files, use
//! the facade `godata`, or add `godata-io-csv` or `godata-io-json`. To run pipelines on a schedule, with a history,
//! retries and limits, use `godata` too. To write a library that only accepts jobs, use `godata-core`.
//!
//! # Example
//!
//! The dependencies are this crate, and tokio for `async fn main`:
//!
//! ```toml
//! [dependencies]
//! godata-etl = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! A program that keeps the paid orders and adds the tax:
//!
//! ```
//! use godata_etl::{BoxError, Pipeline, RunContext};
//!
//! #[derive(Clone)]
//! struct Order {
//!     id: u32,
//!     amount: f64,
//!     status: &'static str,
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//!     let orders = vec![
//!         Order { id: 1, amount: 100.0, status: "paid" },
//!         Order { id: 2, amount: 20.0, status: "pending" },
//!     ];
//!     let pipeline = Pipeline::builder("orders")
//!         .read_vec(orders)
//!         .filter(|order| order.status == "paid")
//!         .map(|order| (order.id, order.amount * 1.19))
//!         .write_fn(|_cx, paid| async move {
//!             assert_eq!(paid, [(1, 119.0)]);
//!             Ok(())
//!         })?;
//!
//!     let report = pipeline.run(&RunContext::new()).await?;
//!     assert_eq!((report.read.records, report.steps[0].dropped, report.written.records), (2, 1, 1));
//!     println!("{report}");
//!     Ok(())
//! }
//! ```
//!
//! A program without a runtime calls [`run_blocking`](Pipeline::run_blocking) instead. This is the same pipeline over
//! dynamic records, whose fields are known only by name. [`untyped`](Flow::untyped) turns a batch of single
//! [`Record`]s, or of any serde type, into a batch with shared field names, which has the steps for fields:
//!
//! ```
//! use godata_etl::{BoxError, Pipeline, RunContext, record};
//!
//! fn main() -> Result<(), BoxError> {
//!     let pipeline = Pipeline::builder("orders")
//!         .read_vec(vec![record! {"id" => 1, "amount" => "100.0", "status" => "paid"}])
//!         .untyped()
//!         .try_filter(|r| Ok(r.text("status")? == "paid"))
//!         .derive("gross", |r| Ok(r.f64("amount")? * 1.19))
//!         .write_fn(|_cx, paid| async move {
//!             assert_eq!(paid.row(0).map(|r| r.f64("gross")), Some(Ok(119.0)));
//!             Ok(())
//!         })?;
//!     pipeline.run_blocking(&RunContext::new())?;
//!     Ok(())
//! }
//! ```
//!
//! # Overview
//!
//! * Reading: [`read_vec`], [`read_iter`], [`read_stream`] and [`read_fn`], or [`read`] with a [`Reader`].
//!   [`read_with`] chooses a reader for each run.
//! * Steps on every [`Flow`]: `filter`, `try_filter`, `filter_with`, `expect`, `map`, `try_map`, `filter_map`, `flat_map`,
//!   `transform`, `transform_with`, `inspect`, `scan`, `take`, `map_batch`, `batch_step` and `map_async`.
//! * Steps that compare records by key: `sort_by`, `top`, `dedupe_by`, `group_by`, `join` and `lookup`. They keep to the
//!   [`Memory`] that they are given, and use temporary files beyond it.
//! * [`stateful_step`](Flow::stateful_step): a step of your own that sees the batches in order, and may pass records on at the
//!   end.
//! * Steps on dynamic records only ([`NamedFields`]): `select`, `rename`, `drop_fields`, `cast`, `derive` and `typed`.
//!   [`untyped`](Flow::untyped) turns typed records into dynamic ones.
//! * Writing: [`write_fn`](Flow::write_fn), or [`write`](Flow::write) with a [`Writer`].
//!   [`write_with`](Flow::write_with) chooses a writer for each run. [`rows`](rows()) writes to a database or a service that
//!   takes a batch as a whole.
//! * Several inputs and outputs: [`chain`](chain()) reads one input after another. [`tee`](tee()) writes all records to
//!   several outputs, and [`route`](route()) each record to one of two. [`also_write`](Flow::also_write) writes them as they are in
//!   the middle of a flow. The outputs of a run are one transaction.
//!   [`retry`](retry()) repeats the calls of a reader or a writer that fail for now.
//! * Inspection: [`collect`](Flow::collect) previews a flow, [`Pipeline::check`] opens input and output,
//!   [`PipelineHook`] observes runs, and [`RunReport`] counts what they did.
//! * Running: [`Pipeline::run`], [`Pipeline::run_blocking`] and [`PipelineJob`]. A pipeline is also a [`Job`], which
//!   runners and the orchestrator take.
//!
//! Steps that compare records see all of them, in a bounded [`Memory`]. This adds up the orders of each customer, the
//! biggest total first:
//!
//! ```
//! use std::cmp::Reverse;
//!
//! use godata_etl::{BoxError, Memory, Pipeline};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let orders = vec![("Lee".to_owned(), 3), ("Ann".to_owned(), 4), ("Lee".to_owned(), 5)];
//! let totals = Pipeline::builder("totals")
//!     .read_vec(orders)
//!     .group_by(|(customer, _)| customer.clone(), Memory::mib(64))
//!     .sum(|(_, amount)| *amount)
//!     .sort_by(|(_, total)| Reverse(*total), Memory::mib(64));
//! assert_eq!(totals.collect(10).await?, [("Lee".to_owned(), 8), ("Ann".to_owned(), 4)]);
//! # Ok(())
//! # }
//! ```
//!
//! What they don't do is work for a database, or for a [`StatefulStep`] of your own.
//!
//! [`read`]: PipelineBuilder::read
//! [`read_vec`]: PipelineBuilder::read_vec
//! [`read_iter`]: PipelineBuilder::read_iter
//! [`read_stream`]: PipelineBuilder::read_stream
//! [`read_fn`]: PipelineBuilder::read_fn
//! [`read_with`]: PipelineBuilder::read_with
//!
//! # Errors
//!
//! A description that can't become a pipeline gives a [`BuildError`]. A run that does not succeed gives a
//! [`PipelineError`]. It names the stage, the step and the record (`step[2] (transform) failed at record 101
//! (orders.csv:103)`), has the cause as its source, and carries the report of what was done. A panic in a closure fails
//! its stage like an error.
//!
//! By default, the first record that can't be processed fails the run. [`PipelineBuilder::on_error`] leaves such records out
//! instead, up to a [`Limit`].
//!
//! Closures return `Result<_, BoxError>`: `?` converts any error, and `Err("text".into())` makes one. `Display` prints
//! an error's own message, and `Debug` adds all its causes on one line, so a `main` that returns an error prints all of
//! it.
//!
//! # Guarantees
//!
//! * A run that fails, panics, is canceled or is dropped discards its output: [`Sink::commit`] comes last, and only it
//!   makes the output visible.
//! * Every start that a hook sees is followed by exactly one end, and no code of the pipeline runs after the last end.
//! * The records that enter a step are those that left the step before it. No record is lost without being counted.
//! * At most as many batches compute at once as there are cores, over all pipelines of the process. The timers of the
//!   runtime therefore stay on time. If steps block their threads on all cores for a second, one more batch may be
//!   computed.
//!
//! # Logs
//!
//! Runs log through [`tracing`](https://docs.rs/tracing). The names, levels and fields below are part of the API. All
//! targets start with `godata_etl`.
//!
//! [`Pipeline::run`], [`Pipeline::run_blocking`], [`PipelineJob::run`] and the previews of [`Flow`] open one span
//! `run` at level `INFO`, a child of the caller's current span, with these fields:
//!
//! | field | value |
//! |---|---|
//! | `pipeline` | the name of the pipeline |
//! | `run` | the id of the run |
//! | `job` | the id of the job, which all attempts share |
//! | `attempt` | 1 for the first attempt |
//! | `cause` | why the run was started, such as `manual` or `schedule` |
//! | `due` | when the run was due, in RFC 3339; empty if it has no due time |
//!
//! Within the span are one event at the start and one at the end:
//!
//! | event | level | fields |
//! |---|---|---|
//! | `run started` | `INFO` | |
//! | `run succeeded` | `INFO` | `took_ms`, `read`, `written`, `rejected` |
//! | `run canceled` | `WARN` | `took_ms`, `read`, `written`, `rejected` |
//! | `run failed` | `ERROR` | `error` (the whole chain), `took_ms`, `read`, `written`, `rejected` |
//!
//! `took_ms` is the time from start to end in whole milliseconds. `read`, `written` and `rejected` count records; `rejected` is
//! absent if it is 0. When a pipeline runs
//! as a [`Job`], its caller has opened the span and logs start and end. The pipeline then opens no span of its own and logs
//! neither. A closure job that calls [`Pipeline::run`] itself logs both: its own start and end, and those of the pipeline
//! within its span.
//!
//! The span of the run has one child at level `DEBUG` for each stage: `read`, `step` (with `index` and `kind`) and
//! `write`. Closures, readers and writers run in the span of their stage, or in that of the run if the subscriber shows no
//! `DEBUG` spans; hooks run in that of the run. So every line that they log names the run, on whatever thread. A
//! [`retry`](retry()) logs `a call is retried` at level `WARN`, with the number of the `attempt` that follows, `wait_ms` and
//! `error`. A join logs `records of a table were rejected` at level `WARN`, with the name of the `table` and how many were
//! `rejected`, because the report of the run counts only its own records. A step that looks for a field by its name, such as
//! `select`, logs `no record has these fields` at level `WARN`, with the `step` and the `fields`. Three more events are possible, all at level `ERROR`
//! with `error`: `a hook panicked`, `a result panicked when it was dropped`, and `a sink failed to abort` for an output that could
//! not be discarded.
//!
//! # Coming from the Go library
//!
//! | Go: package `etl` | Rust: this crate |
//! |---|---|
//! | `Record` | [`Record`]; in steps [`RecordRef`] and [`RecordMut`]; or any type of your own |
//! | `Reader` | a closure for [`read_fn`], or the trait [`Reader`], which reads in batches |
//! | `Transform` | a closure for `transform`; with the context `transform_with` |
//! | `Predicate` | a closure for `filter`; with an error `try_filter`; with the context `filter_with` |
//! | `Writer` | a closure for [`write_fn`](Flow::write_fn), called per batch; or the trait [`Writer`] |
//! | `New(name)` | [`Pipeline::builder`] |
//! | `(*Pipeline).Name` | [`Pipeline::name`] |
//! | `(*Pipeline).Read` | [`PipelineBuilder::read`] and its relatives |
//! | `(*Pipeline).Transform`, `.Filter` | the steps of [`Flow`] |
//! | `(*Pipeline).Write` | [`Flow::write`], [`Flow::write_fn`] |
//! | `(*Pipeline).Hook` | [`PipelineBuilder::hook`]; several can be set |
//! | `(*Pipeline).Run` | [`Pipeline::run`]; without a runtime [`Pipeline::run_blocking`] |
//! | `NewJob`, `Job` | [`PipelineJob::new`], [`PipelineJob`] |
//! | `Job.ID`, `.Pipeline`, `.Name` | [`PipelineJob::id`], [`pipeline`](PipelineJob::pipeline), [`name`](PipelineJob::name) |
//! | `Job.StartedAt`, `.EndedAt`, `.Err` | [`started_at`](PipelineJob::started_at), [`ended_at`](PipelineJob::ended_at), [`error`](PipelineJob::error) |
//! | `(*Job).Hook`, `.Run`, `.Duration` | [`hook`](PipelineJob::hook), [`run`](PipelineJob::run), [`duration`](PipelineJob::duration) |
//! | `PipelineInfo`, `JobInfo` | [`PipelineInfo`], [`JobInfo`] |
//! | `PipelineHook`: `OnPipelineStart`, `OnPipelineEnd` | [`on_pipeline_start`](PipelineHook::on_pipeline_start), [`on_pipeline_end`](PipelineHook::on_pipeline_end) |
//! | `OnReadStart`, `OnReadEnd` | [`on_read_start`](PipelineHook::on_read_start), [`on_read_end`](PipelineHook::on_read_end), per batch |
//! | `OnStepStart`, `OnStepEnd` | [`on_step_start`](PipelineHook::on_step_start), [`on_step_end`](PipelineHook::on_step_end), per batch and not per record |
//! | `OnWriteStart`, `OnWriteEnd` | [`on_write_start`](PipelineHook::on_write_start), [`on_write_end`](PipelineHook::on_write_end), per batch |
//! | `JobHook`: `OnJobStart`, `OnJobEnd` | [`on_job_start`](JobHook::on_job_start), [`on_job_end`](JobHook::on_job_end) |
//! | `NoopPipelineHook`, `NoopJobHook` | not needed: the methods of the hooks do nothing by default |
//! | `read failed`, `step[N] failed`, `write failed` | [`PipelineError`], whose messages start the same way |

mod batch;
mod bytes;
mod chunk;
mod chunk_clean;
mod chunk_ops;

mod engine;
mod error;
mod flow;
mod hook;
mod hooks;
mod job;
mod keyed;
mod on_error;
mod origin;
mod partition;
mod pipeline;
mod reader;
mod records;
mod rejected;
mod report;
mod report_text;
mod retry;
mod step;
mod stop;
#[cfg(feature = "testing")]
pub mod testing;
mod unit;
mod work;
mod writer;

pub use batch::Batch;
pub use chunk::Chunk;
pub use engine::RunScope;
pub use error::{BuildError, PipelineError};
pub use flow::{Flow, GroupBy, GroupByFields, IntoFields, IntoFlow, JoinField, NamedFields};
#[doc(no_inline)]
pub use godata_core::time;
pub use godata_core::{
    AnyJob, BoxError, CancelOnDrop, Canceled, Cancellation, Cause, ErrorChain, Job, JobErrorKind, JobFn,
    JobId, NameError, ParamError, Params, ParseIdError, Permanent, PipelineName, Progress, ReportError,
    RetryPolicy, RunContext, RunId, Transient, error_chain, job_fn,
};
pub use hook::{JobHook, JobInfo, Outcome, PipelineEnd, PipelineHook, PipelineInfo, StageEnd, StepInfo};
pub use job::PipelineJob;
pub use keyed::{Aggregate, Join, Keep, Key, KeyBytes, Memory, SortField, agg, asc, desc};
pub use on_error::{Limit, OnError};
pub use origin::{Lines, Origin, Place};
pub use pipeline::{Pipeline, PipelineBuilder};
pub use reader::{BlockingRead, BlockingSource, Chain, ChainedSources, Reader, Source, chain};
pub use records::{
    Cast, CastError, CellRef, CellVisitor, ConvertError, Decimal, DecimalOverflow, DecimalSum, FieldError,
    Number, NumberRef, ParseDecimalError, ParseTimestampError, Record, RecordMut, RecordRef, Records,
    RecordsBuilder, Rows, Shape, ShapeError, SlicesBuilder, SourceFormat, Timestamp, Type, Value, ValueRef,
    WrittenText, to_record, to_value,
};
pub use rejected::{RejectKind, RejectReason, Rejected, StageName};
pub use report::{IoCounts, RunReport, StepCounts};
pub use retry::{RetriedSink, RetriedSource, Retry, retry};
pub use step::{Concurrency, ExpectationFailed, StatefulStep};
pub use stop::Stop;
pub use unit::Unit;
pub use work::Work;
pub use writer::{
    AllSinks, BlockingRowSink, BlockingRowWriter, BlockingSink, BlockingWrite, OpenBlockingRows, OpenRows,
    Route, RowBatch, RowSink, RowWriter, Sink, Tee, TeeAll, TwoSinks, Writer, blocking_rows, route, rows,
    tee, tee_all,
};

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
