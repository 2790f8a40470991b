//! The store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::task::Poll;
use std::time::Duration;

use godata_core::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Renewal, Retention, RunId, RunQuery, RunRecord,
    Store, StoreError,
};

use crate::error::{Refusal, failed};
use crate::files::Files;
use crate::format::{Change, CommitBody, body};
use crate::handle::Handle;
use crate::lock::acquire;
use crate::open::{Opened, Torn, open, read_only};
use crate::options::Options;
use crate::prune::OldRuns;
use crate::repair::{Loss, Repaired};
use crate::request::{Answer, Request, Write};
use crate::state::State;
use crate::verify::Verification;
use crate::writer::{Shared, Writer, read, write};

/// How many rows are looked at while nobody can write.
const ROWS: usize = 1_000;

/// A store in a local file.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    state: Shared,
    torn: Option<Torn>,
    /// `None` if it is open for reading only.
    writer: Option<Handle>,
}

impl FileStore {
    /// Opens the store at this path, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if another process has it open, or another handle in this one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open(path)
    }

    /// Opens the store, and waits for up to `limit` if another process has it.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_wait(path: impl AsRef<Path>, limit: Duration) -> Result<Self, StoreError> {
        Self::options().open_wait(path, limit)
    }

    /// Opens what is stored now to read it. Nothing is locked or written.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::options().open_read_only(path)
    }

    /// Reads all files of a store, and says what is in them and what is damaged. Nothing is locked or written.
    ///
    /// # Errors
    ///
    /// If there is no store, or a file can't be read. Damage is no error.
    pub fn verify(path: impl AsRef<Path>) -> Result<Verification, StoreError> {
        Self::options().verify(path)
    }

    /// Makes a store that can be opened of one that is damaged.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`StoreError::Corrupt`] if something would have to be given up that `loss` does
    /// not allow.
    pub fn repair(path: impl AsRef<Path>, loss: Loss) -> Result<Repaired, StoreError> {
        Self::options().repair(path, loss)
    }

    /// How to open a store.
    pub fn options() -> Options {
        Options::new()
    }

    pub(crate) fn open_with(options: Options, path: &Path, limit: Duration) -> Result<Self, StoreError> {
        let files = Files::find(&*options.vfs, path)?;
        files.check(&*options.vfs)?;
        let lock = acquire(&*options.vfs, &files.lock, options.mode, limit)?;
        let Opened { state, journal, snapshot_len, torn } = open(&options, &files)?;

        let path = files.snapshot.clone();
        let state = Arc::new(RwLock::new(state));
        let (requests, receiver) = channel();
        let channel = (requests.clone(), receiver);
        let writer = Writer::new(options, files, Arc::clone(&state), journal, snapshot_len, channel);
        let writer = Handle::spawn(requests, lock, move || writer.run())
            .map_err(failed("start the thread that writes", &path))?;
        Ok(Self(Arc::new(Inner { path, state, torn, writer: Some(writer) })))
    }

    pub(crate) fn open_read_only_with(options: &Options, path: &Path) -> Result<Self, StoreError> {
        let files = Files::find(&*options.vfs, path)?;
        let state = Arc::new(RwLock::new(read_only(&*options.vfs, &files)?));
        Ok(Self(Arc::new(Inner { path: files.snapshot, state, torn: None, writer: None })))
    }

    /// The snapshot's path, absolute and without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What was cut off when the store was opened.
    #[must_use]
    pub fn torn(&self) -> Option<&Torn> {
        self.0.torn.as_ref()
    }

    /// Writes a snapshot now.
    ///
    /// # Errors
    ///
    /// Why there is none. What is stored is in the journal as before.
    pub async fn snapshot(&self) -> Result<(), StoreError> {
        self.ask(|answer| Request::Snapshot { answer }).await
    }

    /// Closes the store, for all its clones: writes what was asked for before, and gives the lock back.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if what was not synced yet could not be, or the store was closed before.
    pub async fn close(&self) -> Result<(), StoreError> {
        let result = self.ask(|answer| Request::Close { answer }).await;
        if let Some(writer) = &self.0.writer {
            // To answer was the last thing that it did.
            writer.join();
        }
        result
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        match &self.0.writer {
            Some(writer) => writer.ask(request).await,
            None => Err(Refusal::ReadOnly { path: self.0.path.clone() }.into()),
        }
    }

    /// The rows, with all that anybody has asked for and did not wait for.
    async fn rows(&self) -> RwLockReadGuard<'_, State> {
        if let Some(writer) = &self.0.writer {
            writer.settle().await;
        }
        read(&self.0.state)
    }

    async fn forget(&self, runs: Vec<RunId>, pipelines: Vec<PipelineName>) -> Result<u64, StoreError> {
        self.ask(|answer| Request::Write(Write::Forget { runs, pipelines, answer })).await
    }

    async fn put(&self, change: Change) -> Result<(), StoreError> {
        let (body, change) = (body(&change).map_err(StoreError::invalid)?, Box::new(change));
        self.ask(|answer| Request::Write(Write::Put { change, body, answer })).await
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl Store for FileStore {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.put(Change { pipeline: Some(pipeline.clone()), ..Change::default() }).await
    }

    async fn get_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        let row = self.rows().await.tables.pipeline(name).cloned();
        Ok(row.map(Arc::unwrap_or_clone))
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        let rows: Vec<_> = self.rows().await.tables.pipelines().cloned().collect();
        Ok(rows.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.put(Change { runs: vec![run.clone()], ..Change::default() }).await
    }

    async fn get_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        let row = self.rows().await.tables.run(id).cloned();
        Ok(row.map(Arc::unwrap_or_clone))
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        let mut query = query.clone();
        let mut runs = Vec::new();
        loop {
            let page = self.rows().await.tables.page(&query, ROWS);
            query.limit -= page.runs.len();
            runs.extend(page.runs.into_iter().map(Arc::unwrap_or_clone));
            match page.rest {
                None => return Ok(runs),
                after => query.after = after,
            }
            others_first().await;
        }
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let body = body(&CommitBody::of(commit)).map_err(StoreError::invalid)?;
        let commit = Box::new(commit.clone());
        self.ask(|answer| Request::Write(Write::Commit { commit, body, answer })).await
    }

    async fn renew(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        Ok(write(&self.0.state).tables.renew(owner, ttl, None))
    }

    async fn reap(&self, live: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        let live = live.to_vec();
        self.ask(|answer| Request::Reap { live, answer }).await
    }

    async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        let mut pruned = 0;
        for runs in OldRuns::new(&self.0.state, *retention) {
            pruned += self.forget(runs, Vec::new()).await?;
        }
        let empty: Vec<_> = read(&self.0.state).tables.empty_pipelines().cloned().collect();
        self.forget(Vec::new(), empty).await?;
        Ok(pruned)
    }
}

/// Lets other tasks run.
async fn others_first() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
