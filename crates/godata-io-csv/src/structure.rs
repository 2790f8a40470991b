//! Finding the bytes that end cells and records, 64 bytes at a time.
//!
//! It supports quotes as in RFC 4180: around whole cells, and doubled inside them. Then a byte is inside quotes if an
//! odd number of quotes comes before it, which takes a few shifts for 64 bytes. If a text has quotes elsewhere, or a
//! CR that ends a line alone, [`Structure::next`] returns [`NotSimple`], and the caller goes byte by byte.

use memchr::{memchr, memchr2};
use wide::u8x16;

use crate::BlankLines;
use crate::dialect::Dialect;

/// How many bytes are processed at once.
pub(crate) const WIDTH: usize = 64;

/// The text has quotes or line breaks that RFC 4180 does not allow.
#[derive(Debug)]
pub(crate) struct NotSimple;

/// Whether a text has neither quotes nor CR. Then each delimiter ends a cell, and each line feed a record.
pub(crate) fn is_plain(text: &[u8], dialect: Dialect) -> bool {
    plain_len(text, dialect) == text.len()
}

/// How many bytes come before the first quote or CR; 0 if they don't have their usual meaning.
pub(crate) fn plain_len(text: &[u8], dialect: Dialect) -> usize {
    if dialect.escape.is_some() || dialect.comment.is_some() || dialect.has_unusual_blank_lines() {
        return 0;
    }
    let unusual = match dialect.quote {
        Some(quote) => memchr2(quote, b'\r', text),
        None => memchr(b'\r', text),
    };
    unusual.unwrap_or(text.len())
}

/// Whether [`Structure`] supports a text of whole records.
pub(crate) fn is_simple(text: &[u8], dialect: Dialect) -> bool {
    Structure::of(text, dialect).is_some_and(|mut structure| {
        let read = each_chunk(text, |chunk, _, _| structure.next(chunk).map(|_| ()));
        read.is_ok() && !structure.is_quoted()
    })
}

/// The meaning of 64 bytes. Bit `i` is for byte `i`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// The delimiters that end a cell, and the line feeds that end a record.
    pub(crate) ends: u64,
    /// The line feeds that end a record.
    pub(crate) record_ends: u64,
    /// Whether there are neither quotes nor CR.
    pub(crate) is_plain: bool,
    /// The second quotes of doubled quotes.
    pub(crate) doubled: u64,
    /// The record ends that end blank lines.
    pub(crate) blank: u64,
    /// The line breaks, including those inside quotes: line feeds, and the byte after a CR if that is not a line feed.
    pub(crate) line_breaks: u64,
}

/// Goes through a text that begins at the beginning of a record.
#[derive(Debug)]
pub(crate) struct Structure {
    delimiter: u8x16,
    quote: Option<u8x16>,
    /// Whether there may be CR.
    has_returns: bool,
    /// All bits are set if the next byte is inside quotes, otherwise none.
    quoted: u64,
    last: Masks,
}

/// The masks of the previous 64 bytes.
#[derive(Debug)]
struct Masks {
    ends: u64,
    record_ends: u64,
    closing: u64,
    carriage_returns: u64,
    /// The CRs inside quotes.
    inner_carriage_returns: u64,
}

impl Masks {
    /// The beginning of a text counts as if a line feed came before it.
    const BEGIN: Self = {
        let begin = 1 << (WIDTH - 1);
        Self { ends: begin, record_ends: begin, closing: 0, carriage_returns: 0, inner_carriage_returns: 0 }
    };
}

impl Structure {
    /// Supports only dialects without escapes and comments in which only lines without bytes are blank; `None` for others.
    pub(crate) fn of(text: &[u8], dialect: Dialect) -> Option<Self> {
        let Dialect {
            delimiter,
            quote,
            escape: None,
            comment: None,
            blank_lines: BlankLines::Empty,
            lenient_quotes: _,
            spaces_around_quotes: _,
        } = dialect
        else {
            return None;
        };
        Some(Self {
            delimiter: u8x16::splat(delimiter),
            quote: quote.map(u8x16::splat),
            has_returns: memchr(b'\r', text).is_some(),
            quoted: 0,
            last: Masks::BEGIN,
        })
    }

    /// Goes on at the beginning of another record.
    pub(crate) fn restart(&mut self) {
        (self.quoted, self.last) = (0, Masks::BEGIN);
    }

    /// Whether the bytes so far end inside quotes.
    pub(crate) fn is_quoted(&self) -> bool {
        self.quoted != 0
    }

    /// The meaning of the next 64 bytes.
    #[inline]
    pub(crate) fn next(&mut self, bytes: &[u8; WIDTH]) -> Result<Marks, NotSimple> {
        let line_feeds = positions(bytes, u8x16::splat(b'\n'));
        let carriage_returns = if self.has_returns { positions(bytes, u8x16::splat(b'\r')) } else { 0 };
        let delimiters = positions(bytes, self.delimiter);
        let quotes = self.quote.map_or(0, |quote| positions(bytes, quote));

        // From each opening quote to just before the closing one.
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

/// Calls `f` with 64 bytes of a text at a time, their position, and a mask of the bytes that exist. The last bytes are
/// padded with line feeds.
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

/// The positions of a byte.
#[inline]
pub(crate) fn positions(bytes: &[u8; WIDTH], byte: u8x16) -> u64 {
    let (lanes, _) = bytes.as_chunks::<16>();
    let mask = |lane: usize| u64::from(u8x16::new(lanes[lane]).simd_eq(byte).to_bitmask()) << (16 * lane);
    mask(0) | mask(1) | mask(2) | mask(3)
}

/// The positions after those of a mask; `last` is the previous mask.
#[inline]
pub(crate) fn after(mask: u64, last: u64) -> u64 {
    mask << 1 | last >> (WIDTH - 1)
}

/// For each bit, whether an odd number of bits is set up to it, inclusive.
#[inline]
fn prefix_xor(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}
