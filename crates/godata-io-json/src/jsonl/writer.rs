//! The writer of JSON Lines.

use godata_core::BoxError;
use godata_etl::{Batch, BlockingWrite, Chunk, Records, RunScope, Stop, Work, Writer};
use godata_io::Output;
use serde::Serialize;

use super::sink::JsonlSink;
use crate::{
    JsonError,
    encode::{Keys, write_row, write_typed},
};

/// How many records are encoded between two looks for a cancellation.
const RECORDS_PER_CHECK: usize = 256;

/// Writes JSON Lines, made by [`write`](fn@super::write).
#[derive(Clone, Debug)]
pub struct JsonlWriter {
    output: Output,
}

impl JsonlWriter {
    pub(super) fn new(output: Output) -> Self {
        Self { output }
    }

    async fn open_file(&self, scope: &RunScope) -> Result<BlockingWrite<JsonlSink>, BoxError> {
        let output = self.output.clone();
        let file = scope.blocking(move || Ok(output.open()?)).await?;
        Ok(BlockingWrite::new(JsonlSink::new(file, scope), scope))
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for JsonlWriter {
    type Encoded = Vec<u8>;
    type Sink = BlockingWrite<JsonlSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.open_file(scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Vec<u8>, Stop> {
        encode_lines(&chunk, chunk.batch().iter(), work, write_typed)
    }
}

impl Writer<Records> for JsonlWriter {
    type Encoded = Vec<u8>;
    type Sink = BlockingWrite<JsonlSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.open_file(scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Vec<u8>, Stop> {
        let keys = Keys::of(chunk.batch().shape());
        let lines = encode_lines(&chunk, chunk.batch().iter(), work, |out, row| write_row(out, &keys, row))?;
        work.recycle_records(chunk.into_batch());
        Ok(lines)
    }
}

/// Writes each record with `write` and ends its line. Of a record that fails nothing is written.
fn encode_lines<B: Batch, R>(
    chunk: &Chunk<B>,
    records: impl Iterator<Item = R>,
    work: &mut Work,
    write: impl Fn(&mut Vec<u8>, R) -> Result<(), JsonError>,
) -> Result<Vec<u8>, Stop> {
    let mut lines = work.buffer();
    for (index, record) in records.enumerate() {
        if index.is_multiple_of(RECORDS_PER_CHECK) {
            work.check()?;
        }
        let begin = lines.len();
        match write(&mut lines, record) {
            Ok(()) => lines.push(b'\n'),
            Err(error) => {
                lines.truncate(begin);
                work.reject(chunk.row(index), error)?;
            }
        }
    }
    Ok(lines)
}
