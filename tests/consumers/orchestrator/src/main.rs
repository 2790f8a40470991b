//! A job on a schedule of its own kind, with retries and its history.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use godata_orchestrator::time::UtcDateTime;
use godata_orchestrator::{
    BoxError, MemoryStore, Orchestrator, Registration, RetryPolicy, RunQuery, RunStatus, Schedule, job_fn,
};
use godata_runner::Runner;

/// At the start of each Unix day.
#[derive(Debug)]
struct EachDay;

impl Schedule for EachDay {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        after.truncate_to_day().checked_add(godata_orchestrator::time::Duration::DAY)
    }

    fn spec(&self) -> String {
        "each day".into()
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let flaky = job_fn("flaky", move |_cx| {
        let attempt = counted.fetch_add(1, Ordering::Relaxed) + 1;
        async move { if attempt < 3 { Err("connection reset".into()) } else { Ok(()) } }
    });
    let retry = RetryPolicy::attempts(3).backoff(Duration::ZERO, Duration::ZERO);
    orchestrator.register_with(Registration::new(flaky).schedule(EachDay).retry(retry)).await?;
    orchestrator.start_scheduler().await?;
    println!("{}", orchestrator.upcoming("flaky", 2).await?.len());

    let mut events = orchestrator.events();
    let first = orchestrator.run_pipeline("flaky").await?.done().await?;
    println!("first: {}", first.status);
    while tries.load(Ordering::Relaxed) < 3 {
        events.next().await;
    }
    orchestrator.shutdown(Duration::from_secs(30)).await;
    let runs = orchestrator.store().clone();
    let runs = godata_orchestrator::Store::list_runs(&runs, &RunQuery::new()).await?;
    let count = |status| runs.iter().filter(|run| run.status == status).count();
    println!("{} failed, {} succeeded", count(RunStatus::Failed), count(RunStatus::Succeeded));
    Ok(())
}
