//! Writing CSV files.

use std::any::Any;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{BlockingWrite, Chunk, Record, Records, RunScope, Shape, Stop, Work, Writer, to_record};
use godata_io::{Encoded, FileSink, Output};
use serde::Serialize;

use crate::encode::encode;
use crate::format::CsvFormat;
use crate::quoting::{CellWriter, Layout};
use crate::{CsvError, Quoting, Terminator, open};

/// Writes records to a CSV file, both structs and dynamic records.
///
/// * The header has the fields of the records in the first batch. A later record that lacks one of them gets an empty
///   cell. A field that only later batches have is a [`CsvError::NewField`](crate::CsvError::NewField).
///   [`columns`](CsvWriter::columns) sets the columns in advance.
/// * If there are several files, all have the same header. A file that is appended to must have that header already.
/// * A run without records creates an empty file, because no names are known, unless [`columns`](CsvWriter::columns)
///   gives them.
/// * Null, and a field that a record lacks, is an empty cell or the word set with [`null`](CsvWriter::null). Floats
///   are written as `12.0`, instants as RFC 3339. Text, and numbers that were cast from text, are written as they were
///   read.
/// * Lists, maps, bytes, and text with a NUL byte are a [`CsvError::NotACell`](crate::CsvError::NotACell).
///
/// ```
/// use godata_io_csv::{self as csv, Pipeline, RunContext, record};
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
/// # Ok::<(), csv::BoxError>(())
/// ```
///
/// # Errors
///
/// The run fails with the errors that [the crate](crate#errors) lists.
pub fn write(output: impl Into<Output>) -> CsvWriter {
    CsvWriter { output: output.into(), layout: Layout::default(), columns: None, has_header: true }
}

/// A writer of one CSV file or several; made by [`write()`].
///
/// By default, cells are separated by commas, the first record is the header, and records end with LF.
#[derive(Clone, Debug)]
pub struct CsvWriter {
    output: Output,
    layout: Layout,
    columns: Option<GivenColumns>,
    has_header: bool,
}

/// The columns that were given.
#[derive(Clone, Debug)]
struct GivenColumns {
    names: Vec<String>,
    /// The shape of the names. It is empty if a name appears twice, but then the output is not opened.
    shape: Arc<Shape>,
}

impl CsvWriter {
    /// Sets the byte that separates cells, such as `b';'` or `b'\t'`. The default is a comma.
    ///
    /// The quote, CR, LF, NUL and bytes that are not ASCII are refused when the file is opened, with
    /// [`CsvError::Delimiter`](crate::CsvError::Delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.layout.dialect.delimiter = delimiter;
        self
    }

    /// Sets the byte that opens and closes a quoted cell, such as `b'\''`. The default is `b'"'`.
    ///
    /// A byte with another meaning, CR, LF, NUL and bytes that are not ASCII are refused when the file is opened, with
    /// [`CsvError::Special`](crate::CsvError::Special). The same holds for [`escape`](Self::escape).
    #[must_use]
    pub fn quote(mut self, quote: u8) -> Self {
        self.layout.dialect.quote = Some(quote);
        self
    }

    /// Writes this byte before a quote in a quoted cell, and before itself: `"a \"b\""` with `b'\\'`. By default quotes
    /// are doubled, as in RFC 4180.
    ///
    /// A cell that contains this byte is quoted, because readers disagree on escapes outside quotes. Read the file with
    /// the same [`escape`](crate::CsvReader::escape).
    #[must_use]
    pub fn escape(mut self, escape: u8) -> Self {
        self.layout.dialect.escape = Some(escape);
        self
    }

    /// Sets which cells are quoted. By default only those that need it are.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, Quoting, RunContext, Terminator, Type};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.csv");
    /// Pipeline::builder("orders")
    ///     .read(csv::read_records(Input::bytes("orders", "id,amount\nA-1,12.5\n")))
    ///     .cast("amount", Type::Float)
    ///     .write(csv::write(&path).quoting(Quoting::NonNumeric).terminator(Terminator::CrLf))?
    ///     .run_blocking(&RunContext::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "\"id\",\"amount\"\r\n\"A-1\",12.5\r\n");
    /// # Ok::<(), csv::BoxError>(())
    /// ```
    #[must_use]
    pub fn quoting(mut self, quoting: Quoting) -> Self {
        self.layout.quoting = quoting;
        self
    }

    /// Sets what ends a record. The default is LF. Line breaks in cells are not changed.
    #[must_use]
    pub fn terminator(mut self, terminator: Terminator) -> Self {
        self.layout.terminator = terminator;
        self
    }

    /// Writes null, and fields that a record lacks, as this word. By default they are empty cells, as empty text is.
    ///
    /// Text that equals the word is quoted, so that [`nulls`](crate::CsvReader::nulls) with the same word reads back
    /// what was written. (There is one exception: with the word `""` and records of a single field, null is quoted
    /// too, because a blank line is not a record.) A word that needs quotes is refused when the file is opened, with
    /// [`CsvError::NullWord`](crate::CsvError::NullWord).
    #[must_use]
    pub fn null(mut self, word: impl Into<String>) -> Self {
        self.layout.null = Some(word.into());
        self
    }

    /// Writes an apostrophe before text that a spreadsheet would take for a formula: text that starts with `=`, `+`,
    /// `-`, `@`, a tab or CR ([OWASP, CSV Injection](https://owasp.org/www-community/attacks/CSV_Injection)). By
    /// default no cell is changed.
    ///
    /// Use it for files that contain untrusted input and are opened in a spreadsheet. Numbers, and text that is a
    /// decimal number such as `-12.50`, are not changed. Names in the header are guarded too. A guarded cell is not
    /// read back as it was.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, RunContext};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("names.csv");
    /// Pipeline::builder("names")
    ///     .read(csv::read_records(Input::bytes("names", "name,balance\n=1+1,-12.50\n")))
    ///     .write(csv::write(&path).guard_formulas())?
    ///     .run_blocking(&RunContext::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "name,balance\n'=1+1,-12.50\n");
    /// # Ok::<(), csv::BoxError>(())
    /// ```
    #[must_use]
    pub fn guard_formulas(mut self) -> Self {
        self.layout.guards_formulas = true;
        self
    }

    /// Writes these columns, in this order. By default the first batch determines them.
    ///
    /// A field that a record lacks is null. A field that is not listed is a
    /// [`CsvError::UnlistedField`](crate::CsvError::UnlistedField), so that nothing is lost silently: drop it in a
    /// step, for example with `select`. A run without records writes the header.
    ///
    /// If a name appears twice, opening the file fails with
    /// [`CsvError::DuplicateGivenName`](crate::CsvError::DuplicateGivenName), and without names with
    /// [`CsvError::NoFields`](crate::CsvError::NoFields).
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, RunContext};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.csv");
    /// Pipeline::builder("orders")
    ///     .read(csv::read_records(Input::bytes("orders", "id,amount\nA-1,12.5\n")))
    ///     .write(csv::write(&path).columns(["amount", "id", "note"]).null("NULL"))?
    ///     .run_blocking(&RunContext::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "amount,id,note\n12.5,A-1,NULL\n");
    /// # Ok::<(), csv::BoxError>(())
    /// ```
    #[must_use]
    pub fn columns<I>(mut self, names: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let shape = Shape::new(names.iter().map(String::as_str)).unwrap_or_default();
        self.columns = Some(GivenColumns { names, shape: Arc::new(shape) });
        self
    }

    /// Writes no header, and does not check the header of a file that is appended to.
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
            // A record skips serde, which has no digits.
            let record = (item as &dyn Any).downcast_ref::<Record>().cloned();
            match record.map_or_else(|| to_record(item), Ok) {
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
