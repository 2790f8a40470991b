//! Handles, values and errors can be sent between threads. The compiler checks it.

use std::fmt::Debug;
use std::sync::Arc;

use godata_core::{
    ActiveRun, AnyJob, AnyStore, BoxError, CancelOnDrop, Canceled, Cancellation, Cause, Clock, Commit,
    Committed, Completer, Failure, Job, JobErrorKind, JobId, ManualClock, MemoryStore, NameError, OwnerId,
    ParamError, Params, ParseIdError, Permanent, PersistError, PipelineName, PipelineRecord, Progress,
    RetryPolicy, RunContext, RunFailed, RunHandle, RunId, RunKey, RunQuery, RunRecord, RunRequest, RunResult,
    RunnerError, StoreError, SystemClock, Transient,
};

fn handle<T: Clone + Debug + Send + Sync + Unpin + 'static>() {}
fn sendable<T: Debug + Send + Sync + 'static>() {}
fn future<T: Send>(future: T) -> T {
    future
}

#[test]
fn handles_and_values_are_clone_send_and_sync() {
    handle::<AnyJob>();
    handle::<AnyStore>();
    handle::<Cancellation>();
    handle::<Cause>();
    handle::<Commit>();
    handle::<Committed>();
    handle::<Failure>();
    handle::<JobErrorKind>();
    handle::<JobId>();
    handle::<ManualClock>();
    handle::<MemoryStore>();
    handle::<OwnerId>();
    handle::<Params>();
    handle::<PipelineName>();
    handle::<PipelineRecord>();
    handle::<Progress>();
    handle::<RetryPolicy>();
    handle::<RunContext>();
    handle::<RunHandle>();
    handle::<RunId>();
    handle::<RunKey>();
    handle::<RunQuery>();
    handle::<RunRecord>();
    handle::<RunRequest>();
    handle::<RunResult>();
    handle::<SystemClock>();
}

#[test]
fn errors_and_guards_are_send_and_sync() {
    sendable::<ActiveRun>();
    sendable::<CancelOnDrop>();
    sendable::<Canceled>();
    sendable::<Completer>();
    sendable::<Permanent>();
    sendable::<RunFailed>();
    sendable::<ParamError>();
    sendable::<NameError>();
    sendable::<ParseIdError>();
    sendable::<PersistError>();
    sendable::<RunnerError>();
    sendable::<StoreError>();
    sendable::<Transient>();
}

#[tokio::test]
async fn futures_can_be_spawned() {
    struct Nothing;

    impl Job for Nothing {
        fn name(&self) -> &str {
            "nothing"
        }

        async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            clock.sleep_until(clock.now()).await;
            Ok(cx.check()?)
        }
    }

    let cx = RunContext::new();
    cx.cancel();
    future(cx.canceled()).await;
    let error = future(AnyJob::new(Nothing).run(&cx)).await.unwrap_err();
    assert_eq!(JobErrorKind::of(&*error), JobErrorKind::Canceled);
}
