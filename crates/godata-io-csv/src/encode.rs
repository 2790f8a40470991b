//! Encoding batches.

use std::fmt::Write;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Batch, CellRef, Chunk, Place, RecordRef, Records, Shape, Stop, ValueRef, Work};
use godata_io::Encoded;

use crate::field_names::{FieldNames, FirstRecord};
use crate::quoting::{CellWriter, Kind};
use crate::{CsvError, CsvWriter};

/// Encodes the given columns or, if there are none, those of the batch: its fixed names, or the fields that at least one
/// of its records has. `source` is the batch that the records were made from, and `index` the place in it of a record. The names are attached to the batch, because
/// only the sink knows the order of the batches, and with it the header.
pub(crate) fn encode<B: Batch>(
    writer: &CsvWriter,
    batch: &Records,
    source: &Chunk<B>,
    index: impl Fn(usize) -> usize,
    work: &mut Work,
) -> Result<Encoded<FieldNames>, Stop> {
    let plan = match writer.shape() {
        Some(names) => Plan::of(names, batch, writer.rules().drops_extra),
        None if batch.has_fixed_names() => {
            let mut plan = Plan::of(batch.shape(), batch, false);
            plan.names.input = (!batch.is_empty()).then(|| source.place(index(0)).source).flatten();
            plan
        }
        None => Plan::present(batch, |position| source.place(index(position)))?,
    };
    let cells = &writer.cells().map_err(BoxError::from)?;
    let row = |position| source.row(index(position));
    let mut cell = String::new();
    let mut has_blank = false;
    let encoded = writer.output().encode(batch, row, work, |out, record| {
        let start = out.len();
        plan.check(record)?;
        for (position, (name, &column)) in plan.names.shape.names().zip(&plan.columns).enumerate() {
            if position > 0 {
                cells.delimit(out);
            }
            push(cells, out, name, column.and_then(|column| record.cell_at(column)), &mut cell)?;
        }
        has_blank |= out.len() == start;
        out.extend_from_slice(cells.terminator());
        Ok::<_, CsvError>(())
    })?;
    Ok(encoded.with(FieldNames { has_blank, ..plan.names }))
}

/// Which columns of a batch are written.
struct Plan {
    names: FieldNames,
    /// For each name, its column in the batch, if there is one.
    columns: Vec<Option<usize>>,
    /// The columns of the batch that are not written.
    others: Vec<(usize, String)>,
}

impl Plan {
    /// The fields that at least one record has, in the order of the first records that have them. Fields of the same first
    /// record are in the order of the batch, which does not know that of the record. If a step removed a field from each
    /// record, the shape still has its name.
    fn present(batch: &Records, place: impl Fn(usize) -> Place) -> Result<Self, Stop> {
        let shape = batch.shape();
        let first = |column: usize| batch.iter().position(|record| record.cell_at(column).is_some());
        let mut columns: Vec<(usize, usize)> =
            (0..shape.len()).filter_map(|column| Some((first(column)?, column))).collect();
        columns.sort_unstable();
        let is_whole = columns.len() == shape.len() && columns.is_sorted_by_key(|&(_, column)| column);
        let names = columns.iter().filter_map(|&(_, column)| shape.name(column));
        let shape = if is_whole { Arc::clone(shape) } else { Arc::new(Shape::new(names)?) };
        let first = |&(position, _): &_| FirstRecord { position, place: place(position) };
        let first = Some(columns.iter().map(first).collect());
        let columns = columns.into_iter().map(|(_, column)| Some(column)).collect();
        let names = FieldNames { shape, first, input: None, records: batch.len(), has_blank: false };
        Ok(Self { names, columns, others: Vec::new() })
    }

    /// These names.
    fn of(names: &Arc<Shape>, batch: &Records, drops_others: bool) -> Self {
        let shape = batch.shape();
        let columns = names.names().map(|name| shape.position(name)).collect();
        let others =
            shape.names().enumerate().filter(|(_, name)| !drops_others && names.position(name).is_none());
        let others = others.map(|(column, name)| (column, name.to_owned())).collect();
        Self { names: FieldNames::known(names, batch.len()), columns, others }
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
        ValueRef::Number(_) | ValueRef::Decimal(_) => Kind::Number,
        _ => Kind::Text,
    };
    scratch.clear();
    match write!(scratch, "{value}") {
        Ok(()) => cells.push(out, field, scratch, kind),
        Err(_) => not_a_cell("a value without text"),
    }
}
