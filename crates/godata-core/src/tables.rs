//! The rows of a store in memory, for implementors of stores that keep all of their rows there.
//!
//! [`MemoryStore`](crate::MemoryStore) is these tables behind a lock. `godata-store-file` adds a journal of what changes.
//! Code that only uses a store does not need them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use time::UtcDateTime;

use crate::store::query::{Place, place};
use crate::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Renewal, Retention, RunId, RunKey, RunQuery,
    RunRecord, RunStatus, StoreError, Stored, check_commit,
};

/// The rows of a store that has all of them in memory, with the indexes that its queries need.
///
/// It is what [`MemoryStore`](crate::MemoryStore) keeps under its lock, for a store of the same kind that also writes
/// down what changes. Rows are shared: one that was read stays as it was when the tables go on.
/// [`page`](Self::page) and [`old_runs`](Self::old_runs) look at a few rows at a time, so that no lock is held for long.
///
/// ```
/// use godata_core::tables::MemoryTables;
/// use godata_core::{Clock, Commit, Committed, OwnerId, PipelineName, PipelineRecord, SystemClock};
///
/// let mut tables = MemoryTables::default();
/// let orders = PipelineName::new("orders")?;
/// let commit = Commit::new(OwnerId::generate(), PipelineRecord::new(orders.clone(), SystemClock.now()));
///
/// assert_eq!(tables.judge(&commit, None)?, Committed::Done(1));
/// assert!(tables.pipeline(&orders).is_none(), "it was judged, not made");
///
/// assert_eq!(tables.commit(&commit, None)?, Committed::Done(1));
/// assert_eq!(tables.pipeline(&orders).map(|row| row.rev), Some(1));
/// # Ok::<(), godata_core::BoxError>(())
/// ```
// Invariant: the indexes name exactly the rows in `runs`, and `active` those that are queued or running.
#[derive(Clone, Debug, Default)]
pub struct MemoryTables {
    pipelines: BTreeMap<PipelineName, Arc<PipelineRecord>>,
    runs: BTreeMap<RunId, Arc<RunRecord>>,
    by_key: BTreeMap<PipelineName, BTreeMap<RunKey, RunId>>,
    by_pipeline: BTreeMap<PipelineName, BTreeSet<Place>>,
    by_time: BTreeSet<Place>,
    active: BTreeSet<Place>,
    /// Until when each owner that has renewed is alive.
    alive: BTreeMap<OwnerId, UtcDateTime>,
    dead: BTreeSet<OwnerId>,
}

/// Some of the runs that a query asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunPage {
    /// The runs, in the query's order.
    pub runs: Vec<Arc<RunRecord>>,
    /// The [`after`](RunQuery::after) of the query that finds the others; `None` if there are none.
    pub rest: Option<(UtcDateTime, RunId)>,
}

/// How much of a pipeline's history was looked through; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct PruneCursor {
    last: Option<Place>,
    finished: usize,
}

impl MemoryTables {
    /// All pipelines, ordered by name.
    pub fn pipelines(&self) -> impl Iterator<Item = &Arc<PipelineRecord>> {
        self.pipelines.values()
    }

    /// The pipeline of this name.
    #[must_use]
    pub fn pipeline(&self, name: &PipelineName) -> Option<&Arc<PipelineRecord>> {
        self.pipelines.get(name)
    }

    /// The run of this id.
    #[must_use]
    pub fn run(&self, id: RunId) -> Option<&Arc<RunRecord>> {
        self.runs.get(&id)
    }

    /// The names of the pipelines that have runs, in order; of some there may be no row.
    pub fn names_with_runs(&self) -> impl Iterator<Item = &PipelineName> {
        self.by_pipeline.keys()
    }

    /// How many runs there are.
    #[must_use]
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// The runs whose id comes after this, ordered by id; all of them after `None`.
    pub fn runs_after(&self, id: Option<RunId>) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.runs.range((id.map_or(Unbounded, Excluded), Unbounded)).map(|(_, run)| run)
    }

    /// What a query asks for, as far as it is found among the next `rows` that it has to look at.
    #[must_use]
    pub fn page(&self, query: &RunQuery, rows: usize) -> RunPage {
        if let (Some(pipeline), Some(key)) = (&query.pipeline, &query.key) {
            let found = self.by_key.get(pipeline).and_then(|keys| keys.get(key));
            let run = found.and_then(|id| self.runs.get(id)).filter(|run| query.matches(run));
            return RunPage { runs: run.into_iter().take(query.limit).cloned().collect(), rest: None };
        }
        let only_active = !query.statuses.is_empty() && !query.statuses.iter().any(|s| s.is_terminal());
        let places = match &query.pipeline {
            _ if only_active => Some(&self.active),
            Some(pipeline) => self.by_pipeline.get(pipeline),
            None => Some(&self.by_time),
        };
        let newest_first = places.into_iter().flat_map(|places| match query.after {
            Some(after) => places.range(..after).rev(),
            None => places.range(..).rev(),
        });
        let mut page = RunPage::default();
        for (seen, place) in newest_first.enumerate() {
            if page.runs.len() == query.limit {
                break;
            }
            if seen == rows {
                return page;
            }
            page.rest = Some(*place);
            page.runs.extend(self.runs.get(&place.1).filter(|run| query.matches(run)).cloned());
        }
        page.rest = None;
        page
    }

    /// What [`commit`](Self::commit) would answer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for a commit that no state allows.
    pub fn judge(&self, commit: &Commit, now: Option<UtcDateTime>) -> Result<Committed, StoreError> {
        let runs: Vec<_> = commit.runs.iter().flat_map(|change| self.touched(change.run())).collect();
        let owners = runs.iter().filter_map(|run| run.owner).chain([commit.owner]);
        let dead: Vec<_> = owners.filter(|owner| self.dead.contains(owner)).collect();
        let pipeline = self.pipeline(&commit.pipeline.name).map(|row| &**row);
        check_commit(commit, &Stored { pipeline, runs: &runs, now, dead: Some(&dead) })
    }

    /// Judges a commit, and makes it if it is right; `now` is what the store's own clock shows, if it has one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for a commit that no state allows.
    pub fn commit(&mut self, commit: &Commit, now: Option<UtcDateTime>) -> Result<Committed, StoreError> {
        let answer = self.judge(commit, now)?;
        if let Committed::Done(rev) = answer {
            self.put_pipeline(PipelineRecord { rev, ..commit.pipeline.clone() });
            for change in &commit.runs {
                self.put_run(change.run().clone());
            }
        }
        Ok(answer)
    }

    /// The rows with the id or the key of a run.
    fn touched(&self, run: &RunRecord) -> Vec<RunRecord> {
        let same_key = self.by_key.get(&run.pipeline_name).and_then(|keys| keys.get(&run.key));
        let ids = [Some(&run.id), same_key.filter(|id| **id != run.id)];
        ids.into_iter().flatten().filter_map(|id| self.runs.get(id)).map(|run| (**run).clone()).collect()
    }

    /// [`Store::renew`](crate::Store::renew), by the store's own clock or without one.
    pub fn renew(&mut self, owner: OwnerId, ttl: Duration, now: Option<UtcDateTime>) -> Renewal {
        let mine = |run: &&RunRecord| run.owner == Some(owner);
        if self.dead.contains(&owner) {
            let lost = |run: &&RunRecord| !run.status.is_terminal() || run.status == RunStatus::Interrupted;
            let runs = self.runs.values().map(|run| &**run).filter(mine).filter(lost);
            return Renewal::dead(runs.map(|run| run.id).collect());
        }
        if let Some(now) = now {
            let ttl = time::Duration::try_from(ttl).unwrap_or(time::Duration::MAX);
            self.alive.insert(owner, now.saturating_add(ttl));
        }
        let asked = self.active_runs().filter(mine).filter(|run| run.cancel_requested_at.is_some());
        Renewal::alive(ttl, asked.map(|run| run.id).collect())
    }

    /// [`Store::reap`](crate::Store::reap). By a clock, whoever has not renewed in time is dead, or never has; without
    /// one, whoever is not in `live`.
    pub fn reap(&mut self, live: &[OwnerId], now: Option<UtcDateTime>) -> Vec<RunRecord> {
        let is_alive = |owner: &OwnerId| match now {
            Some(now) => self.alive.get(owner).is_some_and(|until| *until > now),
            None => live.contains(owner),
        };
        let known = self.active_runs().filter_map(|run| run.owner).chain(self.alive.keys().copied());
        let dead: Vec<_> = known.filter(|owner| !is_alive(owner)).collect();
        for owner in &dead {
            self.alive.remove(owner);
        }
        self.dead.extend(dead);
        let orphan = |run: &&RunRecord| run.owner.is_none_or(|owner| self.dead.contains(&owner));
        self.active_runs().filter(orphan).cloned().collect()
    }

    /// [`Store::prune`](crate::Store::prune). It looks at all rows.
    pub fn prune(&mut self, retention: &Retention) -> u64 {
        let mut forgotten = Vec::new();
        for name in self.names_with_runs() {
            let mut cursor = PruneCursor::default();
            while let Some(old) = self.old_runs(name, retention, &mut cursor, usize::MAX) {
                forgotten.extend(old);
            }
        }
        for id in &forgotten {
            self.remove_run(*id);
        }
        let names: Vec<_> = self.empty_pipelines().cloned().collect();
        for name in &names {
            self.remove_pipeline(name);
        }
        forgotten.len() as u64
    }

    /// Which of the next `rows` runs of a pipeline to forget, as far as they were not seen yet; `None` once all were.
    pub fn old_runs(
        &self,
        name: &PipelineName,
        retention: &Retention,
        cursor: &mut PruneCursor,
        rows: usize,
    ) -> Option<Vec<RunId>> {
        let (pipeline, places) = (self.pipeline(name).map(|row| &**row), self.by_pipeline.get(name)?);
        let newest_first = match cursor.last {
            Some(last) => places.range(..last).rev(),
            None => places.range(..).rev(),
        };
        let before = cursor.last;
        let mut old = Vec::new();
        for place in newest_first.take(rows) {
            cursor.last = Some(*place);
            let Some(run) = self.runs.get(&place.1).filter(|run| run.status.is_terminal()) else { continue };
            if retention.forgets(run, cursor.finished, pipeline) {
                old.push(run.id);
            }
            cursor.finished += 1;
        }
        (cursor.last != before).then_some(old)
    }

    /// The pipelines that are removed and have no runs.
    pub fn empty_pipelines(&self) -> impl Iterator<Item = &PipelineName> {
        let is_empty = |(name, row): &(&PipelineName, &Arc<PipelineRecord>)| {
            row.removed_at.is_some() && !self.by_pipeline.contains_key(*name)
        };
        self.pipelines.iter().filter(is_empty).map(|(name, _)| name)
    }

    /// Puts a pipeline in place of the one of its name.
    pub fn put_pipeline(&mut self, pipeline: PipelineRecord) {
        self.pipelines.insert(pipeline.name.clone(), Arc::new(pipeline));
    }

    /// Puts a run in place of the one of its id, and returns that.
    pub fn put_run(&mut self, mut run: RunRecord) -> Option<Arc<RunRecord>> {
        if let Some(stored) = self.runs.get_mut(&run.id).filter(|stored| has_same_place(stored, &run)) {
            if run.status.is_terminal() {
                self.active.remove(&place(&run));
            } else if stored.status.is_terminal() {
                self.active.insert(place(&run));
            }
            run.pipeline_name = stored.pipeline_name.clone();
            return Some(std::mem::replace(stored, Arc::new(run)));
        }
        let before = self.remove_run(run.id);
        // All rows of a pipeline have one copy of its name.
        if let Some((name, _)) = self.pipelines.get_key_value(&run.pipeline_name) {
            run.pipeline_name = name.clone();
        }
        let (name, place) = (run.pipeline_name.clone(), place(&run));
        self.by_key.entry(name.clone()).or_default().insert(run.key.clone(), run.id);
        self.by_pipeline.entry(name).or_default().insert(place);
        self.by_time.insert(place);
        if !run.status.is_terminal() {
            self.active.insert(place);
        }
        self.runs.insert(run.id, Arc::new(run));
        before
    }

    /// Removes a pipeline, and returns it.
    pub fn remove_pipeline(&mut self, name: &PipelineName) -> Option<Arc<PipelineRecord>> {
        self.pipelines.remove(name)
    }

    /// Removes a run, and returns it.
    pub fn remove_run(&mut self, id: RunId) -> Option<Arc<RunRecord>> {
        let run = self.runs.remove(&id)?;
        let (name, place) = (&run.pipeline_name, place(&run));
        if let Some(keys) = self.by_key.get_mut(name) {
            // Two rows that were put, not committed, may have the same key.
            if keys.get(&run.key) == Some(&id) {
                keys.remove(&run.key);
            }
        }
        if let Some(places) = self.by_pipeline.get_mut(name) {
            places.remove(&place);
            if places.is_empty() {
                self.by_pipeline.remove(name);
                self.by_key.remove(name);
            }
        }
        self.by_time.remove(&place);
        self.active.remove(&place);
        Some(run)
    }

    fn active_runs(&self) -> impl Iterator<Item = &RunRecord> {
        self.active.iter().filter_map(|(_, id)| self.runs.get(id)).map(|run| &**run)
    }
}

/// Whether a row is found in the indexes where the other is, but for that of the active ones.
fn has_same_place(run: &RunRecord, other: &RunRecord) -> bool {
    place(run) == place(other) && run.pipeline_name == other.pipeline_name && run.key == other.key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cause;

    /// All that a row may be that was put by the name of one run: of two pipelines, by two keys, from two instants, in
    /// three states.
    fn variants(id: RunId) -> Vec<RunRecord> {
        let mut rows = Vec::new();
        for name in ["a", "b"] {
            let name = PipelineName::new(name).unwrap();
            for key in [RunKey::retry(id), RunKey::recover(id)] {
                for created_at in [0, 1] {
                    for status in [RunStatus::Queued, RunStatus::Running, RunStatus::Succeeded] {
                        let now = UtcDateTime::UNIX_EPOCH + Duration::from_secs(created_at);
                        let row = RunRecord::new(&name, key.clone(), Cause::Manual, status, now);
                        rows.push(RunRecord { id, ..row });
                    }
                }
            }
        }
        rows
    }

    fn found(tables: &MemoryTables, query: &RunQuery) -> Vec<RunRecord> {
        tables.page(query, usize::MAX).runs.iter().map(|run| (**run).clone()).collect()
    }

    #[test]
    fn whatever_takes_the_place_of_a_row_is_found_as_it_is_now() {
        let (one, other) = (RunId::generate(), RunId::generate());
        for first in variants(one) {
            for then in variants(one) {
                for beside in variants(other).into_iter().step_by(5) {
                    let mut tables = MemoryTables::default();
                    assert_eq!(tables.put_run(first.clone()), None);
                    tables.put_run(beside.clone());
                    let before = tables.put_run(then.clone());
                    assert_eq!(before.as_deref(), Some(&first));

                    let mut rows = [then.clone(), beside.clone()];
                    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
                    let pipelines =
                        [&first, &then].map(|row| RunQuery::new().pipeline(row.pipeline_name.clone()));
                    let keys = [&first, &then, &beside]
                        .map(|row| RunQuery::new().pipeline(row.pipeline_name.clone()).key(row.key.clone()));
                    let all = [RunQuery::new(), RunQuery::new().active()];
                    for query in all.iter().chain(&pipelines).chain(&keys) {
                        let expected: Vec<_> =
                            rows.iter().filter(|row| query.matches(row)).cloned().collect();
                        assert_eq!(found(&tables, query), expected, "{query:?}");
                    }
                    tables.remove_run(one);
                    assert_eq!(found(&tables, &RunQuery::new()), [beside]);
                }
            }
        }
    }
}
