//! Structs instead of dynamic records, and steps that change the type of the records.
//!
//!     cargo run --example etl_typed

use godata::prelude::*;
use serde::{Deserialize, Serialize};

/// A row of the input. Columns without a field are ignored.
#[derive(Deserialize)]
struct Order {
    order_id: String,
    customer: String,
    amount: f64,
    status: Status,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Paid,
    Pending,
    Refunded,
}

/// What a customer paid in one order, and the running total of all orders.
#[derive(Serialize)]
struct Paid {
    order_id: String,
    customer: String,
    gross: f64,
    total: f64,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("orders-typed")
        .read(csv::read::<Order>("examples/data/orders.csv"))
        .filter(|order| order.status == Status::Paid)
        // From here on the records are `Paid`.
        .map(|order| Paid {
            order_id: order.order_id,
            customer: order.customer,
            gross: order.amount * 1.19,
            total: 0.0,
        })
        // `scan` keeps state between records: here a running total, in the order of the file.
        .scan(0.0, |total, paid| {
            *total += paid.gross;
            Ok(Some(Paid { total: *total, ..paid }))
        })
        .take(5)
        // From here on they are lines of text.
        .try_map(|paid| Ok(serde_json::to_string(&paid)?))
        .write_fn(|_cx, lines| async move {
            println!("{}", lines.join("\n"));
            Ok(())
        })?;

    pipeline.run(&RunContext::new()).await?;
    Ok(())
}
