//! Two steps over numbers, as a loop and as a pipeline.

use std::future::ready;
use std::hint::black_box;

use godata_core::BoxError;
use godata_etl::{Pipeline, PipelineBuilder};

/// How many numbers each benchmark runs over.
pub const RECORDS: u64 = 4_000_000;

/// The input.
#[must_use]
pub fn numbers() -> Vec<u64> {
    (0..RECORDS).collect()
}

/// The two steps as a plain loop.
#[must_use]
pub fn plain_loop(numbers: &[u64]) -> Vec<u64> {
    numbers.iter().copied().filter(is_kept).map(changed).collect()
}

/// The two steps as a pipeline, over batches of 1,024 numbers.
///
/// # Errors
///
/// If the settings of the builder are not valid.
pub fn pipeline(builder: PipelineBuilder, numbers: Vec<u64>) -> Result<Pipeline, BoxError> {
    let flow = builder.read_vec(numbers).filter(is_kept).map(changed);
    Ok(flow.write_fn(|_, batch| {
        black_box(&batch);
        ready(Ok(()))
    })?)
}

fn is_kept(n: &u64) -> bool {
    !n.is_multiple_of(3)
}

fn changed(n: u64) -> u64 {
    n.wrapping_mul(31) ^ (n >> 7)
}
