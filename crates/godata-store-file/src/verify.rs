//! Checks the files of a store.

use std::fmt;
use std::path::Path;

use godata_core::StoreError;

use crate::files::Files;
use crate::lines::Damage;
use crate::load::Loaded;
use crate::open::beside_a_writer;
use crate::vfs::Vfs;

/// What a store's files contain, and their damage; made by [`FileStore::verify`](crate::FileStore::verify). `Display`
/// prints it as a table.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// How many pipelines are stored.
    pub pipelines: usize,
    /// How many runs are stored.
    pub runs: usize,
    /// How many changes were ever stored.
    pub changes: u64,
    /// The length of the snapshot in bytes.
    pub snapshot_bytes: u64,
    /// The length of the whole lines in the journals, in bytes.
    pub journal_bytes: u64,
    /// How many changes are in the journals.
    pub journal_changes: u64,
    /// The start of an incomplete commit at the end of the journal: a crash cut it off, or it is being written.
    pub torn: Option<Damage>,
    /// All damage; opening the store fails with the first.
    pub damage: Vec<Damage>,
}

impl Verification {
    /// Whether nothing is damaged. An incomplete commit at the end of the journal is not damage.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }

    pub(crate) fn of(loaded: Loaded) -> Self {
        let Loaded { state, snapshot_len, journals, torn, damage, .. } = loaded;
        Self {
            pipelines: state.tables.pipelines().count(),
            runs: state.tables.run_count(),
            changes: state.number,
            snapshot_bytes: snapshot_len,
            journal_bytes: journals.iter().map(|link| link.len).sum(),
            journal_changes: journals.iter().map(|link| link.lines).sum(),
            torn,
            damage,
        }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pipelines  {}", self.pipelines)?;
        writeln!(f, "runs       {}", self.runs)?;
        writeln!(f, "changes    {}, of which {} are in the journal", self.changes, self.journal_changes)?;
        writeln!(f, "snapshot   {} bytes", self.snapshot_bytes)?;
        writeln!(f, "journal    {} bytes", self.journal_bytes)?;
        if let Some(torn) = &self.torn {
            writeln!(f, "torn       {torn}")?;
        }
        for damage in &self.damage {
            writeln!(f, "damaged    {}", godata_core::error_chain(damage))?;
        }
        write!(f, "{}", if self.is_sound() { "sound" } else { "damaged" })
    }
}

/// Reads everything and writes nothing.
pub(crate) fn verify(vfs: &dyn Vfs, path: &Path) -> Result<Verification, StoreError> {
    let files = Files::find(vfs, path)?;
    Ok(Verification::of(beside_a_writer(vfs, &files)?))
}
