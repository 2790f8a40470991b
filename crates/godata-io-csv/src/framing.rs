//! Where records end.

use std::sync::Arc;

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};
use memchr::{memchr, memchr2_iter, memchr3};

use crate::{
    CsvError,
    delimiter::{Delimiter, QUOTE},
};

/// Cuts CSV at the ends of records, with the meaning that the `csv` crate gives to quotes: a quote opens a
/// quoted cell only where a cell begins, it is closed by a quote that no other quote follows, and what follows
/// on a closing quote is literal. CR, LF and CRLF end a record; a line without any byte is none.
#[derive(Debug)]
pub(crate) struct Cutter {
    delimiter: Delimiter,
    /// How many records a frame has at most.
    most: u64,
}

impl Cutter {
    /// Cuts as many records as there are.
    pub(crate) fn new(delimiter: Delimiter) -> Self {
        Self { delimiter, most: u64::MAX }
    }

    /// Cuts one record, or the blank lines before it.
    pub(crate) fn one(delimiter: Delimiter) -> Self {
        Self { delimiter, most: 1 }
    }
}

impl Framing for Cutter {
    const TERMINATOR: Option<u8> = Some(b'\n');

    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let mut walk = Walk::new(ahead.bytes, self.delimiter, ahead.at_end);
        let mut frame = Frame::default();
        while frame.records < self.most {
            match walk.next() {
                Piece::Blank if self.most == 1 && frame.records == 0 => {
                    return Ok(Frame { bytes: walk.at, records: 0, lines: 1 });
                }
                Piece::Blank => frame.lines += 1,
                Piece::Record { lines } => {
                    frame.lines += lines;
                    frame.records += 1;
                }
                // The records before it come first; the next frame begins with the quote's record.
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

/// The line on which each record of whole ones begins; the bytes begin on `line`.
pub(crate) fn record_lines(bytes: &[u8], delimiter: Delimiter, mut line: u64) -> Vec<u64> {
    let mut walk = Walk::new(bytes, delimiter, true);
    let mut lines = Vec::new();
    loop {
        match walk.next() {
            Piece::Blank => line += 1,
            Piece::Record { lines: taken } => {
                lines.push(line);
                line += taken;
            }
            Piece::Unclosed { .. } | Piece::More => return lines,
        }
    }
}

/// Goes from record to record.
struct Walk<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    at_end: bool,
    /// Where the next record begins, or a blank line.
    at: usize,
}

/// What a step of a walk passed.
enum Piece {
    Blank,
    Record {
        /// The lines that the record takes, at least 1.
        lines: u64,
    },
    /// Nothing: the record has no end, because this quote is not closed before the end.
    Unclosed {
        quote: usize,
    },
    /// Nothing: no record ends in the bytes that are left, or none are left.
    More,
}

/// Where a record ends.
enum End {
    /// At a line break, the first byte of which is here.
    Break(usize),
    /// Not before the bytes do.
    Open,
    /// Not before the bytes do, which is inside of the quotes that open here.
    Quoted(usize),
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], delimiter: Delimiter, at_end: bool) -> Self {
        Self { bytes, delimiter: delimiter.byte(), at_end, at: 0 }
    }

    fn next(&mut self) -> Piece {
        let start = self.at;
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
            return Piece::Blank;
        }
        let inner = if is_quoted { line_breaks(&self.bytes[start..end]) } else { 0 };
        Piece::Record { lines: 1 + inner }
    }

    /// Where the record at `self.at` ends, and whether it has quotes.
    fn record_end(&self) -> (End, bool) {
        let (bytes, start) = (self.bytes, self.at);
        let mut cell = start;
        let mut is_quoted = false;
        loop {
            let Some(found) = memchr3(QUOTE, b'\r', b'\n', &bytes[cell..]) else {
                return (End::Open, is_quoted);
            };
            let at = cell + found;
            if bytes[at] != QUOTE {
                return (End::Break(at), is_quoted);
            }
            is_quoted = true;
            let mut rest = at + 1;
            // No quote is between `cell` and here, so a delimiter before it does delimit.
            if at == cell || bytes[at - 1] == self.delimiter {
                let Some(closed) = self.after_quotes(at) else { return (End::Quoted(at), true) };
                rest = closed;
            }
            // The rest of the cell is literal.
            let Some(found) = memchr3(self.delimiter, b'\r', b'\n', &bytes[rest..]) else {
                return (End::Open, true);
            };
            if bytes[rest + found] != self.delimiter {
                return (End::Break(rest + found), true);
            }
            cell = rest + found + 1;
        }
    }

    /// What comes after the quote that closes the one that opens here.
    fn after_quotes(&self, open: usize) -> Option<usize> {
        let mut at = open + 1;
        loop {
            at += memchr(QUOTE, &self.bytes[at..])? + 1;
            if self.bytes.get(at) != Some(&QUOTE) {
                return Some(at);
            }
            at += 1;
        }
    }

    /// What comes after the line break that is here; `None` if it could be the first half of one.
    fn after_break(&self, at: usize) -> Option<usize> {
        match (self.bytes[at], self.bytes.get(at + 1)) {
            (b'\r', Some(b'\n')) => Some(at + 2),
            (b'\r', None) if !self.at_end => None,
            _ => Some(at + 1),
        }
    }
}

/// How many line breaks there are; CRLF is one.
fn line_breaks(bytes: &[u8]) -> u64 {
    let is_one = |&at: &usize| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
    memchr2_iter(b'\r', b'\n', bytes).filter(is_one).count() as u64
}

#[cfg(test)]
mod tests;
