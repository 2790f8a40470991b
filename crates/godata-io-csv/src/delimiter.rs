//! What separates the cells of a record.

use crate::CsvError;

/// What opens and closes a quoted cell.
pub(crate) const QUOTE: u8 = b'"';

/// A byte that separates cells and has no other meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter(u8);

impl Delimiter {
    /// Checks the byte: a part of a longer character would split characters, and a NUL is no text.
    pub(crate) fn new(byte: u8) -> Result<Self, CsvError> {
        match byte {
            QUOTE | b'\r' | b'\n' | 0 | 0x80.. => Err(CsvError::Delimiter { delimiter: byte }),
            byte => Ok(Self(byte)),
        }
    }

    pub(crate) fn byte(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_another_meaning_is_no_delimiter() {
        for byte in [b',', b';', b'\t', b'|', b' ', 0x1f] {
            assert_eq!(Delimiter::new(byte).unwrap().byte(), byte);
        }
        let message = |byte| Delimiter::new(byte).unwrap_err().to_string();
        assert_eq!(message(b'"'), "`\\\"` can't be the delimiter");
        assert_eq!(message(b'\r'), "`\\r` can't be the delimiter");
        assert_eq!(message(b'\n'), "`\\n` can't be the delimiter");
        assert_eq!(message(0), "`\\x00` can't be the delimiter");
        assert_eq!(message(0xe4), "`\\xe4` can't be the delimiter");
    }
}
