//! For implementors of stores that keep all rows in memory: the tables of such a store.
//!
//! [`MemoryStore`](crate::MemoryStore) is these tables behind a lock. The crate `godata-store-file` adds a journal of the
//! changes. Code that only uses a store does not need this module.

mod owners;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use time::UtcDateTime;
use uuid::Uuid;

use self::owners::Owners;
use self::places::Places;
use crate::store::query::{Place, place};
use crate::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Refreshed, Renewal, Retention, RunId, RunKey,
    RunQuery, RunRecord, RunStatus, StoreError, Stored, Tally, check_commit,
};

/// All rows of a store, with the indexes that its queries need.
///
/// Rows are in an `Arc`: a row that was read does not change when the tables do. [`page`](Self::page) and
/// [`old_runs`](Self::old_runs) look at a limited number of rows per call, so that a lock around the tables need not be
/// held for long.
///
/// # Example
///
/// ```
/// use godata_core::tables::MemoryTables;
/// use godata_core::{Clock, Commit, Committed, OwnerId, PipelineName, PipelineRecord, SystemClock};
///
/// let mut tables = MemoryTables::default();
/// let orders = PipelineName::new("orders")?;
/// let commit = Commit::new(OwnerId::generate(), PipelineRecord::new(orders.clone(), SystemClock.now()));
///
/// assert_eq!(tables.check(&commit, None)?, Committed::Done(1));
/// assert!(tables.pipeline(&orders).is_none(), "the commit was only checked");
///
/// assert_eq!(tables.commit(&commit, None)?, Committed::Done(1));
/// assert_eq!(tables.pipeline(&orders).map(|row| row.rev), Some(1));
/// # Ok::<(), godata_core::BoxError>(())
/// ```
// Invariant: the indexes contain exactly the rows in `runs`.
#[derive(Clone, Debug, Default)]
pub struct MemoryTables {
    pipelines: BTreeMap<PipelineName, Arc<PipelineRecord>>,
    runs: BTreeMap<RunId, Arc<RunRecord>>,
    by_key: BTreeMap<PipelineName, BTreeMap<RunKey, RunId>>,
    by_pipeline: BTreeMap<PipelineName, BTreeSet<Place>>,
    by_status: Places,
    owners: Owners,
}

/// A part of the answer to a query; returned by [`MemoryTables::page`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunPage {
    /// The runs, in the query's order.
    pub runs: Vec<Arc<RunRecord>>,
    /// The [`after`](RunQuery#structfield.after) of the query for the remaining runs; `None` if the answer is complete.
    pub rest: Option<(UtcDateTime, RunId)>,
}

/// How far [`MemoryTables::old_runs`] has searched the runs of a pipeline. By default it starts with the newest run.
#[derive(Clone, Copy, Debug, Default)]
pub struct PruneCursor {
    last: Option<Place>,
    finished: usize,
}

impl MemoryTables {
    /// Iterates over all pipelines, ordered by name.
    pub fn pipelines(&self) -> impl Iterator<Item = &Arc<PipelineRecord>> {
        self.pipelines.values()
    }

    /// Returns the pipeline with this name.
    #[must_use]
    pub fn pipeline(&self, name: &PipelineName) -> Option<&Arc<PipelineRecord>> {
        self.pipelines.get(name)
    }

    /// Returns the run with this id.
    #[must_use]
    pub fn run(&self, id: RunId) -> Option<&Arc<RunRecord>> {
        self.runs.get(&id)
    }

    /// Iterates over the names of all pipelines that have runs, in order. Some of them may have no pipeline row.
    pub fn names_with_runs(&self) -> impl Iterator<Item = &PipelineName> {
        self.by_pipeline.keys()
    }

    /// Returns the number of runs.
    #[must_use]
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// Iterates over the runs with a greater id, ordered by id; over all runs if the id is `None`.
    pub fn runs_after(&self, id: Option<RunId>) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.runs.range((id.map_or(Unbounded, Excluded), Unbounded)).map(|(_, run)| run)
    }

    /// Looks at up to `rows` runs, and returns those that match the query, up to its limit.
    #[must_use]
    pub fn page(&self, query: &RunQuery, rows: usize) -> RunPage {
        if let (Some(pipeline), Some(key)) = (&query.pipeline, &query.key) {
            let found = self.by_key.get(pipeline).and_then(|keys| keys.get(key));
            let run = found.and_then(|id| self.runs.get(id)).filter(|run| query.matches(run));
            return RunPage { runs: run.into_iter().take(query.limit).cloned().collect(), rest: None };
        }
        let newest_first = self.newest_first(query);
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

    /// The places of runs that may match a query, from the smallest index that has them all.
    fn newest_first(&self, query: &RunQuery) -> Box<dyn Iterator<Item = &Place> + '_> {
        let oldest = query.since.map_or(Unbounded, |since| Included((since, RunId::from(Uuid::nil()))));
        let range = (oldest, query.after.map_or(Unbounded, Excluded));
        let is_empty = matches!(range, (Included(oldest), Excluded(after)) if after <= oldest);
        let is_asked = |status: &RunStatus| query.statuses.is_empty() || query.statuses.contains(status);
        let statuses: Vec<_> = RunStatus::ALL.into_iter().filter(is_asked).collect();
        let of_pipeline = query.pipeline.as_ref().map(|pipeline| self.by_pipeline.get(pipeline));
        match of_pipeline {
            _ if is_empty => Box::new([].iter()),
            Some(None) => Box::new([].iter()),
            Some(Some(places)) if places.len() <= self.by_status.count(&statuses) => {
                Box::new(places.range(range).rev())
            }
            _ => Box::new(self.by_status.newest_first(&statuses, range)),
        }
    }

    /// Implements [`Store::tally`](crate::Store::tally).
    #[must_use]
    pub fn tally(&self, query: &RunQuery, most: u64) -> Tally {
        let mut tally = Tally::default();
        let runs = self.newest_first(query).filter_map(|(_, id)| self.runs.get(id));
        for run in runs.filter(|run| query.matches(run)) {
            if !tally.add_up_to(most, run.status) {
                break;
            }
        }
        tally
    }

    /// Implements [`Store::refresh`](crate::Store::refresh).
    #[must_use]
    pub fn refresh(&self, known: &[(PipelineName, u64)]) -> Vec<Refreshed> {
        let mut changed = Vec::new();
        for (name, rev) in known {
            let row = self.pipeline(name);
            if row.map_or(0, |row| row.rev) == *rev {
                continue;
            }
            let active = RunQuery::new().pipeline(name.clone()).active().limit(usize::MAX);
            let mut runs = self.page(&active, usize::MAX).runs;
            runs.extend(row.and_then(|row| row.open_skip).and_then(|id| self.run(id)).cloned());
            let runs = runs.iter().map(|run| (**run).clone()).collect();
            changed.push(Refreshed::new(name.clone(), row.map(|row| (**row).clone()), runs));
        }
        changed
    }

    /// Implements [`Store::claimable`](crate::Store::claimable). `now` is the time by the store's own clock, if it has one.
    #[must_use]
    pub fn claimable(
        &self,
        after: Option<&PipelineName>,
        limit: usize,
        now: Option<UtcDateTime>,
    ) -> Vec<PipelineName> {
        let is_due = |run: &&RunRecord| now.is_none_or(|now| run.not_before.is_none_or(|at| at <= now));
        let runs = self.active_runs().filter(|run| run.status == RunStatus::Queued && run.owner.is_none());
        let names: BTreeSet<_> = runs.filter(is_due).map(|run| &run.pipeline_name).collect();
        let names = names.into_iter().filter(|name| after.is_none_or(|after| *name > after));
        names.take(limit).cloned().collect()
    }

    /// Returns what [`commit`](Self::commit) would answer, without making the commit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`], if the commit is not allowed in any state of the store.
    pub fn check(&self, commit: &Commit, now: Option<UtcDateTime>) -> Result<Committed, StoreError> {
        let runs: Vec<_> = commit.runs.iter().flat_map(|change| self.affected(change.run())).collect();
        let owners = runs.iter().filter_map(|run| run.owner).chain([commit.owner]);
        let dead: Vec<_> = owners.filter(|owner| self.owners.is_dead(*owner)).collect();
        let pipeline = self.pipeline(&commit.pipeline.name).map(|row| &**row);
        check_commit(commit, &Stored { now, ..Stored::new(pipeline, &runs).dead(&dead) })
    }

    /// Checks a commit, and makes it if the answer is [`Committed::Done`]. `now` is the time by the store's own clock, if
    /// it has one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`], if the commit is not allowed in any state of the store.
    pub fn commit(&mut self, commit: &Commit, now: Option<UtcDateTime>) -> Result<Committed, StoreError> {
        let answer = self.check(commit, now)?;
        if let Committed::Done(rev) = answer {
            self.put_pipeline(PipelineRecord { rev, ..commit.pipeline.clone() });
            for change in &commit.runs {
                self.put_run(change.run().clone());
            }
        }
        Ok(answer)
    }

    /// The rows with the id or the key of a run.
    fn affected(&self, run: &RunRecord) -> Vec<RunRecord> {
        let same_key = self.by_key.get(&run.pipeline_name).and_then(|keys| keys.get(&run.key));
        let ids = [Some(&run.id), same_key.filter(|id| **id != run.id)];
        ids.into_iter().flatten().filter_map(|id| self.runs.get(id)).map(|run| (**run).clone()).collect()
    }

    /// Implements [`Store::enroll`](crate::Store::enroll). `now` is the time by the store's own clock, if it has one.
    pub fn enroll(&mut self, owner: OwnerId, ttl: Duration, now: Option<UtcDateTime>) -> Renewal {
        let is_alive = match now {
            Some(now) => self.owners.enroll(owner, ttl, now),
            None => !self.owners.is_dead(owner),
        };
        self.renewal(owner, ttl, is_alive, now)
    }

    /// Implements [`Store::renew`](crate::Store::renew). `now` is the time by the store's own clock, if it has one.
    pub fn renew(&mut self, owner: OwnerId, ttl: Duration, now: Option<UtcDateTime>) -> Renewal {
        let is_alive = match now {
            Some(now) => self.owners.renew(owner, ttl, now),
            None => !self.owners.is_dead(owner),
        };
        self.renewal(owner, ttl, is_alive, now)
    }

    fn renewal(&self, owner: OwnerId, ttl: Duration, is_alive: bool, now: Option<UtcDateTime>) -> Renewal {
        let mine = |run: &&RunRecord| run.owner == Some(owner);
        if !is_alive {
            let lost = |run: &&RunRecord| !run.status.is_terminal() || run.status == RunStatus::Interrupted;
            let runs = self.runs.values().map(|run| &**run).filter(mine).filter(lost);
            return Renewal::dead(runs.map(|run| run.id).collect());
        }
        let to_cancel = self.active_runs().filter(mine).filter(|run| run.cancel_requested_at.is_some());
        let peers = now.map(|now| self.owners.peers(now)).unwrap_or_default();
        Renewal::alive(ttl, to_cancel.map(|run| run.id).collect()).peers(peers)
    }

    /// Implements [`Store::reap`](crate::Store::reap). With a clock, `by` declares owners dead. Without a clock, an owner is dead
    /// if it is not in `live`.
    pub fn reap(&mut self, by: OwnerId, live: &[OwnerId], now: Option<UtcDateTime>) -> Vec<RunRecord> {
        let owners: BTreeSet<_> = self.active_runs().filter_map(|run| run.owner).collect();
        match now {
            Some(now) => self.owners.declare_dead(by, owners.into_iter(), now),
            None => self.owners.bury(owners.into_iter().filter(|owner| !live.contains(owner))),
        }
        let orphan = |run: &&RunRecord| run.owner.is_some_and(|owner| self.owners.is_dead(owner));
        self.active_runs().filter(orphan).cloned().collect()
    }

    /// Implements [`Store::prune`](crate::Store::prune). It looks at all rows.
    pub fn prune(&mut self, retention: &Retention) -> u64 {
        let mut removed = Vec::new();
        for name in self.names_with_runs() {
            let mut cursor = PruneCursor::default();
            while let Some(old) = self.old_runs(name, retention, &mut cursor, usize::MAX) {
                removed.extend(old);
            }
        }
        for id in &removed {
            self.remove_run(*id);
        }
        let names: Vec<_> = self.empty_pipelines().cloned().collect();
        for name in &names {
            self.remove_pipeline(name);
        }
        removed.len() as u64
    }

    /// Looks at the next `rows` runs of a pipeline, from the cursor on, and returns those to remove; `None` if there are
    /// no more runs.
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

    /// Iterates over the names of the pipelines that are marked as removed and have no runs.
    pub fn empty_pipelines(&self) -> impl Iterator<Item = &PipelineName> {
        let is_empty = |(name, row): &(&PipelineName, &Arc<PipelineRecord>)| {
            row.removed_at.is_some() && !self.by_pipeline.contains_key(*name)
        };
        self.pipelines.iter().filter(is_empty).map(|(name, _)| name)
    }

    /// Inserts a pipeline, or replaces the one with the same name.
    pub fn put_pipeline(&mut self, pipeline: PipelineRecord) {
        self.pipelines.insert(pipeline.name.clone(), Arc::new(pipeline));
    }

    /// Inserts a run, or replaces the one with the same id and returns it.
    pub fn put_run(&mut self, mut run: RunRecord) -> Option<Arc<RunRecord>> {
        if let Some(stored) = self.runs.get_mut(&run.id).filter(|stored| has_same_place(stored, &run)) {
            if run.status != stored.status {
                self.by_status.remove(stored.status, &place(&run));
                self.by_status.insert(run.status, place(&run));
            }
            run.pipeline_name = stored.pipeline_name.clone();
            return Some(std::mem::replace(stored, Arc::new(run)));
        }
        let before = self.remove_run(run.id);
        // All rows of a pipeline share one copy of its name.
        if let Some((name, _)) = self.pipelines.get_key_value(&run.pipeline_name) {
            run.pipeline_name = name.clone();
        }
        let (name, place) = (run.pipeline_name.clone(), place(&run));
        self.by_key.entry(name.clone()).or_default().insert(run.key.clone(), run.id);
        self.by_pipeline.entry(name).or_default().insert(place);
        self.by_status.insert(run.status, place);
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
            // Rows that were put without a commit may have the same key.
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
        self.by_status.remove(run.status, &place);
        Some(run)
    }

    fn active_runs(&self) -> impl Iterator<Item = &RunRecord> {
        let places = self.by_status.newest_first(&RunStatus::ACTIVE, (Unbounded, Unbounded));
        places.filter_map(|(_, id)| self.runs.get(id)).map(|run| &**run)
    }
}

/// Whether two rows have the same place in all indexes, apart from `by_status`.
fn has_same_place(run: &RunRecord, other: &RunRecord) -> bool {
    place(run) == place(other) && run.pipeline_name == other.pipeline_name && run.key == other.key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cause;

    /// All combinations of two pipelines, two keys, two instants and three states, as rows with one id.
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
    fn a_rare_status_is_found_without_a_look_at_other_rows() {
        let mut tables = MemoryTables::default();
        let name = PipelineName::new("a").unwrap();
        for n in 0..1_000 {
            let status = if n == 500 { RunStatus::Failed } else { RunStatus::Succeeded };
            let now = UtcDateTime::UNIX_EPOCH + Duration::from_secs(n);
            let key = RunKey::manual_run(RunId::generate());
            tables.put_run(RunRecord::new(&name, key, Cause::Manual, status, now));
        }
        for (status, count) in [(RunStatus::Failed, 1), (RunStatus::Interrupted, 0)] {
            for query in [RunQuery::new(), RunQuery::new().pipeline(name.clone())] {
                let page = tables.page(&query.status(status), 2);
                assert_eq!((page.runs.len(), page.rest), (count, None), "{status}");
            }
        }
    }

    #[test]
    fn a_replaced_row_is_found_only_as_it_is_now() {
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
                    let since = |seconds| UtcDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
                    let all = [
                        RunQuery::new(),
                        RunQuery::new().active(),
                        RunQuery::new().status(RunStatus::Succeeded).status(RunStatus::Succeeded),
                        RunQuery::new().since(since(1)),
                        RunQuery::new().active().since(since(1)).after(&beside),
                    ];
                    let of_status =
                        pipelines.clone().map(|query| query.status(RunStatus::Running).since(since(1)));
                    for query in all.iter().chain(&pipelines).chain(&keys).chain(&of_status) {
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
