//! What is read.

mod content;
mod decompressed;
mod file;
mod files;
mod listing;
mod transcoder;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use godata_etl::RunScope;

use crate::{Compression, Encoding, IoError};

pub(crate) use file::InputFile;
pub use files::InputFiles;

/// What a reader reads: one file or many, standard input, or bytes in memory.
///
/// | made by | reads |
/// |---|---|
/// | [`path`](Self::path), or a path itself | a file |
/// | [`paths`](Self::paths) | several files, in the order given |
/// | [`glob`](Self::glob) | the files that a pattern matches, sorted |
/// | [`directory`](Self::directory) | the files of a directory, sorted |
/// | [`stdin`](Self::stdin) | standard input |
/// | [`bytes`](Self::bytes) | bytes in memory |
///
/// Files are read one after the other, as if they were one, but that records and lines are counted per file.
/// Files whose names end in `.gz`, `.zst` or `.bz2` are decompressed while they are read;
/// [`compression`](Self::compression) says otherwise. The text is UTF-8; [`encoding`](Self::encoding) says otherwise.
///
/// Which files there are is looked up when a run begins, once per run. A file that vanishes afterwards, before
/// it was read, is an error, and so is one that is cut off while it is read: what is left of it may look whole. Of one
/// that grows, what is there when its end is reached is read. A device or a FIFO can be read too. Opening a FIFO waits until somebody writes to
/// it, which a cancellation does not interrupt.
///
/// ```
/// use godata_io::Input;
///
/// let input = Input::path("data/orders.csv");
/// assert_eq!(&*input.name(), "data/orders.csv");
/// let input = Input::glob("data/*.csv.gz");
/// assert_eq!(&*input.name(), "data/*.csv.gz");
/// ```
#[derive(Clone, Debug)]
pub struct Input {
    place: Place,
    compression: Compression,
    encoding: Encoding,
}

/// Where bytes come from.
#[derive(Clone, Debug)]
enum Place {
    Paths(Arc<[PathBuf]>),
    Glob(Arc<str>),
    Directory(Arc<Path>),
    Stdin,
    Bytes { name: Arc<str>, bytes: Bytes },
}

/// Bytes that are not printed.
#[derive(Clone)]
struct Bytes(Arc<Vec<u8>>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Input {
    /// The file at a path; a relative one begins at the working directory of the process.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::paths([path])
    }

    /// Several files, in the order given. A file that is there twice is read twice; to give none is an error of
    /// the run.
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::paths(["2024.csv.gz", "2025.csv"]);
    /// assert_eq!(&*input.name(), "2024.csv.gz and 1 more");
    /// ```
    #[must_use]
    pub fn paths<I>(paths: I) -> Self
    where
        I: IntoIterator<Item: Into<PathBuf>>,
    {
        Self::at(Place::Paths(paths.into_iter().map(Into::into).collect()))
    }

    /// The files that a pattern matches, sorted by path: `in/*.csv.gz`, `in/**/orders-[0-9]?.jsonl`.
    ///
    /// `*` and `?` stand for characters of one name, `[a-z]` and `[!a-z]` for one character, `**` for any
    /// directories; `[*]` is an asterisk itself. As in a shell, names that begin with a dot are matched only by
    /// a dot. Directories are left out. A pattern that matches no file is an error of the run.
    #[must_use]
    pub fn glob(pattern: impl Into<String>) -> Self {
        Self::at(Place::Glob(pattern.into().into()))
    }

    /// The files in a directory, sorted by name. Directories in it are left out, and so are files whose names
    /// begin with a dot. A directory without files is an error of the run.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Directory(path.into().into()))
    }

    /// Standard input, which errors name `stdin`. It is not decompressed unless
    /// [`compression`](Self::compression) says so.
    ///
    /// It can be read once: another run finds it at its end. Waiting for it is not interrupted by a
    /// cancellation: the run ends when the next bytes come, or their end.
    #[must_use]
    pub fn stdin() -> Self {
        Self::at(Place::Stdin)
    }

    /// Bytes in memory, with a name for errors. They are not decompressed unless
    /// [`compression`](Self::compression) says so.
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::bytes("orders", "id,amount\nA-1,12.5\n");
    /// assert_eq!(&*input.name(), "orders");
    /// ```
    #[must_use]
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::at(Place::Bytes { name: name.into().into(), bytes: Bytes(Arc::new(bytes.into())) })
    }

    fn at(place: Place) -> Self {
        Self { place, compression: Compression::default(), encoding: Encoding::default() }
    }

    /// Says how all of the input is compressed: [by extension](Compression::ByExtension) if this is not called.
    ///
    /// ```
    /// use godata_io::{Compression, Input};
    ///
    /// let input = Input::stdin().compression(Compression::Gzip);
    /// # let _ = input;
    /// ```
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Says how the text of all of the input is encoded: as UTF-8 if this is not called.
    ///
    /// It is made UTF-8 while it is read, after it was decompressed.
    ///
    /// ```
    /// use godata_io::{Encoding, Input};
    ///
    /// let input = Input::path("export.csv").encoding(Encoding::Utf16);
    /// let input = Input::path("export.csv").encoding("windows-1251".parse()?);
    /// # let _ = input;
    /// # Ok::<(), godata_io::IoError>(())
    /// ```
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// A name for all of the input: what was given. Errors and origins name the one file that they are about.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        match &self.place {
            Place::Paths(paths) => match &**paths {
                [] => "no files".into(),
                [path] => path.to_string_lossy().into(),
                [first, rest @ ..] => format!("{} and {} more", first.display(), rest.len()).into(),
            },
            Place::Glob(pattern) => Arc::clone(pattern),
            Place::Directory(path) => path.to_string_lossy().into(),
            Place::Stdin => STDIN.into(),
            Place::Bytes { name, .. } => Arc::clone(name),
        }
    }

    /// Looks up which files there are, opens the first, and tells the run how many bytes are to come, as they
    /// are stored. It blocks: call it in [`RunScope::blocking`].
    ///
    /// # Errors
    /// [`IoError::Open`] and [`IoError::IsDirectory`], [`IoError::NoPaths`], [`IoError::Pattern`],
    /// [`IoError::NoMatch`], [`IoError::List`], [`IoError::NoFiles`], and [`IoError::NotBuiltIn`].
    pub fn open(&self, scope: &RunScope) -> Result<InputFiles, IoError> {
        InputFiles::open(listing::list(&self.place)?, self.compression, self.encoding, scope)
    }
}

/// The name of standard input.
const STDIN: &str = "stdin";

impl From<&str> for Input {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Input {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Input {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}
