//! The rows of a store in memory, and what is done to them under its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use time::UtcDateTime;

use crate::store::query::place;
use crate::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Renewal, Retention, RunChange, RunId, RunKey,
    RunQuery, RunRecord, RunStatus, StoreError, Stored, check,
};

type Place = (UtcDateTime, RunId);

/// Invariant: the indexes name exactly the rows in `runs`, and `active` those that are queued or running.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pipelines: BTreeMap<PipelineName, PipelineRecord>,
    runs: BTreeMap<RunId, RunRecord>,
    by_key: BTreeMap<PipelineName, BTreeMap<RunKey, RunId>>,
    by_pipeline: BTreeMap<PipelineName, BTreeSet<Place>>,
    by_time: BTreeSet<Place>,
    active: BTreeSet<Place>,
    /// Until when each owner that has renewed is alive.
    alive: BTreeMap<OwnerId, UtcDateTime>,
    dead: BTreeSet<OwnerId>,
}

impl Rows {
    pub(super) fn pipelines(&self) -> impl Iterator<Item = &PipelineRecord> {
        self.pipelines.values()
    }

    pub(super) fn pipeline(&self, name: &PipelineName) -> Option<&PipelineRecord> {
        self.pipelines.get(name)
    }

    pub(super) fn run(&self, id: RunId) -> Option<&RunRecord> {
        self.runs.get(&id)
    }

    pub(super) fn list_runs(&self, query: &RunQuery) -> Vec<RunRecord> {
        if let (Some(pipeline), Some(key)) = (&query.pipeline, &query.key) {
            let found = self.by_key.get(pipeline).and_then(|keys| keys.get(key));
            return query.select(found.and_then(|id| self.runs.get(id)));
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
        let runs = newest_first.filter_map(|(_, id)| self.runs.get(id));
        runs.filter(|run| query.matches(run)).take(query.limit).cloned().collect()
    }

    pub(super) fn commit(
        &mut self,
        commit: &Commit,
        now: Option<UtcDateTime>,
    ) -> Result<Committed, StoreError> {
        let runs: Vec<_> = commit.runs.iter().flat_map(|change| self.touched(change.run())).collect();
        let owners = runs.iter().filter_map(|run| run.owner).chain([commit.owner]);
        let dead: Vec<_> = owners.filter(|owner| self.dead.contains(owner)).collect();
        let stored =
            Stored { pipeline: self.pipeline(&commit.pipeline.name), runs: &runs, now, dead: Some(&dead) };
        let answer = check(commit, &stored)?;
        if let Committed::Done(rev) = answer {
            self.put_pipeline(PipelineRecord { rev, ..commit.pipeline.clone() });
            commit.runs.iter().map(RunChange::run).cloned().for_each(|run| self.put_run(run));
        }
        Ok(answer)
    }

    /// The rows with the id or the key of a run.
    fn touched(&self, run: &RunRecord) -> Vec<RunRecord> {
        let same_key = self.by_key.get(&run.pipeline_name).and_then(|keys| keys.get(&run.key));
        let ids = [Some(&run.id), same_key.filter(|id| **id != run.id)];
        ids.into_iter().flatten().filter_map(|id| self.runs.get(id)).cloned().collect()
    }

    pub(super) fn renew(&mut self, owner: OwnerId, ttl: Duration, now: Option<UtcDateTime>) -> Renewal {
        let is_dead = self.dead.contains(&owner);
        let mine = |run: &&RunRecord| run.owner == Some(owner);
        if is_dead {
            let lost = |run: &&RunRecord| !run.status.is_terminal() || run.status == RunStatus::Interrupted;
            let runs = self.runs.values().filter(mine).filter(lost);
            return Renewal::dead(runs.map(|run| run.id).collect());
        }
        if let Some(now) = now {
            let ttl = time::Duration::try_from(ttl).unwrap_or(time::Duration::MAX);
            self.alive.insert(owner, now.saturating_add(ttl));
        }
        let asked = self.active_runs().filter(mine).filter(|run| run.cancel_requested_at.is_some());
        Renewal::alive(ttl, asked.map(|run| run.id).collect())
    }

    /// By a clock, whoever has not renewed in time is dead, or never has; without one, whoever is not live here.
    pub(super) fn reap(&mut self, live: &[OwnerId], now: Option<UtcDateTime>) -> Vec<RunRecord> {
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

    pub(super) fn prune(&mut self, retention: &Retention) -> u64 {
        let mut forgotten = Vec::new();
        for (name, places) in &self.by_pipeline {
            let pipeline = self.pipelines.get(name);
            let newest_first = places.iter().rev().filter_map(|(_, id)| self.runs.get(id));
            let finished = newest_first.filter(|run| run.status.is_terminal()).enumerate();
            let old = finished.filter(|(newer, run)| retention.forgets(run, *newer, pipeline));
            forgotten.extend(old.map(|(_, run)| run.id));
        }
        for id in &forgotten {
            self.remove_run(*id);
        }
        let by_pipeline = &self.by_pipeline;
        self.pipelines.retain(|name, row| row.removed_at.is_none() || by_pipeline.contains_key(name));
        forgotten.len() as u64
    }

    pub(super) fn put_pipeline(&mut self, pipeline: PipelineRecord) {
        self.pipelines.insert(pipeline.name.clone(), pipeline);
    }

    pub(super) fn put_run(&mut self, run: RunRecord) {
        self.remove_run(run.id);
        let (name, place) = (run.pipeline_name.clone(), place(&run));
        self.by_key.entry(name.clone()).or_default().insert(run.key.clone(), run.id);
        self.by_pipeline.entry(name).or_default().insert(place);
        self.by_time.insert(place);
        if !run.status.is_terminal() {
            self.active.insert(place);
        }
        self.runs.insert(run.id, run);
    }

    fn remove_run(&mut self, id: RunId) {
        let Some(run) = self.runs.remove(&id) else { return };
        let (name, place) = (&run.pipeline_name, place(&run));
        if let Some(keys) = self.by_key.get_mut(name) {
            keys.remove(&run.key);
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
    }

    fn active_runs(&self) -> impl Iterator<Item = &RunRecord> {
        self.active.iter().filter_map(|(_, id)| self.runs.get(id))
    }
}
