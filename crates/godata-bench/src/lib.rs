//! The workload of the benchmarks: pipelines over numbers, and the plain loop that does the same.

mod workload;

pub use workload::{RECORDS, numbers, pipeline, plain_loop};
