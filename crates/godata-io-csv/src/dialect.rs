//! The bytes with a special meaning in a file.

use crate::{BlankLines, CsvError};

/// The bytes with a special meaning. Once [checked](Self::checked) they are ASCII, all different, and none is a line
/// break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Opens and closes a quoted cell; `None` if no cell is quoted.
    pub(crate) quote: Option<u8>,
    /// Makes the next byte of a quoted cell literal. A doubled quote is a quote in any case.
    pub(crate) escape: Option<u8>,
    /// Starts a line that is a comment.
    pub(crate) comment: Option<u8>,
    /// Whether quotes that RFC 4180 does not allow are ordinary characters, and not an error.
    pub(crate) lenient_quotes: bool,
    /// Whether spaces before an opening quote and after a closing one are not part of the cell.
    pub(crate) spaces_around_quotes: bool,
    pub(crate) blank_lines: BlankLines,
}

impl Default for Dialect {
    /// The dialect of RFC 4180.
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            escape: None,
            comment: None,
            lenient_quotes: false,
            spaces_around_quotes: false,
            blank_lines: BlankLines::Empty,
        }
    }
}

impl Dialect {
    /// The dialect of a block that was [tidied](crate::tidy).
    pub(crate) fn tidied(self) -> Self {
        Self { spaces_around_quotes: false, blank_lines: BlankLines::Empty, ..self }
    }

    pub(crate) fn has_unusual_blank_lines(self) -> bool {
        self.blank_lines != BlankLines::Empty
    }

    /// Whether a byte is a space that may be around quotes.
    pub(crate) fn is_space(self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && byte != self.delimiter && Some(byte) != self.quote
    }

    /// Checks the bytes. A byte that is not ASCII could split a character, and NUL is not text.
    pub(crate) fn checked(self) -> Result<Self, CsvError> {
        let Self { delimiter, quote, escape, comment, .. } = self;
        if is_unfit(delimiter) || quote == Some(delimiter) {
            return Err(CsvError::Delimiter { delimiter });
        }
        let mut taken = vec![delimiter];
        for (byte, role) in [(quote, "quote"), (escape, "escape"), (comment, "comment")] {
            let Some(byte) = byte else { continue };
            if is_unfit(byte) || taken.contains(&byte) {
                return Err(CsvError::Special { byte, role });
            }
            taken.push(byte);
        }
        Ok(self)
    }
}

fn is_unfit(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0 | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_with_another_meaning_cannot_be_the_delimiter() {
        let checked = |delimiter| Dialect { delimiter, ..Dialect::default() }.checked();
        for byte in [b',', b';', b'\t', b'|', b' ', 0x1f] {
            assert_eq!(checked(byte).unwrap().delimiter, byte);
        }
        let message = |byte| checked(byte).unwrap_err().to_string();
        assert_eq!(message(b'"'), "`\\\"` can't be the delimiter: use another ASCII character");
        assert_eq!(message(b'\r'), "`\\r` can't be the delimiter: use another ASCII character");
        assert_eq!(message(b'\n'), "`\\n` can't be the delimiter: use another ASCII character");
        assert_eq!(message(0), "`\\x00` can't be the delimiter: use another ASCII character");
        assert_eq!(message(0xe4), "`\\xe4` can't be the delimiter: use another ASCII character");
    }

    #[test]
    fn no_byte_can_have_two_meanings() {
        let check = |dialect: Dialect, expected: &str| {
            let expected = format!("{expected}: use another ASCII character");
            assert_eq!(dialect.checked().unwrap_err().to_string(), expected);
        };
        let plain = Dialect::default();
        check(Dialect { quote: Some(b'\n'), ..plain }, "`\\n` can't be the quote");
        check(Dialect { quote: Some(0xe4), ..plain }, "`\\xe4` can't be the quote");
        check(Dialect { escape: Some(b'"'), ..plain }, "`\\\"` can't be the escape");
        check(Dialect { escape: Some(b','), ..plain }, "`,` can't be the escape");
        check(Dialect { comment: Some(b','), ..plain }, "`,` can't be the comment");
        check(Dialect { escape: Some(b'#'), comment: Some(b'#'), ..plain }, "`#` can't be the comment");
        let free =
            Dialect { delimiter: b'"', quote: None, escape: Some(b'\\'), comment: Some(b'#'), ..plain };
        assert_eq!(free.checked().unwrap(), free);
    }
}
