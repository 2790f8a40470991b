//! Reading and writing files.
//!
//! A reader is a format and an [`Input`]: `csv::read_records("orders.csv")`. A writer is a format and an [`Output`]:
//! `jsonl::write("orders.jsonl")`. What the format is about (names, quotes, types) is said to the reader or writer, what
//! the files are about (which, how many, compressed) to the input or output; every format takes every input and
//! output, but that an array can't be appended to.
//!
//! ```
//! use godata::{Output, json, prelude::*};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! # std::fs::create_dir("in")?;
//! std::fs::write("in/monday.csv", "id,country,amount\nA-1,DE,12.50\nA-2,FR,7\n")?;
//! std::fs::write("in/tuesday.csv", "id,country,amount\nA-3,DE,9.75\n")?;
//!
//! let output = Output::partitioned("out/{country}.json.gz").create_parents().manifest("out/manifest.json");
//! Pipeline::builder("by-country")
//!     .read(csv::read_records(Input::glob("in/*.csv")))
//!     .cast("amount", Type::Float)
//!     .write(json::write(output))?
//!     .run_blocking(&RunContext::new())?;
//!
//! let germany = json::read_records("out/DE.json.gz");
//! let report = Pipeline::builder("back").read(germany).write(jsonl::write("germany.jsonl"))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(report.written.records, 2);
//! assert_eq!(std::fs::read_to_string("germany.jsonl")?, "\
//! {\"id\":\"A-1\",\"country\":\"DE\",\"amount\":12.50}\n\
//! {\"id\":\"A-3\",\"country\":\"DE\",\"amount\":9.75}\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # Which input do I need?
//!
//! | I want to read | take |
//! |---|---|
//! | one file | its path, or [`Input::path`] to say more |
//! | several, in an order of mine | [`Input::paths`] |
//! | those that a pattern matches, also in directories below (`**`) | [`Input::glob`] |
//! | those in a directory | [`Input::directory`] |
//! | what is piped in | [`Input::stdin`] |
//! | text that I have, or a test | [`Input::bytes`] |
//! | compressed files | nothing more if their names end in `.gz`, `.zst` or `.bz2`, else [`Input::compression`] |
//! | text that is not UTF-8 | [`Input::encoding`]; nothing is guessed |
//! | what is in no file | a closure ([`read_fn`](PipelineBuilder::read_fn), [`read_iter`](PipelineBuilder::read_iter)) or a [`Reader`] of your own |
//!
//! **Many files** are read as one, sorted by name or in the order given; records and lines are counted per file, and an
//! error names the file. CSV files must have the same header each. Small files share a batch, so ten thousand of them
//! cost little more than a large one. Which files there are is looked up once, when the run begins. Names that begin
//! with a dot are passed over.
//!
//! # What if the input is broken?
//!
//! The run fails, and what it would have replaced stays. The error is a [`PipelineError`], printed with all its causes
//! by `{:#}`; [`place`](PipelineError::place) has the file, record and line where it is about a record.
//!
//! ```
//! use godata::prelude::*;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("orders.csv", "id,amount\nA-1,12.50\nA-2,1OO\n")?;
//! std::fs::write("out.jsonl", "old")?;
//! let error = Pipeline::builder("broken")
//!     .read(csv::read_records("orders.csv"))
//!     .cast("amount", Type::Float)
//!     .write(jsonl::write("out.jsonl"))?
//!     .run_blocking(&RunContext::new())
//!     .unwrap_err();
//!
//! let says = "step[0] (cast) failed at record 2 (orders.csv:3): field `amount`: expected a number, found text `1OO`";
//! assert_eq!(format!("{error:#}"), says);
//! assert_eq!(std::fs::read_to_string("out.jsonl")?, "old");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! | The input | What happens |
//! |---|---|
//! | is missing, a directory, or may not be read | an error that names it |
//! | is a pattern that matches nothing, or a directory without files | an error: nothing to read is a mistake more often than not |
//! | vanishes before it is its turn | an error that names it |
//! | is cut off while it is read | an error, also where what is left looks whole |
//! | grows while it is read | it is read to the end that it has then |
//! | is compressed, and damaged or not whole | an error that says after how many bytes |
//! | is empty | no records in JSON Lines; in CSV an error, as the header is missing, and so is the array in JSON |
//! | is not UTF-8 (or has a byte order mark of another encoding) | an error that says how to read it; no character is ever replaced |
//! | has a record that is not as it should be | an error with its line: a missing cell, an open quote, a key that is there twice, a bad number |
//! | has a record of over 64 MiB | an error with its line; such a file is another format than it seems |
//!
//! Short and long CSV records ([`ragged`](csv::CsvReader::ragged)) and keys that are there twice
//! ([`duplicate_keys`](jsonl::JsonlReader::duplicate_keys)) have other rules on request. To drop what a step can't use,
//! test it in a [`filter`](Flow::filter).
//!
//! # How is my CSV written, and how do I want it?
//!
//! Commas, `"` around cells and a header are what is taken for granted. The docs of [`csv`] have a table of what a file
//! may have instead and the option for it, for reading and for writing. [`csv::sample()`] says what columns a file has.
//!
//! # Names and types
//!
//! | I want | take |
//! |---|---|
//! | structs | `read::<Order>`: serde's names are those of the header or the keys, and every cell is checked |
//! | records whose fields I need not know | `read_records`: the fields that no step touches are written as they were read |
//! | a field of them as a number, bool or timestamp | [`cast`](Flow::cast); a CSV cell is text until then, and JSON Lines get a string |
//! | all fields by what they look like | [`cast_as`](csv::CastAs::cast_as) with a [`sample`](csv::sample()) |
//! | names for a file without a header | [`names`](csv::CsvReader::names) |
//! | certain columns, in an order of mine | [`columns`](csv::CsvWriter::columns), or a struct |
//! | `NA` or empty cells as null | [`nulls`](csv::CsvReader::nulls), and [`null`](csv::CsvWriter::null) to write it |
//!
//! Digits are kept: `12.50` does not become `12.5` unless a step computes with it. Without
//! [`columns`](csv::CsvWriter::columns) the first batch fixes the columns of a CSV file; a record with a new one later
//! is an error that names it.
//!
//! # JSON Lines or an array?
//!
//! | The file | take |
//! |---|---|
//! | has one value per line | [`jsonl`]: the one to prefer for data, as it can be appended to and any line is read by itself |
//! | is an array | [`json`]: it is streamed, not read whole |
//! | is a document with an array in it | [`json::read_records`] with [`pointer`](json::JsonReader::pointer), such as `/data/items` |
//! | is for people | [`json::write`] with [`pretty`](json::JsonWriter::pretty) |
//!
//! # Which output do I need?
//!
//! | I want | take |
//! |---|---|
//! | a file that is replaced as a whole | its path, or [`Output::path`] to say more |
//! | to add to a file | [`Output::append`] |
//! | a file for each country, day … | [`Output::partitioned`] |
//! | files of a certain size | [`Output::roll_by_rows`], [`Output::roll_by_bytes`] |
//! | a list of the files that were written | [`Output::manifest`] |
//! | a filter in a pipe | [`Output::stdout`] |
//! | it compressed | nothing more if the name ends in `.gz`, `.zst` or `.bz2`, else [`Output::compression`]; [`Output::level`] |
//! | missing directories to be made | [`Output::create_parents`] |
//! | what is in no file | [`write_fn`](Flow::write_fn), or a [`Writer`] of your own |
//!
//! # What is there when a run ends?
//!
//! | | it succeeds | it fails, panics, is canceled or dropped | its process is killed, or the power fails |
//! |---|---|---|---|
//! | replaced | the new file, flushed to the disk | the old file | the old file, or the new one; `.NAME.….tmp` beside it, which nothing reads and you may remove |
//! | appended | the old records and the new | the old file, cut back to its length | what was added so far, maybe half a record; a compressed file that is not whole is refused by the next run |
//! | partitioned or rolled | all new files, then the manifest | the old files, and no new directory | the old files; if it was while they were put in their places, some are new, and the manifest is the old one |
//! | standard output, device, FIFO | all of it | what was written | what was written |
//!
//! Whoever reads a replaced file meanwhile has the old one whole, or the new one. If what you write must survive a kill
//! as a whole, replace rather than append: write a file per run, and read them with a glob.
//!
//! ```
//! use godata::{Output, prelude::*};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! let log = |id: i64| {
//!     let flow = Pipeline::builder("log").read_vec(vec![record! {"id" => id}]).untyped();
//!     flow.write(csv::write(Output::path("log.csv").append()))
//! };
//! log(1)?.run_blocking(&RunContext::new())?;
//! log(2)?.run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string("log.csv")?, "id\n1\n2\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! **Partitions and rolled files of an earlier run** to which this one has nothing to write stay. Read the files of
//! the manifest rather than a glob where that matters, or write to a new directory.
//!
//! **In a pipe** the reader may go before all is written, as `head` does. That is an error that a filter takes for a normal
//! end:
//!
//! ```no_run
//! use godata::{Output, prelude::*};
//!
//! fn main() -> Result<(), BoxError> {
//!     let pipeline = Pipeline::builder("paid")
//!         .read(jsonl::read_records(Input::stdin()))
//!         .filter(|order| order.str("status") == Some("paid"))
//!         .write(jsonl::write(Output::stdout()))?;
//!     match pipeline.run_blocking(&RunContext::new()) {
//!         Err(error) if error.is_broken_pipe() => Ok(()),
//!         result => Ok(result.map(drop)?),
//!     }
//! }
//! ```
//!
//! # What is counted?
//!
//! [`RunReport`] has the records that were read, that each step took and gave, and that were written, and the bytes as
//! they are stored: compressed, in their encoding. [`Progress`] has them while a run is under way, with how many bytes
//! there are to read where that is known, which is of files and not of pipes.
//!
//! ```
//! use godata::prelude::*;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! let input = Input::bytes("orders", "id,status\nA-1,paid\nA-2,open\n");
//! let pipeline = Pipeline::builder("paid")
//!     .read(csv::read_records(input))
//!     .filter(|order| order.str("status") == Some("paid"))
//!     .write(jsonl::write("paid.jsonl"))?;
//! let cx = RunContext::new();
//! let report = pipeline.run_blocking(&cx)?;
//! assert_eq!((report.read.records, report.written.records), (2, 1));
//! assert_eq!((report.read.bytes, cx.progress().bytes_expected()), (28, Some(28)));
//! assert_eq!(report.written.bytes, std::fs::metadata("paid.jsonl")?.len());
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # How much memory does it take?
//!
//! A few batches of 256 KiB per worker, whatever the size of the files, and what compressions need: up to 1 MiB for a gzip
//! file, 8 MiB for bzip2 and zstd at their usual levels. A record counts as a whole. Of a partitioned output it is that for
//! each open file: [`max_open_files`](Output::max_open_files) bounds them, and records that are sorted by the fields need
//! one. [`workers`](PipelineBuilder::workers) and `block_size` of a reader make it less.
//!
//! # What godata does not do
//!
//! * Skip records that can't be read: a run has all of its input or fails.
//! * Guess: the delimiter, the encoding, or the types of records are what you say.
//! * Go on where a failed run was, or wait for more at the end of a file.
//! * Lock files against other programs, or keep two runs from replacing the same one: the last one counts.
//! * Remove files of earlier runs, inputs included.
//! * Write other text than UTF-8, or add to an array.
//! * Read from or write to HTTP, object stores or databases, or Parquet and Excel; [`Reader`] and [`Writer`] are for that.

#[cfg(doc)]
use crate::{
    Flow, Input, Output, PipelineBuilder, PipelineError, Progress, Reader, RunReport, Writer, csv, json,
    jsonl,
};
