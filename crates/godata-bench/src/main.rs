//! Measurements that are no benchmark of a function: `cargo run --release -p godata-bench -- NAME`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it measured")]

mod overhead;
mod runner;
mod timers;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let result = match env::args().nth(1).as_deref() {
        Some("overhead") => overhead::measure(),
        Some("runner") => runner::measure(),
        Some("timers") => timers::measure(),
        _ => Err("usage: godata-bench overhead | runner | timers".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The value that a share of the others is below: `0.5` for the median.
fn quantile<T: Copy + PartialOrd>(values: &mut [T], share: f64) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("measured values compare"));
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// A runtime with two worker threads.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
