//! What a store that one process opens needs around it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::by_puts;
use crate::{Commit, Committed, OwnerId, PipelineName, RunRecord, Store, StoreError};

/// A pipeline's turn, until it is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

/// Gives each pipeline's commits a turn of their own, finishes what one of them left half done before anything is
/// read, and keeps the owners that were declared dead.
///
/// Invariant: a pipeline whose row may have pending runs is in `unsettled`. It is put there before its commit
/// begins to write, and taken out when that has answered; a commit that fails or is dropped leaves it there.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Set once the rows that an earlier process left pending are in `unsettled`.
    opened: OnceCell<()>,
    /// In the order of the names, so that what is done for several is done in the same order each time.
    unsettled: Mutex<BTreeSet<PipelineName>>,
    locks: Mutex<HashMap<PipelineName, Arc<tokio::sync::Mutex<()>>>>,
    dead: Mutex<HashSet<OwnerId>>,
}

impl Turns {
    pub(super) async fn commit<S: Store>(&self, store: &S, commit: &Commit) -> Result<Committed, StoreError> {
        let name = &commit.pipeline.name;
        let _turn = self.turn(store, name).await?;
        // In this order: either `reap` sees this commit and waits for it, or the owner is seen to be dead here.
        lock(&self.unsettled).insert(name.clone());
        let answer =
            if self.is_dead(commit.owner) { Committed::OwnerLost } else { store.commit(commit).await? };
        lock(&self.unsettled).remove(name);
        Ok(answer)
    }

    /// Waits until nobody commits to the pipeline and its row has no pending runs; keeps it so while the turn is held.
    pub(super) async fn turn<S: Store>(&self, store: &S, name: &PipelineName) -> Result<Turn, StoreError> {
        self.open(store).await?;
        let turn = self.lock_of(name).lock_owned().await;
        if self.is_unsettled(name) {
            by_puts::settled(store, name).await?;
            lock(&self.unsettled).remove(name);
        }
        Ok(turn)
    }

    /// Waits until no row has pending runs of a commit that had begun by now.
    pub(super) async fn settle_all<S: Store>(&self, store: &S) -> Result<(), StoreError> {
        self.open(store).await?;
        let names: Vec<_> = lock(&self.unsettled).iter().cloned().collect();
        for name in names {
            self.turn(store, &name).await?;
        }
        Ok(())
    }

    /// Declares the owners of active runs dead that are not live, and returns those runs. In between it waits for
    /// the commits that had begun, so that no owner commits once it is dead.
    pub(super) async fn reap<S: Store>(
        &self,
        store: &S,
        live: &[OwnerId],
    ) -> Result<Vec<RunRecord>, StoreError> {
        self.settle_all(store).await?;
        let orphans = store.reap(live).await?;
        lock(&self.dead).extend(orphans.iter().filter_map(|run| run.owner));
        self.settle_all(store).await?;
        let mut orphans = store.reap(live).await?;
        orphans.retain(|run| run.owner.is_none_or(|owner| self.is_dead(owner)));
        Ok(orphans)
    }

    pub(super) fn is_dead(&self, owner: OwnerId) -> bool {
        lock(&self.dead).contains(&owner)
    }

    async fn open<S: Store>(&self, store: &S) -> Result<(), StoreError> {
        let find_pending = async || {
            let pipelines = store.list_pipelines().await?;
            let pending = pipelines.into_iter().filter(|row| !row.pending.is_empty()).map(|row| row.name);
            lock(&self.unsettled).extend(pending);
            Ok(())
        };
        self.opened.get_or_try_init(find_pending).await.copied()
    }

    fn is_unsettled(&self, name: &PipelineName) -> bool {
        lock(&self.unsettled).contains(name)
    }

    /// Locks are cloned only here, so one that nobody else has is free, and goes when the map would grow.
    fn lock_of(&self, name: &PipelineName) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = lock(&self.locks);
        if locks.len() == locks.capacity() {
            locks.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(locks.entry(name.clone()).or_default())
    }
}

/// Nothing panics while one of these is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
