//! Data pipelines: read records, transform and filter them, write them.
//!
//! A [`Pipeline`] is described once (a name, a reader, steps, a writer) and runs many times. Records travel in
//! batches: decoding, all steps and encoding of a batch are done by one worker, several batches at once, and the
//! output keeps the order of the input. Memory is bounded by the batches in flight, whatever the input's size.
//!
//! Take this crate alone for pipelines over your own readers and writers, or closures. For files take the facade
//! `godata`, which adds the formats; for the traits of jobs only, take `godata-core`.
//!
//! # Example
//!
//! ```
//! use godata_etl::{Pipeline, RunContext};
//!
//! #[derive(Clone)]
//! struct Order {
//!     id: u32,
//!     amount: f64,
//!     status: &'static str,
//! }
//!
//! let orders = vec![
//!     Order { id: 1, amount: 100.0, status: "paid" },
//!     Order { id: 2, amount: 20.0, status: "pending" },
//! ];
//! let pipeline = Pipeline::builder("orders-cleanup")
//!     .read_vec(orders)
//!     .filter(|order| order.status == "paid")
//!     .map(|order| (order.id, order.amount * 1.19))
//!     .write_fn(|_, paid| async move {
//!         assert_eq!(paid, [(1, 119.0)]);
//!         Ok(())
//!     })?;
//!
//! let report = pipeline.run_blocking(&RunContext::new())?;
//! assert_eq!(report.steps[0].dropped, 1);
//! # Ok::<(), godata_etl::BoxError>(())
//! ```
//!
//! The same with dynamic records, whose fields are known only by name:
//!
//! ```
//! # use godata_etl::RunContext;
//! use godata_etl::{Pipeline, record};
//!
//! let pipeline = Pipeline::builder("orders-cleanup")
//!     .read_vec(vec![record! {"id" => 1, "amount" => "100.0", "status" => "paid"}])
//!     .untyped()
//!     .filter(|r| r.str("status") == Some("paid"))
//!     .transform(|r| {
//!         let gross = r.f64("amount")? * 1.19;
//!         r.set("gross", gross);
//!         Ok(())
//!     })
//!     .write_fn(|_, paid| async move {
//!         assert_eq!(paid.row(0).map(|r| r.f64("gross")), Some(Ok(119.0)));
//!         Ok(())
//!     })?;
//! pipeline.run_blocking(&RunContext::new())?;
//! # Ok::<(), godata_etl::BoxError>(())
//! ```
//!
//! # What there is
//!
//! * Reading: [`read_vec`], [`read_iter`], [`read_stream`], [`read_fn`], or a [`Reader`]; [`read_with`] chooses one
//!   per run.
//! * Steps: `filter`, `try_filter`, `filter_with`, `map`, `try_map`, `filter_map`, `flat_map`, `transform`,
//!   `transform_with`, `inspect`, `scan`, `take`, `map_batch` and `map_async` on [`Flow`]; and on dynamic records
//!   also `select`, `rename`, `drop`, `cast`, `derive` and `typed`.
//! * Writing: [`write_fn`](Flow::write_fn), or a [`Writer`]; [`write_with`](Flow::write_with) chooses one per run.
//! * Looking: [`collect`](Flow::collect) previews a flow, [`Pipeline::check`] opens input and output,
//!   [`PipelineHook`] observes runs, [`RunReport`] counts what they did, and each run and stage is a `tracing`
//!   span.
//! * Running: [`Pipeline::run`], [`Pipeline::run_blocking`], [`PipelineJob`], and as a
//!   [`Job`](godata_etl::Job) wherever one is taken.
//!
//! [`read_vec`]: PipelineBuilder::read_vec
//! [`read_iter`]: PipelineBuilder::read_iter
//! [`read_stream`]: PipelineBuilder::read_stream
//! [`read_fn`]: PipelineBuilder::read_fn
//! [`read_with`]: PipelineBuilder::read_with
//!
//! # Errors
//!
//! Describing a pipeline gives a [`BuildError`], running it a [`PipelineError`] that names the stage, the step and
//! the record (`step[2] (transform) failed at record 101 (orders.csv:103)`), has the cause as its source and the
//! report of what was done. Panics in closures are failures of their stage.
//!
//! # Guarantees
//!
//! * A run that fails, panics, is canceled or dropped gives up its output: [`Sink::commit`] is what makes it
//!   visible, and comes last.
//! * Every start that a hook is told has exactly one end, and no code of the pipeline runs after the last one.
//! * Each step's records in are the records out of the one before it; nothing is lost without being counted.
//! * At most as many batches compute at once, over all pipelines of the process, as there are cores, so the timers
//!   of the runtime stay on time.
//!
//! # Coming from Go
//!
//! | package `etl` | here |
//! |---|---|
//! | `Record` | [`Record`]; in steps [`RecordRef`] and [`RecordMut`]; or any type of your own |
//! | `Reader` | a closure for [`read_fn`]: one read, one batch; or the trait [`Reader`] |
//! | `Transform` | a closure for `transform`; with the context `transform_with` |
//! | `Predicate` | a closure for `filter`; with an error `try_filter`; with the context `filter_with` |
//! | `Writer` | a closure for [`write_fn`](Flow::write_fn), called per batch; or the trait [`Writer`] |
//! | `New(name)` | [`Pipeline::builder`] |
//! | `(*Pipeline).Name` | [`Pipeline::name`] |
//! | `(*Pipeline).Read` | [`PipelineBuilder::read`] and its relatives |
//! | `(*Pipeline).Transform`, `.Filter` | the steps of [`Flow`] |
//! | `(*Pipeline).Write` | [`Flow::write`], [`Flow::write_fn`] |
//! | `(*Pipeline).Hook` | [`PipelineBuilder::hook`]; several may be set |
//! | `(*Pipeline).Run` | [`Pipeline::run`] |
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
//! | `NoopPipelineHook`, `NoopJobHook` | not needed: the methods of the traits do nothing unless written |
//! | `read failed`, `step[N] failed`, `write failed` | [`PipelineError`], with the same beginnings |

mod batch;
mod chunk;
mod dispatch;
mod engine;
mod error;
mod flow;
mod hook;
mod job;
mod loops;
mod origin;
mod pipeline;
mod reader;
mod records;
mod report;
mod step;
mod stop;
mod unit;
mod work;
mod writer;

pub use batch::Batch;
pub use chunk::Chunk;
pub use engine::RunScope;
pub use error::{BuildError, PipelineError};
pub use flow::{Flow, NamedFields};
#[doc(no_inline)]
pub use godata_core::time;
pub use godata_core::{
    AnyJob, BoxError, CancelOnDrop, Canceled, Cancellation, Cause, ErrorChain, Job, JobErrorKind, JobFn,
    JobId, NameError, ParamError, Params, ParseIdError, Permanent, PipelineName, Progress, RunContext, RunId,
    Transient, error_chain, job_fn,
};
pub use hook::{JobHook, JobInfo, Outcome, PipelineEnd, PipelineHook, PipelineInfo, StageEnd, StepInfo};
pub use job::PipelineJob;
pub use origin::{Lines, Origin, Place};
pub use pipeline::{Pipeline, PipelineBuilder};
pub use reader::{BlockingRead, BlockingSource, Reader, Source};
pub use records::{
    CellRef, CellVisitor, ConvertError, FieldError, Record, RecordMut, RecordRef, Records, RecordsBuilder,
    Rows, Shape, ShapeError, SlicesBuilder, SourceFormat, Type, Value, ValueRef, WrittenText, to_record,
    to_value,
};
pub use report::{IoCounts, RunReport, StepCounts};
pub use step::Concurrency;
pub use stop::Stop;
pub use unit::Unit;
pub use work::Work;
pub use writer::{BlockingSink, BlockingWrite, Sink, Writer};
