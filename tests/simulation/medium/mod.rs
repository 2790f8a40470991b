//! The storage of a world, which may or may not outlive the process that has it open.

mod files;

use godata::{Commit, Committed, MemoryStore, Store, StoreError};

pub(crate) use files::Files;

use crate::network::wait_for;

/// The answer of a store to a commit.
pub(crate) type Answer = Result<Committed, StoreError>;

/// Where a store is kept.
pub(crate) trait Medium: Send + Sync + 'static {
    type Store: Store;

    /// The store, as the process that has it open uses it.
    fn store(&self) -> Self::Store;

    fn commit(&self, commit: &Commit) -> Answer {
        wait_for(self.store().commit(commit))
    }

    /// Ends the process, perhaps in the middle of its last commit, and lets the next one open the store. Returns the answer to
    /// that commit if the store has it then.
    ///
    /// # Errors
    ///
    /// The promise that the store broke.
    fn end_process(&self, last: Option<&Commit>) -> Result<Option<Answer>, String>;
}

/// Storage that outlives all processes.
impl Medium for MemoryStore {
    type Store = Self;

    fn store(&self) -> Self {
        self.clone()
    }

    fn end_process(&self, last: Option<&Commit>) -> Result<Option<Answer>, String> {
        Ok(last.map(|commit| Medium::commit(self, commit)))
    }
}
