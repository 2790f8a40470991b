//! Parses the tokens of a dynamic record. serde_json does not pass on the digits of a number, so this parser reads them
//! itself. It leaves strings with escapes to serde_json.

use std::borrow::Cow;

use super::problem::{Problem, Refused};
use crate::word::special_bytes;

/// Reads a text, one token after the other.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How much deeper arrays and objects can be nested.
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, max_depth: usize) -> Self {
        Self { text, at: 0, depth: max_depth }
    }

    /// The number of bytes read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text read from `begin` on.
    pub(super) fn text_from(&self, begin: usize) -> &'a str {
        &self.text[begin..self.at]
    }

    /// The first byte of the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Opens the array or object that begins here.
    pub(super) fn open(&mut self) -> Result<(), Refused> {
        self.depth = self.depth.checked_sub(1).ok_or(Problem::TooDeep { column: self.at + 1 })?;
        self.at += 1;
        Ok(())
    }

    /// Whether there is another element. Otherwise takes the closing `end`.
    #[inline]
    pub(super) fn next(&mut self, end: u8, first: bool) -> Result<bool, Refused> {
        match self.peek() {
            Some(byte) if byte == end => {
                self.at += 1;
                self.depth += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => Err(Problem::Syntax.into()),
        }
    }

    /// Takes a key and its colon. Returns the key and the column at which it ends.
    #[inline]
    pub(super) fn key(&mut self) -> Result<(Cow<'a, str>, usize), Refused> {
        let Some(b'"') = self.peek() else { return Err(Problem::Syntax.into()) };
        let key = self.string()?;
        let end = self.at;
        let Some(b':') = self.peek() else { return Err(Problem::Syntax.into()) };
        self.at += 1;
        Ok((key, end))
    }

    /// Takes the string that begins here.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Refused> {
        let begin = self.at + 1;
        let end = special(self.text.as_bytes(), begin);
        match self.text.as_bytes().get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Cow::Borrowed(&self.text[begin..end]))
            }
            Some(b'\\') => self.escaped_string(end).map(Cow::Owned),
            _ => Err(Problem::Syntax.into()),
        }
    }

    /// Takes the string that begins here and has its first escape at `escape`.
    fn escaped_string(&mut self, escape: usize) -> Result<String, Refused> {
        let begin = self.at;
        self.at = string_end(self.text.as_bytes(), escape).ok_or(Problem::Syntax)?;
        let token = &self.text[begin..self.at];
        serde_json::from_str(token).map_err(|error| Problem::Text { begin, error }.into())
    }

    /// Takes the number that begins here, as its digits.
    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a str, Refused> {
        let bytes = self.text.as_bytes();
        let begin = self.at;
        let mut at = begin + usize::from(bytes[begin] == b'-');
        at = match bytes.get(at) {
            Some(b'0') => at + 1,
            _ => after_digits(bytes, at)?,
        };
        if bytes.get(at) == Some(&b'.') {
            at = after_digits(bytes, at + 1)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            at = after_digits(bytes, at + 1 + sign)?;
        }
        self.at = at;
        Ok(&self.text[begin..at])
    }

    /// Takes `null`, `true` or `false`.
    pub(super) fn word(&mut self, word: &str) -> Result<(), Refused> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Problem::Syntax.into());
        }
        self.at += word.len();
        Ok(())
    }

    /// Fails unless only white space follows.
    pub(super) fn end(&mut self) -> Result<(), Refused> {
        self.peek().map_or(Ok(()), |_| Err(Problem::Syntax.into()))
    }
}

/// The first quote, backslash or control character from `at` on, or the end of the text.
#[inline]
fn special(text: &[u8], mut at: usize) -> usize {
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    let is_special = |&byte: &u8| matches!(byte, 0..b' ' | b'"' | b'\\');
    rest.iter().position(is_special).map_or(text.len(), |len| at + len)
}

/// The position after one or more digits.
fn after_digits(bytes: &[u8], begin: usize) -> Result<usize, Refused> {
    let rest = bytes.get(begin..).unwrap_or_default();
    let len = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    if len == 0 { Err(Problem::Syntax.into()) } else { Ok(begin + len) }
}

/// The end of a string, after its closing quote. The search starts at `at`, which must be inside the string and not after a
/// backslash.
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let special = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[special] == b'"' {
            return Some(special + 1);
        }
        at = special + 2;
    }
}
