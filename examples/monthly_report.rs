//! A messy monthly job. The columns of three files are in different orders, amounts are written as `1.234,50`, dates as
//! `31.01.2026`, and some rows are there twice. It writes the clean orders, and totals per region and month as CSV and as JSON
//! Lines, in one run. Rows that can't be read are set aside, each with its line and the reason.
//!
//!     cargo run --example monthly_report

use godata::csv::FileColumns;
use godata::prelude::*;

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);

    let files = Input::glob("examples/data/monthly/*.csv");
    let regions = csv::read_records("examples/data/regions.csv");
    let memory = Memory::mib(64);
    let pipeline = Pipeline::builder("monthly report")
        .on_error(OnError::dead_letter(jsonl::write(path("bad.jsonl")), Limit::records(10)))
        .read(csv::read_records(files).delimiter(b';').file_columns(FileColumns::AnyOrder))
        .trim("customer")
        .cast("amount", Cast::decimal().comma().thousands('.'))
        .cast("date", Cast::date("%d.%m.%Y"))
        .derive("month", |order| Ok(u8::from(order.date("date")?.month())))
        .dedupe_by("id", Keep::First, memory.clone())
        .lookup(regions, "customer", memory.clone())
        .fill_null("region", "unknown")
        .also_write(jsonl::write(path("orders.jsonl")))
        .group_by(["region", "month"], memory)
        .aggregate([agg::count().named("orders"), agg::sum("amount").named("total")])
        .write(tee(csv::write(path("totals.csv")), jsonl::write(path("totals.jsonl"))))?;
    // No file appears before all three are written completely.
    let report = pipeline.run_blocking(&RunContext::new())?;

    println!("{} totals, {} rows set aside:", report.written.records, report.rejected());
    for rejected in &report.rejections {
        println!("{rejected:#}");
    }
    for name in ["orders.jsonl", "totals.csv", "totals.jsonl"] {
        print!("\n{name}:\n{}", std::fs::read_to_string(path(name))?);
    }
    Ok(())
}
