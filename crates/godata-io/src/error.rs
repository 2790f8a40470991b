//! How files fail.

use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use godata_core::BoxError;

use crate::{Compression, Encoding};

/// A file that could not be read or written. The error of the system, if there is one, is the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// An input could not be opened: it does not exist, say, or may not be read.
    #[error("`{}` can't be opened", path.display())]
    Open {
        /// The input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory was given where a file is needed.
    #[error("`{}` is a directory", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// An input of [`paths`](crate::Input::paths) has none.
    #[error("there is nothing to read: no paths were given")]
    NoPaths,
    /// A pattern is not one, such as `[a`.
    #[error("`{pattern}` is not a pattern")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        source: BoxError,
    },
    /// A pattern matches no file.
    #[error("no file matches `{pattern}`")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// It can't be found out which files a directory has.
    #[error("the files of `{}` can't be listed", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory has no files, or only hidden ones.
    #[error("there are no files in `{}`", path.display())]
    NoFiles {
        /// The directory.
        path: PathBuf,
    },
    /// An input or output is compressed in a way that this build does not know: the feature of that name is off.
    #[error("`{}` can't be used without the feature `{compression}` of godata-io", path.display())]
    NotBuiltIn {
        /// The input or output.
        path: PathBuf,
        /// How it is compressed.
        compression: Compression,
    },
    /// Compressed data is damaged or cut off, or something else follows on it.
    #[error("`{}` is not whole {compression} data, which fails after {bytes} decompressed bytes", path.display())]
    Compressed {
        /// The input.
        path: PathBuf,
        /// How it is compressed, or was said to be.
        compression: Compression,
        /// How many bytes could be decompressed, about.
        bytes: u64,
        /// Why the next could not.
        source: io::Error,
    },
    /// An input failed while it was read.
    #[error("`{}` can't be read", path.display())]
    Read {
        /// The input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An input begins with the byte order mark of another encoding than it is to be read as.
    #[error(
        "`{}` is {found} text by its byte order mark, and was to be read as {expected}; {}",
        path.display(),
        advice(found)
    )]
    Encoding {
        /// The input.
        path: PathBuf,
        /// What the mark says, such as `UTF-16LE`.
        found: &'static str,
        /// What the input is to be read as.
        expected: Encoding,
    },
    /// An input has bytes that are no character of its encoding, or ends inside of one.
    #[error("`{}` is not whole {encoding} text: there is no character at byte {offset}, from 0", path.display())]
    Malformed {
        /// The input.
        path: PathBuf,
        /// What it was read as, such as `UTF-16LE` or `Shift_JIS`.
        encoding: &'static str,
        /// Where, in bytes from 0 of the encoded text, which is decompressed.
        offset: u64,
    },
    /// There is no encoding of a label, or none that can be read.
    #[error("`{label}` is not the label of an encoding, such as `utf-16` or `windows-1252`")]
    UnknownEncoding {
        /// The label.
        label: String,
    },
    /// A record is longer than a block may ever be: the input is damaged, or of another format.
    #[error("{}:{line}: the record that begins here is over {limit} bytes long", path.display())]
    RecordTooLong {
        /// The input.
        path: PathBuf,
        /// The line on which the record begins, from 1.
        line: u64,
        /// How many bytes a record may have.
        limit: usize,
    },
    /// An input ends inside of a record.
    #[error("{}:{line}: the record that begins here is not complete", path.display())]
    Incomplete {
        /// The input.
        path: PathBuf,
        /// The line on which the record begins, from 1.
        line: u64,
    },
    /// The path of an output does not end in the name of a file.
    #[error("`{}` is not the path of a file", path.display())]
    NoFileName {
        /// The path.
        path: PathBuf,
    },
    /// The directory that an output is to be in does not exist.
    #[error("`{}` can't be written: the directory `{}` does not exist", path.display(), directory.display())]
    NoDirectory {
        /// The output.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// A directory that an output is to be in could not be made.
    #[error("the directory `{}` can't be made", path.display())]
    MakeDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An output has options that can't be, or not together.
    #[error("`{}` can't be written like that: {reason}", path.display())]
    Options {
        /// The output.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// An output is to be compressed at a level that the compression does not have.
    #[error(
        "`{}` can't be written: {compression} has no level {level}, but {} to {}",
        path.display(), levels.start(), levels.end()
    )]
    Level {
        /// The output.
        path: PathBuf,
        /// How it is to be compressed.
        compression: Compression,
        /// The level that was asked for.
        level: i32,
        /// Those that there are.
        levels: RangeInclusive<i32>,
    },
    /// The text for the paths of a partitioned output is none that could be.
    #[error("`{template}` is not a template of paths: {expected}")]
    Template {
        /// The text.
        template: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A field that says to which file of a partitioned output a record goes has a value that can't be part of a
    /// path.
    #[error("field `{field}`: {found} can't be part of a path")]
    PartitionValue {
        /// The name of the field.
        field: String,
        /// What it has.
        found: &'static str,
    },
    /// A field that says to which file of a partitioned output a record goes is in no record.
    #[error("no record has the field `{field}`, which says to which file it goes")]
    PartitionField {
        /// The name of the field.
        field: String,
    },
    /// Two files of an output would be one: records with other values of the fields have the same path, or a symbolic
    /// link leads to the file of others. Keep the fields apart by something that the values do not have, such as a
    /// directory.
    #[error("`{}` leads to a file that others of this output go to", path.display())]
    SamePath {
        /// The path of the later one.
        path: PathBuf,
    },
    /// What a file has that is to be appended to does not fit to the records; the source says why.
    #[error("`{}` can't be appended to", path.display())]
    Resume {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
    /// An output could not be begun: its directory may not be written to, say.
    #[error("`{}` can't be written", path.display())]
    Create {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing to an output failed: the disk is full, say.
    #[error("writing `{}` failed", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was written could not be made durable, or not take the place of the old file.
    #[error("committing `{}` failed", path.display())]
    Commit {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// How text of an encoding can be read.
fn advice(encoding: &str) -> &'static str {
    match encoding {
        "UTF-8" => "`Encoding::Utf8` reads it",
        "UTF-16LE" | "UTF-16BE" => "`Input::encoding` with `Encoding::Utf16` reads it",
        _ => "convert it to UTF-8",
    }
}
