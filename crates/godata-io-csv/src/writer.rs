//! Writing CSV files.

use std::any::Any;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{BlockingWrite, Chunk, Record, Records, RunScope, Shape, Stop, Work, Writer, to_record};
use godata_io::{Encoded, FileSink, Output};
use serde::Serialize;

use crate::encode::encode;
use crate::field_names::FieldNames;
use crate::format::{CsvFormat, HeaderRules};
use crate::quoting::{CellWriter, Layout};
use crate::{CsvError, Quoting, Terminator, open};

/// How many records the header is made from by default.
const HEADER_RECORDS: usize = 1_000;

/// Writes records to a CSV file, both structs and dynamic records.
///
/// * The header has the names set with [`columns`](CsvWriter::columns), those of the CSV files that were read, or those of
///   a `select`. Otherwise it has the fields of the first [1,000 records](CsvWriter::header_from); a field that only later
///   records have is a [`CsvError::NewField`](crate::CsvError::NewField). A record that lacks a field gets an empty cell.
/// * If there are several files, all have the same header. A file that is appended to must have that header already.
/// * A run without records writes the header if it is known without them. Otherwise, for records from JSON, for structs and
///   after a `transform`, the file is empty, and reading it is an error: set [`columns`](CsvWriter::columns).
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
    let rules = HeaderRules { is_written: true, records: HEADER_RECORDS, drops_extra: false };
    CsvWriter { output: output.into(), layout: Layout::default(), columns: None, rules }
}

/// A writer of one CSV file or several; made by [`write()`].
///
/// By default, cells are separated by commas, the first record is the header, and records end with LF.
#[derive(Clone, Debug)]
pub struct CsvWriter {
    output: Output,
    layout: Layout,
    columns: Option<GivenColumns>,
    rules: HeaderRules,
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

    /// Writes these columns, in this order. By default the input or the first records determine them.
    ///
    /// A field that a record lacks is null. A field that is not listed is a
    /// [`CsvError::UnlistedField`](crate::CsvError::UnlistedField), so that nothing is lost silently: drop it in a
    /// step, for example with `select`, or with [`drop_extra_fields`](Self::drop_extra_fields). A run without records
    /// writes the header.
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

    /// Makes the header from the fields of the first `records` records, at least 1. The default is 1,000.
    ///
    /// This matters only if the names are not known without the records: for records from JSON, for structs that leave
    /// out fields, and after a `transform`. The first `records` records are kept in memory until the header is known; with
    /// `usize::MAX`, that is all of them. The columns are in the order in which the fields appear.
    ///
    /// The names do not depend on the size of the blocks, but their order may: when a step drops records, or adds a field
    /// that other records already have. `select` or [`columns`](Self::columns) fixes the order.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Pipeline, RunContext, record};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.csv");
    /// let orders = || {
    ///     let records = vec![record! {"id" => 1}, record! {"id" => 2, "coupon" => "SPRING"}];
    ///     Pipeline::builder("orders").read_vec(records).untyped()
    /// };
    /// let run = |writer| orders().write(writer)?.run_blocking(&RunContext::new());
    /// let write = || csv::write(&path);
    ///
    /// run(write())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "id,coupon\n1,\n2,SPRING\n");
    /// assert!(run(write().header_from(1)).is_err());
    /// run(write().header_from(1).drop_extra_fields())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "id\n1\n2\n");
    /// # Ok::<(), csv::BoxError>(())
    /// ```
    #[must_use]
    pub fn header_from(mut self, records: usize) -> Self {
        self.rules.records = records.max(1);
        self
    }

    /// Drops fields that are not in the header. By default they are an error, so that nothing is lost silently.
    ///
    /// If the header is made from the first records, a list or a map is an error even if it would be dropped.
    #[must_use]
    pub fn drop_extra_fields(mut self) -> Self {
        self.rules.drops_extra = true;
        self
    }

    /// Writes no header, and does not check the header of a file that is appended to.
    #[must_use]
    pub fn no_header(mut self) -> Self {
        self.rules.is_written = false;
        self
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    pub(crate) fn rules(&self) -> HeaderRules {
        self.rules
    }

    pub(crate) fn cells(&self) -> Result<CellWriter, CsvError> {
        CellWriter::new(self.layout.clone())
    }

    /// The given columns.
    pub(crate) fn shape(&self) -> Option<&Arc<Shape>> {
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
        let format = CsvFormat::new(cells, self.rules, self.shape().cloned(), scope);
        self.output.sink(format, scope).await
    }
}

impl Writer<Records> for CsvWriter {
    type Encoded = Encoded<FieldNames>;
    type Sink = BlockingWrite<FileSink<CsvFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.sink(scope).await
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Encoded<FieldNames>, Stop> {
        encode(self, chunk.batch(), &chunk, |index| index, work)
    }

    /// A run without records has a header if the names are known.
    fn encodes_empty(&self, batch: &Records) -> bool {
        self.columns.is_none() && batch.has_fixed_names() && !batch.shape().is_empty()
    }
}

impl<T: Serialize + Send + 'static> Writer<Vec<T>> for CsvWriter {
    type Encoded = Encoded<FieldNames>;
    type Sink = BlockingWrite<FileSink<CsvFormat>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        self.sink(scope).await
    }

    fn encode(&self, chunk: Chunk<Vec<T>>, work: &mut Work) -> Result<Encoded<FieldNames>, Stop> {
        let mut records = Records::new();
        let mut kept = Vec::with_capacity(chunk.len());
        for (index, item) in chunk.batch().iter().enumerate() {
            // A record skips serde, which does not keep digits.
            let record = (item as &dyn Any).downcast_ref::<Record>().cloned();
            match record.map_or_else(|| to_record(item), Ok) {
                Ok(record) => {
                    records.push(record);
                    kept.push(index);
                }
                Err(error) => work.reject(chunk.row(index), error)?,
            }
        }
        encode(self, &records, &chunk, |position| kept.get(position).copied().unwrap_or(position), work)
    }
}
