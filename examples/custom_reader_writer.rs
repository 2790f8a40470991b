//! Your own reader and writer. The writer makes a Markdown table: it formats each batch on the worker that produced it,
//! and prints the table only if the whole run succeeds.
//!
//!     cargo run --example custom_reader_writer

use std::fmt::Write as _;

use godata::prelude::*;
use godata::{Chunk, Origin, Reader, RunScope, Sink, Source, Stop, Unit, Work, Writer};

/// Reads the powers of two in batches of three.
struct Powers {
    up_to: u32,
}

impl Reader for Powers {
    type Batch = Vec<(u32, u64)>;
    type Source = PowersSource;

    async fn open(&self, _scope: &RunScope) -> Result<PowersSource, BoxError> {
        Ok(PowersSource { exponents: (0..=self.up_to).collect() })
    }
}

struct PowersSource {
    exponents: Vec<u32>,
}

impl Source for PowersSource {
    type Batch = Vec<(u32, u64)>;

    async fn next(&mut self) -> Result<Option<Unit<Self::Batch>>, BoxError> {
        let exponents: Vec<u32> = self.exponents.drain(..self.exponents.len().min(3)).collect();
        let Some(&first) = exponents.first() else { return Ok(None) };
        // Slow work belongs in the unit, which runs on a worker.
        Ok(Some(Unit::new(move |_| {
            let batch = exponents.into_iter().map(|exponent| (exponent, 1 << exponent)).collect();
            Ok(Chunk::new(batch, Origin::new(u64::from(first) + 1)))
        })))
    }
}

/// Writes a table with these two headings.
struct MarkdownTable(&'static str, &'static str);

impl Writer<Vec<(u32, u64)>> for MarkdownTable {
    type Encoded = String;
    type Sink = Table;

    async fn open(&self, _scope: &RunScope) -> Result<Table, BoxError> {
        Ok(Table(format!("| {} | {} |\n|---|---|\n", self.0, self.1)))
    }

    fn encode(&self, chunk: Chunk<Vec<(u32, u64)>>, _work: &mut Work) -> Result<String, Stop> {
        let mut rows = String::new();
        for (left, right) in chunk.into_batch() {
            writeln!(rows, "| {left} | {right} |")?;
        }
        Ok(rows)
    }
}

struct Table(String);

impl Sink<String> for Table {
    async fn write(&mut self, rows: String) -> Result<(), BoxError> {
        self.0.push_str(&rows);
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        print!("{}", self.0);
        Ok(())
    }
}

fn main() -> Result<(), BoxError> {
    let pipeline = Pipeline::builder("powers")
        .read(Powers { up_to: 10 })
        .filter(|(exponent, _)| exponent % 2 == 0)
        .write(MarkdownTable("n", "2^n"))?;
    pipeline.run_blocking(&RunContext::new())?;
    Ok(())
}
