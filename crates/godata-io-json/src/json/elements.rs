//! Finds the elements of an array.

use crate::decode::string_end;

/// The first position from `at` on that is not white space.
#[inline]
pub(super) fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
    rest.iter().position(|byte| !is_space(byte)).map_or(bytes.len(), |len| at + len)
}

/// The end of the value that begins at `at`; `None` if the bytes end first, or end with a token that could continue.
///
/// It only looks at brackets, quotes and backslashes, so it finds an end for invalid text too. The decoder then says what is
/// wrong with it. A value has at least one byte.
pub(super) fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
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

/// Iterates over the elements of a block, each with its offset.
pub(super) struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Elements<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        // If the block before ended between an element and its comma, this block begins with the comma.
        let at = skip_space(bytes, 0);
        Self { bytes, at: if bytes.get(at) == Some(&b',') { at + 1 } else { at } }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let begin = skip_space(self.bytes, self.at);
        if begin == self.bytes.len() {
            return None;
        }
        let end = value_end(self.bytes, begin).unwrap_or(self.bytes.len());
        let comma = skip_space(self.bytes, end);
        self.at = if self.bytes.get(comma) == Some(&b',') { comma + 1 } else { comma };
        Some((begin, &self.bytes[begin..end]))
    }
}
