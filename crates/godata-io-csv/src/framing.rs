//! Finding the ends of records.

use std::convert::Infallible;
use std::sync::Arc;

use godata_core::BoxError;
use godata_io::{Ahead, Frame, Framing};
use memchr::{memchr_iter, memchr2, memrchr};
use wide::u8x16;

use crate::CsvError;
use crate::dialect::Dialect;
use crate::structure::{NotSimple, Structure, after, each_chunk, is_plain, lowest, positions};
use crate::walk::{Piece, Walk, line_breaks};

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
                && (frame.bytes > 0 || !ahead.is_longest)
            {
                return Ok(frame);
            }
        }
        let mut walk = Walk::ahead(&ahead, self.dialect);
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
                Piece::More => break,
            }
            frame.bytes = walk.at;
        }
        // Records before an open quote come first. The next frame then begins with the record of the quote.
        if frame.bytes == 0
            && (ahead.at_end || ahead.is_longest)
            && let Some(quote) = walk.open_quote()
        {
            let line = ahead.line + line_breaks(&ahead.bytes[..quote]);
            let within = ahead.is_longest.then(|| ahead.bytes.len() - quote);
            return Err(CsvError::UnclosedQuote { file: Arc::clone(ahead.file), line, within }.into());
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
    let mut walk = Walk::new(bytes, dialect);
    let mut lines = Vec::new();
    loop {
        match walk.next() {
            Piece::Blank { lines: taken } => line += taken,
            Piece::Record { lines: taken, .. } => {
                lines.push(line);
                line += taken;
            }
            Piece::More => return lines,
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
