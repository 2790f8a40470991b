//! What the tests of the store have in common.

#![allow(dead_code, reason = "each test target uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use godata_core::{
    Cause, Commit, Committed, OwnerId, PipelineName, PipelineRecord, RunId, RunKey, RunQuery, RunRecord,
    RunStatus, Store as _, StoreError,
};
use godata_store_file::FileStore;
use time::UtcDateTime;

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

pub(crate) fn owner() -> OwnerId {
    "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap()
}

pub(crate) fn name(text: &str) -> PipelineName {
    PipelineName::new(text).unwrap()
}

/// A pipeline that commits.
pub(crate) struct History {
    pub(crate) pipeline: PipelineRecord,
    pub(crate) runs: Vec<RunRecord>,
}

impl History {
    pub(crate) fn new(text: &str) -> Self {
        Self { pipeline: PipelineRecord::new(name(text), at(0)), runs: Vec::new() }
    }

    /// A run of this number that is over, which is not committed.
    pub(crate) fn skipped(&self, number: u64) -> RunRecord {
        let key = RunKey::manual_run(RunId::generate());
        let status = RunStatus::Skipped;
        let mut run = RunRecord::new(&self.pipeline.name, key, Cause::Manual, status, at(number));
        (run.owner, run.ended_at) = (Some(owner()), Some(at(number)));
        run
    }

    /// Commits a new run, which is queued.
    pub(crate) fn try_commit(&mut self, store: &FileStore) -> Result<(), StoreError> {
        let key = RunKey::manual_run(RunId::generate());
        let created = at(self.runs.len() as u64);
        let mut run = RunRecord::new(&self.pipeline.name, key, Cause::Manual, RunStatus::Queued, created);
        run.owner = Some(owner());
        let commit = Commit::new(owner(), self.pipeline.clone()).insert(run.clone());
        let rev = self.pipeline.rev + 1;
        assert_eq!(block_on(store.commit(&commit))?, Committed::Done(rev));
        self.pipeline.rev = rev;
        self.runs.push(run);
        Ok(())
    }

    pub(crate) fn commit(&mut self, store: &FileStore) {
        self.try_commit(store).unwrap();
    }

    /// Commits that the last run was canceled.
    pub(crate) fn cancel_last(&mut self, store: &FileStore) {
        let mut run = self.runs.pop().unwrap();
        run.status = RunStatus::Canceled;
        run.ended_at = Some(at(1_000));
        let commit = Commit::new(owner(), self.pipeline.clone()).update(run.clone());
        self.pipeline.rev += 1;
        assert_eq!(block_on(store.commit(&commit)).unwrap(), Committed::Done(self.pipeline.rev));
        self.runs.push(run);
    }

    /// Whether the store has this, and nothing else of the pipeline.
    #[track_caller]
    pub(crate) fn assert_in(&self, store: &FileStore) {
        let row = block_on(store.find_pipeline(&self.pipeline.name)).unwrap();
        assert_eq!(row.as_ref(), (self.pipeline.rev > 0).then_some(&self.pipeline));
        let query = RunQuery::new().pipeline(self.pipeline.name.clone()).limit(usize::MAX);
        let runs = block_on(store.list_runs(&query)).unwrap();
        assert!(runs.iter().rev().eq(self.runs.iter()), "{runs:#?}\n is not\n{:#?}", self.runs);
    }
}

/// The path of a file beside a store's snapshot.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Copies all files of one directory to another.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
