//! Reads all gzip files that a pattern matches into one JSON Lines file.
//!
//!     cargo run --example many_files
//!
//! It makes its input in a temporary folder: one CSV file of orders per month, compressed.

use std::{fs, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use godata::prelude::*;

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    for (month, orders) in [("01", "A-1,paid\nA-2,open\n"), ("02", "A-3,paid\n"), ("03", "A-4,paid\n")] {
        write_gzip(&folder.path().join(format!("orders-{month}.csv.gz")), orders)?;
    }
    let output = folder.path().join("paid.jsonl");

    let pattern = folder.path().join("orders-*.csv.gz");
    let report = Pipeline::builder("many-files")
        .read(csv::read_records(Input::glob(pattern.display().to_string())))
        .filter(|r| r.str("status") == Some("paid"))
        .write(jsonl::write(&output))?
        .run_blocking(&RunContext::new())?;

    println!("{} of {} orders are paid:", report.written.records, report.read.records);
    print!("{}", fs::read_to_string(&output)?);
    Ok(())
}

fn write_gzip(path: &Path, orders: &str) -> Result<(), BoxError> {
    let mut file = GzEncoder::new(fs::File::create(path)?, Compression::default());
    write!(file, "id,status\n{orders}")?;
    file.finish()?;
    Ok(())
}
