//! Changes that are written and synced together.

use std::collections::HashSet;

use godata_core::{Commit, Committed, PipelineName, Retention, RunChange, RunId, StoreError};

use crate::format::{Change, body, write_line};
use crate::request::{Answer, Subject, Write, tell};
use crate::state::State;

/// How much is written at once.
const MAX_LINES: usize = 1_024;
const MAX_BYTES: usize = 4 << 20;

/// Lines of the journal that have nothing to do with each other, so that each may be judged by what is stored.
pub(crate) struct Batch {
    lines: Vec<Line>,
    pub(crate) bytes: Vec<u8>,
    subjects: HashSet<Subject>,
    /// The last line before this batch, and the last that is durable.
    number: u64,
    synced: u64,
}

/// A line that was judged to be right.
struct Line {
    change: Change,
    done: Done,
}

/// Who is to be told what.
enum Done {
    Committed(u64, Answer<Committed>),
    Put(Answer<()>),
    Forgot(u64, Answer<u64>),
}

impl Batch {
    pub(crate) fn after(number: u64, synced: u64) -> Self {
        Self { lines: Vec::new(), bytes: Vec::new(), subjects: HashSet::new(), number, synced }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= MAX_LINES
            || self.bytes.len() >= MAX_BYTES
            || self.subjects.contains(&Subject::All)
    }

    /// The number of the last line.
    pub(crate) fn last(&self) -> u64 {
        self.number + self.lines.len() as u64
    }

    /// Takes a change, or answers it if it is refused; gives it back if it has to wait for others in here.
    pub(crate) fn take(&mut self, state: &State, write: Write) -> Result<(), Write> {
        let subjects = write.subjects();
        let waits = subjects.iter().any(|subject| {
            self.subjects.contains(subject) || *subject == Subject::All && !self.lines.is_empty()
        });
        if waits {
            return Err(write);
        }
        if let Some((line, body)) = judge(state, write) {
            self.subjects.extend(subjects);
            self.lines.push(line);
            let number = self.last();
            write_line(&mut self.bytes, number, self.synced, &body);
        }
        Ok(())
    }

    /// The changes are stored: makes them visible, each as a whole, and answers.
    pub(crate) fn publish(self, mut apply: impl FnMut(u64, Change)) {
        for (number, line) in (self.number + 1..).zip(self.lines) {
            apply(number, line.change);
            match line.done {
                Done::Committed(rev, answer) => tell(answer, Ok(Committed::Done(rev))),
                Done::Put(answer) => tell(answer, Ok(())),
                Done::Forgot(runs, answer) => tell(answer, Ok(runs)),
            }
        }
    }

    /// The changes are not stored, or nobody knows.
    pub(crate) fn fail(self, mut error: impl FnMut() -> Result<(), StoreError>) {
        for line in self.lines {
            match line.done {
                Done::Committed(rev, answer) => tell(answer, error().map(|()| Committed::Done(rev))),
                Done::Put(answer) => tell(answer, error()),
                Done::Forgot(runs, answer) => tell(answer, error().map(|()| runs)),
            }
        }
    }
}

fn judge(state: &State, write: Write) -> Option<(Line, Vec<u8>)> {
    match write {
        Write::Commit { commit, body, answer } => match state.tables.check(&commit, None) {
            Ok(Committed::Done(rev)) => {
                Some((Line { change: committed(*commit, rev), done: Done::Committed(rev, answer) }, body))
            }
            refusal => {
                tell(answer, refusal);
                None
            }
        },
        Write::Put { change, body, answer } => {
            Some((Line { change: *change, done: Done::Put(answer) }, body))
        }
        Write::Forget { runs, pipelines, answer } => {
            let change = forgotten(state, runs, pipelines);
            if change == Change::default() {
                tell(answer, Ok(0));
                return None;
            }
            let runs = change.forget_runs.len() as u64;
            match body(&change) {
                Ok(body) => Some((Line { change, done: Done::Forgot(runs, answer) }, body)),
                Err(error) => {
                    tell(answer, Err(StoreError::invalid(error)));
                    None
                }
            }
        }
    }
}

/// What may be forgotten of this: since it was found to be old, some of it may have become needed.
fn forgotten(state: &State, mut runs: Vec<RunId>, mut pipelines: Vec<PipelineName>) -> Change {
    let tables = &state.tables;
    let whatever_may_be = Retention::new().keep_newest(0);
    runs.retain(|id| {
        tables.run(*id).is_some_and(|run| {
            let pipeline = tables.pipeline(&run.pipeline_name).map(|row| &**row);
            whatever_may_be.forgets(run, 0, pipeline)
        })
    });
    if !pipelines.is_empty() {
        let empty: HashSet<_> = tables.empty_pipelines().collect();
        pipelines.retain(|name| empty.contains(name));
    }
    Change { forget_runs: runs, forget_pipelines: pipelines, ..Change::default() }
}

/// What a commit changes.
pub(crate) fn committed(commit: Commit, rev: u64) -> Change {
    let mut pipeline = commit.pipeline;
    pipeline.rev = rev;
    let runs = commit.runs.into_iter().map(RunChange::into_run).collect();
    Change { pipeline: Some(pipeline), runs, ..Change::default() }
}
