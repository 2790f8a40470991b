//! An asynchronous step: up to eight lookups are in flight, and the records keep their order.
//!
//!     cargo run --example etl_async

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use godata::prelude::*;

static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);
static MOST_IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

/// Stands in for a request to a service. Earlier requests take longer.
async fn rate_of(currency: &str, order: u64) -> Result<f64, BoxError> {
    MOST_IN_FLIGHT.fetch_max(IN_FLIGHT.fetch_add(1, SeqCst) + 1, SeqCst);
    tokio::time::sleep(Duration::from_millis(40 - 2 * order)).await;
    IN_FLIGHT.fetch_sub(1, SeqCst);
    match currency {
        "EUR" => Ok(1.0),
        "USD" => Ok(0.5),
        other => Err(format!("no rate for {other}").into()),
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("convert")
        .read_iter(|_cx| (0..20u64).map(|order| (order, if order % 2 == 0 { "EUR" } else { "USD" })))
        .map_async(Ordered(8), |(order, currency)| async move {
            let rate = rate_of(currency, order).await?;
            Ok(format!("order {order} in {currency}: rate {rate}"))
        })
        .write_fn(|_cx, lines| async move {
            println!("{}", lines.join("\n"));
            Ok(())
        })?;

    pipeline.run(&RunContext::new()).await?;
    println!("at most {} lookups were in flight", MOST_IN_FLIGHT.load(SeqCst));
    Ok(())
}
