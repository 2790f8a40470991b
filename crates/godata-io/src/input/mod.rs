//! Inputs: what a reader reads.

mod content;
mod decompressed;
mod file;
mod files;
mod listing;
mod pattern;
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
/// | constructor | reads |
/// |---|---|
/// | [`path`](Self::path), or the path itself | a file |
/// | [`paths`](Self::paths) | several files, in the given order |
/// | [`glob`](Self::glob) | the files that match a pattern, sorted |
/// | [`directory`](Self::directory) | the files in a directory, sorted |
/// | [`stdin`](Self::stdin) | standard input |
/// | [`bytes`](Self::bytes) | bytes in memory |
/// | [`bytes_of`](Self::bytes_of) | several byte strings in memory, in the given order |
///
/// Files are read one after the other, as if they were one file, except that records and lines are counted per file.
/// Files whose names end in `.gz`, `.zst` or `.bz2` are decompressed, unless [`compression`](Self::compression) is set.
/// The text is UTF-8, unless [`encoding`](Self::encoding) is set.
///
/// The files are listed once per run, when it starts. A file that disappears before it is read is an error. So is a file
/// that is changed while it is read: a mixture of old and new may look whole. A file that only grows may be read with
/// [`growing`](Self::growing). Devices and FIFOs can be read too. Opening a FIFO waits for a process that writes to it, and
/// cancellation does not interrupt that wait.
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
    may_grow: bool,
}

/// Where bytes come from.
#[derive(Clone, Debug)]
enum Place {
    Paths(Arc<[PathBuf]>),
    Glob(Arc<str>),
    Directory(Arc<Path>),
    Stdin,
    Bytes(Arc<[(Arc<str>, Bytes)]>),
}

/// Bytes that `Debug` does not print.
#[derive(Clone)]
struct Bytes(Arc<Vec<u8>>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Input {
    /// The file at a path. A relative path starts at the working directory of the process.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::paths([path])
    }

    /// Several files, in the given order. A file that is given twice is read twice. If no path is given, the run fails.
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

    /// The files that match a pattern, sorted by path: `in/*.csv.gz`, `in/**/orders-[0-9]?.jsonl`.
    ///
    /// `*` and `?` match characters within one name, `[a-z]` and `[!a-z]` match one character, and `**` matches any
    /// number of directories; `[*]` is a literal asterisk. As in a shell, a dot at the start of a name is matched only
    /// by a dot. `**` does not follow links to directories. Directories are left out. If no file matches, the run fails. It also fails if it replaces one of the files,
    /// with [`IoError::ListedInput`].
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::glob("in/**/orders-*.csv.gz");
    /// assert_eq!(&*input.name(), "in/**/orders-*.csv.gz");
    /// ```
    #[must_use]
    pub fn glob(pattern: impl Into<String>) -> Self {
        Self::at(Place::Glob(pattern.into().into()))
    }

    /// The files in a directory, sorted by name. Its subdirectories are left out, and so are files whose names start
    /// with a dot. If there are no files, the run fails. It also fails if it would replace one of the files, with
    /// [`IoError::ListedInput`].
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::directory("in");
    /// assert_eq!(&*input.name(), "in");
    /// ```
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Directory(path.into().into()))
    }

    /// Standard input, which errors call `stdin`. It is decompressed only if [`compression`](Self::compression) is set.
    ///
    /// It can be read once: a second run finds its end. Cancellation does not interrupt the wait for input: the run
    /// stops when the next bytes arrive, or the end.
    #[must_use]
    pub fn stdin() -> Self {
        Self::at(Place::Stdin)
    }

    /// Bytes in memory, with a name for errors. They are decompressed only if [`compression`](Self::compression) is
    /// set.
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::bytes("orders", "id,amount\nA-1,12.5\n");
    /// assert_eq!(&*input.name(), "orders");
    /// ```
    #[must_use]
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::bytes_of([(name, bytes)])
    }

    /// Several byte strings in memory, each with a name for errors. They are read in the given order, as several files are: each
    /// has its own header, and its own lines.
    ///
    /// Without any there is nothing to read, and that is no error, not even for formats of which a file can't be empty.
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::bytes_of([("orders.csv:7", "id,amount\nA-6,1O\n"), ("orders.csv:9", "id,amount\nA-8,\n")]);
    /// assert_eq!(&*input.name(), "orders.csv:7 and 1 more");
    /// ```
    #[must_use]
    pub fn bytes_of<N: Into<String>, B: Into<Vec<u8>>>(sources: impl IntoIterator<Item = (N, B)>) -> Self {
        let source = |(name, bytes): (N, B)| (name.into().into(), Bytes(Arc::new(bytes.into())));
        Self::at(Place::Bytes(sources.into_iter().map(source).collect()))
    }

    fn at(place: Place) -> Self {
        Self { place, compression: Compression::default(), encoding: Encoding::default(), may_grow: false }
    }

    /// Sets how the whole input is compressed. The default is [`Compression::ByExtension`].
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

    /// Sets how the text of the whole input is encoded. The default is UTF-8.
    ///
    /// The text is converted to UTF-8 while it is read, after decompression.
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

    /// Allows files to grow while they are read, such as logs. They are read up to the length that they had when they were
    /// opened, so the last record may be incomplete.
    ///
    /// Without this, a file that has grown when its end is reached fails the run, as any other change does, because half of
    /// what was read may be old and half new. With it, only growth is allowed: a file that was truncated, or rewritten with
    /// the same length, still fails the run.
    ///
    /// ```
    /// use godata_io::Input;
    ///
    /// let input = Input::glob("log/*.jsonl").growing();
    /// # let _ = input;
    /// ```
    #[must_use]
    pub fn growing(mut self) -> Self {
        self.may_grow = true;
        self
    }

    /// A name for the whole input: what it was made from. Errors and origins name the single file they are about.
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
            Place::Bytes(sources) => match &**sources {
                [] => "nothing".into(),
                [(name, _)] => Arc::clone(name),
                [(first, _), rest @ ..] => format!("{first} and {} more", rest.len()).into(),
            },
        }
    }

    /// Lists the files, opens the first, and tells the run how many stored bytes to expect. It blocks: call it in
    /// [`RunScope::blocking`].
    ///
    /// # Errors
    ///
    /// [`IoError::Open`] and [`IoError::IsDirectory`], [`IoError::NoPaths`], [`IoError::Pattern`],
    /// [`IoError::NoMatch`], [`IoError::List`], [`IoError::NoFiles`], and [`IoError::NotBuiltIn`].
    pub fn open(&self, scope: &RunScope) -> Result<InputFiles, IoError> {
        let mut listed = listing::list(&self.place)?;
        listed.iter_mut().for_each(|listed| listed.may_grow = self.may_grow);
        let is_listed = matches!(self.place, Place::Glob(_) | Place::Directory(_));
        let listing = is_listed.then(|| self.name());
        InputFiles::open(listed, listing, self.compression, self.encoding, scope)
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
