//! What is written.

mod appended;
mod compressor;
mod file;
mod folders;
mod key;
mod manifest;
mod old;
mod platform;
mod replacement;
mod rolling;
mod target;
mod template;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Compression, IoError};

pub(crate) use self::compressor::Packing;
pub use self::file::OutputFile;
pub(crate) use self::folders::{Folders, sync};
pub(crate) use self::key::push_value;
pub(crate) use self::manifest::{Listing, text as manifest_text};
pub use self::old::OldContent;
pub(crate) use self::replacement::resolved;
pub(crate) use self::rolling::{Filled, Rolling, numbered};
pub(crate) use self::template::Template;

/// How many files a partitioned output has open if nothing else is said.
const MAX_OPEN_FILES: usize = 64;

/// The name of standard output.
const STDOUT: &str = "stdout";

/// What a writer writes: a file, files, or standard output.
///
/// | made by | writes |
/// |---|---|
/// | [`path`](Self::path), or a path itself | a file |
/// | [`path`](Self::path) with [`roll_by_rows`](Self::roll_by_rows) or [`roll_by_bytes`](Self::roll_by_bytes) | files one after the other |
/// | [`partitioned`](Self::partitioned) | a file for each value of a field |
/// | [`stdout`](Self::stdout) | standard output |
///
/// Files whose names end in `.gz`, `.zst` or `.bz2` are compressed, as the path or template has it;
/// [`compression`](Self::compression) says otherwise.
///
/// # Replacing
/// * A file that exists is replaced as a whole, when the run has succeeded. What is written goes to a file
///   beside it until then, named `.orders.csv.AbC123.tmp`. A process that is killed leaves that file behind;
///   nothing reads it, and it may be removed.
/// * Of several files all are whole and flushed to the disk before the first takes its place. Should that of a later
///   one fail, which takes a change of rights or the like in that moment, those before it are new and the others as
///   they were; a [`manifest`](Self::manifest), which comes last, tells the two apart.
/// * Files of an earlier run to which this one has nothing to write stay as they are: a partition that has no records
///   any more, say, or the last of the files that were rolled. A manifest says which files are current.
/// * The new file has the mode of the old one, and without an old one 0666 less the umask. Its owner is the
///   user who runs the process, also where the old file had another.
/// * To replace a file is a change to its directory, as with `mv`: an old file that is read only is replaced.
/// * Of a symbolic link the target is replaced, not the link. Other hard links to the old file keep its content.
/// * What exists and is no file (a device, a FIFO) can't be replaced: it is opened and written to directly, so
///   a run that fails may have written to it. Opening a FIFO waits until somebody reads from it, which a
///   cancellation does not interrupt.
///
/// [`append`](Self::append) adds to the end instead.
///
/// # Memory
/// A file that is open and compressed takes what its compression needs: under 1 MiB for gzip, 8 MiB for bzip2, and for
/// zstd 4 MiB at its usual level, several hundred at its highest. [`max_open_files`](Self::max_open_files) bounds
/// how many are.
///
/// ```
/// use godata_io::Output;
///
/// let output = Output::path("out/orders.csv.gz").level(9).create_parents();
/// let output = Output::partitioned("out/{country}/{day}.csv.zst").manifest("out/manifest.json");
/// let output = Output::path("out/orders.jsonl").roll_by_rows(1_000_000);
/// # let _ = output;
/// ```
#[derive(Clone, Debug)]
pub struct Output {
    place: Place,
    compression: Compression,
    level: Option<i32>,
    appends: bool,
    creates_parents: bool,
    max_open_files: usize,
    rolling: Rolling,
    manifest: Option<PathBuf>,
}

/// Where the bytes go.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Path(PathBuf),
    Partitioned(Template),
    Stdout,
}

impl Output {
    /// The file at a path; a relative one begins at the working directory of the process.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Path(path.into()))
    }

    /// Standard output, which errors name `stdout`. It is compressed only if [`compression`](Self::compression)
    /// says so.
    ///
    /// What is written there is seen at once, also of a run that fails later. It is locked for each write only, so
    /// others can print in between.
    ///
    /// When whoever reads it has gone (`head`, say), the run ends early with an error that
    /// [`PipelineError::is_broken_pipe`](godata_etl::PipelineError::is_broken_pipe) recognises; a program in a pipe
    /// of the shell takes that for a normal end.
    #[must_use]
    pub fn stdout() -> Self {
        Self::at(Place::Stdout)
    }

    /// A file for each combination of the values that some fields have: `out/{country}/{day}.csv.zst`.
    ///
    /// * Braces have the names of fields: of dynamic records, or of structs as serde names them. `{{` and `}}` are
    ///   braces themselves. A text that is no such template is an [`IoError::Template`] of the run.
    /// * The fields stay in the records. Each file has its records in the order of the input.
    /// * A value is written as in CSV. A field that is null or absent is `__HIVE_DEFAULT_PARTITION__`, as in Hive,
    ///   Spark and DuckDB. Characters that names of files can't have on some system, and `%` and `=`, are written as
    ///   `%` and two digits; so is a dot at the begin. Empty text is a `%` alone. Hence no value leads out of the
    ///   directory, and other values are other names. Bytes, lists and maps are an [`IoError::PartitionValue`].
    /// * A field that no record has is an error: at once where the names are known, as in CSV, else at the end.
    /// * Two combinations that lead to the same file, by their path (`{a}-{b}` with `x-y`, `z` and with `x`, `y-z`) or
    ///   over a symbolic link, are an [`IoError::SamePath`]. Where the file system makes no difference between small and capital letters, values
    ///   that differ only in them lead to the same file and the last one is kept: give them one spelling before.
    /// * The directory before the first field must exist, or [`create_parents`](Self::create_parents) makes it; those
    ///   after it are made as they are needed.
    /// * How the template ends says how all files are compressed: `out/{name}` writes plain files, also to `x.gz` for
    ///   the value `x.gz`. [`compression`](Self::compression) says otherwise.
    /// * A run without records writes no file.
    ///
    /// ```
    /// use godata_io::Output;
    ///
    /// let output = Output::partitioned("out/country={country}/orders.csv");
    /// # let _ = output;
    /// ```
    #[must_use]
    pub fn partitioned(template: impl Into<String>) -> Self {
        Self::at(Place::Partitioned(Template::new(template.into())))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            compression: Compression::default(),
            level: None,
            appends: false,
            creates_parents: false,
            max_open_files: MAX_OPEN_FILES,
            rolling: Rolling::default(),
            manifest: None,
        }
    }

    /// Says how the output is compressed: [by extension](Compression::ByExtension) if this is not called.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Says how much work is put into making the output small: gzip takes 0 to 9, bzip2 1 to 9, zstd up to 22 and
    /// negative ones. If this is not called, it is what their libraries take: 6, 6 and 3.
    ///
    /// Another level is an [`IoError::Level`] of the run. Without compression it has no meaning.
    #[must_use]
    pub fn level(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// Adds to the end of what is there. If this is not called, it is replaced.
    ///
    /// * A file that is not there is made. A run that fails, or is given up, cuts the file back to the length that
    ///   it had; so nobody else may write to it meanwhile. A process that is killed leaves what it has added so far,
    ///   maybe half a record; of a compressed file that is half a member, which the next run refuses.
    /// * CSV writes its header only to a file that is empty, and refuses one with another header. A last line
    ///   without its end is ended. The array of a JSON document can't be added to.
    /// * To a compressed file a further member (gzip), frame (zstd) or stream (bzip2) is added. It is read once
    ///   from begin to end before: one that is damaged is refused.
    /// * It can't be combined with rolling, as nobody could say whether the last file of an earlier run is full.
    #[must_use]
    pub fn append(mut self) -> Self {
        self.appends = true;
        self
    }

    /// Makes the directories that the output is to be in. If this is not called, one that is missing is an
    /// [`IoError::NoDirectory`]. A run that fails removes those that it made.
    #[must_use]
    pub fn create_parents(mut self) -> Self {
        self.creates_parents = true;
        self
    }

    /// Says how many files of a [partitioned](Self::partitioned) output are open at once: 64 if this is not called.
    ///
    /// When there are more, the one that was not written to for longest is closed, and opened again when a record
    /// comes for it. What is compressed then consists of more members, frames or streams, and is larger: records that
    /// are sorted by the fields, or a larger number, avoid that.
    #[must_use]
    pub fn max_open_files(mut self, files: usize) -> Self {
        self.max_open_files = files;
        self
    }

    /// Begins a new file after so many records: of `orders.csv.gz` they are `orders-00001.csv.gz`,
    /// `orders-00002.csv.gz` and so on. Of a partitioned output this holds for each partition.
    ///
    /// Each is whole by itself: with a header in CSV, an array in JSON. A run without records writes the first.
    #[must_use]
    pub fn roll_by_rows(mut self, rows: u64) -> Self {
        self.rolling.rows = Some(rows);
        self
    }

    /// Begins a new file before one gets larger than this, in bytes before compression. No record is split: a file
    /// is larger only if it has one record that is. Otherwise as [`roll_by_rows`](Self::roll_by_rows); with both,
    /// what comes first counts.
    #[must_use]
    pub fn roll_by_bytes(mut self, bytes: u64) -> Self {
        self.rolling.bytes = Some(bytes);
        self
    }

    /// Also writes a list of the files, as JSON, after they have taken their places:
    ///
    /// ```json
    /// {"files":[
    ///   {"path":"orders-00001.csv.gz","rows":1000000,"bytes":7340032},
    ///   {"path":"orders-00002.csv.gz","rows":2,"bytes":71}
    /// ],"rows":1000002,"bytes":7340103}
    /// ```
    ///
    /// They are in the order in which they were begun, with the records and the stored bytes that this run has
    /// written. Paths begin at the directory of the list if they are in it. The list is replaced as a file is. A file
    /// that would be where the list is to be is an [`IoError::Options`] of the run.
    #[must_use]
    pub fn manifest(mut self, path: impl Into<PathBuf>) -> Self {
        self.manifest = Some(path.into());
        self
    }

    /// Begins an output of one file, to which bytes are written; the old file is as it was until
    /// [`OutputFile::commit`]. Formats take [`sink`](Self::sink). It blocks: call it in
    /// [`RunScope::blocking`](godata_etl::RunScope::blocking).
    ///
    /// # Errors
    /// [`IoError::IsDirectory`], [`IoError::NoFileName`], [`IoError::NoDirectory`], [`IoError::MakeDirectory`],
    /// [`IoError::Create`], [`IoError::NotBuiltIn`], [`IoError::Level`], and [`IoError::Options`] for an output of
    /// several files or with a manifest.
    pub fn open(&self) -> Result<OutputFile, IoError> {
        self.check()?;
        if self.rolling.is_on() || self.manifest.is_some() {
            return Err(self.refused("bytes can't be counted as rows: only records are rolled and listed"));
        }
        let folders = Arc::default();
        self.prepare(&folders)?;
        match &self.place {
            Place::Path(path) => self.open_file(path, &folders),
            Place::Stdout => Ok(OutputFile::stdout(self.packing()?, &folders)),
            Place::Partitioned(_) => Err(self.refused("bytes have no fields: only records are partitioned")),
        }
    }

    /// Begins one of the files.
    pub(crate) fn open_file(&self, path: &Path, folders: &Arc<Folders>) -> Result<OutputFile, IoError> {
        self.check_manifest(path)?;
        OutputFile::open(path, self.appends, self.packing()?, folders)
    }

    /// Begins what is written to standard output.
    pub(crate) fn open_stdout(&self, folders: &Arc<Folders>) -> Result<OutputFile, IoError> {
        Ok(OutputFile::stdout(self.packing()?, folders))
    }

    /// Begins the list of the files, if there is to be one.
    pub(crate) fn open_manifest(&self, folders: &Arc<Folders>) -> Result<Option<OutputFile>, IoError> {
        let Some(path) = &self.manifest else { return Ok(None) };
        let plain = Packing::new(Compression::None, None, path)?;
        OutputFile::open(path, false, plain, folders).map(Some)
    }

    /// Makes the directories that are to be made, and checks that there is the one of a partitioned output.
    pub(crate) fn prepare(&self, folders: &Folders) -> Result<(), IoError> {
        let folder = match &self.place {
            Place::Path(path) => Some(folders::parent(path).to_owned()),
            Place::Partitioned(template) => Some(template.folder()),
            Place::Stdout => None,
        };
        if self.creates_parents {
            let manifest = self.manifest.as_deref().map(folders::parent);
            folder.as_deref().into_iter().chain(manifest).try_for_each(|folder| folders.make(folder))?;
        }
        match (&self.place, folder) {
            (Place::Partitioned(template), Some(folder)) => folders::check(&folder, template.as_path()),
            _ => Ok(()),
        }
    }

    /// Checks what can be checked without the file system.
    pub(crate) fn check(&self) -> Result<(), IoError> {
        self.packing()?;
        if let Place::Partitioned(template) = &self.place {
            template.check()?;
        }
        let is_stdout = matches!(self.place, Place::Stdout);
        let rules = [
            (self.max_open_files == 0, "`max_open_files(0)` leaves no file to write to"),
            (self.rolling.rows == Some(0), "`roll_by_rows(0)` leaves no room for a record"),
            (self.rolling.bytes == Some(0), "`roll_by_bytes(0)` leaves no room for a record"),
            (
                self.appends && self.rolling.is_on(),
                "what is rolled can't be appended to: its last file may be full",
            ),
            (is_stdout && self.rolling.is_on(), "standard output is one, and can't be rolled"),
            (is_stdout && self.manifest.is_some(), "standard output has no files to list"),
        ];
        match rules.into_iter().find(|&(is_broken, _)| is_broken) {
            Some((_, reason)) => Err(self.refused(reason)),
            None => Ok(()),
        }
    }

    /// Checks that the file at a path will not be replaced by the list of the files.
    fn check_manifest(&self, path: &Path) -> Result<(), IoError> {
        match &self.manifest {
            Some(manifest) if manifest == path => Err(self.refused("its manifest would take its place")),
            _ => Ok(()),
        }
    }

    pub(crate) fn refused(&self, reason: &'static str) -> IoError {
        IoError::Options { path: self.as_path().to_owned(), reason }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn appends(&self) -> bool {
        self.appends
    }

    pub(crate) fn rolling(&self) -> Rolling {
        self.rolling
    }

    pub(crate) fn most_open_files(&self) -> usize {
        self.max_open_files
    }

    fn packing(&self) -> Result<Packing, IoError> {
        let path = self.as_path();
        let compression = match &self.place {
            Place::Path(_) | Place::Partitioned(_) => self.compression.of(Some(path)),
            Place::Stdout => self.compression.of(None),
        };
        Packing::new(compression, self.level, path)
    }

    /// The path that errors name: a template, or a name, for what is no path.
    fn as_path(&self) -> &Path {
        match &self.place {
            Place::Path(path) => path,
            Place::Partitioned(template) => template.as_path(),
            Place::Stdout => Path::new(STDOUT),
        }
    }
}

impl From<&str> for Output {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Output {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Output {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for Output {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Output {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}
