//! The requests to the writer thread.

use godata_core::{Commit, Committed, OwnerId, PipelineName, RunChange, RunId, RunRecord, StoreError};
use tokio::sync::oneshot;

use crate::format::Change;
use crate::install::Failure;
use crate::journal::Journal;

pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(crate) enum Request {
    /// Writes a line of the journal.
    Write(Write),
    /// Declares all owners except `live` dead, and answers with their runs.
    Reap { by: OwnerId, live: Vec<OwnerId>, answer: Answer<Vec<RunRecord>> },
    /// Writes a snapshot, and answers once it is in place.
    Snapshot { answer: Answer<()> },
    /// The compaction with this number wants these runs forgotten, and waits for it.
    Forget(u64, Vec<RunId>),
    /// The compaction with this number has created the journal to continue in.
    Switch(u64, Journal),
    /// The compaction with this number has ended: with the length of its snapshot, or an error.
    Compacted(u64, Result<u64, Failure>),
    /// Answers once all earlier requests are answered.
    Settle { answer: Answer<()> },
    /// Ends the thread after all earlier requests.
    Close { answer: Answer<()> },
}

/// A request that becomes a line of the journal unless it is refused.
pub(crate) enum Write {
    Commit {
        commit: Box<Commit>,
        /// The fields of its line.
        body: Vec<u8>,
        answer: Answer<Committed>,
    },
    Put {
        change: Box<Change>,
        body: Vec<u8>,
        answer: Answer<()>,
    },
    /// Forgets those that may be forgotten, and answers with the number of forgotten runs.
    Forget {
        runs: Vec<RunId>,
        pipelines: Vec<PipelineName>,
        answer: Answer<u64>,
    },
}

/// A row that a line of the journal concerns.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Pipeline(PipelineName),
    Run(RunId),
    /// Any row.
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

/// Answers a request. The caller may have stopped waiting.
pub(crate) fn tell<T>(answer: Answer<T>, result: Result<T, StoreError>) {
    drop(answer.send(result));
}
