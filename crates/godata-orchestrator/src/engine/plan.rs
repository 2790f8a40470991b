//! What a registration becomes: a plan, if it may be registered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use godata_core::{Job as _, PipelineName};

use super::directory::Directory;
use super::requests::check_params;
use crate::decide::{DueTimes, Plan, Registered};
use crate::{OrchestratorError, RegisterError, Registration, RegistrationInfo};

const NO_GROUP: &str = "it runs after all of no pipelines: name at least one in after_all";

impl Directory {
    /// The plan of a registration. `pool_of` finds a pool by its name.
    pub(super) fn plan(
        &self,
        registration: Registration,
        pool_of: impl Fn(&str) -> Option<usize>,
    ) -> Result<(PipelineName, Plan), RegisterError> {
        let rules_text = RegistrationInfo::from(&registration).to_text();
        let Registration { code, rules, after, after_all, pool, enabled, tags, options } = registration;
        let name = PipelineName::from_shared(code.job.shared_name())
            .map_err(|source| RegisterError::Name { name: code.job.name().to_owned(), source })?;
        let pipeline = || name.to_string();
        if self.plan_of(&name).is_some() {
            return Err(RegisterError::AlreadyRegistered { pipeline: pipeline() });
        }
        if let Some(reason) = rules.contradiction() {
            return Err(RegisterError::Contradiction { pipeline: pipeline(), reason });
        }
        let pool = match pool {
            Some(pool) => match pool_of(&pool) {
                Some(place) => Some(place),
                None => return Err(RegisterError::UnknownPool { pipeline: pipeline(), pool }),
            },
            None => None,
        };
        let stored = self.row_of(&name).and_then(|row| row.spec.as_ref());
        let spec = code.schedule.as_deref().map(|schedule| DueTimes(schedule).spec(stored)).transpose();
        let spec = spec.map_err(|_fault| RegisterError::SchedulePanicked { pipeline: pipeline() })?;
        if let Some((what, name)) = text_with_nul(spec.as_deref(), &options, &tags) {
            return Err(OrchestratorError::Nul { pipeline: pipeline(), what, name }.into());
        }
        check_params(&name, &rules.params)?;
        for params in code.params_of_schedules().values() {
            check_params(&name, params)?;
        }
        let mut upstream = Vec::with_capacity(after.len());
        for other in after {
            upstream.push(self.upstream_of(&name, &other)?);
        }
        let after_all = self.groups(&name, after_all, &mut upstream)?;
        let registered = Arc::new(Registered {
            spec,
            enabled,
            tags,
            options,
            rules: rules_text,
            after: upstream,
            after_all,
        });
        Ok((name, Plan { code, registered, rules, pool }))
    }

    /// The groups of pipelines to run after. Their pipelines are added to `upstream`, which has those of no group.
    fn groups(
        &self,
        name: &PipelineName,
        groups: Vec<Vec<String>>,
        upstream: &mut Vec<(PipelineName, u64)>,
    ) -> Result<Vec<BTreeSet<PipelineName>>, RegisterError> {
        let mut elsewhere: BTreeSet<_> = upstream.iter().map(|(name, _)| name.clone()).collect();
        let mut checked = Vec::with_capacity(groups.len());
        for group in groups {
            let mut members = BTreeMap::new();
            for other in group {
                let (member, rev) = self.upstream_of(name, &other)?;
                if elsewhere.contains(&member) {
                    return Err(RegisterError::UpstreamTwice { pipeline: name.to_string(), upstream: other });
                }
                members.insert(member, rev);
            }
            if members.is_empty() {
                return Err(RegisterError::Contradiction { pipeline: name.to_string(), reason: NO_GROUP });
            }
            let names: BTreeSet<_> = members.keys().cloned().collect();
            upstream.extend(members);
            elsewhere.extend(names.iter().cloned());
            checked.push(names);
        }
        Ok(checked)
    }

    /// A pipeline to run after, with the rev of its last success.
    fn upstream_of(&self, name: &PipelineName, other: &str) -> Result<(PipelineName, u64), RegisterError> {
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
