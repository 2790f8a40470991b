//! Finding out what columns files have.

use std::{collections::HashMap, sync::Arc};

use godata_core::BoxError;
use godata_etl::Shape;
use godata_io::{Blocks, Frame};

use crate::{CsvError, columns::Columns, decode, delimiter::Delimiter, framing::Cutter, reader::Options};

/// Where the names of the columns come from.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    /// The first record of each file has them.
    InFile,
    /// There are none.
    Absent,
    /// They were given; the file has none.
    Given(Vec<String>),
}

/// The columns of files that were just opened, and the header of the others if they have one. The header of the
/// first is taken off.
pub(crate) fn columns(
    blocks: &mut Blocks<Cutter>,
    delimiter: Delimiter,
    options: Options,
) -> Result<(Columns, Option<Header>), BoxError> {
    let is_named = !matches!(options.names, Names::Absent);
    let mut header = None;
    let shape = match options.names {
        Names::InFile => header.insert(Header::take(blocks, delimiter)?).shape()?,
        Names::Absent => Columns::numbered(first_width(blocks, delimiter)?),
        Names::Given(names) => given(names)?,
    };
    Ok((Columns { shape: Arc::new(shape), is_named, ragged: options.ragged }, header))
}

/// The header of a file.
#[derive(Debug)]
pub(crate) struct Header {
    file: Arc<str>,
    line: u64,
    /// As it stands in the file.
    bytes: Vec<u8>,
    names: Vec<String>,
}

impl Header {
    /// Takes the header off a file.
    fn take(blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<Self, BoxError> {
        let file = Arc::clone(blocks.name());
        let Some(first) = first(blocks, delimiter)? else {
            return Err(CsvError::MissingHeader { file }.into());
        };
        let (line, bytes, frame) = (first.line, first.head.to_vec(), first.frame);
        let names = decode::names(&bytes, delimiter);
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

    /// Takes the header off a further file, which is to have the same names.
    pub(crate) fn expect(&self, blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<(), BoxError> {
        if let Some(first) = first(blocks, delimiter)?
            && first.head == self.bytes
        {
            let frame = first.frame;
            blocks.skip(frame);
            return Ok(());
        }
        let other = Self::take(blocks, delimiter)?;
        let differs = |&at: &usize| self.names.get(at) != other.names.get(at);
        let Some(at) = (0..self.names.len().max(other.names.len())).find(differs) else { return Ok(()) };
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

/// How many cells the first record has; 0 if there is none. Files without records are passed over.
fn first_width(blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<usize, BoxError> {
    loop {
        if let Some(first) = first(blocks, delimiter)? {
            return Ok(decode::width(first.head, delimiter)?);
        }
        if !blocks.next_file()? {
            return Ok(0);
        }
    }
}

fn given(names: Vec<String>) -> Result<Shape, BoxError> {
    if let Some((first, _)) = duplicate(&names) {
        return Err(CsvError::DuplicateGivenName { name: names[first].clone() }.into());
    }
    Ok(Shape::new(names)?)
}

/// The first record of a file, which is still to be taken off.
struct First<'a> {
    head: &'a [u8],
    line: u64,
    frame: Frame,
}

/// The first record, after blank lines that are taken off.
fn first(blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<Option<First<'_>>, BoxError> {
    let mut one = Cutter::one(delimiter);
    while let Some(head) = blocks.first_record(&mut one)? {
        let frame = head.frame;
        if frame.records > 0 {
            break;
        }
        blocks.skip(frame);
    }
    // Framed again: the borrow of a record that is given out could not end before the next one is looked for.
    let head = blocks.first_record(&mut one)?;
    Ok(head.map(|head| First { head: head.bytes, line: head.line, frame: head.frame }))
}

/// The positions of the first name that is there twice.
fn duplicate(names: &[String]) -> Option<(usize, usize)> {
    let mut seen = HashMap::new();
    names.iter().enumerate().find_map(|(second, name)| Some((seen.insert(name, second)?, second)))
}
