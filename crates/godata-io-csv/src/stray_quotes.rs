//! Quotes that RFC 4180 does not allow.

use godata_core::excerpt;
use memchr::memchr;

use crate::dialect::Dialect;
use crate::raw_cells::RawRecords;
use crate::structure::is_simple;
use crate::walk::line_breaks;
use crate::{Column, CsvError};

/// How many bytes of a cell are enough for an excerpt.
const EXCERPT: usize = 1 << 10;

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
        Some(Self { records: RawRecords::new(bytes, dialect), quote })
    }

    /// Checks the next record. Each record must be checked, in order.
    pub(crate) fn check(&mut self, column: impl Fn(usize) -> Column) -> Result<(), CsvError> {
        self.records.advance();
        let mut cells = self.records.cells();
        match cells.position(|cell| cell.has_stray_quotes(self.quote)) {
            None => Ok(()),
            Some(position) => self.error(position, column(position)),
        }
    }

    #[cold]
    fn error(&self, position: usize, column: Column) -> Result<(), CsvError> {
        let Some(cell) = self.records.cells().nth(position) else { return Ok(()) };
        let (quoted, rest) = cell.bytes.split_at(cell.quoted);
        if quoted.is_empty() {
            let hint = if rest.trim_ascii_start().starts_with(&[self.quote]) { SPACES } else { LENIENT };
            return Err(CsvError::QuoteInCell { column, cell: cell_excerpt(rest), hint });
        }
        let lines = line_breaks(quoted);
        let hint = match quoted {
            _ if rest.trim_ascii().is_empty() => SPACES,
            [.., b'\\', _] => ESCAPE,
            _ if lines > 0 => LONE,
            _ => LENIENT,
        };
        let (cell, after) = (cell_excerpt(quoted), cell_excerpt(rest));
        Err(CsvError::AfterQuote { column, cell, lines, after, hint })
    }
}

fn cell_excerpt(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT)]))
}
