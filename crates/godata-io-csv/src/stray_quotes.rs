//! Quotes that RFC 4180 does not allow.

use godata_core::excerpt;
use memchr::{memchr, memchr3};

use crate::dialect::Dialect;
use crate::raw_cells::{RawCell, RawRecords, raw_cells};
use crate::structure::is_simple;
use crate::tidy::tidy_record;
use crate::walk::line_breaks;
use crate::{Column, CsvError};

/// How many bytes of a cell are enough for an excerpt.
pub(crate) const EXCERPT: usize = 1 << 10;

const LENIENT: &str = "`lenient_quotes` accepts it";
const LONE: &str =
    "the opening quote is probably a lone one; remove it, or read quotes as text with `no_quotes`";
const SPACES: &str = "`spaces_around_quotes` reads it as a quoted cell";
const ESCAPE: &str = "`escape` with `\\` reads `\\\"` as a quote";

/// Finds the quotes that RFC 4180 does not allow: after a closing quote, and in cells that do not begin with a quote.
/// They are usually a sign that a lone quote has joined several records.
#[derive(Debug)]
pub(crate) struct StrayQuotes<'a> {
    records: RawRecords<'a>,
    quote: u8,
}

impl<'a> StrayQuotes<'a> {
    /// Makes it for the whole records of `bytes`; `None` if such quotes are allowed, or if a quick look shows that there are
    /// none.
    pub(crate) fn of(bytes: &'a [u8], dialect: Dialect) -> Option<Self> {
        let quote = dialect.quote.filter(|_| !dialect.lenient_quotes)?;
        if memchr(quote, bytes).is_none() || is_simple(bytes, dialect) {
            return None;
        }
        let lenient = Dialect { lenient_quotes: true, ..dialect };
        Some(Self { records: RawRecords::new(bytes, lenient), quote })
    }

    /// Checks the next record. Each record must be checked, in order.
    pub(crate) fn check(&mut self, column: impl Fn(usize) -> Column) -> Result<(), CsvError> {
        self.records.advance();
        match first_stray(self.records.cells(), self.quote) {
            None => Ok(()),
            Some((position, cell)) => Err(error(cell, self.quote, column(position))),
        }
    }
}

/// What is wrong with a record in which text follows the quote before `closed`, as a column without a name.
pub(crate) fn stray_quote(record: &[u8], closed: usize, dialect: Dialect) -> Option<CsvError> {
    let quote = dialect.quote?;
    // Only bytes that every block size has in view, so the message is always the same.
    let rest = &record[closed..record.len().min(closed + EXCERPT)];
    let end = memchr3(dialect.delimiter, b'\r', b'\n', rest).unwrap_or(rest.len());
    let mut tidied = Vec::new();
    tidy_record(&record[..closed + end], dialect, &mut tidied);
    let (position, cell) = first_stray(raw_cells(&tidied, dialect), quote)?;
    Some(error(cell, quote, Column { number: position + 1, name: None }))
}

/// The number of cells before the one that `record` ends with.
pub(crate) fn last_position(record: &[u8], dialect: Dialect) -> usize {
    let mut tidied = Vec::new();
    tidy_record(record, dialect, &mut tidied);
    raw_cells(&tidied, dialect).count().saturating_sub(1)
}

/// The first cell with quotes that RFC 4180 does not allow, and its position.
fn first_stray<'a>(cells: impl Iterator<Item = RawCell<'a>>, quote: u8) -> Option<(usize, RawCell<'a>)> {
    cells.enumerate().find(|(_, cell)| cell.has_stray_quotes(quote))
}

#[cold]
fn error(cell: RawCell<'_>, quote: u8, column: Column) -> CsvError {
    let (quoted, rest) = cell.bytes.split_at(cell.quoted);
    if quoted.is_empty() {
        let hint = if rest.trim_ascii_start().starts_with(&[quote]) { SPACES } else { LENIENT };
        return CsvError::QuoteInCell { column, cell: cell_excerpt(rest), hint };
    }
    let lines = line_breaks(quoted);
    let hint = match quoted {
        _ if rest.trim_ascii().is_empty() => SPACES,
        [.., b'\\', _] => ESCAPE,
        _ if lines > 0 => LONE,
        _ => LENIENT,
    };
    CsvError::AfterQuote { column, cell: cell_excerpt(quoted), lines, after: cell_excerpt(rest), hint }
}

fn cell_excerpt(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT)]))
}
