//! Compares godata with DuckDB, Polars and a program written by hand: whole processes, in rounds.
//!
//! The speed of a shared machine drifts. So figures are only compared within a round, and the table shows the
//! medians of these ratios. Before the first round each program runs once, and the outputs are compared.

mod agree;
mod cases;
mod inputs;
mod machine;
mod measure;
mod options;
mod programs;
mod table;

use std::fs;
use std::path::Path;

use godata_core::BoxError;

use self::agree::same_records;
use self::cases::{Case, Cases};
use self::inputs::Inputs;
pub(crate) use self::measure::{Usage, measure, print as print_usage};
use self::options::Options;
pub(crate) use self::programs::Programs;
use self::table::Table;
use crate::small;

/// Where outputs are written if it exists, so that the disk is not measured.
const MEMORY: &str = "/dev/shm";

/// Prints the comparison as Markdown.
pub(crate) fn run(args: &[&str]) -> Result<(), BoxError> {
    let options = Options::parse(args)?;
    fs::create_dir_all(&options.directory)?;
    let memory = Path::new(MEMORY);
    let outputs = tempfile::tempdir_in(if memory.is_dir() { memory } else { &options.directory })?;
    let output = outputs.path().join("out.jsonl");
    let programs = Programs::prepare(&options.directory)?;
    println!("{}", machine::description(&programs.versions)?);
    println!("* medians of {} rounds; whole processes, the start of Python included", options.rounds);

    let inputs = Inputs { directory: &options.directory };
    let cases = Cases { inputs, programs, output: output.clone(), is_quick: options.is_quick };
    for name in cases::NAMES.into_iter().filter(|name| options.has(name)) {
        let case = cases.open(name)?;
        warm_up(&case, &output)?;
        let rounds = (0..options.rounds).map(|_| round(&case, &output)).collect::<Result<_, _>>()?;
        println!("\n{}", Table { case: &case, rounds });
    }
    if options.has(small::NAME) {
        println!("\n{}", small::measure()?);
    }
    Ok(())
}

/// Runs each program once, and compares the outputs.
fn warm_up(case: &Case, output: &Path) -> Result<(), BoxError> {
    let first = output.with_file_name("first.jsonl");
    for (index, program) in case.programs.iter().enumerate() {
        eprintln!("{}: {}", case.name, program.name);
        measure(&program.command)?;
        if index == 0 {
            fs::rename(output, &first)?;
        } else if case.is_same_output {
            let same = same_records(&first, output);
            same.map_err(|error| format!("{}: {}: {error}", case.name, program.name))?;
        }
    }
    Ok(fs::remove_file(first)?)
}

/// Runs each program once, after removing its old output.
fn round(case: &Case, output: &Path) -> Result<Vec<Usage>, BoxError> {
    let mut usages = Vec::with_capacity(case.programs.len());
    for program in &case.programs {
        if output.exists() {
            fs::remove_file(output)?;
        }
        usages.push(measure(&program.command)?);
    }
    Ok(usages)
}
