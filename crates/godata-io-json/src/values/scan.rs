//! Finds the values of a block.

use crate::JsonError;
use crate::decode::{hint, string_end};

/// How values follow one another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// As the elements of an array, with commas.
    Elements,
    /// One after the other, with or without white space, byte order marks and record separators (RFC 7464).
    Concatenated,
}

impl Layout {
    /// The beginning of the next value, where the last one ends at `at`.
    #[inline]
    pub(crate) fn skip(self, bytes: &[u8], at: usize) -> usize {
        let at = skip_space(bytes, at);
        match (self, bytes.get(at)) {
            (Self::Elements, Some(b',')) => skip_space(bytes, at + 1),
            (Self::Concatenated, Some(0x1e | 0xef)) => skip_marks(bytes, at),
            _ => at,
        }
    }

    /// What a value that can't be read as a record seems to be.
    pub(super) fn hint(self, value: &[u8], error: &JsonError, is_first: bool) -> Option<&'static str> {
        match self {
            Self::Elements => None,
            Self::Concatenated => hint::of_value(value, error, is_first),
        }
    }
}

#[cold]
fn skip_marks(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = match bytes.get(at..) {
            Some([0x1e, ..]) => skip_space(bytes, at + 1),
            Some([0xef, 0xbb, 0xbf, ..]) => skip_space(bytes, at + 3),
            _ => return at,
        }
    }
}

/// The first position from `at` on that is not white space.
#[inline]
pub(crate) fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
    rest.iter().position(|byte| !is_space(byte)).map_or(bytes.len(), |len| at + len)
}

/// The end of the value that begins at `at`; `None` if the bytes end first, or end with a token that could continue.
///
/// It only looks at brackets, quotes and backslashes, so it finds an end for invalid text too. The decoder then says what is
/// wrong with it. A value has at least one byte.
pub(crate) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at + 1),
        b'[' | b'{' => brackets_end(bytes, at),
        _ => {
            let rest = bytes.get(at + 1..)?;
            let is_end = |byte: &u8| {
                matches!(byte, b',' | b']' | b'}' | b'[' | b'{' | b'"' | b':' | b' ' | b'\n' | b'\t' | b'\r')
            };
            rest.iter().position(is_end).map(|len| at + 1 + len)
        }
    }
}

fn brackets_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at + 1)?;
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Iterates over the values of a block, each with its offset.
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    layout: Layout,
    /// Where the next value begins.
    at: usize,
}

impl<'a> Values<'a> {
    pub(super) fn of(bytes: &'a [u8], layout: Layout) -> Self {
        // If the block before ended between an element and its comma, this block begins with the comma.
        Self { bytes, layout, at: layout.skip(bytes, 0) }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.at;
        if begin == self.bytes.len() {
            return None;
        }
        let end = value_end(self.bytes, begin).unwrap_or(self.bytes.len());
        self.at = self.layout.skip(self.bytes, end);
        Some((begin, &self.bytes[begin..end]))
    }
}
