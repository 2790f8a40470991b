//! Going through records one by one.

use godata_io::Ahead;
use memchr::{memchr, memchr2, memchr2_iter, memchr3};

use crate::columns::Width;
use crate::dialect::Dialect;
use crate::stray_quotes::EXCERPT;

/// Goes through bytes record by record.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) dialect: Dialect,
    at_end: bool,
    /// Whether the first record may not be longer than the bytes.
    is_longest: bool,
    /// How many cells a record of several lines may have; `None` for any number.
    width: Option<Width>,
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
    /// A broken record. The next one starts on the next line.
    Broken(Broken),
    /// No record ends in the remaining bytes, or no bytes remain.
    More,
}

/// A record that does not end where its quotes say. It ends at the first line break after the quote of its fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken {
    pub(crate) fault: Fault,
    /// The number of its lines.
    pub(crate) lines: u64,
    /// Whether its last line goes on after the bytes.
    pub(crate) is_cut: bool,
}

/// Why a record is broken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The quote that opens at this position is not closed.
    Unclosed(usize),
    /// Text follows the quote that closes a cell.
    Stray {
        /// The position of the quote that opens the cell.
        quote: usize,
        /// The position after the quote that closes it.
        closed: usize,
    },
    /// The record has several lines and the wrong number of cells.
    Joined {
        /// The position of the first quote that opens a cell of several lines.
        quote: usize,
        /// The position after the quote that closes it.
        closed: usize,
        /// The number of cells, or of those up to another fault, or of those that were counted of a long record.
        cells: usize,
        /// The number of columns.
        columns: usize,
    },
    /// The record is too long.
    TooLong,
}

/// Where a record ends.
enum End {
    /// At the line break that starts at this position.
    Break(usize),
    /// Not in the bytes.
    Open,
    /// Not in the bytes, which end inside the quotes that open at this position.
    Quoted(usize),
    /// Its quotes don't tell, or it is broken wherever it ends.
    Broken(Fault),
}

/// The length of an open record at which its cells are counted for the first time, and then each time it has doubled. In a
/// text whose quotes join all lines, each line would otherwise be searched up to the end of the text.
const LONG: usize = 4 << 10;

impl<'a> Walk<'a> {
    /// A walk through whole records.
    pub(crate) fn new(bytes: &'a [u8], dialect: Dialect) -> Self {
        Self { bytes, dialect, at_end: true, is_longest: false, width: None, at: 0 }
    }

    /// A walk through the bytes of a file that are known so far.
    pub(crate) fn ahead(ahead: &Ahead<'a>, dialect: Dialect) -> Self {
        Self { at_end: ahead.at_end, is_longest: ahead.is_longest, ..Self::new(ahead.bytes, dialect) }
    }

    /// Sets how many cells a record of several lines may have; `None` for any number, which is the default.
    pub(crate) fn width(mut self, width: Option<Width>) -> Self {
        self.width = width;
        self
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
                None if self.is_longest() => return self.broken(Fault::TooLong),
                None => return Piece::More,
            },
            (End::Open, has_quotes) if self.at_end && start < self.bytes.len() => {
                self.at = self.bytes.len();
                (self.at, has_quotes)
            }
            (End::Open, _) if self.is_longest() => return self.broken(Fault::TooLong),
            (End::Quoted(quote), _) if self.at_end || self.is_longest() => {
                return self.broken(Fault::Unclosed(quote));
            }
            (End::Broken(fault), _) => return self.broken(fault),
            (End::Open | End::Quoted(_), _) => return Piece::More,
        };
        if end == start {
            return Piece::Blank { lines: 1 };
        }
        let inner = if has_quotes { line_breaks(&self.bytes[start..end]) } else { 0 };
        if inner > 0
            && let Some(fault) = self.joined(start, end)
        {
            self.at = start;
            return self.broken(fault);
        }
        Piece::Record { lines: 1 + inner, has_quotes }
    }

    /// The fault of the record from `start` to `end` if it has several lines and the wrong number of cells. Cells after the
    /// last column that may be empty are left to the decoder.
    fn joined(&self, start: usize, end: usize) -> Option<Fault> {
        let (width, bytes) = (self.width?, &self.bytes[..end]);
        let Dialect { delimiter, quote, escape, .. } = self.dialect;
        let (mut cells, mut first, mut extra) = (0, None, end);
        let mut next = Some(start);
        while let Some(cell) = next {
            if cells == width.columns() {
                extra = cell;
            }
            cells += 1;
            let open = cell + self.spaces(&bytes[cell..]);
            let mut rest = cell;
            if bytes.get(open).is_some_and(|&byte| Some(byte) == quote) {
                rest = after_quotes(bytes, open, escape).unwrap_or(end);
                if first.is_none() && memchr2(b'\r', b'\n', &bytes[open..rest]).is_some() {
                    first = Some((open, rest));
                }
            }
            let found = memchr3(delimiter, b'\r', b'\n', &bytes[rest..]).map(|found| rest + found);
            next = found.filter(|&at| bytes[at] == delimiter).map(|at| at + 1);
        }
        let (quote, closed) = first?;
        let may_be_empty = || bytes[extra..].iter().all(|&byte| self.is_of_empty_cell(byte, width));
        let fault = Fault::Joined { quote, closed, cells, columns: width.columns() };
        (!width.allows(cells, may_be_empty)).then_some(fault)
    }

    /// The fault of the record that starts at `start` if it has several lines and too many cells already before `end`.
    fn too_many_cells(&self, start: usize, end: usize) -> Option<Fault> {
        let joined = self.joined(start, end);
        joined.filter(|fault| matches!(fault, Fault::Joined { cells, columns, .. } if cells > columns))
    }

    /// Whether a cell of such bytes may be empty.
    fn is_of_empty_cell(&self, byte: u8, width: Width) -> bool {
        let Dialect { delimiter, quote, escape, .. } = self.dialect;
        byte == delimiter
            || [quote, escape].contains(&Some(byte))
            || self.is_space_around_quotes(byte)
            || (width.trims && byte.is_ascii_whitespace())
    }

    /// Moves past the broken record at `self.at`.
    #[cold]
    fn broken(&mut self, mut fault: Fault) -> Piece {
        let (start, bytes) = (self.at, self.bytes);
        if let Fault::Unclosed(quote) | Fault::Stray { quote, .. } = fault
            && let Some(joined) = self.too_many_cells(start, quote)
        {
            fault = joined;
        }
        let line_break = match fault {
            Fault::Unclosed(quote) | Fault::Stray { quote, .. } | Fault::Joined { quote, .. } => {
                memchr2(b'\r', b'\n', &bytes[quote..]).and_then(|found| self.after_break(quote + found))
            }
            Fault::TooLong => None,
        };
        let (end, is_cut) = match line_break {
            Some(end) => (end, false),
            None if self.at_end => (bytes.len(), false),
            // The last byte may be the first half of a CRLF.
            None if self.is_longest() => (bytes.len() - usize::from(bytes.ends_with(b"\r")), true),
            None => return Piece::More,
        };
        self.at = end;
        let breaks = line_breaks(&bytes[start..end]);
        let lines = breaks + u64::from(line_break.is_none() && !is_cut);
        Piece::Broken(Broken { fault, lines, is_cut })
    }

    /// Whether the record at `self.at` may not be longer than the bytes.
    fn is_longest(&self) -> bool {
        self.is_longest && self.at == 0
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
        let mut long = LONG;
        loop {
            if cell - start >= long {
                if let Some(fault) = self.too_many_cells(start, cell) {
                    return (End::Broken(fault), true);
                }
                long = 2 * (cell - start);
            }
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
                if self.is_stray(closed) {
                    return (End::Broken(Fault::Stray { quote: at, closed }), true);
                }
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

    /// Whether text follows the closing quote before `closed`. It is known only once enough of the text is.
    fn is_stray(&self, closed: usize) -> bool {
        let Dialect { delimiter, lenient_quotes, .. } = self.dialect;
        if lenient_quotes {
            return false;
        }
        let rest = &self.bytes[closed..];
        let spaces = self.spaces(rest);
        let is_text = |&byte: &u8| byte != delimiter && !matches!(byte, b'\r' | b'\n');
        rest.get(spaces).is_some_and(is_text)
            && (self.at_end
                || self.is_longest()
                || rest.len() >= EXCERPT
                || memchr3(delimiter, b'\r', b'\n', rest).is_some())
    }

    fn is_space_around_quotes(&self, byte: u8) -> bool {
        self.dialect.spaces_around_quotes && self.dialect.is_space(byte)
    }

    /// The number of spaces at the beginning that may be around a quote.
    fn spaces(&self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|&&byte| self.is_space_around_quotes(byte)).count()
    }

    /// Removes the spaces at the end that may be before a quote.
    fn without_spaces(&self, mut bytes: &'a [u8]) -> &'a [u8] {
        while let [rest @ .., last] = bytes
            && self.is_space_around_quotes(*last)
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
