//! Inputs and outputs for godata's file formats: files read in blocks of whole records, and records written to files
//! that are compressed, partitioned, rolled and replaced atomically.
//!
//! All formats (CSV, JSON Lines, JSON) are built on this crate, so they open files, cut them into blocks, replace their
//! outputs and report errors in the same way.
//!
//! # When to use this crate
//!
//! Depend on it to write a file format of your own. To read and write CSV or JSON, depend on `godata-io-csv` or
//! `godata-io-json` instead: they re-export the [`Input`] and [`Output`] that their users need, or take a path,
//! as in `csv::read("orders.csv")`.
//!
//! # What is in it
//!
//! * [`Input`] describes what to read: a file, several files, a glob, a directory, standard input or bytes; compressed
//!   or not ([`Compression`]), in UTF-8 or another encoding ([`Encoding`]). [`InputFiles`] is an open input.
//! * [`Blocks`] cuts an open input into blocks of whole records, for which the format implements [`Framing`]. The
//!   workers of the run decode the blocks.
//! * [`Output`] describes what to write: a file, rolled files, a file for each value of a field, or standard output;
//!   compressed or not, replaced or appended to.
//! * [`FileSink`] writes the records of a run to an output, for which the format implements [`FileFormat`]. The workers
//!   of the run encode the records ([`Encoded`]), and [`Fields`] gives the values that decide the file of a record.
//! * [`OutputFile`] is an output of a single file to which bytes are written. It replaces the old file when it is
//!   committed.
//! * [`etl`] is the crate `godata-etl`, whose traits a format implements.
//!
//! # Example
//!
//! A file is replaced as a whole or not at all. This program needs only this crate:
//!
//! ```toml
//! [dependencies]
//! godata-io = "0.1"
//! ```
//!
//! ```
//! use godata_io::{BoxError, Output};
//!
//! fn main() -> Result<(), BoxError> {
//! #   let folder = tempfile::tempdir()?;
//!     let path = "orders.csv";
//! #   let path = folder.path().join(path);
//!     std::fs::write(&path, "old")?;
//!
//!     let mut file = Output::path(&path).open()?;
//!     file.write_all(b"new")?;
//!     assert_eq!(std::fs::read(&path)?, b"old");
//!     file.commit()?;
//!     assert_eq!(std::fs::read(&path)?, b"new");
//! #   std::fs::remove_file(&path)?;
//!     Ok(())
//! }
//! ```
//!
//! The example of [`Blocks`] is a complete reader, and the one of [`FileFormat`] a complete writer.
//!
//! Every format reads every input:
//!
//! ```
//! use godata_io::{Compression, Encoding, Input};
//!
//! let inputs: [Input; 7] = [
//!     "orders.csv.gz".into(),
//!     Input::paths(["2024.csv.zst", "2025.csv"]),
//!     Input::glob("in/*.csv.gz"),
//!     Input::directory("in"),
//!     Input::stdin().compression(Compression::Gzip),
//!     Input::path("export.csv").encoding(Encoding::Utf16),
//!     Input::bytes("orders", "id,amount\nA-1,12.5\n"),
//! ];
//! # let _ = inputs;
//! ```
//!
//! And writes every output:
//!
//! ```
//! use godata_io::{Compression, Output};
//!
//! let outputs: [Output; 5] = [
//!     "orders.csv.gz".into(),
//!     Output::path("log.csv").append(),
//!     Output::path("orders.csv").roll_by_records(1_000_000).manifest("orders.manifest.json"),
//!     Output::partitioned("out/{country}/{day}.csv.zst"),
//!     Output::stdout().compression(Compression::Gzip),
//! ];
//! # let _ = outputs;
//! ```
//!
//! # Errors
//!
//! [`IoError`] names the file, and the line where there is one. If the system reported an error, it is the source.
//!
//! # Guarantees
//!
//! * An output that is not committed leaves nothing behind, neither files nor directories. Old files are unchanged, and
//!   files that were appended to are cut back to their old length. (What went to standard output, a device or a FIFO
//!   can't be taken back.)
//! * A committed output is on the disk, together with its name in the directory (on Unix). If there are several files,
//!   all of them are flushed before the first one is replaced. A file system that can't flush directories is not an
//!   error; every other failure to flush is one.
//! * One run at a time appends to a file, and never to one that it reads. A commit means that the records are in the file
//!   that has the name.
//! * However many files an output has, at most [`max_open_files`](Output::max_open_files) are open at once,
//!   besides the manifest and the list of temporary files.
//! * Text is read exactly as it was stored: bytes that are not a character of its encoding are an error.
//! * Memory is bounded. Reading holds one block, or one record of at most 64 MiB if that is larger; 64 KiB more for
//!   text that is not UTF-8; and what the decompression needs: under 1 MiB for gzip, 4 MiB for bzip2, and the window
//!   of the file for zstd (8 MiB at the usual levels, at most 128 MiB). Writing needs the memory for the compression
//!   of the open files, which [`Output`] states, and a few hundred bytes for each file of a run.
//! * Bytes are counted as they are stored, in reports and in the progress. For an input that is compressed or not UTF-8
//!   they are counted when they are read, otherwise when their batch is decoded. After a run that succeeded, and had no
//!   `take`, the count equals the expected bytes, which are the sizes of all files. For an output they are the bytes
//!   that were added to its files, without the manifest.
//!
//! # Features
//!
//! `gzip`, `zstd` and `bzip2`, all on by default, read and write files with that compression. Without the feature,
//! such a file is an [`IoError::NotBuiltIn`]. `zstd` builds a C library; the others are written in Rust.

mod block;
mod blocks;
mod compression;
mod encoding;
mod error;
mod framing;
mod identity;
mod in_use;
mod input;
mod marks;
mod output;
mod packed;
mod pending;
mod records;

pub use block::Block;
pub use blocks::{Blocks, Head};
pub use compression::Compression;
pub use encoding::{Encoding, OtherEncoding};
pub use error::IoError;
pub use framing::{Ahead, Frame, Framing};
#[doc(no_inline)]
pub use godata_core::{BoxError, RunContext};
#[doc(no_inline)]
pub use godata_etl as etl;
pub use input::{Input, InputFiles};
pub use output::{OldContent, Output, OutputFile};
pub use packed::Packed;
pub use records::{Encoded, Fields, FileFormat, FileSink};

/// Compiles the programs of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
