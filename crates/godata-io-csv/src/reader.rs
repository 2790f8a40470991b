//! Reading CSV files.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope, Stop, Work};
use godata_io::Input;
use serde::de::DeserializeOwned;

use crate::{Ragged, decode::Decoder, open::Names, source::CsvSource};

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
pub(crate) type Decode<B> = fn(&Decoder, &[u8], &mut Work) -> Result<B, Stop>;

/// How a file is written.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) delimiter: u8,
    pub(crate) names: Names,
    pub(crate) ragged: Ragged,
    pub(crate) block_size: Option<usize>,
}

impl<B> CsvReader<B> {
    fn new(input: Input, decode: Decode<B>) -> Self {
        let options =
            Options { delimiter: b',', names: Names::InFile, ragged: Ragged::Refuse, block_size: None };
        Self { input, options, decode }
    }

    /// Sets the byte that separates cells, such as `b';'` or `b'\t'`: a comma if this is not called.
    ///
    /// A quote, CR, LF, NUL and what is not ASCII are refused when the file is opened, with
    /// [`CsvError::Delimiter`](crate::CsvError::Delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.options.delimiter = delimiter;
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

    /// Says what becomes of records with fewer cells than columns: they are refused if this is not called.
    #[must_use]
    pub fn ragged(mut self, ragged: Ragged) -> Self {
        self.options.ragged = ragged;
        self
    }

    /// Sets how many bytes make a batch: about 256 KiB if this is not called. For tuning; a block has at
    /// least one record.
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
