//! Cutting cells out of a block without copying them.

use std::string::FromUtf8Error;

use godata_etl::{Records, SlicesBuilder, Stop, Work};
use memchr::memchr;

use crate::{
    columns::Columns,
    dialect::Dialect,
    structure::{NotSimple, Structure, WIDTH, chunks, lowest},
};

/// A cancellation is looked for once per so many chunks of bytes.
const CHUNKS_PER_CHECK: usize = 64;

/// Splits blocks in which nothing is out of the ordinary: quotes are where RFC 4180 has them, each record has as many
/// cells as there are columns, and all is text. Of another block it gives back the bytes: the decoder then goes record
/// by record, and knows what is wrong with which cell.
#[derive(Debug)]
pub(crate) struct Splitter<'a> {
    columns: &'a Columns,
    quote: Option<u8>,
    structure: Structure,
}

impl<'a> Splitter<'a> {
    /// `None` if the dialect has escapes or comments.
    pub(crate) fn of(dialect: Dialect, columns: &'a Columns) -> Option<Self> {
        Some(Self { columns, quote: dialect.quote, structure: Structure::of(dialect)? })
    }

    /// The records of a block, or its bytes.
    pub(crate) fn records(
        self,
        mut bytes: Vec<u8>,
        work: &mut Work,
    ) -> Result<Result<Records, Vec<u8>>, Stop> {
        let whole = bytes.len();
        let mut unescaped = work.buffer();
        let mut rows = Rows {
            cells: SlicesBuilder::new(&self.columns.shape, work.records()),
            columns: self.columns.len(),
            column: 0,
            bytes: &bytes,
            quote: self.quote,
            unescaped: &mut unescaped,
        };
        let split = rows.split(self.structure, work)?;
        let cells = rows.cells;
        if split.is_err() || memchr(0, &bytes).is_some() {
            work.recycle_records(cells.discard());
            work.recycle(unescaped);
            return Ok(Err(bytes));
        }
        bytes.extend_from_slice(&unescaped);
        work.recycle(unescaped);
        let text = String::from_utf8(bytes).map_err(FromUtf8Error::into_bytes);
        let records = text.and_then(|text| cells.finish(text).map_err(String::into_bytes));
        Ok(records.map_err(|mut bytes| {
            bytes.truncate(whole);
            bytes
        }))
    }
}

/// The rows that are split off.
struct Rows<'a> {
    cells: SlicesBuilder,
    columns: usize,
    /// Where the next cell goes.
    column: usize,
    bytes: &'a [u8],
    quote: Option<u8>,
    /// Cells whose doubled quotes were made single. They will come after the bytes.
    unescaped: &'a mut Vec<u8>,
}

impl Rows<'_> {
    /// Splits all bytes.
    fn split(&mut self, mut structure: Structure, work: &Work) -> Result<Result<(), NotSimple>, Stop> {
        let mut start = 0;
        // Up to here the last doubled quote is.
        let mut doubled = 0;
        for (index, (chunk, len)) in chunks(self.bytes).enumerate() {
            if index % CHUNKS_PER_CHECK == 0 {
                work.check()?;
            }
            let Ok(marks) = structure.next(&chunk) else { return Ok(Err(NotSimple)) };
            let mut ends = marks.ends & lowest(len);
            while ends != 0 {
                let place = ends.trailing_zeros();
                let end = index * WIDTH + place as usize;
                let before = marks.doubled & lowest(place as usize);
                if before != 0 {
                    doubled = index * WIDTH + (u64::BITS - before.leading_zeros()) as usize;
                }
                if marks.record_ends >> place & 1 == 0 {
                    self.cell(start, end, doubled > start);
                } else if marks.blank >> place & 1 == 0 {
                    let end = end - usize::from(self.bytes[..end].last() == Some(&b'\r'));
                    self.cell(start, end, doubled > start);
                    if self.end_row().is_err() {
                        return Ok(Err(NotSimple));
                    }
                }
                start = index * WIDTH + place as usize + 1;
                ends &= ends - 1;
            }
            if marks.doubled & lowest(len) != 0 {
                doubled =
                    index * WIDTH + (u64::BITS - (marks.doubled & lowest(len)).leading_zeros()) as usize;
            }
        }
        if structure.is_quoted() || self.bytes.last() == Some(&b'\r') {
            return Ok(Err(NotSimple));
        }
        if start < self.bytes.len() || self.column > 0 {
            self.cell(start, self.bytes.len(), doubled > start);
            return Ok(self.end_row());
        }
        Ok(Ok(()))
    }

    #[inline]
    fn cell(&mut self, start: usize, end: usize, is_doubled: bool) {
        self.column += 1;
        if start < end && Some(self.bytes[start]) == self.quote {
            self.quoted_cell(start + 1, end - 1, is_doubled);
        } else {
            self.cells.push(start, end - start);
        }
    }

    /// The cell between two quotes.
    fn quoted_cell(&mut self, start: usize, end: usize, is_doubled: bool) {
        if !is_doubled {
            self.cells.push(start, end - start);
            return;
        }
        let place = self.unescaped.len();
        let quote = self.bytes[start - 1];
        let mut rest = &self.bytes[start..end];
        while let Some(at) = memchr(quote, rest) {
            self.unescaped.extend_from_slice(&rest[..=at]);
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.unescaped.extend_from_slice(rest);
        self.cells.push(self.bytes.len() + place, self.unescaped.len() - place);
    }

    #[inline]
    fn end_row(&mut self) -> Result<(), NotSimple> {
        if std::mem::take(&mut self.column) == self.columns { Ok(()) } else { Err(NotSimple) }
    }
}
