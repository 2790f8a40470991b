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
    if files.are_new(vfs)? {
        return renew(options, files, State::default());
    }
    take_back_first_rename(vfs, files)?;
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
    Ok(beside_a_writer(vfs, files)?.into_sound()?.state)
}

/// Loads a store, again if a writer may have changed the names of its files meanwhile.
pub(crate) fn beside_a_writer(vfs: &dyn Vfs, files: &Files) -> Result<Loaded, StoreError> {
    if files.are_new(vfs)? {
        return Err(Refusal::Missing { path: files.snapshot.clone() }.into());
    }
    for _ in 1..READ_ATTEMPTS {
        match load(vfs, files, &files.snapshot) {
            Ok(loaded) if loaded.damage.is_empty() => return Ok(loaded),
            _ => thread::sleep(READ_PAUSE),
        }
    }
    load(vfs, files, &files.snapshot)
}

/// Takes back the first change of names if a crash came before the second, which would have made the new snapshot the
/// current one.
fn take_back_first_rename(vfs: &dyn Vfs, files: &Files) -> Result<(), StoreError> {
    if exists(vfs, &files.snapshot)? || !exists(vfs, &files.snapshot_old)? {
        return Ok(());
    }
    let old = load(vfs, files, &files.snapshot_old)?;
    // Its journal has its name still. Otherwise no crash has left this: somebody has removed the snapshot.
    if old.damage.is_empty() && old.journals.first().is_some_and(|link| link.path == files.journal) {
        rename(vfs, &files.snapshot_old, &files.snapshot)?;
        sync_dir(vfs, &files.dir)?;
    }
    Ok(())
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

/// Says that a sync has failed, so that what is read may not be what is on the disk. That is so as long as the system
/// runs, and so is this, synced or not. Whoever opens the store next writes all of it to new files.
pub(crate) fn mark_failed(options: &Options, files: &Files) {
    // If even this fails, there is nothing more to be done.
    drop(options.vfs.create(&files.failed, options.mode));
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
        let durable = match &loaded.torn {
            Some(torn) if torn.path == link.path => journal.cut(),
            _ => journal.sync(),
        };
        if durable.is_err() {
            mark_failed(options, files);
        }
        durable?;
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
