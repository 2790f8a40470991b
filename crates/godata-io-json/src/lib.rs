//! JSON for godata's pipelines: [`jsonl`] reads and writes JSON Lines, [`json`] one big array.
//!
//! # When to depend on this crate
//! Pipelines take the facade `godata`, which has this as `godata::jsonl` and `godata::json`. Take this crate where only
//! the engine `godata-etl` and JSON are wanted. It brings serde_json; CSV is in `godata-io-csv`.
//!
//! # Example
//! ```
//! use godata_core::RunContext;
//! use godata_etl::Pipeline;
//! use godata_io_json::jsonl;
//!
//! # let folder = tempfile::tempdir()?;
//! let orders = folder.path().join("orders.jsonl");
//! std::fs::write(&orders, "{\"id\":\"A-1\",\"amount\":10}\n{\"id\":\"A-2\",\"amount\":-1}\n")?;
//! let paid = folder.path().join("paid.jsonl");
//!
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
//! # Ok::<(), godata_core::BoxError>(())
//! ```
//!
//! # Errors
//! [`JsonError`] says what is wrong with a record; it is the cause of a
//! [`PipelineError`](godata_etl::PipelineError) that names the record, the file and the line. Files that can't be
//! opened, read or written are [`IoError`](godata_io::IoError)s.
//!
//! # Guarantees
//! * Bad input is an error that says where it is, never a panic, and nothing is left out silently.
//! * What is written reads back as the same record, floats to the last bit; a dynamic record's timestamps read back as
//!   text.
//! * A field of a dynamic record that no step changes is written with the digits that were read.
//! * Memory is bounded by the batches in flight, whatever the size of the file.

mod decode;
mod encode;
mod error;
mod excerpt;
pub mod json;
pub mod jsonl;
mod options;
#[cfg(test)]
mod strategies;
mod word;

pub use error::JsonError;
pub use options::DuplicateKeys;
