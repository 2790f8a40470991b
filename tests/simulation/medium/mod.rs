//! What the store of a world is kept on: whether it outlives the process that has it open.

mod files;

use godata::{Commit, Committed, MemoryStore, Store, StoreError};

pub(crate) use files::Files;

use crate::network::wait_for;

/// What a store has answered to a commit.
pub(crate) type Answer = Result<Committed, StoreError>;

/// Where a store is kept.
pub(crate) trait Medium: Send + Sync + 'static {
    type Store: Store;

    /// The store, as the process that has it open uses it.
    fn store(&self) -> Self::Store;

    fn commit(&self, commit: &Commit) -> Answer {
        wait_for(self.store().commit(commit))
    }

    /// The process ends, perhaps in the middle of its last commit, and the next one opens the store. What was answered
    /// to that commit, if the store has it then.
    ///
    /// # Errors
    ///
    /// What the store has promised and not kept.
    fn end_process(&self, last: Option<&Commit>) -> Result<Option<Answer>, String>;
}

/// It outlives everybody.
impl Medium for MemoryStore {
    type Store = Self;

    fn store(&self) -> Self {
        self.clone()
    }

    fn end_process(&self, last: Option<&Commit>) -> Result<Option<Answer>, String> {
        Ok(last.map(|commit| Medium::commit(self, commit)))
    }
}
