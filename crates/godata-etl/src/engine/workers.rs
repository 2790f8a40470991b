//! The threads that compute for one run.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tracing::Span;

use super::permits::{Permit, when_permitted};
use crate::error::Panicked;

/// Something to compute.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The workers of one run: threads that do its jobs, first come, first served.
///
/// A worker that finishes a job takes the next one on the same thread, unless other runs wait for a permit. Moving to
/// another thread can cost more than a small batch takes.
pub(super) struct Workers {
    queue: Mutex<Queue>,
    limit: usize,
    runtime: Handle,
    /// The span of the run, for events on the workers' threads.
    span: Span,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// How many workers there are, including those that wait for their first permit. `jobs` is empty if there are
    /// none.
    workers: usize,
}

impl Workers {
    /// At most `limit` workers, on `runtime`.
    pub(super) fn new(limit: NonZeroUsize, runtime: Handle, span: Span) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), limit: limit.get(), runtime, span })
    }

    /// Queues `job` for a worker, and starts one if there are fewer than the limit.
    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let mut queue = self.lock();
        if queue.workers == self.limit {
            queue.jobs.push_back(job);
            return;
        }
        queue.workers += 1;
        drop(queue);
        Worker { workers: Arc::clone(self), job: Some(job) }.start();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker and its next job.
struct Worker {
    workers: Arc<Workers>,
    job: Option<Job>,
}

impl Worker {
    /// Waits for a permit in the background, then does the jobs.
    fn start(self) {
        let runtime = self.workers.runtime.clone();
        when_permitted(runtime, Box::new(move |permit| self.work(permit)));
    }

    fn work(mut self, permit: &Permit) {
        while let Some(job) = self.job.take() {
            // Jobs contain panics of the user's code themselves. A result can still panic when it is dropped.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                tracing::error!(parent: &self.workers.span, error = %Panicked::from_payload(panic), "a result panicked when it was dropped");
            }
            self.job = self.workers.lock().jobs.pop_front();
            if self.job.is_some() && permit.is_wanted() {
                // Queues behind the others before the permit is passed on to the first of them.
                self.start();
                return;
            }
        }
    }
}

/// A worker ends when it finds no job, or when its runtime shuts down before it gets a permit. The last worker drops the
/// jobs that remain, because they would keep their run alive forever.
impl Drop for Worker {
    fn drop(&mut self) {
        let mut queue = self.workers.lock();
        queue.workers -= 1;
        let next = if self.job.is_none() { queue.jobs.pop_front() } else { None };
        if let Some(job) = next {
            // This job was queued while the worker was ending.
            queue.workers += 1;
            drop(queue);
            Self { workers: Arc::clone(&self.workers), job: Some(job) }.start();
            return;
        }
        let orphans = if queue.workers == 0 { std::mem::take(&mut queue.jobs) } else { VecDeque::new() };
        drop(queue);
        drop(orphans);
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("limit", &self.limit).finish_non_exhaustive()
    }
}
