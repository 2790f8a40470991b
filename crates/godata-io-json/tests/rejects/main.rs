//! Records that are left out: which they are, where they were, and what becomes of the others.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod kinds;
mod output;
mod places;
mod replay;
mod structure;
mod syntax;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use godata_io_json::etl::{
    Batch, Flow, Limit, OnError, PipelineHook, PipelineInfo, Reader, Records, Rejected, RunContext,
};
use godata_io_json::{Pipeline, PipelineError};
use serde_json::Value;

type Typed = BTreeMap<String, i64>;

/// Remembers each rejected record.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Rejected>>>);

impl PipelineHook for Seen {
    fn on_reject(&self, _: &RunContext, _: &PipelineInfo, rejected: &Rejected) {
        self.0.lock().unwrap().push(rejected.clone());
    }
}

/// The records that are left of a flow without bad records, and the rejected ones.
type Split<T> = (Vec<T>, Vec<Rejected>);

/// Runs a flow that begins with this reader.
fn try_split<B: Batch, T: Send + 'static>(
    reader: impl Reader<Batch = B>,
    workers: usize,
    steps: impl FnOnce(Flow<B>) -> Flow<Vec<T>>,
) -> Result<Split<T>, PipelineError> {
    let (seen, kept) = (Seen::default(), Arc::new(Mutex::new(Vec::new())));
    let into = Arc::clone(&kept);
    let flow = Pipeline::builder("t")
        .workers(workers)
        .hook(seen.clone())
        .on_error(OnError::skip(Limit::unlimited()))
        .read(reader);
    let pipeline = steps(flow).write_fn(move |_, records| {
        into.lock().unwrap().extend(records);
        async { Ok(()) }
    });
    pipeline.unwrap().run_blocking(&RunContext::new())?;
    let (kept, seen) = (std::mem::take(&mut *kept.lock().unwrap()), seen.0.lock().unwrap().clone());
    Ok((kept, seen))
}

fn split<T: Send + 'static>(reader: impl Reader<Batch = Vec<T>>, workers: usize) -> Split<T> {
    try_split(reader, workers, |flow| flow).unwrap()
}

fn values(flow: Flow<Records>) -> Flow<Vec<Value>> {
    flow.map(|record| serde_json::to_value(record.to_record()).unwrap())
}
