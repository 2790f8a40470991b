//! A pipeline over closures and structs, with an error that names its record.

use godata_etl::{BoxError, Pipeline, RunContext};
use serde::Serialize;

#[derive(Clone, Serialize)]
struct Order {
    id: u32,
    amount: f64,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let orders = |amount| vec![Order { id: 1, amount: 100.0 }, Order { id: 2, amount }];
    let build = |amount| {
        Pipeline::builder("orders")
            .read_vec(orders(amount))
            .try_filter(|order| if order.amount < 0.0 { Err("negative".into()) } else { Ok(order.amount > 50.0) })
            .untyped()
            .derive("gross", |order| Ok(order.f64("amount")? * 1.19))
            .write_fn(|_cx, orders| async move {
                for row in 0..orders.len() {
                    println!("{:?}", orders.row(row).map(|order| order.f64("gross")));
                }
                Ok(())
            })
    };
    let report = build(20.0)?.run(&RunContext::new()).await?;
    println!("{} of {}", report.written.records, report.read.records);
    println!("{:?}", build(-1.0)?.run(&RunContext::new()).await.unwrap_err());
    Ok(())
}
