//! CSV files as the input and output of godata pipelines.
//!
//! * [`read`] makes a struct of each record, [`read_records`] a dynamic record, and [`write()`] takes both.
//! * [`sample()`] says what columns a file has and of what types they are.
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
//! # What can be written
//! Whatever an [`Output`](godata_io::Output) can be: a file, files of a certain size, a file for each value of a field,
//! standard output; compressed, replaced as a whole or appended to. Each file has the header, and all of a run have
//! the same.
//!
//! A file that is [appended to](godata_io::Output::append) gets no second header. Its own must have the names of the
//! records in their order, or the run fails with [`CsvError::OldHeader`]; with [`no_header`](CsvWriter::no_header)
//! nothing is compared. A last line without its end is ended.
//!
//! ```
//! use godata_core::RunContext;
//! use godata_etl::Pipeline;
//! use godata_io::Output;
//! use godata_io_csv as csv;
//!
//! # let folder = tempfile::tempdir()?;
//! # let orders = folder.path().join("orders.csv");
//! std::fs::write(&orders, "id,country\nA-1,DE\nA-2,FR\nA-3,DE\n")?;
//!
//! let countries = folder.path().join("{country}.csv").display().to_string();
//! Pipeline::builder("countries")
//!     .read(csv::read_records(&orders))
//!     .write(csv::write(Output::partitioned(countries)))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(folder.path().join("DE.csv"))?, "id,country\nA-1,DE\nA-3,DE\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format
//! RFC 4180, read leniently:
//!
//! * Records end with LF, CRLF or CR, in any mixture; blank lines are passed over.
//! * A cell that begins with a quote (`"`) goes to the closing quote, over delimiters and line breaks; a quote in it is
//!   doubled. Bytes after the closing quote and quotes elsewhere stand for themselves.
//! * The text is UTF-8, unless [`Input::encoding`](godata_io::Input::encoding) says otherwise; a byte order mark is
//!   passed over. Spaces belong to the cells (section 2.4).
//! * The first line has the names of the columns, each of them once. [`CsvReader::no_header`] and
//!   [`CsvReader::names`] are for files without it.
//!
//! What is written has LF and quotes only where they are needed.
//!
//! # Speed
//! A block is cut into cells 64 bytes at a time, and its cells stay where they are. That takes records with as many cells
//! as there are columns and with quotes as RFC 4180 has them; [`escape`](CsvReader::escape),
//! [`comment`](CsvReader::comment), [`nulls`](CsvReader::nulls) and trimmed fields are not for it. A block that has
//! anything else is read record by record, by the `csv` crate: the same records and errors, in three to four times the
//! time. So is a block of structs with a cell that only that crate takes, such as `0x1F` for a number; and every block of
//! structs with fields of a rare type, such as `i128`, or that are flattened or untagged.
//!
//! # Which option do I need
//! Of a reader:
//!
//! | The file | Option | Without it |
//! |---|---|---|
//! | has semicolons or tabs between cells | [`delimiter`](CsvReader::delimiter) | a comma |
//! | has `'` around cells | [`quote`](CsvReader::quote) | `"` |
//! | has quotes in the text and none around it | [`no_quotes`](CsvReader::no_quotes) | `"` at the begin of a cell opens a quoted one |
//! | has `\"` for a quote in a quoted cell | [`escape`](CsvReader::escape) | quotes are doubled |
//! | has lines with `#` that are no data | [`comment`](CsvReader::comment) | all lines are data |
//! | has a title above the header | [`skip_lines`](CsvReader::skip_lines) | the first record is the header |
//! | has no header | [`no_header`](CsvReader::no_header), [`names`](CsvReader::names) | it has one |
//! | has spaces around cells | [`trim`](CsvReader::trim) | they belong to the cells |
//! | has records that are too short | [`Ragged::Pad`] | an error |
//! | has records that are too long, too | [`Ragged::Cut`] | an error |
//! | says `NA` or `NULL` where there is no value | [`nulls`](CsvReader::nulls) | that is text, and an empty cell is empty text (`None` for a struct) |
//! | is not UTF-8 | [`Input::encoding`](godata_io::Input::encoding) | an error that names the cell |
//! | is unknown to me | [`sample()`] | |
//!
//! Of a writer:
//!
//! | The file is for | Option | Without it |
//! |---|---|---|
//! | a spreadsheet that wants semicolons or tabs | [`delimiter`](CsvWriter::delimiter) | a comma |
//! | a tool that keeps to RFC 4180 | [`terminator`](CsvWriter::terminator) with [`Terminator::CrLf`] | LF |
//! | a tool that takes quoted cells for text, others for numbers | [`quoting`](CsvWriter::quoting) with [`Quoting::NonNumeric`] | quotes where they are needed |
//! | a tool that wants quotes everywhere | [`quoting`](CsvWriter::quoting) with [`Quoting::Always`] | quotes where they are needed |
//! | a tool with other quotes, or with escapes | [`quote`](CsvWriter::quote), [`escape`](CsvWriter::escape) | `"`, doubled |
//! | a database that tells null from empty text | [`null`](CsvWriter::null) | both are empty cells |
//! | a tool that counts on certain columns | [`columns`](CsvWriter::columns) | the fields of the first batch |
//! | a tool that wants no header | [`no_header`](CsvWriter::no_header) | a header |
//! | people with a spreadsheet, with what strangers have entered | [`guard_formulas`](CsvWriter::guard_formulas) | cells are written as they are |
//!
//! What was written with `null` reads back equal with [`nulls`](CsvReader::nulls) of the same word. A file that is read
//! with [`comment`](CsvReader::comment) is best written with [`Quoting::Always`], lest a first cell begins with the
//! byte.
//!
//! # Errors
//! [`CsvError`], and [`IoError`](godata_io::IoError) for the file itself, both as the source of a
//! [`PipelineError`](godata_etl::PipelineError) that names the record, the file and the line:
//! ``read failed at record 102 (orders.csv:103): column `amount`: `abc`: invalid float literal``.
//!
//! # Guarantees
//! * A record is decoded as it stands in the file, or the run fails; nothing is passed over but blank lines, and
//!   what options say.
//! * Records are decoded on the workers; the number of workers does not change what a run makes of a file.
//! * The output is replaced as a whole when the run succeeds, or added to, or as it was; see
//!   [`Output`](godata_io::Output).

mod blame;
mod cells;
mod columns;
mod decode;
mod dialect;
mod encode;
mod error;
mod format;
mod framing;
mod open;
mod quoting;
mod reader;
mod realign;
mod sample;
mod source;
mod split;
mod structure;
mod typed;
mod writer;

pub use cells::Trim;
pub use columns::Ragged;
pub use error::{Column, CsvError};
pub use quoting::{Quoting, Terminator};
pub use reader::{CsvReader, read, read_records};
pub use sample::{CastAs, Sample, SampleColumn, sample};
pub use writer::{CsvWriter, write};
