//! The header of a file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use godata_core::BoxError;
use godata_io::{Ahead, Blocks, Frame, Framing, Head};

use crate::dialect::Dialect;
use crate::framing::Cutter;
use crate::options::Options;
use crate::{CsvError, decode};

/// The header of a file.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) file: Arc<str>,
    pub(crate) line: u64,
    /// The header as it is in the file.
    pub(crate) bytes: Vec<u8>,
    pub(crate) names: Vec<String>,
}

impl Header {
    /// Reads the header of a file and skips it; `None` if the file is empty.
    pub(crate) fn take(
        blocks: &mut Blocks<Cutter>,
        dialect: Dialect,
        options: &Options,
    ) -> Result<Option<Self>, BoxError> {
        let file = Arc::clone(blocks.name());
        let Some(first) = First::header(blocks, dialect)? else { return Ok(None) };
        let First { line, bytes, frame } = first;
        let names = decode::names(&bytes, dialect, options.trim);
        let names = names.map_err(|error| CsvError::Header {
            file: Arc::clone(&file),
            line,
            source: Box::new(error),
        })?;
        let names = options.arranged(names);
        if let Some((first, second)) = duplicate(&names) {
            let name = names[first].clone();
            return Err(
                CsvError::DuplicateName { file, line, name, first: first + 1, second: second + 1 }.into()
            );
        }
        blocks.skip(frame);
        Ok(Some(Self { file, line, bytes, names }))
    }

    /// Skips the first record of a further file if it is the same header.
    pub(crate) fn skip_same(
        &self,
        blocks: &mut Blocks<Cutter>,
        dialect: Dialect,
        options: &Options,
    ) -> Result<(), BoxError> {
        let Some(first) = First::of(blocks, Cutter::one(dialect))? else { return Ok(()) };
        let is_same = |names| options.arranged(names) == self.names;
        if decode::names(&first.bytes, dialect, options.trim).is_ok_and(is_same) {
            blocks.skip(first.frame);
        }
        Ok(())
    }
}

/// The first record of a file, which is not skipped yet.
pub(crate) struct First {
    pub(crate) bytes: Vec<u8>,
    pub(crate) frame: Frame,
    line: u64,
}

impl First {
    /// The first record as a header, after skipping blank lines and comments.
    pub(crate) fn header(blocks: &mut Blocks<Cutter>, dialect: Dialect) -> Result<Option<Self>, BoxError> {
        Self::of(blocks, Cutter::header(dialect))
    }

    fn of(blocks: &mut Blocks<Cutter>, mut one: Cutter) -> Result<Option<Self>, BoxError> {
        while let Some(Head { bytes, line, frame, .. }) = blocks.first_record(&mut one)? {
            if frame.records > 0 {
                return Ok(Some(Self { bytes: bytes.to_vec(), line, frame }));
            }
            blocks.skip(frame);
        }
        Ok(None)
    }
}

/// The first record that is not broken, without skipping anything; `None` if there is none.
pub(crate) fn first_whole(
    blocks: &mut Blocks<Cutter>,
    dialect: Dialect,
) -> Result<Option<Vec<u8>>, BoxError> {
    let mut framing = FirstWhole { one: Cutter::one(dialect), len: 0 };
    let Some(head) = blocks.first_record(&mut framing)? else { return Ok(None) };
    let start = head.bytes.len() - framing.len;
    Ok((framing.len > 0).then(|| head.bytes[start..].to_vec()))
}

/// Cuts everything up to the end of the first record that is not broken.
struct FirstWhole {
    one: Cutter,
    /// The length of the record; 0 if there is none.
    len: usize,
}

impl Framing for FirstWhole {
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
        let mut rest = ahead;
        while !rest.bytes.is_empty() {
            let found = self.one.frame(rest)?;
            rest.bytes = &rest.bytes[found.bytes..];
            if found.records > 0 && self.one.take_broken().is_empty() {
                self.len = found.bytes;
                return Ok(Frame::new(ahead.bytes.len() - rest.bytes.len()));
            }
            if found.bytes == 0 {
                return Ok(Frame::default());
            }
        }
        Ok(if ahead.at_end { Frame::new(ahead.bytes.len()) } else { Frame::default() })
    }
}

impl Options {
    /// The names of a header, as the options change them.
    fn arranged(&self, mut names: Vec<String>) -> Vec<String> {
        if self.drops_trailing_empty
            && let Some(last) = names.iter().rposition(|name| !name.is_empty())
        {
            names.truncate(last + 1);
        }
        if self.makes_names_unique { unique(names) } else { names }
    }
}

/// The names with a number after each one that occurred before, and with `column_N` for each empty one.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().filter(|name| !name.is_empty()).cloned().collect();
    let mut seen = HashSet::new();
    let unique = names.into_iter().enumerate().map(|(position, name)| {
        if !name.is_empty() && seen.insert(name.clone()) {
            return name;
        }
        let (stem, first) = if name.is_empty() { ("column", position + 1) } else { (&*name, 2) };
        let free = (first..).map(|number| format!("{stem}_{number}")).find(|name| taken.insert(name.clone()));
        free.unwrap_or(name)
    });
    unique.collect()
}

/// The positions of the first name that occurs twice.
pub(crate) fn duplicate(names: &[String]) -> Option<(usize, usize)> {
    let mut seen = HashMap::new();
    names.iter().enumerate().find_map(|(second, name)| Some((seen.insert(name, second)?, second)))
}

/// The first position at which two lists of names differ.
pub(crate) fn first_difference(a: &[String], b: &[String]) -> Option<usize> {
    (0..a.len().max(b.len())).find(|&at| a.get(at) != b.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_and_empty_names_get_numbers() {
        let table: [(&[&str], &[&str]); 6] = [
            (&["a", "b"], &["a", "b"]),
            (&["a", "b", "a", "a"], &["a", "b", "a_2", "a_3"]),
            (&["a", "a", "a_2"], &["a", "a_3", "a_2"]),
            (&["", "a", ""], &["column_1", "a", "column_3"]),
            (&["", "column_1", "column_2"], &["column_3", "column_1", "column_2"]),
            (&["a_2", "a", "a", "a_2"], &["a_2", "a", "a_3", "a_2_2"]),
        ];
        for (names, expected) in table {
            assert_eq!(unique(names.iter().map(|&name| name.to_owned()).collect()), expected);
        }
    }
}
