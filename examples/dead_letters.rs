//! Writes the good rows of a file, sets the broken ones aside with their reasons, and fails if there are too many.
//!
//!     cargo run --example dead_letters

use std::path::Path;

use godata::prelude::*;
use godata::{Limit, OnError, csv, jsonl};

const ORDERS: &str = "\
id,amount,note
1,12.50,first
2,twelve,no number
3,7.00
4,0.00,free
5,3.00,\"a quote that is not closed
6,1.25,last
";

fn cleanup(folder: &Path, limit: Limit) -> Result<RunReport, BoxError> {
    let bad_rows = jsonl::write(folder.join("bad.jsonl"));
    let pipeline = Pipeline::builder("orders")
        .on_error(OnError::dead_letter(bad_rows, limit))
        .read(csv::read_records(folder.join("orders.csv")))
        .cast("amount", Type::Float)
        .expect("the amount is positive", |order| order.f64("amount").is_ok_and(|amount| amount > 0.0))
        .write(csv::write(folder.join("good.csv")))?;
    Ok(pipeline.run_blocking(&RunContext::new())?)
}

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("orders.csv"), ORDERS)?;

    let report = cleanup(folder.path(), Limit::records(10))?;
    println!("{} good rows, {} rejected", report.written.records, report.rejected());
    print!("{}", std::fs::read_to_string(folder.path().join("good.csv"))?);
    for letter in godata::dead_letters(folder.path().join("bad.jsonl"))?.iter() {
        let line = letter.line.unwrap_or_default();
        println!("line {line}, {}, {}: {}", letter.stage, letter.kind, letter.error);
    }

    // The files of the first run stay as they are.
    if let Err(error) = cleanup(folder.path(), Limit::records(2)) {
        println!("{error}");
    }
    Ok(())
}
