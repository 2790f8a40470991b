//! Dynamic records as objects.

use godata_etl::{CellRef, RecordRef, SourceFormat};

use super::{cell::write_cell, keys::Keys, text::needs_escapes};
use crate::JsonError;

/// Writes a row of the batch that the keys are of. Fields that it lacks are left out. A row that was read as JSON and not
/// changed is written as it was read.
pub(crate) fn write_row(out: &mut Vec<u8>, keys: &Keys<'_>, row: RecordRef<'_>) -> Result<(), JsonError> {
    if let Some(json) = row.as_read(SourceFormat::Json) {
        out.extend_from_slice(json.as_bytes());
        return Ok(());
    }
    let begin = out.len();
    // Most values are strings without escapes. The quotes around them are written with the names.
    let mut in_string = false;
    for (column, cell) in row.written_cells().enumerate() {
        match cell {
            None => {}
            Some(CellRef::Text(text)) if !needs_escapes(text.as_bytes()) => {
                out.extend_from_slice(keys.get(column, in_string, true));
                out.extend_from_slice(text.as_bytes());
                in_string = true;
            }
            Some(cell) => {
                out.extend_from_slice(keys.get(column, in_string, false));
                write_cell(out, cell).map_err(|error| error.in_field(keys.name(column)))?;
                in_string = false;
            }
        }
    }
    if in_string {
        out.push(b'"');
    }
    // The comma before the first key becomes the brace.
    match out.get_mut(begin) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
    Ok(())
}
