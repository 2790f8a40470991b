//! Converts a CSV file of orders to JSON Lines: keeps paid orders, makes `amount` a number and adds `gross`.
//!
//!     cargo run --release --example orders_cleanup [INPUT] [OUTPUT] [WORKERS]
//!
//! Without arguments it reads `examples/data/orders.csv` and writes `orders_paid.jsonl` to the current folder. The input
//! needs the columns `amount` and `status` and may have others. `WORKERS` defaults to the number of cores. On a terminal,
//! a run shows its progress after one second.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use godata::Progress;
use godata::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let input = args.next().unwrap_or_else(|| "examples/data/orders.csv".to_owned());
    let output = args.next().unwrap_or_else(|| "orders_paid.jsonl".to_owned());
    let workers = args.next();
    match cleanup(&input, &output, workers.as_deref()).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn cleanup(input: &str, output: &str, workers: Option<&str>) -> Result<RunReport, BoxError> {
    let mut builder = Pipeline::builder("orders-cleanup");
    if let Some(workers) = workers {
        let workers = workers.parse().map_err(|_| format!("`{workers}` is not a number of workers"))?;
        builder = builder.workers(workers);
    }
    let pipeline = builder
        .read(csv::read_records(input))
        .try_filter(|r| Ok(r.text("status")? == "paid"))
        .cast("amount", Type::Float)
        .derive("gross", |r| Ok(r.f64("amount")? * 1.19))
        .write(jsonl::write(output))?;

    let cx = RunContext::new();
    let display = tokio::spawn(show_progress(cx.progress().clone()));
    let report = pipeline.run(&cx).await;
    display.abort();
    Ok(report?)
}

/// Draws a progress bar after one second. Without a terminal, nothing is drawn.
async fn show_progress(progress: Progress) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let bar = ProgressBar::new(progress.bytes_expected().unwrap_or_default())
        .with_style(
            ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}").expect("a valid template"),
        )
        .with_finish(indicatif::ProgressFinish::AndClear);
    loop {
        bar.set_position(progress.bytes_read());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
