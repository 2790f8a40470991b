//! Opens a store: reads it, cleans up after a crash, and makes durable what was read.

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

/// The maximum number of attempts to read a store while another process may be writing to it.
const READ_ATTEMPTS: u32 = 8;

/// A store that is ready for use.
pub(crate) struct Opened {
    pub(crate) state: State,
    pub(crate) journal: Journal,
    pub(crate) snapshot_len: u64,
    pub(crate) torn: Option<Torn>,
}

/// The incomplete end of a journal after a crash. Its commits were not synced, so with
/// [`Durability::Sync`](crate::Durability::Sync) none of them was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Torn {
    /// The journal.
    pub journal: PathBuf,
    /// The start of the incomplete end, in bytes from the start of the journal.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The file that it was moved to, for inspection.
    pub kept_as: PathBuf,
}

/// Opens the store. The caller holds the lock.
pub(crate) fn open(options: &Options, files: &Files) -> Result<Opened, StoreError> {
    let vfs = &*options.vfs;
    // After a crash, renames that are visible now may not be durable yet.
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

/// Loads a store, and tries again if a writer may have renamed its files meanwhile. Damage counts only if two attempts
/// in a row find the same damage.
pub(crate) fn beside_a_writer(vfs: &dyn Vfs, files: &Files) -> Result<Loaded, StoreError> {
    files.check_kinds(vfs)?;
    if files.are_new(vfs)? {
        return Err(Refusal::Missing { path: files.snapshot.clone() }.into());
    }
    files.check_content(vfs)?;
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
        && let Some(loaded) = between_renames(vfs, files)?
    {
        return Ok(loaded);
    }
    load(vfs, files, &files.snapshot)
}

/// The content of the files after the old snapshot was renamed and before the new one was.
///
/// At that moment, the journal does not yet belong to the previous generation. Otherwise no renames were in progress, and
/// somebody has removed the snapshot.
fn between_renames(vfs: &dyn Vfs, files: &Files) -> Result<Option<Loaded>, StoreError> {
    if !exists(vfs, &files.snapshot_old)? {
        return Ok(None);
    }
    let old = load(vfs, files, &files.snapshot_old)?;
    let is_current = old.journals.first().is_some_and(|link| link.path != files.journal_old);
    Ok(Some(old).filter(|old| old.damage.is_empty() && is_current))
}

/// Undoes the first rename of a new snapshot if a crash came before the second.
fn take_back_first_rename(vfs: &dyn Vfs, files: &Files) -> Result<(), StoreError> {
    if !exists(vfs, &files.snapshot)? && between_renames(vfs, files)?.is_some() {
        rename(vfs, &files.snapshot_old, &files.snapshot)?;
        sync_dir(vfs, &files.dir)?;
    }
    Ok(())
}

/// Puts a new snapshot and a new journal in place.
///
/// They replace nothing, or damaged files. So the old snapshot is not kept as the previous generation: the existing previous
/// generation is still needed if a crash comes before the new snapshot has its name.
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
    // This journal belongs neither to the new snapshot nor to the previous generation.
    remove(vfs, &files.journal_next)?;
    Ok(Opened { state, journal, snapshot_len, torn: None })
}

/// Gives the journal its name if a crash came before that.
fn name_journal(vfs: &dyn Vfs, files: &Files, loaded: &mut Loaded) -> Result<(), StoreError> {
    if let [only] = loaded.journals.as_mut_slice()
        && only.path != files.journal
    {
        install::journal(vfs, files, &only.path).map_err(Failure::into_error)?;
        only.path.clone_from(&files.journal);
    }
    Ok(())
}

/// Copies the torn tail of a journal to a file of its own.
fn set_aside(options: &Options, files: &Files, damage: &Damage) -> Result<Torn, StoreError> {
    remove(&*options.vfs, &files.torn)?;
    let bytes = copy(options, &damage.path, damage.offset, u64::MAX, &files.torn)?;
    let Damage { path: journal, offset, .. } = damage;
    let torn = Torn { journal: journal.clone(), offset: *offset, bytes, kept_as: files.torn.clone() };
    tracing::warn!(
        journal = %torn.journal.display(), offset, bytes, kept_as = %torn.kept_as.display(),
        "the journal ended in lines that were never synced and are incomplete; they were moved aside"
    );
    Ok(torn)
}

/// Opens the last journal to continue it.
///
/// Unless the store was closed, the lines that were read may not be on the disk: a sync may have failed unnoticed, and the
/// next one would succeed without the lost pages. So the whole lines of each journal are first written to a new file.
fn continue_journal(options: &Options, files: &Files, loaded: &Loaded) -> Result<Journal, StoreError> {
    let vfs = &*options.vfs;
    // A header is synced before a snapshot or a journal names its journal.
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
        // The line that marks the store as closed is no longer true.
        journal.cut()?;
    }
    Ok(journal)
}
