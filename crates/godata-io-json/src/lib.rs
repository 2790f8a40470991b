//! JSON readers and writers for godata pipelines: [`jsonl`] for JSON Lines, [`json`] for one big array.
//!
//! # When to take this crate
//!
//! Take this crate for pipelines over JSON alone. It brings the engine along: [`Pipeline`], [`Flow`], [`Record`] and
//! whatever else a pipeline needs are at its root, all of the engine is in [`etl`], and all of inputs and outputs in
//! [`io`]. The facade `godata` has this crate as `godata::jsonl` and `godata::json`, with CSV, schedules and an
//! orchestrator beside it. For CSV alone, take `godata-io-csv`.
//!
//! # Example
//!
//! A program that keeps the paid orders of a file. In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! godata-io-json = "0.1"
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! In `src/main.rs`:
//!
//! ```
//! use godata_io_json::{BoxError, Pipeline, RunContext, jsonl};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Order {
//!     id: String,
//!     amount: f64,
//! }
//!
//! fn main() -> Result<(), BoxError> {
//!     # let folder = tempfile::tempdir()?;
//!     # std::env::set_current_dir(&folder)?;
//!     std::fs::write("orders.jsonl", "{\"id\":\"A-1\",\"amount\":12.5}\n{\"id\":\"A-2\",\"amount\":0}\n")?;
//!
//!     let pipeline = Pipeline::builder("paid")
//!         .read(jsonl::read::<Order>("orders.jsonl"))
//!         .filter(|order| order.amount > 0.0)
//!         .write(jsonl::write("paid.jsonl"))?;
//!     let report = pipeline.run_blocking(&RunContext::new())?;
//!
//!     assert_eq!(report.written.records, 1);
//!     assert_eq!(std::fs::read_to_string("paid.jsonl")?, "{\"id\":\"A-1\",\"amount\":12.5}\n");
//!     Ok(())
//! }
//! ```
//!
//! The same without a type, by the names of the fields:
//!
//! ```
//! use godata_io_json::{BoxError, Pipeline, RunContext, jsonl};
//!
//! # fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! # let (orders, paid) = (folder.path().join("orders.jsonl"), folder.path().join("paid.jsonl"));
//! # std::fs::write(&orders, "{\"id\":\"A-1\",\"amount\":10}\n{\"id\":\"A-2\",\"amount\":-1}\n")?;
//! let pipeline = Pipeline::builder("paid")
//!     .read(jsonl::read_records(orders))
//!     .try_filter(|order| Ok(order.f64("amount")? > 0.0))
//!     .transform(|order| {
//!         order.set("gross", order.f64("amount")? * 1.25);
//!         Ok(())
//!     })
//!     .write(jsonl::write(&*paid))?;
//! pipeline.run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&paid)?, "{\"id\":\"A-1\",\"amount\":10,\"gross\":12.5}\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! A run fails with a [`PipelineError`] that names the record, the file and the line. Its source is a [`JsonError`], which
//! says what is wrong with the record, or an [`IoError`], if a file can't be opened, read or written.
//!
//! # Bad records
//!
//! A record that can't be read fails the run. With [`on_error`](PipelineBuilder::on_error) it is left out, alone, and the others
//! keep their numbers and lines. That takes a record whose end is certain:
//!
//! | Records | Where a bad record ends |
//! |---|---|
//! | lines | at the line feed |
//! | elements of an array | where its brackets and quotes do, before the comma or the `]` |
//! | concatenated values | where their brackets and quotes do |
//!
//! | The record | Kind | A line | An element, a value |
//! |---|---|---|---|
//! | does not fit the type, or is not an object | `type` | is left out | is left out |
//! | has a key twice | `duplicate_key` | is left out | is left out |
//! | is nested too deep | `syntax` | is left out | is left out |
//! | is not UTF-8 | `encoding` | is left out | is left out |
//! | has a NUL | `nul` | is left out | is left out |
//! | has a bad number, word or escape, a control character in a string, or a comma before a closing bracket | `syntax` | is left out | is left out |
//! | lacks a bracket, a quote, a colon or a comma, or has one too many | `syntax` | is left out | fails the run |
//! | does not end before the file does | `syntax` | is left out | fails the run |
//! | is longer than 64 MiB | | fails the run | fails the run |
//!
//! If several rows apply, the last of them counts. Where a bracket or a quote is missing, an element or a value goes on through the
//! records after it, and nothing tells how many of them are inside it. So it is never left out, and the error says where its
//! structure is broken. Text between elements or around the array that is not JSON fails the run, too.
//!
//! Damage goes unnoticed if what remains is JSON, such as `1 2` without its space.
//!
//! ```
//! use godata_io_json::etl::{Limit, OnError};
//! use godata_io_json::{BoxError, Input, Pipeline, RunContext, jsonl};
//!
//! # fn main() -> Result<(), BoxError> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("good.jsonl");
//! let orders = |text: &str| {
//!     Pipeline::builder("orders")
//!         .on_error(OnError::skip(Limit::records(10)))
//!         .read(jsonl::read_records(Input::bytes("orders", text)).concatenated())
//!         .write(jsonl::write(&*path))
//! };
//! let report = orders(r#"{"id":1} {"id":NaN} {"id":3}"#)?.run_blocking(&RunContext::new())?;
//! assert_eq!((report.written.records, report.rejected()), (2, 1));
//!
//! let error = orders(r#"{"id":1} {"id":2 {"id":3}"#)?.run_blocking(&RunContext::new()).unwrap_err();
//! assert!(format!("{error:#}").starts_with("read failed: orders:1: column 18: expected `,` or `}`"));
//! # Ok(())
//! # }
//! ```
//!
//! [`dead_letters`] reads what [`OnError::dead_letter`](etl::OnError::dead_letter) has written, and replays the records.
//!
//! # Guarantees
//!
//! * Bad input is an error that says where it is. It never panics, and no record is left out silently.
//! * What is written reads back as the same record, floats to the last bit. The timestamps of a dynamic record read back as
//!   text.
//! * A field of a dynamic record that no step changes is written with the digits that were read.
//! * Memory is bounded by the batches in flight, whatever the size of the file.
//!
//! # Features
//!
//! `gzip`, `zstd` and `bzip2`, all on by default, read and write compressed files. `zstd` builds a C library.

mod dead_letters;
mod decode;
mod encode;
mod error;
pub mod json;
pub mod jsonl;
mod located;
mod options;
#[cfg(test)]
mod strategies;
mod values;
mod word;

pub use dead_letters::{DeadLetter, DeadLetters, ReplayError, dead_letters};
pub use error::JsonError;
#[doc(no_inline)]
pub use godata_core::{BoxError, RunContext, time};
#[doc(no_inline)]
pub use godata_etl as etl;
#[doc(no_inline)]
pub use godata_etl::{
    BuildError, Cast, Decimal, Flow, Pipeline, PipelineBuilder, PipelineError, Record, RecordMut, RecordRef,
    Records, RunReport, Type, Value, record,
};
#[doc(no_inline)]
pub use godata_io as io;
#[doc(no_inline)]
pub use godata_io::{Compression, Encoding, Input, IoError, Output};
pub use options::DuplicateKeys;

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
