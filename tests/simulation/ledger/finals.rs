//! What must hold once everything has calmed down.

use std::collections::BTreeSet;
use std::time::Duration;

use godata::{Cause, PipelineName, RunRecord, RunStatus};
use time::UtcDateTime;

use super::{Book, Books, Incarnation, Job, Verdict, due_times};

/// How long running instances need to do everything.
const TIME_ENOUGH: Duration = Duration::from_secs(120);

/// How long an instance needs to see that a run of another one has ended.
const A_LOOK: Duration = Duration::from_secs(10);

/// Holds after every instance was restarted, nothing failed since, and time passed.
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

/// Holds after all instances have shut down.
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

/// No running row belongs to a dead owner, and every running row has a running job, except for changes a moment ago.
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

/// No run waits that could run.
fn started(books: &Books, book: &Book, now: UtcDateTime, up: &BTreeSet<Incarnation>) -> Verdict {
    // A retry goes first, whatever its due time.
    let holds_up = |row: &RunRecord| row.status == RunStatus::Running || row.not_before > Some(now);
    if !book.is_scheduled() || active(books, book).any(holds_up) {
        return Ok(());
    }
    let running = |who: &Incarnation| {
        let all = books.pipelines.values().flat_map(|book| active(books, book));
        let is_theirs = |row: &&RunRecord| row.owner.and_then(|owner| books.owners.get(&owner)) == Some(who);
        all.filter(|row| row.status == RunStatus::Running).filter(is_theirs).count()
    };
    // Nobody owns queued runs, so any instance that has registered the pipeline could start them.
    let has_it = |who: &&Incarnation| books.registered.contains(&(**who, book.row.name.clone()));
    let have_slots = up.iter().filter(has_it).any(|who| running(who) < books.plan.slots);
    // Backfills come last, so those of a busy pipeline wait.
    let is_busy = book.row.updated_at > now - TIME_ENOUGH;
    // Each instance starts the runs it queued itself, in order, and the others notice a free slot only when they poll. No rule
    // says whose runs come first.
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
        since < now - TIME_ENOUGH && have_slots
    };
    match active(books, book).find(could_run) {
        Some(row) => Err(format!("run {} still waits at {now}", row.id)),
        None => Ok(()),
    }
}

/// Not all of the other pipelines have a success that was not seen, except those of a moment ago.
fn answered(books: &Books, book: &Book, now: UtcDateTime, _up: &BTreeSet<Incarnation>) -> Verdict {
    let upstream = &books.terms(&book.row.name)?.after;
    if upstream.is_empty() || !book.is_scheduled() || active(books, book).next().is_some() {
        return Ok(());
    }
    let news: Vec<_> = upstream.iter().filter_map(|other| unseen(books, book, other, now)).collect();
    if news.len() < upstream.len() { Ok(()) } else { Err(news.join(", and ")) }
}

/// The last success of the other pipeline, if it was not seen, except those of a moment ago.
fn unseen(books: &Books, book: &Book, other: &PipelineName, now: UtcDateTime) -> Option<String> {
    let seen = book.row.after_seen.get(other).copied().unwrap_or_default();
    let successes = &books.pipelines.get(other)?.successes;
    let (at, rev) = successes.iter().rfind(|(at, _)| *at < now - TIME_ENOUGH)?;
    (*rev > seen)
        .then(|| format!("it has seen rev {seen} of {other}, which succeeded with rev {rev} at {at}"))
}

impl Book {
    fn is_scheduled(&self) -> bool {
        self.row.enabled && self.row.paused_at.is_none() && self.row.removed_at.is_none()
    }
}

fn active<'a>(books: &'a Books, book: &'a Book) -> impl Iterator<Item = &'a RunRecord> {
    book.active.iter().filter_map(|id| books.runs.get(id)).map(|run| &run.row)
}
