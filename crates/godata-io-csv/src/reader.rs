//! Reading CSV files.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope, Stop, Work};
use godata_io::Input;
use serde::de::DeserializeOwned;

use crate::decode::Decoder;
use crate::dialect::Dialect;
use crate::open::Names;
use crate::source::CsvSource;
use crate::{Ragged, Trim};

/// Reads the records of a CSV file into structs: a column for each field, by name.
///
/// `T` is read by the rules of the [`csv`](https://docs.rs/csv) crate: numbers and bools are parsed, an empty
/// cell is `None` for an `Option`, and columns that `T` lacks are passed over.
///
/// ```
/// # use godata_etl::Pipeline;
/// use godata_io_csv as csv;
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: String,
///     amount: f64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.csv");
/// # std::fs::write(&path, "id;amount\nA-1;12.5\n")?;
/// let flow = Pipeline::builder("orders").read(csv::read::<Order>(&path).delimiter(b';'));
/// let orders = flow.collect(10).await?;
/// assert_eq!((orders[0].id.as_str(), orders[0].amount), ("A-1", 12.5));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A run fails as the docs of [the crate](crate) say.
pub fn read<T>(input: impl Into<Input>) -> CsvReader<Vec<T>>
where
    T: DeserializeOwned + Send + 'static,
{
    CsvReader::new(input.into(), Decoder::typed::<T>)
}

/// Reads the records of a CSV file into dynamic records. All cells are text, and are written as they were
/// read unless a step changes them.
///
/// ```
/// # use godata_etl::Pipeline;
/// use godata_io_csv as csv;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.csv");
/// # std::fs::write(&path, "id,amount\nA-1,12.50\n")?;
/// let flow = Pipeline::builder("orders").read(csv::read_records(&path));
/// let orders = flow.collect(10).await?;
/// assert_eq!(orders[0].str("amount"), Some("12.50"));
/// assert_eq!(orders[0].f64("amount")?, 12.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A run fails as the docs of [the crate](crate) say.
pub fn read_records(input: impl Into<Input>) -> CsvReader<Records> {
    CsvReader::new(input.into(), Decoder::records)
}

/// CSV to be read, of one file or several; made by [`read`] and [`read_records`].
///
/// Unless options say otherwise, cells are separated by commas, the first record is the header, and each
/// record has as many cells as the header.
pub struct CsvReader<B> {
    input: Input,
    options: Options,
    decode: Decode<B>,
}

/// How a block becomes a batch.
pub(crate) type Decode<B> = fn(&Decoder, Vec<u8>, &mut Work) -> Result<B, Stop>;

/// How a file is written.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) skip_lines: u64,
    pub(crate) names: Names,
    pub(crate) ragged: Ragged,
    pub(crate) trim: Trim,
    pub(crate) nulls: Vec<String>,
    pub(crate) block_size: Option<usize>,
}

impl<B> CsvReader<B> {
    fn new(input: Input, decode: Decode<B>) -> Self {
        let options = Options {
            dialect: Dialect::default(),
            skip_lines: 0,
            names: Names::InFile,
            ragged: Ragged::Refuse,
            trim: Trim::None,
            nulls: Vec::new(),
            block_size: None,
        };
        Self { input, options, decode }
    }

    /// Sets the byte that separates cells, such as `b';'` or `b'\t'`: a comma if this is not called.
    ///
    /// The quote, CR, LF, NUL and what is not ASCII are refused when the file is opened, with
    /// [`CsvError::Delimiter`](crate::CsvError::Delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.options.dialect.delimiter = delimiter;
        self
    }

    /// Sets the byte that opens and closes a quoted cell, such as `b'\''`: `b'"'` if this is not called.
    ///
    /// A byte that has another meaning, CR, LF, NUL and what is not ASCII are refused when the file is opened,
    /// with [`CsvError::Special`](crate::CsvError::Special); so with [`escape`](Self::escape) and
    /// [`comment`](Self::comment).
    #[must_use]
    pub fn quote(mut self, quote: u8) -> Self {
        self.options.dialect.quote = Some(quote);
        self
    }

    /// No cell is quoted: each `"` stands for itself, and a cell goes to the next delimiter or line break. For
    /// files of tools that do not quote, in which a lone quote would swallow what follows on it.
    #[must_use]
    pub fn no_quotes(mut self) -> Self {
        self.options.dialect.quote = None;
        self
    }

    /// In a quoted cell, the byte after this one stands for itself, as in `"a \"b\""` with `b'\\'`. Quotes may
    /// be doubled all the same. If this is not called, they can only be doubled, as RFC 4180 says.
    ///
    /// In a cell that is not quoted the byte has no meaning.
    #[must_use]
    pub fn escape(mut self, escape: u8) -> Self {
        self.options.dialect.escape = Some(escape);
        self
    }

    /// A line that begins with this byte is passed over: none is if this is not called.
    ///
    /// It goes to the next LF. Only a line where a record would begin is a comment: inside of a quoted cell
    /// there is none. They count as lines in the places of errors.
    #[must_use]
    pub fn comment(mut self, comment: u8) -> Self {
        self.options.dialect.comment = Some(comment);
        self
    }

    /// Passes over so many lines at the begin of the file, before the header: none if this is not called.
    ///
    /// A line ends with LF, CRLF or CR, whatever quotes are in it, and blank ones count. Of a file that has fewer,
    /// nothing is left: [`CsvError::MissingHeader`](crate::CsvError::MissingHeader), or no records where there
    /// is no header.
    #[must_use]
    pub fn skip_lines(mut self, count: u64) -> Self {
        self.options.skip_lines = count;
        self
    }

    /// Says where white space around cells is taken off: nowhere if this is not called.
    ///
    /// It is taken off what the quotes enclose, too. A quote opens a quoted cell only at its very begin, so
    /// in `a, "b"` the second cell is `"b"` with its quotes, trimmed or not.
    #[must_use]
    pub fn trim(mut self, trim: Trim) -> Self {
        self.options.trim = trim;
        self
    }

    /// Cells that are exactly one of these words are null: no cell is if this is not called.
    ///
    /// A quoted cell is never null, so that the text `"NA"` can be told from it, as in PostgreSQL's COPY. Where
    /// cells are trimmed, that is done first. The word `""` makes empty cells null.
    ///
    /// When a struct is read, null is as an empty cell: `None` for an `Option`, an empty `String`, and an error
    /// for a number.
    ///
    /// ```
    /// # use godata_etl::{Pipeline, record};
    /// use godata_io_csv as csv;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("orders.csv");
    /// # std::fs::write(&path, "id,coupon\nNA,\"NA\"\n")?;
    /// let reader = csv::read_records(&path).nulls(["NA", "NULL"]);
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => (), "coupon" => "NA"}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn nulls<I>(mut self, words: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.options.nulls = words.into_iter().map(Into::into).collect();
        self
    }

    /// The file has no header: its first record is a record.
    ///
    /// Structs and tuples are then read by position, and cells beyond their last field are passed over;
    /// dynamic records have the fields `column_1`, `column_2` and so on. The first record says how many
    /// columns there are. An empty file has no records.
    #[must_use]
    pub fn no_header(mut self) -> Self {
        self.options.names = Names::Absent;
        self
    }

    /// The file has no header, and these are the names of its columns.
    ///
    /// A name that is there twice is refused when the file is opened, with
    /// [`CsvError::DuplicateGivenName`](crate::CsvError::DuplicateGivenName). An empty file has no records.
    #[must_use]
    pub fn names<I>(mut self, names: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.options.names = Names::Given(names.into_iter().map(Into::into).collect());
        self
    }

    /// Says what becomes of records with fewer or more cells than columns: they are refused if this is not called.
    #[must_use]
    pub fn ragged(mut self, ragged: Ragged) -> Self {
        self.options.ragged = ragged;
        self
    }

    /// Sets how many bytes make a batch: about 256 KiB if this is not called, at most 64 MiB. For tuning; a block has
    /// at least one record.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.options.block_size = Some(bytes);
        self
    }
}

impl<B: Batch> Reader for CsvReader<B> {
    type Batch = B;
    type Source = BlockingRead<CsvSource<B>>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let (input, options, decode) = (self.input.clone(), self.options.clone(), self.decode);
        let run = scope.clone();
        let source = scope.blocking(move || CsvSource::open(&input, options, decode, &run)).await?;
        Ok(BlockingRead::new(source, scope))
    }
}

impl<B> Clone for CsvReader<B> {
    fn clone(&self) -> Self {
        Self { input: self.input.clone(), options: self.options.clone(), decode: self.decode }
    }
}

impl<B> fmt::Debug for CsvReader<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvReader")
            .field("input", &self.input)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
