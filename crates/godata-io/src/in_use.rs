//! What the runs of this process read and append to.
//!
//! A run that appends to its own input would read its own records, perhaps without end. The reader and the writer of a run
//! don't know each other. So each first notes its files here, and then looks for the files of the other.
//!
//! A file that is replaced is looked for as well. If the run reads it only because a pattern matches it, each run would add
//! the output of the run before.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use godata_core::RunId;

use crate::IoError;
use crate::identity::FileId;
use crate::output::resolved;

static FILES: LazyLock<Mutex<Files>> = LazyLock::new(Mutex::default);

/// The files of all runs of this process.
#[derive(Debug, Default)]
struct Files {
    read: HashMap<RunId, Read>,
    /// The files that are appended to, each by one run, or by code that does not belong to a run.
    appended: HashMap<FileId, Option<RunId>>,
    /// The files that a run will replace.
    replaced: HashSet<(RunId, PathBuf)>,
}

/// The files that a run has opened to read, also after it has read them.
#[derive(Debug, Default)]
struct Read {
    inputs: Vec<Arc<Inputs>>,
    /// How many of its inputs and outputs are open.
    open: usize,
}

#[derive(Debug)]
struct Inputs {
    paths: Vec<PathBuf>,
    /// The pattern or directory that the paths were listed from, if there is one.
    listing: Option<Arc<str>>,
    /// Known only if the run appends to files, or lists its inputs and replaces files.
    ids: OnceLock<HashSet<FileId>>,
}

impl Inputs {
    /// It blocks: don't hold the lock.
    fn contain(&self, id: &FileId) -> bool {
        self.ids.get_or_init(|| self.paths.iter().filter_map(|path| FileId::at(path)).collect()).contains(id)
    }

    /// Whether one of the paths leads to a file, and not to another hard link of it. It blocks, too.
    fn lead_to(&self, target: &Path, id: &FileId) -> bool {
        let leads =
            |path: &PathBuf| FileId::at(path).as_ref() == Some(id) && resolved(path) == resolved(target);
        self.contain(id) && self.paths.iter().any(leads)
    }
}

/// An open input or output of a run. What the run reads stays noted until the last of them is dropped.
#[derive(Debug)]
pub(crate) struct Open(RunId);

impl Open {
    /// Notes an output of a run, which may append to a file only after the run has read it.
    pub(crate) fn output(run: RunId) -> Self {
        lock().read.entry(run).or_default().open += 1;
        Self(run)
    }

    /// Notes an input of a run. It fails if the run appends to one of its files.
    pub(crate) fn input(run: RunId, paths: Vec<PathBuf>, listing: Option<Arc<str>>) -> Result<Self, IoError> {
        let inputs = Arc::new(Inputs { paths, listing, ids: OnceLock::new() });
        let mut files = lock();
        let read = files.read.entry(run).or_default();
        read.inputs.push(Arc::clone(&inputs));
        read.open += 1;
        let appended = files.appended.iter().filter(|&(_, &by)| by == Some(run));
        let appended: HashSet<_> = appended.map(|(id, _)| id.clone()).collect();
        drop(files);
        let input = Self(run);
        if appended.is_empty() {
            return Ok(input);
        }
        let is_appended = |path: &&PathBuf| FileId::at(path).is_some_and(|id| appended.contains(&id));
        match inputs.paths.iter().find(is_appended) {
            Some(path) => Err(IoError::OwnInput { path: path.clone() }),
            None => Ok(input),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut files = lock();
        if let Some(read) = files.read.get_mut(&self.0) {
            read.open -= 1;
            if read.open == 0 {
                files.read.remove(&self.0);
            }
        }
    }
}

/// Whether a run reads a file, or has read it.
pub(crate) fn reads(run: RunId, id: &FileId) -> bool {
    inputs(run).iter().any(|inputs| inputs.contain(id))
}

/// The pattern or directory by which a run reads the file with this path, or has read it.
pub(crate) fn listing(run: RunId, target: &Path) -> Option<Arc<str>> {
    let mut inputs = inputs(run);
    inputs.retain(|inputs| inputs.listing.is_some());
    if inputs.is_empty() {
        return None;
    }
    let id = FileId::named(target)?;
    inputs.iter().find(|inputs| inputs.lead_to(target, &id))?.listing.clone()
}

fn inputs(run: RunId) -> Vec<Arc<Inputs>> {
    lock().read.get(&run).map(|read| read.inputs.clone()).unwrap_or_default()
}

/// A file that is appended to, until this is dropped. Nothing else in this process can append to it meanwhile.
#[derive(Debug)]
pub(crate) struct Appending(FileId);

impl Appending {
    /// Notes a file that is appended to; `None` if something else appends to it.
    pub(crate) fn begin(run: Option<RunId>, id: FileId) -> Option<Self> {
        let mut files = lock();
        if files.appended.contains_key(&id) {
            return None;
        }
        files.appended.insert(id.clone(), run);
        Some(Self(id))
    }
}

impl Drop for Appending {
    fn drop(&mut self) {
        lock().appended.remove(&self.0);
    }
}

/// A file that a run will replace, until this is dropped. No other output of the run can replace it meanwhile.
#[derive(Debug)]
pub(crate) struct Replacing((RunId, PathBuf));

impl Replacing {
    /// Notes a file that is replaced; `None` if another output of the run replaces it.
    pub(crate) fn begin(run: RunId, target: &Path) -> Option<Self> {
        let file = (run, resolved(target));
        let is_new = lock().replaced.insert(file.clone());
        is_new.then_some(Self(file))
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        lock().replaced.remove(&self.0);
    }
}

fn lock() -> MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}
