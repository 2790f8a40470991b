//! Whether this instance tries first, or stands by for another one.
//!
//! Instances on one store that all decide each due time at once would all but one lose their commits. So one instance tries first,
//! and the others look later whether it has. This is only about who tries when: the rev decides who succeeds.

use std::time::Duration;

use time::UtcDateTime;

use super::draft::{Draft, later};

/// An instance that lets others try first. What it finds undone after its patience, it reads and then does itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standby {
    pub(crate) patience: Duration,
    /// The pipeline was read just now, for this decision.
    pub(crate) has_read: bool,
}

/// Whether this instance decides what is due since then. If not, it looks again when its patience is over.
pub(super) fn may_decide(draft: &mut Draft<'_>, due: UtcDateTime) -> bool {
    let facts = draft.facts;
    let Some(standby) = facts.standby else { return true };
    let looks_at = later(later(due, standby.patience), facts.behind);
    if standby.has_read && looks_at <= facts.now {
        return true;
    }
    draft.look_at(looks_at);
    false
}

/// Whether this instance follows a success. When that came is not known, so its patience begins now.
pub(super) fn may_follow(draft: &mut Draft<'_>) -> bool {
    let facts = draft.facts;
    let Some(standby) = facts.standby.filter(|standby| !standby.has_read) else { return true };
    draft.look_at(later(facts.now, standby.patience));
    false
}

/// Whether this instance starts a queued run. A commit that is made anyway may start runs too. Whatever is queued without having
/// been started was left by an instance that could not start it, so no patience is needed.
pub(super) fn may_start(draft: &mut Draft<'_>) -> bool {
    let facts = draft.facts;
    if facts.standby.is_none_or(|standby| standby.has_read) || draft.is_changed() {
        return true;
    }
    draft.look_at(facts.now);
    false
}

/// When a run with this earliest start may start here.
pub(super) fn start_at(draft: &Draft<'_>, not_before: UtcDateTime) -> UtcDateTime {
    let patience = draft.facts.standby.filter(|_| !draft.is_changed()).map(|standby| standby.patience);
    later(not_before, patience.unwrap_or_default())
}
