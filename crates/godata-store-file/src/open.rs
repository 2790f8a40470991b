//! Opens a store: reads it, puts in order what a crash has left, and makes durable what was read.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use godata_core::StoreError;

use crate::compaction::Failure;
use crate::error::{Refusal, failed};
use crate::files::{Files, exists, remove, rename, sync_dir};
use crate::format::Fault;
use crate::install;
use crate::journal::{Journal, write_all};
use crate::lines::Damage;
use crate::load::{Loaded, load};
use crate::options::Options;
use crate::snapshot;
use crate::state::State;
use crate::vfs::Vfs;

/// How often and how long apart a store is read that another process may be writing to.
const READ_ATTEMPTS: u32 = 4;
const READ_PAUSE: Duration = Duration::from_millis(10);

/// A store that is in order.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) journal: Journal,
    pub(crate) snapshot_len: u64,
    pub(crate) torn: Option<Torn>,
}

/// What a crash has cut off in the middle: the end of the journal, which nobody was told is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Torn {
    /// The journal.
    pub journal: PathBuf,
    /// Where the tail began, in bytes from the beginning of the journal.
    pub offset: u64,
    /// How long it was.
    pub bytes: u64,
    /// Where it was put for people to look at.
    pub kept_as: PathBuf,
}

/// Opens the store whose lock is held.
pub(crate) fn open(options: &Options, files: &Files) -> Result<Opened, StoreError> {
    let vfs = &*options.vfs;
    // What is read below may be what a crash has not made durable.
    sync_dir(vfs, &files.dir)?;
    if !has_snapshot(vfs, files)? {
        return create(options, files);
    }
    let loaded = load(vfs, files, &files.snapshot)?.into_sound()?;
    let torn = match &loaded.torn {
        Some(damage) => Some(set_aside(options, files, damage)?),
        None => None,
    };
    if exists(vfs, &files.failed)? {
        let opened = renew(options, files, loaded.state)?;
        remove(vfs, &files.failed)?;
        return Ok(Opened { torn, ..opened });
    }
    let journal = put_in_order(options, files, &loaded)?;
    let Loaded { state, snapshot_len, .. } = loaded;
    Ok(Opened { state, journal, snapshot_len, torn })
}

/// Reads a store that another process may be writing to.
pub(crate) fn read_only(vfs: &dyn Vfs, files: &Files) -> Result<State, StoreError> {
    let mut attempts = 0;
    loop {
        let result = match exists(vfs, &files.snapshot) {
            Ok(true) => load(vfs, files, &files.snapshot).and_then(Loaded::into_sound),
            Ok(false) => Err(Refusal::Missing { path: files.snapshot.clone() }.into()),
            Err(error) => Err(error),
        };
        match result {
            Ok(loaded) => return Ok(loaded.state),
            // The writer may have changed the names of the files in between.
            Err(_) if attempts < READ_ATTEMPTS => attempts += 1,
            Err(error) => return Err(error),
        }
        thread::sleep(READ_PAUSE);
    }
}

/// Whether there is a store. A crash may have come after its snapshot got another name, and before the new one got its.
fn has_snapshot(vfs: &dyn Vfs, files: &Files) -> Result<bool, StoreError> {
    if exists(vfs, &files.snapshot)? {
        return Ok(true);
    }
    if exists(vfs, &files.snapshot_old)? {
        let old = load(vfs, files, &files.snapshot_old)?;
        // Anything else is not what a crash leaves: somebody has removed the snapshot.
        if old.damage.is_empty() && old.journals.first().is_some_and(|link| link.path == files.journal) {
            rename(vfs, &files.snapshot_old, &files.snapshot)?;
            sync_dir(vfs, &files.dir)?;
            return Ok(true);
        }
    }
    for path in [&files.journal, &files.journal_old, &files.snapshot_old] {
        if exists(vfs, path)? {
            let path = files.snapshot.clone();
            return Err(Damage { path, line: 1, offset: 0, fault: Fault::Missing }.into());
        }
    }
    Ok(false)
}

/// Makes an empty store.
fn create(options: &Options, files: &Files) -> Result<Opened, StoreError> {
    renew(options, files, State::default())
}

/// Puts a new snapshot and a new journal into place, and touches no other.
pub(crate) fn renew(options: &Options, files: &Files, state: State) -> Result<Opened, StoreError> {
    let vfs = &*options.vfs;
    remove(vfs, &files.snapshot_tmp)?;
    remove(vfs, &files.journal_new)?;
    let mut journal = Journal::create(vfs, &files.journal_new, options.mode)?;
    let snapshot_len = snapshot::write(vfs, &files.snapshot_tmp, options.mode, &state, &journal.id)?;
    sync_dir(vfs, &files.dir)?;
    install::snapshot(vfs, files).map_err(Failure::into_error)?;
    install::journal(vfs, files, &files.journal_new).map_err(Failure::into_error)?;
    journal.path.clone_from(&files.journal);
    // It is no journal of the new snapshot, and none of the generation before, which does without it.
    remove(vfs, &files.journal_next)?;
    Ok(Opened { state, journal, snapshot_len, torn: None })
}

/// Copies the torn tail of a journal.
fn set_aside(options: &Options, files: &Files, damage: &Damage) -> Result<Torn, StoreError> {
    let vfs = &*options.vfs;
    let mut reader = vfs.read(&damage.path).map_err(failed("read", &damage.path))?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(failed("read", &damage.path))?;
    let tail = bytes.get(usize::try_from(damage.offset).unwrap_or(usize::MAX)..).unwrap_or_default();
    remove(vfs, &files.torn)?;
    let mut file = vfs.create(&files.torn, options.mode).map_err(failed("create", &files.torn))?;
    write_all(&mut *file, tail).map_err(failed("write", &files.torn))?;
    file.sync().map_err(failed("sync", &files.torn))?;
    let torn = Torn {
        journal: damage.path.clone(),
        offset: damage.offset,
        bytes: tail.len() as u64,
        kept_as: files.torn.clone(),
    };
    tracing::warn!(
        journal = %torn.journal.display(), offset = torn.offset, bytes = torn.bytes, kept_as = %torn.kept_as.display(),
        "the journal ends within a commit that nobody was told is stored; it is dropped"
    );
    Ok(torn)
}

/// Cuts off what is torn, makes the journals durable, removes what is left over, and changes the names that a crash has
/// left to be changed.
fn put_in_order(options: &Options, files: &Files, loaded: &Loaded) -> Result<Journal, StoreError> {
    let vfs = &*options.vfs;
    let mut last = None;
    for link in &loaded.journals {
        let mut journal = Journal::open(vfs, link)?;
        match &loaded.torn {
            Some(torn) if torn.path == link.path => journal.cut()?,
            _ => journal.sync()?,
        }
        last = Some(journal);
    }
    let linked = |path: &Path| loaded.journals.iter().any(|link| link.path == path);
    for path in [&files.journal_next, &files.journal_new] {
        if !linked(path) {
            remove(vfs, path)?;
        }
    }
    remove(vfs, &files.snapshot_tmp)?;
    let mut journal = last.ok_or_else(|| {
        let fault = Fault::TooShort;
        StoreError::from(Damage { path: files.snapshot.clone(), line: 1, offset: 0, fault })
    })?;
    if let [only] = loaded.journals.as_slice()
        && only.path != files.journal
    {
        install::journal(vfs, files, &only.path).map_err(Failure::into_error)?;
        journal.path.clone_from(&files.journal);
    }
    Ok(journal)
}
