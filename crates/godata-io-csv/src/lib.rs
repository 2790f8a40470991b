//! CSV files as the input and output of godata pipelines.
//!
//! * [`read`] makes a struct of each record, [`read_records`] a dynamic record, and [`write()`] takes both.
//! * Take `godata-io-json` for JSON Lines; the two can be mixed in one pipeline.
//!
//! # Example
//! ```
//! use godata_core::RunContext;
//! use godata_etl::Pipeline;
//! use godata_io_csv as csv;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Order {
//!     id: String,
//!     amount: f64,
//!     coupon: Option<String>,
//! }
//!
//! # let folder = tempfile::tempdir()?;
//! # let orders = folder.path().join("orders.csv");
//! # let large = folder.path().join("large.csv");
//! std::fs::write(&orders, "id,amount,coupon\nA-1,12.5,\nA-2,7.25,SPRING\n")?;
//!
//! Pipeline::builder("large-orders")
//!     .read(csv::read::<Order>(&orders))
//!     .filter(|order| order.amount > 10.0)
//!     .write(csv::write(&large))?
//!     .run_blocking(&RunContext::new())?;
//!
//! assert_eq!(std::fs::read_to_string(&large)?, "id,amount,coupon\nA-1,12.5,\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What can be read
//! Whatever an [`Input`](godata_io::Input) can be: a file, several, a glob, a directory, standard input, bytes; plain or
//! compressed with gzip, zstd or bzip2. Files of one input are read as if they were one, where each has a header with
//! the same names in the same order, or [none has](CsvReader::no_header).
//!
//! ```
//! use godata_core::RunContext;
//! use godata_etl::Pipeline;
//! use godata_io::Input;
//! use godata_io_csv as csv;
//!
//! # let folder = tempfile::tempdir()?;
//! # let (january, february) = (folder.path().join("01.csv"), folder.path().join("02.csv"));
//! # let all = folder.path().join("all.txt");
//! std::fs::write(&january, "id,amount\nA-1,12.5\n")?;
//! std::fs::write(&february, "id,amount\nA-2,7.25\n")?;
//!
//! let months = folder.path().join("*.csv").display().to_string();
//! Pipeline::builder("months")
//!     .read(csv::read_records(Input::glob(months)))
//!     .write(csv::write(&all))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&all)?, "id,amount\nA-1,12.5\nA-2,7.25\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format
//! RFC 4180, read leniently:
//!
//! * Records end with LF, CRLF or CR, in any mixture; blank lines are passed over.
//! * A cell that begins with a quote (`"`) goes to the closing quote, over delimiters and line breaks; a quote in it is
//!   doubled. Bytes after the closing quote and quotes elsewhere stand for themselves.
//! * The text is UTF-8; a byte order mark is passed over. Spaces belong to the cells.
//! * The first line has the names of the columns, each of them once. [`CsvReader::no_header`] and
//!   [`CsvReader::names`] are for files without it.
//!
//! What is written has LF and quotes only where they are needed.
//!
//! # Errors
//! [`CsvError`], and [`IoError`](godata_io::IoError) for the file itself, both as the source of a
//! [`PipelineError`](godata_etl::PipelineError) that names the record, the file and the line:
//! ``read failed at record 102 (orders.csv:103): column `amount`: `abc`: invalid float literal``.
//!
//! # Guarantees
//! * A record is decoded as it stands in the file, or the run fails; nothing is passed over but blank lines.
//! * Records are decoded on the workers; the number of workers does not change what a run makes of a file.
//! * The output is replaced as a whole when the run succeeds; see [`Output`](godata_io::Output).

mod blame;
mod columns;
mod decode;
mod delimiter;
mod encode;
mod error;
mod framing;
mod open;
mod quoting;
mod reader;
mod realign;
mod sink;
mod source;
mod writer;

pub use columns::Ragged;
pub use error::{Column, CsvError};
pub use reader::{CsvReader, read, read_records};
pub use writer::{CsvWriter, write};
