//! Byte inputs and outputs for godata's file formats.
//!
//! A format (CSV, JSON Lines) reads its bytes through this crate, so that all formats open files, cut them
//! into blocks, replace their outputs and name what failed in the same way. Users of a format meet only
//! [`Input`] and [`Output`], mostly as a path: `csv::read("orders.csv")`.
//!
//! * [`Input`] says what to read: a file, several, those that a glob matches or a directory has, standard input, or
//!   bytes; compressed or not ([`Compression`]), in UTF-8 or another encoding ([`Encoding`]). [`InputFiles`] is that,
//!   opened. [`Blocks`] cuts it into blocks of whole records, where a [`Framing`] says what a record is; blocks are
//!   decoded on the workers of the run.
//! * [`Output`] says what to write: a file, files of a certain size, a file for each value of a field, or standard
//!   output; compressed or not, replaced or appended to. [`FileSink`] writes the records of a run there, where a
//!   [`FileFormat`] says what stands around them; they are encoded on the workers of the run.
//! * [`OutputFile`] is an output of one file, opened for bytes: it takes the place of the old file when it is
//!   committed, and until then the old file is as it was.
//!
//! # Example
//! A file is replaced as a whole or not at all.
//!
//! ```
//! use godata_io::Output;
//!
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("orders.csv");
//! std::fs::write(&path, "old")?;
//!
//! let mut file = Output::path(&path).open()?;
//! file.write_all(b"new")?;
//! assert_eq!(std::fs::read(&path)?, b"old");
//! file.commit()?;
//! assert_eq!(std::fs::read(&path)?, b"new");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every format takes every input.
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
//! And writes every output.
//!
//! ```
//! use godata_io::{Compression, Output};
//!
//! let outputs: [Output; 5] = [
//!     "orders.csv.gz".into(),
//!     Output::path("log.csv").append(),
//!     Output::path("orders.csv").roll_by_rows(1_000_000).manifest("orders.manifest.json"),
//!     Output::partitioned("out/{country}/{day}.csv.zst"),
//!     Output::stdout().compression(Compression::Gzip),
//! ];
//! # let _ = outputs;
//! ```
//!
//! # Features
//! `gzip`, `zstd` and `bzip2`, all on by default, read and write files that are compressed like that. Without its
//! feature such a file is an [`IoError::NotBuiltIn`]. `zstd` builds a C library; the others are written in Rust.
//!
//! # Counts
//! Bytes are counted as they are stored, in reports and in the progress: of a file that is compressed or not UTF-8,
//! when they are read; of others, those of the batches that were decoded. What a run is told to expect is the same:
//! the sizes of all files. After a run that succeeded, without a `take`, the two are equal. Of an output they are those
//! that were added to its files; those of a manifest are not counted.
//!
//! # Errors
//! [`IoError`] names the file, and the line where there is one; the error of the system is its source.
//!
//! # Guarantees
//! * An output that was not committed leaves nothing behind, neither files nor directories, and old files as they
//!   were, also those that were appended to. (What went to standard output, a device or a FIFO is gone.)
//! * A committed output was flushed to the disk, together with its name in the folder (on Unix). Of several files all
//!   are flushed before the first takes its place.
//! * However many files there are, few are open at once: at most [`max_open_files`](Output::max_open_files).
//! * What is read is the text that was stored: bytes that are no character are an error, also in other encodings.
//! * Memory is bounded: one block, or one record of at most 64 MiB if that is larger, is held while reading, 64 KiB
//!   more of text that is not UTF-8, and what the compression needs: under 1 MiB for gzip, 4 MiB for bzip2, the window
//!   of the file for zstd (up to 128 MiB, 8 MiB at its usual levels). While writing it is what the compression of the open files needs, as [`Output`] says,
//!   and some hundred bytes for each file of a run that writes many.

mod block;
mod blocks;
mod compression;
mod encoding;
mod error;
mod framing;
mod input;
mod marks;
mod output;
mod pending;
mod records;

pub use block::Block;
pub use blocks::{Blocks, Head};
pub use compression::Compression;
pub use encoding::{Encoding, OtherEncoding};
pub use error::IoError;
pub use framing::{Ahead, Frame, Framing};
pub use input::{Input, InputFiles};
pub use output::{OldContent, Output, OutputFile};
pub use records::{Encoded, Fields, FileFormat, FileSink};
