//! Which runs there are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use godata_core::{RunHandle, RunId, RunResult, RunnerError};
use tokio::time::Instant;

/// The runs that are active, and the results of those that have ended, as many as are kept.
#[derive(Debug)]
pub(crate) struct Registry {
    keep: Keep,
    runs: Mutex<Runs>,
}

/// How many results are kept, for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    pub(crate) count: usize,
    pub(crate) age: Duration,
}

/// Invariant: a run is in `active` or in `ended`, and `order` names those in `ended`, the oldest first.
#[derive(Debug, Default)]
struct Runs {
    closed: bool,
    active: HashMap<RunId, RunHandle>,
    ended: HashMap<RunId, RunResult>,
    order: VecDeque<(Instant, RunId)>,
}

impl Registry {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, runs: Mutex::default() }
    }

    /// Accepts a run, unless the registry is closed or knows it.
    pub(crate) fn accept(&self, run: RunHandle) -> Result<(), RunnerError> {
        let mut runs = self.runs();
        if runs.closed {
            return Err(RunnerError::ShuttingDown);
        }
        let id = run.id();
        if runs.active.contains_key(&id) || runs.ended.contains_key(&id) {
            return Err(RunnerError::Duplicate { run: id });
        }
        runs.active.insert(id, run);
        Ok(())
    }

    /// Keeps the result of a run that has ended, in place of its handle.
    pub(crate) fn ended(&self, result: RunResult) {
        let mut runs = self.runs();
        runs.active.remove(&result.id);
        runs.order.push_back((Instant::now(), result.id));
        runs.ended.insert(result.id, result);
        runs.forget(self.keep);
    }

    pub(crate) fn handle(&self, id: RunId) -> Option<RunHandle> {
        self.runs().active.get(&id).cloned()
    }

    pub(crate) fn result(&self, id: RunId) -> Option<RunResult> {
        let mut runs = self.runs();
        runs.forget(self.keep);
        runs.ended.get(&id).cloned().or_else(|| runs.active.get(&id).map(RunHandle::result))
    }

    /// The runs that have not ended.
    pub(crate) fn active(&self) -> Vec<RunHandle> {
        self.runs().active.values().cloned().collect()
    }

    /// Accepts no more runs, and returns those that have not ended.
    pub(crate) fn close(&self) -> Vec<RunHandle> {
        let mut runs = self.runs();
        runs.closed = true;
        runs.active.values().cloned().collect()
    }

    /// Nothing panics while it is held.
    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runs {
    fn forget(&mut self, keep: Keep) {
        while let Some((ended, id)) = self.order.front()
            && (self.order.len() > keep.count || ended.elapsed() > keep.age)
        {
            self.ended.remove(id);
            self.order.pop_front();
        }
    }
}
