//! The jobs that are watched here, compared with the rows that were read.

use godata_core::{OwnerId, RunRecord, RunStatus};

use super::{Effect, Effects};
use crate::decide::Verdict;
use crate::entry::Entry;

/// Stops jobs whose runs belong to another instance or were asked to stop, ends the wait for runs that other instances have ended,
/// and starts jobs whose start turns out to be stored. A queued run that another instance has taken is waited for on.
pub(super) fn compare(entry: &mut Entry, settled: &[RunRecord], owner: OwnerId, effects: &mut Effects) {
    for job in &entry.jobs {
        let row = entry.run(job.run);
        let is_ours = row.is_some_and(|row| row.owner == Some(owner));
        let was_stopped = row.is_some_and(|row| row.cancel_requested_at.is_some());
        if job.handle.is_some() {
            if !is_ours || was_stopped {
                effects.push(Effect::Stop(job.run));
            }
        } else if job.ended.is_none() && row.is_none() {
            let row = settled.iter().find(|row| row.id == job.run && row.status.is_terminal());
            effects.push(match row {
                Some(row) => Effect::EndedElsewhere(Box::new(row.clone())),
                None => Effect::Forget(job.run),
            });
        }
    }
    let is_missing = |run: &&RunRecord| {
        let job = entry.job(run.id);
        let is_known = job.is_some_and(|job| job.handle.is_some() || job.ended.is_some());
        run.status == RunStatus::Running && run.owner == Some(owner) && !is_known
    };
    let missing: Vec<_> = entry.runs.iter().filter(is_missing).map(|run| run.id).collect();
    // A caller that asked for one of them is answered first, and gets the handle under which the job starts.
    let asked = entry.request().map_or(&[][..], |asked| asked.request.runs());
    if asked.iter().any(|run| missing.contains(&run.id)) {
        effects.answer(entry, Verdict::Granted);
    }
    effects.list.extend(missing.into_iter().map(Effect::StartLate));
}
