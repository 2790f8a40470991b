//! Finding the ends of records.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};
use memchr::{memchr_iter, memchr2, memrchr};
use wide::u8x16;

use crate::cell_count::CellCount;
use crate::columns::Width;
use crate::dialect::Dialect;
use crate::stray_quotes::{last_position, stray_quote};
use crate::structure::{NotSimple, Structure, after, each_chunk, lowest, plain_len, positions};
use crate::walk::{Broken, Fault, Piece, Walk, line_breaks};
use crate::{Column, CsvError};

/// Cuts CSV at the ends of records. Quotes have the meaning that the `csv` crate gives them: a quote opens a quoted
/// cell only where a cell begins, and a quote that is not followed by another quote closes it. What follows a closing
/// quote is literal if quotes are lenient. CR, LF and CRLF end a record. A line without any bytes is not a record. A
/// comment begins where a record would, and only LF ends it.
///
/// A record is broken if a quote is not closed before the end of the file or within the longest record, if text follows
/// a closing quote, if it has several lines and the wrong number of cells, or if it is too long. It ends at the first line
/// break after the opening quote, so that the records after it are read as usual. It is the last record of its frame, and
/// that ends the block.
#[derive(Debug)]
pub(crate) struct Cutter {
    dialect: Dialect,
    /// How many cells a record of several lines may have; `None` until that is known.
    width: Option<Width>,
    /// The maximum number of records in a frame.
    most: u64,
    is_header: bool,
    broken: Vec<BrokenRecord>,
    /// Whether the last frame asked for more bytes, so that the next ones may be more than a block.
    asked_for_more: bool,
    /// Whether the next frame begins inside a line of a broken record, the rest of which is skipped.
    skips_line: bool,
}

/// A frame has about one broken record per this many bytes ahead, at the most, because what is wrong with each is kept until
/// the block is decoded.
const BYTES_PER_BROKEN: usize = 64;

/// A broken record of a frame.
#[derive(Debug)]
pub(crate) struct BrokenRecord {
    /// The number of records before it in its frame.
    pub(crate) row: u32,
    /// Where it is in its frame, with its line break.
    pub(crate) bytes: Range<usize>,
    /// Whether its last line goes on after the frame.
    pub(crate) is_cut: bool,
    /// What is wrong. Columns have no name.
    pub(crate) error: CsvError,
}

impl Cutter {
    /// Cuts as many records as possible.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            width: None,
            most: u64::MAX,
            is_header: false,
            broken: Vec::new(),
            asked_for_more: false,
            skips_line: false,
        }
    }

    /// Cuts one record, or one of the blank lines and comments before it.
    pub(crate) fn one(dialect: Dialect) -> Self {
        Self { most: 1, ..Self::new(dialect) }
    }

    /// Cuts one record as the header, or one of the blank lines and comments before it. A quote that is not closed is an
    /// error.
    pub(crate) fn header(dialect: Dialect) -> Self {
        let lenient = Dialect { lenient_quotes: true, ..dialect };
        Self { is_header: true, ..Self::one(lenient) }
    }

    /// The broken records of the last frame, in their order.
    pub(crate) fn take_broken(&mut self) -> Vec<BrokenRecord> {
        std::mem::take(&mut self.broken)
    }

    /// Sets how many cells the next records of several lines may have.
    pub(crate) fn set_width(&mut self, width: Width) {
        self.width = Some(width);
    }

    fn walk<'a>(&self, ahead: &Ahead<'a>) -> Walk<'a> {
        Walk::ahead(ahead, self.dialect).width(self.width)
    }

    /// Goes on with another file.
    pub(crate) fn begin_file(&mut self) {
        self.skips_line = false;
    }

    /// Adds the records that follow a frame, up to one that is unusual. Returns whether there was none.
    fn add_usual(&self, frame: &mut Frame, structure: &mut Option<Structure>, ahead: &Ahead<'_>) -> bool {
        let bytes = &ahead.bytes[frame.bytes..];
        let plain = plain_len(bytes, self.dialect);
        let is_plain = plain == bytes.len();
        add(frame, plain_frame(&bytes[..plain], is_plain && ahead.at_end));
        if is_plain {
            return true;
        }
        // If the quote is a lone one, the bytes up to the next quote have the wrong structure.
        let mut walk = self.walk(ahead);
        walk.at = frame.bytes;
        match walk.next() {
            Piece::Blank { lines } => frame.lines += lines,
            Piece::Record { lines, .. } => {
                frame.lines += lines;
                frame.records += 1;
            }
            Piece::Broken(_) | Piece::More => return false,
        }
        frame.bytes = walk.at;
        if structure.is_none() {
            *structure = Structure::of(&ahead.bytes[frame.bytes..], self.dialect);
        }
        let Some(structure) = structure else { return false };
        // Cells are counted only from the first record of several lines on.
        for counts in [false, true] {
            let cells = CellCount::new(self.width, counts);
            structure.restart();
            let rest = &ahead.bytes[frame.bytes..];
            let (found, is_whole) = simple_frame(structure, rest, ahead.at_end, cells);
            add(frame, found);
            if is_whole {
                return true;
            }
        }
        false
    }

    /// Adds the records that follow a frame one by one, up to the first broken one. Returns whether there was one.
    fn add_one_by_one(&mut self, frame: &mut Frame, ahead: &Ahead<'_>) -> Result<bool, BoxError> {
        let mut walk = self.walk(ahead);
        walk.at = frame.bytes;
        while frame.records < self.most {
            let start = walk.at;
            match walk.next() {
                Piece::Blank { lines } if self.most == 1 => {
                    *frame = Frame::new(walk.at).lines(lines);
                    return Ok(false);
                }
                Piece::Blank { lines } => frame.lines += lines,
                Piece::Record { lines, .. } => {
                    frame.lines += lines;
                    frame.records += 1;
                }
                Piece::Broken(broken) => {
                    let row = u32::try_from(frame.records).unwrap_or(u32::MAX);
                    self.broken(ahead, row, start..walk.at, broken)?;
                    frame.lines += broken.lines;
                    frame.records += 1;
                    (frame.bytes, frame.is_alone) = (walk.at, true);
                    return Ok(true);
                }
                Piece::More => break,
            }
            frame.bytes = walk.at;
        }
        Ok(false)
    }

    /// The rest of a line of a broken record.
    #[cold]
    fn rest_of_line(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let frame = RawLine.frame(ahead)?;
        if frame.bytes > 0 {
            self.skips_line = false;
            return Ok(frame);
        }
        Ok(Frame::new(ahead.bytes.len() - usize::from(ahead.bytes.ends_with(b"\r"))))
    }

    /// Keeps a broken record and what is wrong with it.
    #[cold]
    fn broken(
        &mut self,
        ahead: &Ahead<'_>,
        row: u32,
        bytes: Range<usize>,
        broken: Broken,
    ) -> Result<(), BoxError> {
        let start = bytes.start;
        let record = &ahead.bytes[start..];
        let error = match broken.fault {
            Fault::Unclosed(quote) => {
                let before = &ahead.bytes[start..quote];
                let column = Column { number: last_position(before, self.dialect) + 1, name: None };
                let within = (!ahead.at_end).then(|| ahead.bytes.len() - quote);
                Some(CsvError::UnclosedQuote { column, lines: line_breaks(before), within })
            }
            Fault::Stray { closed, .. } => stray_quote(record, closed - start, self.dialect),
            Fault::Joined { quote, closed, cells, columns } => Some(CsvError::JoinedLines {
                column: Column {
                    number: last_position(&ahead.bytes[start..quote], self.dialect) + 1,
                    name: None,
                },
                lines: line_breaks(&ahead.bytes[quote..closed]),
                expected: columns,
                found: cells,
            }),
            Fault::TooLong => None,
        };
        let error = error.unwrap_or(CsvError::TooLong { limit: ahead.bytes.len() - 1 });
        if self.is_header {
            let (file, line) = (Arc::clone(ahead.file), ahead.line);
            return Err(CsvError::Header { file, line, source: Box::new(error) }.into());
        }
        self.skips_line = broken.is_cut;
        self.broken.push(BrokenRecord { row, bytes, is_cut: broken.is_cut, error });
        Ok(())
    }
}

impl Framing for Cutter {
    const TERMINATOR: Option<u8> = Some(b'\n');

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        if self.skips_line {
            return self.rest_of_line(ahead);
        }
        self.broken.clear();
        let (mut frame, mut structure) = (Frame::default(), None);
        loop {
            let is_whole = self.most == u64::MAX && self.add_usual(&mut frame, &mut structure, &ahead);
            if is_whole && (frame.bytes > 0 || !ahead.is_longest) {
                break;
            }
            let is_broken = self.add_one_by_one(&mut frame, &ahead)?;
            let is_full = self.asked_for_more || self.broken.len() > ahead.bytes.len() / BYTES_PER_BROKEN;
            if !is_broken || is_full || frame.bytes == ahead.bytes.len() {
                break;
            }
        }
        self.asked_for_more = frame.bytes == 0;
        Ok(frame)
    }
}

/// Adds the records that follow a frame.
fn add(frame: &mut Frame, next: Frame) {
    frame.bytes += next.bytes;
    frame.records += next.records;
    frame.lines += next.lines;
}

/// The records of a text without quotes and CR, up to the last one that ends in it.
fn plain_frame(bytes: &[u8], at_end: bool) -> Frame {
    let mut end = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let mut frame = Frame::default();
    // The beginning of a text counts as if a line feed came before it.
    let mut last = u64::MAX;
    let mut blank_lines = 0;
    let counted = each_chunk(&bytes[..end], |chunk, _, there| {
        let line_feeds = positions(chunk, u8x16::splat(b'\n')) & there;
        let blank = line_feeds & after(line_feeds, last);
        if blank != 0 {
            blank_lines += u64::from(blank.count_ones());
        }
        last = line_feeds;
        Ok::<_, Infallible>(())
    });
    let Ok(()) = counted;
    frame.lines = memchr_iter(b'\n', &bytes[..end]).count() as u64;
    frame.records = frame.lines - blank_lines;
    if at_end && end < bytes.len() {
        end = bytes.len();
        frame.lines += 1;
        frame.records += 1;
    }
    frame.bytes = end;
    frame
}

/// The records of a text with quotes, up to the last one that ends in it or before something unusual. Returns whether
/// there was nothing unusual.
fn simple_frame(
    structure: &mut Structure,
    bytes: &[u8],
    at_end: bool,
    mut cells: CellCount,
) -> (Frame, bool) {
    let mut frame = Frame::default();
    let mut line_breaks = 0;
    let count = |mask: u64| u64::from(mask.count_ones());
    let read = each_chunk(bytes, |chunk, begin, there| {
        let marks = structure.next(chunk)?;
        let (record_ends, breaks) = (marks.record_ends & there, marks.line_breaks & there);
        cells.next(marks.ends & there, record_ends, breaks & !record_ends)?;
        if record_ends != 0 {
            let end = (u64::BITS - record_ends.leading_zeros()) as usize;
            frame.bytes = begin + end;
            frame.records += count(record_ends & !marks.blank);
            frame.lines = line_breaks + count(breaks & lowest(end));
        }
        if breaks != 0 {
            line_breaks += count(breaks);
        }
        Ok::<_, NotSimple>(())
    });
    if read.is_err() {
        return (frame, false);
    }
    if at_end && frame.bytes < bytes.len() {
        // The slow path knows what a lone CR and an open quote at the end mean.
        if structure.is_quoted() || bytes.last() == Some(&b'\r') || cells.finish().is_err() {
            return (frame, false);
        }
        frame = Frame::new(bytes.len()).records(frame.records + 1).lines(line_breaks + 1);
    }
    (frame, true)
}

/// The line on which each of some whole records begins. The bytes begin on `line`, and these records are broken.
pub(crate) fn record_lines(
    bytes: &[u8],
    dialect: Dialect,
    mut line: u64,
    broken: &[Range<usize>],
) -> Vec<u64> {
    let mut lines = Vec::new();
    each_record(bytes, dialect, broken, |_, blank_lines, taken| {
        lines.push(line + blank_lines);
        line += blank_lines + taken;
    });
    lines
}

/// Where each of some whole records is, with its line break. These are broken.
pub(crate) fn record_ranges(bytes: &[u8], dialect: Dialect, broken: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    each_record(bytes, dialect, broken, |range, _, _| ranges.push(range));
    ranges
}

/// Calls `f` with the range of each of some whole records, the number of blank lines before it, and that of its lines.
fn each_record(
    bytes: &[u8],
    dialect: Dialect,
    broken: &[Range<usize>],
    mut f: impl FnMut(Range<usize>, u64, u64),
) {
    let (mut start, mut blank_lines) = (0, 0);
    let end = bytes.len()..bytes.len();
    for broken in broken.iter().chain([&end]) {
        let mut walk = Walk::new(&bytes[..broken.start], dialect);
        walk.at = start;
        loop {
            start = walk.at;
            match walk.next() {
                Piece::Blank { lines } => blank_lines += lines,
                Piece::Record { lines, .. } | Piece::Broken(Broken { lines, .. }) => {
                    f(start..walk.at, std::mem::take(&mut blank_lines), lines);
                }
                Piece::More => break,
            }
        }
        if !broken.is_empty() {
            f(broken.clone(), std::mem::take(&mut blank_lines), line_breaks(&bytes[broken.clone()]));
        }
        start = broken.end;
    }
}

/// Cuts single lines, whatever is in them. It is used for the lines before the header.
#[derive(Debug)]
pub(crate) struct RawLine;

impl Framing for RawLine {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let walk = Walk::ahead(&ahead, Dialect { quote: None, ..Dialect::default() });
        let end = memchr2(b'\r', b'\n', ahead.bytes).map(|at| walk.after_break(at));
        let bytes = match end {
            Some(after) => after.unwrap_or_default(),
            None if ahead.at_end => ahead.bytes.len(),
            None => 0,
        };
        Ok(Frame::new(bytes).lines(u64::from(bytes > 0)))
    }
}

#[cfg(test)]
mod tests;
