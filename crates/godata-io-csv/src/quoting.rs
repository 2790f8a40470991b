//! Writing cells.

use crate::{
    CsvError,
    delimiter::{Delimiter, QUOTE},
};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes cells, with quotes where they are needed.
#[derive(Clone, Debug)]
pub(crate) struct Quoting {
    delimiter: Delimiter,
    /// The bytes for which a cell is looked at closely.
    special: [bool; 256],
}

impl Quoting {
    pub(crate) fn new(delimiter: Delimiter) -> Self {
        let mut special = [false; 256];
        for byte in [delimiter.byte(), QUOTE, b'\r', b'\n', 0] {
            special[usize::from(byte)] = true;
        }
        Self { delimiter, special }
    }

    /// Adds a cell of the field with this name.
    pub(crate) fn push(&self, out: &mut Vec<u8>, field: &str, text: &str) -> Result<(), CsvError> {
        let bytes = text.as_bytes();
        // A byte order mark in the first cell would be taken off by readers, unless a quote is before it.
        if !bytes.iter().any(|&byte| self.special[usize::from(byte)]) && !text.starts_with(BYTE_ORDER_MARK) {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        if bytes.contains(&0) {
            return Err(CsvError::NotACell { field: field.to_owned(), found: "text with a NUL byte" });
        }
        out.push(QUOTE);
        for part in bytes.split_inclusive(|&byte| byte == QUOTE) {
            out.extend_from_slice(part);
            if part.ends_with(&[QUOTE]) {
                out.push(QUOTE);
            }
        }
        out.push(QUOTE);
        Ok(())
    }

    pub(crate) fn delimit(&self, out: &mut Vec<u8>) {
        out.push(self.delimiter.byte());
    }

    pub(crate) fn delimiter(&self) -> Delimiter {
        self.delimiter
    }
}

/// Ends the record that begins at `start` of `out`. One that is but an empty cell gets quotes, since a blank
/// line is no record.
pub(crate) fn end_record(out: &mut Vec<u8>, start: usize) {
    if out.len() == start {
        out.extend_from_slice(&[QUOTE, QUOTE]);
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut out = Vec::new();
        Quoting::new(Delimiter::new(b';').unwrap()).push(&mut out, "f", text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_are_only_where_they_are_needed() {
        for text in ["", "a", " a ", "a,b", "ä'", "12.0"] {
            assert_eq!(cell(text), text);
        }
        let table = [
            (";", "\";\""),
            ("\"", "\"\"\"\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\rb", "\"a\rb\""),
            ("\n", "\"\n\""),
            ("\u{feff}a", "\"\u{feff}a\""),
        ];
        for (text, expected) in table {
            assert_eq!(cell(text), expected);
        }
    }
}
