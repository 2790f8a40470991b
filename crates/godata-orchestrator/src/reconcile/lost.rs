//! A call of the store fails. If it was a commit, its answer is lost: it may be durable, it may never have arrived, and it may
//! still arrive.
//!
//! What follows, in this order:
//!
//! 1. [`commit_failed`] notes the rev that the commit expected, and the error at the request that was in it. The pipeline is
//!    read again after a wait. A commit that the store calls invalid was not made, and the caller is told so at once.
//! 2. If the next call fails as well, be it a read or a commit, the caller of that request is answered: it is
//!    [unconfirmed](OrchestratorError::Unconfirmed).
//! 3. If the stored rows show that the request was granted, [`settle`] says so to its caller.
//! 4. If they don't, the commit may still arrive as long as its rev is the stored one. A [`fencing_commit`] is made first, of
//!    which the store accepts only one of the two. After that, [`settle`] knows what to answer.

use std::sync::Arc;

use godata_core::{Commit, OwnerId, StoreError};

use super::{Effect, Effects, Wait};
use crate::OrchestratorError;
use crate::decide::Verdict;
use crate::entry::{Asked, Entry, Replier};

/// A commit has failed. `was_asked` says whether it was about the first request.
///
/// The caller of that request waits until it is known whether the commit was made. If the next call fails too, the caller gets
/// [`OrchestratorError::Unconfirmed`].
pub(super) fn commit_failed(
    entry: &mut Entry,
    commit: &Commit,
    error: StoreError,
    was_asked: bool,
    effects: &mut Effects,
) {
    let is_refused = matches!(error, StoreError::Invalid { .. });
    let runs = commit.runs.iter().map(|change| change.run().id).collect();
    let error = failed(entry, error);
    effects.push(Effect::StoreFailed(runs, Arc::clone(&error)));
    if !is_refused {
        entry.unconfirmed_rev = Some(commit.pipeline.rev);
    }
    let waits = entry.request().is_some_and(Asked::waits_for_answer);
    match entry.asked.first_mut() {
        Some(_) if was_asked && is_refused => {
            effects.fail(entry, OrchestratorError::Store { source: error });
        }
        Some(asked) if was_asked => asked.error = Some(error),
        Some(_) if waits => answer_with_error(entry, &error, effects),
        _ => {}
    }
    effects.push(Effect::Read(Wait::Backoff, None));
}

/// A read has failed. The first request is answered, so that its caller need not wait until the store is back.
pub(super) fn read_failed(entry: &mut Entry, error: StoreError, effects: &mut Effects) {
    let error = failed(entry, error);
    effects.push(Effect::StoreFailed(Vec::new(), Arc::clone(&error)));
    answer_with_error(entry, &error, effects);
    effects.push(Effect::Read(Wait::Backoff, None));
}

fn failed(entry: &mut Entry, error: StoreError) -> Arc<StoreError> {
    let error = Arc::new(error);
    entry.failures = entry.failures.saturating_add(1);
    entry.error = Some(Arc::clone(&error));
    error
}

fn answer_with_error(entry: &mut Entry, error: &Arc<StoreError>, effects: &mut Effects) {
    let Some(asked) = entry.request() else { return };
    if matches!(asked.reply, Replier::Nobody) {
        return;
    }
    let source = Arc::clone(error);
    let error = match asked.error {
        Some(_) => {
            let run = asked.request.runs().first().map(|run| run.id);
            OrchestratorError::Unconfirmed { run, source }
        }
        None => OrchestratorError::Store { source },
    };
    effects.fail(entry, error);
}

/// Answers the first request, if the answer to its commit was lost and the rows that were read since show what became of it.
pub(crate) fn settle(entry: &mut Entry) -> Option<Effect> {
    let asked = entry.request()?;
    let source = Arc::clone(asked.error.as_ref()?);
    let is_granted = asked.request.is_granted(&entry.row, &entry.runs);
    if is_granted == Some(true) {
        return entry.take_request().map(|asked| Effect::Answer(asked, Verdict::Granted));
    }
    if !asked.waits_for_answer() {
        return None;
    }
    // Another instance may have undone the request, unless it inserted runs, which would be found.
    let is_known = is_right_after_unconfirmed(entry) || !asked.request.runs().is_empty();
    let error = match is_granted {
        Some(false) if has_unconfirmed_commit(entry) => return None,
        Some(false) if is_known => OrchestratorError::Store { source },
        _ => OrchestratorError::Unconfirmed { run: None, source },
    };
    entry.take_request().map(|asked| Effect::Fail(asked, error))
}

/// A commit that changes nothing but the rev, if a commit with a lost answer may still arrive. The store refuses one of the
/// two. If it refuses this one, the pipeline is read again.
pub(crate) fn fencing_commit(entry: &Entry, owner: OwnerId) -> Option<Commit> {
    has_unconfirmed_commit(entry).then(|| Commit::new(owner, entry.row.clone()))
}

/// Whether a commit with a lost answer may still arrive. A newer commit would prevent that.
fn has_unconfirmed_commit(entry: &Entry) -> bool {
    entry.row.rev > 0 && entry.unconfirmed_rev == Some(entry.row.rev)
}

/// Whether at most one commit was made since the rev that the lost commit expected. It was the lost commit, or another one in
/// its place.
fn is_right_after_unconfirmed(entry: &Entry) -> bool {
    entry.unconfirmed_rev.is_none_or(|rev| entry.row.rev == rev + 1)
}
