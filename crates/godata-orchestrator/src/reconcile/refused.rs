//! The store refuses a commit: nothing of it is stored, and no part of it ever will be.

use std::time::Duration;

use godata_core::{Commit, Committed, RunChange};

use super::{Effect, Effects, Instance, Wait};
use crate::entry::{Duplicate, Entry};

pub(super) fn refused(
    entry: &mut Entry,
    commit: &Commit,
    refusal: &Committed,
    instance: Instance,
    effects: &mut Effects,
) {
    match refusal {
        // A due time has not come by the store's clock. It is decided again when it has.
        Committed::NotYet(store_shows) => {
            let behind = Duration::try_from(instance.now - *store_shows).unwrap_or_default();
            effects.push(Effect::StoreIsBehind(behind.max(Duration::from_millis(1))));
        }
        Committed::Duplicate(run) => {
            let inserted = commit.runs.iter().filter(|change| matches!(change, RunChange::Insert(_)));
            let keys = inserted.map(|change| change.run().key.clone()).collect();
            effects.push(Effect::Read(Wait::No, Some(Duplicate { run: *run, keys })));
        }
        Committed::OwnerLost => {
            entry.is_stale = true;
            effects.push(Effect::OwnerLost(commit.owner));
        }
        Committed::Done(_) => {}
        // A conflict, or an answer that this version does not know.
        _ => effects.push(Effect::Read(Wait::Jitter, None)),
    }
}
