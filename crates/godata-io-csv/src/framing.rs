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
    broken: Option<BrokenRecord>,
    /// Whether the next frame begins inside a line of a broken record, the rest of which is skipped.
    skips_line: bool,
}

/// The last record of a frame, if it is broken.
#[derive(Debug)]
pub(crate) struct BrokenRecord {
    /// The number of its bytes.
    pub(crate) len: usize,
    /// Whether its last line goes on after the block.
    pub(crate) is_cut: bool,
    /// What is wrong. Columns have no name.
    pub(crate) error: CsvError,
}

impl Cutter {
    /// Cuts as many records as possible.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, width: None, most: u64::MAX, is_header: false, broken: None, skips_line: false }
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

    /// What is wrong with the last record of the last frame, if it is broken.
    pub(crate) fn take_broken(&mut self) -> Option<BrokenRecord> {
        self.broken.take()
    }

    /// Sets how many cells the next records of several lines may have.
    pub(crate) fn set_width(&mut self, width: Width) {
        self.width = Some(width);
    }

    fn walk<'a>(&self, ahead: &Ahead<'a>) -> Walk<'a> {
        let mut walk = Walk::ahead(ahead, self.dialect);
        walk.width = self.width;
        walk
    }

    /// Goes on with another file.
    pub(crate) fn begin_file(&mut self) {
        self.skips_line = false;
    }

    /// What is known of a frame at the first glance, and whether that is all.
    fn quick_frame(&self, ahead: &Ahead<'_>) -> (Frame, bool) {
        if self.most < u64::MAX {
            return (Frame::default(), false);
        }
        let plain = plain_len(ahead.bytes, self.dialect);
        let is_plain = plain == ahead.bytes.len();
        let mut frame = plain_frame(&ahead.bytes[..plain], is_plain && ahead.at_end);
        if is_plain {
            return (frame, true);
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
            Piece::Broken(_) | Piece::More => return (frame, false),
        }
        frame.bytes = walk.at;
        // Cells are counted only from the first record of several lines on.
        for counts in [false, true] {
            let rest = &ahead.bytes[frame.bytes..];
            let Some(structure) = Structure::of(rest, self.dialect) else { break };
            let cells = CellCount::new(self.width, counts);
            let (found, is_whole) = simple_frame(structure, rest, ahead.at_end, cells);
            frame.bytes += found.bytes;
            frame.records += found.records;
            frame.lines += found.lines;
            if is_whole {
                return (frame, true);
            }
        }
        (frame, false)
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

    /// Ends a frame with a broken record from `start` to `end`.
    #[cold]
    fn broken(
        &mut self,
        ahead: &Ahead<'_>,
        start: usize,
        end: usize,
        broken: Broken,
    ) -> Result<(), BoxError> {
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
        self.broken = Some(BrokenRecord { len: end - start, is_cut: broken.is_cut, error });
        Ok(())
    }
}

impl Framing for Cutter {
    const TERMINATOR: Option<u8> = Some(b'\n');

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        if self.skips_line {
            return self.rest_of_line(ahead);
        }
        let (mut frame, is_whole) = self.quick_frame(&ahead);
        if is_whole && (frame.bytes > 0 || !ahead.is_longest) {
            return Ok(frame);
        }
        let mut walk = self.walk(&ahead);
        walk.at = frame.bytes;
        while frame.records < self.most {
            let start = walk.at;
            match walk.next() {
                Piece::Blank { lines } if self.most == 1 => {
                    return Ok(Frame::new(walk.at).lines(lines));
                }
                Piece::Blank { lines } => frame.lines += lines,
                Piece::Record { lines, .. } => {
                    frame.lines += lines;
                    frame.records += 1;
                }
                Piece::Broken(broken) => {
                    self.broken(&ahead, start, walk.at, broken)?;
                    let lines = frame.lines + broken.lines;
                    return Ok(Frame::new(walk.at).records(frame.records + 1).lines(lines).ends_block());
                }
                Piece::More => break,
            }
            frame.bytes = walk.at;
        }
        Ok(frame)
    }
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
fn simple_frame(mut structure: Structure, bytes: &[u8], at_end: bool, mut cells: CellCount) -> (Frame, bool) {
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

/// The line on which each of some whole records begins. The bytes begin on `line`.
pub(crate) fn record_lines(bytes: &[u8], dialect: Dialect, mut line: u64) -> Vec<u64> {
    let mut walk = Walk::new(bytes, dialect);
    let mut lines = Vec::new();
    loop {
        match walk.next() {
            Piece::Blank { lines: taken } => line += taken,
            Piece::Record { lines: taken, .. } => {
                lines.push(line);
                line += taken;
            }
            Piece::Broken(broken) => {
                lines.push(line);
                line += broken.lines;
            }
            Piece::More => return lines,
        }
    }
}

/// Where each of some whole records is, with its line break.
pub(crate) fn record_ranges(bytes: &[u8], dialect: Dialect) -> Vec<Range<usize>> {
    let mut walk = Walk::new(bytes, dialect);
    let mut ranges = Vec::new();
    loop {
        let start = walk.at;
        match walk.next() {
            Piece::Blank { .. } => {}
            Piece::Record { .. } | Piece::Broken(_) => ranges.push(start..walk.at),
            Piece::More => return ranges,
        }
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
