//! Writing CSV files.

use godata_core::BoxError;
use godata_etl::{BlockingWrite, Chunk, Records, RunScope, Stop, Work, Writer, to_record};
use godata_io::Output;
use serde::Serialize;

use crate::{
    delimiter::Delimiter,
    encode::{Encoded, encode},
    quoting::Quoting,
    sink::CsvSink,
};

/// Writes records to a CSV file, structs and dynamic ones alike.
///
/// * The header has the fields that the records of the first batch have. A later record that lacks one of
///   them gets an empty cell; a field that only later batches have is refused with
///   [`CsvError::NewField`](crate::CsvError::NewField).
/// * A run without records makes an empty file: no names are known then.
/// * Null, and a field that a record lacks, is an empty cell. Floats are written as `12.0`, instants as
///   RFC 3339. Text, and numbers that were cast from text, are written as they were read.
/// * Lists, maps, bytes, and text with a NUL byte are refused with
///   [`CsvError::NotACell`](crate::CsvError::NotACell).
///
/// ```
/// # use godata_core::RunContext;
/// use godata_etl::{Pipeline, record};
/// use godata_io_csv as csv;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.csv");
/// Pipeline::builder("orders")
///     .from_vec(vec![record! {"id" => "A-1", "amount" => 12.0, "note" => "late, again"}])
///     .untyped()
///     .write(csv::write(&path))?
///     .run_blocking(&RunContext::new())?;
///
/// assert_eq!(std::fs::read_to_string(&path)?, "id,amount,note\nA-1,12.0,\"late, again\"\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A run fails as the docs of [the crate](crate) say.
pub fn write(output: impl Into<Output>) -> CsvWriter {
    CsvWriter { output: output.into(), delimiter: b',', has_header: true }
}

/// A CSV file to be written; made by [`write()`].
///
/// Unless options say otherwise, cells are separated by commas, and the first record is the header.
#[derive(Clone, Debug)]
pub struct CsvWriter {
    output: Output,
    delimiter: u8,
    has_header: bool,
}

impl CsvWriter {
    /// Sets the byte that separates cells, such as `b';'` or `b'\t'`: a comma if this is not called.
    ///
    /// A quote, CR, LF, NUL and what is not ASCII are refused when the file is opened, with
    /// [`CsvError::Delimiter`](crate::CsvError::Delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Writes no header.
    #[must_use]
    pub fn no_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    fn quoting(&self) -> Result<Quoting, BoxError> {
        Ok(Quoting::new(Delimiter::new(self.delimiter)?))
    }

    async fn sink(&self, scope: &RunScope) -> Result<BlockingWrite<CsvSink>, BoxError> {
        let quoting = self.quoting()?;
        let output = self.output.clone();
        let file = scope.blocking(move || Ok(output.open()?)).await?;
        Ok(BlockingWrite::new(CsvSink::new(file, quoting, self.has_header, scope), scope))
    }
}

impl Writer<Records> for CsvWriter {
    type Encoded = Encoded;
    type Sink = BlockingWrite<CsvSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.sink(scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Encoded, Stop> {
        encode(&self.quoting()?, chunk.batch(), |index| chunk.row(index), work)
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for CsvWriter {
    type Encoded = Encoded;
    type Sink = BlockingWrite<CsvSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.sink(scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Encoded, Stop> {
        let (mut records, mut rows) = (Records::new(), Vec::with_capacity(chunk.len()));
        for (index, item) in chunk.batch().iter().enumerate() {
            match to_record(item) {
                Ok(record) => {
                    records.push(record);
                    rows.push(chunk.row(index));
                }
                Err(error) => work.reject(chunk.row(index), error)?,
            }
        }
        encode(&self.quoting()?, &records, |index| rows[index], work)
    }
}
