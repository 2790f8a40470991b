//! The output of a block.

use godata_core::BoxError;
use memchr::memchr_iter;

use super::blocks::{Block, PADDING};
use super::ends::Ends;
use super::layout::Layout;

/// How many bytes are copied at once.
pub(super) const WIDTH: usize = 16;

/// Lines in memory that is not cleared between blocks.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    len: usize,
}

impl Lines {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Writes the paid rows of a block whose cells are valid JSON text once `""` is replaced by `\"`.
    pub(super) fn write_plain(
        &mut self,
        block: &mut Block,
        ends: &Ends,
        layout: &Layout,
    ) -> Result<(), BoxError> {
        for &quote in &ends.doubled {
            block.bytes[quote as usize] = b'\\';
        }
        let rows = ends.places().chunks_exact(layout.columns);
        // A plain block has no other line feeds: if each row ends with one, none is inside a row.
        if !rows.remainder().is_empty() || memchr_iter(b'\n', &block.bytes[..block.len]).count() != rows.len()
        {
            return Err(ragged());
        }
        let mut start = 0;
        for row in rows {
            let end = row[layout.columns - 1] as usize;
            if block.bytes[end] != b'\n' {
                return Err(ragged());
            }
            let cell = |column: usize| {
                let start = if column == 0 { start } else { row[column - 1] as usize + 1 };
                unquoted(&block.bytes, start, row[column] as usize)
            };
            let (from, to) = cell(layout.status);
            if &block.bytes[from..to] == b"paid" {
                self.write_row(&block.bytes, end - start, cell, layout)?;
            }
            start = end + 1;
        }
        Ok(())
    }

    #[inline]
    fn write_row(
        &mut self,
        bytes: &[u8],
        row_len: usize,
        cell: impl Fn(usize) -> (usize, usize),
        layout: &Layout,
    ) -> Result<(), BoxError> {
        self.reserve(row_len + layout.room);
        for (piece, column) in &layout.cells {
            self.piece(piece);
            let (start, end) = cell(*column);
            self.copy(bytes, start, end);
        }
        let (start, end) = cell(layout.amount);
        self.end_row(&bytes[start..end], layout)
    }

    /// Writes `gross` and ends the line.
    #[inline]
    pub(super) fn end_row(&mut self, amount: &[u8], layout: &Layout) -> Result<(), BoxError> {
        let gross = parse(amount).ok_or("an amount is no number")? * 1.19;
        if !gross.is_finite() {
            return Err("an amount is too large".into());
        }
        self.piece(&layout.before_gross);
        let mut float = zmij::Buffer::new();
        self.push(float.format_finite(gross).as_bytes());
        self.push(b"}\n");
        Ok(())
    }

    /// Makes room for `len` bytes.
    #[inline]
    pub(super) fn reserve(&mut self, len: usize) {
        if self.bytes.len() < self.len + len {
            self.bytes.resize((self.len + len) * 2, 0);
        }
    }

    #[inline]
    pub(super) fn piece(&mut self, piece: &Piece) {
        let (blocks, _) = self.bytes[self.len..].as_chunks_mut::<WIDTH>();
        for (to, from) in blocks.iter_mut().zip(&piece.blocks) {
            *to = *from;
        }
        self.len += piece.len;
    }

    /// Copies a range of bytes that is followed by `PADDING` more.
    #[inline]
    fn copy(&mut self, bytes: &[u8], start: usize, end: usize) {
        const { assert!(WIDTH <= PADDING) };
        let len = end - start;
        if len <= WIDTH {
            self.bytes[self.len..][..WIDTH].copy_from_slice(&bytes[start..][..WIDTH]);
        } else {
            self.bytes[self.len..][..len].copy_from_slice(&bytes[start..end]);
        }
        self.len += len;
    }

    /// Writes bytes; the caller has made room.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

/// Bytes that are written repeatedly.
pub(super) struct Piece {
    blocks: Vec<[u8; WIDTH]>,
    len: usize,
}

impl Piece {
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len().next_multiple_of(WIDTH), 0);
        Self { blocks: bytes.as_chunks().0.to_vec(), len: text.len() }
    }

    /// The room that it takes, including overcopied bytes.
    pub(super) fn room(&self) -> usize {
        self.blocks.len() * WIDTH
    }
}

/// The range of a cell without its quotes.
#[inline]
pub(super) fn unquoted(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    // If the cell is empty, this is the comma or line feed after it.
    if bytes[start] == b'"' { (start + 1, end - 1) } else { (start, end) }
}

pub(super) fn ragged() -> BoxError {
    "a row has not as many cells as the header".into()
}

/// A JSON number. Most have few enough digits that one division is exact.
#[inline]
pub(super) fn parse(digits: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (mut whole, mut fraction) = (0_u64, None);
    if digits.len() <= POWERS.len() && digits.first() != Some(&b'0') {
        for (at, &byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => whole = whole * 10 + u64::from(byte - b'0'),
                b'.' if fraction.is_none() && at > 0 => fraction = Some(digits.len() - at - 1),
                _ => return parse_any(digits),
            }
        }
    }
    match fraction {
        Some(fraction @ 1..) => Some(whole as f64 / POWERS[fraction]),
        _ => parse_any(digits),
    }
}

#[cold]
fn parse_any(digits: &[u8]) -> Option<f64> {
    serde_json::from_slice::<serde_json::Number>(digits).ok()?;
    str::from_utf8(digits).ok()?.parse().ok()
}
