//! Going through records one by one.

use godata_io::Ahead;
use memchr::{memchr, memchr2, memchr2_iter, memchr3};

use crate::dialect::Dialect;

/// Goes through bytes record by record.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) dialect: Dialect,
    at_end: bool,
    /// Where the next record or blank line begins.
    pub(crate) at: usize,
}

/// What a step of a walk found.
pub(crate) enum Piece {
    /// A blank line, or a comment.
    Blank {
        /// The number of its lines, at least 1: a CR ends a line, but not a comment.
        lines: u64,
    },
    Record {
        /// The number of its lines, at least 1.
        lines: u64,
        /// Whether it has quotes.
        has_quotes: bool,
    },
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
    /// A walk through whole records.
    pub(crate) fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { bytes, dialect, at_end: true, at: 0 }
    }

    /// A walk through the bytes of a file that are known so far.
    pub(crate) fn ahead(ahead: &Ahead<'a>, dialect: Dialect) -> Self {
        Self { at_end: ahead.at_end, ..Self::new(ahead.bytes, dialect) }
    }

    pub(crate) fn next(&mut self) -> Piece {
        let start = self.at;
        if self.is_comment() {
            return self.comment();
        }
        if let Some(piece) = self.blank_line() {
            return piece;
        }
        let (end, has_quotes) = match self.record_end() {
            (End::Break(at), has_quotes) => match self.after_break(at) {
                Some(after) => {
                    self.at = after;
                    (at, has_quotes)
                }
                None => return Piece::More,
            },
            (End::Open, has_quotes) if self.at_end && start < self.bytes.len() => {
                self.at = self.bytes.len();
                (self.at, has_quotes)
            }
            (End::Open | End::Quoted(_), _) => return Piece::More,
        };
        if end == start {
            return Piece::Blank { lines: 1 };
        }
        let inner = if has_quotes { line_breaks(&self.bytes[start..end]) } else { 0 };
        Piece::Record { lines: 1 + inner, has_quotes }
    }

    /// The position of the quote that keeps the record at `self.at` from ending.
    pub(crate) fn open_quote(&self) -> Option<usize> {
        match self.record_end() {
            (End::Quoted(quote), _) if !self.is_comment() => Some(quote),
            _ => None,
        }
    }

    fn is_comment(&self) -> bool {
        self.dialect.comment.is_some() && self.bytes.get(self.at).copied() == self.dialect.comment
    }

    /// Skips the line at `self.at` if it has bytes, but is blank.
    fn blank_line(&mut self) -> Option<Piece> {
        let Dialect { blank_lines, .. } = self.dialect;
        let rest = self.bytes.get(self.at..)?;
        if !blank_lines.allow(*rest.first()?, self.dialect) {
            return None;
        }
        let end = rest.iter().position(|&byte| !blank_lines.allow(byte, self.dialect));
        let after = match end.map(|end| self.at + end) {
            Some(end) if matches!(self.bytes[end], b'\r' | b'\n') => self.after_break(end),
            Some(_) => return None,
            None => self.at_end.then_some(self.bytes.len()),
        };
        let Some(after) = after else { return Some(Piece::More) };
        self.at = after;
        Some(Piece::Blank { lines: 1 })
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
        let mut has_quotes = false;
        loop {
            let Some(found) = memchr3(quote, b'\r', b'\n', &bytes[cell..]) else {
                return (End::Open, has_quotes);
            };
            let at = cell + found;
            if bytes[at] != quote {
                return (End::Break(at), has_quotes);
            }
            has_quotes = true;
            let mut rest = at + 1;
            // There is no quote between `cell` and here, so a delimiter before this quote is not inside quotes.
            let before = self.without_spaces(&bytes[cell..at]);
            if before.last().is_none_or(|&byte| byte == self.dialect.delimiter) {
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

    /// Removes the spaces at the end that may be before a quote.
    fn without_spaces(&self, mut bytes: &'a [u8]) -> &'a [u8] {
        while self.dialect.spaces_around_quotes
            && let [rest @ .., last] = bytes
            && self.dialect.is_space(*last)
        {
            bytes = rest;
        }
        bytes
    }

    /// The position after the line break at `at`; `None` if it could be the first half of a CRLF.
    pub(crate) fn after_break(&self, at: usize) -> Option<usize> {
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
pub(crate) fn line_breaks(bytes: &[u8]) -> u64 {
    let is_one = |&at: &usize| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
    memchr2_iter(b'\r', b'\n', bytes).filter(is_one).count() as u64
}
