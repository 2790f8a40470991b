//! Looks at pipelines that another instance may have changed: one call of the store for many, and few have changed.

use std::collections::HashMap;
use std::sync::Arc;

use godata_core::{Change, Clock as _, PipelineName, Refreshed, RunRecord, StoreError};

use super::Engine;
use super::peers::patience;
use crate::decide::{Standby, later};
use crate::entry::{Entry, EntryId, Flight, Lead};
use crate::persist::{Reloaded, StoreAnswer};

/// The most pipelines of one call.
pub(super) const MOST: usize = 1_000;

/// The answer to a look at these pipelines.
pub(super) struct Looked {
    pub(super) ids: Vec<EntryId>,
    pub(super) changed: Result<Vec<Refreshed>, StoreError>,
}

impl Engine {
    /// How this instance stands by for a pipeline; `None` if it tries first.
    pub(super) fn standby(&self, entry: &Entry) -> Option<Standby> {
        if !self.link.is_shared() || self.link.peers().are_none() {
            return None;
        }
        let rank = match entry.lead {
            Lead::Here => 0,
            Lead::ByRank => self.link.rank(entry.name()),
            Lead::Elsewhere => self.link.rank(entry.name()).max(1),
        };
        (rank > 0).then(|| Standby { patience: patience(rank), has_read: entry.was_read })
    }

    /// The peers of this instance have changed, so each pipeline has another order.
    pub(super) fn rank_anew(&mut self) {
        self.directory.iter_mut().for_each(|entry| entry.lead = Lead::ByRank);
        self.step_all(self.directory.find(|entry| entry.plan.is_some()));
    }

    /// Looks whether these pipelines have changed, and then decides about them.
    pub(super) fn look(&mut self, ids: Vec<EntryId>) {
        if !self.link.is_open() {
            return;
        }
        let mut known = Vec::new();
        for id in ids {
            let Some(entry) = self.directory.entry_mut(id).filter(|entry| entry.flight.is_none()) else {
                continue;
            };
            entry.looks_at = None;
            if entry.is_stale {
                self.step(id);
                continue;
            }
            entry.flight = Some(Flight::Look);
            known.push((id, (entry.name().clone(), entry.row.rev)));
        }
        for part in known.chunks(MOST) {
            let (ids, known) = part.iter().cloned().unzip();
            self.link.look(ids, known);
        }
    }

    pub(super) fn looked(&mut self, looked: Looked) {
        let Looked { ids, changed } = looked;
        match changed {
            Ok(changed) => {
                self.link.call_succeeded("refresh");
                let mut changed: HashMap<_, _> =
                    changed.into_iter().map(|row| (row.name.clone(), row)).collect();
                for id in &ids {
                    let Some(entry) = self.directory.entry(*id) else { continue };
                    match changed.remove(entry.name()) {
                        Some(row) => self.changed(*id, row),
                        None => self.unchanged(*id),
                    }
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                self.link.call_failed("refresh", &error);
                for id in &ids {
                    let error = StoreError::unavailable(Arc::clone(&error));
                    self.take_answer(*id, StoreAnswer::Reloaded(Err(error)));
                }
            }
        }
        self.start_jobs();
        self.step_all(ids);
    }

    fn unchanged(&mut self, id: EntryId) {
        if let Some(entry) = self.directory.entry_mut(id) {
            entry.flight = None;
            entry.was_read = true;
        }
    }

    fn changed(&mut self, id: EntryId, row: Refreshed) {
        let Some(entry) = self.directory.entry_mut(id) else { return };
        if !entry.jobs.is_empty() || !entry.asked.is_empty() || !entry.ends.is_empty() {
            // Rows that have ended are of interest too.
            entry.flight = None;
            entry.is_stale = true;
            return;
        }
        let is_active = |run: &RunRecord| !run.status.is_terminal();
        let (runs, settled) = row.runs.into_iter().partition(is_active);
        let read = Box::new(Reloaded { row: row.pipeline, runs, settled });
        self.take_answer(id, StoreAnswer::Reloaded(Ok(read)));
    }

    /// Looks for queued runs that nobody has started, if there are slots for them.
    pub(super) fn look_for_claimable(&mut self) {
        let may_start = self.link.is_open() && !self.lifecycle.is_closing() && self.jobs.slots.free(None) > 0;
        if may_start && self.link.is_shared() {
            self.link.find_claimable(None);
        }
    }

    pub(super) fn found_claimable(&mut self, found: Result<Vec<PipelineName>, StoreError>) {
        let Some(names) = self.link.checked("claimable", found) else { return };
        if names.len() == MOST {
            self.link.find_claimable(names.last().cloned());
        }
        let ids = names.iter().filter_map(|name| self.directory.id_of(name.as_str()));
        let ids = ids.filter(|id| self.could_start(*id)).collect();
        self.look(ids);
    }

    fn could_start(&self, id: EntryId) -> bool {
        let entry = self.directory.entry(id).filter(|entry| entry.plan.is_some() && !entry.is_in_line);
        entry.is_some_and(|entry| self.jobs.slots.free(entry.pool()) > 0)
    }

    /// Another instance has changed something that this one may wait for.
    pub(super) fn told(&mut self, change: Change) {
        match change {
            Change::Cancel(run) => {
                if let Some(id) = self.jobs.pipeline_of(run) {
                    self.directory.entry_mut(id).into_iter().for_each(|entry| entry.is_stale = true);
                    self.step(id);
                }
            }
            Change::Queued(name) => {
                if let Some(id) = self.directory.id_of(name.as_str()).filter(|id| self.could_start(*id)) {
                    self.look_soon(id);
                }
            }
            Change::Ended(name) => {
                let Some(id) = self.directory.id_of(name.as_str()) else { return };
                let waits = |entry: &Entry| entry.reads_before_step;
                if self.directory.entry(id).is_some_and(waits) || self.directory.has_followers(&name) {
                    self.look_soon(id);
                }
            }
            _ => {
                self.look(self.directory.find(|entry| entry.reads_before_step));
                self.look_for_claimable();
            }
        }
    }

    /// Looks at a pipeline at once, or later if others come first.
    fn look_soon(&mut self, id: EntryId) {
        let Some(entry) = self.directory.entry(id) else { return };
        let patience = self.standby(entry).map(|standby| standby.patience).unwrap_or_default();
        let at = later(self.clock.now(), patience);
        self.look_at(id, at);
    }

    pub(super) fn look_at(&mut self, id: EntryId, at: time::UtcDateTime) {
        let Some(entry) = self.directory.entry_mut(id) else { return };
        entry.looks_at = Some(entry.looks_at.map_or(at, |earlier| earlier.min(at)));
        self.directory.timers.advance(id, at);
    }
}
