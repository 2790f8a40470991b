//! Writes each order to one of two files, by its country, and all of them to a third. No file appears before all are
//! written completely.
//!
//!     cargo run --example route

use godata::prelude::*;
use godata::{route, tee};

const ORDERS: &str = "\
id,country,amount
1,DE,12.50
2,FR,3.00
3,DE,7.00
4,,8.25
";

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("orders.csv"), ORDERS)?;

    let is_german = |order: RecordRef<'_>| order.str("country") == Some("DE");
    let by_country = route(is_german, csv::write(path("de.csv")), jsonl::write(path("rest.jsonl")));
    let pipeline = Pipeline::builder("by country")
        .read(csv::read_records(path("orders.csv")))
        .write(tee(by_country, jsonl::write(path("all.jsonl"))))?;
    let report = pipeline.run_blocking(&RunContext::new())?;

    println!("{} orders", report.written.records);
    for name in ["de.csv", "rest.jsonl", "all.jsonl"] {
        print!("{name}:\n{}", std::fs::read_to_string(path(name))?);
    }
    Ok(())
}
