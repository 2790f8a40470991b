//! Repairs a damaged store so that it can be opened again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use godata_core::StoreError;

use crate::files::{Files, aside, copy, exists, sync_dir};
use crate::lines::Damage;
use crate::load::{Loaded, load};
use crate::lock::acquire;
use crate::open::renew;
use crate::options::Options;
use crate::state::State;

/// What a repair may give up of a damaged store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// Nothing. The store is repaired only if the previous generation has everything that is damaged.
    Nothing,
    /// All commits from the first damaged line of a journal on. The store is then as it was at an earlier moment.
    FromDamageOn,
    /// Only the damaged lines. The store may then be in a state that never existed: it may have later commits and lack
    /// earlier ones.
    DamagedLines,
}

/// What a repair did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Repaired {
    /// The damage that was found. If this is empty, the repair changed nothing.
    pub damage: Vec<Damage>,
    /// Whether nothing was lost: nothing was damaged, or the previous generation had everything.
    pub is_complete: bool,
    /// The paths of the copies of the replaced files.
    pub kept_as: Vec<PathBuf>,
}

pub(crate) fn repair(options: &Options, path: &Path, loss: Loss) -> Result<Repaired, StoreError> {
    let vfs = &*options.vfs;
    let files = Files::find(vfs, path)?;
    files.check(vfs)?;
    files.check_content(vfs)?;
    let _lock = acquire(vfs, &files.lock, options.mode, Duration::ZERO)?;
    sync_dir(vfs, &files.dir)?;
    let mut current = load(vfs, &files, &files.snapshot)?;
    let mut damage = std::mem::take(&mut current.damage);
    if damage.is_empty() {
        return Ok(Repaired { damage, is_complete: true, kept_as: Vec::new() });
    }
    let before = load(vfs, &files, &files.snapshot_old)?;
    let is_complete = before.damage.is_empty() && reaches_the_present(&before, &files);
    if !is_complete && loss == Loss::Nothing {
        let hint = "the previous generation does not have everything, so a repair needs a `Loss` other than `Nothing`";
        return Err(damage.swap_remove(0).into_error(hint));
    }
    let last_number = last_number(&current).max(last_number(&before));
    let mut state = if is_complete {
        before.state
    } else {
        let found = if exists(vfs, &files.snapshot)? { current } else { before };
        salvage(found, loss)
    };
    // The damaged journals keep their names until the new snapshot has its own. If a crash comes in between, this number
    // makes the snapshot contain all their lines, so that what was given up is not reported as missing.
    state.number = last_number;
    let kept_as = copy_aside(options, &files)?;
    renew(options, &files, state)?;
    Ok(Repaired { damage, is_complete, kept_as })
}

/// Whether the journals of the previous generation lead to the current journal.
fn reaches_the_present(before: &Loaded, files: &Files) -> bool {
    let last = before.journals.last();
    last.is_some_and(|link| link.path == files.journal || link.path == files.journal_next)
}

/// The largest number of any valid line.
fn last_number(loaded: &Loaded) -> u64 {
    loaded.beyond.iter().map(|line| line.n).fold(loaded.state.number, u64::max)
}

/// The rows of all valid lines that are not given up.
fn salvage(loaded: Loaded, loss: Loss) -> State {
    let Loaded { mut state, mut beyond, .. } = loaded;
    beyond.sort_by_key(|line| line.n);
    for line in beyond {
        if loss == Loss::DamagedLines && line.n > state.number {
            state.apply(line.n, line.into_change());
        }
    }
    state
}

/// Copies all files that a repair replaces.
fn copy_aside(options: &Options, files: &Files) -> Result<Vec<PathBuf>, StoreError> {
    let vfs = &*options.vfs;
    let mut copies = Vec::new();
    for path in
        [&files.snapshot, &files.snapshot_old].into_iter().map(PathBuf::as_path).chain(files.journals())
    {
        if exists(vfs, path)? {
            let to = aside(vfs, path)?;
            copy(options, path, 0, u64::MAX, &to)?;
            copies.push(to);
        }
    }
    sync_dir(vfs, &files.dir)?;
    Ok(copies)
}
