//! Writing CSV files.

use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{BlockingWrite, Chunk, Records, RunScope, Shape, Stop, Work, Writer, to_record};
use godata_io::{Encoded, FileSink, Output};
use serde::Serialize;

use crate::{
    CsvError, Quoting, Terminator,
    encode::encode,
    format::CsvFormat,
    open,
    quoting::{CellWriter, Layout},
};

/// Writes records to a CSV file, structs and dynamic ones alike.
///
/// * The header has the fields that the records of the first batch have. A later record that lacks one of
///   them gets an empty cell; a field that only later batches have is refused with
///   [`CsvError::NewField`](crate::CsvError::NewField). [`columns`](CsvWriter::columns) says them beforehand.
/// * Of several files each has the same header. A file that is appended to keeps its own, and must have the same.
/// * A run without records makes an empty file, as no names are known then, unless they were given.
/// * Null, and a field that a record lacks, is an empty cell unless [`null`](CsvWriter::null) says otherwise. Floats are written as `12.0`, instants as
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
///     .read_vec(vec![record! {"id" => "A-1", "amount" => 12.0, "note" => "late, again"}])
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
    CsvWriter { output: output.into(), layout: Layout::default(), columns: None, has_header: true }
}

/// A CSV file to be written; made by [`write()`].
///
/// Unless options say otherwise, cells are separated by commas, the first record is the header, and records
/// end with LF.
#[derive(Clone, Debug)]
pub struct CsvWriter {
    output: Output,
    layout: Layout,
    columns: Option<Columns>,
    has_header: bool,
}

/// The columns that were given.
#[derive(Clone, Debug)]
struct Columns {
    names: Vec<String>,
    /// The names, if there is none twice: else the output is not opened.
    shape: Arc<Shape>,
}

impl CsvWriter {
    /// Sets the byte that separates cells, such as `b';'` or `b'\t'`: a comma if this is not called.
    ///
    /// The quote, CR, LF, NUL and what is not ASCII are refused when the file is opened, with
    /// [`CsvError::Delimiter`](crate::CsvError::Delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.layout.dialect.delimiter = delimiter;
        self
    }

    /// Sets the byte that opens and closes a quoted cell, such as `b'\''`: `b'"'` if this is not called.
    ///
    /// A byte that has another meaning, CR, LF, NUL and what is not ASCII are refused when the file is opened,
    /// with [`CsvError::Special`](crate::CsvError::Special); so with [`escape`](Self::escape).
    #[must_use]
    pub fn quote(mut self, quote: u8) -> Self {
        self.layout.dialect.quote = Some(quote);
        self
    }

    /// Writes this byte before a quote in a quoted cell, and before itself: `"a \"b\""` with `b'\\'`. If this is
    /// not called, quotes are doubled, as RFC 4180 says.
    ///
    /// A cell with this byte in it is quoted, since some readers know no escapes outside of quotes, and others
    /// do. Read the file with the same [`escape`](crate::CsvReader::escape).
    #[must_use]
    pub fn escape(mut self, escape: u8) -> Self {
        self.layout.dialect.escape = Some(escape);
        self
    }

    /// Says which cells are quoted: those that need it if this is not called.
    #[must_use]
    pub fn quoting(mut self, quoting: Quoting) -> Self {
        self.layout.quoting = quoting;
        self
    }

    /// Says what ends a record: LF if this is not called. Line breaks in cells stay as they are.
    #[must_use]
    pub fn terminator(mut self, terminator: Terminator) -> Self {
        self.layout.terminator = terminator;
        self
    }

    /// Writes null, and fields that a record lacks, as this word. If this is not called, they are empty cells, as
    /// empty text is.
    ///
    /// Text that is this very word gets quotes, so that [`nulls`](crate::CsvReader::nulls) with the same word
    /// reads back what was written. (But for the word `""`, and records of one field: since a blank line is no
    /// record, null gets quotes there, too.) A word that needs quotes is refused when the file is opened, with
    /// [`CsvError::NullWord`](crate::CsvError::NullWord).
    #[must_use]
    pub fn null(mut self, word: impl Into<String>) -> Self {
        self.layout.null = Some(word.into());
        self
    }

    /// Writes an apostrophe before text that a spreadsheet would take for a formula: before what begins with `=`,
    /// `+`, `-`, `@`, a tab or CR ([OWASP, CSV Injection](https://owasp.org/www-community/attacks/CSV_Injection)).
    /// For files with what strangers have entered, to be opened in a spreadsheet. If this is not called, no cell is
    /// changed.
    ///
    /// Numbers, and text that is but a decimal number such as `-12.50`, are left alone. Names in the header are
    /// guarded, too. What is guarded does not read back equal.
    #[must_use]
    pub fn guard_formulas(mut self) -> Self {
        self.layout.guards_formulas = true;
        self
    }

    /// Writes these columns, in this order. If this is not called, the first batch says them.
    ///
    /// A field that a record lacks is null; one that is not listed is refused, with
    /// [`CsvError::UnlistedField`](crate::CsvError::UnlistedField), for nothing is to be lost in silence: leave it
    /// out in a step, such as `select`. A run without records writes the header.
    ///
    /// A name that is there twice is refused when the file is opened, with
    /// [`CsvError::DuplicateGivenName`](crate::CsvError::DuplicateGivenName); so is no name at all, with
    /// [`CsvError::NoFields`](crate::CsvError::NoFields).
    #[must_use]
    pub fn columns<I>(mut self, names: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let shape = Shape::new(names.iter().map(String::as_str)).unwrap_or_default();
        self.columns = Some(Columns { names, shape: Arc::new(shape) });
        self
    }

    /// Writes no header, and expects none in a file that is appended to.
    #[must_use]
    pub fn no_header(mut self) -> Self {
        self.has_header = false;
        self
    }

    fn cells(&self) -> Result<CellWriter, CsvError> {
        CellWriter::new(self.layout.clone())
    }

    fn shape(&self) -> Option<&Arc<Shape>> {
        self.columns.as_ref().map(|columns| &columns.shape)
    }

    async fn sink(&self, scope: &RunScope) -> Result<BlockingWrite<FileSink<CsvFormat>>, BoxError> {
        let cells = self.cells()?;
        if let Some(columns) = &self.columns {
            if columns.names.is_empty() {
                return Err(CsvError::NoFields.into());
            }
            open::given(&columns.names)?;
        }
        let format = CsvFormat::new(cells, self.has_header, self.shape().cloned(), scope);
        self.output.sink(format, scope).await
    }
}

impl Writer<Records> for CsvWriter {
    type Encoded = Encoded<Arc<Shape>>;
    type Sink = BlockingWrite<FileSink<CsvFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.sink(scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Encoded<Arc<Shape>>, Stop> {
        encode(
            &self.output,
            &self.cells().map_err(BoxError::from)?,
            self.shape(),
            chunk.batch(),
            |index| chunk.row(index),
            work,
        )
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for CsvWriter {
    type Encoded = Encoded<Arc<Shape>>;
    type Sink = BlockingWrite<FileSink<CsvFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.sink(scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Encoded<Arc<Shape>>, Stop> {
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
        let cells = self.cells().map_err(BoxError::from)?;
        encode(&self.output, &cells, self.shape(), &records, |index| rows[index], work)
    }
}
