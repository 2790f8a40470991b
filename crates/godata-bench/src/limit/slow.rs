//! Blocks with bytes that JSON escapes, handled cell by cell.

use godata_core::BoxError;

use super::blocks::Block;
use super::ends::Ends;
use super::layout::Layout;
use super::lines::{Lines, ragged, unquoted};

/// Writes the paid rows of any block.
pub(super) fn write(block: &Block, ends: &Ends, layout: &Layout, lines: &mut Lines) -> Result<(), BoxError> {
    let rows = ends.places().chunks_exact(layout.columns);
    if !rows.remainder().is_empty() {
        return Err(ragged());
    }
    let mut start = 0;
    for row in rows {
        let is_end = |place: &u32| block.bytes[*place as usize] == b'\n';
        if row.iter().position(is_end) != Some(layout.columns - 1) {
            return Err(ragged());
        }
        let cell = |column: usize| {
            let start = if column == 0 { start } else { row[column - 1] as usize + 1 };
            text(&block.bytes, start, row[column] as usize)
        };
        if cell(layout.status)? == "paid" {
            for (piece, column) in &layout.cells {
                let escaped = serde_json::to_string(&cell(*column)?)?;
                lines.reserve(escaped.len() + layout.room);
                lines.piece(piece);
                lines.push(&escaped.as_bytes()[1..escaped.len() - 1]);
            }
            lines.end_row(cell(layout.amount)?.as_bytes(), layout)?;
        }
        start = row[layout.columns - 1] as usize + 1;
    }
    Ok(())
}

/// The text of a cell.
fn text(bytes: &[u8], start: usize, end: usize) -> Result<String, BoxError> {
    let (from, to) = unquoted(bytes, start, end);
    let text = str::from_utf8(&bytes[from..to])?;
    Ok(if from > start { text.replace("\"\"", "\"") } else { text.to_owned() })
}
