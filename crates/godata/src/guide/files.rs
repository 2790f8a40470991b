//! Reading and writing files.
//!
//! A reader is a format and an [`Input`]: `csv::read_records("orders.csv")`. A writer is a format and an [`Output`]:
//! `jsonl::write("orders.jsonl")`. Options about the format (names, quotes, types) belong to the reader or writer. Options
//! about files (which, how many, compressed) belong to the input or output. Every format takes every input and every output,
//! except that a JSON array can't be appended to.
//!
//! ```
//! use godata::{json, prelude::*};
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
//! | to read | use |
//! |---|---|
//! | one file | its path, or [`Input::path`] for options |
//! | several files in your order | [`Input::paths`] |
//! | the files that match a pattern, in subdirectories too (`**`) | [`Input::glob`] |
//! | the files in a directory | [`Input::directory`] |
//! | standard input | [`Input::stdin`] |
//! | text in memory, for example in a test | [`Input::bytes`] |
//! | compressed files | nothing special if their names end in `.gz`, `.zst` or `.bz2`, else [`Input::compression`] |
//! | text that is not UTF-8 | [`Input::encoding`], such as `.encoding(Encoding::Latin1)` or `.encoding("shift_jis".parse()?)`; nothing is guessed |
//! | something that is not a file | a closure ([`read_fn`](PipelineBuilder::read_fn), [`read_iter`](PipelineBuilder::read_iter)) or your own [`Reader`] |
//!
//! **Many files** are read as one, sorted by name or in the order given. Records and lines are counted per file, and errors
//! name the file. All CSV files must have the same header, unless
//! [`file_columns`](csv::CsvReader::file_columns) is set. Small files share a batch, so ten thousand small files cost little
//! more than one large file. The list of files is made once, when the run starts. Names that start with a dot are left out,
//! unless a pattern has that dot.
//!
//! # What if the input is broken?
//!
//! The run fails, and the file that it would have replaced stays. The error is a [`PipelineError`]. `{:#}` prints it with all
//! its causes, and [`place`](PipelineError::place) has the file, record and line if it is about a record.
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
//! | the input | what happens |
//! |---|---|
//! | is missing, is a directory, or can't be read | an error that names it |
//! | is a pattern that matches nothing, or a directory without files | an error, because that is usually a mistake |
//! | disappears before it is opened | an error that names it |
//! | is cut off while it is read | an error, even if the rest looks complete |
//! | is changed while it is read | an error; a file that only grows is read up to its first length with [`Input::growing`] |
//! | is compressed, but its name does not say so | an error that names the compression, and the option that reads it if there is one |
//! | is compressed, and damaged or incomplete | an error that says after how many bytes |
//! | is empty | no records in JSON Lines; an error in CSV, which has no header then, and in JSON, which has no array |
//! | is not UTF-8, or has the byte order mark of another encoding | an error that says how to read it; no character is ever replaced |
//! | has several byte order marks at its start | they are skipped |
//! | has a bad record: a missing cell, an open or stray quote, a duplicate key, a bad number | an error with its line |
//! | is one of several CSV files, and has other columns than the first | an error with the first difference |
//! | is one of several CSV files, and has another delimiter | an error with the delimiter that it seems to have |
//! | has a record of more than 64 MiB | an error with its line: the file probably has another format |
//! | lacks a column that a step asks for, because it was renamed | in CSV, an error that lists the columns; in JSON, a missing field, because each record has names of its own |
//! | ends in the middle of a record | an error in JSON; in CSV only if a cell or a closing quote is missing |
//! | is JSON of another form: an array as JSON Lines, lines as an array | an error that names the readers for it |
//! | has several JSON values on a line, or values that span lines | an error that names the option that reads them, [`concatenated`](jsonl::JsonlReader::concatenated) |
//! | has byte order marks between records, as joined JSON Lines do | the same |
//! | is not JSON: CSV, HTML, comments, single quotes, `NaN`, half a surrogate pair | an error that says what it seems to be, or what JSON does not have |
//! | has NUL bytes, as in UTF-16, or where a part was never written | an error with its line |
//!
//! CSV quotes that RFC 4180 does not allow ([`lenient_quotes`](csv::CsvReader::lenient_quotes)), files with other columns
//! ([`file_columns`](csv::CsvReader::file_columns)), CSV records that are too short or too long
//! ([`ragged`](csv::CsvReader::ragged)) and duplicate keys ([`duplicate_keys`](jsonl::JsonlReader::duplicate_keys)) can follow
//! other rules. To leave bad records out, or to set them aside with their reasons, see [`errors`](super::errors).
//!
//! In JSON, `order.str("status")` is `None` for a record without the field, and for all records if the field was renamed. If
//! each record must have the field, ask for [`text`](RecordRef::text), which is an error where it is missing:
//! `.try_filter(|order| Ok(order.text("status")? == "paid"))`.
//!
//! If CSV files are read with [`FileColumns::Union`](csv::FileColumns::Union), a column of one file is a column of all, and
//! null in the records of the others. So a column that one file spells in another way is no error. [`alias`](Flow::alias)
//! makes one column of the two, also in files that have only one of them; a record with a value in both is rejected:
//!
//! ```
//! use godata::{csv::FileColumns, prelude::*};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! std::fs::write("01.csv", "id,status\nA-1,paid\n")?;
//! std::fs::write("02.csv", "id,Status\nA-2,open\n")?;
//! Pipeline::builder("orders")
//!     .read(csv::read_records(Input::paths(["01.csv", "02.csv"])).file_columns(FileColumns::Union))
//!     .alias("status", "Status")
//!     .write(csv::write("orders.csv"))?
//!     .run_blocking(&RunContext::new())?;
//! assert_eq!(std::fs::read_to_string("orders.csv")?, "id,status\nA-1,paid\nA-2,open\n");
//! # Ok::<(), BoxError>(())
//! ```
//!
//! # Which CSV options do I need?
//!
//! The defaults are commas, `"` around cells, and a header. The docs of [`csv`] have a table of what else a file may have,
//! with the option for it, for reading and for writing. [`csv::sample()`] proposes the columns of a file and their types.
//!
//! # Names and types
//!
//! | for | use |
//! |---|---|
//! | structs | `read::<Order>`: serde's field names are matched with the header or the keys, and every cell is checked |
//! | records whose fields you don't declare | `read_records`: fields that no step touches are written as they were read |
//! | one field as a number, bool or timestamp | [`cast`](Flow::cast); before that a CSV cell is text, and a string in JSON Lines |
//! | all fields as what they look like | [`cast_as`](csv::CastAs::cast_as) with a [`sample`](csv::sample()) |
//! | the names of a file without a header | [`names`](csv::CsvReader::names) |
//! | certain columns in a certain order | [`columns`](csv::CsvWriter::columns), or a struct |
//! | `NA` or empty cells as null | [`nulls`](csv::CsvReader::nulls); to write null as a word, [`null`](csv::CsvWriter::null) |
//!
//! Digits are kept: `12.50` does not become `12.5` unless a step computes with it. That holds even if it is cast, copied, or
//! goes through `map` or `map_async` as a [`Record`](crate::Record). A timestamp keeps its offset in the same way.
//!
//! # Which columns does my CSV get?
//!
//! | the records | the header |
//! |---|---|
//! | have [`columns`](csv::CsvWriter::columns) set in the writer | these columns |
//! | come from CSV files | the columns of the files, as steps change them |
//! | go through a [`select`](Flow::select) | the fields that it lists |
//! | bring their own names, as JSON and structs do, or go through a [`transform`](Flow::transform) | the fields of the first 1,000 records, in the order in which they appear; [`header_from`](csv::CsvWriter::header_from) sets how many |
//! | have a field that is not in the header | an error with the record and the field, or [the field is dropped](csv::CsvWriter::drop_extra_fields) |
//! | lack a field of the header | an empty cell |
//! | are missing, because the run has none | the header, except where it is made from the records: then the file is empty, which is an error for the next pipeline that reads it |
//!
//! # JSON Lines or an array?
//!
//! | the file | use |
//! |---|---|
//! | has one value per line | [`jsonl`], which is better for data: it can be appended to, and each line can be read alone |
//! | has values that span lines, or several on a line | [`jsonl`] with [`concatenated`](jsonl::JsonlReader::concatenated) |
//! | is an array | [`json`], which streams it |
//! | is a document that contains an array | [`json::read_records`] with [`pointer`](json::JsonReader::pointer), such as `/data/items` |
//! | is for people | [`json::write`] with [`pretty`](json::JsonWriter::pretty) |
//!
//! # Which output do I need?
//!
//! | to write | use |
//! |---|---|
//! | a file that is replaced as a whole | its path, or [`Output::path`] for options |
//! | to the end of a file, one run at a time | [`Output::append`]; [`Output::lock_timeout`] |
//! | a file per country, day, … | [`Output::partitioned`] |
//! | files of a certain size | [`Output::roll_by_records`], [`Output::roll_by_bytes`] |
//! | a list of the files that were written | [`Output::manifest`] |
//! | into a shell pipe | [`Output::stdout`] |
//! | compressed | nothing special if the name ends in `.gz`, `.zst` or `.bz2`, else [`Output::compression`]; [`Output::level`] |
//! | into directories that may not exist | [`Output::create_parents`] |
//! | to something that is not a file | [`write_fn`](Flow::write_fn), or your own [`Writer`] |
//!
//! # What is on disk when a run ends?
//!
//! | output | it succeeds | it fails, panics, is canceled or dropped | its process is killed, or the power fails |
//! |---|---|---|---|
//! | replaced | the new file, flushed to the disk | the old file | the old file or the new one; beside it maybe `.NAME.….tmp` and `.NAME.1.tmp`, which nothing reads, and which the next run of this output removes |
//! | appended | the old records and the new ones | the old file, cut back to its length | the records added so far, maybe half a record; the next run refuses an incomplete compressed file |
//! | partitioned or rolled | all new files, then the manifest | the old files, and no new directory | the old files, temporary ones as above, and maybe empty directories; if it happens while the files are renamed, some are new, and the manifest is the old one |
//! | standard output, device, FIFO | everything | what was written | what was written |
//! | [`write_fn`](Flow::write_fn) | everything | what the closure has done; a retry does it again | what the closure has done |
//!
//! A program that reads a replaced file meanwhile sees the whole old file or the whole new one. If the output must survive a
//! kill as a whole, replace instead of appending: write one file per run, and read them with a glob.
//!
//! **A compressed file that a killed run was appending to** is repaired by hand. `gzip -dc log.jsonl.gz > log.jsonl` writes
//! all records that are whole, those of earlier runs first, and then fails; `zstd -dc` and `bzip2 -dc` do the same. Remove the
//! last line if it is half a record, compress the file again, and put it in place of the old one.
//!
//! A run can replace a file that it reads by its path. If it reads the file because a [pattern](Input::glob) matches it or
//! its [directory](Input::directory) is read, it is refused: each run would add the output of the run before to its own.
//! Write to another directory, or use a pattern that does not match the output.
//!
//! | during the run, the file that is appended to | what happens |
//! |---|---|
//! | is the target of another run too, in this process or another | that run waits, by default for up to 10 s, then fails ([`Output::lock_timeout`]) |
//! | is an input of the same run, under any name | the run is refused. A file that is read by its path can be replaced |
//! | is removed, renamed, replaced or truncated | the run fails |
//! | is written to by a program that takes no lock | the records of both stay, even if the run fails |
//!
//! ```
//! use godata::prelude::*;
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
//! **Files of earlier runs** stay if this run has nothing to write to them, for partitioned and rolled outputs. If that
//! matters, read the files that the manifest lists, or write to a new directory.
//!
//! **In a shell pipe** the reader may stop early, as `head` does. That is an error, and a filter treats it as a normal end:
//!
//! ```no_run
//! use godata::prelude::*;
//!
//! fn main() -> Result<(), BoxError> {
//!     let pipeline = Pipeline::builder("paid")
//!         .read(jsonl::read_records(Input::stdin()))
//!         .try_filter(|order| Ok(order.text("status")? == "paid"))
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
//! [`RunReport`] counts the records that were read, that went into and out of each step, and that were written. It
//! counts the bytes as they are stored: compressed and encoded. [`Progress`] has the records and bytes that were read
//! and written while the run is in progress. For files, but not for pipes, it also knows how many bytes there are to
//! read. An orchestrator stores the report with the run, as JSON in
//! [`RunRecord::report`](crate::RunRecord::report).
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
//! A few batches of 256 KiB per worker, whatever the size of the files. Compression adds up to 1 MiB for a gzip file, and 8 MiB
//! for bzip2 and zstd at their usual levels. The memory of a batch follows from its bytes and fields, even if each record has
//! names of its own, such as ids as keys. A record is in memory as a whole. A partitioned output needs the memory for
//! compression for each open file: [`max_open_files`](Output::max_open_files) bounds them, and records that are sorted by the
//! partition fields need only one.
//! Fewer [`workers`](PipelineBuilder::workers) and a smaller `block_size` of the reader need less.
//!
//! # What godata does not do
//!
//! * Guess: you say what the delimiter, the encoding and the types are.
//! * Run SQL, or compute windows over the records before and after; [`scan`](Flow::scan) has those before.
//! * Continue where a failed run stopped, or wait for more at the end of a file.
//! * Keep two runs from replacing the same file: the last one wins.
//! * Remove files of earlier runs, or inputs.
//! * Write text that is not UTF-8, or append to an array.
//! * Read or write HTTP, object stores, databases, Parquet or Excel; [`Reader`] and [`Writer`] are for that.

#[cfg(doc)]
use crate::{
    Flow, Input, Output, PipelineBuilder, PipelineError, Progress, Reader, RecordRef, RunReport, Writer, csv,
    json, jsonl,
};
