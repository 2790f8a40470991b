//! JSON Lines to JSON Lines, dynamic, and a line that is broken.

use godata_io_json::{BoxError, Input, Output, Pipeline, RunContext, jsonl};

fn main() -> Result<(), BoxError> {
    let pipeline = |text| {
        Pipeline::builder("orders")
            .read(jsonl::read_records(Input::bytes("orders.jsonl", text)))
            .try_filter(|order| Ok(order.f64("amount")? > 50.0))
            .write(jsonl::write(Output::stdout()))
    };
    let report = pipeline("{\"id\":1,\"amount\":100.50}\n{\"id\":2,\"amount\":20}\n")?.run_blocking(&RunContext::new())?;
    println!("{} of {}", report.written.records, report.read.records);
    println!("{:?}", pipeline("{\"id\":1,\n")?.run_blocking(&RunContext::new()).unwrap_err());
    Ok(())
}
