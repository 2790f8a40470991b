//! Finding out what columns a file has.

use std::{collections::HashMap, sync::Arc};

use godata_core::BoxError;
use godata_etl::Shape;
use godata_io::{Blocks, Frame};

use crate::{
    CsvError,
    cells::Trim,
    columns::Columns,
    decode,
    dialect::Dialect,
    framing::{Cutter, RawLine},
    reader::Options,
};

/// Where the names of the columns come from.
#[derive(Clone, Debug)]
pub(crate) enum Header {
    /// The first record has them.
    InFile,
    /// There are none.
    Absent,
    /// They were given; the file has none.
    Given(Vec<String>),
}

/// The columns of a file that was just opened. The lines before the header, and the header, are taken off it.
pub(crate) fn columns(blocks: &mut Blocks<Cutter>, options: &Options) -> Result<Columns, BoxError> {
    let dialect = options.dialect;
    skip_lines(blocks, options.skip_lines)?;
    let is_named = !matches!(options.header, Header::Absent);
    let shape = match &options.header {
        Header::InFile => header(blocks, dialect, options.trim)?,
        Header::Absent => Columns::numbered(first_width(blocks, dialect)?),
        Header::Given(names) => given(names)?,
    };
    Ok(Columns { shape: Arc::new(shape), is_named, ragged: options.ragged })
}

fn skip_lines(blocks: &mut Blocks<Cutter>, count: u64) -> Result<(), BoxError> {
    for _ in 0..count {
        let Some(frame) = blocks.first_record(&mut RawLine)?.map(|line| line.frame) else { break };
        blocks.skip(frame);
    }
    Ok(())
}

fn header(blocks: &mut Blocks<Cutter>, dialect: Dialect, trim: Trim) -> Result<Shape, BoxError> {
    let file = Arc::clone(blocks.name());
    let Some(first) = first(blocks, dialect)? else { return Err(CsvError::MissingHeader { file }.into()) };
    let (line, names) = (first.line, decode::names(&first.bytes, dialect, trim));
    let names =
        names.map_err(|error| CsvError::Header { file: Arc::clone(&file), line, source: Box::new(error) })?;
    if let Some((first, second)) = duplicate(&names) {
        let name = names[first].clone();
        return Err(CsvError::DuplicateName { file, line, name, first: first + 1, second: second + 1 }.into());
    }
    blocks.skip(first.frame);
    Ok(Shape::new(names)?)
}

fn first_width(blocks: &mut Blocks<Cutter>, dialect: Dialect) -> Result<usize, BoxError> {
    match first(blocks, dialect)? {
        Some(first) => Ok(decode::width(&first.bytes, dialect)?),
        None => Ok(0),
    }
}

/// The shape of names that were given.
pub(crate) fn given(names: &[String]) -> Result<Shape, BoxError> {
    if let Some((first, _)) = duplicate(names) {
        return Err(CsvError::DuplicateGivenName { name: names[first].clone() }.into());
    }
    Ok(Shape::new(names.iter().map(String::as_str))?)
}

/// The first record of a file, which is still to be taken off.
struct First {
    bytes: Vec<u8>,
    line: u64,
    frame: Frame,
}

/// The first record, after blank lines and comments that are taken off.
fn first(blocks: &mut Blocks<Cutter>, dialect: Dialect) -> Result<Option<First>, BoxError> {
    let mut one = Cutter::one(Arc::clone(blocks.name()), dialect);
    while let Some(head) = blocks.first_record(&mut one)? {
        let frame = head.frame;
        if frame.records > 0 {
            return Ok(Some(First { bytes: head.bytes.to_vec(), line: head.line, frame }));
        }
        blocks.skip(frame);
    }
    Ok(None)
}

/// The positions of the first name that is there twice.
fn duplicate(names: &[String]) -> Option<(usize, usize)> {
    let mut seen = HashMap::new();
    names.iter().enumerate().find_map(|(second, name)| Some((seen.insert(name, second)?, second)))
}
