//! Reads all gzip files that a pattern matches, and writes one zstd file per country.
//!
//!     cargo run -p full-examples --example many_files
//!
//! It creates its input in a temporary folder: one compressed CSV file of orders per month.

use std::fs;

use godata::prelude::*;

const MONTHS: [(&str, &str); 3] = [
    ("01", "id,country,status\nA-1,DE,paid\nA-2,FR,open\n"),
    ("02", "id,country,status\nA-3,FR,paid\nA-4,,paid\n"),
    ("03", "id,country,status\nA-5,DE,paid\n"),
];

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().display();
    for (month, orders) in MONTHS {
        Pipeline::builder("month")
            .read(csv::read_records(Input::bytes(month, orders)))
            .write(csv::write(format!("{root}/orders-{month}.csv.gz")))?
            .run_blocking(&RunContext::new())?;
    }

    let output = Output::partitioned(format!("{root}/paid/country={{country}}/orders.csv.zst"));
    let report = Pipeline::builder("many-files")
        .read(csv::read_records(Input::glob(format!("{root}/orders-*.csv.gz"))).nulls([""]))
        .filter(|r| r.str("status") == Some("paid"))
        .write(csv::write(output.create_parents()))?
        .run_blocking(&RunContext::new())?;
    println!("{} of {} orders are paid", report.written.records, report.read.records);

    let mut countries = fs::read_dir(folder.path().join("paid"))?.collect::<Result<Vec<_>, _>>()?;
    countries.sort_by_key(fs::DirEntry::file_name);
    for country in countries {
        println!("{}/orders.csv.zst:", country.file_name().display());
        Pipeline::builder("print")
            .read(csv::read_records(country.path().join("orders.csv.zst")))
            .write(csv::write(Output::stdout()))?
            .run_blocking(&RunContext::new())?;
    }
    Ok(())
}
