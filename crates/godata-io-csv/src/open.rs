//! Opening files: finding out their columns and skipping what comes before their records.

use std::collections::HashMap;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::Shape;
use godata_io::{Blocks, Frame};

use crate::cells::Trim;
use crate::columns::Columns;
use crate::dialect::Dialect;
use crate::framing::{Cutter, RawLine};
use crate::options::{Names, Options};
use crate::{CsvError, decode};

/// The columns of files that were just opened, and what the further files must begin with. In the first file, it skips
/// the header and the lines before it.
pub(crate) fn columns(
    blocks: &mut Blocks<Cutter>,
    options: &Options,
) -> Result<(Columns, Opening), BoxError> {
    let mut opening = Opening {
        skip_lines: options.skip_lines,
        dialect: options.dialect,
        trim: options.trim,
        header: None,
    };
    opening.skip_lines(blocks)?;
    let is_named = !matches!(options.names, Names::Absent);
    let shape = match &options.names {
        Names::InFile => {
            let header = Header::take(blocks, opening.dialect, opening.trim)?;
            opening.header.insert(header).shape()?
        }
        Names::Absent => Columns::numbered(first_width(blocks, &opening)?),
        Names::Given(names) => given(names)?,
    };
    Ok((Columns { shape: Arc::new(shape), is_named, ragged: options.ragged }, opening))
}

/// What comes before the records in each file.
#[derive(Debug)]
pub(crate) struct Opening {
    skip_lines: u64,
    dialect: Dialect,
    trim: Trim,
    header: Option<Header>,
}

impl Opening {
    /// Skips it in a further file, whose header must have the same names.
    pub(crate) fn take(&self, blocks: &mut Blocks<Cutter>) -> Result<(), BoxError> {
        self.skip_lines(blocks)?;
        match &self.header {
            Some(header) => header.expect(blocks, self.dialect, self.trim),
            None => Ok(()),
        }
    }

    fn skip_lines(&self, blocks: &mut Blocks<Cutter>) -> Result<(), BoxError> {
        for _ in 0..self.skip_lines {
            let Some(frame) = blocks.first_record(&mut RawLine)?.map(|line| line.frame) else { break };
            blocks.skip(frame);
        }
        Ok(())
    }
}

/// The header of a file.
#[derive(Debug)]
struct Header {
    file: Arc<str>,
    line: u64,
    /// The header as it is in the file.
    bytes: Vec<u8>,
    names: Vec<String>,
}

impl Header {
    /// Reads the header of a file and skips it.
    fn take(blocks: &mut Blocks<Cutter>, dialect: Dialect, trim: Trim) -> Result<Self, BoxError> {
        let file = Arc::clone(blocks.name());
        let Some(first) = first(blocks, dialect)? else {
            return Err(CsvError::MissingHeader { file }.into());
        };
        let (line, bytes, frame) = (first.line, first.head.to_vec(), first.frame);
        let names = decode::names(&bytes, dialect, trim);
        let names = names.map_err(|error| CsvError::Header {
            file: Arc::clone(&file),
            line,
            source: Box::new(error),
        })?;
        if let Some((first, second)) = duplicate(&names) {
            let name = names[first].clone();
            return Err(
                CsvError::DuplicateName { file, line, name, first: first + 1, second: second + 1 }.into()
            );
        }
        blocks.skip(frame);
        Ok(Self { file, line, bytes, names })
    }

    fn shape(&self) -> Result<Shape, BoxError> {
        Ok(Shape::new(self.names.iter().map(String::as_str))?)
    }

    /// Skips the header of a further file, which must have the same names.
    fn expect(&self, blocks: &mut Blocks<Cutter>, dialect: Dialect, trim: Trim) -> Result<(), BoxError> {
        if let Some(first) = first(blocks, dialect)?
            && first.head == self.bytes
        {
            let frame = first.frame;
            blocks.skip(frame);
            return Ok(());
        }
        let other = Self::take(blocks, dialect, trim)?;
        let Some(at) = first_difference(&self.names, &other.names) else { return Ok(()) };
        let name = |names: &[String]| names.get(at).cloned();
        Err(CsvError::OtherHeader {
            file: Arc::clone(&other.file),
            line: other.line,
            first: Arc::clone(&self.file),
            column: at + 1,
            found: name(&other.names),
            expected: name(&self.names),
        }
        .into())
    }
}

/// Checks that the names in `old`, the beginning of a file, are those in `header`.
pub(crate) fn same_header(old: &[u8], header: &[u8], dialect: Dialect) -> Result<(), CsvError> {
    let old = old.strip_prefix(decode::BYTE_ORDER_MARK).unwrap_or(old);
    let names = |bytes| decode::names(bytes, dialect, Trim::None);
    let (found, expected) = (names(old)?, names(header)?);
    let Some(at) = first_difference(&found, &expected) else { return Ok(()) };
    let name = |names: &[String]| names.get(at).cloned();
    Err(CsvError::OldHeader { column: at + 1, found: name(&found), expected: name(&expected) })
}

/// The first position at which two lists of names differ.
fn first_difference(a: &[String], b: &[String]) -> Option<usize> {
    (0..a.len().max(b.len())).find(|&at| a.get(at) != b.get(at))
}

/// The number of cells in the first record; 0 if there is none. Files without records are skipped.
fn first_width(blocks: &mut Blocks<Cutter>, opening: &Opening) -> Result<usize, BoxError> {
    loop {
        if let Some(first) = first(blocks, opening.dialect)? {
            return Ok(decode::width(first.head, opening.dialect)?);
        }
        if !blocks.next_file()? {
            return Ok(0);
        }
        opening.skip_lines(blocks)?;
    }
}

/// The shape of given names.
pub(crate) fn given(names: &[String]) -> Result<Shape, BoxError> {
    if let Some((first, _)) = duplicate(names) {
        return Err(CsvError::DuplicateGivenName { name: names[first].clone() }.into());
    }
    Ok(Shape::new(names.iter().map(String::as_str))?)
}

/// The first record of a file, which is not skipped yet.
struct First<'a> {
    head: &'a [u8],
    line: u64,
    frame: Frame,
}

/// The first record, after skipping blank lines and comments.
fn first(blocks: &mut Blocks<Cutter>, dialect: Dialect) -> Result<Option<First<'_>>, BoxError> {
    let mut one = Cutter::one(dialect);
    while let Some(head) = blocks.first_record(&mut one)? {
        let frame = head.frame;
        if frame.records > 0 {
            break;
        }
        blocks.skip(frame);
    }
    // Framed again, because the borrow of a returned record could not end before the loop looks for the next one.
    let head = blocks.first_record(&mut one)?;
    Ok(head.map(|head| First { head: head.bytes, line: head.line, frame: head.frame }))
}

/// The positions of the first name that appears twice.
fn duplicate(names: &[String]) -> Option<(usize, usize)> {
    let mut seen = HashMap::new();
    names.iter().enumerate().find_map(|(second, name)| Some((seen.insert(name, second)?, second)))
}
