//! Writes dynamic records as objects.

use godata_etl::{CellRef, CellVisitor, RecordRef, SourceFormat, WrittenText};

use super::cell::write_cell;
use super::keys::Keys;
use super::text::copy_plain;
use crate::JsonError;

/// Writes a row. The keys are those of its batch; fields that the row lacks are left out. A row that was read as JSON and
/// not changed is written as it was read.
pub(crate) fn write_row(out: &mut Vec<u8>, keys: &Keys<'_>, row: RecordRef<'_>) -> Result<(), JsonError> {
    if let Some(json) = row.as_read(SourceFormat::Json) {
        out.extend_from_slice(json.as_bytes());
        return Ok(());
    }
    let begin = out.len();
    let mut object = Object { out, keys, in_string: false };
    row.visit(&mut object)?;
    let Object { out, in_string, .. } = object;
    if in_string {
        out.push(b'"');
    }
    // The comma before the first key becomes the opening brace.
    match out.get_mut(begin) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
    Ok(())
}

/// Writes the fields of an object.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    keys: &'a Keys<'a>,
    /// Whether the last value was a string that still needs its closing quote. Most values are strings without escapes, and
    /// their quotes are written together with the names.
    in_string: bool,
}

impl CellVisitor for Object<'_> {
    type Error = JsonError;

    #[inline(always)]
    fn text(&mut self, column: usize, text: WrittenText<'_>) -> Result<(), JsonError> {
        let before = self.out.len();
        self.keys.get(column, self.in_string, true).append_to(self.out);
        if copy_plain(self.out, text) {
            self.in_string = true;
            return Ok(());
        }
        self.out.truncate(before);
        self.cell(column, CellRef::Text(text.as_str()))
    }

    #[inline(never)]
    fn cell(&mut self, column: usize, cell: CellRef<'_>) -> Result<(), JsonError> {
        self.keys.get(column, self.in_string, false).append_to(self.out);
        self.in_string = false;
        write_cell(self.out, cell).map_err(|error| error.in_field(self.keys.name(column)).into())
    }
}
