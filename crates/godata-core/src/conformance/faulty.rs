//! Clause 9: the default commit over puts that fail.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use super::trial::{Fixture, Trial, at, commit, new_pipeline, new_run, ok, skip};
use crate::{
    AnyStore, Commit, Committed, OwnerId, PipelineName, PipelineRecord, RunId, RunQuery, RunRecord,
    RunStatus, Store, StoreError, error_chain,
};

/// A store that forwards puts and reads and has the default commit. Its puts fail as planned, either before or after the
/// row was put.
struct Faulty<S> {
    store: Arc<S>,
    plan: Arc<Plan>,
}

/// Counts down with each put. Once the count is 0, puts fail until the plan is repaired.
struct Plan {
    puts_left: AtomicUsize,
    fails_after_the_put: bool,
}

impl Plan {
    const NEVER: usize = usize::MAX;

    fn failing_at(put: usize, fails_after_the_put: bool) -> Arc<Self> {
        Arc::new(Self { puts_left: AtomicUsize::new(put), fails_after_the_put })
    }

    fn repair(&self) {
        self.puts_left.store(Self::NEVER, Relaxed);
    }

    async fn put(&self, put: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
        match self.puts_left.load(Relaxed) {
            Self::NEVER => put.await,
            0 => {
                if self.fails_after_the_put {
                    put.await?;
                }
                Err(StoreError::unavailable("the conformance suite makes this put fail"))
            }
            left => {
                self.puts_left.store(left - 1, Relaxed);
                put.await
            }
        }
    }
}

impl<S: Store> Store for Faulty<S> {
    async fn upsert_pipeline(&self, pipeline: &PipelineRecord) -> Result<(), StoreError> {
        self.plan.put(self.store.upsert_pipeline(pipeline)).await
    }

    async fn find_pipeline(&self, name: &PipelineName) -> Result<Option<PipelineRecord>, StoreError> {
        self.store.find_pipeline(name).await
    }

    async fn list_pipelines(&self) -> Result<Vec<PipelineRecord>, StoreError> {
        self.store.list_pipelines().await
    }

    async fn upsert_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        self.plan.put(self.store.upsert_run(run)).await
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.store.find_run(id).await
    }

    async fn list_runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, StoreError> {
        self.store.list_runs(query).await
    }
}

/// Whichever put fails, and whether it happened or not, this process and the next one read the whole commit or nothing
/// of it, and the next commit succeeds.
pub async fn clause_09_the_default_commit_survives_a_failure_of_any_put<F: Fixture>(trial: &Trial<F>) {
    let store = match trial.fixture.open().await {
        Ok(store) if store.shared() => {
            return skip("clause 9", "a shared store has its own commit");
        }
        Ok(store) => Arc::new(store),
        Err(error) => panic!("the store did not open: {}", error_chain(&*error)),
    };
    // The pipeline's row with pending runs, two runs, and the row without them.
    const PUTS: usize = 4;
    for reopened in [false, true] {
        for fails_after_the_put in [false, true] {
            for put in 0..=PUTS {
                let case = format!("put {put}, reopened {reopened}, after the put {fails_after_the_put}");
                let plan = Plan::failing_at(put, fails_after_the_put);
                let open = || AnyStore::new(Faulty { store: Arc::clone(&store), plan: Arc::clone(&plan) });
                let happens = put > 0 || fails_after_the_put;
                fail_once(&case, open, &plan, reopened, happens, put == PUTS).await;
            }
        }
    }
}

async fn fail_once(
    case: &str,
    open: impl Fn() -> AnyStore,
    plan: &Plan,
    reopened: bool,
    happens: bool,
    answers: bool,
) {
    let owner = OwnerId::generate();
    let pipeline = new_pipeline(case);
    let (a, b) =
        (new_run(&pipeline, owner, RunStatus::Running), new_run(&pipeline, owner, RunStatus::Queued));
    let store = open();
    let decision = Commit::new(owner, pipeline.clone()).insert(a.clone()).insert(b.clone());
    let answer = store.commit(&decision).await;
    assert_eq!(answer.is_ok(), answers, "{case}: {answer:?}");
    plan.repair();
    let store = if reopened { open() } else { store };

    let row = ok(store.find_pipeline(&pipeline.name).await);
    let expected = PipelineRecord { rev: 1, ..pipeline.clone() };
    assert_eq!(row, happens.then(|| expected.clone()), "{case}");
    for run in [&a, &b] {
        assert_eq!(ok(store.find_run(run.id).await), happens.then(|| run.clone()), "{case}");
    }
    let listed = ok(store.list_runs(&RunQuery::new().pipeline(pipeline.name.clone())).await);
    assert_eq!(listed.len(), if happens { 2 } else { 0 }, "{case}");

    if !happens {
        assert_eq!(ok(store.commit(&decision).await), Committed::Done(1), "{case}");
    }
    let finished = RunRecord { status: RunStatus::Succeeded, ended_at: Some(at(5)), ..a };
    let row = commit(&store, Commit::new(owner, expected).update(finished.clone())).await;
    assert_eq!(ok(open().find_run(finished.id).await), Some(finished), "{case}");
    assert_eq!(ok(open().find_pipeline(&row.name).await), Some(row), "{case}");
}
