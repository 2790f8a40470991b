//! The cost of the engine per record over a plain loop, and of hooks that are not set.

use std::hint::black_box;
use std::time::Instant;

use godata_bench::{RECORDS, numbers, pipeline, plain_loop};
use godata_core::{BoxError, RunContext};
use godata_etl::{Pipeline, PipelineHook};

const ROUNDS: usize = 31;

struct Silent;

impl PipelineHook for Silent {}

/// Runs the loop and the pipelines in turn, round after round, so that a drifting machine favors none.
pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    let input = numbers();
    let one_worker = pipeline(Pipeline::builder("one").workers(1), numbers())?;
    let two_workers = pipeline(Pipeline::builder("two").workers(2), numbers())?;
    let hooked = pipeline(Pipeline::builder("hooked").workers(2).hook(Silent), numbers())?;
    let run = |pipeline: &Pipeline| -> Result<f64, BoxError> {
        let start = Instant::now();
        runtime.block_on(pipeline.run(&RunContext::new()))?;
        Ok(nanos_per_record(start))
    };

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(plain_loop(black_box(&input)));
        rounds.push([nanos_per_record(start), run(&one_worker)?, run(&two_workers)?, run(&hooked)?]);
    }
    let median =
        |f: fn(&[f64; 4]) -> f64| crate::quantile(&mut rounds.iter().map(f).collect::<Vec<_>>(), 0.5);
    println!("ns per record, medians of {ROUNDS} rounds over {RECORDS} records");
    println!("  plain loop                    {:6.2}", median(|round| round[0]));
    println!(
        "  pipeline, 1 worker            {:6.2}   over the loop {:6.2}",
        median(|r| r[1]),
        median(|r| r[1] - r[0])
    );
    println!(
        "  pipeline, 2 workers           {:6.2}   over the loop {:6.2}",
        median(|r| r[2]),
        median(|r| r[2] - r[0])
    );
    println!(
        "  2 workers and an empty hook   {:6.2}   over no hook  {:6.2}",
        median(|r| r[3]),
        median(|r| r[3] - r[2])
    );
    Ok(())
}

fn nanos_per_record(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9 / RECORDS as f64
}
