//! Pipelines that run repeatedly, with the commits that an orchestrator would make.

use godata_core::{
    AnyStore, BoxError, Cause, Clock as _, Commit, Committed, Covers, OwnerId, PipelineName, PipelineRecord,
    RunKey, RunRecord, RunStatus, Store as _, StoreError, SystemClock,
};
use godata_store_file::FileStoreBuilder;

/// The number of pipelines that the stored runs belong to.
const PIPELINES: usize = 100;

/// A pipeline that runs repeatedly.
pub(super) struct History {
    owner: OwnerId,
    pipeline: PipelineRecord,
    running: Option<RunRecord>,
}

impl History {
    pub(super) fn new(name: PipelineName) -> Self {
        let mut pipeline = PipelineRecord::new(name, SystemClock.now());
        pipeline.spec = Some("every 5m".into());
        Self { owner: OwnerId::generate(), pipeline, running: None }
    }

    /// Starts a run, or finishes the one that is running.
    pub(super) async fn commit(&mut self, store: &AnyStore) -> Result<(), StoreError> {
        let commit = match self.running.take() {
            None => {
                let mut run = self.row(RunStatus::Running);
                run.fence = self.pipeline.rev + 1;
                self.running = Some(run.clone());
                self.decide().insert(run)
            }
            Some(mut run) => {
                run.status = RunStatus::Succeeded;
                run.ended_at = Some(SystemClock.now());
                run.counts.records_read = 1_000_000;
                self.decide().update(run)
            }
        };
        let answer = store.commit(&commit).await?;
        self.done(answer)
    }

    /// A commit that decides all due times until now.
    fn decide(&mut self) -> Commit {
        self.pipeline.cursor = Some(SystemClock.now());
        Commit::new(self.owner, self.pipeline.clone())
    }

    fn done(&mut self, answer: Committed) -> Result<(), StoreError> {
        match answer {
            Committed::Done(rev) => {
                self.pipeline.rev = rev;
                Ok(())
            }
            refusal => Err(StoreError::invalid(format!("{refusal:?}"))),
        }
    }

    fn row(&self, status: RunStatus) -> RunRecord {
        let now = SystemClock.now();
        let name = &self.pipeline.name;
        let mut run = RunRecord::new(name, RunKey::due(now, now), Cause::Schedule, status, now);
        run.key = RunKey::manual_run(run.id);
        run.owner = Some(self.owner);
        run.due = Some(now);
        run.spec_since = Some(now);
        run.started_at = Some(now);
        run
    }

    /// The complete row of a finished run.
    fn finished(&self) -> RunRecord {
        let mut run = self.row(RunStatus::Skipped);
        run.ended_at = run.started_at;
        run.covers = run.due.map(|due| Covers::exactly(1, due));
        run.counts.records_read = 1_000_000;
        run
    }
}

/// Stores finished runs, and a snapshot of them.
pub(super) async fn fill(builder: FileStoreBuilder, runs: usize) -> Result<(), BoxError> {
    let store = builder.open()?;
    let each = runs / PIPELINES;
    for name in names() {
        let mut history = History::new(name);
        for first in (0..each).step_by(200) {
            let rows: Vec<_> = (first..each.min(first + 200)).map(|_| history.finished()).collect();
            let commit = rows.into_iter().fold(history.decide(), Commit::insert);
            history.done(store.commit(&commit).await?)?;
        }
    }
    store.snapshot().await?;
    store.close().await?;
    Ok(())
}

/// The pipelines of a filled store, to continue with.
pub(super) async fn stored(store: &AnyStore) -> Result<Vec<History>, BoxError> {
    let mut histories = Vec::new();
    for name in names() {
        let pipeline = store.find_pipeline(&name).await?.ok_or("the pipeline is stored")?;
        histories.push(History { pipeline, ..History::new(name) });
    }
    Ok(histories)
}

fn names() -> impl Iterator<Item = PipelineName> {
    (0..PIPELINES).map(|n| PipelineName::new(format!("pipeline {n}")).expect("the name is valid"))
}
