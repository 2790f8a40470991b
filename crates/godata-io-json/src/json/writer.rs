//! The writer of arrays.

use godata_core::BoxError;
use godata_etl::{Batch, BlockingWrite, Chunk, Records, RunScope, Stop, Work, Writer};
use godata_io::Output;
use serde::Serialize;

use super::sink::JsonSink;
use crate::{
    JsonError,
    encode::{Keys, indent, write_row, write_typed},
};

/// How many records are encoded between two looks for a cancellation.
const RECORDS_PER_CHECK: usize = 256;

/// Writes an array, made by [`write`](fn@super::write).
#[derive(Clone, Debug)]
pub struct JsonWriter {
    output: Output,
    pretty: bool,
}

impl JsonWriter {
    pub(super) fn new(output: Output) -> Self {
        Self { output, pretty: false }
    }

    /// Writes for people: each element, field and value of a list on a line of its own, indented by two spaces.
    ///
    /// ```
    /// use godata_core::RunContext;
    /// use godata_etl::Pipeline;
    /// use godata_io_json::json;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("points.json");
    /// let points = Pipeline::builder("points").from_vec(vec![(1, 2)]).write(json::write(&*path).pretty())?;
    /// points.run_blocking(&RunContext::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "[\n  [\n    1,\n    2\n  ]\n]");
    /// # Ok::<(), godata_core::BoxError>(())
    /// ```
    #[must_use]
    pub fn pretty(mut self) -> Self {
        self.pretty = true;
        self
    }

    async fn open_file(&self, scope: &RunScope) -> Result<BlockingWrite<JsonSink>, BoxError> {
        let output = self.output.clone();
        let file = scope.blocking(move || Ok(output.open()?)).await?;
        Ok(BlockingWrite::new(JsonSink::new(file, self.pretty, scope), scope))
    }

    /// Writes each record with `write`, after a comma. Of a record that fails nothing is written.
    fn encode_elements<B: Batch, R>(
        &self,
        chunk: &Chunk<B>,
        records: impl Iterator<Item = R>,
        work: &mut Work,
        write: impl Fn(&mut Vec<u8>, R) -> Result<(), JsonError>,
    ) -> Result<Vec<u8>, Stop> {
        let (mut elements, mut compact) = (work.buffer(), work.buffer());
        for (index, record) in records.enumerate() {
            if index.is_multiple_of(RECORDS_PER_CHECK) {
                work.check()?;
            }
            let begin = elements.len();
            elements.push(b',');
            let written = if self.pretty {
                compact.clear();
                write(&mut compact, record).map(|()| indent(&mut elements, &compact))
            } else {
                write(&mut elements, record)
            };
            if let Err(error) = written {
                elements.truncate(begin);
                work.reject(chunk.row(index), error)?;
            }
        }
        work.recycle(compact);
        Ok(elements)
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for JsonWriter {
    type Encoded = Vec<u8>;
    type Sink = BlockingWrite<JsonSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.open_file(scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Vec<u8>, Stop> {
        self.encode_elements(&chunk, chunk.batch().iter(), work, write_typed)
    }
}

impl Writer<Records> for JsonWriter {
    type Encoded = Vec<u8>;
    type Sink = BlockingWrite<JsonSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.open_file(scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Vec<u8>, Stop> {
        let keys = Keys::of(chunk.batch().shape());
        self.encode_elements(&chunk, chunk.batch().iter(), work, |out, row| write_row(out, &keys, row))
    }
}
