//! Writes texts as JSON strings.

use godata_etl::WrittenText;
use wide::u8x16;

use super::problem::{Unwritable, write_json};
use crate::word::special_bytes;

/// Writes a text as a string. Most texts need no escapes and are copied as a whole.
#[inline]
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), Unwritable> {
    if needs_escapes(text.as_bytes()) {
        return write_json(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Copies a text if it needs no escapes. Returns whether it did.
#[inline(always)]
pub(super) fn copy_plain(out: &mut Vec<u8>, text: WrittenText<'_>) -> bool {
    let is_plain = match text.first_chunk::<32>() {
        Some(chunk) if text.len() <= chunk.len() => first_special(chunk) >= text.len(),
        _ => !needs_escapes(text.as_bytes()),
    };
    if is_plain {
        text.append_to(out);
    }
    is_plain
}

/// The first byte that ends the plain part of a string; 32 if there is none.
#[inline(always)]
fn first_special(chunk: &[u8; 32]) -> usize {
    let (halves, _) = chunk.as_chunks::<16>();
    let special = |half: &[u8; 16]| {
        let bytes = u8x16::new(*half);
        let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
        let is_quote = bytes.simd_eq(u8x16::splat(b'"'));
        let is_backslash = bytes.simd_eq(u8x16::splat(b'\\'));
        (is_control | is_quote | is_backslash).to_bitmask()
    };
    (special(&halves[0]) | special(&halves[1]) << 16).trailing_zeros() as usize
}

/// Whether a text has a quote, a backslash or a control character (RFC 8259, section 7).
#[inline]
pub(super) fn needs_escapes(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let found = words.iter().fold(0, |found, &word| found | special_bytes(u64::from_le_bytes(word)));
    match text.last_chunk::<8>() {
        Some(&last) => found | special_bytes(u64::from_le_bytes(last)) != 0,
        None => rest.iter().any(|&byte| matches!(byte, 0..b' ' | b'"' | b'\\')),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_written_as_by_serde_json(text in "[ -~\u{0}-\u{20}äß€\u{7f}]{0,40}") {
            let mut out = Vec::new();
            prop_assert!(write_text(&mut out, &text).is_ok());
            prop_assert_eq!(out, serde_json::to_vec(&text).unwrap());
        }

        #[test]
        fn a_text_is_copied_only_if_it_needs_no_escapes(
            text in "[ -~\u{0}-\u{20}äß€]{0,3}[a-z]{0,40}[ -~\u{1f}ä]{0,40}",
            start in 0..50usize,
            len in 0..50usize,
        ) {
            let part = text.get(start..start + len);
            prop_assume!(part.is_some());
            let part = part.unwrap_or_default();
            let mut out = Vec::new();
            let is_copied = copy_plain(&mut out, WrittenText::part(&text, start, len));
            prop_assert_eq!(is_copied, !needs_escapes(part.as_bytes()));
            prop_assert_eq!(out, if is_copied { part.as_bytes() } else { b"" });
        }

        #[test]
        fn only_special_bytes_need_escapes(text in proptest::collection::vec(any::<u8>(), 0..20)) {
            let expected = text.iter().any(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
            prop_assert_eq!(needs_escapes(&text), expected);
        }
    }
}
