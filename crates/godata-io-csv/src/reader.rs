//! Reading CSV files.

use std::fmt;

use godata_core::BoxError;
use godata_etl::{Batch, BlockingRead, Reader, Records, RunScope};
use godata_io::Input;
use serde::de::DeserializeOwned;

use crate::decode::{Decode, Decoder};
use crate::options::{Names, Options};
use crate::positional::is_positional;
use crate::source::CsvSource;
use crate::{BlankLines, FileColumns, Ragged, Trim};

/// Reads the records of a CSV file into structs. Each field is read from the column with its name.
///
/// `T` is a struct, a map, or a tuple or list of all cells. Numbers and bools are parsed, an empty cell is `None` for an
/// `Option`, and columns without a field are ignored. A number beyond the range of its type is an error. A field that
/// accepts any type gets text: with `#[serde(flatten)]`, in an untagged enum, or as a [`Value`](godata_etl::Value), `007`
/// is `"007"`, as it is in dynamic records. A type of one value, such as `u32`, is read from files of one column; more
/// cells are an error.
///
/// ```
/// use godata_io_csv::{self as csv, Pipeline};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: String,
///     amount: f64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.csv");
/// std::fs::write(&path, "id;amount\nA-1;12.5\n")?;
/// let flow = Pipeline::builder("orders").read(csv::read::<Order>(&path).delimiter(b';'));
/// let orders = flow.collect(10).await?;
/// assert_eq!((orders[0].id.as_str(), orders[0].amount), ("A-1", 12.5));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The run fails with the errors that [the crate](crate#errors) lists.
pub fn read<T>(input: impl Into<Input>) -> CsvReader<Vec<T>>
where
    T: DeserializeOwned + Send + 'static,
{
    let options = Options { is_positional: is_positional::<T>(), ..Options::default() };
    CsvReader::new(input.into(), options, Decoder::typed::<T>)
}

/// Reads the records of a CSV file into dynamic records. All cells are text. Cells that no step changes are written
/// exactly as they were read.
///
/// ```
/// use godata_io_csv::{self as csv, Pipeline};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("orders.csv");
/// std::fs::write(&path, "id,amount\nA-1,12.50\n")?;
/// let flow = Pipeline::builder("orders").read(csv::read_records(&path));
/// let orders = flow.collect(10).await?;
/// assert_eq!(orders[0].str("amount"), Some("12.50"));
/// assert_eq!(orders[0].f64("amount")?, 12.5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The run fails with the errors that [the crate](crate#errors) lists.
pub fn read_records(input: impl Into<Input>) -> CsvReader<Records> {
    CsvReader::new(input.into(), Options::default(), Decoder::records)
}

/// A reader of one CSV file or several; made by [`read`] and [`read_records`].
///
/// By default, cells are separated by commas, the first record is the header, and each record has as many cells as the
/// header.
///
/// ```
/// use godata_io_csv::{self as csv, Input, Pipeline, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// let text = "Orders of May\nid|note\n# imported\nA-1|'it\\'s late'\n";
/// let reader = csv::read_records(Input::bytes("orders", text))
///     .skip_lines(1)
///     .delimiter(b'|')
///     .comment(b'#')
///     .quote(b'\'')
///     .escape(b'\\');
/// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
/// assert_eq!(orders, [record! {"id" => "A-1", "note" => "it's late"}]);
/// # Ok(())
/// # }
/// ```
pub struct CsvReader<B> {
    input: Input,
    options: Options,
    decode: Decode<B>,
}

impl<B> CsvReader<B> {
    fn new(input: Input, options: Options, decode: Decode<B>) -> Self {
        Self { input, options, decode }
    }

    /// Sets the byte that separates cells, such as `b';'` or `b'\t'`. The default is a comma.
    ///
    /// The quote, CR, LF, NUL and bytes that are not ASCII are refused when the file is opened, with
    /// [`CsvError::Delimiter`](crate::CsvError::Delimiter).
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.options.dialect.delimiter = delimiter;
        self
    }

    /// Sets the byte that opens and closes a quoted cell, such as `b'\''`. The default is `b'"'`.
    ///
    /// A byte with another meaning, CR, LF, NUL and bytes that are not ASCII are refused when the file is opened, with
    /// [`CsvError::Special`](crate::CsvError::Special). The same holds for [`escape`](Self::escape) and
    /// [`comment`](Self::comment).
    #[must_use]
    pub fn quote(mut self, quote: u8) -> Self {
        self.options.dialect.quote = Some(quote);
        self
    }

    /// Accepts quotes that RFC 4180 does not allow. By default they are an error,
    /// [`CsvError::AfterQuote`](crate::CsvError::AfterQuote) or [`CsvError::QuoteInCell`](crate::CsvError::QuoteInCell):
    /// quotes are around whole cells, and doubled inside them.
    ///
    /// With this option, a quote in a cell that does not begin with one is an ordinary character, and what follows a
    /// closing quote is added to the cell: `5" disk` is read as it is, and `"a"b` as `ab`. A lone quote at the start of a
    /// cell then joins all records up to the next quote into one cell, and the run may succeed. If the file has no quoted
    /// cells, [`no_quotes`](Self::no_quotes) is safer.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("disks", "id,size\nA-1,5\" disk\n"));
    /// let error = Pipeline::builder("disks").read(reader.clone()).collect(10).await.unwrap_err();
    /// assert!(format!("{error:#}").contains("column `size`: `5\" disk` has a quote"));
    ///
    /// let disks = Pipeline::builder("disks").read(reader.lenient_quotes()).collect(10).await?;
    /// assert_eq!(disks, [record! {"id" => "A-1", "size" => "5\" disk"}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn lenient_quotes(mut self) -> Self {
        self.options.dialect.lenient_quotes = true;
        self
    }

    /// Reads quotes as ordinary characters: a cell always ends at the next delimiter or line break.
    ///
    /// Use it for files from tools that do not quote.
    #[must_use]
    pub fn no_quotes(mut self) -> Self {
        self.options.dialect.quote = None;
        self
    }

    /// Sets a byte that escapes the byte after it in a quoted cell, as in `"a \"b\""` with `b'\\'`. Quotes may still be
    /// doubled. By default they can only be doubled, as in RFC 4180.
    ///
    /// In a cell without quotes the byte has no meaning.
    #[must_use]
    pub fn escape(mut self, escape: u8) -> Self {
        self.options.dialect.escape = Some(escape);
        self
    }

    /// Allows spaces and tabs before the quote that opens a cell and after the quote that closes it, as in `A-1, "7" ,x`.
    /// They are then not part of the cell. By default they are an error, like other [stray quotes](Self::lenient_quotes).
    ///
    /// In cells without quotes, spaces are kept; [`trim`](Self::trim) removes them.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("orders", "id,name\nA-1, \"Lee, Ann\"\n")).spaces_around_quotes();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => "A-1", "name" => "Lee, Ann"}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn spaces_around_quotes(mut self) -> Self {
        self.options.dialect.spaces_around_quotes = true;
        self
    }

    /// Sets which lines are blank and therefore skipped. By default, a line without any bytes is blank.
    #[must_use]
    pub fn blank_lines(mut self, blank: BlankLines) -> Self {
        self.options.dialect.blank_lines = blank;
        self
    }

    /// Skips lines that start with this byte. By default no line is skipped.
    ///
    /// A comment ends at the next LF. A line is a comment only where a record would begin, not inside a quoted cell.
    /// Errors count comments as lines.
    #[must_use]
    pub fn comment(mut self, comment: u8) -> Self {
        self.options.dialect.comment = Some(comment);
        self
    }

    /// Skips `count` lines at the start of each file, before the header. The default is 0.
    ///
    /// A line ends with LF, CRLF or CR, even inside quotes, and blank lines count. A file with fewer lines is read as
    /// empty: that is a [`CsvError::MissingHeader`](crate::CsvError::MissingHeader), or no records if the file has no
    /// header.
    #[must_use]
    pub fn skip_lines(mut self, count: u64) -> Self {
        self.options.skip_lines = count;
        self
    }

    /// Sets where whitespace around cells is removed. By default it is kept.
    ///
    /// Text inside quotes is trimmed too. Spaces around the quotes themselves need
    /// [`spaces_around_quotes`](Self::spaces_around_quotes).
    #[must_use]
    pub fn trim(mut self, trim: Trim) -> Self {
        self.options.trim = trim;
        self
    }

    /// Reads cells that are exactly one of these words as null. By default no cell is null.
    ///
    /// A quoted cell is never null, so the text `"NA"` can be told from null, as in PostgreSQL's COPY. If cells are
    /// trimmed, that is done first. The word `""` makes empty cells null.
    ///
    /// In a struct, null is read as an empty cell: as `None` for an `Option`, as an empty `String`, and as an error
    /// for a number.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let input = Input::bytes("orders", "id,coupon\nNA,\"NA\"\n");
    /// let reader = csv::read_records(input).nulls(["NA", "NULL"]);
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

    /// Reads a file without a header: its first line is a record.
    ///
    /// Structs and tuples are then read by position, and cells after their last field are ignored. Dynamic records
    /// have the fields `column_1`, `column_2` and so on. The first record determines the number of columns. An empty
    /// file has no records.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read::<(String, f64)>(Input::bytes("orders", "A-1,12.5\n")).no_header();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [("A-1".to_owned(), 12.5)]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn no_header(mut self) -> Self {
        self.options.names = Names::Absent;
        self
    }

    /// Reads a file without a header, whose columns have these names.
    ///
    /// If a name appears twice, opening the file fails with
    /// [`CsvError::DuplicateGivenName`](crate::CsvError::DuplicateGivenName). An empty file has no records.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("orders", "A-1,12.5\n")).names(["id", "amount"]);
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => "A-1", "amount" => "12.5"}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn names<I>(mut self, names: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.options.names = Names::Given(names.into_iter().map(Into::into).collect());
        self
    }

    /// Gives a number to a name that occurs again in the header, and a name to a column without one. By default duplicate
    /// names are an error, and one column may have an empty name.
    ///
    /// The second `amount` becomes `amount_2`, the third `amount_3`. An empty name in the fourth column becomes
    /// `column_4`. If the header has such a name already, the next free number is taken.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("orders", "id,amount,amount,\nA-1,7,8,x\n")).unique_names();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => "A-1", "amount" => "7", "amount_2" => "8", "column_4" => "x"}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unique_names(mut self) -> Self {
        self.options.makes_names_unique = true;
        self
    }

    /// Reads a line such as `sep=;` at the start of a file, with which Excel declares the delimiter. By default such a
    /// line is an error, [`CsvError::SepLine`](crate::CsvError::SepLine), unless it is [skipped](Self::skip_lines).
    ///
    /// Without such a line, the delimiter is that of [`delimiter`](Self::delimiter). All files of an input need the same
    /// delimiter, or the run fails with [`CsvError::OtherDelimiter`](crate::CsvError::OtherDelimiter).
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("orders", "sep=;\r\nid;amount\r\nA-1;7,50\r\n")).sep_line();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => "A-1", "amount" => "7,50"}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sep_line(mut self) -> Self {
        self.options.has_sep_line = true;
        self
    }

    /// Sets how records with fewer or more cells than columns are read. By default they are an error.
    #[must_use]
    pub fn ragged(mut self, ragged: Ragged) -> Self {
        self.options.ragged = ragged;
        self
    }

    /// Drops empty cells after the last column, and empty names at the end of the header, as spreadsheets add them. By
    /// default they are an error in a record, and columns in the header.
    ///
    /// If cells are trimmed, that is done first. Any other cell after the last column is an error, unless
    /// [`ragged`](Self::ragged) accepts it. The columns of a file without a header are not changed.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline, record};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let reader = csv::read_records(Input::bytes("orders", "id,amount,,\nA-1,7,,\nA-2,\n")).drop_trailing_empty();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders, [record! {"id" => "A-1", "amount" => "7"}, record! {"id" => "A-2", "amount" => ""}]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn drop_trailing_empty(mut self) -> Self {
        self.options.drops_trailing_empty = true;
        self
    }

    /// Sets which columns the files of an input may have. By default each file has the same columns in the same order.
    #[must_use]
    pub fn file_columns(mut self, columns: FileColumns) -> Self {
        self.options.file_columns = columns;
        self
    }

    /// Reads files of which only the first has a header, as `split` makes them. By default each file has one.
    ///
    /// In a further file, a first record with exactly the names of the header is skipped. Any other is data.
    ///
    /// ```
    /// use godata_io_csv::{self as csv, Input, Pipeline};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = |name: &str| folder.path().join(name);
    /// std::fs::write(path("orders.aa"), "id,amount\nA-1,12.5\n")?;
    /// std::fs::write(path("orders.ab"), "A-2,7.25\n")?;
    ///
    /// let input = Input::paths([path("orders.aa"), path("orders.ab")]);
    /// let reader = csv::read_records(input).header_in_first_file();
    /// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
    /// assert_eq!(orders[1].str("amount"), Some("7.25"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn header_in_first_file(mut self) -> Self {
        self.options.has_one_header = true;
        self
    }

    /// Skips files that have no line but blank lines and comments, not even a header. By default such a file is an error,
    /// [`CsvError::MissingHeader`](crate::CsvError::MissingHeader).
    ///
    /// If all files are empty, that is still an error. Use it for directories in which Spark has written an empty file
    /// `_SUCCESS` beside its results; a glob such as `part-*` leaves that file out, too.
    #[must_use]
    pub fn skip_empty_files(mut self) -> Self {
        self.options.skips_empty_files = true;
        self
    }

    /// Sets roughly how many bytes are decoded as one batch, at most 64 MiB. The default is 256 KiB. A batch has at
    /// least one record. This is for tuning.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.options.block_size = Some(bytes);
        self
    }

    /// Sets how many bytes a record may have, at most 64 MiB, which is the default. A longer one is
    /// [broken](crate#broken-records), with [`CsvError::TooLong`](crate::CsvError::TooLong), and so is a record with a quote
    /// that is not closed within as many bytes.
    ///
    /// With a smaller number, less is read ahead in search of the quote that closes a cell. This is also the way to find two
    /// lone quotes that close each other, many lines apart, and so form a cell that RFC 4180 allows:
    ///
    /// ```
    /// use godata_io_csv::etl::{Limit, OnError};
    /// use godata_io_csv::{self as csv, Input, Pipeline};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), csv::BoxError> {
    /// let row = |id| match id {
    ///     10 => "10,\"Bob,1\n".to_owned(),
    ///     9_000 => "9000,Bob\",1\n".to_owned(),
    ///     id => format!("{id},Bob,1\n"),
    /// };
    /// let text = format!("id,name,amount\n{}", (1..=10_000).map(row).collect::<String>());
    /// let reader = csv::read_records(Input::bytes("orders", text));
    /// let orders = Pipeline::builder("orders").read(reader.clone()).collect(10_000).await?;
    /// assert_eq!(orders.len(), 1_010);
    ///
    /// let flow = Pipeline::builder("orders").on_error(OnError::skip(Limit::records(10)));
    /// let orders = flow.read(reader.longest_record(200)).collect(10_000).await?;
    /// assert_eq!(orders.len(), 9_998);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn longest_record(mut self, bytes: usize) -> Self {
        self.options.longest_record = Some(bytes);
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
