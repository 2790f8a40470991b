//! The ends of cells, found 64 bytes at a time.

use godata_core::BoxError;
use wide::u8x16;

use super::blocks::{Block, PADDING};

/// How many bytes are scanned at once.
const WIDTH: usize = PADDING;

/// The ends of a block.
#[derive(Default)]
pub(super) struct Ends {
    /// Only the first `len` belong to this block.
    places: Vec<u32>,
    len: usize,
    /// The positions of the first quote of each doubled pair.
    pub(super) doubled: Vec<u32>,
}

impl Ends {
    /// The positions of the commas and line feeds that end cells.
    pub(super) fn places(&self) -> &[u32] {
        &self.places[..self.len]
    }

    /// Finds the ends. Returns whether the block is plain: it has no bytes that JSON escapes, except doubled quotes.
    pub(super) fn find(&mut self, block: &Block) -> Result<bool, BoxError> {
        self.doubled.clear();
        self.places.resize(self.places.len().max(block.len + WIDTH), 0);
        let (chunks, _) = block.bytes[..block.len.next_multiple_of(WIDTH)].as_chunks::<WIDTH>();
        let (mut quotes, mut special) = (Quotes::at_begin(), u8x16::splat(0));
        let mut len = 0;
        for (chunk, begin) in chunks.iter().zip((0..).step_by(WIDTH)) {
            let lanes = Lanes::new(chunk);
            let (line_feeds, commas) = (lanes.equal(b'\n'), lanes.equal(b','));
            special |= lanes.special(&line_feeds);
            let ends = mask([0, 1, 2, 3].map(|lane| commas[lane] | line_feeds[lane]));
            let (mut ends, mut doubled) = quotes.next(mask(lanes.equal(b'"')), ends, || mask(line_feeds));
            while doubled != 0 {
                self.doubled.push(begin + doubled.trailing_zeros() - 1);
                doubled &= doubled - 1;
            }
            while ends != 0 {
                self.places[len] = begin + ends.trailing_zeros();
                len += 1;
                ends &= ends - 1;
            }
        }
        self.len = len;
        if quotes.malformed | quotes.inside != 0 {
            return Err("a quote is not where RFC 4180 has it".into());
        }
        Ok(!special.any() && quotes.line_feeds == 0)
    }
}

/// 64 bytes in registers.
struct Lanes([u8x16; 4]);

impl Lanes {
    #[inline]
    fn new(bytes: &[u8; WIDTH]) -> Self {
        let (lanes, _) = bytes.as_chunks::<16>();
        Self([lanes[0], lanes[1], lanes[2], lanes[3]].map(u8x16::new))
    }

    #[inline]
    fn equal(&self, byte: u8) -> [u8x16; 4] {
        self.0.map(|lane| lane.simd_eq(u8x16::splat(byte)))
    }

    /// Nonzero where there is a backslash, or a control character other than a line feed.
    #[inline]
    fn special(&self, line_feeds: &[u8x16; 4]) -> u8x16 {
        let last_control = u8x16::splat(0x1f);
        let special = [0, 1, 2, 3].map(|lane| {
            let controls = self.0[lane].max(last_control).simd_eq(last_control);
            (controls ^ line_feeds[lane]) | self.0[lane].simd_eq(u8x16::splat(b'\\'))
        });
        special[0] | special[1] | special[2] | special[3]
    }
}

/// The state of quotes at a position in a block.
struct Quotes {
    /// All bits if the next byte is inside quotes, else none.
    inside: u64,
    last_ends: u64,
    last_closing: u64,
    /// Whether any quote is neither around a cell nor doubled inside one.
    malformed: u64,
    /// Whether any line feed is inside quotes.
    line_feeds: u64,
}

impl Quotes {
    /// A block begins like the text after a line feed.
    fn at_begin() -> Self {
        Self { inside: 0, last_ends: 1 << (WIDTH - 1), last_closing: 0, malformed: 0, line_feeds: 0 }
    }

    /// The ends outside of quotes, and the second quote of each doubled pair.
    #[inline]
    fn next(&mut self, quotes: u64, ends: u64, line_feeds: impl FnOnce() -> u64) -> (u64, u64) {
        if quotes | self.inside | self.last_closing == 0 {
            self.last_ends = ends;
            return (ends, 0);
        }
        // From an opening quote to just before the closing one.
        let inside = prefix_xor(quotes) ^ self.inside;
        let ends = ends & !inside;
        let (opening, closing) = (quotes & inside, quotes & !inside);
        let after_closing = closing << 1 | self.last_closing >> (WIDTH - 1);
        let after_end = ends << 1 | self.last_ends >> (WIDTH - 1);
        self.malformed |= opening & !(after_end | after_closing) | after_closing & !(quotes | ends);
        self.line_feeds |= line_feeds() & inside;
        self.inside = if inside >> (WIDTH - 1) == 0 { 0 } else { u64::MAX };
        (self.last_ends, self.last_closing) = (ends, closing);
        (ends, opening & after_closing)
    }
}

#[inline]
fn mask(lanes: [u8x16; 4]) -> u64 {
    let [a, b, c, d] = lanes.map(|lane| u64::from(lane.to_bitmask()));
    a | b << 16 | c << 32 | d << 48
}

/// For each bit, whether an odd number of bits is set up to and including it.
#[inline]
fn prefix_xor(mut mask: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        mask ^= mask << shift;
    }
    mask
}
