//! Every name at the root beside the standard library's, and an orchestrator in a line.

use std::time::Duration;

use godata::prelude::*;
use godata::scheduler::every;
#[allow(unused_imports, reason = "a glob must not shadow what programs name")]
use godata::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    schedule: AnySchedule,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!("{}", core::mem::size_of::<u64>());
    let config = Config { schedule: AnySchedule::new(every(Duration::from_secs(300))?) };
    let orders = Pipeline::builder("orders")
        .read(csv::read_records(Input::bytes("orders.csv", "id,status\nA-1,paid\nA-2,open\n")))
        .try_filter(|order| Ok(order.text("status")? == "paid"))
        .write(jsonl::write(Output::stdout()))?;

    let orchestrator = godata::in_memory();
    orchestrator.register_with(Registration::new(orders).schedule(config.schedule)).await?;
    let result = orchestrator.run_pipeline("orders").await?.done().await?.success()?;
    println!("{} of {}", result.counts.records_written, result.counts.records_read);
    println!("{:?}", orchestrator.run_pipeline("order").await.unwrap_err());
    orchestrator.shutdown(Duration::from_secs(30)).await;
    Ok(())
}
