//! Limits on how many jobs run at a time.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use godata_core::RunnerError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of a runner. Tokio's semaphores are fair: they give slots in the order of the requests.
#[derive(Debug)]
pub(crate) struct Slots {
    all: Option<Arc<Semaphore>>,
    pools: HashMap<String, Arc<Semaphore>>,
}

/// A run's place in the queue for its slots.
pub(crate) enum Turn {
    /// The run needs no slot.
    Free,
    Waiting(BoxFuture<'static, Held>),
}

/// The slots of a run, released on drop.
pub(crate) type Held = [Option<OwnedSemaphorePermit>; 2];

impl Slots {
    pub(crate) fn new(limit: Option<usize>, pools: Vec<(String, usize)>) -> Self {
        let slots = |runs: usize| Arc::new(Semaphore::new(runs.min(Semaphore::MAX_PERMITS)));
        let pools = pools.into_iter().map(|(name, runs)| (name, slots(runs))).collect();
        Self { all: limit.map(slots), pools }
    }

    /// Takes a place in the queue of the pool, and then in the queue of the limit. Places are in the order of these
    /// calls, not in the order in which the runtime first polls the runs.
    pub(crate) fn queue(&self, pool: Option<&str>) -> Result<Turn, RunnerError> {
        let pool = match pool {
            Some(name) => {
                let unknown = || RunnerError::UnknownPool { pool: name.to_owned() };
                Some(self.pools.get(name).ok_or_else(unknown)?)
            }
            None => None,
        };
        if pool.is_none() && self.all.is_none() {
            return Ok(Turn::Free);
        }
        let (pool, all) = (pool.cloned(), self.all.clone());
        let mut turn = async move { [slot(pool).await, slot(all).await] }.boxed();
        Ok(Turn::Waiting(match (&mut turn).now_or_never() {
            Some(held) => std::future::ready(held).boxed(),
            None => turn,
        }))
    }
}

/// Acquiring fails only if the semaphore is closed, which never happens.
async fn slot(slots: Option<Arc<Semaphore>>) -> Option<OwnedSemaphorePermit> {
    slots?.acquire_owned().await.ok()
}
