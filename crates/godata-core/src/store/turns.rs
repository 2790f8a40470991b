//! The state kept beside a store that only one process has open.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::by_puts;
use crate::{Commit, Committed, OwnerId, PipelineName, RunRecord, Store, StoreError};

/// The lock of a pipeline, held until it is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

/// Serializes the commits of each pipeline, finishes interrupted commits before their rows are read, and remembers the
/// owners that were declared dead.
///
/// Invariant: a pipeline whose row may have pending runs is in `unsettled`. It is added before its commit starts to
/// write, and removed when the commit has answered. A commit that fails or is dropped leaves it there.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Set once the pipelines with pending rows of an earlier process are in `unsettled`.
    opened: OnceCell<()>,
    /// Ordered by name, so that several pipelines are settled in the same order each time.
    unsettled: Mutex<BTreeSet<PipelineName>>,
    locks: Mutex<HashMap<PipelineName, Arc<tokio::sync::Mutex<()>>>>,
    dead: Mutex<HashSet<OwnerId>>,
}

impl Turns {
    pub(super) async fn commit<S: Store>(&self, store: &S, commit: &Commit) -> Result<Committed, StoreError> {
        let name = &commit.pipeline.name;
        let _turn = self.turn(store, name).await?;
        // The order matters: either `reap` finds this commit in `unsettled` and waits for it, or this commit finds its
        // owner dead.
        lock(&self.unsettled).insert(name.clone());
        let answer =
            if self.is_dead(commit.owner) { Committed::OwnerLost } else { store.commit(commit).await? };
        lock(&self.unsettled).remove(name);
        Ok(answer)
    }

    /// Waits until no commit to the pipeline is in flight and its row has no pending runs. Both hold as long as the turn
    /// is held.
    pub(super) async fn turn<S: Store>(&self, store: &S, name: &PipelineName) -> Result<Turn, StoreError> {
        self.open(store).await?;
        let turn = self.lock_of(name).lock_owned().await;
        if self.is_unsettled(name) {
            by_puts::settled(store, name).await?;
            lock(&self.unsettled).remove(name);
        }
        Ok(turn)
    }

    /// Waits until no row has pending runs of a commit that was started before this call.
    pub(super) async fn settle_all<S: Store>(&self, store: &S) -> Result<(), StoreError> {
        self.open(store).await?;
        let names: Vec<_> = lock(&self.unsettled).iter().cloned().collect();
        for name in names {
            self.turn(store, &name).await?;
        }
        Ok(())
    }

    /// Declares the owners of active runs dead if they are not in `live`, and returns those runs. In between it waits for
    /// the commits in flight, so that no owner commits once it is dead.
    pub(super) async fn reap<S: Store>(
        &self,
        store: &S,
        by: OwnerId,
        live: &[OwnerId],
    ) -> Result<Vec<RunRecord>, StoreError> {
        self.settle_all(store).await?;
        let orphans = store.reap(by, live).await?;
        lock(&self.dead).extend(orphans.iter().filter_map(|run| run.owner));
        self.settle_all(store).await?;
        let mut orphans = store.reap(by, live).await?;
        orphans.retain(|run| run.owner.is_some_and(|owner| self.is_dead(owner)));
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

    /// A lock that only the map refers to is free, since locks are cloned only here. Free locks are dropped before the
    /// map would grow.
    fn lock_of(&self, name: &PipelineName) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = lock(&self.locks);
        if locks.len() == locks.capacity() {
            locks.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(locks.entry(name.clone()).or_default())
    }
}

/// Poisoning is ignored because nothing panics while one of these mutexes is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
