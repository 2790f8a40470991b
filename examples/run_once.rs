//! Runs a pipeline once and keeps its history, to be started by cron, a systemd timer or Kubernetes. A failed run is retried
//! before the program ends. If the last attempt fails too, the error is printed and the exit status is 1.
//!
//!     cargo run -p full-examples --example run_once [STATE]
//!
//! While another process has the state open, such as the previous run, this one waits, for up to 30 seconds. If that process
//! was killed, a retry may be left in the queue. The new run replaces it; without `Overlap::CancelOther`, `run_pipeline`
//! would be refused.

use std::env;
use std::time::Duration;

use godata::orchestrator::Orchestrator;
use godata::prelude::*;
use godata::runner::Runner;
use godata::{FileStore, Overlap, Recovery, Registration, RetryPolicy, RunQuery};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let state = env::args().nth(1).unwrap_or_else(|| "state.json".to_owned());
    let orders = Pipeline::builder("orders-once")
        .read(csv::read_records("examples/data/orders.csv"))
        .filter(|r| r.str("status") == Some("paid"))
        .write(jsonl::write("orders_paid.jsonl"))?;

    let store = FileStore::open_wait(state, Duration::from_secs(30))?;
    let orchestrator =
        Orchestrator::builder(store, Runner::new()).recovery(Recovery::Off).keep_newest(1_000).build()?;
    let retry = RetryPolicy::attempts(3).backoff(Duration::from_secs(10), Duration::from_secs(60));
    orchestrator.register_with(Registration::new(orders).retry(retry).overlap(Overlap::CancelOther)).await?;

    let run = orchestrator.run_pipeline("orders-once").await?;
    let result = orchestrator.last_attempt(&run).await?;
    print!("{}", orchestrator.history(&RunQuery::new().limit(5)).await?);
    orchestrator.shutdown(Duration::from_secs(30)).await;
    result.success()?;
    Ok(())
}
