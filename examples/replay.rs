//! Adds the rows that a first run rejected, once the pipeline knows how to read them.
//!
//!     cargo run --example replay

use std::path::Path;

use godata::etl::Flow;
use godata::prelude::*;
use godata::{Limit, OnError, Output, csv, jsonl};

const ORDERS: &str = "id,amount\n1,12.50\n2,\"1,250.00\"\n3,7.00\n4,unknown\n";

/// The pipeline as it was first, or as it is now, with commas in amounts.
fn orders(input: Input, bad_rows: &Path, reads_commas: bool) -> Flow<Records> {
    Pipeline::builder("orders")
        .on_error(OnError::dead_letter(jsonl::write(bad_rows), Limit::records(10)))
        .read(csv::read_records(input))
        .transform(move |order| {
            if reads_commas {
                let amount = order.str("amount").unwrap_or_default().replace(',', "");
                order.set("amount", amount);
            }
            Ok(())
        })
        .cast("amount", Type::Float)
}

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let (bad, still_bad) = (folder.path().join("bad.jsonl"), folder.path().join("still_bad.jsonl"));
    let good = folder.path().join("good.csv");
    let cx = RunContext::new();

    let input = Input::bytes("orders.csv", ORDERS);
    let report = orders(input, &bad, false).write(csv::write(&good))?.run_blocking(&cx)?;
    println!("{} written, {} rejected", report.written.records, report.rejected());

    let input = godata::dead_letters(&*bad)?.input()?;
    let pipeline = orders(input, &still_bad, true).write(csv::write(Output::path(&good).append()))?;
    let report = pipeline.run_blocking(&cx)?;
    println!("{} more written, {} rejected again", report.written.records, report.rejected());
    for rejected in &report.rejections {
        println!("{rejected}: {}", rejected.error);
    }
    // Otherwise the next replay would add the rows again.
    std::fs::remove_file(&bad)?;
    print!("{}", std::fs::read_to_string(&good)?);
    Ok(())
}
