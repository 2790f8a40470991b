//! How many runs of a pipeline there are at a time.

use godata::{Cause, RunRecord, RunStatus};

use super::{Books, Decision, Verdict};
use crate::plan::Overlap;

pub(super) fn is_as_allowed(decision: &Decision<'_>, books: &Books) -> Verdict {
    let name = &decision.after.name;
    let adds = |run: &RunRecord| !run.status.is_terminal() && !is_more_of_the_same(run);
    let is_new = decision.changes.iter().any(|change| change.before.is_none() && adds(change.after));
    let is_start = decision.changes.iter().any(|change| change.becomes(RunStatus::Running));
    if !is_new && !is_start {
        return Ok(());
    }
    let active = books.pipelines.get(name).into_iter().flat_map(|book| &book.active);
    let rows: Vec<_> = active.filter_map(|id| books.runs.get(id)).map(|run| &run.row).collect();
    let running = rows.iter().filter(|run| run.status == RunStatus::Running).count();
    // A backfill that starts with this goes by what is due and may not start yet.
    let starts_now = |run: &RunRecord| run.cause == Cause::Backfill && run.fence == decision.after.rev;
    let is_running = |run: &&&RunRecord| run.status == RunStatus::Running && !starts_now(run);
    let counted = rows.iter().filter(|run| is_running(run) || !is_more_of_the_same(run)).count();
    let (most_running, most) = match books.terms(name)?.overlap {
        Overlap::Allow => return Ok(()),
        Overlap::Skip => (1, 1),
        Overlap::BufferOne | Overlap::CancelOther => (1, 2),
        Overlap::BufferAll(bound) => (1, 1 + bound),
        other => return Err(format!("{other:?} is not simulated")),
    };
    if is_start && running > most_running {
        return Err(format!("{running} runs at a time"));
    }
    if is_new && counted > most {
        return Err(format!("{counted} runs are active where {most} may be"));
    }
    Ok(())
}

/// What was decided before, or long ago: it counts once it runs.
fn is_more_of_the_same(run: &RunRecord) -> bool {
    matches!(run.cause, Cause::Backfill | Cause::Retry | Cause::Recovery)
}
