//! The memory that a run over a large gzip file needs.

use std::fs;
use std::fs::File;
use std::io;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use godata_core::{BoxError, RunContext};
use godata_etl::{Pipeline, Records};
use godata_io_csv as csv;

use crate::orders;

/// The least size of the decompressed file, in bytes.
const LEN: u64 = 2 << 30;

/// Writes the file, reads it, and prints the peak memory of this process.
pub(crate) fn measure() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("orders.csv.gz");
    let (rows, len) = write(&path)?;
    let before = peak_resident_kib()?;

    let runtime = crate::runtime()?;
    let flow = Pipeline::builder("gzip").workers(2).read(csv::read_records(&path));
    let pipeline = flow.filter(|r| r.str("status") == Some("paid")).write_fn(async |_, _: Records| Ok(()))?;
    let start = Instant::now();
    let report = runtime.block_on(pipeline.run(&RunContext::new()))?;
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(report.read.records, rows, "all rows are read");

    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!("{rows} rows, {:.0} MiB, {:.0} MiB compressed", mib(len), mib(fs::metadata(&path)?.len()));
    println!("  read in {seconds:.1} s, {:.0} MiB/s decompressed", mib(len) / seconds);
    println!("  peak resident memory {:.1} MiB", mib(peak_resident_kib()? << 10));
    println!("  of which before the run {:.1} MiB", mib(before << 10));
    Ok(())
}

/// The rows of the file, and its bytes when decompressed.
fn write(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::fast());
    let mut rows = orders::HEADER.to_vec();
    let (mut number, mut len) = (0, 0);
    while len < LEN {
        while rows.len() < 64 << 10 {
            orders::write(&mut rows, number)?;
            number += 1;
        }
        file.write_all(&rows)?;
        len += rows.len() as u64;
        rows.clear();
    }
    file.finish()?.into_inner()?;
    Ok((number, len))
}

/// The peak resident memory of this process, as Linux counts it.
fn peak_resident_kib() -> Result<u64, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib =
        line.and_then(|line| line.split_whitespace().nth(1)).ok_or("the system does not say the memory")?;
    Ok(kib.parse()?)
}
