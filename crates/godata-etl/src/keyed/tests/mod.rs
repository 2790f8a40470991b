//! The steps against a model, with any memory and any number of workers.

mod dedupe;
mod fields;
mod formats;
mod group;
mod join;
mod many_groups;
mod many_matches;
mod numbers;
mod sort;
mod stored;
mod table;

use proptest::prelude::*;

use crate::keyed::Memory;
use crate::{Flow, Pipeline, PipelineError, Record, Records, record};

/// A record with a key that others have too, and the number that says where it was in the input.
type Row = (Option<String>, i64, u64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let name = prop::option::of(prop_oneof![4 => "[a-c]", 1 => "[ab\0]{0,2}", 1 => "[a-z]{30,60}"]);
    prop::collection::vec((name, -3..4_i64), 0..200)
        .prop_map(|rows| rows.into_iter().enumerate().map(|(i, (name, n))| (name, n, i as u64)).collect())
}

fn memories() -> impl Strategy<Value = Memory> {
    prop_oneof![Just(1), Just(500), Just(3_000), Just(1 << 20), Just(1 << 40)].prop_map(Memory::of_bytes)
}

/// How a run is cut into batches and done.
#[derive(Clone, Debug)]
struct How {
    memory: Memory,
    workers: usize,
    batch: usize,
}

fn how() -> impl Strategy<Value = How> {
    (memories(), 1..9_usize, 1..50_usize).prop_map(|(memory, workers, batch)| How { memory, workers, batch })
}

fn typed(rows: &[Row], how: &How) -> Flow<Vec<Row>> {
    let batches: Vec<Vec<Row>> = rows.chunks(how.batch).map(<[Row]>::to_vec).collect();
    Pipeline::builder("test").workers(how.workers).read_iter(move |_| batches.clone()).flat_map(|batch| batch)
}

fn as_record((name, n, i): &Row) -> Record {
    record! {"name" => name.clone(), "n" => *n, "i" => *i}
}

fn dynamic(rows: &[Row], how: &How) -> Flow<Records> {
    typed(rows, how).map(|row| as_record(&row)).untyped()
}

fn run<T: Send + 'static>(flow: Flow<Vec<T>>) -> Result<Vec<T>, PipelineError> {
    block_on(flow.collect(u64::MAX))
}

fn run_records(flow: Flow<Records>) -> Result<Vec<Record>, PipelineError> {
    block_on(flow.collect(u64::MAX))
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Null is last.
fn nulls_last(name: &Option<String>) -> (bool, Option<String>) {
    (name.is_none(), name.clone())
}

fn spilled() -> Memory {
    Memory::of_bytes(1)
}
