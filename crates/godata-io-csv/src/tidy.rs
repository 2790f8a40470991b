//! Removing what the options allow beyond RFC 4180, so that a block is decoded as any other.

use memchr::{memchr, memchr3};

use crate::dialect::Dialect;
use crate::walk::{Piece, Walk, after_quotes};

/// Adds the records of a block to `out`, without blank lines and without spaces around quotes. Returns whether it did:
/// a block that has none of them is not copied.
pub(crate) fn tidy(bytes: &[u8], dialect: Dialect, out: &mut Vec<u8>) -> bool {
    let may_have_spaces =
        dialect.spaces_around_quotes && dialect.quote.is_some_and(|quote| memchr(quote, bytes).is_some());
    if !may_have_spaces && !dialect.has_unusual_blank_lines() {
        return false;
    }
    let mut walk = Walk::new(bytes, dialect);
    loop {
        let start = walk.at;
        match walk.next() {
            Piece::Blank { .. } => {}
            Piece::Record { has_quotes: true, .. } if may_have_spaces => {
                tidy_record(&bytes[start..walk.at], dialect, out);
            }
            Piece::Record { .. } | Piece::Broken(_) => out.extend_from_slice(&bytes[start..walk.at]),
            Piece::More => return true,
        }
    }
}

/// Adds a record without spaces around quotes.
pub(crate) fn tidy_record(record: &[u8], dialect: Dialect, out: &mut Vec<u8>) {
    let is_removed = |byte| dialect.spaces_around_quotes && dialect.is_space(byte);
    let spaces = |from: usize| record[from..].iter().take_while(|&&byte| is_removed(byte)).count();
    let mut at = 0;
    while at < record.len() {
        let open = at + spaces(at);
        if record.get(open).is_some_and(|&byte| Some(byte) == dialect.quote) {
            let closed = after_quotes(record, open, dialect.escape).unwrap_or(record.len());
            out.extend_from_slice(&record[open..closed]);
            at = closed + spaces(closed);
            if !matches!(record.get(at), None | Some(b'\r' | b'\n')) && record[at] != dialect.delimiter {
                at = closed;
            }
        }
        let end = memchr3(dialect.delimiter, b'\r', b'\n', &record[at..]).map(|found| at + found);
        let next = match end {
            Some(end) if record[end] == dialect.delimiter => end + 1,
            _ => record.len(),
        };
        out.extend_from_slice(&record[at..next]);
        at = next;
    }
}
