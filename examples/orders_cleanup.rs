//! Converts a CSV file of orders to JSON Lines: keeps paid orders, makes `amount` a number and adds `gross`.
//!
//!     cargo run --release --example orders_cleanup [INPUT] [OUTPUT] [WORKERS]
//!
//! Without arguments it reads `examples/data/orders.csv` and writes `orders_paid.jsonl` to the current folder. The input
//! needs the columns `amount` and `status` and may have others. `WORKERS` defaults to the number of cores. On a terminal,
//! a run shows its progress every second.

use std::env;
use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use godata::Progress;
use godata::prelude::*;

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let input = args.next().unwrap_or_else(|| "examples/data/orders.csv".to_owned());
    let output = args.next().unwrap_or_else(|| "orders_paid.jsonl".to_owned());
    let workers = args.next();
    match cleanup(&input, &output, workers.as_deref()) {
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

fn cleanup(input: &str, output: &str, workers: Option<&str>) -> Result<RunReport, BoxError> {
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
    let (running, ended) = channel();
    thread::scope(|scope| {
        let progress = cx.progress();
        scope.spawn(move || show_progress(progress, &ended));
        let report = pipeline.run_blocking(&cx);
        drop(running);
        Ok(report?)
    })
}

/// Prints the progress to a terminal once a second, until the run has ended.
fn show_progress(progress: &Progress, ended: &Receiver<()>) {
    while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        if stderr().is_terminal() {
            let percent = progress.bytes_read() * 100 / progress.bytes_expected().unwrap_or_default().max(1);
            eprintln!("{percent:3} % are read");
        }
    }
}
