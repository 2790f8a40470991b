//! Dynamic records as objects.

use godata_etl::RecordRef;

use super::{cell::write_cell, keys::Keys};
use crate::{JSON, JsonError};

/// Writes a row of the batch that the keys are of. Fields that it lacks are left out. A row that was read as JSON and not
/// changed is written as it was read.
pub(crate) fn write_row(out: &mut Vec<u8>, keys: &Keys<'_>, row: RecordRef<'_>) -> Result<(), JsonError> {
    if let Some(json) = row.as_read(JSON) {
        out.extend_from_slice(json.as_bytes());
        return Ok(());
    }
    let begin = out.len();
    for (column, key) in keys.iter().enumerate() {
        let Some(cell) = row.cell_at(column) else { continue };
        out.extend_from_slice(key);
        write_cell(out, cell).map_err(|error| error.in_field(keys.name(column)))?;
    }
    // The comma before the first key becomes the brace.
    match out.get_mut(begin) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
    Ok(())
}
