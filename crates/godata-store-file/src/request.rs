//! What the writing thread is asked for.

use godata_core::{Commit, Committed, OwnerId, PipelineName, RunChange, RunId, RunRecord, StoreError};
use tokio::sync::oneshot;

use crate::format::Change;
use crate::install::Failure;
use crate::journal::Journal;

pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(crate) enum Request {
    /// A line of the journal.
    Write(Write),
    /// Declares owners dead, and answers their runs.
    Reap { live: Vec<OwnerId>, answer: Answer<Vec<RunRecord>> },
    /// Writes a snapshot, and answers once it is there.
    Snapshot { answer: Answer<()> },
    /// The compaction of this number wants these runs forgotten, and waits for that.
    Forget(u64, Vec<RunId>),
    /// The compaction of this number has made a journal, to which everything is to be written from now on.
    Switch(u64, Journal),
    /// The compaction of this number has ended: its snapshot is this long, or could not be written.
    Compacted(u64, Result<u64, Failure>),
    /// Answers once what was asked for before is answered.
    Settle { answer: Answer<()> },
    /// Writes what was asked for before, and ends.
    Close { answer: Answer<()> },
}

/// What becomes a line of the journal, unless it is refused.
pub(crate) enum Write {
    Commit {
        commit: Box<Commit>,
        /// What its line has.
        body: Vec<u8>,
        answer: Answer<Committed>,
    },
    Put {
        change: Box<Change>,
        body: Vec<u8>,
        answer: Answer<()>,
    },
    /// Forgets what of it may be forgotten, and answers how many runs that were.
    Forget {
        runs: Vec<RunId>,
        pipelines: Vec<PipelineName>,
        answer: Answer<u64>,
    },
}

/// What a line of the journal speaks of.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Pipeline(PipelineName),
    Run(RunId),
    /// Anything.
    All,
}

impl Write {
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::Commit { commit, .. } => {
                let runs = commit.runs.iter().map(RunChange::run);
                let names = [Subject::Pipeline(commit.pipeline.name.clone())];
                names.into_iter().chain(runs.map(|run| Subject::Run(run.id))).collect()
            }
            Self::Put { change, .. } => {
                let names = change.pipeline.iter().map(|pipeline| Subject::Pipeline(pipeline.name.clone()));
                let runs = change.runs.iter();
                let runs =
                    runs.flat_map(|run| [Subject::Pipeline(run.pipeline_name.clone()), Subject::Run(run.id)]);
                names.chain(runs).collect()
            }
            Self::Forget { .. } => vec![Subject::All],
        }
    }

    pub(crate) fn refuse(self, error: StoreError) {
        match self {
            Self::Commit { answer, .. } => tell(answer, Err(error)),
            Self::Put { answer, .. } => tell(answer, Err(error)),
            Self::Forget { answer, .. } => tell(answer, Err(error)),
        }
    }
}

/// Answers; whoever has asked may have gone.
pub(crate) fn tell<T>(answer: Answer<T>, result: Result<T, StoreError>) {
    drop(answer.send(result));
}
