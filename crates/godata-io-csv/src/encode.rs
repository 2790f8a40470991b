//! Encoding batches.

use std::fmt::Write;
use std::sync::Arc;

use godata_etl::{CellRef, RecordRef, Records, Shape, Stop, ValueRef, Work};
use godata_io::{Encoded, Output};

use crate::CsvError;
use crate::quoting::{CellWriter, Kind};

/// Encodes the given columns or, if there are none, the fields that at least one of the records has. `row` returns the
/// row that a record had when it was read. The names are attached to the batch, because only the sink knows the order
/// of the batches, and with it the header.
pub(crate) fn encode(
    output: &Output,
    cells: &CellWriter,
    given: Option<&Arc<Shape>>,
    batch: &Records,
    row: impl Fn(usize) -> u32,
    work: &mut Work,
) -> Result<Encoded<Arc<Shape>>, Stop> {
    let plan = match given {
        Some(names) => Plan::of(names, batch),
        None => Plan::present(batch)?,
    };
    let mut cell = String::new();
    let encoded = output.encode(batch, row, work, |out, record| {
        let start = out.len();
        plan.check(record)?;
        for (position, (name, &column)) in plan.names.names().zip(&plan.columns).enumerate() {
            if position > 0 {
                cells.delimit(out);
            }
            push(cells, out, name, column.and_then(|column| record.cell_at(column)), &mut cell)?;
        }
        cells.end_record(out, start);
        Ok::<_, CsvError>(())
    })?;
    Ok(encoded.with(plan.names))
}

/// Which columns of a batch are written.
struct Plan {
    names: Arc<Shape>,
    /// For each name, its column in the batch, if there is one.
    columns: Vec<Option<usize>>,
    /// The columns of the batch that are not written.
    others: Vec<(usize, String)>,
}

impl Plan {
    /// The fields that at least one record has. If a step removed a field from each record, the shape still has its
    /// name.
    fn present(batch: &Records) -> Result<Self, Stop> {
        let shape = batch.shape();
        let is_present = |&column: &usize| batch.iter().any(|record| record.cell_at(column).is_some());
        let columns: Vec<usize> = (0..shape.len()).filter(is_present).collect();
        let names = if columns.len() == shape.len() {
            Arc::clone(shape)
        } else {
            let names = shape.names().enumerate().filter(|(column, _)| columns.binary_search(column).is_ok());
            Arc::new(Shape::new(names.map(|(_, name)| name))?)
        };
        Ok(Self { names, columns: columns.into_iter().map(Some).collect(), others: Vec::new() })
    }

    /// The given names.
    fn of(names: &Arc<Shape>, batch: &Records) -> Self {
        let shape = batch.shape();
        let columns = names.names().map(|name| shape.position(name)).collect();
        let others = shape.names().enumerate().filter(|(_, name)| names.position(name).is_none());
        let others = others.map(|(column, name)| (column, name.to_owned())).collect();
        Self { names: Arc::clone(names), columns, others }
    }

    /// Checks that all fields of a record are written.
    fn check(&self, record: RecordRef<'_>) -> Result<(), CsvError> {
        match self.others.iter().find(|&&(column, _)| record.cell_at(column).is_some()) {
            Some((_, field)) => Err(CsvError::UnlistedField { field: field.clone() }),
            None => Ok(()),
        }
    }
}

fn push(
    cells: &CellWriter,
    out: &mut Vec<u8>,
    field: &str,
    cell: Option<CellRef<'_>>,
    scratch: &mut String,
) -> Result<(), CsvError> {
    let not_a_cell = |found| Err(CsvError::NotACell { field: field.to_owned(), found });
    let value = match cell {
        None | Some(CellRef::Null) => {
            cells.push_null(out);
            return Ok(());
        }
        Some(CellRef::Text(text)) => return cells.push(out, field, text, Kind::Text),
        Some(CellRef::Number(text)) => return cells.push(out, field, text, Kind::Number),
        Some(CellRef::Value(value)) => value,
        Some(CellRef::Json(json)) => {
            return not_a_cell(if json.starts_with('[') { "a list" } else { "a map" });
        }
        Some(_) => return not_a_cell("a value of this kind"),
    };
    let kind = match value {
        ValueRef::Bytes(_) => return not_a_cell("bytes"),
        ValueRef::List(_) => return not_a_cell("a list"),
        ValueRef::Map(_) => return not_a_cell("a map"),
        ValueRef::Number(_) => Kind::Number,
        _ => Kind::Text,
    };
    scratch.clear();
    match write!(scratch, "{value}") {
        Ok(()) => cells.push(out, field, scratch, kind),
        Err(_) => not_a_cell("a value without text"),
    }
}
