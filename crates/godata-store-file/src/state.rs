//! The rows in memory, and a walk through them as of one moment.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use godata_core::tables::MemoryTables;
use godata_core::{PipelineRecord, RunId, RunRecord};

use crate::format::Change;

/// The state that readers and the writing thread share.
pub(crate) type Shared = Arc<RwLock<State>>;

pub(crate) fn read(state: &Shared) -> RwLockReadGuard<'_, State> {
    // Nothing panics while the lock is held for writing: changes are checked before they are applied.
    state.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write(state: &Shared) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}

/// Everything that readers see: the changes that are stored, as durably as the settings ask for.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tables: MemoryTables,
    /// The number of the last change that the tables contain.
    pub(crate) number: u64,
    walk: Option<Walk>,
}

/// A walk through all runs in the order of their ids, while they change.
///
/// Invariant: `before` has exactly the runs after `position` that changed since the walk started, as they were then.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The last run that was visited.
    position: Option<RunId>,
    before: BTreeMap<RunId, Option<Arc<RunRecord>>>,
}

impl State {
    /// Applies the change with this number. Applying a change twice is the same as applying it once.
    pub(crate) fn apply(&mut self, number: u64, change: Change) {
        self.number = number;
        for id in change.forget_runs {
            let before = self.tables.remove_run(id);
            self.keep(id, before);
        }
        for name in change.forget_pipelines {
            self.tables.remove_pipeline(&name);
        }
        if let Some(pipeline) = change.pipeline {
            self.tables.put_pipeline(pipeline);
        }
        for run in change.runs {
            let id = run.id;
            let before = self.tables.put_run(run);
            self.keep(id, before);
        }
    }

    fn keep(&mut self, id: RunId, before: Option<Arc<RunRecord>>) {
        if let Some(walk) = &mut self.walk
            && walk.position.is_none_or(|position| id > position)
        {
            walk.before.entry(id).or_insert(before);
        }
    }

    /// Starts a walk through all runs as they are now, and returns the pipelines.
    pub(crate) fn begin_walk(&mut self) -> Vec<Arc<PipelineRecord>> {
        self.walk = Some(Walk::default());
        self.tables.pipelines().cloned().collect()
    }

    /// Continues the walk past the next `rows` runs, including deleted ones; `None` at the end.
    pub(crate) fn continue_walk(&mut self, rows: usize) -> Option<Vec<Arc<RunRecord>>> {
        let walk = self.walk.as_mut()?;
        let start = walk.position;
        let mut runs = self.tables.runs_after(start).peekable();
        let mut seen = Vec::with_capacity(rows);
        for _ in 0..rows {
            let changed = walk.before.first_key_value().map(|(id, _)| *id);
            let next = runs.peek().map(|run| run.id).into_iter().chain(changed).min();
            let Some(id) = next else { break };
            let now = runs.next_if(|run| run.id == id).cloned();
            let before = if changed == next { walk.before.remove(&id) } else { None };
            seen.extend(before.unwrap_or(now));
            walk.position = Some(id);
        }
        if walk.position == start {
            self.walk = None;
            return None;
        }
        Some(seen)
    }

    /// Ends a walk early. The caller drops the kept rows after it has released the lock.
    pub(crate) fn end_walk(&mut self) -> Option<Walk> {
        self.walk.take()
    }
}

#[cfg(test)]
mod tests {
    use godata_core::{Cause, PipelineName, RunKey, RunStatus};
    use time::UtcDateTime;

    use super::*;

    fn run(number: u64) -> RunRecord {
        let (name, at) = (PipelineName::new("orders").unwrap(), UtcDateTime::UNIX_EPOCH);
        let key = RunKey::manual(&number.to_string()).unwrap();
        let mut run = RunRecord::new(&name, key, Cause::Manual, RunStatus::Queued, at);
        run.id = format!("01890a5d-ac96-774b-bcce-{number:012}").parse().unwrap();
        run
    }

    fn put(state: &mut State, run: RunRecord) {
        state.apply(0, Change { runs: vec![run], ..Change::default() });
    }

    #[test]
    fn a_walk_sees_the_rows_as_they_were_when_it_started() {
        let mut state = State::default();
        let rows: Vec<_> = (0..10).map(|number| run(number * 2)).collect();
        rows.iter().for_each(|row| put(&mut state, row.clone()));
        state.begin_walk();
        let mut seen = Vec::new();
        let mut changes = (0_u64..).zip([3, 0, 8, 18, 9]);
        while let Some(runs) = state.continue_walk(2) {
            seen.extend(runs);
            if let Some((step, number)) = changes.next() {
                // Behind the walk and ahead of it: a new row, a row that changes twice, and a deleted row.
                put(&mut state, run(number * 2 + 1));
                for reason in ["one", "two"] {
                    let reason = Some(format!("{reason} {step}"));
                    put(&mut state, with_reason(run(number), reason));
                }
                let forget_runs = vec![run(16 - step).id, run(number * 2 + 1).id];
                state.apply(0, Change { forget_runs, ..Change::default() });
            }
        }
        seen.sort_by_key(|run| run.id);
        assert!(seen.iter().map(|run| &**run).eq(rows.iter()), "{seen:#?}");
        assert!(state.walk.is_none(), "the walk keeps nothing once it has ended");
    }

    #[test]
    fn a_walk_never_returns_more_rows_at_once_than_asked_for() {
        let mut state = State::default();
        let rows: Vec<_> = (0..1_000).map(run).collect();
        rows.iter().for_each(|row| put(&mut state, row.clone()));
        state.begin_walk();
        let forget_runs = rows.iter().map(|row| row.id).filter(|id| *id != rows[500].id).collect();
        state.apply(0, Change { forget_runs, ..Change::default() });
        let mut seen = Vec::new();
        while let Some(runs) = state.continue_walk(64) {
            assert!(runs.len() <= 64, "{} rows at once", runs.len());
            seen.extend(runs);
            // A deleted run comes back with other content.
            put(&mut state, with_reason(rows[900].clone(), Some("again".into())));
        }
        assert!(seen.iter().map(|run| &**run).eq(rows.iter()), "{} rows", seen.len());
    }

    fn with_reason(mut run: RunRecord, reason: Option<String>) -> RunRecord {
        run.reason = reason;
        run
    }
}
