//! The errors of CSV.

use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, debug_as_chain, excerpt, excerpt_list, excerpt_path};
use godata_etl::{Place, RejectKind, RejectReason};

/// A CSV file that can't be read, or a record that can't be written as CSV.
///
/// An error of a single record names only the column and the value. The
/// [`PipelineError`](godata_etl::PipelineError) around it names the record, the file and the line. An error of a whole
/// file names the file and the line itself.
///
/// ```
/// use std::error::Error;
///
/// use godata_io_csv::{self as csv, CsvError, Input, Pipeline, RunContext};
///
/// let pipeline = Pipeline::builder("orders")
///     .read(csv::read_records(Input::bytes("orders", "id,amount\nA-1\n")))
///     .write_fn(async |_, _| Ok(()))?;
/// let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
/// let cause = error.source().and_then(|cause| cause.downcast_ref::<CsvError>());
/// assert!(matches!(cause, Some(CsvError::Columns { expected: 2, found: 1 })));
/// # Ok::<(), csv::BoxError>(())
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The delimiter is not an ASCII character, or has another meaning.
    #[error("`{}` can't be the delimiter: use another ASCII character", delimiter.escape_ascii())]
    Delimiter {
        /// The delimiter.
        delimiter: u8,
    },
    /// The byte for the quote, the escape or the comment is not an ASCII character, or has another meaning.
    #[error("`{}` can't be the {role}: use another ASCII character", byte.escape_ascii())]
    Special {
        /// The byte.
        byte: u8,
        /// What the byte was chosen for: `quote`, `escape` or `comment`.
        role: &'static str,
    },
    /// A file has neither records nor a header. Use [`no_header`](crate::CsvReader::no_header) or
    /// [`names`](crate::CsvReader::names) to read files without a header, and
    /// [`skip_empty_files`](crate::CsvReader::skip_empty_files) to skip empty files among others.
    #[error("`{}` is empty: its header is missing{}", excerpt_path(&**file), among_others(*is_one_of_many))]
    MissingHeader {
        /// The file.
        file: Arc<str>,
        /// Whether the input has other files.
        is_one_of_many: bool,
    },
    /// A file begins with a line such as `sep=;`, with which Excel declares the delimiter.
    /// [`sep_line`](crate::CsvReader::sep_line) reads it.
    #[error(
        "{}:1: this line declares the delimiter `{}`; `sep_line` reads it",
        excerpt_path(&**file),
        delimiter.escape_ascii()
    )]
    SepLine {
        /// The file.
        file: Arc<str>,
        /// The delimiter that the line declares.
        delimiter: u8,
    },
    /// A file declares another delimiter than the first file has. Read the files as separate inputs.
    #[error(
        "{}:1: this line declares the delimiter `{}`, but the first file has `{}`",
        excerpt_path(&**file),
        delimiter.escape_ascii(),
        expected.escape_ascii()
    )]
    OtherDelimiter {
        /// The file.
        file: Arc<str>,
        /// The delimiter that the line declares.
        delimiter: u8,
        /// The delimiter of the first file.
        expected: u8,
    },
    /// One of several files seems to have another delimiter: its header is a single column, and most parts of its name are
    /// columns of other files. Read the files of each delimiter as an input of their own, with
    /// [`delimiter`](crate::CsvReader::delimiter). If the header is one column by intent, put quotes around it.
    #[error(
        "{}:{line}: the header is the single column `{}`, but its parts are columns of other files (is the delimiter \
         `{}`?); read files with another delimiter as an input of their own, with `delimiter`",
        excerpt_path(&**file),
        excerpt(header),
        delimiter.escape_ascii()
    )]
    FileDelimiter {
        /// The file.
        file: Arc<str>,
        /// The line of its header, from 1.
        line: u64,
        /// The name of the column.
        header: String,
        /// The delimiter that the file probably has.
        delimiter: u8,
    },
    /// A header can't be read: a name is not UTF-8 or contains a NUL byte, for example. The source says what is wrong.
    #[error("{}:{line}: the header can't be read", excerpt_path(&**file))]
    Header {
        /// The file.
        file: Arc<str>,
        /// The line, from 1.
        line: u64,
        /// What is wrong with the header.
        source: Box<Self>,
    },
    /// A header has a name twice. [`unique_names`](crate::CsvReader::unique_names) gives numbers to such names.
    #[error(
        "{}:{line}: columns {first} and {second} have the same name `{}`; `unique_names` numbers them, \
         `drop_trailing_empty` drops empty ones at the end",
        excerpt_path(&**file),
        excerpt(name)
    )]
    DuplicateName {
        /// The file.
        file: Arc<str>,
        /// The line, from 1.
        line: u64,
        /// The name.
        name: String,
        /// The first column with this name, from 1.
        first: usize,
        /// The second one.
        second: usize,
    },
    /// Two files of one input have different columns, or the same columns in a different order. The first difference is
    /// named. [`file_columns`](crate::CsvReader::file_columns) accepts such files.
    #[error(
        "{}:{line}: {} in `{}`; {rule}",
        excerpt_path(&**file),
        Difference(*column, found.as_deref(), expected.as_deref()),
        excerpt_path(&**first)
    )]
    OtherHeader {
        /// The file.
        file: Arc<str>,
        /// The line of its header, from 1.
        line: u64,
        /// The first file of the input.
        first: Arc<str>,
        /// The column, from 1.
        column: usize,
        /// Its name in the file; `None` if the file has fewer columns.
        found: Option<String>,
        /// Its name in the first file; `None` if the first file has fewer columns.
        expected: Option<String>,
        /// What is expected of the files.
        rule: &'static str,
    },
    /// A file that is appended to has different columns than the records, or the same columns in a different order. The
    /// first difference is named. [`columns`](crate::CsvWriter::columns) sets the columns and their order.
    #[error(
        "{} in the records; `columns` sets what is written",
        Difference(*column, found.as_deref(), expected.as_deref())
    )]
    OldHeader {
        /// The column, from 1.
        column: usize,
        /// Its name in the file; `None` if the file has fewer columns.
        found: Option<String>,
        /// Its name in the records; `None` if they have fewer columns.
        expected: Option<String>,
    },
    /// A name appears twice among those given to [`CsvReader::names`](crate::CsvReader::names) or
    /// [`CsvWriter::columns`](crate::CsvWriter::columns).
    #[error("the name `{}` was given twice", excerpt(name))]
    DuplicateGivenName {
        /// The name.
        name: String,
    },
    /// A quote opens a cell and is not closed before the end of the file, or within the
    /// [longest record](crate::CsvReader::longest_record). [`no_quotes`](crate::CsvReader::no_quotes) reads files in which
    /// quotes have no meaning.
    #[error("{column}: the quote that opens {} is {}", opens(*lines), unclosed(*within))]
    UnclosedQuote {
        /// The column.
        column: Column,
        /// How many lines the quote is below the beginning of its record.
        lines: u64,
        /// The number of bytes that were searched, if the file has more of them.
        within: Option<usize>,
    },
    /// Bytes follow the quote that closes a cell, as in `"Boston` if the next quote is in a later record. In RFC 4180,
    /// the cell ends there, and a quote in it is doubled. [`lenient_quotes`](crate::CsvReader::lenient_quotes) accepts
    /// such cells.
    #[error(
        "{column}: `{}` follows the closing quote of `{}`{}; {QUOTE_RULE}; {hint}",
        excerpt(after),
        excerpt(cell),
        below(*lines)
    )]
    AfterQuote {
        /// The column.
        column: Column,
        /// The first 80 characters of the quoted part of the cell, with its quotes.
        cell: String,
        /// How many lines the closing quote is below the opening one.
        lines: u64,
        /// The first 80 characters of the rest of the cell.
        after: String,
        /// The option that reads the cell.
        hint: &'static str,
    },
    /// A cell has a quote in it, and does not begin with one. In RFC 4180, such a cell is quoted, and the quote in it is
    /// doubled. [`lenient_quotes`](crate::CsvReader::lenient_quotes) accepts such cells.
    #[error("{column}: `{}` has a quote, but does not begin with one; {QUOTE_RULE}; {hint}", excerpt(cell))]
    QuoteInCell {
        /// The column.
        column: Column,
        /// The first 80 characters of the cell.
        cell: String,
        /// The option that reads the cell.
        hint: &'static str,
    },
    /// The number of cells in a record of several lines is not the number of columns: the first quote that opens a cell of
    /// several lines is probably a lone one. [`ragged`](crate::CsvReader::ragged) accepts such records.
    #[error(
        "{column}: the quote that opens here is closed {}, in a record of {found} instead of {expected} columns",
        lines_below(*lines)
    )]
    JoinedLines {
        /// The column of the quote.
        column: Column,
        /// How many lines the closing quote is below the opening one.
        lines: u64,
        /// The number of columns, as in [`Columns`](Self::Columns).
        expected: usize,
        /// The number of cells in the record, or before a further fault. In a record of over 4 KiB that has too many cells, the
        /// rest of them may not be counted.
        found: usize,
    },
    /// A record is longer than the [longest record](crate::CsvReader::longest_record): the file is damaged, or has another
    /// format.
    #[error("the record that begins here is over {limit} bytes long")]
    TooLong {
        /// How many bytes a record may have.
        limit: usize,
    },
    /// The number of cells in a record of one line is not the number of columns. [`ragged`](crate::CsvReader::ragged) accepts such
    /// records.
    #[error("wrong number of columns: expected {expected}, found {found}")]
    Columns {
        /// The number of columns: that of the header or, without a header, of the given names or the first record.
        expected: usize,
        /// The number of cells in the record.
        found: usize,
    },
    /// The header is a single column whose name contains a usual delimiter, and a record or a quote does not fit: the file
    /// probably has that [`delimiter`](crate::CsvReader::delimiter).
    #[error(
        "the header is the single column `{}` (is the delimiter `{}`?)",
        excerpt(header),
        delimiter.escape_ascii()
    )]
    LikelyDelimiter {
        /// The name of the column.
        header: String,
        /// The delimiter that the file probably has.
        delimiter: u8,
        /// What is wrong with the record or the header.
        source: Box<Self>,
    },
    /// A cell is not UTF-8. [`Input::encoding`](godata_io::Input::encoding) reads text in other encodings.
    #[error("{column}: `{}` is not UTF-8; `Input::encoding` reads other text", excerpt(value))]
    Utf8 {
        /// The column.
        column: Column,
        /// The first 80 characters of the cell, with U+FFFD for bytes that are not text.
        value: String,
    },
    /// A cell contains a NUL byte, which text never has: the file is probably binary, or encoded as UTF-16.
    #[error("{column}: there is a NUL byte, as in binary files and in UTF-16, which `Input::encoding` reads")]
    Nul {
        /// The column.
        column: Column,
    },
    /// A cell does not fit the type of its field; the source says why.
    #[error("{column}: `{}`", excerpt(value))]
    Value {
        /// The column.
        column: Column,
        /// The first 80 characters of the cell.
        value: String,
        /// Why it does not fit.
        source: BoxError,
    },
    /// A record does not fit its type, for a reason that is not in a single cell: a column is missing, for example.
    #[error("the record does not fit its type")]
    Record {
        /// Why it does not fit.
        source: BoxError,
    },
    /// A value can't be written to a cell: a list, a map, bytes, or text with a NUL byte.
    #[error("field `{}`: {found} can't be written to a CSV cell", excerpt(field))]
    NotACell {
        /// The name of the field.
        field: String,
        /// The kind of the value.
        found: &'static str,
    },
    /// A record has a field without a column: the header is made from the first records. List all columns with
    /// [`columns`](crate::CsvWriter::columns), or in a `select`; make the header from more records with
    /// [`header_from`](crate::CsvWriter::header_from); or drop the field with
    /// [`drop_extra_fields`](crate::CsvWriter::drop_extra_fields).
    #[error(
        "field `{}` of {place} is not in the header, which has the fields of the first {records} records; \
         list all fields with `columns`, take more records with `header_from`, or drop it with \
         `drop_extra_fields`",
        excerpt(field)
    )]
    NewField {
        /// The name of the field.
        field: String,
        /// The first record that has it.
        place: Place,
        /// How many records the header is made from.
        records: usize,
    },
    /// An input has columns that the header lacks, which is that of another input: in a [`chain`](godata_etl::chain()), say. Give
    /// them one name with [`alias`](godata_etl::Flow::alias) or [`rename`](godata_etl::Flow::rename), choose them with
    /// [`select`](godata_etl::Flow::select), or list all with [`columns`](crate::CsvWriter::columns).
    #[error(
        "the columns of `{}` are not those of `{}`, which are the header: it also has {}{}; use `alias`, `select` or `columns`",
        excerpt_path(&**input),
        excerpt_path(&**header_of),
        some_of(new),
        lacking(missing)
    )]
    OtherColumns {
        /// The input.
        input: Arc<str>,
        /// The input whose columns are the header.
        header_of: Arc<str>,
        /// The columns that only the input has.
        new: Vec<String>,
        /// The columns that only the header has.
        missing: Vec<String>,
    },
    /// A record has a field that is not in [`columns`](crate::CsvWriter::columns). Drop it in a step or with
    /// [`drop_extra_fields`](crate::CsvWriter::drop_extra_fields), or list it.
    #[error("field `{}` is not one of the columns to write; drop it in a step or list it", excerpt(field))]
    UnlistedField {
        /// The name of the field.
        field: String,
    },
    /// The word for null would need quotes, which would make it text: it contains a delimiter, a quote, an escape, a
    /// line break or a NUL byte.
    #[error("`{}` can't stand for null, because it needs quotes", excerpt(word))]
    NullWord {
        /// The word.
        word: String,
    },
    /// The first records have no fields to make a header from, or an empty list of columns was given.
    #[error("records without fields can't be written as CSV")]
    NoFields,
}

impl CsvError {
    /// The kind and the column of a record that is rejected for this.
    pub(crate) fn into_reason(self) -> RejectReason {
        let column = self.column().map(|column| match &column.name {
            Some(name) => Arc::from(&**name),
            None => format!("column_{}", column.number).into(),
        });
        let reason = RejectReason::new(self.kind(), self);
        match column {
            Some(column) => reason.column(column),
            None => reason,
        }
    }

    fn kind(&self) -> RejectKind {
        match self {
            Self::Columns { .. } | Self::JoinedLines { .. } => RejectKind::Columns,
            Self::Utf8 { .. } => RejectKind::Encoding,
            Self::Nul { .. } => RejectKind::Nul,
            Self::AfterQuote { .. } | Self::QuoteInCell { .. } | Self::UnclosedQuote { .. } => {
                RejectKind::Quote
            }
            Self::Value { .. } | Self::Record { .. } => RejectKind::Type,
            Self::TooLong { .. } => RejectKind::TooLong,
            Self::LikelyDelimiter { source, .. } => source.kind(),
            _ => RejectKind::Other,
        }
    }

    fn column(&self) -> Option<&Column> {
        match self {
            Self::Utf8 { column, .. }
            | Self::Nul { column }
            | Self::AfterQuote { column, .. }
            | Self::QuoteInCell { column, .. }
            | Self::UnclosedQuote { column, .. }
            | Self::JoinedLines { column, .. }
            | Self::Value { column, .. } => Some(column),
            Self::LikelyDelimiter { source, .. } => source.column(),
            _ => None,
        }
    }

    /// The column of a broken record, to set its name.
    pub(crate) fn broken_column_mut(&mut self) -> Option<&mut Column> {
        match self {
            Self::AfterQuote { column, .. }
            | Self::QuoteInCell { column, .. }
            | Self::UnclosedQuote { column, .. }
            | Self::JoinedLines { column, .. } => Some(column),
            _ => None,
        }
    }
}

/// The second half of [`CsvError::OtherColumns`].
fn lacking(missing: &[String]) -> String {
    if missing.is_empty() { String::new() } else { format!(", and lacks {}", some_of(missing)) }
}

/// The first of these columns, so that two lists of them are not too long.
fn some_of(columns: &[String]) -> String {
    match columns.split_at_checked(5) {
        Some((first, more)) if !more.is_empty() => {
            format!("{} and {} more", excerpt_list(first), more.len())
        }
        _ => excerpt_list(columns),
    }
}

debug_as_chain!(CsvError);

const QUOTE_RULE: &str = "quotes are around whole cells, and doubled inside them (RFC 4180)";

fn among_others(is_one_of_many: bool) -> &'static str {
    if is_one_of_many { "; `skip_empty_files` skips it" } else { "" }
}

fn opens(lines: u64) -> String {
    match lines {
        0 => "here".to_owned(),
        lines => format!("{} the beginning of the record", lines_below(lines)),
    }
}

fn unclosed(within: Option<usize>) -> String {
    match within {
        Some(bytes) => format!("not closed within {bytes} bytes"),
        None => "never closed".to_owned(),
    }
}

fn below(lines: u64) -> String {
    match lines {
        0 => String::new(),
        lines => format!(", {} the opening one", lines_below(lines)),
    }
}

fn lines_below(lines: u64) -> String {
    match lines {
        1 => "1 line below".to_owned(),
        lines => format!("{lines} lines below"),
    }
}

/// How a column differs from that of another file: its number, the name found and the name expected.
struct Difference<'a>(usize, Option<&'a str>, Option<&'a str>);

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, found, expected) = self;
        match found {
            Some(found) => write!(f, "column {number} is `{}`, but ", excerpt(found))?,
            None => write!(f, "column {number} is missing, which is ")?,
        }
        match expected {
            Some(expected) => write!(f, "`{}`", excerpt(expected)),
            None => f.write_str("there is no such column"),
        }
    }
}

/// A column in an error. `Display` prints ``column `amount` ``, or `column 3` if it has no name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// The number of the column, from 1.
    pub number: usize,
    /// Its name, if it has one that is not empty.
    pub name: Option<String>,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "column `{}`", excerpt(name)),
            None => write!(f, "column {}", self.number),
        }
    }
}

#[cfg(test)]
mod tests;
