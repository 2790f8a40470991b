//! A pipeline made of closures that read, filter, transform and write.
//!
//!     cargo run --example etl_basic

use godata::prelude::*;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("orders-cleanup")
        .read_fn(|_cx| async {
            Ok(vec![
                record! {"order_id" => "A-1", "amount" => 100.0, "status" => "paid"},
                record! {"order_id" => "A-2", "amount" => 20.0, "status" => "pending"},
                record! {"order_id" => "A-3", "amount" => 50.0, "status" => "paid"},
            ])
        })
        .filter(|order| order.str("status") == Some("paid"))
        .transform(|order| {
            order.set("gross", order.f64("amount")? * 1.19);
            Ok(())
        })
        .write_fn(|_cx, orders| async move {
            for order in orders {
                println!("{}", serde_json::to_string(&order)?);
            }
            Ok(())
        })?;

    let report = pipeline.run(&RunContext::new()).await?;
    println!("read {}, wrote {}", report.read.records, report.written.records);
    Ok(())
}
