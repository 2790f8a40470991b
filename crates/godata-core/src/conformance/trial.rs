//! The fixture of a test, and helpers that the tests share.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use time::UtcDateTime;

use crate::{
    AnyStore, BoxError, Cause, Commit, Committed, OwnerId, PipelineName, PipelineRecord, RunKey, RunRecord,
    RunStatus, Store, StoreError, error_chain,
};

/// For implementors of stores: opens the store under test, and describes it. Each test has its own fixture.
///
/// The docs of [`Store`](crate::Store#a-store-of-your-own) show one.
pub trait Fixture: Send + Sync + 'static {
    /// The store under test.
    type Store: Store;

    /// Opens the store.
    ///
    /// The first call on a fixture opens an empty store. A later call opens the same store again, with everything that
    /// was acknowledged. A [shared](Store::shared) store may be open at that time; any other was dropped before.
    ///
    /// # Errors
    ///
    /// Any; the test fails with it.
    fn open(&self) -> impl Future<Output = Result<Self::Store, BoxError>> + Send;

    /// Whether acknowledged writes are still there after the store was dropped and opened again. Default: `true`.
    fn durable(&self) -> bool {
        true
    }

    /// Lets time pass by the clock of a shared store. Default: sleeps. A fixture that controls the clock moves it
    /// forward.
    fn advance(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }

    /// A lease that is kept by renewing it every quarter of it. Default: one second. A store behind a slow network takes a
    /// longer one.
    fn lease(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// How long one test may take. Default: one minute.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// Spawns a task. The future that it returns completes when the task does.
pub type Spawn = fn(BoxFuture<'static, ()>) -> BoxFuture<'static, ()>;

/// The environment of one test: a fixture, and a way to spawn tasks.
pub struct Trial<F> {
    pub(super) fixture: F,
    spawn: Spawn,
}

impl<F: Fixture> Trial<F> {
    /// Makes the environment of a test. `spawn` spawns its concurrent tasks.
    pub fn new(fixture: F, spawn: Spawn) -> Self {
        Self { fixture, spawn }
    }

    /// Runs a test to its end.
    ///
    /// # Panics
    ///
    /// If the test fails or takes longer than the fixture's [limit](Fixture::time_limit), and outside of a tokio runtime with
    /// its timer enabled.
    pub async fn run(&self, test: impl Future<Output = ()>) {
        let limit = self.fixture.time_limit();
        let result = tokio::time::timeout(limit, test).await;
        assert!(result.is_ok(), "the test did not end within {limit:?}");
    }

    /// Opens the store, wrapped as callers use it.
    pub(super) async fn open(&self) -> AnyStore {
        match self.fixture.open().await {
            Ok(store) => AnyStore::new(store),
            Err(error) => panic!("the store did not open: {}", error_chain(&*error)),
        }
    }

    /// Two handles of the store. A shared store is opened twice, as two processes do.
    pub(super) async fn two_handles(&self) -> [AnyStore; 2] {
        let store = self.open().await;
        let other = if store.shared() { self.open().await } else { store.clone() };
        [store, other]
    }

    /// Runs the tasks concurrently, and returns their results in order.
    pub(super) async fn concurrently<T: Send + 'static>(
        &self,
        tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks = tasks.into_iter().map(|task| {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let running = (self.spawn)(Box::pin(async move {
                // The receiver is gone if the test has failed.
                drop(sender.send(task.await));
            }));
            (running, receiver)
        });
        let tasks: Vec<_> = tasks.collect();
        join_all(tasks.into_iter().map(async |(running, receiver)| {
            running.await;
            receiver.await.expect("a task that has completed has sent its result")
        }))
        .await
    }
}

impl<F> fmt::Debug for Trial<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").finish_non_exhaustive()
    }
}

/// Prints why a clause is not tested. It bypasses the capture of the test's output, so that it is always shown.
pub(super) fn skip(clause: &str, why: &str) {
    // A closed stderr does not fail the test.
    drop(std::io::stderr().write_all(format!("{clause} skipped: {why}\n").as_bytes()));
}

/// Returns the result of a call, which must succeed.
#[track_caller]
pub(super) fn ok<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("{}", error_chain(&error)))
}

/// Fails unless the commit was refused as invalid.
#[track_caller]
pub(super) fn invalid(what: &str, result: &Result<Committed, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::Invalid { .. })),
        "{what} was not refused as invalid: {result:?}"
    );
}

/// Lets other tasks run, on any runtime.
pub(super) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

pub(super) fn at(seconds: u64) -> UtcDateTime {
    UtcDateTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

pub(super) fn name(name: &str) -> PipelineName {
    PipelineName::new(name).expect("the suite's names are valid")
}

pub(super) fn new_pipeline(text: &str) -> PipelineRecord {
    PipelineRecord::new(name(text), at(0))
}

/// A manual run of `owner` that is inserted with this status.
pub(super) fn new_run(pipeline: &PipelineRecord, owner: OwnerId, status: RunStatus) -> RunRecord {
    let key = RunKey::manual_run(crate::RunId::generate());
    let mut run = RunRecord::new(&pipeline.name, key, Cause::Manual, status, at(1));
    run.owner = Some(owner);
    if status == RunStatus::Running {
        run.fence = pipeline.rev + 1;
        run.started_at = Some(at(1));
    }
    run
}

/// Makes a commit, which must succeed, and returns the pipeline's row after it.
pub(super) async fn commit(store: &AnyStore, commit: Commit) -> PipelineRecord {
    let rev = commit.pipeline.rev + 1;
    assert_eq!(ok(store.commit(&commit).await), Committed::Done(rev), "{commit:?}");
    PipelineRecord { rev, ..commit.pipeline }
}

/// Stores a pipeline with one run of this status.
pub(super) async fn stored(
    store: &AnyStore,
    owner: OwnerId,
    text: &str,
    status: RunStatus,
) -> (PipelineRecord, RunRecord) {
    let pipeline = new_pipeline(text);
    let inserted_as = match status {
        RunStatus::Queued | RunStatus::Skipped => status,
        _ => RunStatus::Running,
    };
    let mut run = new_run(&pipeline, owner, inserted_as);
    let pipeline = commit(store, Commit::new(owner, pipeline).insert(run.clone())).await;
    if status == inserted_as {
        return (pipeline, run);
    }
    run.status = status;
    run.ended_at = Some(at(2));
    let pipeline = commit(store, Commit::new(owner, pipeline).update(run.clone())).await;
    (pipeline, run)
}

/// Fails unless the store returns exactly these rows.
pub(super) async fn assert_stored(store: &AnyStore, pipeline: &PipelineRecord, runs: &[&RunRecord]) {
    assert_eq!(ok(store.find_pipeline(&pipeline.name).await).as_ref(), Some(pipeline));
    for run in runs {
        assert_eq!(ok(store.find_run(run.id).await).as_ref(), Some(*run));
    }
}
