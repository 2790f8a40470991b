//! CSV files as the input and output of godata pipelines.
//!
//! * [`read`] reads each record into a struct, [`read_records`] into a dynamic record, and [`write()`] writes both.
//! * [`sample()`] guesses the columns of a file and their types.
//!
//! # When to use this crate
//!
//! This crate alone is enough for pipelines from CSV to CSV: it re-exports the parts of the engine and of the file
//! layer that such a program needs, and the whole engine as [`etl`]. Add `godata-io-json` to mix in JSON Lines. Take
//! the facade `godata` for schedules, a runner and a store as well.
//!
//! # Example
//!
//! A program that keeps the large orders, with its dependencies:
//!
//! ```toml
//! [dependencies]
//! godata-io-csv = "0.1"
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! ```standalone_crate
//! use godata_io_csv::{self as csv, BoxError, Pipeline, RunContext};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Order {
//!     id: String,
//!     amount: f64,
//!     coupon: Option<String>,
//! }
//!
//! fn main() -> Result<(), BoxError> {
//! #   let folder = tempfile::tempdir()?;
//! #   std::env::set_current_dir(&folder)?;
//!     std::fs::write("orders.csv", "id,amount,coupon\nA-1,12.5,\nA-2,7.25,SPRING\n")?;
//!
//!     let pipeline = Pipeline::builder("large-orders")
//!         .read(csv::read::<Order>("orders.csv"))
//!         .filter(|order| order.amount > 10.0)
//!         .write(csv::write("large.csv"))?;
//!     let report = pipeline.run_blocking(&RunContext::new())?;
//!
//!     assert_eq!((report.read.records, report.written.records), (2, 1));
//!     assert_eq!(std::fs::read_to_string("large.csv")?, "id,amount,coupon\nA-1,12.5,\n");
//!     Ok(())
//! }
//! ```
//!
//! The same with dynamic records, whose fields are known only by name:
//!
//! ```
//! use godata_io_csv::{self as csv, Pipeline, RunContext, Type};
//!
//! # let folder = tempfile::tempdir()?;
//! # let orders = folder.path().join("orders.csv");
//! # let large = folder.path().join("large.csv");
//! std::fs::write(&orders, "id,amount,coupon\nA-1,12.5,\nA-2,7.25,SPRING\n")?;
//!
//! Pipeline::builder("large-orders")
//!     .read(csv::read_records(&orders))
//!     .cast("amount", Type::Float)
//!     .try_filter(|order| Ok(order.f64("amount")? > 10.0))
//!     .write(csv::write(&large))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&large)?, "id,amount,coupon\nA-1,12.5,\n");
//! # Ok::<(), csv::BoxError>(())
//! ```
//!
//! # Reading
//!
//! Every [`Input`]: a file, several files, a glob, a directory, standard input or bytes; uncompressed or compressed
//! with gzip, zstd or bzip2. The files of one input are read as if they were one file. Each must have a header with
//! the same names in the same order, or [none of them has a header](CsvReader::no_header). Options read files with
//! [other columns](CsvReader::file_columns), with a header [in the first of them only](CsvReader::header_in_first_file),
//! and [empty files](CsvReader::skip_empty_files).
//!
//! ```
//! use godata_io_csv::{self as csv, Input, Pipeline, RunContext};
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
//! # Ok::<(), csv::BoxError>(())
//! ```
//!
//! # Writing
//!
//! Every [`Output`]: a file, files of a certain size, a file for each value of a field, or standard output; compressed
//! or not, replaced as a whole or appended to. All files of a run have the same header.
//!
//! The header is known before the first record if it is set with [`columns`](CsvWriter::columns), if the records come from CSV
//! files, or if a `select` lists their fields. Then it is written for a run without records too. The names stay known through
//! `filter`, `select`, `rename`, `drop_fields`, `derive` and `cast`. Otherwise, for records from JSON, for structs and after a
//! `transform`, it has the fields of the first 1,000 records ([`header_from`](CsvWriter::header_from)), in the order in which
//! they appear. A field that only later records have is an error with its place, or
//! [is dropped](CsvWriter::drop_extra_fields).
//!
//! A file that is [appended to](Output::append) gets no second header. Its header must have the names of the records in
//! the same order, or the run fails with [`CsvError::OldHeader`]. With [`no_header`](CsvWriter::no_header) nothing is
//! compared. If the last line of the file has no line break, it gets one.
//!
//! ```
//! use godata_io_csv::{self as csv, Output, Pipeline, RunContext};
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
//! # Ok::<(), csv::BoxError>(())
//! ```
//!
//! # The format
//!
//! RFC 4180, with a few more kinds of lines:
//!
//! * Records end with LF, CRLF or CR, in any mixture. Blank lines are skipped.
//! * A cell that begins with a quote (`"`) extends to the closing quote, across delimiters and line breaks. A quote in
//!   it is doubled. Bytes after the closing quote, and quotes in a cell that does not begin with one, are an error,
//!   because a lone quote would join several records into one. [`CsvReader::lenient_quotes`] accepts them.
//! * The text is UTF-8, unless [`Input::encoding`] is set. Byte order marks at the start of a file are skipped.
//!   Spaces are part of the cells (section 2.4).
//! * The first line contains the names of the columns, each of them once. [`CsvReader::no_header`] and
//!   [`CsvReader::names`] read files without it.
//!
//! Files are written with LF, and with quotes only where they are needed.
//!
//! # Which option do I need
//!
//! To read:
//!
//! | The file | Option | Default |
//! |---|---|---|
//! | has semicolons or tabs between cells | [`delimiter`](CsvReader::delimiter) | a comma |
//! | has `'` around cells | [`quote`](CsvReader::quote) | `"` |
//! | has quotes in its text, but none around cells | [`no_quotes`](CsvReader::no_quotes) | a `"` at the start of a cell opens a quoted cell |
//! | has quotes around cells, and others that are not doubled | [`lenient_quotes`](CsvReader::lenient_quotes) | an error |
//! | has `\"` for a quote in a quoted cell | [`escape`](CsvReader::escape) | quotes are doubled |
//! | has spaces between delimiters and quotes, as in `A-1, "x"` | [`spaces_around_quotes`](CsvReader::spaces_around_quotes) | an error |
//! | has comment lines that start with `#` | [`comment`](CsvReader::comment) | all lines are data |
//! | has a title above the header | [`skip_lines`](CsvReader::skip_lines) | the first record is the header |
//! | has lines of white space or of empty cells between records | [`blank_lines`](CsvReader::blank_lines) | lines without any bytes are skipped |
//! | starts with `sep=;` | [`sep_line`](CsvReader::sep_line) | an error |
//! | has no header | [`no_header`](CsvReader::no_header), [`names`](CsvReader::names) | it has one |
//! | has columns with the same name or without one | [`unique_names`](CsvReader::unique_names) | the same name twice is an error |
//! | has spaces around cells | [`trim`](CsvReader::trim) | they are part of the cells |
//! | has empty cells after the last column | [`drop_trailing_empty`](CsvReader::drop_trailing_empty) | an error; in the header, columns without a name |
//! | has records that are too short | [`Ragged::Pad`] | an error |
//! | has records that are too short or too long | [`Ragged::Cut`] | an error |
//! | has `NA` or `NULL` for missing values | [`nulls`](CsvReader::nulls) | such a word is text, and an empty cell is empty text (`None` for a struct) |
//! | is not UTF-8 | [`Input::encoding`] | an error that names the cell |
//! | is one of several, with the same columns in another order | [`FileColumns::AnyOrder`] | an error |
//! | is one of several, with other columns | [`FileColumns::Union`] | an error |
//! | is one of several, with another delimiter | an input of its own, with [`delimiter`](CsvReader::delimiter) | an error |
//! | is one of several, of which only the first has a header | [`header_in_first_file`](CsvReader::header_in_first_file) | each has one |
//! | is one of several, and is empty | [`skip_empty_files`](CsvReader::skip_empty_files) | an error |
//! | has columns and types that you don't know | [`sample()`] | |
//!
//! To write:
//!
//! | The file is for | Option | Default |
//! |---|---|---|
//! | a spreadsheet that expects semicolons or tabs | [`delimiter`](CsvWriter::delimiter) | a comma |
//! | a tool that follows RFC 4180 strictly | [`terminator`](CsvWriter::terminator) with [`Terminator::CrLf`] | LF |
//! | a tool that reads quoted cells as text and others as numbers | [`quoting`](CsvWriter::quoting) with [`Quoting::NonNumeric`] | quotes where they are needed |
//! | a tool that wants quotes everywhere | [`quoting`](CsvWriter::quoting) with [`Quoting::Always`] | quotes where they are needed |
//! | a tool with other quotes, or with escapes | [`quote`](CsvWriter::quote), [`escape`](CsvWriter::escape) | `"`, doubled |
//! | a database that distinguishes null from empty text | [`null`](CsvWriter::null) | both are empty cells |
//! | a tool that relies on certain columns | [`columns`](CsvWriter::columns) | the names of the input, or the fields of the first 1,000 records |
//! | a tool that relies on certain columns, from records with others | [`drop_extra_fields`](CsvWriter::drop_extra_fields) | an error |
//! | a tool that wants no header | [`no_header`](CsvWriter::no_header) | a header |
//! | people who open untrusted input in a spreadsheet | [`guard_formulas`](CsvWriter::guard_formulas) | cells are written as they are |
//!
//! To read back what was written with `null`, give [`nulls`](CsvReader::nulls) the same word. If a file will be read
//! with [`comment`](CsvReader::comment), write it with [`Quoting::Always`], so that no line starts with the comment
//! byte.
//!
//! # Errors
//!
//! [`CsvError`], and [`IoError`] for the file itself. Both are the source of a [`PipelineError`] that names the record,
//! the file and the line. `main` prints all of it:
//! ``Error: read failed at record 102 (orders.csv:103): column `amount`: `abc`: invalid float literal``.
//!
//! # Broken records
//!
//! A record that can't be read fails the run. With [`on_error`](godata_etl::PipelineBuilder::on_error), only that record is
//! left out; the others keep their numbers and lines:
//!
//! | The record | Kind | Where it ends |
//! |---|---|---|
//! | has more or fewer cells than there are columns, on one line | `columns` | at its line break |
//! | has more or fewer cells than there are columns, on several lines | `columns` | at the first line break |
//! | is not UTF-8 | `encoding` | at the first line break outside of quotes |
//! | has a NUL byte | `nul` | at the first line break outside of quotes |
//! | does not fit the struct | `type` | at the first line break outside of quotes |
//! | has a quote in a cell that does not begin with one | `quote` | at the first line break outside of quotes |
//! | has text after a closing quote | `quote` | at the first line break after the opening quote |
//! | has a quote that is not closed before the end of the file or within the [longest record](CsvReader::longest_record) | `quote` | at the first line break after the opening quote |
//! | is longer than the longest record | `too_long` | at the next line break |
//!
//! The next record begins on the next line. So a broken record of several lines is rejected line by line, and a line of it that
//! would be a record of its own is read as one. A header that is repeated in the middle of a file is an ordinary record. A CR
//! without an LF ends a line, too.
//!
//! **Two lone quotes can form a legal cell** with all the lines between them, as in records 2 to 5 below. RFC 4180 allows
//! that, so nothing is rejected. If you know how long a record can be, set [`longest_record`](CsvReader::longest_record): then a
//! quote that is closed too far away is broken, and each of the two costs its own line.
//!
//! ```
//! use godata_io_csv::etl::{Limit, OnError};
//! use godata_io_csv::{self as csv, Input, Pipeline, RunContext};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("whole.csv");
//! let text = "id,name\n1,Ann\n2,\"Bob\n3,Cid\n4\n5,\"Eve\"\n";
//! let report = Pipeline::builder("names")
//!     .on_error(OnError::skip(Limit::records(10)))
//!     .read(csv::read_records(Input::bytes("names.csv", text)))
//!     .write(csv::write(&path))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string(&path)?, "id,name\n1,Ann\n3,Cid\n5,Eve\n");
//! assert_eq!(report.rejected(), 2);
//! assert_eq!(report.rejections[0].to_string(), "read rejected record 2 (names.csv:3)");
//! assert_eq!(report.rejections[0].kind.as_str(), "quote");
//! assert_eq!(report.rejections[1].kind.as_str(), "columns");
//! # Ok::<(), csv::BoxError>(())
//! ```
//!
//! ```
//! use godata_io_csv::etl::{Limit, OnError};
//! use godata_io_csv::{self as csv, CsvReader, Input, Pipeline, Records, RunContext};
//!
//! let text = "id,name\n1,Ann\n2,\"Bob\n3,Cid\n4,Dan\n5,Dee\"\n6,Eve\n";
//! let counts = |reader: CsvReader<Records>| {
//!     let flow = Pipeline::builder("names").on_error(OnError::skip(Limit::records(10))).read(reader);
//!     let report = flow.write_fn(async |_, _| Ok(()))?.run_blocking(&RunContext::new())?;
//!     Ok::<_, csv::BoxError>((report.read.records, report.rejected()))
//! };
//! let reader = csv::read_records(Input::bytes("names.csv", text));
//! assert_eq!(counts(reader.clone())?, (3, 0));
//! assert_eq!(counts(reader.longest_record(12))?, (4, 2));
//! # Ok::<(), csv::BoxError>(())
//! ```
//!
//! A header that can't be read fails the run in any case.
//!
//! # Guarantees
//!
//! * A record is read exactly as it is in the file, or the run fails or [leaves it out](#broken-records). Nothing else is skipped
//!   but blank lines, byte order marks and what an option says.
//! * Records are decoded on the workers, and the number of workers does not change the result.
//! * When the run succeeds, the output is replaced as a whole or appended to. Otherwise it is unchanged; see
//!   [`Output`].
//!
//! # Speed
//!
//! A block is split into cells 64 bytes at a time, without copying the cells. That needs records with as many cells as
//! there are columns and quotes as in RFC 4180, and does not support [`escape`](CsvReader::escape),
//! [`comment`](CsvReader::comment), [`nulls`](CsvReader::nulls) and trimmed fields. Any other block is read record by
//! record with the `csv` crate, with the same records and errors, in three to four times the time. A block is split
//! around up to one broken record for each 4 KiB.
//!
//! # Features
//!
//! `gzip`, `zstd` and `bzip2`, all on by default, read and write files with that compression. Without the feature,
//! such a file is an [`IoError::NotBuiltIn`]. `zstd` builds a C library; the others are written in Rust.

mod blank_lines;
mod cell_count;
mod cells;
mod columns;
mod decode;
mod decoded;
mod delimiters;
mod dialect;
mod encode;
mod error;
mod field_names;
mod format;
mod framing;
mod guess;
mod header;
mod open;
mod options;
mod positional;
mod quoting;
mod raw_cells;
mod reader;
mod realign;
mod sample;
mod sep_line;
mod source;
mod split;
mod stray_quotes;
mod structure;
mod tidy;
mod typed;
mod walk;
mod writer;

pub use blank_lines::BlankLines;
pub use cells::Trim;
pub use columns::{FileColumns, Ragged};
pub use error::{Column, CsvError};
#[doc(no_inline)]
pub use godata_core::time;
#[doc(no_inline)]
pub use godata_core::{BoxError, Canceled, Cancellation, RunContext};
#[doc(no_inline)]
pub use godata_etl as etl;
#[doc(no_inline)]
pub use godata_etl::{
    BuildError, Cast, Decimal, FieldError, Flow, Pipeline, PipelineError, Record, RecordMut, RecordRef,
    Records, RunReport, Type, Value, record,
};
#[doc(no_inline)]
pub use godata_io::{Compression, Encoding, Input, IoError, Output};
pub use quoting::{Quoting, Terminator};
pub use reader::{CsvReader, read, read_records};
pub use sample::{CastAs, Sample, SampleColumn, sample};
pub use writer::{CsvWriter, write};

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
