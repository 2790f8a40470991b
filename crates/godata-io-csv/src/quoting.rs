//! Writing cells.

use std::borrow::Cow;

use crate::CsvError;
use crate::dialect::Dialect;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A spreadsheet takes text that starts with one of these for a formula, according to OWASP.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Which cells are written with quotes. Null never is, since a quoted cell is text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quoting {
    /// Only cells that would otherwise be read differently: those with a delimiter, a quote, a line break or an escape
    /// in them, and text that equals the word for null.
    #[default]
    Necessary,
    /// All cells, and the names in the header.
    Always,
    /// All cells except numbers, and the names in the header. A number is a value of a number type, or text that was
    /// cast to one, but not any text with digits.
    NonNumeric,
}

/// What ends a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Terminator {
    /// `\n`.
    #[default]
    Lf,
    /// `\r\n`, as in RFC 4180.
    CrLf,
}

/// How cells are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) dialect: Dialect,
    pub(crate) quoting: Quoting,
    pub(crate) terminator: Terminator,
    /// The word for null. With `None`, null is an empty cell, as empty text is.
    pub(crate) null: Option<String>,
    pub(crate) guards_formulas: bool,
}

/// Whether a cell is a number or any other text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
}

/// Writes cells, with quotes where needed.
#[derive(Clone, Debug)]
pub(crate) struct CellWriter {
    layout: Layout,
    quote: u8,
    /// The bytes that make a cell need quotes.
    special: [bool; 256],
}

impl CellWriter {
    pub(crate) fn new(layout: Layout) -> Result<Self, CsvError> {
        let Dialect { delimiter, quote, escape, .. } = layout.dialect.checked()?;
        let quote = quote.unwrap_or(b'"');
        let mut special = [false; 256];
        for byte in [delimiter, quote, escape.unwrap_or(quote), b'\r', b'\n', 0] {
            special[usize::from(byte)] = true;
        }
        let writer = Self { layout, quote, special };
        match &writer.layout.null {
            Some(word) if writer.is_special(word) => Err(CsvError::NullWord { word: word.clone() }),
            _ => Ok(writer),
        }
    }

    /// Adds a cell of the field with this name.
    pub(crate) fn push(
        &self,
        out: &mut Vec<u8>,
        field: &str,
        text: &str,
        kind: Kind,
    ) -> Result<(), CsvError> {
        let text = self.guarded(text, kind);
        let is_asked_for = match self.layout.quoting {
            Quoting::Necessary => false,
            Quoting::Always => true,
            Quoting::NonNumeric => kind == Kind::Text,
        };
        if !is_asked_for && !self.is_special(&text) && self.layout.null.as_deref() != Some(&*text) {
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        if text.as_bytes().contains(&0) {
            return Err(CsvError::NotACell { field: field.to_owned(), found: "text with a NUL byte" });
        }
        out.push(self.quote);
        match self.layout.dialect.escape {
            None => push_with(out, &text, self.quote, |byte| byte == self.quote),
            Some(escape) => push_with(out, &text, escape, |byte| byte == self.quote || byte == escape),
        }
        out.push(self.quote);
        Ok(())
    }

    pub(crate) fn push_null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.null());
    }

    pub(crate) fn null(&self) -> &[u8] {
        self.layout.null.as_deref().unwrap_or_default().as_bytes()
    }

    pub(crate) fn delimit(&self, out: &mut Vec<u8>) {
        out.push(self.layout.dialect.delimiter);
    }

    /// Ends the record that begins at `start` of `out` and has all columns of the header. If that is one empty cell, it
    /// gets quotes, since a blank line is not a record.
    pub(crate) fn end_record(&self, out: &mut Vec<u8>, start: usize) {
        if out.len() == start {
            out.extend_from_slice(&[self.quote, self.quote]);
        }
        out.extend_from_slice(self.terminator());
    }

    pub(crate) fn terminator(&self) -> &'static [u8] {
        match self.layout.terminator {
            Terminator::Lf => b"\n",
            Terminator::CrLf => b"\r\n",
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.layout.dialect
    }

    fn guarded<'a>(&self, text: &'a str, kind: Kind) -> Cow<'a, str> {
        if self.layout.guards_formulas && kind == Kind::Text && text.starts_with(FORMULA) && !is_number(text)
        {
            return Cow::Owned(format!("'{text}"));
        }
        Cow::Borrowed(text)
    }

    /// Whether a cell needs quotes because of its content.
    fn is_special(&self, text: &str) -> bool {
        // Readers would skip a byte order mark at the start of the first cell, unless a quote is before it.
        text.bytes().any(|byte| self.special[usize::from(byte)]) || text.starts_with(BYTE_ORDER_MARK)
    }
}

/// Adds a text, with an extra byte before each byte that needs it.
fn push_with(out: &mut Vec<u8>, text: &str, before: u8, needs_it: impl Fn(u8) -> bool) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| needs_it(byte)) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[before, rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Whether a text is a decimal number, which is safe in a spreadsheet. Unlike `parse`, it refuses `inf`.
fn is_number(text: &str) -> bool {
    let is_part = |byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().all(is_part) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(layout: &Layout, text: &str) -> String {
        let mut out = Vec::new();
        CellWriter::new(layout.clone()).unwrap().push(&mut out, "f", text, Kind::Text).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn semicolons() -> Layout {
        Layout { dialect: Dialect { delimiter: b';', ..Dialect::default() }, ..Layout::default() }
    }

    #[test]
    fn only_cells_that_need_quotes_get_them() {
        for text in ["", "a", " a ", "a,b", "ä'", "12.0"] {
            assert_eq!(cell(&semicolons(), text), text);
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
            assert_eq!(cell(&semicolons(), text), expected);
        }
    }

    #[test]
    fn an_escape_comes_before_quotes_and_before_itself() {
        let mut layout = semicolons();
        layout.dialect.escape = Some(b'\\');
        for (text, expected) in [("a\"b", "\"a\\\"b\""), ("\\", "\"\\\\\""), ("a", "a"), (";", "\";\"")] {
            assert_eq!(cell(&layout, text), expected);
        }
    }

    #[test]
    fn formulas_get_an_apostrophe() {
        let mut layout = Layout { guards_formulas: true, ..Layout::default() };
        let table = [
            ("=1+1", "'=1+1"),
            ("@SUM(A1,2)", "\"'@SUM(A1,2)\""),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("-2+3", "'-2+3"),
            ("+inf", "'+inf"),
            ("-", "'-"),
            ("-12.50", "-12.50"),
            ("+1e3", "+1e3"),
            ("a=1", "a=1"),
            ("'=1", "'=1"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(cell(&layout, text), expected);
        }
        layout.dialect.quote = Some(b'\'');
        assert_eq!(cell(&layout, "=1"), "'''=1'");
    }
}
