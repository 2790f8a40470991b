//! The store contract, on top of the rows in memory and the writer thread.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use godata_core::{
    Commit, Committed, OwnerId, PipelineName, PipelineRecord, Renewal, Retention, RunId, RunQuery, RunRecord,
    Store, StoreError, Tally,
};

use crate::FileStore;
use crate::format::{Change, CommitBody, body};
use crate::prune::OldRuns;
use crate::request::{Request, Write};
use crate::state::{read, write};

/// How many rows are read per lock of the state.
const ROWS: usize = 1_000;

impl Store for FileStore {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.put(Change { pipeline: Some(pipeline.clone()), ..Change::default() }).await
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
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

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
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
            yield_now().await;
        }
    }

    async fn tally(&self, query: &RunQuery, most: u64) -> Result<Tally, StoreError> {
        let mut query = query.clone().limit(usize::MAX);
        let mut tally = Tally::default();
        loop {
            let page = self.rows().await.tables.page(&query, ROWS);
            for run in &page.runs {
                if !tally.add_up_to(most, run.status) {
                    return Ok(tally);
                }
            }
            match page.rest {
                None => return Ok(tally),
                after => query.after = after,
            }
            yield_now().await;
        }
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let body = body(&CommitBody::of(commit)).map_err(StoreError::invalid)?;
        let commit = Box::new(commit.clone());
        self.ask(|answer| Request::Write(Write::Commit { commit, body, answer })).await
    }

    async fn renew(&self, owner: OwnerId, ttl: Duration) -> Result<Renewal, StoreError> {
        Ok(write(self.state()).tables.renew(owner, ttl, None))
    }

    async fn reap(&self, by: OwnerId, live: &[OwnerId]) -> Result<Vec<RunRecord>, StoreError> {
        let live = live.to_vec();
        self.ask(|answer| Request::Reap { by, live, answer }).await
    }

    async fn prune(&self, retention: &Retention) -> Result<u64, StoreError> {
        let mut pruned = 0;
        for runs in OldRuns::new(self.state(), *retention) {
            yield_now().await;
            if !runs.is_empty() {
                pruned += self.forget(runs, Vec::new()).await?;
            }
        }
        let empty: Vec<_> = read(self.state()).tables.empty_pipelines().cloned().collect();
        self.forget(Vec::new(), empty).await?;
        Ok(pruned)
    }
}

impl FileStore {
    async fn forget(&self, runs: Vec<RunId>, pipelines: Vec<PipelineName>) -> Result<u64, StoreError> {
        self.ask(|answer| Request::Write(Write::Forget { runs, pipelines, answer })).await
    }

    async fn put(&self, change: Change) -> Result<(), StoreError> {
        let (body, change) = (body(&change).map_err(StoreError::invalid)?, Box::new(change));
        self.ask(|answer| Request::Write(Write::Put { change, body, answer })).await
    }
}

/// Lets other tasks run, as tokio's function of this name does, on any runtime.
async fn yield_now() {
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
