//! How many units compute at once, in a run and in the process.

use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// As many units as there are cores compute at once in the whole process. Without it, a hundred pipelines put
/// a hundred busy threads before the runtime's own, and every timer of the process is late.
static PROCESS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(cores().get())));

/// How many cores this process may use.
pub(crate) fn cores() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// How many units of one run compute at once.
#[derive(Debug)]
pub(crate) struct Permits(Arc<Semaphore>);

/// The right to compute; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _process: OwnedSemaphorePermit,
    _run: OwnedSemaphorePermit,
}

impl Permits {
    pub(crate) fn new(workers: NonZeroUsize) -> Self {
        Self(Arc::new(Semaphore::new(workers.get())))
    }

    /// Waits for the right to compute, first come first served. The run's own permit comes first, so that a
    /// run with one worker does not hold up the others while it waits for itself.
    pub(crate) async fn acquire(&self) -> Permit {
        let run = acquire(&self.0).await;
        let process = acquire(&PROCESS).await;
        Permit { _process: process, _run: run }
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    Arc::clone(semaphore).acquire_owned().await.expect("these semaphores are never closed")
}
