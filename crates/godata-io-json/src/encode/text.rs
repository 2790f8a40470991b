//! Text as a JSON string.

use super::unwritable::{Unwritable, write_json};
use crate::word::special_bytes;

/// Writes a text as a string. Most have nothing to escape, and are copied as a whole.
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
        fn a_text_is_the_string_that_serde_json_writes(text in "[ -~\u{0}-\u{20}äß€\u{7f}]{0,40}") {
            let mut out = Vec::new();
            prop_assert!(write_text(&mut out, &text).is_ok());
            prop_assert_eq!(out, serde_json::to_vec(&text).unwrap());
        }

        #[test]
        fn only_what_must_be_is_escaped(text in proptest::collection::vec(any::<u8>(), 0..20)) {
            let expected = text.iter().any(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
            prop_assert_eq!(needs_escapes(&text), expected);
        }
    }
}
