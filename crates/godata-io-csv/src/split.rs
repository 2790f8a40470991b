//! Splitting a block into cells without copying them.

use std::ops::Range;
use std::str;

use godata_etl::{Records, SlicesBuilder, Stop, Work};
use memchr::memchr;
use wide::u8x16;

use crate::CsvError;
use crate::columns::Columns;
use crate::decoded::{BadRows, Decoded};
use crate::dialect::Dialect;
use crate::structure::{Marks, NotSimple, Structure, each_chunk, is_plain, lowest, positions};
use crate::walk::{Piece, Walk};

/// How many bytes are split between two checks for cancellation.
const BYTES_PER_CHECK: usize = 4 << 10;

/// A block may have one bad record per this many bytes. With more of them, reading record by record is faster.
const BYTES_PER_BAD_RECORD: usize = 4 << 10;

/// Splits a block without anything unusual: quotes are where RFC 4180 allows them, each record has as many cells as
/// there are columns, and everything is text. A few records may be different if `what_is_wrong` has an answer for them; they
/// are left out. For any other block it returns the bytes. The decoder then goes record by record.
pub(crate) fn split(
    bytes: Vec<u8>,
    dialect: Dialect,
    columns: &Columns,
    work: &mut Work,
    what_is_wrong: impl Fn(&[u8]) -> Option<CsvError>,
) -> Result<Result<Decoded<Records>, Vec<u8>>, Stop> {
    let is_plain = is_plain(&bytes, dialect);
    let structure = if is_plain { None } else { Structure::of(&bytes, dialect) };
    if !is_plain && structure.is_none() {
        return Ok(Err(bytes));
    }
    let text = String::from_utf8(bytes).map_err(|error| error.into_bytes());
    let bytes = text.as_ref().map_or_else(|bytes| &**bytes, |text| text.as_bytes());
    let whole = bytes.len();
    let mut unescaped = work.buffer();
    let mut split = Split {
        bytes,
        dialect,
        structure,
        is_plain,
        is_text: text.is_ok(),
        not_text: 0,
        cells: SlicesBuilder::new(&columns.shape, work.records()),
        columns: columns.len(),
        column: 0,
        start: 0,
        record: 0,
        quote: dialect.quote.unwrap_or_default(),
        doubled: 0,
        unescaped: &mut unescaped,
        bad: BadRows::default(),
        left_out: Vec::new(),
    };
    let done = split.all(work, what_is_wrong);
    let Split { cells, bad, left_out, .. } = split;
    match done {
        Ok(()) => {}
        Err(Unsplit::NotSimple) => {
            work.recycle_records(cells.discard());
            work.recycle(unescaped);
            return Ok(Err(text.map_or_else(|bytes| bytes, String::into_bytes)));
        }
        Err(Unsplit::Stop(stop)) => return Err(stop),
    }
    let text = match text {
        Ok(text) => with_unescaped(text, &unescaped),
        Err(bytes) => blanked(bytes, &left_out, &unescaped),
    };
    work.recycle(unescaped);
    let records = text.and_then(|text| cells.finish(text).map_err(String::into_bytes));
    Ok(records.map(|batch| Decoded { batch, bad }).map_err(|mut bytes| {
        bytes.truncate(whole);
        bytes
    }))
}

fn with_unescaped(mut text: String, unescaped: &[u8]) -> Result<String, Vec<u8>> {
    match str::from_utf8(unescaped) {
        Ok(unescaped) => text.push_str(unescaped),
        Err(_) => return Err(text.into_bytes()),
    }
    Ok(text)
}

/// The text of a block in which only records that are left out are not text. Blanks replace them.
#[cold]
fn blanked(mut bytes: Vec<u8>, left_out: &[Range<usize>], unescaped: &[u8]) -> Result<String, Vec<u8>> {
    for record in left_out {
        bytes[record.clone()].fill(b' ');
    }
    bytes.extend_from_slice(unescaped);
    String::from_utf8(bytes).map_err(|error| error.into_bytes())
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
    dialect: Dialect,
    structure: Option<Structure>,
    /// Whether there are neither quotes nor CR.
    is_plain: bool,
    /// Whether all bytes are UTF-8.
    is_text: bool,
    /// The position of the next byte that is NUL or not UTF-8, or of the end.
    not_text: usize,
    cells: SlicesBuilder,
    columns: usize,
    /// The position of the next cell in its record.
    column: usize,
    /// Where the next cell begins.
    start: usize,
    /// Where the record of the next cell begins, or a blank line before it.
    record: usize,
    /// The quote; NUL if there are no quotes.
    quote: u8,
    /// The position after the last doubled quote.
    doubled: usize,
    /// Cells whose doubled quotes were made single. They will be appended to the bytes.
    unescaped: &'a mut Vec<u8>,
    /// The records that are left out, and where they are.
    bad: BadRows,
    left_out: Vec<Range<usize>>,
}

impl Split<'_> {
    /// Splits all records but the bad ones.
    fn all(&mut self, work: &Work, what_is_wrong: impl Fn(&[u8]) -> Option<CsvError>) -> Result<(), Unsplit> {
        self.find_not_text();
        while self.start < self.bytes.len() {
            let range = self.start..self.not_text;
            let split = if self.not_text == self.bytes.len() {
                self.records(range, work)
            } else {
                self.cells_of(range, work).and(Err(Unsplit::NotSimple))
            };
            match split {
                Err(Unsplit::NotSimple) => self.leave_out(work, &what_is_wrong)?,
                split => return split,
            }
        }
        Ok(())
    }

    fn find_not_text(&mut self) {
        let rest = &self.bytes[self.start..];
        let text = if self.is_text { Ok("") } else { str::from_utf8(rest) };
        let text = text.err().map_or(rest, |error| &rest[..error.valid_up_to()]);
        self.not_text = self.start + memchr(0, text).unwrap_or(text.len());
    }

    /// Removes the cells of the last record, which could not be split, and leaves it out if it is bad. If another record in
    /// the same 64 bytes is, this one is split.
    #[cold]
    fn leave_out(
        &mut self,
        work: &Work,
        what_is_wrong: impl Fn(&[u8]) -> Option<CsvError>,
    ) -> Result<(), Unsplit> {
        self.restart(self.record);
        let record = self.next_record().ok_or(NotSimple)?;
        self.restart(record.start);
        if self.not_text >= record.end {
            match self.records(record.clone(), work) {
                Err(Unsplit::NotSimple) => self.restart(record.start),
                split => return split,
            }
        }
        let error = what_is_wrong(&self.bytes[record.clone()]).ok_or(NotSimple)?;
        let row = u32::try_from(self.cells.rows() + self.bad.len()).map_err(|_| NotSimple)?;
        self.bad.push(row, error.into_reason());
        if self.bad.len() > 1 + self.bytes.len() / BYTES_PER_BAD_RECORD {
            return Err(Unsplit::NotSimple);
        }
        self.restart(record.end);
        if self.not_text < record.end {
            self.find_not_text();
        }
        self.left_out.push(record);
        Ok(())
    }

    /// Goes on with the record at `start`, without the cells of the record that was begun.
    fn restart(&mut self, start: usize) {
        self.cells.pop(self.column);
        (self.column, self.start, self.record) = (0, start, start);
    }

    /// The next record, with its line break.
    fn next_record(&self) -> Option<Range<usize>> {
        let mut walk = Walk::new(self.bytes, self.dialect);
        walk.at = self.record;
        loop {
            let start = walk.at;
            match walk.next() {
                Piece::Blank { .. } => {}
                Piece::Record { .. } | Piece::Broken(_) => return Some(start..walk.at),
                Piece::More => return None,
            }
        }
    }

    /// Splits whole records.
    fn records(&mut self, range: Range<usize>, work: &Work) -> Result<(), Unsplit> {
        let end = range.end;
        self.cells_of(range, work)?;
        Ok(self.finish(end)?)
    }

    /// Splits a range of bytes that begins with a record, but may end within one.
    fn cells_of(&mut self, range: Range<usize>, work: &Work) -> Result<(), Unsplit> {
        if self.is_plain { self.plain(range, work) } else { self.quoted(range, work) }
    }

    /// Splits bytes without quotes and CR.
    fn plain(&mut self, range: Range<usize>, work: &Work) -> Result<(), Unsplit> {
        let (delimiter, line_feed) = (u8x16::splat(self.dialect.delimiter), u8x16::splat(b'\n'));
        let first = range.start;
        each_chunk(&self.bytes[range], |chunk, begin, there| {
            if begin.is_multiple_of(BYTES_PER_CHECK) {
                work.check()?;
            }
            let line_feeds = positions(chunk, line_feed);
            let ends = (positions(chunk, delimiter) | line_feeds) & there;
            Ok::<_, Unsplit>(self.plain_cells(first + begin, ends, line_feeds)?)
        })
    }

    /// Splits bytes that may have quotes, and CR in line breaks.
    fn quoted(&mut self, range: Range<usize>, work: &Work) -> Result<(), Unsplit> {
        let mut structure = self.structure.take().ok_or(NotSimple)?;
        structure.restart();
        let (first, last) = (range.start, self.bytes[range.clone()].last());
        let split = each_chunk(&self.bytes[range], |chunk, begin, there| {
            if begin.is_multiple_of(BYTES_PER_CHECK) {
                work.check()?;
            }
            let marks = structure.next(chunk)?;
            let (begin, ends) = (first + begin, marks.ends & there);
            // In a chunk without quotes and CR, only the first cell can be unusual, since it may begin before the
            // chunk.
            let unusual = if marks.is_plain { lowest_of(ends) } else { ends };
            self.cells(begin, unusual, &marks)?;
            self.see_doubled(begin, marks.doubled & there);
            Ok::<_, Unsplit>(self.plain_cells(begin, ends ^ unusual, marks.record_ends)?)
        });
        let is_open = structure.is_quoted() || last == Some(&b'\r');
        self.structure = Some(structure);
        split?;
        if is_open { Err(Unsplit::NotSimple) } else { Ok(()) }
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
                    self.end_record(end + 1)?;
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
                    self.end_record(end + 1)?;
                }
            }
            self.start = end + 1;
        }
        Ok(())
    }

    /// Ends the last record if no line feed did.
    fn finish(&mut self, end: usize) -> Result<(), NotSimple> {
        if self.start == end && self.column == 0 {
            return Ok(());
        }
        self.cell(end, 0, 0);
        self.end_record(end)?;
        self.start = end;
        Ok(())
    }

    /// Whether the line that ends at `end` is blank.
    #[inline]
    fn is_blank(&self, end: usize) -> bool {
        end == self.start && self.column == 0
    }

    /// Ends a record. The next one begins at `next`.
    #[inline]
    fn end_record(&mut self, next: usize) -> Result<(), NotSimple> {
        if self.column != self.columns {
            return Err(NotSimple);
        }
        (self.column, self.record) = (0, next);
        Ok(())
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
