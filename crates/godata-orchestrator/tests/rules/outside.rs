//! Calls from threads that are on no tokio runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use godata_core::{MemoryStore, RunQuery, RunStatus, job_fn};
use godata_orchestrator::{Backfill, Orchestrator, OrchestratorError, Registration, RunOptions};
use godata_runner::Runner;

use crate::support::{at, every, secs};

/// Runs a future on this thread alone, as executors other than tokio do.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn every_call_works_outside_of_a_tokio_runtime() {
    let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    block_on(async {
        assert_eq!(orchestrator.pipelines().await.unwrap(), []);
        assert_eq!(orchestrator.history(&RunQuery::new()).await.unwrap().runs, []);
        orchestrator.register(job_fn("a", |_cx| async { Ok(()) }), every(3_600)).await.unwrap();
        orchestrator
            .register_with(Registration::new(job_fn("b", |_cx| async { Err("broken".into()) })))
            .await
            .unwrap();
        orchestrator.start_scheduler().await.unwrap();
        orchestrator.pause("a").await.unwrap();
        orchestrator.resume("a").await.unwrap();
        orchestrator.resume_from_now("a").await.unwrap();
        assert_eq!(orchestrator.upcoming("a", 2).await.unwrap().len(), 2);
        assert_eq!(
            orchestrator.run_pipeline("a").await.unwrap().done().await.unwrap().status,
            RunStatus::Succeeded
        );
        let run = orchestrator.run_pipeline_with("b", RunOptions::new().token("t")).await.unwrap();
        assert_eq!(orchestrator.last_attempt(&run).await.unwrap().status, RunStatus::Failed);
        orchestrator.cancel(run.id()).await.unwrap();
        assert_eq!(orchestrator.backfill("a", Backfill::between(at(0), at(3_600))).await.unwrap().len(), 1);
        orchestrator.stop_scheduler().await.unwrap();
        assert_eq!(orchestrator.pipelines().await.unwrap().len(), 2);
        assert!(orchestrator.history(&RunQuery::new()).await.unwrap().runs.len() >= 2);
        orchestrator.unregister("b").await.unwrap();
        orchestrator.shutdown(secs(5)).await;
        assert_eq!(orchestrator.pipelines().await.unwrap().len(), 2);
    });
}

#[test]
fn an_orchestrator_on_its_callers_runtime_says_that_there_is_none() {
    let builder = Orchestrator::builder(MemoryStore::new(), Runner::new());
    let orchestrator = builder.on_current_runtime().build().unwrap();
    block_on(async {
        let no_runtime = |error| assert!(matches!(error, OrchestratorError::NoRuntime), "{error}");
        no_runtime(orchestrator.pipelines().await.unwrap_err());
        no_runtime(orchestrator.history(&RunQuery::new()).await.unwrap_err());
        no_runtime(orchestrator.upcoming("a", 2).await.unwrap_err());
        no_runtime(orchestrator.run_pipeline("a").await.unwrap_err());
        no_runtime(orchestrator.start_scheduler().await.unwrap_err());
        orchestrator.shutdown(secs(5)).await;
    });
}
