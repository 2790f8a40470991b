//! Where units compute: a bounded number of threads per run, and per process.

use std::{
    collections::VecDeque,
    fmt,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::available_parallelism,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::error::Panicked;

/// As many units as there are cores compute at once in the whole process. Without it, a hundred pipelines put
/// a hundred busy threads before the runtime's own, and every timer of the process is late.
static PROCESS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(cores().get())));

/// How many workers wait for their turn among those of the process.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// How many cores this process may use.
pub(crate) fn cores() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Something to compute.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The workers of one run: threads that take its jobs, first come first served.
///
/// A worker that finishes a job goes on with the next one on the same thread, unless other runs wait for their
/// turn: handing a batch from thread to thread costs more than many a batch.
pub(super) struct Workers {
    queue: Mutex<Queue>,
    limit: usize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// How many workers there are; one for each job that is not in `jobs`.
    workers: usize,
}

impl Workers {
    pub(super) fn new(limit: NonZeroUsize) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), limit: limit.get() })
    }

    /// Has a worker do `job`. Needs a tokio runtime.
    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let mut queue = self.lock();
        if queue.workers == self.limit {
            queue.jobs.push_back(job);
            return;
        }
        queue.workers += 1;
        drop(queue);
        self.start(job);
    }

    /// Starts a worker when it is its turn among those of the process.
    fn start(self: &Arc<Self>, job: Job) {
        let workers = Arc::clone(self);
        if let Ok(turn) = Arc::clone(&PROCESS).try_acquire_owned() {
            spawn_blocking(move || workers.work(job, turn));
            return;
        }
        let waiting = Waiting::new();
        // On a task of its own (invariant 4).
        tokio::spawn(async move {
            let turn = Arc::clone(&PROCESS).acquire_owned().await.expect("this semaphore is never closed");
            drop(waiting);
            spawn_blocking(move || workers.work(job, turn));
        });
    }

    /// The life of a worker.
    fn work(self: Arc<Self>, mut job: Job, turn: OwnedSemaphorePermit) {
        loop {
            // A job contains the user's code by itself; this is for what a result does when it is dropped.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                tracing::error!(error = %Panicked::from_payload(panic), "a result panicked when it was dropped");
            }
            job = match self.next_job() {
                Some(next) => next,
                None => return,
            };
            if WAITING.load(Relaxed) > 0 {
                drop(turn);
                return self.start(job);
            }
        }
    }

    /// The next job for a worker, which ends if there is none.
    fn next_job(&self) -> Option<Job> {
        let mut queue = self.lock();
        let job = queue.jobs.pop_front();
        queue.workers -= usize::from(job.is_none());
        job
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for a turn.
struct Waiting;

impl Waiting {
    fn new() -> Self {
        WAITING.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Relaxed);
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("limit", &self.limit).finish_non_exhaustive()
    }
}
