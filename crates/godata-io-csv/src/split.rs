//! Splitting a block into cells without copying them.

use std::string::FromUtf8Error;

use godata_etl::{Records, SlicesBuilder, Stop, Work};
use memchr::memchr;
use wide::u8x16;

use crate::columns::Columns;
use crate::dialect::Dialect;
use crate::structure::{Marks, NotSimple, Structure, each_chunk, is_plain, lowest, positions};

/// How many bytes are split between two checks for cancellation.
const BYTES_PER_CHECK: usize = 4 << 10;

/// Splits a block without anything unusual: quotes are where RFC 4180 allows them, each record has as many cells as
/// there are columns, and everything is text. For any other block it returns the bytes. The decoder then goes record
/// by record, and finds out which cell is wrong.
pub(crate) fn split(
    mut bytes: Vec<u8>,
    dialect: Dialect,
    columns: &Columns,
    work: &mut Work,
) -> Result<Result<Records, Vec<u8>>, Stop> {
    let whole = bytes.len();
    let mut unescaped = work.buffer();
    let mut split = Split {
        bytes: &bytes,
        cells: SlicesBuilder::new(&columns.shape, work.records()),
        columns: columns.len(),
        column: 0,
        start: 0,
        quote: dialect.quote.unwrap_or_default(),
        doubled: 0,
        unescaped: &mut unescaped,
    };
    let done = if memchr(0, &bytes).is_some() {
        Err(Unsplit::NotSimple)
    } else if is_plain(&bytes, dialect) {
        split.plain(dialect.delimiter, work)
    } else {
        split.quoted(Structure::of(&bytes, dialect), work)
    };
    let cells = split.cells;
    match done {
        Ok(()) => bytes.extend_from_slice(&unescaped),
        Err(Unsplit::NotSimple) => {
            work.recycle_records(cells.discard());
            work.recycle(unescaped);
            return Ok(Err(bytes));
        }
        Err(Unsplit::Stop(stop)) => return Err(stop),
    }
    work.recycle(unescaped);
    let text = String::from_utf8(bytes).map_err(FromUtf8Error::into_bytes);
    let records = text.and_then(|text| cells.finish(text).map_err(String::into_bytes));
    Ok(records.map_err(|mut bytes| {
        bytes.truncate(whole);
        bytes
    }))
}

/// Why a block was not split.
enum Unsplit {
    NotSimple,
    Stop(Stop),
}

impl From<NotSimple> for Unsplit {
    fn from(NotSimple: NotSimple) -> Self {
        Self::NotSimple
    }
}

impl From<Stop> for Unsplit {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Splits bytes into cells.
struct Split<'a> {
    bytes: &'a [u8],
    cells: SlicesBuilder,
    columns: usize,
    /// The position of the next cell in its record.
    column: usize,
    /// Where the next cell begins.
    start: usize,
    /// The quote; NUL if there are no quotes.
    quote: u8,
    /// The position after the last doubled quote.
    doubled: usize,
    /// Cells whose doubled quotes were made single. They will be appended to the bytes.
    unescaped: &'a mut Vec<u8>,
}

impl Split<'_> {
    /// Splits bytes without quotes and CR.
    fn plain(&mut self, delimiter: u8, work: &Work) -> Result<(), Unsplit> {
        let (delimiter, line_feed) = (u8x16::splat(delimiter), u8x16::splat(b'\n'));
        each_chunk(self.bytes, |chunk, begin, there| {
            if begin.is_multiple_of(BYTES_PER_CHECK) {
                work.check()?;
            }
            let line_feeds = positions(chunk, line_feed);
            let ends = (positions(chunk, delimiter) | line_feeds) & there;
            Ok::<_, Unsplit>(self.plain_cells(begin, ends, line_feeds)?)
        })?;
        self.finish()
    }

    /// Splits bytes that may have quotes, and CR in line breaks.
    fn quoted(&mut self, structure: Option<Structure>, work: &Work) -> Result<(), Unsplit> {
        let mut structure = structure.ok_or(NotSimple)?;
        each_chunk(self.bytes, |chunk, begin, there| {
            if begin.is_multiple_of(BYTES_PER_CHECK) {
                work.check()?;
            }
            let marks = structure.next(chunk)?;
            let ends = marks.ends & there;
            // In a chunk without quotes and CR, only the first cell can be unusual, since it may begin before the
            // chunk.
            let unusual = if marks.is_plain { lowest_of(ends) } else { ends };
            self.cells(begin, unusual, &marks)?;
            self.see_doubled(begin, marks.doubled & there);
            Ok::<_, Unsplit>(self.plain_cells(begin, ends ^ unusual, marks.record_ends)?)
        })?;
        if structure.is_quoted() || self.bytes.last() == Some(&b'\r') {
            return Err(Unsplit::NotSimple);
        }
        self.finish()
    }

    /// Adds cells of a chunk that have neither quotes nor CR.
    #[inline]
    fn plain_cells(&mut self, begin: usize, mut ends: u64, record_ends: u64) -> Result<(), NotSimple> {
        while ends != 0 {
            let end = begin + ends.trailing_zeros() as usize;
            let is_record_end = record_ends & lowest_of(ends) != 0;
            ends &= ends - 1;
            if !(is_record_end && self.is_blank(end)) {
                self.cells.push(self.start, end - self.start);
                self.column += 1;
                if is_record_end {
                    self.end_record()?;
                }
            }
            self.start = end + 1;
        }
        Ok(())
    }

    /// Adds cells of a chunk.
    #[inline]
    fn cells(&mut self, begin: usize, mut ends: u64, marks: &Marks) -> Result<(), NotSimple> {
        while ends != 0 {
            let place = ends.trailing_zeros() as usize;
            let is_record_end = marks.record_ends & lowest_of(ends) != 0;
            ends &= ends - 1;
            let end = begin + place;
            let has_return = is_record_end && end > self.start && self.bytes[end - 1] == b'\r';
            let cell_end = end - usize::from(has_return);
            if !(is_record_end && self.is_blank(cell_end)) {
                self.cell(cell_end, begin, marks.doubled & lowest(place));
                if is_record_end {
                    self.end_record()?;
                }
            }
            self.start = end + 1;
        }
        Ok(())
    }

    /// Ends the last record if no line feed did.
    fn finish(&mut self) -> Result<(), Unsplit> {
        if self.start == self.bytes.len() && self.column == 0 {
            return Ok(());
        }
        self.cell(self.bytes.len(), 0, 0);
        Ok(self.end_record()?)
    }

    /// Whether the line that ends at `end` is blank.
    #[inline]
    fn is_blank(&self, end: usize) -> bool {
        end == self.start && self.column == 0
    }

    #[inline]
    fn end_record(&mut self) -> Result<(), NotSimple> {
        if std::mem::take(&mut self.column) == self.columns { Ok(()) } else { Err(NotSimple) }
    }

    #[inline]
    fn see_doubled(&mut self, begin: usize, doubled: u64) {
        if doubled != 0 {
            self.doubled = begin + (u64::BITS - doubled.leading_zeros()) as usize;
        }
    }

    /// Adds the cell that ends at `end`. `doubled` marks the doubled quotes from `begin` to the end of the cell.
    #[inline(always)]
    fn cell(&mut self, end: usize, begin: usize, doubled: u64) {
        let start = self.start;
        self.column += 1;
        // A cell that begins with a quote also ends with one.
        if self.bytes.get(start) == Some(&self.quote) {
            self.see_doubled(begin, doubled);
            self.quoted_cell(start + 1, end - 1);
        } else {
            self.cells.push(start, end - start);
        }
    }

    /// Adds the cell between two quotes.
    fn quoted_cell(&mut self, start: usize, end: usize) {
        if self.doubled <= start {
            self.cells.push(start, end - start);
            return;
        }
        let place = self.bytes.len() + self.unescaped.len();
        let mut rest = &self.bytes[start..end];
        while let Some(at) = memchr(self.quote, rest) {
            self.unescaped.extend_from_slice(&rest[..=at]);
            rest = rest.get(at + 2..).unwrap_or_default();
        }
        self.unescaped.extend_from_slice(rest);
        self.cells.push(place, self.bytes.len() + self.unescaped.len() - place);
    }
}

/// The lowest bit that is set.
#[inline]
fn lowest_of(mask: u64) -> u64 {
    mask & mask.wrapping_neg()
}
