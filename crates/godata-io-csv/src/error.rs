//! How CSV fails.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;

/// How many characters of a value an error repeats.
const EXCERPT: usize = 80;

/// A CSV file that can't be read, or a record that can't be written as CSV.
///
/// What is wrong with one record names the column and the value only: the
/// [`PipelineError`](godata_etl::PipelineError) around it names the record, the file and the line. What is
/// wrong with the file as a whole names file and line itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The delimiter is no ASCII character, or one that has another meaning.
    #[error("`{}` can't be the delimiter", delimiter.escape_ascii())]
    Delimiter {
        /// The delimiter.
        delimiter: u8,
    },
    /// A byte that was chosen as the quote, the escape or the comment is no ASCII character, or one that has
    /// another meaning.
    #[error("`{}` can't be the {role}", byte.escape_ascii())]
    Special {
        /// The byte.
        byte: u8,
        /// What it was chosen for: `quote`, `escape` or `comment`.
        role: &'static str,
    },
    /// A file has no records and no header. Say [`no_header`](crate::CsvReader::no_header) or
    /// [`names`](crate::CsvReader::names) for a file that has none.
    #[error("`{file}` is empty: its header is missing")]
    MissingHeader {
        /// The file.
        file: Arc<str>,
    },
    /// A header has a name that is not UTF-8, or has a NUL byte: the source says which.
    #[error("{file}:{line}: the header can't be read")]
    Header {
        /// The file.
        file: Arc<str>,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// A header has a name twice.
    #[error("{file}:{line}: columns {first} and {second} have the same name `{name}`")]
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
    /// The files of one input have different columns, or the same ones in another order: the first that differs
    /// is named.
    #[error("{file}:{line}: {} in `{first}`", Difference(*column, found.as_deref(), expected.as_deref()))]
    OtherHeader {
        /// The file.
        file: Arc<str>,
        /// The line of its header, from 1.
        line: u64,
        /// The first file of the input.
        first: Arc<str>,
        /// The column, from 1.
        column: usize,
        /// Its name in the file; `None` if there are fewer columns.
        found: Option<String>,
        /// Its name in the first file; `None` if that has fewer columns.
        expected: Option<String>,
    },
    /// A file that is appended to has other columns than the records, or the same ones in another order: the first
    /// that differs is named.
    #[error("{} in the records", Difference(*column, found.as_deref(), expected.as_deref()))]
    OldHeader {
        /// The column, from 1.
        column: usize,
        /// Its name in the file; `None` if there are fewer columns.
        found: Option<String>,
        /// Its name in the records; `None` if they have fewer columns.
        expected: Option<String>,
    },
    /// The names that were given to [`CsvReader::names`](crate::CsvReader::names) or
    /// [`CsvWriter::columns`](crate::CsvWriter::columns) have one of them twice.
    #[error("the name `{name}` was given twice")]
    DuplicateGivenName {
        /// The name.
        name: String,
    },
    /// A file ends before a quote is closed. (If 64 MiB or more follow on the quote, it is an
    /// [`IoError::RecordTooLong`](godata_io::IoError::RecordTooLong).)
    #[error("{file}:{line}: the quote that opens here is never closed")]
    UnclosedQuote {
        /// The file.
        file: Arc<str>,
        /// The line on which the quote opens, from 1.
        line: u64,
    },
    /// A record has not as many cells as there are columns.
    #[error("wrong number of columns: expected {expected}, found {found}")]
    Columns {
        /// How many the header has; without header, the names that were given or the first record.
        expected: usize,
        /// How many the record has.
        found: usize,
    },
    /// A cell is not UTF-8. Text in another encoding is read with [`Input::encoding`](godata_io::Input::encoding).
    #[error("{column}: `{value}` is not UTF-8; `Input::encoding` reads other text")]
    Utf8 {
        /// The column.
        column: Column,
        /// The cell, in at most some 80 characters; U+FFFD for what is no text.
        value: String,
    },
    /// A cell has a NUL byte, as no text has: the file is binary, probably, or encoded as UTF-16.
    #[error("{column}: there is a NUL byte, as in binary files and in UTF-16, which `Input::encoding` reads")]
    Nul {
        /// The column.
        column: Column,
    },
    /// A cell does not fit the field of the type that it is read as; the source says why.
    #[error("{column}: `{value}`")]
    Value {
        /// The column.
        column: Column,
        /// The cell, in at most some 80 characters.
        value: String,
        /// Why it does not fit.
        source: BoxError,
    },
    /// A record does not fit the type that it is read as, for a reason that is not in one cell: a column is
    /// missing, say.
    #[error("the record does not fit its type")]
    Record {
        /// Why it does not fit.
        source: BoxError,
    },
    /// A value can't be written to a cell: a list, a map, bytes, or text with a NUL byte.
    #[error("field `{field}`: {found} can't be written to a CSV cell")]
    NotACell {
        /// The name of the field.
        field: String,
        /// What it has.
        found: &'static str,
    },
    /// A record has a field for which there is no column: the header is made from the first batch. Let a step
    /// give all records the same fields.
    #[error("field `{field}` is not in the header, which the first records made")]
    NewField {
        /// The name of the field.
        field: String,
    },
    /// A record has a field that is not in [`columns`](crate::CsvWriter::columns). Drop it in a step, or list
    /// it.
    #[error("field `{field}` is not one of the columns that are to be written")]
    UnlistedField {
        /// The name of the field.
        field: String,
    },
    /// The word that is to be written for null has a delimiter, a quote, an escape, a line break or a NUL byte
    /// in it, so that it would need quotes, which make it text.
    #[error("`{}` can't be written for null, as it needs quotes", word.escape_debug())]
    NullWord {
        /// The word.
        word: String,
    },
    /// The first records have no fields, so there is nothing to make a header of; or no columns were given.
    #[error("records without fields can't be written as CSV")]
    NoFields,
}

/// How the name of a column differs from that in another file: its number, the name found, the one expected.
struct Difference<'a>(usize, Option<&'a str>, Option<&'a str>);

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, found, expected) = self;
        match found {
            Some(found) => write!(f, "column {number} is `{}`, and ", excerpt(found))?,
            None => write!(f, "column {number} is missing, which is ")?,
        }
        match expected {
            Some(expected) => write!(f, "`{}`", excerpt(expected)),
            None => f.write_str("there is no such column"),
        }
    }
}

/// A column as errors name it: ``column `amount` ``, or `column 3` if it has no name.
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

/// The start of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short = String::new();
    for c in text.chars().take(EXCERPT) {
        if c.is_control() { short.extend(c.escape_default()) } else { short.push(c) }
    }
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt("a\nb"), "a\\nb");
        let exact = "é".repeat(EXCERPT);
        assert_eq!(excerpt(&exact), exact);
        assert_eq!(excerpt(&format!("{exact}x")), format!("{exact}…"));
    }

    #[test]
    fn a_column_without_name_has_its_number() {
        assert_eq!(Column { number: 3, name: None }.to_string(), "column 3");
        assert_eq!(Column { number: 3, name: Some("a".into()) }.to_string(), "column `a`");
    }
}
