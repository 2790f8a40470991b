//! The row of a pipeline, compared with what it was before.

use std::sync::Arc;

use godata_core::PipelineRecord;

use super::{Effect, Effects};
use crate::decide::{DueTimes, Request};
use crate::entry::{Asked, Entry, Replier};

pub(super) fn compare_pause(before: &PipelineRecord, row: &PipelineRecord, effects: &mut Effects) {
    match (before.paused_at, row.paused_at) {
        (None, Some(_)) if before.rev > 0 => effects.push(Effect::Paused),
        (Some(_), None) => effects.push(Effect::Resumed),
        _ => {}
    }
}

pub(super) fn compare_success(before: &PipelineRecord, row: &PipelineRecord, effects: &mut Effects) {
    if row.last_success_rev != before.last_success_rev {
        effects.push(Effect::Succeeded);
    }
}

/// Registers a pipeline again whose row was removed.
pub(super) fn restore(entry: &mut Entry) {
    let is_asked = entry.asked.iter().any(|asked| matches!(asked.request, Request::Register(_)));
    if let Some(plan) = entry.plan.as_ref().filter(|_| !is_asked) {
        let request = Request::Register(Arc::clone(&plan.registered));
        entry.asked.insert(0, Asked::new(request, Replier::Nobody));
    }
}

/// Takes the stored text of the schedule as the registered one, if it means the same.
pub(super) fn keep_stored_spec(entry: &mut Entry) {
    let (Some(plan), Some(stored)) = (&mut entry.plan, &entry.row.spec) else { return };
    let Some(schedule) = plan.code.schedule.as_deref() else { return };
    if plan.registered.spec.as_ref() == Some(stored) || !DueTimes(schedule).has_spec(stored) {
        return;
    }
    let registered = &mut Arc::make_mut(plan).registered;
    Arc::make_mut(registered).spec = Some(Arc::clone(stored));
    for asked in &mut entry.asked {
        if let Request::Register(asked) = &mut asked.request {
            *asked = Arc::clone(registered);
        }
    }
}

pub(super) fn compare_spec(entry: &Entry, before: &PipelineRecord, effects: &mut Effects) {
    let Some(plan) = &entry.plan else { return };
    let registered = &plan.registered.spec;
    if before.spec == *registered && entry.row.spec != *registered {
        effects.push(Effect::SpecDiffers(entry.row.spec.clone(), registered.clone()));
    }
}

/// Finds a removal by another instance, or a removal that was stored after its caller was answered.
pub(super) fn compare_removal(entry: &Entry, before: &PipelineRecord, effects: &mut Effects) {
    let is_ours = entry.asked.iter().any(|asked| match asked.request {
        Request::Register(_) => true,
        Request::Unregister => asked.error.is_some(),
        _ => false,
    });
    let was_removed = entry.row.removed_at.is_some() && before.removed_at.is_none();
    if was_removed && entry.plan.is_some() && !is_ours {
        effects.push(Effect::UnregisteredElsewhere);
    }
}
