//! One run of a pipeline with its history kept, for cron, a systemd timer or Kubernetes to start. The exit status says
//! what became of it.
//!
//!     cargo run --example run_once [STATE]
//!
//! If another process has the state open, the run before this one say, it waits for it.

use std::{env, process::ExitCode, time::Duration};

use godata::{
    FileStore, Recovery, Registration, RunQuery, RunStatus, orchestrator::Orchestrator, prelude::*,
    runner::Runner,
};

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let state = env::args().nth(1).unwrap_or_else(|| "state.json".to_owned());
    let orders = Pipeline::builder("orders-once")
        .read(csv::read_records("examples/data/orders.csv"))
        .filter(|r| r.str("status") == Some("paid"))
        .write(jsonl::write("orders_paid.jsonl"))?;

    let store = FileStore::open_wait(state, Duration::from_secs(30))?;
    let orchestrator =
        Orchestrator::builder(store, Runner::new()).recovery(Recovery::Off).keep_newest(1_000).build()?;
    orchestrator.register_with(Registration::new(orders)).await?;

    let result = orchestrator.run_pipeline("orders-once").await?.done().await?;
    print!("{}", orchestrator.history(&RunQuery::new().limit(5)).await?);
    orchestrator.shutdown(Duration::from_secs(30)).await;
    Ok(if result.status == RunStatus::Succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
