//! Which bytes of a text end cells and records, found for 64 bytes at a time.
//!
//! It knows quotes as RFC 4180 writes them: around whole cells, and doubled within. There, a byte is inside of quotes
//! if an odd number of quotes is before it, which takes a few shifts for 64 bytes. Where a text has quotes elsewhere,
//! or a CR that ends a line alone, [`Structure::next`] says so, and whoever asked goes byte by byte.

use memchr::{memchr, memchr2};
use wide::u8x16;

use crate::dialect::Dialect;

/// How many bytes are looked at together.
pub(crate) const WIDTH: usize = 64;

/// A text that is not simple: quotes or line breaks are not where RFC 4180 has them.
#[derive(Debug)]
pub(crate) struct NotSimple;

/// Whether a text has neither quotes nor CR: each delimiter ends a cell then, and each line feed a record.
pub(crate) fn is_plain(text: &[u8], dialect: Dialect) -> bool {
    let unusual = match dialect.quote {
        Some(quote) => memchr2(quote, b'\r', text),
        None => memchr(b'\r', text),
    };
    unusual.is_none() && dialect.escape.is_none() && dialect.comment.is_none()
}

/// What 64 bytes mean; bit `i` is for byte `i`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// The delimiters that end a cell, and the line feeds that end a record.
    pub(crate) ends: u64,
    /// The line feeds that end a record.
    pub(crate) record_ends: u64,
    /// Whether there are neither quotes nor CR.
    pub(crate) is_plain: bool,
    /// The second ones of doubled quotes.
    pub(crate) doubled: u64,
    /// Those of the record ends that end nothing: blank lines.
    pub(crate) blank: u64,
    /// The line breaks, also inside of quotes: line feeds, and what comes after a CR that is not followed by one.
    pub(crate) line_breaks: u64,
}

/// Goes through a text that begins where a record does.
#[derive(Debug)]
pub(crate) struct Structure {
    delimiter: u8x16,
    quote: Option<u8x16>,
    /// Whether there may be CR.
    has_returns: bool,
    /// All bits if the next byte is inside of quotes, else none.
    quoted: u64,
    last: Masks,
}

/// What the bytes before were.
#[derive(Debug)]
struct Masks {
    ends: u64,
    record_ends: u64,
    closing: u64,
    carriage_returns: u64,
    /// Inside of quotes.
    inner_carriage_returns: u64,
}

impl Structure {
    /// For a text of a dialect without escapes and comments; `None` for others.
    pub(crate) fn of(text: &[u8], dialect: Dialect) -> Option<Self> {
        let Dialect { delimiter, quote, escape: None, comment: None } = dialect else { return None };
        // A text begins as if it came after a line feed.
        let begin = 1 << (WIDTH - 1);
        let last = Masks {
            ends: begin,
            record_ends: begin,
            closing: 0,
            carriage_returns: 0,
            inner_carriage_returns: 0,
        };
        Some(Self {
            delimiter: u8x16::splat(delimiter),
            quote: quote.map(u8x16::splat),
            has_returns: memchr(b'\r', text).is_some(),
            quoted: 0,
            last,
        })
    }

    /// Whether what was looked at ends inside of quotes.
    pub(crate) fn is_quoted(&self) -> bool {
        self.quoted != 0
    }

    /// What the next 64 bytes mean.
    #[inline]
    pub(crate) fn next(&mut self, bytes: &[u8; WIDTH]) -> Result<Marks, NotSimple> {
        let line_feeds = positions(bytes, u8x16::splat(b'\n'));
        let carriage_returns = if self.has_returns { positions(bytes, u8x16::splat(b'\r')) } else { 0 };
        let delimiters = positions(bytes, self.delimiter);
        let quotes = self.quote.map_or(0, |quote| positions(bytes, quote));

        // From an opening quote up to before the closing one.
        let quoted = if quotes == 0 { self.quoted } else { prefix_xor(quotes) ^ self.quoted };
        let (opening, closing) = (quotes & quoted, quotes & !quoted);
        let record_ends = line_feeds & !quoted;
        let ends = (delimiters & !quoted) | record_ends;
        let outer_returns = carriage_returns & !quoted;

        let after_end = after(ends, self.last.ends);
        let after_closing = after(closing, self.last.closing);
        let after_return = after(outer_returns, self.last.carriage_returns);
        let after_inner_return = after(carriage_returns & quoted, self.last.inner_carriage_returns);

        let within_cell = opening & !(after_end | after_closing);
        let beyond_closing = after_closing & !(quotes | ends | outer_returns);
        let lone_return = after_return & !line_feeds;
        if within_cell | beyond_closing | lone_return != 0 {
            return Err(NotSimple);
        }

        let after_record = after(record_ends, self.last.record_ends);
        let two_after_record = record_ends << 2 | self.last.record_ends >> (WIDTH - 2);
        self.quoted = if quoted >> (WIDTH - 1) == 0 { 0 } else { u64::MAX };
        self.last = Masks {
            ends,
            record_ends,
            closing,
            carriage_returns: outer_returns,
            inner_carriage_returns: carriage_returns & quoted,
        };
        Ok(Marks {
            ends,
            record_ends,
            is_plain: quotes | carriage_returns == 0,
            doubled: opening & after_closing,
            blank: record_ends & (after_record | (after_return & two_after_record)),
            line_breaks: line_feeds | (after_inner_return & !line_feeds),
        })
    }
}

/// Calls `f` with the bytes of a text, 64 at a time, where they begin, and which of them there are: the last ones are
/// filled up with line feeds.
#[inline]
pub(crate) fn each_chunk<E>(
    text: &[u8],
    mut f: impl FnMut(&[u8; WIDTH], usize, u64) -> Result<(), E>,
) -> Result<(), E> {
    let (whole, rest) = text.as_chunks::<WIDTH>();
    for (index, chunk) in whole.iter().enumerate() {
        f(chunk, index * WIDTH, u64::MAX)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let mut last = [b'\n'; WIDTH];
    last[..rest.len()].copy_from_slice(rest);
    f(&last, text.len() - rest.len(), lowest(rest.len()))
}

/// The lowest `count` bits.
#[inline]
pub(crate) fn lowest(count: usize) -> u64 {
    if count >= WIDTH { u64::MAX } else { (1 << count) - 1 }
}

/// Where a byte is.
#[inline]
pub(crate) fn positions(bytes: &[u8; WIDTH], byte: u8x16) -> u64 {
    let (lanes, _) = bytes.as_chunks::<16>();
    let mask = |lane: usize| u64::from(u8x16::new(lanes[lane]).simd_eq(byte).to_bitmask()) << (16 * lane);
    mask(0) | mask(1) | mask(2) | mask(3)
}

/// The bytes after those of a mask; `last` is the mask before it.
#[inline]
pub(crate) fn after(mask: u64, last: u64) -> u64 {
    mask << 1 | last >> (WIDTH - 1)
}

/// For each bit, whether an odd number of bits is set up to it and with it.
#[inline]
fn prefix_xor(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}
