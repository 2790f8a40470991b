//! Runs several jobs at the same time, stops one of them, and prints how each ended.
//!
//!     cargo run -p full-examples --example run_concurrently

use std::time::Duration;

use godata::prelude::*;
use godata::runner::Runner;

fn copy(name: &str, records: u64) -> Result<Pipeline, BoxError> {
    let numbers = Pipeline::builder(name).read_iter(move |_cx| 0..records);
    Ok(numbers.filter(|n| n % 2 == 0).write_fn(|_cx, _numbers| async { Ok(()) })?)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let runner = Runner::new();

    // A pipeline is a job; so is a closure.
    let small = runner.start(copy("small", 1_000)?)?;
    let large = runner.start(copy("large", 1_000_000)?)?;
    let broken = runner.start(job_fn("broken", |_cx| async { Err("no such table".into()) }))?;
    let endless = runner.start(job_fn("endless", |cx: RunContext| async move {
        cx.canceled().await;
        Ok(cx.check()?)
    }))?;
    runner.stop(endless.id())?;

    for run in [small, large, broken, endless] {
        let result = run.finished().await;
        let error = result.error.map_or(String::new(), |error| format!(": {error}"));
        println!("{} {}, {} records{error}", result.job_name, result.status, result.counts.records_written);
    }

    let late = runner.start(job_fn("late", |_cx| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(())
    }))?;
    let report = runner.shutdown(Duration::from_secs(10)).await;
    println!("shut down: {} run was left, and it {}", report.runs.len(), late.result().status);
    Ok(())
}
