//! Testing your pipelines.
//!
//! # How do I test my steps?
//!
//! Put them in a function from flow to flow. The program calls it between `read` and `write`, and a test calls it with records that
//! it makes. [`collect`](Flow::collect) runs the flow and returns the records, without a file and without a writer:
//!
//! ```
//! use godata::prelude::*;
//!
//! fn paid_per_country(orders: Flow<Records>) -> Flow<Records> {
//!     orders
//!         .try_filter(|order| Ok(order.text("status")? == "paid"))
//!         .cast("amount", Type::Float)
//!         .group_by("country", Memory::mib(64))
//!         .aggregate([agg::count(), agg::sum("amount").named("total")])
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let orders = vec![
//!     record! {"country" => "DE", "status" => "paid", "amount" => "12.50"},
//!     record! {"country" => "DE", "status" => "open", "amount" => "3"},
//!     record! {"country" => "AT", "status" => "paid", "amount" => "7"},
//! ];
//! let totals = paid_per_country(Pipeline::builder("test").read_vec(orders).untyped()).collect(10).await?;
//! assert_eq!(totals, [
//!     record! {"country" => "AT", "count" => 1, "total" => 7},
//!     record! {"country" => "DE", "count" => 1, "total" => 12.5},
//! ]);
//!
//! // A bad row: which step rejects it, and with which words.
//! let orders = vec![record! {"country" => "DE", "status" => "paid", "amount" => "1OO"}];
//! let flow = paid_per_country(Pipeline::builder("test").read_vec(orders).untyped());
//! let error = flow.collect(10).await.unwrap_err();
//! let says = "step[2] (cast) failed at record 1: field `amount`: expected a number, found text `1OO`";
//! assert_eq!(format!("{error:#}"), says);
//! # Ok(())
//! # }
//! ```
//!
//! [`read_vec`](PipelineBuilder::read_vec) with [`untyped`](Flow::untyped) makes dynamic records, and counts as the first step. A
//! closure that does more than one thing is a function of its own, `fn(RecordRef<'_>) -> Result<…>`, and needs no pipeline to be
//! tested: [`Record::as_ref`] makes what it takes.
//!
//! # How do I test the whole pipeline?
//!
//! Let a function build it from its input and its output, and run it on a small file in a temporary directory. That tests the
//! options of the formats too: names, delimiters, types. [`Input::bytes`](crate::Input::bytes) is a file in memory.
//!
//! ```
//! use godata::prelude::*;
//! use godata::BuildError;
//!
//! fn cleanup(input: Input, output: Output) -> Result<Pipeline, BuildError> {
//!     Pipeline::builder("cleanup")
//!         .read(csv::read_records(input).delimiter(b';'))
//!         .cast("amount", Type::Float)
//!         .write(jsonl::write(output))
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! let folder = tempfile::tempdir()?;
//! let output = folder.path().join("orders.jsonl");
//! let input = Input::bytes("orders.csv", "id;amount\nA-1;12.50\n");
//! let report = cleanup(input, Output::path(&output))?.run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&output)?, "{\"id\":\"A-1\",\"amount\":12.50}\n");
//! assert_eq!((report.read.records, report.written.records, report.rejected()), (1, 1, 0));
//! # Ok(())
//! # }
//! ```
//!
//! Compare the text of the output, not only the number of its records. If it is long, keep it in a file in the repository. The
//! order of the records is that of the input, whatever the number of workers, unless the pipeline is
//! [`unordered`](PipelineBuilder::unordered).
//!
//! A pipeline that depends on its parameters or its due time gets them from the context:
//! `RunContext::new().with_param("day", "2026-01-31")`, [`with_due`](crate::RunContext::with_due).
//!
//! # How do I make it fail?
//!
//! With the feature `testing`, in the dev-dependencies:
//!
//! ```toml
//! [dev-dependencies]
//! godata = { version = "0.1", features = ["testing"] }
//! ```
//!
//! [`Script`] is a reader that says what is read and what goes wrong. [`Captured`] is a writer that keeps what was committed. So the
//! pipeline takes any reader and any writer:
//!
//! ```
//! use godata::etl::testing::{Captured, Script};
//! use godata::prelude::*;
//! use godata::{BuildError, Limit, OnError, Reader, Writer};
//!
//! fn doubled(
//!     reader: impl Reader<Batch = Vec<u32>>,
//!     writer: impl Writer<Vec<u32>>,
//!     letters: Captured<Record>,
//! ) -> Result<Pipeline, BuildError> {
//!     let on_error = OnError::dead_letter(letters, Limit::records(1));
//!     Pipeline::builder("doubled").on_error(on_error).read(reader).map(|n| n * 2).write(writer)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let (written, letters, cx) = (Captured::new(), Captured::new(), RunContext::new());
//!
//! // One bad row becomes a dead letter.
//! let reader = Script::new().rows([1, 2]).bad_row("not a number").rows([3]);
//! let report = doubled(reader, written.clone(), letters.clone())?.run(&cx).await?;
//! assert_eq!((written.visible(), report.rejected()), (vec![2, 4, 6], 1));
//! assert_eq!(letters.visible()[0].text("error")?, "not a number");
//!
//! // Two are too many. The output stays as it was.
//! let reader = Script::new().bad_row("torn").rows([9]).bad_row("torn");
//! let error = doubled(reader, written.clone(), letters.clone())?.run(&cx).await.unwrap_err();
//! assert_eq!(error.to_string(), "2 of 3 records were rejected; the limit is 1 record");
//! assert_eq!(written.visible(), [2, 4, 6]);
//!
//! // The source is away for a moment. An orchestrator retries that, if the registration has a policy.
//! let reader = Script::new().rows([9]).transient("the connection was lost");
//! let error = doubled(reader, written.clone(), letters.clone())?.run(&cx).await.unwrap_err();
//! assert!(matches!(error, PipelineError::Read { .. }));
//!
//! // The disk is full when the output is committed.
//! let full = written.clone().fail_commit("no space left");
//! let error = doubled(Script::new().rows([9]), full, letters)?.run(&cx).await.unwrap_err();
//! assert_eq!(format!("{error:#}"), "write failed: no space left");
//! assert_eq!(written.visible(), [2, 4, 6]);
//! # Ok(())
//! # }
//! ```
//!
//! | to test | use |
//! |---|---|
//! | records in batches of your choice | [`Script::rows`], one batch for each call |
//! | a row that can't be decoded | [`Script::bad_row`] |
//! | a source that fails for good, or for now | [`Script::fail`], [`Script::transient`] |
//! | a source that is slow | [`Script::wait`] with a [`Gate`] |
//! | a target that fails | [`Captured::fail_write`], [`Captured::fail_commit`] |
//! | what is in the dead letters | a `Captured<Record>` for [`OnError::dead_letter`] |
//! | what a step does without memory | [`Memory::mib(0)`](crate::Memory::mib), which writes all records to temporary files |
//!
//! # How do I test without waiting?
//!
//! A test that sleeps is slow, and fails on a busy machine. A [`Gate`] stops the reader until the test opens it, so that something
//! can happen in the middle of a run:
//!
//! ```
//! use godata::etl::testing::{Captured, Gate, Script};
//! use godata::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let (reached, closed, written) = (Gate::new(), Gate::new(), Captured::new());
//! let reader = Script::new().rows([1]).wait(&closed).rows([2]);
//! let pipeline = Pipeline::builder("stopped")
//!     .read(reader)
//!     .inspect({
//!         let reached = reached.clone();
//!         move |_| reached.open()
//!     })
//!     .write(written.clone())?;
//!
//! let cx = RunContext::new();
//! let cancellation = cx.cancellation().clone();
//! let running = tokio::spawn(async move { pipeline.run(&cx).await });
//! reached.opened().await;
//! cancellation.cancel();
//! assert!(matches!(running.await?, Err(PipelineError::Canceled { .. })));
//! assert!(written.visible().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A schedule has no clock. Ask it for the instants after one of your choice; a night in which the clocks change is worth a test:
//!
//! ```
//! use godata::scheduler::{AnySchedule, Schedule, ScheduleExt};
//! use godata::time::UtcDateTime;
//!
//! let schedule: AnySchedule = "daily 02:30 Europe/Berlin".parse()?;
//! let friday = UtcDateTime::from_unix_timestamp(1_774_612_800)?; // 2026-03-27, 12:00 UTC
//! let due: Vec<_> = schedule.upcoming(friday).take(2).map(|due| due.to_string()).collect();
//! assert_eq!(due, ["2026-03-28 1:30:00.0 +00", "2026-03-29 1:00:00.0 +00"]);
//! # Ok::<(), godata::BoxError>(())
//! ```
//!
//! An orchestrator takes its time from a [`ManualClock`](crate::ManualClock), which stands still until the test moves it:
//!
//! ```
//! use std::time::Duration;
//!
//! use godata::orchestrator::{Event, Orchestrator};
//! use godata::prelude::*;
//! use godata::scheduler::every;
//! use godata::time::UtcDateTime;
//! use godata::{ManualClock, MemoryStore, Runner};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let clock = ManualClock::new(UtcDateTime::from_unix_timestamp(1_767_225_600)?);
//! let runner = Runner::builder().clock(clock.clone()).build()?;
//! let orchestrator = Orchestrator::builder(MemoryStore::new(), runner).clock(clock.clone()).build()?;
//! let hourly = every(Duration::from_secs(3_600))?;
//! orchestrator.register(job_fn("import", |_cx| async { Ok(()) }), hourly).await?;
//! let mut events = orchestrator.events();
//! orchestrator.start_scheduler().await?;
//!
//! clock.advance(Duration::from_secs(3_600));
//! loop {
//!     match events.next().await {
//!         Some(Ok(Event::Ended(run))) => break assert_eq!(run.status, godata::RunStatus::Succeeded),
//!         Some(_) => {}
//!         None => panic!("the orchestrator has ended"),
//!     }
//! }
//! orchestrator.shutdown(Duration::ZERO).await;
//! # Ok(())
//! # }
//! ```
//!
//! What sleeps with tokio's timer, such as a `map_async` that waits between two calls, runs in no time under
//! `#[tokio::test(start_paused = true)]`.
//!
//! # What should I test, and what not?
//!
//! | test | because |
//! |---|---|
//! | your steps, on the rows that surprised you: empty cells, the last day of a month, a refund, a name with a comma | these are your rules, and nobody else tests them |
//! | that a bad row is rejected, and with which reason | a row that passes by mistake is noticed months later |
//! | that the columns of a real file are found, with a copy of its first lines | they are renamed without notice |
//! | that a second run does no harm, if you write to a database or a service | a run that failed is run again |
//! | the day on which a schedule and a clock change meet | it comes twice a year |
//!
//! Leave to the tests of these crates: that a file is replaced as a whole or not at all, that the order is kept with many
//! workers, what is quoted in CSV, that a sort spills and is still right, that a retry waits. A store of your own is checked by
//! `godata_core::conformance`, with the feature `conformance`.

#[cfg(all(doc, feature = "testing"))]
use crate::etl::testing::{Captured, Gate, Script};
#[cfg(doc)]
use crate::{Flow, OnError, PipelineBuilder, Record};
