//! Searches eight bytes at a time.

/// Finds the bytes that end the plain part of a JSON string (RFC 8259, section 7): quotes, backslashes and control
/// characters. The high bit of the first such byte is set, and no bit before it.
#[inline]
pub(crate) fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH_BITS: u64 = ONES << 7;
    // A byte less than `bound` (at most 0x80) borrows from its high bit. The borrow can carry into the bytes after it and
    // set theirs too, so only the first set bit is reliable.
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | equal(b'"') | equal(b'\\')) & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_special_byte_is_found(mut bytes in any::<[u8; 8]>(), at in 0..8usize, byte in "[a\"\\\\\u{0}\u{1f} !]") {
            bytes[at] = byte.as_bytes()[0];
            let expected = bytes.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
            let found = special_bytes(u64::from_le_bytes(bytes));
            prop_assert_eq!((found != 0).then(|| found.trailing_zeros() as usize / 8), expected);
        }
    }
}
