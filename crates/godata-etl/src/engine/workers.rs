//! The threads that compute for one run.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tracing::Span;

use super::turns::{Turn, wait_for_turn};
use crate::error::Panicked;

/// Something to compute.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The workers of one run: threads that take its jobs, first come first served.
///
/// A worker that finishes a job goes on with the next one on the same thread, unless other runs wait for their
/// turn: handing a batch from thread to thread costs more than many a batch.
pub(super) struct Workers {
    queue: Mutex<Queue>,
    limit: usize,
    runtime: Handle,
    /// For what is logged on their threads.
    span: Span,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// How many workers there are, those that wait for their first turn included. Jobs wait in `jobs` only
    /// while there is one.
    workers: usize,
}

impl Workers {
    /// At most `limit` workers, on the current runtime.
    pub(super) fn new(limit: NonZeroUsize, runtime: Handle, span: Span) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), limit: limit.get(), runtime, span })
    }

    /// Has a worker do `job`.
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

/// A worker, and the job that it does next.
struct Worker {
    workers: Arc<Workers>,
    job: Option<Job>,
}

impl Worker {
    /// Has the worker go on when it is its turn.
    fn start(self) {
        let runtime = self.workers.runtime.clone();
        wait_for_turn(runtime, Box::new(move |turn| self.work(turn)));
    }

    fn work(mut self, turn: &Turn) {
        while let Some(job) = self.job.take() {
            // A job contains the user's code by itself; this is for what a result does when it is dropped.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                tracing::error!(parent: &self.workers.span, error = %Panicked::from_payload(panic), "a result panicked when it was dropped");
            }
            self.job = self.workers.lock().jobs.pop_front();
            if self.job.is_some() && turn.is_wanted() {
                // At the end of the line, before the turn is given to its head.
                self.start();
                return;
            }
        }
    }
}

/// A worker ends when it finds no job, and when its runtime shuts down before it had its turn. The last one leaves
/// no jobs behind, which would hold their run for ever.
impl Drop for Worker {
    fn drop(&mut self) {
        let mut queue = self.workers.lock();
        queue.workers -= 1;
        let next = if self.job.is_none() { queue.jobs.pop_front() } else { None };
        if let Some(job) = next {
            // It came while the worker ended.
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
