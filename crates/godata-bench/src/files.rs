//! The cost of many small files, compared with one large file of the same rows and with a bare loop that opens and reads them.

use std::fs;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use godata_core::{BoxError, RunContext};
use godata_etl::{Pipeline, Records};
use godata_io::Input;
use godata_io_csv as csv;

use crate::orders;

const FILES: u64 = 10_000;
const ROWS: u64 = 100;
const ROUNDS: usize = 15;

/// Reads the files and the one file in turn, round after round, so that a drifting machine favors none.
pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    let folder = tempfile::tempdir()?;
    let (many, one) = (folder.path().join("many"), folder.path().join("one.csv"));
    fs::create_dir(&many)?;
    for file in 0..FILES {
        write(&many.join(format!("{file:05}.csv")), file * ROWS..(file + 1) * ROWS)?;
    }
    write(&one, 0..FILES * ROWS)?;

    let paths: Vec<_> = (0..FILES).map(|file| many.join(format!("{file:05}.csv"))).collect();
    let (many, one) = (reading(Input::directory(many))?, reading(Input::path(one))?);
    let run = |pipeline: &Pipeline| -> Result<f64, BoxError> {
        let start = Instant::now();
        let report = runtime.block_on(pipeline.run(&RunContext::new()))?;
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(report.read.records, FILES * ROWS, "all rows are read");
        Ok(seconds)
    };
    // In the first round the files are not cached yet.
    run(&many)?;
    run(&one)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push([run(&many)?, run(&one)?, read_bare(&paths, 1)?, read_bare(&paths, 2)?]);
    }
    let median =
        |f: fn(&[f64; 4]) -> f64| crate::quantile(&mut rounds.iter().map(f).collect::<Vec<_>>(), 0.5);
    println!("medians of {ROUNDS} rounds");
    println!("  {FILES} files of {ROWS} rows   {:6.1} ms", 1e3 * median(|round| round[0]));
    println!("  one file of all rows      {:6.1} ms", 1e3 * median(|round| round[1]));
    println!("  ratio                     {:6.2}", median(|round| round[0] / round[1]));
    println!("the same files opened, read and closed by a bare loop");
    println!("  on one thread             {:6.1} ms", 1e3 * median(|round| round[2]));
    println!("  on two                    {:6.1} ms", 1e3 * median(|round| round[3]));
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

/// The seconds that the system needs for the files alone.
fn read_bare(paths: &[PathBuf], threads: usize) -> Result<f64, BoxError> {
    let start = Instant::now();
    thread::scope(|scope| {
        let parts = paths.chunks(paths.len().div_ceil(threads));
        let readers: Vec<_> = parts.map(|part| scope.spawn(|| read_all(part))).collect();
        readers.into_iter().try_for_each(|reader| reader.join().map_err(|_| "a thread has panicked")?)
    })?;
    Ok(start.elapsed().as_secs_f64())
}

fn read_all(paths: &[PathBuf]) -> Result<(), BoxError> {
    let mut buffer = Vec::new();
    for path in paths {
        buffer.clear();
        File::open(path)?.read_to_end(&mut buffer)?;
        black_box(&buffer);
    }
    Ok(())
}

fn reading(input: Input) -> Result<Pipeline, BoxError> {
    let flow = Pipeline::builder("files").workers(2).read(csv::read_records(input));
    Ok(flow.write_fn(async |_, _: Records| Ok(()))?)
}
