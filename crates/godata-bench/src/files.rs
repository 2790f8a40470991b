//! What many small files cost over one large one with the same rows.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    time::Instant,
};

use godata_core::{BoxError, RunContext};
use godata_etl::{Pipeline, Records};
use godata_io::Input;
use godata_io_csv as csv;

use crate::orders;

const FILES: u64 = 10_000;
const ROWS: u64 = 100;
const ROUNDS: usize = 15;

/// Reads the files and the one file in turn, round after round, so that a drifting machine does not favour one.
pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    let folder = tempfile::tempdir()?;
    let (many, one) = (folder.path().join("many"), folder.path().join("one.csv"));
    fs::create_dir(&many)?;
    for file in 0..FILES {
        write(&many.join(format!("{file:05}.csv")), file * ROWS..(file + 1) * ROWS)?;
    }
    write(&one, 0..FILES * ROWS)?;

    let (many, one) = (reading(Input::directory(many))?, reading(Input::path(one))?);
    let run = |pipeline: &Pipeline| -> Result<f64, BoxError> {
        let start = Instant::now();
        let report = runtime.block_on(pipeline.run(&RunContext::new()))?;
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(report.read.records, FILES * ROWS, "all rows are read");
        Ok(seconds)
    };
    // The first round finds the files not yet in memory.
    run(&many)?;
    run(&one)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push([run(&many)?, run(&one)?]);
    }
    let median =
        |f: fn(&[f64; 2]) -> f64| crate::quantile(&mut rounds.iter().map(f).collect::<Vec<_>>(), 0.5);
    println!("medians of {ROUNDS} rounds");
    println!("  {FILES} files of {ROWS} rows   {:6.1} ms", 1e3 * median(|round| round[0]));
    println!("  one file of all rows      {:6.1} ms", 1e3 * median(|round| round[1]));
    println!("  ratio                     {:6.2}", median(|round| round[0] / round[1]));
    Ok(())
}

fn write(path: &Path, numbers: std::ops::Range<u64>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(orders::HEADER)?;
    for number in numbers {
        orders::write(&mut file, number)?;
    }
    file.into_inner()?;
    Ok(())
}

fn reading(input: Input) -> Result<Pipeline, BoxError> {
    let flow = Pipeline::builder("files").workers(2).read(csv::read_records(input));
    Ok(flow.write_fn(async |_, _: Records| Ok(()))?)
}
