//! Uses your own store: committed rows are still there after a restart, and an outdated decision is refused.
//!
//!     cargo run -p custom-store --example custom_store

#![allow(clippy::print_stdout, reason = "an example prints")]

use custom_store::JsonStore;
use godata_core::{
    AnyStore, BoxError, Cause, Clock, Commit, OwnerId, PipelineName, PipelineRecord, RunKey, RunQuery,
    RunRecord, RunStatus, Store, SystemClock,
};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state.json");
    let (owner, now) = (OwnerId::generate(), SystemClock.now());

    let store = AnyStore::new(JsonStore::open(&path)?);
    let pipeline = PipelineRecord::new(PipelineName::new("orders")?, now);
    let mut run =
        RunRecord::new(&pipeline.name, RunKey::manual("first")?, Cause::Manual, RunStatus::Queued, now);
    run.owner = Some(owner);
    let decision = Commit::new(owner, pipeline).insert(run);
    println!("decided: {:?}", store.commit(&decision).await?);
    drop(store);

    let store = AnyStore::new(JsonStore::open(&path)?);
    for run in store.list_runs(&RunQuery::new()).await? {
        println!("after a restart: {} {} is {}", run.pipeline_name, run.key, run.status);
    }
    let again = matches!(store.commit(&decision).await?, godata_core::Committed::Conflict(Some(_)));
    println!("the same decision again is refused: {again}");
    Ok(())
}
