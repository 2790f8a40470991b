//! Measurements of whole programs: `cargo run --profile measured -p godata-bench -- NAME`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it measured")]

mod compare;
mod files;
mod generate;
mod gzip;
mod job;
mod limit;
mod operators;
mod orchestrator;
mod orders;
mod overhead;
mod runner;
mod schedules;
mod small;
mod store;
mod timers;

use std::env;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use godata_core::BoxError;

/// Rows that own their text allocate and free more than anything else. Polars and DuckDB bring an allocator for many
/// threads, too. The example `orders_cleanup` is measured with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: godata-bench overhead
       godata-bench files
       godata-bench gzip
       godata-bench operators [--quick] DIRECTORY
       godata-bench operator NAME INPUT TABLE MIB
       godata-bench orchestrator
       godata-bench runner
       godata-bench schedules
       godata-bench store
       godata-bench timers
       godata-bench opened STATE
       godata-bench generate {narrow|wide|jsonl} ROWS FILE
       godata-bench limit INPUT OUTPUT [--threads N]
       godata-bench job {typed|jsonl} INPUT OUTPUT
       godata-bench compare [--quick] [--rounds N] [--only CASE] [--dir DIRECTORY]
       godata-bench measure COMMAND [ARGUMENT...]";

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<(), BoxError> {
    match *args {
        ["overhead"] => overhead::measure(),
        ["files"] => files::measure(),
        ["gzip"] => gzip::measure(),
        ["operators", directory] => operators::measure_all(Path::new(directory), false),
        ["operators", "--quick", directory] => operators::measure_all(Path::new(directory), true),
        ["operator", name, input, table, mib] => {
            operators::run_one(name, Path::new(input), Path::new(table), mib.parse()?)
        }
        ["orchestrator"] => orchestrator::measure(),
        ["runner"] => runner::measure(),
        ["schedules"] => schedules::measure(),
        ["store"] => store::measure(),
        ["opened", state] => store::print_opened(Path::new(state)),
        ["timers"] => timers::measure(),
        ["generate", kind, rows, file] => {
            Ok(generate::generate(generate::Kind::named(kind)?, rows.parse()?, File::create(file)?)?)
        }
        ["limit", input, output] => {
            limit::run(Path::new(input), Path::new(output), std::thread::available_parallelism()?)
        }
        ["limit", input, output, "--threads", threads] => {
            limit::run(Path::new(input), Path::new(output), threads.parse()?)
        }
        ["job", "typed", input, output] => job::typed(Path::new(input), Path::new(output)),
        ["job", "jsonl", input, output] => job::json_lines(Path::new(input), Path::new(output)),
        ["compare", ref options @ ..] => compare::run(options),
        ["measure", ref command @ ..] => compare::print_usage(command),
        _ => Err(USAGE.into()),
    }
}

/// The quantile of the values: `0.5` for the median.
fn quantile<T: Copy + PartialOrd>(values: &mut [T], share: f64) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("measured values compare"));
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// A runtime with two worker threads.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
