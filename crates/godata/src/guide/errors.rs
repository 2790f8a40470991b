//! When things go wrong.
//!
//! # What happens to a bad row?
//!
//! It ends the run, with its file, line, column and value, and the old output stays. That is the default, because a
//! row that is silently left out is noticed months later. To go on without bad rows, say how many there may be, and what becomes
//! of them:
//!
//! ```
//! use godata::prelude::*;
//! use godata::{Limit, OnError, csv, jsonl};
//!
//! # fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("orders.csv", "id,amount\nA-1,12.50\nA-2,1OO\nA-3\nA-4,-1\n")?;
//! let orders = |on_error| {
//!     Pipeline::builder("orders")
//!         .on_error(on_error)
//!         .read(csv::read_records("orders.csv"))
//!         .cast("amount", Type::Float)
//!         .expect("the amount is positive", |order| order.f64("amount").is_ok_and(|amount| amount > 0.0))
//!         .write(jsonl::write("good.jsonl"))
//! };
//! let cx = RunContext::new();
//!
//! // As without `on_error`.
//! let error = orders(OnError::fail())?.run_blocking(&cx).unwrap_err();
//! let says = "read failed at record 3 (orders.csv:4): wrong number of columns: expected 2, found 1";
//! assert_eq!(format!("{error:#}"), says);
//!
//! // Left out, and counted.
//! let report = orders(OnError::skip(Limit::records(10)))?.run_blocking(&cx)?;
//! assert_eq!((report.written.records, report.rejected()), (1, 3));
//!
//! // Left out, and written to a file of their own.
//! let on_error = OnError::dead_letter(jsonl::write("bad.jsonl"), Limit::records(10));
//! orders(on_error)?.run_blocking(&cx)?;
//! let letters = godata::dead_letters("bad.jsonl")?;
//! let why: Vec<_> = letters.iter().map(|letter| (letter.line, letter.kind.as_str(), letter.raw.as_deref())).collect();
//! assert_eq!(why, [
//!     (Some(3), "type", Some("A-2,1OO\n")),
//!     (Some(4), "columns", Some("A-3\n")),
//!     (Some(5), "expectation", Some("A-4,-1\n")),
//! ]);
//!
//! // Too many.
//! let error = orders(OnError::skip(Limit::records(2)))?.run_blocking(&cx).unwrap_err();
//! assert_eq!(error.to_string(), "3 of 4 records were rejected; the limit is 2 records");
//! # Ok(())
//! # }
//! ```
//!
//! [`Limit`] is a number, a share of the records that were read, or both. It is exact, however many workers there are:
//!
//! | | fails the run |
//! |---|---|
//! | `Limit::records(100)` | at the 101st bad record |
//! | `Limit::share(0.005)` | at the end of the input, if more than 0.5 % of its records are bad |
//! | `Limit::share(0.005).after(1_000)` | also earlier: from record 1000 on, once the share is exceeded |
//! | `Limit::records(100).and_share(0.005)` | if either is exceeded |
//!
//! A run that fails for this has no letters, as it has no output. Its error names the first bad record, `error.report()` has the
//! [first ten](RunReport::rejections), and [`on_reject`](PipelineHook::on_reject) sees each. To get all letters, run with a
//! higher limit.
//!
//! # What can be left out?
//!
//! Only what is wrong with one record. Everything else fails the run, even with [`on_error`](PipelineBuilder::on_error):
//!
//! | what goes wrong | with `OnError::skip` or `OnError::dead_letter` |
//! |---|---|
//! | a record can't be decoded | it is left out |
//! | an element of a JSON array, or a concatenated JSON value, has broken brackets or quotes, so later records may be inside it | the run fails |
//! | a step returns an error for a record | it is left out |
//! | a record fails an [`expect`](Flow::expect) | it is left out |
//! | the format of the output can't hold a value of a record | it is left out |
//! | more records are left out than the limit allows | the run fails |
//! | a step asks for a name that no record has | the run fails |
//! | a service that a step asks is down, and the error has an [`io::Error`](std::io::Error) about a connection in its chain | the run fails |
//! | a service that a step asks is down, and the step says so with [`Transient`] | the run fails |
//! | a step panics | the run fails |
//! | an input is missing, cut off, damaged, or changed while it is read | the run fails |
//! | the output can't be written: no space is left, or the directory is missing | the run fails |
//! | the dead letters can't be written | the run fails |
//!
//! So a service that is down for a minute does not send a whole file to the dead letters. A step whose client has errors of
//! another kind marks them: `.map_err(Transient::new)?`. An orchestrator retries such a run if its registration has a retry
//! policy. It does not retry a run with more bad records than the limit allows.
//!
//! # What is on the disk after a failure?
//!
//! If a run fails, panics or is canceled, its output and its dead letters are what they were before, with one exception: if making
//! the output visible fails at the end, the new letters are visible already. If its process is killed, or the power fails, an
//! output that replaces a file is the old file or the new one as a whole.
//! [What is on disk when a run ends?](super::files#what-is-on-disk-when-a-run-ends) has the other kinds of outputs.
//!
//! The dead letters become visible just before the output. If the process is killed between the two, the new letters are there
//! with the old output; the next run replaces both.
//!
//! The letters of a run replace those of the run before, also if it rejects no record. To keep them, append to the file, or give
//! each run a file of its own with [`OnError::dead_letter_with`].
//!
//! After a kill, an orchestrator whose recovery is [`Recovery::Rerun`](crate::Recovery) runs it again.
//!
//! # How do I replay rejected rows?
//!
//! [`dead_letters`](crate::dead_letters) reads the letters, and its `input` has the rows as they were, with their header. Mend the
//! pipeline, or edit `raw` in the letters, and let the same reader and the same steps take that input:
//!
//! ```
//! # use godata::prelude::*;
//! # use godata::{Input, Limit, OnError, Output, csv, jsonl};
//! # fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! # std::fs::write("orders.csv", "id,amount\nA-1,12.50\nA-2,1OO\n")?;
//! let orders = |input: Input, output: Output, letters: &str| {
//!     Pipeline::builder("orders")
//!         .on_error(OnError::dead_letter(jsonl::write(letters), Limit::records(10)))
//!         .read(csv::read_records(input))
//!         .cast("amount", Type::Float)
//!         .write(jsonl::write(output))
//! };
//! let cx = RunContext::new();
//! orders(Input::path("orders.csv"), Output::path("good.jsonl"), "bad.jsonl")?.run_blocking(&cx)?;
//!
//! // Someone mends the row, and the file is moved away: a second replay would append its rows again.
//! let mended = std::fs::read_to_string("bad.jsonl")?.replace("1OO", "100");
//! std::fs::write("mended.jsonl", mended)?;
//! std::fs::remove_file("bad.jsonl")?;
//!
//! let input = godata::dead_letters("mended.jsonl")?.input()?;
//! orders(input, Output::path("good.jsonl").append(), "bad.jsonl")?.run_blocking(&cx)?;
//! assert_eq!(std::fs::read_to_string("good.jsonl")?.lines().count(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! Each row is a source of its own, named after its place, such as `orders.csv:3`. Without letters, the input has no records. A row
//! of which [`flat_map`](Flow::flat_map) made several comes back whole. The letters must be JSON Lines. If they come from files
//! with different headers, `inputs` has an input for each. The example `replay` is a whole program. Records of readers that have no
//! bytes, such as [`read_iter`](PipelineBuilder::read_iter), have a letter without `raw`, and can't be replayed.
//!
//! # Where do I see how many rows were left out?
//!
//! * [`RunReport::rejected`] is their number, each stage has its own, and [`RunReport::rejections`] has the first ten with
//!   their causes. The numbers add up: the rows of the input are `read.records + read.rejected`, and `read.records` are those that were
//!   written, dropped, or rejected by a step or the output, if no step makes several records of one.
//! * `counts.records_rejected` of the run's row in a store and of its `Ended` event, with the counts of each stage in `report`. The
//!   table of runs says it too.
//! * [`PipelineHook::on_reject`] is called for each, in the order of the input.
//! * A line in the log, at the end of the run.
//! * The dead letters.

#[cfg(doc)]
use crate::{Flow, Limit, OnError, PipelineBuilder, PipelineHook, RunReport, Transient};
