//! Registering and unregistering pipelines.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{Job as _, PipelineName, PipelineRecord};

use super::Engine;
use super::entry::{Entry, Replier};
use crate::command::Reply;
use crate::decide::{DueTimes, Plan, Registered, Request, contradiction};
use crate::{OrchestratorError, RegisterError, Registration, RegistrationInfo};

impl Engine {
    pub(super) fn register(&mut self, registration: Registration, reply: Reply<(), RegisterError>) {
        match self.plan(registration) {
            Ok((name, plan)) => {
                let registered = Arc::clone(&plan.registered);
                let key = self.entry_of(name);
                self.set_plan(key, plan);
                self.queue_request(key, Request::Register(registered), Replier::Register(reply));
            }
            Err(error) => drop(reply.send(Err(error))),
        }
    }

    fn plan(&self, registration: Registration) -> Result<(PipelineName, Plan), RegisterError> {
        let rules_text = RegistrationInfo::from(&registration).to_text();
        let Registration { code, rules, after, pool, enabled, tags, options } = registration;
        let name = PipelineName::from_shared(code.job.shared_name())
            .map_err(|source| RegisterError::Name { name: code.job.name().to_owned(), source })?;
        let pipeline = || name.to_string();
        if self.plan_of(&name).is_some() {
            return Err(RegisterError::AlreadyRegistered { pipeline: pipeline() });
        }
        if let Some(reason) = contradiction(&rules) {
            return Err(RegisterError::Contradiction { pipeline: pipeline(), reason });
        }
        let pool = match pool {
            Some(pool) => Some(
                self.pools
                    .iter()
                    .position(|known| *known == pool)
                    .ok_or_else(|| RegisterError::UnknownPool { pipeline: pipeline(), pool })?,
            ),
            None => None,
        };
        let stored = self.row_of(&name).and_then(|row| row.spec.as_deref());
        let spec = code.schedule.as_deref().map(|schedule| DueTimes(schedule).spec(stored)).transpose();
        let spec = spec.map_err(|_fault| RegisterError::SchedulePanicked { pipeline: pipeline() })?;
        if let Some((what, name)) = text_with_nul(spec.as_deref(), &options, &tags) {
            return Err(OrchestratorError::Nul { pipeline: pipeline(), what, name }.into());
        }
        let mut upstream = Vec::with_capacity(after.len());
        for other in after {
            upstream.push(self.upstream(&name, &other)?);
        }
        let registered =
            Arc::new(Registered { spec, enabled, tags, options, rules: rules_text, after: upstream });
        Ok((name, Plan { code, registered, rules, pool }))
    }

    /// A pipeline to run after, with the rev of its last success.
    fn upstream(&self, name: &PipelineName, other: &str) -> Result<(PipelineName, u64), RegisterError> {
        let upstream = checked(other)?;
        let (pipeline, upstream_name) = (name.to_string(), other.to_owned());
        if self.runs_after(&upstream, name) {
            return Err(RegisterError::Cycle { pipeline, upstream: upstream_name });
        }
        match self.row_of(&upstream).map(|row| row.last_success_rev) {
            Some(rev) => Ok((upstream, rev)),
            None => Err(RegisterError::UnknownUpstream { pipeline, upstream: upstream_name }),
        }
    }

    /// The row of a pipeline as it was last read or written.
    fn row_of(&self, name: &PipelineName) -> Option<&PipelineRecord> {
        let entry = self.names.get(name).and_then(|key| self.entries.get(*key)?.as_deref());
        entry.map(|entry| &entry.row).or_else(|| self.stored.get(name))
    }

    /// Whether a pipeline is the other one, or runs after it, directly or through others.
    fn runs_after(&self, pipeline: &PipelineName, other: &PipelineName) -> bool {
        let mut open = vec![pipeline];
        while let Some(pipeline) = open.pop() {
            if pipeline == other {
                return true;
            }
            // Registered pipelines have no cycles, so this ends.
            open.extend(self.plan_of(pipeline).into_iter().flat_map(|plan| plan.upstream()));
        }
        false
    }

    fn plan_of(&self, name: &PipelineName) -> Option<&Plan> {
        let entry = self.entries.get(*self.names.get(name)?)?.as_deref()?;
        entry.plan.as_deref()
    }

    fn set_plan(&mut self, key: usize, plan: Plan) {
        let upstream = plan.registered.after.clone();
        for (name, _) in &upstream {
            self.followers.entry(name.clone()).or_default().push(key);
        }
        if let Some(entry) = self.entry(key) {
            entry.upstream = upstream;
            entry.has_ended = false;
            entry.plan = Some(Arc::new(plan));
        }
        self.adopt_orphans(key, Duration::ZERO);
    }

    /// Removes a registration. Running jobs are still watched.
    pub(super) fn remove_plan(&mut self, key: usize) {
        let Some(plan) = self.entry(key).and_then(|entry| entry.plan.take()) else { return };
        for upstream in plan.upstream() {
            if let Some(followers) = self.followers.get_mut(upstream) {
                followers.retain(|follower| *follower != key);
            }
        }
        self.ahead.remove(&key);
        self.timers.set(key, None);
    }

    /// The key of a pipeline's entry, which is created if there is none.
    pub(super) fn entry_of(&mut self, name: PipelineName) -> usize {
        if let Some(key) = self.names.get(&name) {
            return *key;
        }
        let mut runs = Vec::new();
        if let Some(rows) = self.unregistered.get_mut(&name) {
            runs = mem::take(&mut rows.runs);
            if rows.is_empty() {
                self.unregistered.remove(&name);
            }
        }
        let row = self.stored.remove(&name);
        let is_stored = row.is_some();
        let row = row.unwrap_or_else(|| PipelineRecord::new(name.clone(), self.clock.now()));
        let mut entry = Box::new(Entry::new(row, runs));
        // The pipeline may have been created since the store was read.
        entry.is_stale = !is_stored && !entry.runs.is_empty();
        let key = self.free.pop().unwrap_or(self.entries.len());
        match self.entries.get_mut(key) {
            Some(place) => *place = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        self.names.insert(name, key);
        key
    }

    /// Drops an entry that holds nothing that is not in the store.
    pub(super) fn drop_if_idle(&mut self, key: usize) {
        let Some(place) = self.entries.get_mut(key) else { return };
        if let Some(entry) = place.take_if(|entry| entry.is_idle()) {
            self.names.remove(entry.name());
            if entry.row.rev > 0 {
                self.stored.insert(entry.row.name.clone(), entry.row);
            }
            self.timers.set(key, None);
            self.free.push(key);
        }
    }

    pub(super) fn entry(&mut self, key: usize) -> Option<&mut Entry> {
        self.entries.get_mut(key)?.as_deref_mut()
    }
}

fn checked(name: &str) -> Result<PipelineName, RegisterError> {
    PipelineName::new(name).map_err(|source| RegisterError::Name { name: name.to_owned(), source })
}

/// Which text of a registration has a NUL.
fn text_with_nul(
    spec: Option<&str>,
    options: &str,
    tags: &BTreeSet<String>,
) -> Option<(&'static str, Option<String>)> {
    let has_nul = |text: &str| text.contains('\0');
    if spec.is_some_and(has_nul) {
        return Some(("schedule", None));
    }
    if has_nul(options) {
        return Some(("options", None));
    }
    tags.iter().find(|tag| has_nul(tag)).map(|tag| ("tag", Some(tag.clone())))
}
