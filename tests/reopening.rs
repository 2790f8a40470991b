//! A state file is free for the next one to open it when a shutdown has answered and the handles are dropped.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;
use std::time::Duration;

use godata::orchestrator::Orchestrator;
use godata::prelude::*;
use godata::scheduler::every;
use godata::{RunQuery, StoreError};
use tokio::runtime::{Builder, Runtime};

/// How often a race gets the chance to show.
const TRIES: usize = 40;

/// Runtimes of every flavor.
fn runtimes() -> [Runtime; 3] {
    [Builder::new_current_thread(), Builder::new_multi_thread(), Builder::new_multi_thread()]
        .into_iter()
        .zip([1, 1, 4])
        .map(|(mut builder, threads)| builder.worker_threads(threads).enable_all().build().unwrap())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

fn state(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("state.json")
}

/// An orchestrator that has run something.
async fn busy(state: &Path) -> Orchestrator {
    let orchestrator = godata::local(state).unwrap();
    let job = job_fn("busy", |_cx| async { Ok(()) });
    orchestrator.register(job, every(Duration::from_millis(1)).unwrap()).await.unwrap();
    orchestrator.start_scheduler().await.unwrap();
    // A due time may have been faster.
    if let Ok(run) = orchestrator.run_pipeline("busy").await {
        run.done().await.unwrap();
    }
    orchestrator
}

#[test]
fn the_file_is_free_after_a_shutdown_on_every_runtime() {
    for runtime in runtimes() {
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            for _ in 0..TRIES {
                let orchestrator = busy(&state(&folder)).await;
                orchestrator.shutdown(Duration::from_secs(30)).await;
                drop(orchestrator);
            }
            assert!(
                !godata::local(state(&folder))
                    .unwrap()
                    .history(&RunQuery::new())
                    .await
                    .unwrap()
                    .runs
                    .is_empty()
            );
        });
    }
}

#[tokio::test]
async fn what_was_read_from_an_orchestrator_does_not_keep_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let orchestrator = busy(&state(&folder)).await;
    let (_events, _history) = (orchestrator.events(), orchestrator.history(&RunQuery::new()).await.unwrap());
    let _run = orchestrator.run_pipeline("busy").await;
    let _report = orchestrator.shutdown(Duration::from_secs(30)).await;
    drop(orchestrator);
    godata::local(state(&folder)).unwrap();
}

#[tokio::test]
async fn a_job_with_a_handle_of_its_orchestrator_does_not_keep_the_file_after_a_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let orchestrator = godata::local(state(&folder)).unwrap();
    let within = orchestrator.clone();
    let job = job_fn("reenters", move |_cx| {
        let orchestrator = within.clone();
        async move { Ok(orchestrator.pipelines().await.map(drop)?) }
    });
    orchestrator.register(job, every(Duration::from_secs(60)).unwrap()).await.unwrap();
    orchestrator.run_pipeline("reenters").await.unwrap().done().await.unwrap().success().unwrap();
    orchestrator.shutdown(Duration::from_secs(30)).await;
    drop(orchestrator);
    godata::local(state(&folder)).unwrap();
}

#[tokio::test]
async fn a_handle_keeps_the_file_and_can_read_from_it_after_a_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let orchestrator = busy(&state(&folder)).await;
    let handle = orchestrator.clone();
    orchestrator.shutdown(Duration::from_secs(30)).await;
    drop(orchestrator);
    let refused = godata::local(state(&folder)).unwrap_err();
    assert!(
        matches!(refused, StoreError::Locked { pid, .. } if pid == Some(std::process::id())),
        "{refused}"
    );
    assert!(!handle.history(&RunQuery::new()).await.unwrap().runs.is_empty());
    drop(handle);
    godata::local(state(&folder)).unwrap();
}
