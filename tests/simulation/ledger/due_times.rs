//! Each due time is answered by exactly one row: the rows of one `spec_since` are disjoint ranges that cover everything from
//! there up to the cursor, and up to the edit or removal that ends it.

use std::time::Duration;

use godata::{AnySchedule, Cause, PipelineRecord, RunRecord, RunStatus, Schedule as _};
use time::UtcDateTime;

use super::{Books, Change, Decision, Verdict};
use crate::plan::{Misfire, Mood};

/// How late a due time may be decided and still run under [`Misfire::Skip`].
const GRACE: Duration = Duration::from_secs(60);

/// How far a cursor must be ahead of the clock before it may be set back.
const FAR_AHEAD: Duration = Duration::from_secs(3_600);

/// How long deciding a due time may take if nothing goes wrong.
const SOON: Duration = Duration::from_secs(1);

const INSTANT: Duration = Duration::from_millis(1);

/// The due times that a change answers for the first time.
struct Answer {
    /// The first due time, or the last instant before it.
    from: From,
    last: UtcDateTime,
    /// How many there are; `None` if they were not counted.
    count: Option<u64>,
    since: Option<UtcDateTime>,
}

enum From {
    First(UtcDateTime),
    After(UtcDateTime),
}

pub(super) fn are_answered_once(decision: &Decision<'_>, books: &Books) -> Verdict {
    let mut answers: Vec<_> = decision.changes.iter().filter_map(newly_answered).collect();
    answers.sort_by_key(|answer| answer.last);
    let Some(before) = &decision.before else {
        return if answers.is_empty() {
            Ok(())
        } else {
            Err("due times from before it was registered".to_owned())
        };
    };
    let mut decided = before.cursor.unwrap_or(before.spec_since);
    if let Some(spec) = &before.spec {
        let schedule = books.schedule(spec)?;
        for answer in &answers {
            // A schedule that begins anew because its keys are taken answers what has passed under a new key.
            if ![before.spec_since, decision.after.spec_since].map(Some).contains(&answer.since) {
                return Err(format!(
                    "a row up to {} is of a version of the schedule that does not hold",
                    answer.last
                ));
            }
            goes_on_from(decided, answer, schedule)?;
            decided = answer.last;
        }
    } else if !answers.is_empty() {
        return Err("due times without a schedule".to_owned());
    }

    let after = &decision.after;
    let is_removed = after.removed_at.is_some() && before.removed_at.is_none();
    if after.spec_since != before.spec_since || is_removed {
        nothing_is_dropped(decided, before, decision, books)?;
    }
    if after.spec_since == before.spec_since {
        return nothing_is_passed_over(decided, decision, books);
    }
    if after.cursor.is_some_and(|cursor| cursor != after.spec_since) {
        return Err("an edited schedule does not begin where it was edited".to_owned());
    }
    let is_rebase = decided - after.spec_since >= FAR_AHEAD;
    if before.spec.is_some() && after.spec_since < decided && !is_rebase {
        return Err(format!(
            "due times up to {decided} are decided and it begins anew at {}",
            after.spec_since
        ));
    }
    Ok(())
}

/// The due times of a row follow on those decided before, and their count is right.
fn goes_on_from(decided: UtcDateTime, answer: &Answer, schedule: &AnySchedule) -> Verdict {
    let expected = schedule.next(decided);
    let first = match answer.from {
        From::First(first) => Some(first),
        From::After(before) if before == decided => expected,
        From::After(before) => return Err(format!("a skip up to {before} grows, and {decided} was decided")),
    };
    if first != expected {
        return Err(format!("after {decided} comes {expected:?}, and a row begins with {first:?}"));
    }
    if schedule.next(answer.last - INSTANT) != Some(answer.last) {
        return Err(format!("{} is no due time", answer.last));
    }
    let count = schedule.count_between(decided, answer.last);
    match answer.count {
        Some(said) if said != count => {
            Err(format!("{said} due times are said to be up to {}, and it is {count}", answer.last))
        }
        _ => Ok(()),
    }
}

fn nothing_is_passed_over(decided: UtcDateTime, decision: &Decision<'_>, books: &Books) -> Verdict {
    let row = &decision.after;
    let cursor = row.cursor.unwrap_or(row.spec_since);
    if cursor < decided {
        return Err(format!("rows answer up to {decided}, and the cursor is at {cursor}"));
    }
    let Some(spec) = &row.spec else { return Ok(()) };
    match books.schedule(spec)?.next(decided) {
        Some(due) if due <= cursor => Err(format!("{due} is not answered, and the cursor is at {cursor}")),
        _ => Ok(()),
    }
}

/// A schedule that ends or starts anew has answered its due times up to then. Whoever edits it does not know the old one, so
/// the row says only when it was due first.
fn nothing_is_dropped(
    decided: UtcDateTime,
    before: &PipelineRecord,
    decision: &Decision<'_>,
    books: &Books,
) -> Verdict {
    if books.plan.shared && books.plan.mood == Mood::Wild {
        // An instance whose clock is ahead decides by the store's clock, and the row does not tell what that showed.
        return Ok(());
    }
    if before.next_due.is_none() {
        // An instance that does not know the stored schedule has resumed it, and can't tell when it is next due.
        return Ok(());
    }
    let covers = decision.changes.iter().filter_map(|change| change.after.covers.zip(change.after.due));
    let goes_on = covers.into_iter().any(|(covers, due)| !covers.exact && covers.first == due);
    let spec = before.spec.as_ref().filter(|_| before.removed_at.is_none() && !goes_on);
    let now = decision.after.updated_at;
    match spec.map(|spec| books.schedule(spec)).transpose()?.and_then(|schedule| schedule.next(decided)) {
        Some(due) if due <= now => Err(format!("{due} is dropped at {now} without a row")),
        _ => Ok(()),
    }
}

fn newly_answered(change: &Change<'_>) -> Option<Answer> {
    let run = change.after;
    if run.cause != Cause::Schedule {
        return None;
    }
    let (last, since) = (run.due?, run.spec_since);
    match &change.before {
        None => {
            let first = run.covers.map_or(last, |covers| covers.first);
            let count = run.covers.map_or(Some(1), |covers| covers.exact.then_some(covers.count));
            Some(Answer { from: From::First(first), last, count, since })
        }
        Some(before) if before.due != run.due => {
            let counted = |row: &RunRecord| row.covers.filter(|covers| covers.exact);
            let count =
                counted(run).zip(counted(before)).map(|(now, then)| now.count.saturating_sub(then.count));
            Some(Answer { from: From::After(before.due?), last, count, since })
        }
        Some(_) => None,
    }
}

/// The newest due time runs, in time or by the misfire policy, and no schedule bursts.
pub(super) fn are_answered_by_the_misfire_policy(decision: &Decision<'_>, books: &Books) -> Verdict {
    let new = decision.changes.iter().filter(|change| change.before.is_none()).map(|change| change.after);
    let decided: Vec<_> =
        new.filter(|run| run.cause == Cause::Schedule).filter_map(|run| Some((run, run.due?))).collect();
    for (run, due) in &decided {
        // A skip is written later, when the clock may have been set back.
        if *due > run.created_at && run.status != RunStatus::Skipped {
            return Err(format!("{due} was decided too early, at {}", run.created_at));
        }
        if books.plan.shared && *due > decision.at {
            return Err(format!(
                "{due} was decided before it had come by the store's clock, {}",
                decision.at
            ));
        }
    }
    let to_run: Vec<_> = decided.iter().filter(|(run, _)| run.status != RunStatus::Skipped).collect();
    let Some((newest, due)) = to_run.iter().max_by_key(|(_, due)| due) else { return Ok(()) };
    let terms = books.terms(&decision.after.name)?;
    let most = if terms.misfire == Misfire::All { 100 } else { 1 };
    if to_run.len() > most {
        return Err(format!("{} due times are to run at once", to_run.len()));
    }
    if books.plan.shared && books.plan.mood == Mood::Wild {
        // An instance whose clock is ahead decides by the store's clock, and the row does not tell what that showed.
        return Ok(());
    }
    if terms.misfire == Misfire::Skip && newest.created_at - *due > GRACE {
        return Err(format!("{due} is run though it was decided only at {}", newest.created_at));
    }
    let schedule = books.schedule(decision.after.spec.as_deref().unwrap_or_default())?;
    match schedule.next(*due) {
        Some(next) if next <= newest.created_at => {
            Err(format!("{due} is to run though {next} had come by {}", newest.created_at))
        }
        _ if books.plan.mood == Mood::Peaceful && newest.created_at - *due > soon(books) => {
            Err(format!("{due} is decided only at {}, though nothing is in the way", newest.created_at))
        }
        _ => Ok(()),
    }
}

/// An instance lets those before it try first, for ten seconds at most.
fn soon(books: &Books) -> Duration {
    if books.plan.instances > 1 { SOON + Duration::from_secs(10) } else { SOON }
}

/// How many due times a decision answers, and how many of them it skips.
pub(super) fn count(decision: &Decision<'_>) -> (u64, u64) {
    decision.changes.iter().fold((0, 0), |(all, skipped), change| {
        let count = newly_answered(change).map_or(0, |answer| answer.count.unwrap_or(1));
        let is_skip = change.after.status == RunStatus::Skipped;
        (all + count, skipped + if is_skip { count } else { 0 })
    })
}

/// The due times that should have been decided by `now` but are not.
pub(super) fn is_up_to_date(books: &Books, row: &PipelineRecord, now: UtcDateTime) -> Verdict {
    let Some(spec) = &row.spec else { return Ok(()) };
    let decided = row.cursor.unwrap_or(row.spec_since);
    match books.schedule(spec)?.next(decided) {
        Some(due) if due <= now => Err(format!("{due} is still not decided at {now}")),
        _ => Ok(()),
    }
}
