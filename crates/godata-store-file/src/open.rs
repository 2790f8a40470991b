//! Opens a store: reads it, puts in order what a crash has left, and makes durable what was read.

use std::path::PathBuf;
use std::thread;

use godata_core::StoreError;

use crate::error::{Changing, Refusal};
use crate::files::{Files, copy, exists, remove, rename, sync_dir};
use crate::format::Fault;
use crate::install::{self, Failure};
use crate::journal::Journal;
use crate::lines::Damage;
use crate::load::{Loaded, load};
use crate::options::Options;
use crate::snapshot;
use crate::state::State;
use crate::vfs::Vfs;

/// How often a store is read at most that another process may be writing to.
const READ_ATTEMPTS: u32 = 8;

/// A store that is in order.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) journal: Journal,
    pub(crate) snapshot_len: u64,
    pub(crate) torn: Option<Torn>,
}

/// The end of a journal that a crash has left in pieces: commits that were not synced yet, so that with
/// [`Durability::Sync`](crate::Durability::Sync) nobody was told that they are stored.
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
    let mut loaded = load(vfs, files, &files.snapshot)?.into_sound()?;
    let torn = match &loaded.torn {
        Some(damage) => Some(set_aside(options, files, damage)?),
        None => None,
    };
    name_journal(vfs, files, &mut loaded)?;
    for path in [&files.journal_next, &files.journal_new] {
        if !loaded.journals.iter().any(|link| link.path == *path) {
            remove(vfs, path)?;
        }
    }
    remove(vfs, &files.snapshot_tmp)?;
    let journal = continue_journal(options, files, &loaded)?;
    let Loaded { state, snapshot_len, .. } = loaded;
    Ok(Opened { state, journal, snapshot_len, torn })
}

/// Reads a store that another process may be writing to.
pub(crate) fn read_only(vfs: &dyn Vfs, files: &Files) -> Result<State, StoreError> {
    Ok(beside_a_writer(vfs, files)?.into_sound()?.state)
}

/// Loads a store, again if a writer may have changed the names of its files meanwhile. What is damaged is so twice in the
/// same way.
pub(crate) fn beside_a_writer(vfs: &dyn Vfs, files: &Files) -> Result<Loaded, StoreError> {
    files.check_kinds(vfs)?;
    if files.are_new(vfs)? {
        return Err(Refusal::Missing { path: files.snapshot.clone() }.into());
    }
    let mut last = Err(Changing { path: files.snapshot.clone() }.into());
    let mut damage_before = String::new();
    for _ in 0..READ_ATTEMPTS {
        match load_at_any_moment(vfs, files) {
            Ok(loaded) => {
                let damage = format!("{:?}", loaded.damage);
                if loaded.damage.is_empty() || damage == damage_before {
                    return Ok(loaded);
                }
                damage_before = damage;
            }
            Err(error) => last = Err(error),
        }
        thread::yield_now();
    }
    last
}

fn load_at_any_moment(vfs: &dyn Vfs, files: &Files) -> Result<Loaded, StoreError> {
    if !exists(vfs, &files.snapshot)?
        && let Some(loaded) = between_names(vfs, files)?
    {
        return Ok(loaded);
    }
    load(vfs, files, &files.snapshot)
}

/// What the files hold after the old snapshot has another name, and before the new one has its own.
///
/// The journal was not made that of the generation before. Otherwise nobody was changing names: somebody has removed the
/// snapshot.
fn between_names(vfs: &dyn Vfs, files: &Files) -> Result<Option<Loaded>, StoreError> {
    if !exists(vfs, &files.snapshot_old)? {
        return Ok(None);
    }
    let old = load(vfs, files, &files.snapshot_old)?;
    let is_current = old.journals.first().is_some_and(|link| link.path != files.journal_old);
    Ok(Some(old).filter(|old| old.damage.is_empty() && is_current))
}

/// Takes back the first change of names if a crash came before the second, which would have made the new snapshot the
/// current one.
fn take_back_first_rename(vfs: &dyn Vfs, files: &Files) -> Result<(), StoreError> {
    if !exists(vfs, &files.snapshot)? && between_names(vfs, files)?.is_some() {
        rename(vfs, &files.snapshot_old, &files.snapshot)?;
        sync_dir(vfs, &files.dir)?;
    }
    Ok(())
}

/// Puts a new snapshot and a new journal into place.
///
/// What they replace is nothing, or damaged. So the snapshot is not kept as the generation before: that is still needed
/// if a crash comes before the new one has its name.
pub(crate) fn renew(options: &Options, files: &Files, state: State) -> Result<Opened, StoreError> {
    let vfs = &*options.vfs;
    remove(vfs, &files.snapshot_tmp)?;
    remove(vfs, &files.journal_new)?;
    let mut journal = Journal::create(vfs, &files.journal_new, &files.journal, options.mode)?;
    let snapshot_len = snapshot::write(options, files, &state, &journal.id)?;
    sync_dir(vfs, &files.dir)?;
    rename(vfs, &files.snapshot_tmp, &files.snapshot)?;
    sync_dir(vfs, &files.dir)?;
    install::journal(vfs, files, &files.journal_new).map_err(Failure::into_error)?;
    journal.path.clone_from(&files.journal);
    // It is no journal of the new snapshot, and none of the generation before, which does without it.
    remove(vfs, &files.journal_next)?;
    Ok(Opened { state, journal, snapshot_len, torn: None })
}

/// Gives the journal its name, if a crash came before that.
fn name_journal(vfs: &dyn Vfs, files: &Files, loaded: &mut Loaded) -> Result<(), StoreError> {
    if let [only] = loaded.journals.as_mut_slice()
        && only.path != files.journal
    {
        install::journal(vfs, files, &only.path).map_err(Failure::into_error)?;
        only.path.clone_from(&files.journal);
    }
    Ok(())
}

/// Copies the torn tail of a journal.
fn set_aside(options: &Options, files: &Files, damage: &Damage) -> Result<Torn, StoreError> {
    remove(&*options.vfs, &files.torn)?;
    let bytes = copy(options, &damage.path, damage.offset, u64::MAX, &files.torn)?;
    let Damage { path: journal, offset, .. } = damage;
    let torn = Torn { journal: journal.clone(), offset: *offset, bytes, kept_as: files.torn.clone() };
    tracing::warn!(
        journal = %torn.journal.display(), offset, bytes, kept_as = %torn.kept_as.display(),
        "the end of the journal was not synced when its process ended, and is not whole; it is dropped"
    );
    Ok(torn)
}

/// Opens the last journal to go on with it.
///
/// Unless the store was closed, what was read may not be what is on the disk: a sync may have failed without anybody
/// having been told, and the next one succeeds without what it has lost. Then the whole lines of each journal are written
/// to a new file.
fn continue_journal(options: &Options, files: &Files, loaded: &Loaded) -> Result<Journal, StoreError> {
    let vfs = &*options.vfs;
    // A header is synced before a snapshot names its journal.
    let has_header_alone =
        matches!(loaded.journals.as_slice(), [only] if only.lines == 0 && loaded.torn.is_none());
    let is_durable = loaded.closed || has_header_alone;
    if !is_durable {
        for link in &loaded.journals {
            remove(vfs, &files.journal_new)?;
            copy(options, &link.path, 0, link.len, &files.journal_new)?;
            rename(vfs, &files.journal_new, &link.path)?;
            sync_dir(vfs, &files.dir)?;
        }
    }
    let missing = || {
        let fault = Fault::TooShort;
        Damage { path: files.snapshot.clone(), line: 1, offset: 0, fault }.into_error("repair the store")
    };
    let mut journal = Journal::open(vfs, loaded.journals.last().ok_or_else(missing)?)?;
    if loaded.closed {
        // The line that says so is no longer true.
        journal.cut()?;
    }
    Ok(journal)
}
