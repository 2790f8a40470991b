//! Outputs: what a writer writes.

mod appended;
mod compressor;
mod file;
mod folders;
mod key;
mod locked;
mod manifest;
mod old;
mod platform;
mod replacement;
mod rolling;
mod session;
mod target;
mod template;
mod temporaries;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use godata_core::RunId;

use self::temporaries::Temporaries;
use crate::identity::FileId;
use crate::{Compression, IoError, in_use};

pub(crate) use self::compressor::Packing;
pub use self::file::OutputFile;
pub(crate) use self::folders::sync;
pub(crate) use self::key::push_value;
pub(crate) use self::manifest::{Listing, text as manifest_text};
pub use self::old::OldContent;
pub(crate) use self::replacement::resolved;
pub(crate) use self::rolling::{Filled, Rolling, numbered};
pub(crate) use self::session::Session;
pub(crate) use self::template::Template;

/// How many files of a partitioned output may be open by default.
const MAX_OPEN_FILES: usize = 64;

/// How long to wait for another run by default.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The time between two attempts to open a file that something else appends to.
const PAUSE: Duration = Duration::from_millis(20);

/// The name of standard output.
const STDOUT: &str = "stdout";

/// What a writer writes: a file, files, or standard output.
///
/// | constructor | writes |
/// |---|---|
/// | [`path`](Self::path), or the path itself | a file |
/// | [`path`](Self::path) with [`roll_by_records`](Self::roll_by_records) or [`roll_by_bytes`](Self::roll_by_bytes) | files one after the other |
/// | [`partitioned`](Self::partitioned) | a file for each value of a field |
/// | [`stdout`](Self::stdout) | standard output |
///
/// Files are compressed if the path or template ends in `.gz`, `.zst` or `.bz2`, unless
/// [`compression`](Self::compression) is set.
///
/// # Replacing
///
/// * An existing file is replaced as a whole, when the run has succeeded. Until then the data is in a temporary file
///   next to it, named like `.orders.csv.AbC123.tmp`. The run has a list of its temporary files next to the output, named
///   like `.orders.csv.1.tmp`, and a lock on the list. For a template, the list is in the directory before the first field.
/// * A process that is killed leaves its temporary files and the list behind. The next run of the same output by the same
///   user takes the list over and removes the files in it. It never touches those of a run that is alive. Nothing reads
///   temporary files, and they can be deleted when no run is active. On a file system without locks there is no list, and
///   after a power failure it may be incomplete; then temporary files stay until they are deleted by hand.
/// * A run can read a file and replace it, if the file is read by its path. If the run reads it because a
///   [pattern](crate::Input::glob) matches it or its [directory](crate::Input::directory) is read, that is an
///   [`IoError::ListedInput`], because each run would read the output of the run before.
/// * A name that can't exist, because it is too long for example, fails when the file is begun.
/// * If there are several files, all of them are finished, flushed to the disk and checked before the first one is
///   replaced: each path must still be that of a file, or free, and its directory writable. If replacing a later file
///   then fails, because permissions changed at that very moment for example, the files before it are new and the others
///   are the old ones. A [`manifest`](Self::manifest) is written last, and shows which is the case.
/// * A run leaves files of an earlier run alone if it has nothing to write to them, such as a partition that has no
///   records any more, or the last rolled files of a longer run. A manifest lists the files that are current.
/// * The directory is flushed to the disk as well (on Unix), so that the new name survives a power failure. A file
///   system that can't flush directories is not an error; any other failure is an [`IoError::SyncDirectory`].
/// * The new file gets the mode, the group and the owner of the old one, as far as the process may assign them. If it may
///   not assign the group, the rights of the group are removed. The set-user-id, set-group-id and sticky bits are not
///   kept, and neither are access control lists and extended attributes. If there was no old file, the mode is 0666 minus
///   the umask.
/// * Replacing a file changes its directory, as `mv` does: a read-only file is replaced too.
/// * If the path is a symbolic link, its target is replaced and the link stays. In a directory that all users may write to,
///   such as `/tmp`, a link is followed only if it belongs to the user of the process or to the owner of the directory.
///   Other hard links to the old file keep the old content.
/// * Something that exists and is not a file (a device, a FIFO) can't be replaced. It is opened and written to
///   directly, so a run that fails may have written to it. Opening a FIFO waits for a process that reads from it, and
///   cancellation does not interrupt that wait.
///
/// [`append`](Self::append) adds to the end of a file instead.
///
/// # Memory
///
/// Each open compressed file needs memory for its compression: under 1 MiB for gzip, 8 MiB for bzip2, and for zstd 4
/// MiB at the default level and several hundred MiB at the highest. [`max_open_files`](Self::max_open_files) bounds
/// the number of open files.
///
/// ```
/// use godata_io::Output;
///
/// let output = Output::path("out/orders.csv.gz").level(9).create_parents();
/// let output = Output::partitioned("out/{country}/{day}.csv.zst").manifest("out/manifest.json");
/// let output = Output::path("out/orders.jsonl").roll_by_records(1_000_000);
/// # let _ = output;
/// ```
#[derive(Clone, Debug)]
pub struct Output {
    place: Place,
    compression: Compression,
    level: Option<i32>,
    appends: bool,
    lock_timeout: Duration,
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
    /// The file at a path. A relative path starts at the working directory of the process.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Path(path.into()))
    }

    /// Standard output, which errors call `stdout`. It is compressed only if [`compression`](Self::compression) is set.
    ///
    /// Its reader sees everything immediately, even if the run fails later. It is locked only for each write, so other
    /// code can print in between.
    ///
    /// When the reader is gone (`head`, for example), the run ends early with an error for which
    /// [`PipelineError::is_broken_pipe`](godata_etl::PipelineError::is_broken_pipe) is true. A program in a shell
    /// pipeline treats that as a normal end.
    #[must_use]
    pub fn stdout() -> Self {
        Self::at(Place::Stdout)
    }

    /// One file for each combination of the values of some fields: `out/{country}/{day}.csv.zst`.
    ///
    /// * Braces contain field names: those of dynamic records, or those that serde uses for a struct. `{{` and `}}` are
    ///   literal braces. If the template is not valid, the run fails with [`IoError::Template`].
    /// * The fields stay in the records. Each file has its records in the order of the input.
    /// * A value is written as in CSV. A null or absent field becomes `__HIVE_DEFAULT_PARTITION__`, as in Hive, Spark
    ///   and DuckDB. Characters that are not allowed in file names on some system, `%`, `=` and a dot at the start are
    ///   written as `%` and two digits. Empty text becomes a single `%`. So no value leads out of the directory, and
    ///   different texts become different names. Bytes, lists and maps are an [`IoError::PartitionValue`].
    /// * A field that no record has is an error: immediately if the field names are known, as for records from CSV, and
    ///   otherwise at the end of the run, as [`IoError::PartitionField`].
    /// * Two combinations must not lead to the same file, whether by their paths (`{a}-{b}` with `x-y`, `z` and with
    ///   `x`, `y-z`) or over a symbolic link: that is an [`IoError::SamePath`]. On a file system that ignores case,
    ///   values that differ only in case lead to the same file and the last one is kept, so unify their case first.
    /// * The directory before the first field must exist, unless [`create_parents`](Self::create_parents) creates it.
    ///   The directories after it are created as needed.
    /// * The end of the template decides how all files are compressed: `out/{name}` writes uncompressed files, even to
    ///   `x.gz` for the value `x.gz`. [`compression`](Self::compression) overrides that.
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
            lock_timeout: LOCK_TIMEOUT,
            creates_parents: false,
            max_open_files: MAX_OPEN_FILES,
            rolling: Rolling::default(),
            manifest: None,
        }
    }

    /// Sets how the output is compressed. The default is [`Compression::ByExtension`].
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets the compression level: 0 to 9 for gzip, 1 to 9 for bzip2, and up to 22 for zstd, which also has negative
    /// levels. The defaults are those of the libraries: 6, 6 and 3.
    ///
    /// With any other level the run fails with [`IoError::Level`]. Without compression the level is ignored.
    #[must_use]
    pub fn level(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// Appends to the file instead of replacing it.
    ///
    /// * A file that does not exist is created. A run that fails or is abandoned cuts the file back to its old length. A
    ///   process that is killed leaves what it has appended so far, which may end in half a record. In a compressed file
    ///   that is half a member, and the next run refuses it. `gzip -dc`, `zstd -dc` and `bzip2 -dc` write what is whole in
    ///   such a file, and then fail; without its last line, if that is half a record, it can be compressed again.
    /// * Only one run at a time appends to a file, in all processes. Another run waits as long as
    ///   [`lock_timeout`](Self::lock_timeout) says. On Unix the file itself is locked (`flock`), so `flock log.csv command`
    ///   in a shell waits too. A file system without locks, such as some network file systems, can keep only the runs of
    ///   one process apart.
    /// * A partitioned output is locked as a whole, by a file in the directory before the first field that is named like
    ///   `.{day}.csv.1.tmp`. Each partition is locked too while it is open. A partition that another output has locked is an
    ///   [`IoError::InUse`] without a wait.
    /// * If a program that ignores the lock removes, replaces or truncates the file meanwhile, as `logrotate` does, the run
    ///   fails with [`IoError::Commit`] or [`IoError::Write`]. If such a program has appended to the file, a run that fails
    ///   does not cut it back.
    /// * A run can't append to a file that it reads, whatever the file is called: that is an [`IoError::OwnInput`].
    /// * CSV writes its header only to an empty file, and refuses a file with a different header. If the last line has
    ///   no line break, it gets one. The array of a JSON document can't be appended to.
    /// * A compressed file gets a further member (gzip), frame (zstd) or stream (bzip2). It is read from start to end
    ///   first, and a damaged file is refused.
    /// * It can't be combined with rolling, because it is unknown whether the last file of an earlier run is full.
    ///
    /// ```
    /// use godata_io::Output;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("log.txt");
    /// std::fs::write(&path, "old\n")?;
    /// let mut file = Output::path(&path).append().open()?;
    /// file.write_all(b"new\n")?;
    /// file.commit()?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "old\nnew\n");
    /// # Ok::<(), godata_io::BoxError>(())
    /// ```
    #[must_use]
    pub fn append(mut self) -> Self {
        self.appends = true;
        self
    }

    /// Sets how long to wait for another run that [appends](Self::append) to the same file, before the run fails with
    /// [`IoError::InUse`]. The default is 10 s. With [`Duration::ZERO`] it does not wait.
    ///
    /// If several runs wait, any of them can be the next. Canceling a run ends its wait. If two programs append to the same
    /// two files in different orders, they may wait for each other; both fail when the time has passed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_io::{IoError, Output};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("log.txt");
    /// let output = Output::path(&path).append().lock_timeout(Duration::ZERO);
    /// let mut first = output.open()?;
    /// assert!(matches!(output.open(), Err(IoError::InUse { .. })));
    /// first.commit()?;
    /// output.open()?.commit()?;
    /// # Ok::<(), godata_io::BoxError>(())
    /// ```
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// Creates the directories of the output. If this is not called, a missing directory is an
    /// [`IoError::NoDirectory`]. A run that fails removes the directories that it created.
    #[must_use]
    pub fn create_parents(mut self) -> Self {
        self.creates_parents = true;
        self
    }

    /// Sets how many files of a [partitioned](Self::partitioned) output may be open at once. The default is 64.
    ///
    /// If there are more files, the least recently used one is closed, and opened again for its next record. A
    /// compressed file then has more members, frames or streams, and is larger. To avoid that, sort the records by the
    /// fields or allow more open files.
    #[must_use]
    pub fn max_open_files(mut self, files: usize) -> Self {
        self.max_open_files = files;
        self
    }

    /// Starts a new file when one has this many records. For `orders.csv.gz` the files are `orders-00001.csv.gz`,
    /// `orders-00002.csv.gz` and so on. In a partitioned output, each partition is rolled by itself.
    ///
    /// Each file is complete: it has a header in CSV, and is an array in JSON. A run without records writes the first
    /// file.
    #[must_use]
    pub fn roll_by_records(mut self, records: u64) -> Self {
        self.rolling.records = Some(records);
        self
    }

    /// Starts a new file before one becomes larger than `bytes`, counted before compression. Records are never split:
    /// a file is larger only if it has a single record that is. Otherwise it works as
    /// [`roll_by_records`](Self::roll_by_records). If both are set, the limit that is reached first applies.
    #[must_use]
    pub fn roll_by_bytes(mut self, bytes: u64) -> Self {
        self.rolling.bytes = Some(bytes);
        self
    }

    /// Writes a list of the files, as JSON, after they are in place:
    ///
    /// ```json
    /// {"files":[
    ///   {"path":"orders-00001.csv.gz","records":1000000,"bytes":7340032},
    ///   {"path":"orders-00002.csv.gz","records":2,"bytes":71}
    /// ],"records":1000002,"bytes":7340103}
    /// ```
    ///
    /// The files are in the order in which they were started, with the number of records and stored bytes that this
    /// run wrote. Paths are relative to the directory of the manifest if they are inside it. The manifest is replaced
    /// as any file is. If a file of the output would have the path of the manifest, the run fails with
    /// [`IoError::Options`].
    #[must_use]
    pub fn manifest(mut self, path: impl Into<PathBuf>) -> Self {
        self.manifest = Some(path.into());
        self
    }

    /// Opens an output of a single file, to write bytes to it. The old file stays as it is until
    /// [`OutputFile::commit`]. Formats use [`sink`](Self::sink) instead. It blocks: call it in
    /// [`RunScope::blocking`](godata_etl::RunScope::blocking).
    ///
    /// # Errors
    ///
    /// [`IoError::OutputIsDirectory`], [`IoError::NoFileName`], [`IoError::NoDirectory`], [`IoError::MakeDirectory`],
    /// [`IoError::Create`], [`IoError::InUse`], [`IoError::NotBuiltIn`], [`IoError::Level`], and [`IoError::Options`]
    /// for an output of several files or with a manifest.
    pub fn open(&self) -> Result<OutputFile, IoError> {
        self.check()?;
        if self.rolling.is_on() || self.manifest.is_some() {
            return Err(
                self.refused("`open` writes bytes, and only records can be rolled or listed in a manifest")
            );
        }
        let waiting = Waiting::begin(self);
        loop {
            match self.try_open() {
                Err(IoError::InUse { .. }) if waiting.may_go_on() => Waiting::pause(),
                opened => return opened,
            }
        }
    }

    fn try_open(&self) -> Result<OutputFile, IoError> {
        let session = self.session(None)?;
        match &self.place {
            Place::Path(path) => self.open_file(path, &session),
            Place::Stdout => self.open_stdout(&session),
            Place::Partitioned(_) => {
                Err(self.refused("`open` writes bytes, and only records can be partitioned by their fields"))
            }
        }
    }

    /// Creates what the files of a run have in common, and the directories if that is asked for.
    pub(crate) fn session(&self, run: Option<RunId>) -> Result<Arc<Session>, IoError> {
        let place = match &self.place {
            Place::Path(path) => replacement::place_of(path),
            Place::Partitioned(template) => {
                Some((template.folder(), replacement::short_name(template.as_path())))
            }
            Place::Stdout => None,
        };
        let session = Session::of(run, Temporaries::of(place));
        self.prepare(&session)?;
        // A partition that is closed for a while is not locked, so the output is locked as a whole.
        if self.appends && self.has_many_files() && !session.temporaries.begin_alone() {
            return Err(IoError::InUse { path: self.as_path().to_owned() });
        }
        Ok(Arc::new(session))
    }

    /// Checks that the dead letters of a run would not replace a file that it reads.
    pub(crate) fn check_letters(&self, run: RunId) -> Result<(), IoError> {
        let Place::Path(path) = &self.place else { return Ok(()) };
        let is_input = !self.appends && FileId::at(path).is_some_and(|id| in_use::reads(run, &id));
        if is_input { Err(IoError::LettersOverInput { path: path.clone() }) } else { Ok(()) }
    }

    /// Opens one of the files.
    pub(crate) fn open_file(&self, path: &Path, session: &Arc<Session>) -> Result<OutputFile, IoError> {
        OutputFile::open(path, self.appends, self.packing()?, session)
    }

    /// Opens standard output.
    pub(crate) fn open_stdout(&self, session: &Arc<Session>) -> Result<OutputFile, IoError> {
        if let Some(id) = FileId::at(Path::new("/dev/stdout")) {
            session.check_input(&id, Path::new(STDOUT))?;
        }
        Ok(OutputFile::stdout(self.packing()?, session))
    }

    /// Where the manifest will be, with all links resolved.
    pub(crate) fn manifest_place(&self) -> Option<PathBuf> {
        self.manifest.as_deref().map(resolved)
    }

    /// Opens the manifest, if there is to be one.
    pub(crate) fn open_manifest(&self, session: &Arc<Session>) -> Result<Option<OutputFile>, IoError> {
        let Some(path) = &self.manifest else { return Ok(None) };
        let plain = Packing::new(Compression::None, None, path)?;
        OutputFile::open(path, false, plain, session).map(Some)
    }

    /// Creates the directories if that is asked for, and checks that the directory of a partitioned output exists.
    fn prepare(&self, session: &Session) -> Result<(), IoError> {
        let folder = match &self.place {
            Place::Path(path) => Some(folders::parent(path).to_owned()),
            Place::Partitioned(template) => Some(template.folder()),
            Place::Stdout => None,
        };
        if self.creates_parents {
            let manifest = self.manifest.as_deref().map(folders::parent);
            folder
                .as_deref()
                .into_iter()
                .chain(manifest)
                .try_for_each(|folder| session.folders.make(folder))?;
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
            (self.rolling.records == Some(0), "`roll_by_records(0)` leaves no room for a record"),
            (self.rolling.bytes == Some(0), "`roll_by_bytes(0)` leaves no room for a record"),
            (
                self.appends && self.rolling.is_on(),
                "a rolled output can't be appended to: its last file may be full",
            ),
            (is_stdout && self.rolling.is_on(), "standard output can't be rolled"),
            (is_stdout && self.manifest.is_some(), "standard output has no files to list"),
        ];
        match rules.into_iter().find(|&(is_broken, _)| is_broken) {
            Some((_, reason)) => Err(self.refused(reason)),
            None => Ok(()),
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

    pub(crate) fn has_many_files(&self) -> bool {
        matches!(self.place, Place::Partitioned(_)) || self.rolling.is_on()
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

    /// The path for errors; the template or a name if this is not a path.
    fn as_path(&self) -> &Path {
        match &self.place {
            Place::Path(path) => path,
            Place::Partitioned(template) => template.as_path(),
            Place::Stdout => Path::new(STDOUT),
        }
    }
}

/// Waiting for something else that appends to a file of an output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    since: Instant,
    limit: Duration,
}

impl Waiting {
    pub(crate) fn begin(output: &Output) -> Self {
        Self { since: Instant::now(), limit: output.lock_timeout }
    }

    pub(crate) fn may_go_on(self) -> bool {
        self.since.elapsed() < self.limit
    }

    /// It blocks the thread.
    pub(crate) fn pause() {
        thread::sleep(PAUSE);
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
