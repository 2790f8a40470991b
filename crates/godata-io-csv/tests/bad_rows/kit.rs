//! Running pipelines that leave bad records out.

use std::sync::{Arc, Mutex};

use godata_etl::{
    Batch, BoxError, Chunk, Flow, Limit, OnError, Pipeline, PipelineHook, PipelineInfo, Record, Records,
    Rejected, RunContext, RunScope, Sink, Stop, Work, Writer, error_chain,
};
use godata_io_csv::{self as csv, CsvReader, Input};
use serde::de::DeserializeOwned;

/// A rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    /// The number of its record in the file, and its line.
    pub(crate) record: u64,
    pub(crate) line: u64,
    pub(crate) kind: &'static str,
    pub(crate) column: Option<String>,
    /// Where it begins in the text of the file, and its bytes, if they were kept.
    pub(crate) byte: Option<u64>,
    pub(crate) raw: Option<Vec<u8>>,
}

/// The records that were read, and the rejections.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome<T> {
    pub(crate) records: Vec<T>,
    pub(crate) bad: Vec<Bad>,
    pub(crate) messages: Vec<String>,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Vec<Bad>, Vec<String>)>>);

impl PipelineHook for Seen {
    fn on_reject(&self, _: &RunContext, _: &PipelineInfo, rejected: &Rejected) {
        let bad = Bad {
            record: rejected.place.record.unwrap(),
            line: rejected.place.line.unwrap(),
            kind: rejected.kind.as_str(),
            column: rejected.column.as_deref().map(str::to_owned),
            byte: rejected.place.byte,
            raw: rejected.raw.as_deref().map(<[u8]>::to_vec),
        };
        let mut seen = self.0.lock().unwrap();
        seen.0.push(bad);
        seen.1.push(error_chain(&*rejected.error).to_string());
    }
}

/// A batch whose records can be compared.
pub(crate) trait Rows: Batch {
    type Row: PartialEq + std::fmt::Debug;

    fn rows(self) -> Vec<Self::Row>;
}

impl Rows for Records {
    type Row = Record;

    fn rows(self) -> Vec<Record> {
        self.into_records()
    }
}

impl<T: DeserializeOwned + PartialEq + std::fmt::Debug + Send + 'static> Rows for Vec<T> {
    type Row = T;

    fn rows(self) -> Self {
        self
    }
}

/// Reads with any number of rejections.
pub(crate) fn skipping<B: Rows<Row: Send>>(reader: CsvReader<B>, workers: usize) -> Outcome<B::Row> {
    run(reader, workers, OnError::skip(Limit::unlimited()), |flow| flow)
}

/// The same with steps after the reader.
pub(crate) fn skipping_with_steps(
    reader: CsvReader<Records>,
    workers: usize,
    steps: impl FnOnce(Flow<Records>) -> Flow<Records>,
) -> Outcome<Record> {
    run(reader, workers, OnError::skip(Limit::unlimited()), steps)
}

/// The same with dead letters, which are returned as well.
pub(crate) fn with_letters<B: Rows<Row: Send>>(
    reader: CsvReader<B>,
    workers: usize,
) -> (Outcome<B::Row>, Vec<Record>) {
    let letters = Letters::default();
    let on_error = OnError::dead_letter(letters.clone(), Limit::unlimited());
    let found = run(reader, workers, on_error, |flow| flow);
    let letters = std::mem::take(&mut *letters.0.lock().unwrap());
    assert_eq!(letters.len(), found.bad.len());
    (found, letters)
}

/// Keeps the dead letters.
#[derive(Clone, Default)]
struct Letters(Arc<Mutex<Vec<Record>>>);

impl Writer<Records> for Letters {
    type Encoded = Records;
    type Sink = Self;

    async fn open(&self, _: &RunScope) -> Result<Self, BoxError> {
        Ok(self.clone())
    }

    fn encode(&self, chunk: Chunk<Records>, _: &mut Work) -> Result<Records, Stop> {
        Ok(chunk.into_batch())
    }
}

impl Sink<Records> for Letters {
    async fn write(&mut self, letters: Records) -> Result<(), BoxError> {
        self.0.lock().unwrap().extend(letters.into_records());
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        Ok(())
    }
}

fn run<B: Rows<Row: Send>>(
    reader: CsvReader<B>,
    workers: usize,
    on_error: OnError,
    steps: impl FnOnce(Flow<B>) -> Flow<B>,
) -> Outcome<B::Row> {
    let (seen, read) = (Seen::default(), Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&read);
    let flow =
        Pipeline::builder("bad-rows").workers(workers).on_error(on_error).hook(seen.clone()).read(reader);
    let report = steps(flow)
        .write_fn(move |_, batch: B| {
            let sink = Arc::clone(&sink);
            async move {
                sink.lock().unwrap().extend(batch.rows());
                Ok(())
            }
        })
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap();
    let (bad, messages) = std::mem::take(&mut *seen.0.lock().unwrap());
    let records = std::mem::take(&mut *read.lock().unwrap());
    assert_eq!(report.written.records, records.len() as u64);
    assert_eq!(report.rejected(), bad.len() as u64);
    Outcome { records, bad, messages }
}

/// The error of a run that leaves nothing out.
pub(crate) fn failure<B: Rows>(reader: CsvReader<B>, workers: usize) -> String {
    let pipeline =
        Pipeline::builder("bad-rows").workers(workers).read(reader).write_fn(async |_, _: B| Ok(()));
    error_chain(&pipeline.unwrap().run_blocking(&RunContext::new()).unwrap_err()).to_string()
}

/// The dynamic records of a text.
pub(crate) fn of(text: impl Into<Vec<u8>>) -> CsvReader<Records> {
    csv::read_records(Input::bytes("orders.csv", text.into()))
}
