//! From a batch to the bytes of its records.

use std::{fmt::Write, sync::Arc};

use godata_etl::{CellRef, Records, Shape, Stop, ValueRef, Work};

use crate::{
    CsvError,
    quoting::{Quoting, end_record},
};

/// An encoder looks for a cancellation once per this many records.
const RECORDS_PER_CHECK: usize = 256;

/// Records as bytes, and the names of their cells: the order of the batches, and with it the header, is known
/// only to the sink.
#[derive(Debug)]
pub struct Encoded {
    pub(crate) names: Arc<Shape>,
    pub(crate) bytes: Vec<u8>,
}

/// Encodes the fields that at least one of the records has. `row` tells the row of a record as it was read.
pub(crate) fn encode(
    quoting: &Quoting,
    batch: &Records,
    row: impl Fn(usize) -> u32,
    work: &mut Work,
) -> Result<Encoded, Stop> {
    let (names, columns) = present(batch)?;
    let mut out = work.buffer();
    let mut cell = String::new();
    for (index, record) in batch.iter().enumerate() {
        if index % RECORDS_PER_CHECK == 0 {
            work.check()?;
        }
        let start = out.len();
        let mut pushed = Ok(());
        for (position, (name, &column)) in names.names().zip(&columns).enumerate() {
            if position > 0 {
                quoting.delimit(&mut out);
            }
            pushed = push(quoting, &mut out, name, record.cell_at(column), &mut cell);
            if pushed.is_err() {
                break;
            }
        }
        match pushed {
            Ok(()) => end_record(&mut out, start),
            Err(error) => {
                out.truncate(start);
                work.reject(row(index), error)?;
            }
        }
    }
    Ok(Encoded { names, bytes: out })
}

/// The names of the fields that at least one record has, and their columns. A step that removed a field from
/// each record leaves its name behind.
fn present(batch: &Records) -> Result<(Arc<Shape>, Vec<usize>), Stop> {
    let shape = batch.shape();
    let is_present = |&column: &usize| batch.iter().any(|record| record.cell_at(column).is_some());
    let columns: Vec<usize> = (0..shape.len()).filter(is_present).collect();
    if columns.len() == shape.len() {
        return Ok((Arc::clone(shape), columns));
    }
    let names = shape.names().enumerate().filter(|(column, _)| columns.binary_search(column).is_ok());
    Ok((Arc::new(Shape::new(names.map(|(_, name)| name))?), columns))
}

fn push(
    quoting: &Quoting,
    out: &mut Vec<u8>,
    field: &str,
    cell: Option<CellRef<'_>>,
    scratch: &mut String,
) -> Result<(), CsvError> {
    let not_a_cell = |found| Err(CsvError::NotACell { field: field.to_owned(), found });
    match cell {
        None | Some(CellRef::Null) => Ok(()),
        Some(CellRef::Text(text) | CellRef::Number(text)) => quoting.push(out, field, text),
        Some(CellRef::Value(ValueRef::Bytes(_))) => not_a_cell("bytes"),
        Some(CellRef::Value(ValueRef::List(_))) => not_a_cell("a list"),
        Some(CellRef::Value(ValueRef::Map(_))) => not_a_cell("a map"),
        Some(CellRef::Value(value)) => {
            scratch.clear();
            match write!(scratch, "{value}") {
                Ok(()) => quoting.push(out, field, scratch),
                Err(_) => not_a_cell("a value without text"),
            }
        }
        Some(_) => not_a_cell("a value of this kind"),
    }
}
