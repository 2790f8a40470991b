//! The writer of JSON Lines.

use godata_core::BoxError;
use godata_etl::{BlockingWrite, Chunk, Records, RejectReason, RunScope, Stop, Work, Writer};
use godata_io::{Encoded, Fields, FileSink, Output};
use serde::Serialize;

use super::format::JsonlFormat;
use crate::JsonError;
use crate::encode::{Keys, write_row, write_typed};

/// Writes JSON Lines; made by [`write`](fn@super::write).
#[derive(Clone, Debug)]
pub struct JsonlWriter {
    output: Output,
}

impl JsonlWriter {
    pub(super) fn new(output: Output) -> Self {
        Self { output }
    }

    /// Encodes a batch. `write` writes one record.
    fn encode_lines<B: Fields>(
        &self,
        chunk: &Chunk<B>,
        work: &mut Work,
        write: impl Fn(&mut Vec<u8>, B::Record<'_>) -> Result<(), JsonError>,
    ) -> Result<Encoded, Stop> {
        self.output.encode(
            chunk.batch(),
            |index| chunk.row(index),
            work,
            |lines, record| {
                write(lines, record).map_err(JsonError::into_reason)?;
                lines.push(b'\n');
                Ok::<_, RejectReason>(())
            },
        )
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for JsonlWriter {
    type Encoded = Encoded;
    type Sink = BlockingWrite<FileSink<JsonlFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.output.sink(JsonlFormat, scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Encoded, Stop> {
        self.encode_lines(&chunk, work, write_typed)
    }
}

impl Writer<Records> for JsonlWriter {
    type Encoded = Encoded;
    type Sink = BlockingWrite<FileSink<JsonlFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.output.sink(JsonlFormat, scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Encoded, Stop> {
        let keys = Keys::of(chunk.batch().shape());
        let lines = self.encode_lines(&chunk, work, |out, row| write_row(out, &keys, row))?;
        work.recycle_records(chunk.into_batch());
        Ok(lines)
    }
}
