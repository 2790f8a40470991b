//! Byte inputs and outputs for godata's file formats.
//!
//! A format (CSV, JSON Lines) reads its bytes through this crate, so that all formats open files, cut them
//! into blocks, replace their outputs and name what failed in the same way. Users of a format meet only
//! [`Input`] and [`Output`], mostly as a path: `csv::read("orders.csv")`.
//!
//! * [`Input`] says what to read: a file, several, those that a glob matches or a directory has, standard input, or
//!   bytes; compressed or not ([`Compression`]). [`InputFiles`] is that, opened. [`Blocks`] cuts it into blocks of
//!   whole records, where a [`Framing`] says what a record is; blocks are decoded on the workers of the run.
//! * [`Output`] says what to write, [`OutputFile`] is that, opened: it takes the place of the old file when
//!   it is committed, and until then the old file is as it was.
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
//! use godata_io::{Compression, Input};
//!
//! let inputs: [Input; 6] = [
//!     "orders.csv.gz".into(),
//!     Input::paths(["2024.csv.zst", "2025.csv"]),
//!     Input::glob("in/*.csv.gz"),
//!     Input::directory("in"),
//!     Input::stdin().compression(Compression::Gzip),
//!     Input::bytes("orders", "id,amount\nA-1,12.5\n"),
//! ];
//! # let _ = inputs;
//! ```
//!
//! # Features
//! `gzip`, `zstd` and `bzip2`, all on by default, read files that are compressed like that. Without its feature such a
//! file is an [`IoError::NotBuiltIn`]. `zstd` builds a C library; the others are written in Rust.
//!
//! # Counts
//! Bytes are counted as they are stored, in reports and in the progress: of a compressed file, the compressed ones,
//! when they are read; of others, those of the batches that were decoded. What a run is told to expect is the same:
//! the sizes of all files. After a run that succeeded, without a `take`, the two are equal.
//!
//! # Errors
//! [`IoError`] names the file, and the line where there is one; the error of the system is its source.
//!
//! # Guarantees
//! * An output that was not committed leaves nothing behind, and the old file as it was.
//! * A committed output was flushed to the disk, together with its name in the folder (on Unix).
//! * Memory is bounded: one block, or one record of at most 64 MiB if that is larger, is held while reading, and
//!   what the compression needs: under 1 MiB for gzip, 4 MiB for bzip2, the window of the file for zstd (up to 128 MiB,
//!   8 MiB at its usual levels).

mod block;
mod blocks;
mod compression;
mod encoding;
mod error;
mod framing;
mod input;
mod output;
mod pending;
mod records;

pub use block::Block;
pub use blocks::{Blocks, Head};
pub use compression::Compression;
pub use error::IoError;
pub use framing::{Ahead, Frame, Framing};
pub use input::{Input, InputFiles};
pub use output::{OldContent, Output, OutputFile};
pub use records::{Encoded, Fields, FileFormat, FileSink};
