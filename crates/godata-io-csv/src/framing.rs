//! Finding the ends of records.

use std::convert::Infallible;
use std::sync::Arc;

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};
use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3, memrchr};
use wide::u8x16;

use crate::CsvError;
use crate::dialect::Dialect;
use crate::structure::{NotSimple, Structure, after, each_chunk, is_plain, lowest, positions};

/// Cuts CSV at the ends of records. Quotes have the meaning that the `csv` crate gives them: a quote opens a quoted
/// cell only where a cell begins, a quote that is not followed by another quote closes it, and what follows a closing
/// quote is literal. CR, LF and CRLF end a record. A line without any bytes is not a record. A comment begins where a
/// record would, and only LF ends it.
#[derive(Debug)]
pub(crate) struct Cutter {
    dialect: Dialect,
    /// The maximum number of records in a frame.
    most: u64,
}

impl Cutter {
    /// Cuts as many records as possible.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, most: u64::MAX }
    }

    /// Cuts one record, or one of the blank lines and comments before it.
    pub(crate) fn one(dialect: Dialect) -> Self {
        Self { dialect, most: 1 }
    }
}

impl Framing for Cutter {
    const TERMINATOR: Option<u8> = Some(b'\n');

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        if self.most == u64::MAX {
            if is_plain(ahead.bytes, self.dialect) {
                return Ok(plain_frame(ahead.bytes, ahead.at_end));
            }
            if let Some(structure) = Structure::of(ahead.bytes, self.dialect)
                && let Ok(frame) = simple_frame(structure, ahead.bytes, ahead.at_end)
            {
                return Ok(frame);
            }
        }
        let mut walk = Walk::new(ahead.bytes, self.dialect, ahead.at_end);
        let mut frame = Frame::default();
        while frame.records < self.most {
            match walk.next() {
                Piece::Blank { lines } if self.most == 1 => {
                    return Ok(Frame::new(walk.at).lines(lines));
                }
                Piece::Blank { lines } => frame.lines += lines,
                Piece::Record { lines, .. } => {
                    frame.lines += lines;
                    frame.records += 1;
                }
                // The records before it come first. The next frame begins with the record of the quote.
                Piece::Unclosed { quote } if frame.bytes == 0 => {
                    let line = ahead.line + line_breaks(&ahead.bytes[..quote]);
                    return Err(CsvError::UnclosedQuote { file: Arc::clone(ahead.file), line }.into());
                }
                Piece::Unclosed { .. } | Piece::More => break,
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

/// The records of a text with quotes, up to the last one that ends in it.
fn simple_frame(mut structure: Structure, bytes: &[u8], at_end: bool) -> Result<Frame, NotSimple> {
    let mut frame = Frame::default();
    let mut line_breaks = 0;
    let count = |mask: u64| u64::from(mask.count_ones());
    each_chunk(bytes, |chunk, begin, there| {
        let marks = structure.next(chunk)?;
        let (record_ends, breaks) = (marks.record_ends & there, marks.line_breaks & there);
        if record_ends != 0 {
            let end = (u64::BITS - record_ends.leading_zeros()) as usize;
            frame.bytes = begin + end;
            frame.records += count(record_ends & !marks.blank);
            frame.lines = line_breaks + count(breaks & lowest(end));
        }
        if breaks != 0 {
            line_breaks += count(breaks);
        }
        Ok(())
    })?;
    if at_end && frame.bytes < bytes.len() {
        // The slow path knows what a lone CR and an open quote at the end mean.
        if structure.is_quoted() || bytes.last() == Some(&b'\r') {
            return Err(NotSimple);
        }
        frame = Frame::new(bytes.len()).records(frame.records + 1).lines(line_breaks + 1);
    }
    Ok(frame)
}

/// The line on which each of some whole records begins. The bytes begin on `line`.
pub(crate) fn record_lines(bytes: &[u8], dialect: Dialect, mut line: u64) -> Vec<u64> {
    let mut walk = Walk::new(bytes, dialect, true);
    let mut lines = Vec::new();
    loop {
        match walk.next() {
            Piece::Blank { lines: taken } => line += taken,
            Piece::Record { lines: taken, .. } => {
                lines.push(line);
                line += taken;
            }
            Piece::Unclosed { .. } | Piece::More => return lines,
        }
    }
}

/// Which cells of some whole records are quoted. It goes through the records in the order in which the `csv` crate
/// reads them.
#[derive(Debug)]
pub(crate) struct QuotedCells<'a> {
    walk: Walk<'a>,
    record: &'a [u8],
}

impl<'a> QuotedCells<'a> {
    pub(crate) fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { walk: Walk::new(bytes, dialect, true), record: &[] }
    }

    /// Moves to the next record.
    pub(crate) fn advance(&mut self) {
        loop {
            let start = self.walk.at;
            match self.walk.next() {
                Piece::Blank { .. } => {}
                Piece::Record { is_quoted: true, .. } => {
                    self.record = &self.walk.bytes[start..self.walk.at];
                    return;
                }
                Piece::Record { .. } | Piece::Unclosed { .. } | Piece::More => {
                    self.record = &[];
                    return;
                }
            }
        }
    }

    /// Whether each cell of the record is quoted. It yields nothing if none is.
    pub(crate) fn cells(&self) -> impl Iterator<Item = bool> {
        let walk = Walk { bytes: self.record, at_end: true, at: 0, ..self.walk };
        let mut next = (!self.record.is_empty()).then_some(0);
        std::iter::from_fn(move || {
            let at = next?;
            let is_quoted = walk.bytes.get(at).copied().is_some_and(|byte| Some(byte) == walk.dialect.quote);
            let rest = if is_quoted {
                after_quotes(walk.bytes, at, walk.dialect.escape).unwrap_or(walk.bytes.len())
            } else {
                at
            };
            next = memchr(walk.dialect.delimiter, &walk.bytes[rest..]).map(|found| rest + found + 1);
            Some(is_quoted)
        })
    }
}

/// Cuts single lines, whatever is in them. It is used for the lines before the header.
#[derive(Debug)]
pub(crate) struct RawLine;

impl Framing for RawLine {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let walk = Walk::new(ahead.bytes, Dialect { quote: None, ..Dialect::default() }, ahead.at_end);
        let end = memchr2(b'\r', b'\n', ahead.bytes).map(|at| walk.after_break(at));
        let bytes = match end {
            Some(after) => after.unwrap_or_default(),
            None if ahead.at_end => ahead.bytes.len(),
            None => 0,
        };
        Ok(Frame::new(bytes).lines(u64::from(bytes > 0)))
    }
}

/// Goes through bytes record by record.
#[derive(Debug)]
struct Walk<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
    at_end: bool,
    /// Where the next record or blank line begins.
    at: usize,
}

/// What a step of a walk found.
enum Piece {
    /// A blank line, or a comment.
    Blank {
        /// The number of its lines, at least 1: a CR ends a line, but not a comment.
        lines: u64,
    },
    Record {
        /// The number of its lines, at least 1.
        lines: u64,
        /// Whether it has quotes.
        is_quoted: bool,
    },
    /// The record does not end, because the quote at this position is never closed.
    Unclosed { quote: usize },
    /// No record ends in the remaining bytes, or no bytes remain.
    More,
}

/// Where a record ends.
enum End {
    /// At the line break that starts at this position.
    Break(usize),
    /// Not in the bytes.
    Open,
    /// Not in the bytes, which end inside the quotes that open at this position.
    Quoted(usize),
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], dialect: Dialect, at_end: bool) -> Self {
        Self { bytes, dialect, at_end, at: 0 }
    }

    fn next(&mut self) -> Piece {
        let start = self.at;
        if self.dialect.comment.is_some() && self.bytes.get(start).copied() == self.dialect.comment {
            return self.comment();
        }
        let (end, is_quoted) = match self.record_end() {
            (End::Break(at), is_quoted) => match self.after_break(at) {
                Some(after) => {
                    self.at = after;
                    (at, is_quoted)
                }
                None => return Piece::More,
            },
            (End::Open, is_quoted) if self.at_end && start < self.bytes.len() => {
                self.at = self.bytes.len();
                (self.at, is_quoted)
            }
            (End::Quoted(quote), _) if self.at_end => return Piece::Unclosed { quote },
            (End::Open | End::Quoted(_), _) => return Piece::More,
        };
        if end == start {
            return Piece::Blank { lines: 1 };
        }
        let inner = if is_quoted { line_breaks(&self.bytes[start..end]) } else { 0 };
        Piece::Record { lines: 1 + inner, is_quoted }
    }

    /// Skips the comment at `self.at`.
    fn comment(&mut self) -> Piece {
        let rest = &self.bytes[self.at..];
        let (comment, open) = match memchr(b'\n', rest) {
            Some(end) => (&rest[..=end], 0),
            None if self.at_end => (rest, 1),
            None => return Piece::More,
        };
        self.at += comment.len();
        Piece::Blank { lines: line_breaks(comment) + open }
    }

    /// Where the record at `self.at` ends, and whether it has quotes.
    fn record_end(&self) -> (End, bool) {
        let (bytes, start) = (self.bytes, self.at);
        let Some(quote) = self.dialect.quote else {
            let found = memchr2(b'\r', b'\n', &bytes[start..]);
            return (found.map_or(End::Open, |found| End::Break(start + found)), false);
        };
        let mut cell = start;
        let mut is_quoted = false;
        loop {
            let Some(found) = memchr3(quote, b'\r', b'\n', &bytes[cell..]) else {
                return (End::Open, is_quoted);
            };
            let at = cell + found;
            if bytes[at] != quote {
                return (End::Break(at), is_quoted);
            }
            is_quoted = true;
            let mut rest = at + 1;
            // There is no quote between `cell` and here, so a delimiter just before this quote is not inside quotes.
            if at == cell || bytes[at - 1] == self.dialect.delimiter {
                let Some(closed) = after_quotes(bytes, at, self.dialect.escape) else {
                    return (End::Quoted(at), true);
                };
                rest = closed;
            }
            // The rest of the cell is literal.
            let Some(found) = memchr3(self.dialect.delimiter, b'\r', b'\n', &bytes[rest..]) else {
                return (End::Open, true);
            };
            if bytes[rest + found] != self.dialect.delimiter {
                return (End::Break(rest + found), true);
            }
            cell = rest + found + 1;
        }
    }

    /// The position after the line break at `at`; `None` if it could be the first half of a CRLF.
    fn after_break(&self, at: usize) -> Option<usize> {
        match (self.bytes[at], self.bytes.get(at + 1)) {
            (b'\r', Some(b'\n')) => Some(at + 2),
            (b'\r', None) if !self.at_end => None,
            _ => Some(at + 1),
        }
    }
}

/// The position after the quote that closes the one at `open`.
pub(crate) fn after_quotes(bytes: &[u8], open: usize, escape: Option<u8>) -> Option<usize> {
    let quote = bytes[open];
    let mut at = open + 1;
    loop {
        let rest = bytes.get(at..)?;
        at += 1 + match escape {
            Some(escape) => memchr2(quote, escape, rest)?,
            None => memchr(quote, rest)?,
        };
        if bytes[at - 1] == quote && bytes.get(at) != Some(&quote) {
            return Some(at);
        }
        // Skip a doubled quote, or the byte after an escape.
        at += 1;
    }
}

/// The number of line breaks. CRLF is one.
fn line_breaks(bytes: &[u8]) -> u64 {
    let is_one = |&at: &usize| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
    memchr2_iter(b'\r', b'\n', bytes).filter(is_one).count() as u64
}

#[cfg(test)]
mod tests;
