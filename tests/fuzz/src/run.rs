//! Short runs.

use std::cell::RefCell;
use std::fs;
use std::future::ready;
use std::path::PathBuf;
use std::sync::mpsc;

use godata::etl::{Batch, ValueRef};
use godata::{Flow, Pipeline, Reader, Record, Records, RunContext, Writer, error_chain};
use serde_json::{Value, to_value};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Shared by all runs of a thread, because creating it takes longer than a run.
struct Place {
    runtime: Runtime,
    folder: TempDir,
}

thread_local! {
    static PLACE: RefCell<Place> = RefCell::new(Place {
        runtime: Builder::new_current_thread().build().expect("a runtime needs no more than memory"),
        folder: tempfile::tempdir().expect("a fuzz target can write files"),
    });
}

/// All batches that a reader reads, or the error with its causes.
pub(crate) fn read<R: Reader>(reader: R, workers: usize) -> Result<Vec<R::Batch>, String> {
    let (sender, receiver) = mpsc::channel();
    let flow = Pipeline::builder("read").workers(workers).read(reader);
    let pipeline =
        flow.write_fn(move |_, batch| ready(sender.send(batch).map_err(|_| "the receiver is there".into())));
    let pipeline = pipeline.expect("the pipeline is complete");
    let outcome = PLACE.with_borrow(|place| place.runtime.block_on(pipeline.run(&RunContext::new())));
    outcome.map_err(|error| error_chain(&error).to_string())?;
    Ok(receiver.try_iter().collect())
}

/// All values that a reader reads.
pub(crate) fn values<T, R: Reader<Batch = Vec<T>>>(reader: R, workers: usize) -> Result<Vec<T>, String> {
    Ok(read(reader, workers)?.into_iter().flatten().collect())
}

/// All records that a reader reads.
pub(crate) fn records<R: Reader<Batch = Records>>(reader: R, workers: usize) -> Result<Vec<Record>, String> {
    Ok(read(reader, workers)?.into_iter().flat_map(Records::into_records).collect())
}

/// All records that a reader reads, as JSON. The order of fields in a batch is that of its first records, so it depends on where
/// blocks are cut.
pub(crate) fn records_as_json<R>(reader: R, workers: usize) -> Result<Vec<Value>, String>
where
    R: Reader<Batch = Records>,
{
    Ok(records(reader, workers)?.iter().map(|record| object(record.iter())).collect())
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, ValueRef<'a>)>) -> Value {
    fields.map(|(name, value)| (name.to_owned(), json(value))).collect()
}

/// A number that no type of 64 bits has becomes the text of its digits.
fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::List(values) => values.iter().map(|value| json(value.as_ref())).collect(),
        ValueRef::Map(fields) => object(fields.iter().map(|(name, value)| (&**name, value.as_ref()))),
        value => to_value(value).unwrap_or_else(|_| Value::String(value.to_string())),
    }
}

/// Writes a flow to `path()`, and returns the bytes, or the error with its causes.
pub(crate) fn written<B: Batch, W: Writer<B>>(flow: Flow<B>, writer: W) -> Result<Vec<u8>, String> {
    let pipeline = flow.write(writer).expect("the pipeline is complete");
    let outcome = PLACE.with_borrow(|place| place.runtime.block_on(pipeline.run(&RunContext::new())));
    outcome.map_err(|error| error_chain(&error).to_string())?;
    Ok(fs::read(path()).expect("the run has written it"))
}

/// The paths of files with these contents.
pub(crate) fn files(contents: &[&[u8]]) -> Vec<PathBuf> {
    let write = |(number, content): (usize, &&[u8])| {
        let path = PLACE.with_borrow(|place| place.folder.path().join(format!("in-{number}")));
        fs::write(&path, content).expect("a fuzz target can write files");
        path
    };
    contents.iter().enumerate().map(write).collect()
}

/// The path of the output.
pub(crate) fn path() -> PathBuf {
    PLACE.with_borrow(|place| place.folder.path().join("file"))
}
