//! Signs that a file has another delimiter.

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr;

use crate::CsvError;
use crate::dialect::Dialect;
use crate::header::Header;

/// The usual delimiters.
const USUAL: [u8; 4] = [b';', b'\t', b'|', b','];

/// The usual delimiters, without this one.
pub(crate) fn others(delimiter: u8) -> impl Iterator<Item = u8> {
    USUAL.into_iter().filter(move |&other| other != delimiter)
}

impl Header {
    /// Checks that the header does not seem to have another delimiter than the other files of the input, whose columns are
    /// known.
    ///
    /// It has one if it is a single name without quotes, and if most parts of that name are columns of other files.
    pub(crate) fn check_delimiter(
        &self,
        dialect: Dialect,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<(), CsvError> {
        let [name] = &self.names[..] else { return Ok(()) };
        if dialect.quote.is_some_and(|quote| memchr(quote, &self.bytes).is_some()) {
            return Ok(());
        }
        let Some(delimiter) = others(dialect.delimiter).find(|&by| is_split(name, by, &is_known)) else {
            return Ok(());
        };
        let (file, header) = (Arc::clone(&self.file), name.clone());
        Err(CsvError::FileDelimiter { file, line: self.line, header, delimiter })
    }
}

/// Whether at least two parts of a name, and most of them, are known names.
fn is_split(name: &str, delimiter: u8, is_known: impl Fn(&str) -> bool) -> bool {
    let parts: HashSet<&str> = name.split(char::from(delimiter)).map(str::trim).collect();
    let known = parts.iter().filter(|part| !part.is_empty() && is_known(part)).count();
    known >= 2 && known > parts.len() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_if_most_of_its_parts_are_known() {
        let is_split =
            |name, delimiter| is_split(name, delimiter, |part| ["id", "a", "b", ""].contains(&part));
        for name in ["id;a", "id;a;b", "b; a ;id;new", "id;a;b;x;y", "id;a;"] {
            assert!(is_split(name, b';'), "{name}");
            assert!(!is_split(name, b'\t'), "{name}");
        }
        for name in ["id", "id;", "id;new", "id;id", "id;id;id", ";;", "id;a;x;y", "ID;A", "x;y"] {
            assert!(!is_split(name, b';'), "{name}");
        }
    }
}
