//! The cells of records as they are in a file.

use memchr::{memchr, memchr3};

use crate::dialect::Dialect;
use crate::walk::{Piece, Walk, after_quotes};

/// Goes through whole records in the order in which the `csv` crate reads them.
#[derive(Debug)]
pub(crate) struct RawRecords<'a> {
    walk: Walk<'a>,
    /// The current record with its line break; empty if no cell has quotes.
    record: &'a [u8],
}

/// A cell as it is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawCell<'a> {
    /// Its bytes, with all quotes.
    pub(crate) bytes: &'a [u8],
    /// The length of its quoted part, with the two quotes; 0 if it does not begin with a quote.
    pub(crate) quoted: usize,
}

impl<'a> RawRecords<'a> {
    pub(crate) fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { walk: Walk::new(bytes, dialect), record: &[] }
    }

    /// Moves to the next record.
    pub(crate) fn advance(&mut self) {
        self.record = loop {
            let start = self.walk.at;
            match self.walk.next() {
                Piece::Blank { .. } => {}
                Piece::Record { has_quotes: true, .. } | Piece::Broken(_) => {
                    break &self.walk.bytes[start..self.walk.at];
                }
                Piece::Record { .. } | Piece::More => break &[],
            }
        };
    }

    /// The cells of the record; none if no cell has quotes.
    pub(crate) fn cells(&self) -> impl Iterator<Item = RawCell<'a>> + use<'a> {
        raw_cells(self.record, self.walk.dialect)
    }
}

/// The cells of a record; none if it is empty.
pub(crate) fn raw_cells(record: &[u8], dialect: Dialect) -> impl Iterator<Item = RawCell<'_>> {
    let Dialect { delimiter, quote, escape, .. } = dialect;
    let mut next = (!record.is_empty()).then_some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let is_quoted = record.get(start).is_some_and(|&byte| Some(byte) == quote);
        let closed = is_quoted.then(|| after_quotes(record, start, escape).unwrap_or(record.len()));
        let rest = closed.unwrap_or(start);
        let end = memchr3(delimiter, b'\r', b'\n', &record[rest..]).map_or(record.len(), |at| rest + at);
        next = (record.get(end) == Some(&delimiter)).then_some(end + 1);
        Some(RawCell { bytes: &record[start..end], quoted: rest - start })
    })
}

impl RawCell<'_> {
    pub(crate) fn is_quoted(self) -> bool {
        self.quoted > 0
    }

    /// Whether it has quotes that RFC 4180 does not allow. Those in its quoted part are doubled or escaped.
    pub(crate) fn has_stray_quotes(self, quote: u8) -> bool {
        let rest = &self.bytes[self.quoted..];
        if self.is_quoted() { !rest.is_empty() } else { memchr(quote, rest).is_some() }
    }
}
