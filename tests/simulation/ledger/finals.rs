//! What must be so once everything has calmed down.

use std::collections::BTreeSet;
use std::time::Duration;

use godata::{Cause, PipelineName, RunRecord, RunStatus};
use time::UtcDateTime;

use super::{Book, Books, Incarnation, Job, Verdict, due_times};

/// By when whoever is up has done what there was to do.
const TIME_ENOUGH: Duration = Duration::from_secs(120);

/// By when an instance has seen that what another has run is over.
const A_LOOK: Duration = Duration::from_secs(10);

/// Every instance was restarted, nothing has failed since, and there was time.
pub(super) fn calm(
    books: &Books,
    now: UtcDateTime,
    up: &BTreeSet<Incarnation>,
) -> Vec<(PipelineName, String)> {
    let rules = [lives, decided, started, answered];
    let found = books.pipelines.iter().flat_map(|(name, book)| {
        rules.map(|rule| rule(books, book, now, up).err().map(|violation| (name.clone(), violation)))
    });
    found.flatten().collect()
}

/// Everybody has shut down.
pub(super) fn end(books: &Books) -> Vec<(PipelineName, String)> {
    let rows = books.runs.values().map(|run| &run.row);
    let running = rows.filter(|row| row.status == RunStatus::Running);
    let running = running.map(|row| (row.pipeline_name.clone(), format!("run {} is still running", row.id)));
    let acknowledged = books.acknowledged.iter().filter(|id| !books.runs.contains_key(id));
    let lost = acknowledged.filter_map(|id| {
        let name = PipelineName::new("unknown").ok()?;
        Some((name, format!("run {id} was acknowledged and has vanished")))
    });
    running.chain(lost).collect()
}

/// No running row is of somebody who is dead, and what is running runs, but for what has changed a moment ago.
fn lives(books: &Books, book: &Book, now: UtcDateTime, up: &BTreeSet<Incarnation>) -> Verdict {
    let runs = book.active.iter().filter_map(|id| books.runs.get(id));
    for run in runs.filter(|run| run.row.status == RunStatus::Running && run.changed_at < now - TIME_ENOUGH) {
        let owner = run.row.owner.and_then(|owner| books.owners.get(&owner));
        match (owner, run.job) {
            (Some(owner), Job::Runs(by)) if by == *owner && up.contains(owner) => {}
            (owner, job) => {
                return Err(format!(
                    "run {} is running, its owner is {owner:?}, its job: {job:?}",
                    run.row.id
                ));
            }
        }
    }
    Ok(())
}

fn decided(books: &Books, book: &Book, now: UtcDateTime, _up: &BTreeSet<Incarnation>) -> Verdict {
    if !book.is_scheduled() {
        return Ok(());
    }
    due_times::is_up_to_date(books, &book.row, now - TIME_ENOUGH)
}

/// Nothing waits that could run.
fn started(books: &Books, book: &Book, now: UtcDateTime, _up: &BTreeSet<Incarnation>) -> Verdict {
    // One that is tried again goes first, whenever its time was said to be.
    let holds_up = |row: &RunRecord| row.status == RunStatus::Running || row.not_before > Some(now);
    if !book.is_scheduled() || active(books, book).any(holds_up) {
        return Ok(());
    }
    let running = |owner| {
        let all = books.pipelines.values().flat_map(|book| active(books, book));
        all.filter(|row| row.status == RunStatus::Running && row.owner == owner).count()
    };
    // Backfills come after all others, so those of a busy pipeline wait.
    let is_busy = book.row.updated_at > now - TIME_ENOUGH;
    // Each instance starts what it has queued itself, one after the other, and the others see only when they look that
    // there is a gap: no rule says whose runs come first.
    let others_run = |row: &RunRecord| {
        let mut all = books.runs.values().filter(|run| run.row.pipeline_name == row.pipeline_name);
        books.plan.shared
            && all.any(|run| {
                let has_run = run.row.started_at.is_some() && run.row.owner != row.owner;
                has_run && run.changed_at > now - A_LOOK
            })
    };
    let could_run = |row: &&RunRecord| {
        if is_busy && row.cause == Cause::Backfill || others_run(row) {
            return false;
        }
        let since = row.not_before.unwrap_or(row.created_at);
        since < now - TIME_ENOUGH && running(row.owner) < books.plan.slots
    };
    match active(books, book).find(could_run) {
        Some(row) => Err(format!("run {} still waits at {now}", row.id)),
        None => Ok(()),
    }
}

/// Each success of the other pipeline was seen, but for those of a moment ago.
fn answered(books: &Books, book: &Book, now: UtcDateTime, _up: &BTreeSet<Incarnation>) -> Verdict {
    let Some(upstream) = books.terms(&book.row.name)?.after.as_ref() else { return Ok(()) };
    let Some(other) = books.pipelines.get(upstream) else { return Ok(()) };
    if !book.is_scheduled() || active(books, book).next().is_some() {
        return Ok(());
    }
    let seen = book.row.after_seen.get(upstream).copied().unwrap_or_default();
    let success = other.successes.iter().rfind(|(at, _)| *at < now - TIME_ENOUGH);
    match success {
        Some((at, rev)) if *rev > seen => {
            Err(format!("it has seen rev {seen} of {upstream}, which succeeded with rev {rev} at {at}"))
        }
        _ => Ok(()),
    }
}

impl Book {
    fn is_scheduled(&self) -> bool {
        self.row.enabled && self.row.paused_at.is_none() && self.row.removed_at.is_none()
    }
}

fn active<'a>(books: &'a Books, book: &'a Book) -> impl Iterator<Item = &'a RunRecord> {
    book.active.iter().filter_map(|id| books.runs.get(id)).map(|run| &run.row)
}
