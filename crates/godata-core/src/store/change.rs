//! What other instances may wait for.

use std::pin::Pin;

use futures::Stream;

use crate::{Commit, PipelineName, RunChange, RunId, RunRecord, RunStatus};

/// A hint that something has changed, for instances that wait for it. Returned by [`Store::changes`](crate::Store::changes).
///
/// ```
/// use godata_core::{Cause, Change, Clock, Commit, OwnerId, PipelineName, PipelineRecord, RunKey, RunRecord};
/// use godata_core::{RunStatus, SystemClock};
///
/// let now = SystemClock.now();
/// let pipeline = PipelineRecord::new(PipelineName::new("orders")?, now);
/// let key = RunKey::manual("deploy")?;
/// let run = RunRecord::new(&pipeline.name, key, Cause::Manual, RunStatus::Queued, now);
/// let (name, commit) = (pipeline.name.clone(), Commit::new(OwnerId::generate(), pipeline).insert(run));
/// assert_eq!(Change::all_of(&commit, &[]), [Change::Queued(name)]);
/// # Ok::<(), godata_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// An owner other than that of this running run has asked it to stop.
    Cancel(RunId),
    /// A run of the pipeline was queued without an owner, so anybody may start it.
    Queued(PipelineName),
    /// A run of the pipeline has ended.
    Ended(PipelineName),
    /// Some changes were missed. Whoever waits for something reads it.
    Lost,
}

/// The stream of [`Store::changes`](crate::Store::changes).
pub type Changes = Pin<Box<dyn Stream<Item = Change> + Send>>;

impl Change {
    /// For implementors of stores: what a commit that was made has changed for others. `before` has the rows that it has updated,
    /// as they were.
    ///
    /// A store may leave out any of them. A database in which each message costs time tells at least cancellations and queued
    /// runs, which are rare.
    #[must_use]
    pub fn all_of(commit: &Commit, before: &[RunRecord]) -> Vec<Self> {
        let mut changes = Vec::new();
        for run in commit.runs.iter().map(RunChange::run) {
            let old = before.iter().find(|old| old.id == run.id);
            let change = match run.status {
                RunStatus::Running => asks_to_stop(commit, run, old).then_some(Self::Cancel(run.id)),
                RunStatus::Queued if run.owner.is_none() => Some(Self::Queued(run.pipeline_name.clone())),
                status if status.is_terminal() && old.is_some_and(|old| !old.status.is_terminal()) => {
                    Some(Self::Ended(run.pipeline_name.clone()))
                }
                _ => None,
            };
            changes.extend(change.filter(|change| !changes.contains(change)));
        }
        changes
    }
}

fn asks_to_stop(commit: &Commit, run: &RunRecord, old: Option<&RunRecord>) -> bool {
    let is_new =
        run.cancel_requested_at.is_some() && old.is_some_and(|old| old.cancel_requested_at.is_none());
    is_new && run.owner != Some(commit.owner)
}
