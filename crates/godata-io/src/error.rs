//! The errors of inputs and outputs.

use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use godata_core::{BoxError, debug_as_chain, excerpt, excerpt_path};

use crate::{Compression, Encoding, Packed};

/// A file that could not be read or written. If the system reported an error, it is the source.
///
/// ```
/// use godata_io::{IoError, Output};
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("missing").join("orders.csv");
/// let error = Output::path(&path).open().unwrap_err();
/// assert!(matches!(error, IoError::NoDirectory { .. }));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// An input could not be opened: it does not exist, for example, or the process may not read it.
    #[error("`{}` can't be opened", excerpt_path(path))]
    Open {
        /// The input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// [`Input::path`](crate::Input::path) or [`Input::paths`](crate::Input::paths) was given a directory.
    /// [`Input::directory`](crate::Input::directory) reads the files in one.
    #[error("`{}` is a directory; `Input::directory` reads the files in it", excerpt_path(path))]
    IsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// An input that is needed twice can be read only once, because it is not a regular file.
    #[error("`{}` is not a regular file: it can be read only once", excerpt_path(path))]
    NotAFile {
        /// The input.
        path: PathBuf,
    },
    /// [`Input::paths`](crate::Input::paths) was given no paths.
    #[error("there is nothing to read: no paths were given")]
    NoPaths,
    /// A glob pattern is not valid, such as `[a`.
    #[error("`{}` is not a valid pattern", excerpt_path(pattern))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        source: BoxError,
    },
    /// A glob pattern matches no file.
    #[error("no file matches `{}`{}", excerpt_path(pattern), searched(directory.as_ref()))]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The working directory of the process, if the pattern is relative to it.
        directory: Option<PathBuf>,
    },
    /// The files in a directory could not be listed.
    #[error("the files of `{}` can't be listed", excerpt_path(path))]
    List {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory has no files, or only hidden ones.
    #[error("there are no files in `{}`", excerpt_path(path))]
    NoFiles {
        /// The directory.
        path: PathBuf,
    },
    /// An input or output is compressed in a way that this build does not support: the crate feature of that name is
    /// off.
    #[error("`{}` can't be used without the crate feature `{compression}`", excerpt_path(path))]
    NotBuiltIn {
        /// The input or output.
        path: PathBuf,
        /// How it is compressed.
        compression: Compression,
    },
    /// Compressed data is damaged or cut off, or is followed by something else.
    #[error(
        "`{}` is not whole {compression} data: decompression fails after {bytes} bytes",
        excerpt_path(path)
    )]
    Compressed {
        /// The input.
        path: PathBuf,
        /// The compression it has, or was said to have.
        compression: Compression,
        /// Roughly how many bytes could be decompressed.
        bytes: u64,
        /// Why the next bytes could not.
        source: io::Error,
    },
    /// Reading from an input failed.
    #[error("`{}` can't be read", excerpt_path(path))]
    Read {
        /// The input.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An input starts with the byte order mark of an encoding other than the one it was to be read as.
    #[error(
        "`{}` has the byte order mark of {found}, but is read as {expected}; {}",
        excerpt_path(path),
        advice(found)
    )]
    Encoding {
        /// The input.
        path: PathBuf,
        /// The encoding that the mark stands for, such as `UTF-16LE`.
        found: &'static str,
        /// The encoding it was to be read as.
        expected: Encoding,
    },
    /// An input that was to be read as text starts as compressed data does.
    #[error("`{}` is {found} data, as its first bytes show; {}", excerpt_path(path), found.advice())]
    Packed {
        /// The input.
        path: PathBuf,
        /// How it is compressed.
        found: Packed,
    },
    /// An input has bytes that are not a character of its encoding, or ends in the middle of one.
    #[error(
        "`{}` is not valid {encoding} text: the bytes at offset {offset} are not a character",
        excerpt_path(path)
    )]
    Malformed {
        /// The input.
        path: PathBuf,
        /// The encoding it was read as, such as `UTF-16LE` or `Shift_JIS`.
        encoding: &'static str,
        /// The offset of the bytes from 0, in the text after decompression and before decoding.
        offset: u64,
    },
    /// No encoding has this label, or none that can be read.
    #[error(
        "`{}` is not the label of a known encoding; labels are `utf-16` and `windows-1252`, for example",
        excerpt(label)
    )]
    UnknownEncoding {
        /// The label.
        label: String,
    },
    /// A record is longer than a block may be: the input is damaged, or has another format.
    #[error("{}:{line}: the record that begins here is over {limit} bytes long", excerpt_path(path))]
    RecordTooLong {
        /// The input.
        path: PathBuf,
        /// The line on which the record begins, from 1.
        line: u64,
        /// How many bytes a record may have.
        limit: usize,
    },
    /// An input ends in the middle of a record.
    #[error("{}:{line}: the record that begins here is not complete", excerpt_path(path))]
    Incomplete {
        /// The input.
        path: PathBuf,
        /// The line on which the record begins, from 1.
        line: u64,
    },
    /// The path of an output is a directory.
    #[error("`{}` is a directory, and can't be replaced by a file", excerpt_path(path))]
    OutputIsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The path of an output does not end in a file name.
    #[error("`{}` is not the path of a file", excerpt_path(path))]
    NoFileName {
        /// The path.
        path: PathBuf,
    },
    /// The directory of an output does not exist. [`Output::create_parents`](crate::Output::create_parents) creates it.
    #[error(
        "`{}` can't be written: the directory `{}` does not exist; `create_parents` creates it",
        excerpt_path(path),
        excerpt_path(directory)
    )]
    NoDirectory {
        /// The output.
        path: PathBuf,
        /// The directory.
        directory: PathBuf,
    },
    /// A directory for an output could not be created.
    #[error("the directory `{}` can't be created", excerpt_path(path))]
    MakeDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The options of an output are not possible, or not in this combination.
    #[error("`{}` can't be written with these options: {reason}", excerpt_path(path))]
    Options {
        /// The output.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// The compression of an output does not have the level that was asked for.
    #[error(
        "`{}` can't be written: {compression} has no level {level}, only {} to {}",
        excerpt_path(path), levels.start(), levels.end()
    )]
    Level {
        /// The output.
        path: PathBuf,
        /// How it is to be compressed.
        compression: Compression,
        /// The level that was asked for.
        level: i32,
        /// The levels that exist.
        levels: RangeInclusive<i32>,
    },
    /// The path template of a partitioned output is not valid.
    #[error("`{}` is not a path template: {expected}", excerpt_path(template))]
    Template {
        /// The text.
        template: String,
        /// What is expected.
        expected: &'static str,
    },
    /// The value of a field in the path template can't be part of a path.
    #[error("field `{}`: {found} can't be part of a path", excerpt(field))]
    PartitionValue {
        /// The name of the field.
        field: String,
        /// What kind of value it has.
        found: &'static str,
    },
    /// No record has a field that is in the path template.
    #[error("no record has the field `{}`, which is in the path template", excerpt(field))]
    PartitionField {
        /// The name of the field.
        field: String,
    },
    /// Two files that a run writes would be the same: records with different values in the fields get the same path, a
    /// symbolic link leads to another file of the output, or the dead letters have the path of the output. Put something
    /// between the fields that their values do not contain, such as a `/`.
    #[error("`{}` leads to the same file as another path that this run writes", excerpt_path(path))]
    SamePath {
        /// The path that came later.
        path: PathBuf,
    },
    /// The content of a file that is appended to does not fit the records; the source says why.
    #[error("`{}` can't be appended to", excerpt_path(path))]
    Resume {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
    /// Something else appends to a file, in this process or another, and the run has waited as long as
    /// [`Output::lock_timeout`](crate::Output::lock_timeout) says.
    #[error(
        "`{}` can't be appended to: another run appends to it; `lock_timeout` sets how long to wait",
        excerpt_path(path)
    )]
    InUse {
        /// The output.
        path: PathBuf,
    },
    /// A run would append to a file that it reads, and would read its own records. A file that is read by its path can be
    /// replaced.
    #[error(
        "`{}` can't be appended to, because this run reads it; a file that is read by its path can be replaced",
        excerpt_path(path)
    )]
    OwnInput {
        /// The file.
        path: PathBuf,
    },
    /// A run would replace a file that it reads only because a pattern matches it or its directory is read. Each run would
    /// read the output of the run before as input. A file that is read by its path can be replaced.
    #[error(
        "`{}` can't be replaced, because this run reads it as one of the files of `{}`; write to another directory, or use \
         a pattern that does not match the output",
        excerpt_path(path),
        excerpt_path(input)
    )]
    ListedInput {
        /// The output.
        path: PathBuf,
        /// The pattern or directory of the input.
        input: String,
    },
    /// Dead letters would replace a file that the run reads.
    #[error(
        "`{}` can't be replaced by dead letters, because this run reads it; give them a file of their own",
        excerpt_path(path)
    )]
    LettersOverInput {
        /// The file.
        path: PathBuf,
    },
    /// An output could not be opened: the process may not write to its directory, for example.
    #[error("`{}` can't be written", excerpt_path(path))]
    Create {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing to an output failed: the disk is full, for example.
    #[error("writing `{}` failed", excerpt_path(path))]
    Write {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A finished output could not be flushed to the disk, or could not replace the old file.
    #[error("committing `{}` failed", excerpt_path(path))]
    Commit {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The outputs are in place, but their directory could not be flushed to the disk: a power failure may bring the
    /// old files back. A file system that can't flush directories is not an error.
    #[error("the directory `{}` can't be flushed to the disk", excerpt_path(path))]
    SyncDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

debug_as_chain!(IoError);

/// Where files were searched for.
fn searched(directory: Option<&PathBuf>) -> String {
    directory.map(|path| format!(" in the working directory `{}`", excerpt_path(path))).unwrap_or_default()
}

/// How to read text of an encoding.
fn advice(encoding: &str) -> &'static str {
    match encoding {
        "UTF-8" => "`Encoding::Utf8` reads it",
        "UTF-16LE" | "UTF-16BE" => "`Input::encoding` with `Encoding::Utf16` reads it",
        _ => "convert it to UTF-8",
    }
}

#[cfg(test)]
mod tests;
