//! Trimming cells, and finding those that are null.

use std::str;

use csv::{ByteRecord, StringRecord};

use crate::dialect::Dialect;
use crate::raw_cells::{RawCell, RawRecords};

/// Where whitespace around cells is removed. Whitespace is what Unicode defines as such.
///
/// ```
/// use godata_io_csv::{self as csv, Input, Pipeline, Trim, record};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), csv::BoxError> {
/// let reader = csv::read_records(Input::bytes("orders", "id, amount\nA-1, 12.5\n")).trim(Trim::All);
/// let orders = Pipeline::builder("orders").read(reader).collect(10).await?;
/// assert_eq!(orders, [record! {"id" => "A-1", "amount" => "12.5"}]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trim {
    /// Nowhere: "Spaces are considered part of a field and should not be ignored" (RFC 4180, section 2.4).
    #[default]
    None,
    /// In the cells of records, including quoted ones.
    Fields,
    /// In the names in the header.
    Header,
    /// In both.
    All,
}

impl Trim {
    pub(crate) fn takes_fields(self) -> bool {
        matches!(self, Self::Fields | Self::All)
    }

    pub(crate) fn takes_header(self) -> bool {
        matches!(self, Self::Header | Self::All)
    }
}

/// Finds the cells that are null: those that equal one of some words and are not quoted.
#[derive(Debug)]
pub(crate) struct Nulls<'a> {
    words: &'a [String],
    trims: bool,
    raw: RawRecords<'a>,
    /// For each cell of the record, whether it is null; empty if none is.
    found: Vec<bool>,
}

impl<'a> Nulls<'a> {
    /// For the records of `bytes`. Each of them must be passed to [`find`](Self::find), in order.
    pub(crate) fn new(words: &'a [String], trims: bool, bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { words, trims, raw: RawRecords::new(bytes, dialect), found: Vec::new() }
    }

    /// Finds the nulls of the next record, which is `record`.
    pub(crate) fn find(&mut self, record: &ByteRecord) {
        if self.words.is_empty() {
            return;
        }
        self.raw.advance();
        self.found.clear();
        if !record.iter().any(|cell| self.is_word(cell)) {
            return;
        }
        let quoted = self.raw.cells().map(RawCell::is_quoted).chain(std::iter::repeat(false));
        let found = record.iter().zip(quoted).map(|(cell, is_quoted)| !is_quoted && self.is_word(cell));
        let found = found.collect();
        self.found = found;
    }

    /// Whether the cell at this position is null.
    pub(crate) fn is_null(&self, position: usize) -> bool {
        self.found.get(position).copied().unwrap_or_default()
    }

    fn is_word(&self, cell: &[u8]) -> bool {
        let trimmed =
            if self.trims { str::from_utf8(cell).map_or(cell, |text| text.trim().as_bytes()) } else { cell };
        self.words.iter().any(|word| word.as_bytes() == trimmed)
    }

    /// The record with trimmed cells, and with empty cells for null.
    pub(crate) fn replace(&self, record: StringRecord) -> StringRecord {
        if !self.trims && !self.found.contains(&true) {
            return record;
        }
        let cell = |(position, cell)| match cell {
            _ if self.is_null(position) => "",
            cell => self.trim(cell),
        };
        record.iter().enumerate().map(cell).collect()
    }

    pub(crate) fn trim<'c>(&self, cell: &'c str) -> &'c str {
        if self.trims { cell.trim() } else { cell }
    }
}
