//! Measures the steps that compare records by key, beside DuckDB and Polars: whole processes, and all of them write CSV.

mod job;
mod table;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use godata_core::BoxError;

pub(crate) use self::job::run as run_one;
use crate::compare::{Programs, Usage, measure};

/// The memory that the operators may use when it is short, in MiB.
const SHORT: u64 = 200;
/// More than the inputs need.
const AMPLE: u64 = 16_384;

/// How many times a case is run; the table has the medians.
const ROUNDS: usize = 3;

/// Prints the tables as Markdown.
pub(crate) fn measure_all(directory: &Path, is_quick: bool) -> Result<(), BoxError> {
    fs::create_dir_all(directory)?;
    let divisor = if is_quick { 20 } else { 1 };
    let programs = Programs::prepare(directory)?;
    let rows = 16_000_000 / divisor;
    let inputs = Inputs::prepare(directory, rows)?;
    println!("{}", programs.description()?);
    let short = SHORT / divisor;
    println!("\n### {rows} rows with unique keys, {short} MiB of memory\n\n{}", table::HEAD);
    for name in ["sort", "group", "distinct", "dedupe", "join"] {
        print_case(&programs, &inputs.wide, &inputs.table, name, short, &["duckdb"])?;
    }
    let rows = 20_000_000 / divisor;
    let narrow = inputs.narrow(rows)?;
    println!("\n### {rows} narrow rows, memory to spare\n\n{}", table::HEAD);
    for name in ["groups", "sort"] {
        print_case(&programs, &narrow, &inputs.table, name, AMPLE, &["polars", "duckdb"])?;
    }
    Ok(())
}

/// The generated files.
struct Inputs {
    directory: PathBuf,
    wide: PathBuf,
    table: PathBuf,
}

impl Inputs {
    fn prepare(directory: &Path, rows: u64) -> Result<Self, BoxError> {
        let inputs = Self {
            wide: directory.join(format!("keyed-{rows}.csv")),
            table: directory.join(format!("table-{rows}.csv")),
            directory: directory.to_owned(),
        };
        generate(&inputs.wide, rows, "key,number,amount,text", |out, row| {
            let key = scattered(row);
            write!(out, "K-{key:020},{},{}.{:02},", row % 1_000_000, key % 1_000, key % 100)?;
            writeln!(out, "{key:x}{key:x} some text that makes the rows as wide as those of a usual file")
        })?;
        generate(&inputs.table, rows, "key,name", |out, row| {
            writeln!(out, "K-{:020},the name of customer {row}", scattered(row * 2))
        })?;
        Ok(inputs)
    }

    fn narrow(&self, rows: u64) -> Result<PathBuf, BoxError> {
        let path = self.directory.join(format!("narrow-keyed-{rows}.csv"));
        generate(&path, rows, "key,number,amount", |out, row| {
            let key = scattered(row);
            writeln!(out, "{},{},{}.{:02}", key % 1_000_000_007, key % 10_000, key % 1_000, key % 100)
        })?;
        Ok(path)
    }
}

/// A number that no other row has, in no order.
fn scattered(row: u64) -> u64 {
    row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1
}

fn generate(
    path: &Path,
    rows: u64,
    header: &str,
    row: impl Fn(&mut BufWriter<File>, u64) -> std::io::Result<()>,
) -> Result<(), BoxError> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_extension("part");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
    writeln!(out, "{header}")?;
    (0..rows).try_for_each(|number| row(&mut out, number))?;
    out.flush()?;
    Ok(fs::rename(unfinished, path)?)
}

/// Measures one operator in all programs, and prints a line for each.
fn print_case(
    programs: &Programs,
    input: &Path,
    table: &Path,
    name: &str,
    mib: u64,
    peers: &[&str],
) -> Result<(), BoxError> {
    let arguments =
        [name.to_owned(), input.display().to_string(), table.display().to_string(), mib.to_string()];
    let mut commands = vec![("godata", programs.own("operator", &arguments))];
    commands.extend(peers.iter().map(|&peer| (peer, programs.peer(peer, &arguments))));
    let mut usages: Vec<Vec<Result<Usage, String>>> = vec![Vec::new(); commands.len()];
    for _ in 0..ROUNDS {
        for ((_, command), usages) in commands.iter().zip(&mut usages) {
            // What failed once is not repeated.
            if usages.iter().all(Result::is_ok) {
                usages.push(measure(command).map_err(|error| error.to_string()));
            }
        }
    }
    let mut text = String::new();
    for ((program, _), of) in commands.iter().zip(&usages) {
        writeln!(text, "{}", table::line(name, program, of, &usages[0]))?;
    }
    print!("{text}");
    Ok(())
}
