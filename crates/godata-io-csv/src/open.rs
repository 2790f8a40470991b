//! Finding out what columns a file has.

use std::{collections::HashMap, sync::Arc};

use godata_core::BoxError;
use godata_etl::Shape;
use godata_io::{Blocks, Frame};

use crate::{CsvError, columns::Columns, decode, delimiter::Delimiter, framing::Cutter, reader::Options};

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

/// The columns of a file that was just opened. A header is taken off it.
pub(crate) fn columns(
    blocks: &mut Blocks<Cutter>,
    delimiter: Delimiter,
    options: Options,
) -> Result<Columns, BoxError> {
    let is_named = !matches!(options.header, Header::Absent);
    let shape = match options.header {
        Header::InFile => header(blocks, delimiter)?,
        Header::Absent => Columns::numbered(first_width(blocks, delimiter)?),
        Header::Given(names) => given(names)?,
    };
    Ok(Columns { shape: Arc::new(shape), is_named, ragged: options.ragged })
}

fn header(blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<Shape, BoxError> {
    let file = Arc::clone(blocks.name());
    let Some(first) = first(blocks, delimiter)? else { return Err(CsvError::MissingHeader { file }.into()) };
    let (line, names) = (first.line, decode::names(&first.bytes, delimiter));
    let names =
        names.map_err(|error| CsvError::Header { file: Arc::clone(&file), line, source: Box::new(error) })?;
    if let Some((first, second)) = duplicate(&names) {
        let name = names[first].clone();
        return Err(CsvError::DuplicateName { file, line, name, first: first + 1, second: second + 1 }.into());
    }
    blocks.skip(first.frame);
    Ok(Shape::new(names)?)
}

fn first_width(blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<usize, BoxError> {
    match first(blocks, delimiter)? {
        Some(first) => Ok(decode::width(&first.bytes, delimiter)?),
        None => Ok(0),
    }
}

fn given(names: Vec<String>) -> Result<Shape, BoxError> {
    if let Some((first, _)) = duplicate(&names) {
        return Err(CsvError::DuplicateGivenName { name: names[first].clone() }.into());
    }
    Ok(Shape::new(names)?)
}

/// The first record of a file, which is still to be taken off.
struct First {
    bytes: Vec<u8>,
    line: u64,
    frame: Frame,
}

/// The first record, after blank lines that are taken off.
fn first(blocks: &mut Blocks<Cutter>, delimiter: Delimiter) -> Result<Option<First>, BoxError> {
    let mut one = Cutter::one(Arc::clone(blocks.name()), delimiter);
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
