//! The directory: which pipelines there are, and which are related.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use godata_core::{PipelineName, PipelineRecord, RunRecord};
use time::UtcDateTime;
use tokio::time::Instant;

use super::unregistered::Unregistered;
use crate::OrchestratorError;
use crate::decide::{Orphan, Plan};
use crate::entry::{Entry, EntryId};
use crate::timers::Timers;

/// All pipelines that are registered or stored.
///
/// A pipeline has an [`Entry`] while something about it is not in the store: a registration, a run, a call, a request. Only
/// [`drop_if_idle`](Self::drop_if_idle) drops one, which happens at the end of a step.
#[derive(Default)]
pub(super) struct Directory {
    entries: Vec<Option<Box<Entry>>>,
    free: Vec<EntryId>,
    names: HashMap<PipelineName, EntryId>,
    /// Which pipelines run after each.
    followers: HashMap<PipelineName, Vec<EntryId>>,
    /// The pipelines that are stored and have no entry.
    stored: HashMap<PipelineName, PipelineRecord>,
    /// The rows of pipelines that are not registered here.
    unregistered: BTreeMap<PipelineName, Unregistered>,
    /// When each pipeline makes its next step.
    pub(super) timers: Timers,
    /// Since when the cursors of pipelines have been ahead of the clock.
    pub(super) ahead: BTreeMap<EntryId, Instant>,
}

impl Directory {
    pub(super) fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id.0)?.as_deref()
    }

    pub(super) fn entry_mut(&mut self, id: EntryId) -> Option<&mut Entry> {
        self.entries.get_mut(id.0)?.as_deref_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten().map(|entry| &**entry)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().flatten().map(|entry| &mut **entry)
    }

    pub(super) fn ids(&self) -> Vec<EntryId> {
        self.find(|_| true)
    }

    /// The entries for which `fits` returns true.
    pub(super) fn find(&self, fits: impl Fn(&Entry) -> bool) -> Vec<EntryId> {
        self.iter().filter(|entry| fits(entry)).map(|entry| entry.id).collect()
    }

    /// Whether there has ever been an entry.
    pub(super) fn has_had_entries(&self) -> bool {
        !self.entries.is_empty()
    }

    pub(super) fn id_of(&self, name: &str) -> Option<EntryId> {
        self.names.get(name).copied()
    }

    /// The entry of a registered pipeline.
    pub(super) fn registered(&self, name: &str) -> Result<&Entry, OrchestratorError> {
        let entry = self.id_of(name).and_then(|id| self.entry(id)).filter(|entry| entry.plan.is_some());
        entry.ok_or_else(|| self.unknown_pipeline(name))
    }

    /// A pipeline that is stored, and not registered here.
    pub(super) fn stored(&self, name: &str) -> Option<PipelineName> {
        let name = PipelineName::new(name).ok()?;
        let is_stored = |row: &&PipelineRecord| row.rev > 0 && row.removed_at.is_none();
        self.row_of(&name).filter(is_stored)?;
        self.plan_of(&name).is_none().then_some(name)
    }

    pub(super) fn unknown_pipeline(&self, pipeline: &str) -> OrchestratorError {
        let registered = self.entries.iter().flatten().filter(|entry| entry.plan.is_some());
        OrchestratorError::unknown_pipeline(pipeline, registered.map(|entry| entry.name()))
    }

    /// The next due time of each registered pipeline whose schedule can fire, at most this many, the earliest first.
    pub(super) fn next_due(&self, most: usize) -> Vec<(PipelineName, UtcDateTime)> {
        let due = self.iter().filter_map(|entry| Some((entry.next_due()?, entry.name())));
        let mut due: Vec<_> = due.collect();
        due.sort_unstable();
        due.truncate(most);
        due.into_iter().map(|(at, name)| (name.clone(), at)).collect()
    }

    /// The row of a pipeline as it was last read or written.
    pub(super) fn row_of(&self, name: &PipelineName) -> Option<&PipelineRecord> {
        let entry = self.id_of(name.as_str()).and_then(|id| self.entry(id));
        entry.map(|entry| &entry.row).or_else(|| self.stored.get(name))
    }

    pub(super) fn plan_of(&self, name: &PipelineName) -> Option<&Plan> {
        self.entry(self.id_of(name.as_str())?)?.plan.as_deref()
    }

    /// The entry of a pipeline. `new_row` makes the row of a pipeline that is not stored.
    pub(super) fn open(
        &mut self,
        name: PipelineName,
        new_row: impl FnOnce(PipelineName) -> PipelineRecord,
    ) -> EntryId {
        if let Some(id) = self.names.get(&name) {
            return *id;
        }
        let mut runs = Vec::new();
        if let Some(rows) = self.unregistered.get_mut(&name) {
            runs = std::mem::take(&mut rows.runs);
            if rows.is_empty() {
                self.unregistered.remove(&name);
            }
        }
        let stored = self.stored.remove(&name);
        // The pipeline may have been created since the store was read.
        let is_stale = stored.is_none() && !runs.is_empty();
        let row = stored.unwrap_or_else(|| new_row(name.clone()));
        let id = self.free.pop().unwrap_or(EntryId(self.entries.len()));
        let mut entry = Box::new(Entry::new(id, row, runs));
        entry.is_stale = is_stale;
        match self.entries.get_mut(id.0) {
            Some(place) => *place = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        self.names.insert(name, id);
        id
    }

    /// Drops an entry that holds nothing that is not in the store.
    pub(super) fn drop_if_idle(&mut self, id: EntryId) {
        let Some(place) = self.entries.get_mut(id.0) else { return };
        if let Some(entry) = place.take_if(|entry| entry.is_idle()) {
            self.names.remove(entry.name());
            if entry.row.rev > 0 {
                self.stored.insert(entry.row.name.clone(), entry.row);
            }
            self.timers.set(id, None);
            self.free.push(id);
        }
    }

    pub(super) fn set_plan(&mut self, id: EntryId, plan: Plan) {
        let upstream = plan.registered.after.clone();
        for (name, _) in &upstream {
            self.followers.entry(name.clone()).or_default().push(id);
        }
        if let Some(entry) = self.entry_mut(id) {
            entry.upstream = upstream;
            entry.has_ended = false;
            entry.plan = Some(Arc::new(plan));
        }
        self.adopt_orphans(id, Duration::ZERO);
    }

    /// Removes a registration. Running jobs are still watched.
    pub(super) fn remove_plan(&mut self, id: EntryId) {
        let Some(plan) = self.entry_mut(id).and_then(|entry| entry.plan.take()) else { return };
        for upstream in plan.upstream() {
            if let Some(followers) = self.followers.get_mut(upstream) {
                followers.retain(|follower| *follower != id);
                if followers.is_empty() {
                    self.followers.remove(upstream);
                }
            }
        }
        self.ahead.remove(&id);
        self.timers.set(id, None);
    }

    /// Whether others run after a pipeline.
    pub(super) fn has_followers(&self, upstream: &PipelineName) -> bool {
        self.followers.contains_key(upstream)
    }

    /// The pipelines that others run after.
    pub(super) fn upstream(&self) -> Vec<PipelineName> {
        self.followers.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Notes the rev of a pipeline's last success, and returns the pipelines that run after it and did not know it. A rev that
    /// was read from the store may be older than what they know.
    pub(super) fn succeeded(
        &mut self,
        upstream: &PipelineName,
        rev: u64,
        is_news: impl Fn(u64) -> bool,
    ) -> Vec<EntryId> {
        let followers = self.followers.get(upstream).cloned().unwrap_or_default();
        let mut told = Vec::new();
        for follower in followers {
            let Some(entry) = self.entry_mut(follower) else { continue };
            let known = entry.upstream.iter_mut().find(|(name, known)| name == upstream && is_news(*known));
            if let Some((_, known)) = known {
                *known = rev;
                told.push(follower);
            }
        }
        told
    }

    /// Takes over what the store has, which was just read. Entries exist already if the owner id has changed; those with runs
    /// have to be read again.
    pub(super) fn load(&mut self, pipelines: Vec<PipelineRecord>, runs: Vec<RunRecord>) {
        self.unregistered.clear();
        let unknown = pipelines.into_iter().filter(|row| !self.names.contains_key(&row.name));
        self.stored = unknown.map(|row| (row.name.clone(), row)).collect();
        for run in runs {
            match self.id_of(run.pipeline_name.as_str()).and_then(|id| self.entry_mut(id)) {
                Some(entry) => entry.is_stale = true,
                None => self.unregistered_mut(&run.pipeline_name).runs.push(run),
            }
        }
    }

    /// Takes runs of dead owners, and returns the registered pipelines that have new ones. The others wait for a registration.
    pub(super) fn add_orphans(&mut self, runs: &[RunRecord]) -> BTreeSet<EntryId> {
        let mut found = BTreeSet::new();
        for run in runs {
            let orphan = Orphan { run: run.id, owner: run.owner };
            match self.id_of(run.pipeline_name.as_str()).and_then(|id| self.entry_mut(id)) {
                Some(entry) if entry.orphans.contains(&orphan) => {}
                Some(entry) if entry.plan.is_some() => {
                    entry.orphans.push(orphan);
                    entry.is_stale = true;
                    found.insert(entry.id);
                }
                _ => self.unregistered_mut(&run.pipeline_name).add(orphan),
            }
        }
        found
    }

    /// The pipelines that are not registered here and have orphans that have waited for that long.
    pub(super) fn with_waiting_orphans(&self, wait: Duration) -> Vec<PipelineName> {
        let over = self.unregistered.iter().filter(|(_, rows)| rows.has_waited(wait));
        over.map(|(pipeline, _)| pipeline.clone()).collect()
    }

    /// Gives a pipeline's entry the orphans that have waited at least that long.
    pub(super) fn adopt_orphans(&mut self, id: EntryId, waited: Duration) {
        let Some(entry) = self.entries.get_mut(id.0).and_then(Option::as_deref_mut) else { return };
        let Some(rows) = self.unregistered.get_mut(entry.name()) else { return };
        let orphans = rows.take_orphans(waited);
        if rows.is_empty() {
            self.unregistered.remove(entry.name());
        }
        // They may have changed since the store was read.
        entry.is_stale |= !orphans.is_empty();
        entry.orphans.extend(orphans);
    }

    fn unregistered_mut(&mut self, pipeline: &PipelineName) -> &mut Unregistered {
        self.unregistered.entry(pipeline.clone()).or_default()
    }
}
