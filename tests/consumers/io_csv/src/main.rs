//! CSV to CSV, typed, and a wrong delimiter.

use godata_io_csv::{BoxError, Input, Output, Pipeline, RunContext};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    id: String,
    amount: f64,
}

fn main() -> Result<(), BoxError> {
    let pipeline = |text| {
        Pipeline::builder("orders")
            .read(godata_io_csv::read::<Order>(Input::bytes("orders.csv", text)))
            .filter(|order| order.amount > 50.0)
            .write(godata_io_csv::write(Output::stdout()))
    };
    let report = pipeline("id,amount\nA-1,100.5\nA-2,20\n")?.run_blocking(&RunContext::new())?;
    println!("{} of {}", report.written.records, report.read.records);
    println!("{:?}", pipeline("id;amount\nA-1;100.5\n")?.run_blocking(&RunContext::new()).unwrap_err());
    Ok(())
}
