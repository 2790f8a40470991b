//! The writer of arrays.

use godata_core::BoxError;
use godata_etl::{BlockingWrite, Chunk, Records, RunScope, Stop, Work, Writer};
use godata_io::{Encoded, Fields, FileSink, Output};
use serde::Serialize;

use super::format::JsonFormat;
use crate::JsonError;
use crate::encode::{Keys, indent, write_row, write_typed};

/// Writes an array; made by [`write`](fn@super::write).
#[derive(Clone, Debug)]
pub struct JsonWriter {
    output: Output,
    pretty: bool,
}

impl JsonWriter {
    pub(super) fn new(output: Output) -> Self {
        Self { output, pretty: false }
    }

    /// Indents for people: each element, field and list item is on its own line, two spaces per level.
    ///
    /// ```
    /// use godata_io_json::{BoxError, Pipeline, RunContext, json};
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("points.json");
    /// let points = Pipeline::builder("points").read_vec(vec![(1, 2)]).write(json::write(&*path).pretty())?;
    /// points.run_blocking(&RunContext::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "[\n  [\n    1,\n    2\n  ]\n]");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pretty(mut self) -> Self {
        self.pretty = true;
        self
    }

    /// Encodes a batch, with a comma before each record. `write` writes one record.
    fn encode_elements<B: Fields>(
        &self,
        chunk: &Chunk<B>,
        work: &mut Work,
        write: impl Fn(&mut Vec<u8>, B::Record<'_>) -> Result<(), JsonError>,
    ) -> Result<Encoded, Stop> {
        let mut compact = work.buffer();
        let encoded = self.output.encode(
            chunk.batch(),
            |index| chunk.row(index),
            work,
            |elements, record| {
                elements.push(b',');
                if !self.pretty {
                    return write(elements, record).map_err(JsonError::into_reason);
                }
                compact.clear();
                write(&mut compact, record).map_err(JsonError::into_reason)?;
                indent(elements, &compact);
                Ok(())
            },
        )?;
        work.recycle(compact);
        Ok(encoded)
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for JsonWriter {
    type Encoded = Encoded;
    type Sink = BlockingWrite<FileSink<JsonFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.output.sink(JsonFormat::new(self.pretty), scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Encoded, Stop> {
        self.encode_elements(&chunk, work, write_typed)
    }
}

impl Writer<Records> for JsonWriter {
    type Encoded = Encoded;
    type Sink = BlockingWrite<FileSink<JsonFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.output.sink(JsonFormat::new(self.pretty), scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Encoded, Stop> {
        let keys = Keys::of(chunk.batch().shape());
        self.encode_elements(&chunk, work, |out, row| write_row(out, &keys, row))
    }
}
