//! The runs that a runner knows.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use godata_core::{RunHandle, RunId, RunResult, RunnerError};
use tokio::time::Instant;

use crate::by_id::ById;

/// Enough that threads which start and end runs at the same time seldom contend for one lock.
const SHARDS: usize = 16;

/// The active runs, and the kept results of ended runs.
///
/// Invariant: `ended` names the ended runs in the shards, oldest first. Code that needs both locks takes the lock of `ended`
/// first.
#[derive(Debug)]
pub(crate) struct Registry {
    keep: Keep,
    shards: [Mutex<Shard>; SHARDS],
    ended: Mutex<VecDeque<(Instant, RunId)>>,
}

/// How many results are kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    pub(crate) count: usize,
    pub(crate) age: Duration,
}

#[derive(Debug, Default)]
struct Shard {
    closed: bool,
    runs: ById<Run>,
}

#[derive(Debug)]
enum Run {
    Active {
        run: RunHandle,
        watched: bool,
    },
    /// Without its handle, which would keep the run's context and its cancellation alive.
    Ended(Arc<RunResult>),
}

impl Registry {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, shards: Default::default(), ended: Mutex::default() }
    }

    /// Accepts a run, unless the registry is closed or knows the run already.
    pub(crate) fn accept(&self, run: RunHandle) -> Result<(), RunnerError> {
        let mut shard = self.shard(run.id());
        if shard.closed {
            return Err(RunnerError::ShuttingDown);
        }
        match shard.runs.entry(run.id()) {
            Entry::Occupied(known) => Err(RunnerError::Duplicate { run: *known.key() }),
            Entry::Vacant(new) => {
                new.insert(Run::Active { run, watched: false });
                Ok(())
            }
        }
    }

    /// Keeps the result of an ended run in place of its handle.
    pub(crate) fn ended(&self, result: Arc<RunResult>) {
        let id = result.id;
        // The handle is dropped after the lock is released.
        let _handle = self.shard(id).runs.insert(id, Run::Ended(result));
        let now = Instant::now();
        let mut ended = lock(&self.ended);
        ended.push_back((now, id));
        self.forget(&mut ended, now);
    }

    pub(crate) fn handle(&self, id: RunId) -> Option<RunHandle> {
        self.shard(id).runs.get(&id).and_then(Run::active).cloned()
    }

    /// Marks a run as watched, and returns it. `None` if it is watched already or has ended.
    pub(crate) fn watch(&self, id: RunId) -> Option<RunHandle> {
        match self.shard(id).runs.get_mut(&id) {
            Some(Run::Active { run, watched: watched @ false }) => {
                *watched = true;
                Some(run.clone())
            }
            _ => None,
        }
    }

    /// Calls `f` with the run if it has not ended. The run is not recorded as [`ended`](Self::ended) before `f`
    /// returns.
    pub(crate) fn while_active(&self, id: RunId, f: impl FnOnce(RunResult)) {
        let shard = self.shard(id);
        let result = shard.runs.get(&id).and_then(Run::active).map(RunHandle::result);
        if let Some(result) = result.filter(|result| !result.status.is_terminal()) {
            f(result);
        }
    }

    pub(crate) fn result(&self, id: RunId) -> Option<RunResult> {
        self.forget(&mut lock(&self.ended), Instant::now());
        self.shard(id).runs.get(&id).map(|run| match run {
            Run::Active { run, .. } => run.result(),
            Run::Ended(result) => RunResult::clone(result),
        })
    }

    /// The runs that have not ended.
    pub(crate) fn active(&self) -> Vec<RunHandle> {
        self.shards.iter().flat_map(|shard| lock(shard).active()).collect()
    }

    /// Accepts no more runs, and returns those that have not ended.
    pub(crate) fn close(&self) -> Vec<RunHandle> {
        let close = |shard| {
            let mut shard: MutexGuard<'_, Shard> = lock(shard);
            shard.closed = true;
            shard.active()
        };
        self.shards.iter().flat_map(close).collect()
    }

    fn forget(&self, ended: &mut VecDeque<(Instant, RunId)>, now: Instant) {
        while let Some(&(at, id)) = ended.front()
            && (ended.len() > self.keep.count || now.saturating_duration_since(at) > self.keep.age)
        {
            ended.pop_front();
            self.shard(id).runs.remove(&id);
        }
    }

    /// Chooses the shard by the last bits of the id, which are random.
    fn shard(&self, id: RunId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[id.as_uuid().as_u128() as usize % SHARDS])
    }
}

impl Shard {
    /// A run ends a moment before its shard records that, and a task that waited for the end may ask in between. So
    /// runs with a final result are left out.
    fn active(&self) -> Vec<RunHandle> {
        let active = self.runs.values().filter_map(Run::active);
        active.filter(|run| run.final_result().is_none()).cloned().collect()
    }
}

impl Run {
    fn active(&self) -> Option<&RunHandle> {
        match self {
            Self::Active { run, .. } => Some(run),
            Self::Ended(_) => None,
        }
    }
}

/// Poisoning is ignored because nothing panics while one of these is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use godata_core::{JobEnd, RunContext, SystemClock};

    use super::*;

    #[test]
    fn a_run_that_has_ended_is_not_active_even_before_the_registry_records_its_end() {
        let registry = Registry::new(Keep { count: 1, age: Duration::MAX });
        let (handle, run) = RunHandle::new("a", RunContext::new(), Arc::new(SystemClock));
        registry.accept(handle.clone()).unwrap();
        assert_eq!(registry.active().len(), 1);
        run.end(JobEnd::Succeeded);
        assert!(registry.active().is_empty());
        assert!(registry.close().is_empty());
        registry.ended(handle.final_result().unwrap());
        assert!(registry.result(handle.id()).is_some());
    }
}
