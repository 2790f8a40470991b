//! The commits that a store got, and what it promised.

mod decide;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    AnyStore, Commit, OwnerId, PipelineName, PipelineRecord, Retention, RunId, RunQuery, RunRecord,
    Store as _, StoreError,
};
use time::UtcDateTime;
use uuid::Uuid;

use crate::{Event, Seeded};

const MINUTE: Duration = Duration::from_secs(60);

/// Decides commits, the same for the same seed, and remembers the rows of the pipeline after each. A store is checked against
/// this after it was killed.
#[derive(Debug)]
pub struct Ledger {
    seeded: Seeded,
    /// The runs that the store may forget on its own.
    retention: Retention,
    /// The same in all ledgers, so that the next user of a store may finish the runs it finds.
    owner: OwnerId,
    /// The time of the first commit; each later one is a minute after the previous one.
    since: UtcDateTime,
    attempts: Vec<Attempt>,
    /// The current state of each pipeline, for the next decision: the last acknowledged attempt.
    heads: BTreeMap<PipelineName, Option<usize>>,
}

/// A commit that was sent to the store, and the rows of its pipeline if it succeeds.
#[derive(Debug)]
struct Attempt {
    pipeline: PipelineName,
    parent: Option<usize>,
    then: Arc<Rows>,
}

/// The rows of one pipeline.
#[derive(Clone, Debug, PartialEq)]
struct Rows {
    pipeline: PipelineRecord,
    runs: BTreeMap<RunId, RunRecord>,
}

/// Everything that is in a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    pipelines: BTreeMap<PipelineName, Rows>,
    /// Runs without a pipeline.
    strays: Vec<RunId>,
}

/// What was sent to a store and what it promised by some moment.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    begun: BTreeSet<usize>,
    /// The last promise for each pipeline.
    acknowledged: BTreeMap<PipelineName, usize>,
}

impl Ledger {
    /// A ledger of this many pipelines, none of which is stored yet.
    #[must_use]
    pub fn new(seed: u64, pipelines: usize) -> Self {
        Self {
            seeded: Seeded::new(seed),
            retention: Retention::new(),
            owner: Uuid::from_u128(1).into(),
            since: UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            attempts: Vec::new(),
            heads: decide::names(pipelines).map(|name| (name, None)).collect(),
        }
    }

    /// Sets the retention by which the store may forget runs.
    #[must_use]
    pub fn forgetting(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// A ledger that continues from the rows in a store, and considers all of them promised.
    #[must_use]
    pub fn going_on(seed: u64, pipelines: usize, found: &Found) -> Self {
        let mut ledger = Self::new(seed, pipelines);
        for (name, rows) in &found.pipelines {
            ledger.since = ledger.since.max(rows.pipeline.updated_at + MINUTE);
            ledger.heads.insert(name.clone(), Some(ledger.attempts.len()));
            let then = Arc::new(rows.clone());
            ledger.attempts.push(Attempt { pipeline: name.clone(), parent: None, then });
        }
        ledger
    }

    /// The promises if all attempts so far were started and none was acknowledged.
    #[must_use]
    pub fn all_begun(&self) -> Promises {
        Promises { begun: (0..self.attempts.len()).collect(), ..Promises::default() }
    }

    /// The promises if all attempts so far were started, with the acknowledged ones promised.
    #[must_use]
    pub fn all_promises(&self) -> Promises {
        let acknowledged = self.heads.iter().filter_map(|(name, head)| Some((name.clone(), (*head)?)));
        Promises { begun: (0..self.attempts.len()).collect(), acknowledged: acknowledged.collect() }
    }

    /// Decides the next commit of one pipeline, and numbers it.
    pub fn next_of_any(&mut self) -> (usize, Commit) {
        let names: Vec<_> = self.heads.keys().cloned().collect();
        let name = self.seeded.pick(&names).clone();
        self.next_of(&name)
    }

    /// Decides the next commit of each pipeline. They do not depend on each other.
    pub fn next_of_each(&mut self) -> Vec<(usize, Commit)> {
        let names: Vec<_> = self.heads.keys().cloned().collect();
        names.iter().map(|name| self.next_of(name)).collect()
    }

    fn next_of(&mut self, name: &PipelineName) -> (usize, Commit) {
        let parent = self.heads.get(name).copied().flatten();
        let number = self.attempts.len();
        let now = parent.and_then(|parent| self.attempts.get(parent)).map(|attempt| &*attempt.then);
        let at = self.since + MINUTE * number as u32;
        let commit = decide::decide(name, now, self.owner, at, &mut self.seeded);
        let then = Arc::new(Rows::after(now, &commit));
        self.attempts.push(Attempt { pipeline: name.clone(), parent, then });
        (number, commit)
    }

    /// Records that the store acknowledged a commit; the next decision builds on it.
    pub fn acknowledge(&mut self, number: usize) {
        if let Some(attempt) = self.attempts.get(number) {
            self.heads.insert(attempt.pipeline.clone(), Some(number));
        }
    }

    /// Makes the next decision build on the rows of a store that was [checked](Self::check).
    pub fn resume(&mut self, found: &Found) {
        for (name, head) in &mut self.heads {
            let rows = found.pipelines.get(name);
            *head = rows.and_then(|rows| {
                let is = |attempt: &Attempt| rows.are_left_of(&attempt.then, &self.retention);
                self.attempts.iter().rposition(is)
            });
        }
    }

    /// What was sent and promised, from the notes of a recording.
    pub fn promises<'a>(&self, notes: impl IntoIterator<Item = &'a Event>) -> Promises {
        let mut promises = Promises::default();
        for note in notes {
            match note {
                Event::Begun(number) => promises.begin(*number),
                Event::Acknowledged(number) => promises.keep(*number, self),
                _ => {}
            }
        }
        promises
    }

    /// Checks that a store has everything promised, only whole commits, and nothing that nobody asked for.
    ///
    /// # Errors
    ///
    /// The broken promise.
    pub fn check(&self, found: &Found, promises: &Promises) -> Result<(), Broken> {
        if let Some(run) = found.strays.first() {
            return Err(Broken::Invented(format!("run {run} of no pipeline")));
        }
        if let Some(name) = found.pipelines.keys().find(|name| !self.heads.contains_key(*name)) {
            return Err(Broken::Invented(format!("pipeline {name}")));
        }
        for name in self.heads.keys() {
            let promised = promises.acknowledged.get(name).copied();
            match found.pipelines.get(name) {
                Some(rows) => self.check_pipeline(rows, promised, promises)?,
                None if promised.is_none() => {}
                None => return Err(Broken::Lost(format!("all of pipeline {name}"))),
            }
        }
        Ok(())
    }

    /// Checks that a store has exactly the result of the first few commits, if each was made after the previous one.
    ///
    /// # Errors
    ///
    /// The broken promise.
    pub fn check_order(&self, found: &Found, promises: &Promises) -> Result<(), Broken> {
        let mut last = BTreeMap::new();
        for number in &promises.begun {
            if let Some(attempt) = self.attempts.get(*number)
                && found.pipelines.get(&attempt.pipeline).is_some_and(|rows| *rows == *attempt.then)
            {
                last.insert(&attempt.pipeline, number);
            }
        }
        let is_there = |number: &&usize| {
            let name = self.attempts.get(**number).map(|attempt| &attempt.pipeline);
            name.and_then(|name| last.get(name)).is_some_and(|last| number <= last)
        };
        let mut others = promises.begun.iter().skip_while(is_there);
        match (others.next(), others.find(is_there)) {
            (Some(missing), Some(there)) => {
                Err(Broken::Lost(format!("commit {missing}, and commit {there} is there")))
            }
            _ => Ok(()),
        }
    }

    fn check_pipeline(
        &self,
        rows: &Rows,
        promised: Option<usize>,
        promises: &Promises,
    ) -> Result<(), Broken> {
        let asked_for = |number: &usize| promises.begun.contains(number);
        let same = |number: &usize| {
            self.attempts.get(*number).is_some_and(|attempt| rows.are_left_of(&attempt.then, &self.retention))
        };
        let (name, rev) = (&rows.pipeline.name, rows.pipeline.rev);
        let Some(number) = (0..self.attempts.len()).rev().filter(asked_for).find(same) else {
            return Err(Broken::Torn(format!("pipeline {name} at rev {rev} with {} runs", rows.runs.len())));
        };
        let Some(promised) = promised else { return Ok(()) };
        let mut line = std::iter::successors(Some(number), |number| self.attempts.get(*number)?.parent);
        if line.any(|number| number == promised) {
            return Ok(());
        }
        let due = self.attempts.get(promised).map_or(0, |attempt| attempt.then.pipeline.rev);
        Err(Broken::Lost(format!("pipeline {name} is at rev {rev}, and rev {due} was acknowledged")))
    }
}

impl Promises {
    /// Records that a commit is sent to the store.
    pub fn begin(&mut self, number: usize) {
        self.begun.insert(number);
    }

    /// Records that the store acknowledged it.
    pub fn keep(&mut self, number: usize, ledger: &Ledger) {
        if let Some(attempt) = ledger.attempts.get(number) {
            self.acknowledged.insert(attempt.pipeline.clone(), number);
        }
    }
}

impl Rows {
    fn after(before: Option<&Self>, commit: &Commit) -> Self {
        let mut pipeline = commit.pipeline.clone();
        pipeline.rev += 1;
        let mut runs = before.map(|rows| rows.runs.clone()).unwrap_or_default();
        runs.extend(commit.runs.iter().map(|change| (change.run().id, change.run().clone())));
        Self { pipeline, runs }
    }

    /// Whether these are all rows, except for runs that may be forgotten.
    fn are_left_of(&self, all: &Self, retention: &Retention) -> bool {
        if self.pipeline != all.pipeline || self.runs.iter().any(|(id, run)| all.runs.get(id) != Some(run)) {
            return false;
        }
        let mut finished: Vec<_> = all.runs.values().filter(|run| run.status.is_terminal()).collect();
        finished.sort_by_key(|run| Reverse((run.created_at, run.id)));
        let forgotten = finished.iter().enumerate().filter(|(newer, run)| {
            !self.runs.contains_key(&run.id) && retention.forgets(run, *newer, Some(&all.pipeline))
        });
        self.runs.len() + forgotten.count() == all.runs.len()
    }
}

impl Found {
    /// Reads everything.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn read(store: &AnyStore) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for pipeline in store.list_pipelines().await? {
            found.pipelines.insert(pipeline.name.clone(), Rows { pipeline, runs: BTreeMap::new() });
        }
        for run in store.list_runs(&RunQuery::new().limit(usize::MAX)).await? {
            match found.pipelines.get_mut(&run.pipeline_name) {
                Some(rows) => drop(rows.runs.insert(run.id, run)),
                None => found.strays.push(run.id),
            }
        }
        Ok(found)
    }

    /// Whether this is everything, except for runs that may be forgotten.
    #[must_use]
    pub fn is_left_of(&self, all: &Self, retention: &Retention) -> bool {
        let rows = || self.pipelines.values().zip(all.pipelines.values());
        self.strays == all.strays
            && self.pipelines.len() == all.pipelines.len()
            && rows().all(|(rows, all)| rows.are_left_of(all, retention))
    }

    /// A commit that only edits one pipeline, and the rows after it; `None` if there is no pipeline.
    #[must_use]
    pub fn edited(&self) -> Option<(Commit, Self)> {
        let rows = self.pipelines.values().next()?;
        let mut pipeline = rows.pipeline.clone();
        pipeline.options.push_str(" edited");
        let commit = Commit::new(OwnerId::from(Uuid::nil()), pipeline);
        let mut then = self.clone();
        then.pipelines.insert(rows.pipeline.name.clone(), Rows::after(Some(rows), &commit));
        Some((commit, then))
    }
}

/// How a store broke its promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Acknowledged rows are missing.
    Lost(String),
    /// The rows are not the result of any commits that were sent: one of them is stored in part.
    Torn(String),
    /// There are rows that nobody asked for.
    Invented(String),
    /// The store does not open, or can't be read.
    Refused(String),
}

impl Broken {
    /// The same, with the place added.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        match self {
            Self::Lost(what) => Self::Lost(format!("{what}: {place}")),
            Self::Torn(what) => Self::Torn(format!("{what}: {place}")),
            Self::Invented(what) => Self::Invented(format!("{what}: {place}")),
            Self::Refused(why) => Self::Refused(format!("{why}: {place}")),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(what) => write!(f, "lost: {what}"),
            Self::Torn(what) => write!(f, "torn: {what}"),
            Self::Invented(what) => write!(f, "invented: {what}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl std::error::Error for Broken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_missed_where_a_later_one_is_there() {
        let mut ledger = Ledger::new(1, 2);
        for _ in 0..12 {
            let (number, _) = ledger.next_of_any();
            ledger.acknowledge(number);
        }
        let check = |is_there: &dyn Fn(usize, &Attempt) -> bool| {
            let mut found = Found::default();
            for (number, attempt) in ledger.attempts.iter().enumerate() {
                if is_there(number, attempt) {
                    found.pipelines.insert(attempt.pipeline.clone(), (*attempt.then).clone());
                }
            }
            ledger.check_order(&found, &ledger.all_begun())
        };
        let mut missed = 0;
        for lost in 0..=12 {
            assert_eq!(check(&|number, _| number < lost), Ok(()), "all from {lost} on are lost");
            let Some(attempt) = ledger.attempts.get(lost) else { continue };
            let is_other = |other: &Attempt| other.pipeline != attempt.pipeline;
            let is_missed = ledger.attempts[lost..].iter().any(is_other);
            let result = check(&|number, other| number < lost || is_other(other));
            assert_eq!(result.is_err(), is_missed, "all of a pipeline from {lost} on are lost: {result:?}");
            missed += u32::from(is_missed);
        }
        assert!(missed > 5);
    }
}
