//! What a test of the suite has at hand.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use time::UtcDateTime;

use crate::{
    AnyStore, BoxError, Cause, Commit, Committed, OwnerId, PipelineName, PipelineRecord, RunKey, RunRecord,
    RunStatus, Store, StoreError, error_chain,
};

const TOO_LONG: Duration = Duration::from_secs(60);

/// Says how to open the store that is to be proven, and what it is. Each test has a fixture of its own.
pub trait Fixture: Send + Sync + 'static {
    /// The store.
    type Store: Store;

    /// Opens the store.
    ///
    /// The first call on a fixture opens an empty one. A later call opens the same again, with all that was
    /// acknowledged: after the one before was dropped, or, if the store is [shared](Store::shared), beside it.
    ///
    /// # Errors
    ///
    /// Any; the test fails with it.
    fn open(&self) -> impl Future<Output = Result<Self::Store, BoxError>> + Send;

    /// Whether what was acknowledged is still there after the store was dropped and opened again. Default: `true`.
    fn durable(&self) -> bool {
        true
    }

    /// Lets time pass by the clock of a shared store. Default: sleeps; a store whose clock can be turned turns it.
    fn pass(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}

/// Starts a task at once; the future that it returns completes with the task.
pub type Spawn = fn(BoxFuture<'static, ()>) -> BoxFuture<'static, ()>;

/// A fixture in a test, and the means to do several things at the same time.
pub struct Trial<F> {
    pub(super) fixture: F,
    spawn: Spawn,
}

impl<F: Fixture> Trial<F> {
    /// A test of this fixture, whose concurrent tasks are started by `spawn`.
    pub fn new(fixture: F, spawn: Spawn) -> Self {
        Self { fixture, spawn }
    }

    /// Completes with a test, which fails if it takes more than a minute.
    pub async fn finish(&self, test: impl Future<Output = ()>) {
        assert!(tokio::time::timeout(TOO_LONG, test).await.is_ok(), "the test hangs");
    }

    /// Opens the store as whoever uses it does.
    pub(super) async fn open(&self) -> AnyStore {
        match self.fixture.open().await {
            Ok(store) => AnyStore::new(store),
            Err(error) => panic!("the store did not open: {}", error_chain(&*error)),
        }
    }

    /// Does all of it at the same time, and returns the results in order.
    pub(super) async fn at_once<T: Send + 'static>(
        &self,
        tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks = tasks.into_iter().map(|task| {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let running = (self.spawn)(Box::pin(async move {
                // Nobody waits for the result of a test that has failed.
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

/// Says why a clause is not tested, also where the output of tests is not shown.
pub(super) fn skip(clause: &str, why: &str) {
    // A test is not failed by a stderr that is closed.
    drop(std::io::stderr().write_all(format!("{clause} skipped: {why}\n").as_bytes()));
}

/// The result of what has to succeed.
#[track_caller]
pub(super) fn ok<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("{}", error_chain(&error)))
}

/// Fails unless the commit was refused as one that no state allows.
#[track_caller]
pub(super) fn invalid(what: &str, result: &Result<Committed, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::Invalid { .. })),
        "{what} was not refused as invalid: {result:?}"
    );
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

/// A manual run of `owner` that begins like this.
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

/// Commits, and returns the row as it is then.
pub(super) async fn commit(store: &AnyStore, commit: Commit) -> PipelineRecord {
    let rev = commit.pipeline.rev + 1;
    assert_eq!(ok(store.commit(&commit).await), Committed::Done(rev), "{commit:?}");
    PipelineRecord { rev, ..commit.pipeline }
}

/// A pipeline with one run of this status, both stored.
pub(super) async fn stored(
    store: &AnyStore,
    owner: OwnerId,
    text: &str,
    status: RunStatus,
) -> (PipelineRecord, RunRecord) {
    let pipeline = new_pipeline(text);
    let beginning = match status {
        RunStatus::Queued | RunStatus::Skipped => status,
        _ => RunStatus::Running,
    };
    let mut run = new_run(&pipeline, owner, beginning);
    let pipeline = commit(store, Commit::new(owner, pipeline).insert(run.clone())).await;
    if status == beginning {
        return (pipeline, run);
    }
    run.status = status;
    run.ended_at = Some(at(2));
    let pipeline = commit(store, Commit::new(owner, pipeline).update(run.clone())).await;
    (pipeline, run)
}

/// The rows as a store returns them.
pub(super) async fn assert_stored(store: &AnyStore, pipeline: &PipelineRecord, runs: &[&RunRecord]) {
    assert_eq!(ok(store.get_pipeline(&pipeline.name).await).as_ref(), Some(pipeline));
    for run in runs {
        assert_eq!(ok(store.get_run(run.id).await).as_ref(), Some(*run));
    }
}
