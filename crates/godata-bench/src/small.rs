//! The headline job over a few rows, inside a running program, from memory to memory.

use std::fmt;
use std::fmt::{Display, Formatter};
use std::future::ready;
use std::hint::black_box;
use std::time::{Duration, Instant};

use godata::prelude::*;

use crate::generate::{Kind, generate};

/// The name of this case on the command line.
pub(crate) const NAME: &str = "small";

/// Rows per run.
const ROWS: u64 = 100;

const RUNS: usize = 1_001;

/// The time of one run, including building its pipeline.
pub(crate) struct Small {
    median: Duration,
    p99: Duration,
}

impl Display for Small {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {NAME}: {ROWS} rows inside of a running program, from memory to memory\n")?;
        let [median, p99] = [self.median, self.p99].map(|time| time.as_secs_f64() * 1e3);
        write!(f, "Median of {RUNS} runs {median:.3} ms, p99 {p99:.3} ms.")
    }
}

/// Runs the job repeatedly.
pub(crate) fn measure() -> Result<Small, BoxError> {
    let mut orders = Vec::new();
    generate(Kind::Narrow, ROWS, &mut orders)?;
    let runtime = crate::runtime()?;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let orders = orders.clone();
        let start = Instant::now();
        runtime.block_on(async { job(orders)?.run(&RunContext::new()).await.map_err(BoxError::from) })?;
        times.push(start.elapsed());
    }
    Ok(Small { median: crate::quantile(&mut times, 0.5), p99: crate::quantile(&mut times, 0.99) })
}

fn job(orders: Vec<u8>) -> Result<Pipeline, BoxError> {
    let flow = Pipeline::builder("orders-cleanup")
        .read(csv::read_records(Input::bytes("orders", orders)))
        .filter(|r| r.str("status") == Some("paid"))
        .cast("amount", Type::Float)
        .derive("gross", |r| Ok(r.f64("amount")? * 1.19));
    Ok(flow.write_fn(|_, batch: Records| {
        black_box(batch);
        ready(Ok(()))
    })?)
}
