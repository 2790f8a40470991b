//! How many jobs run at a time.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use godata_core::RunnerError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of a runner; tokio's semaphores give them in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Slots {
    all: Option<Arc<Semaphore>>,
    pools: HashMap<String, Arc<Semaphore>>,
}

/// A run's place in the line, and then its slots.
pub(crate) enum Turn {
    /// There is no line.
    Free,
    Waiting(BoxFuture<'static, Held>),
}

/// The slots that a run holds until it is dropped.
pub(crate) type Held = [Option<OwnedSemaphorePermit>; 2];

impl Slots {
    pub(crate) fn new(limit: Option<usize>, pools: Vec<(String, usize)>) -> Self {
        let slots = |runs: usize| Arc::new(Semaphore::new(runs.min(Semaphore::MAX_PERMITS)));
        let pools = pools.into_iter().map(|(name, runs)| (name, slots(runs))).collect();
        Self { all: limit.map(slots), pools }
    }

    /// Takes a place in the line, of the pool first. The line is in the order of these calls, not in that in which
    /// the runtime comes to poll the runs.
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

/// It fails only when the semaphore is closed, which nobody does.
async fn slot(slots: Option<Arc<Semaphore>>) -> Option<OwnedSemaphorePermit> {
    slots?.acquire_owned().await.ok()
}
