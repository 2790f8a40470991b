//! Halves of surrogate pairs in the escapes of strings.

use std::str;

/// The offset of the lone surrogate that ends the text at a column, and what is wrong with it; `None` if serde_json gives
/// another `reason`.
pub(crate) fn lone_surrogate(text: &[u8], column: usize, reason: &str) -> Option<(usize, String)> {
    if !["unexpected end of hex escape", "lone leading surrogate in hex escape"].contains(&reason) {
        return None;
    }
    let mut at = 0;
    loop {
        at += memchr::memchr(b'\\', text.get(at..)?)?;
        match (unit(text, at), unit(text, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            // Those before it are in fields that the type does not know.
            (Some(surrogate @ 0xd800..=0xdfff), _) if at + 12 >= column => {
                return Some((
                    at,
                    format!("`\\u{surrogate:04x}` is half of a surrogate pair, and not a character"),
                ));
            }
            _ => at += 2,
        }
    }
}

/// The UTF-16 code unit of the escape at an offset.
fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}
