//! Jobs that are not examples, written with the public API.

use std::path::Path;

use godata::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    order_id: String,
    amount: f64,
    status: String,
}

#[derive(Serialize)]
struct Paid {
    order_id: String,
    amount: f64,
    status: String,
    gross: f64,
}

/// The headline job with structs that own their text.
pub(crate) fn typed(input: &Path, output: &Path) -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("orders-cleanup")
        .read(csv::read::<Order>(input))
        .filter(|order| order.status == "paid")
        .map(|Order { order_id, amount, status }| Paid { order_id, amount, status, gross: amount * 1.19 })
        .write(jsonl::write(output))?;
    pipeline.run_blocking(&RunContext::new())?;
    Ok(())
}

/// Reads JSON Lines and writes the paid orders.
pub(crate) fn json_lines(input: &Path, output: &Path) -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("paid-orders")
        .read(jsonl::read_records(input))
        .filter(|r| r.str("status") == Some("paid"))
        .write(jsonl::write(output))?;
    pipeline.run_blocking(&RunContext::new())?;
    Ok(())
}
