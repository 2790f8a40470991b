//! What is passed between threads can be: these are checks of the compiler.

use std::fmt::Debug;
use std::sync::Arc;

use godata_core::{
    AnyJob, AnySchedule, CancelOnDrop, Canceled, Cancellation, Cause, Clock, Job, JobError, JobErrorKind,
    JobId, ManualClock, ParamError, Params, ParseIdError, Progress, RunContext, RunId, SystemClock,
    Transient,
};

fn handle<T: Clone + Debug + Send + Sync + Unpin + 'static>() {}
fn error<T: Debug + Send + Sync + 'static>() {}
fn future<T: Send>(future: T) -> T {
    future
}

#[test]
fn handles_and_values_are_clone_send_and_sync() {
    handle::<AnyJob>();
    handle::<AnySchedule>();
    handle::<Cancellation>();
    handle::<Cause>();
    handle::<JobErrorKind>();
    handle::<JobId>();
    handle::<ManualClock>();
    handle::<Params>();
    handle::<Progress>();
    handle::<RunContext>();
    handle::<RunId>();
    handle::<SystemClock>();
}

#[test]
fn errors_and_guards_are_send_and_sync() {
    error::<CancelOnDrop>();
    error::<Canceled>();
    error::<JobError>();
    error::<ParamError>();
    error::<ParseIdError>();
    error::<Transient>();
}

#[tokio::test]
async fn futures_can_be_spawned() {
    struct Nothing;

    impl Job for Nothing {
        fn name(&self) -> &str {
            "nothing"
        }

        async fn run(&self, cx: &RunContext) -> Result<(), JobError> {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            clock.sleep_until(clock.now()).await;
            Ok(cx.check()?)
        }
    }

    let cx = RunContext::new();
    cx.cancel();
    future(cx.cancelled()).await;
    let error = future(AnyJob::new(Nothing).run(&cx)).await.unwrap_err();
    assert!(error.is_canceled());
}
