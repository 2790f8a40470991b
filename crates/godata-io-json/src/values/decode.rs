//! Decodes a block of values.

use std::ops::Range;
use std::str;

use godata_etl::{Chunk, Lines, Origin, Stop, Work};
use godata_io::Block;

use super::scan::{Layout, Values};
use crate::JsonError;
use crate::decode::Decoder;
use crate::options::Options;

/// Decodes each value of a block that begins at this column.
pub(crate) fn decode_values<D: Decoder>(
    block: Block,
    column: u64,
    layout: Layout,
    options: Options,
    work: &mut Work,
) -> Result<Chunk<D::Batch>, Stop> {
    let origin = block.origin_with_raw(work, |_, line| vec![line], move |bytes| value_ranges(bytes, layout));
    let first_line = origin.place(0).line.unwrap_or(1);
    work.decoding(&origin);
    let records = usize::try_from(block.records()).unwrap_or_default();
    let mut bytes = block.bytes;
    let mut decoder = D::new(options, records, bytes.len(), work.records());
    let mut lines = Vec::with_capacity(records);
    let (mut line, mut counted) = (first_line, 0);
    let mut failed = Vec::new();
    for (row, (begin, value)) in (0u32..).zip(Values::of(&bytes, layout)) {
        if row.is_multiple_of(Work::RECORDS_PER_CHECK) {
            work.check()?;
        }
        line += line_feeds(&bytes[counted..begin]);
        counted = begin;
        lines.push(line);
        if let Err(mut error) = text(value).and_then(|text| decoder.push(text, begin)) {
            if let Some(at) = error.column_mut() {
                // The column is on the line of the error, which can be after the line on which the record begins.
                let before = &bytes[..begin + (*at - 1).min(value.len())];
                *at = usize::try_from(column_after(before, column)).unwrap_or(usize::MAX);
                lines.pop();
                lines.push(first_line + line_feeds(before));
            }
            let hint = layout.hint(value, &error, origin.place(row).record == Some(1));
            failed.push(Failed { row, bytes: begin..begin + value.len(), error: error.with_hint(hint) });
        }
    }
    let origin = origin.lines(Lines::Each(lines.into()));
    if !failed.is_empty() {
        reject(failed, &mut bytes, &origin, work)?;
    }
    // The values are valid UTF-8, and so is what may be between them.
    let text = String::from_utf8(bytes).map_err(|error| error.utf8_error())?;
    let (batch, rest) = decoder.finish(text)?;
    work.recycle(rest.unwrap_or_default().into_bytes());
    Ok(Chunk::new(batch, origin))
}

fn value_ranges(bytes: &[u8], layout: Layout) -> Vec<Range<usize>> {
    Values::of(bytes, layout).map(|(begin, value)| begin..begin + value.len()).collect()
}

/// A value that is not a record.
struct Failed {
    row: u32,
    bytes: Range<usize>,
    error: JsonError,
}

/// Rejects values. Blanks replace those that are not UTF-8.
#[cold]
fn reject(failed: Vec<Failed>, block: &mut [u8], origin: &Origin, work: &mut Work) -> Result<(), Stop> {
    work.decoding(origin);
    for Failed { row, bytes, error } in failed {
        if matches!(error, JsonError::Utf8 { .. }) {
            block[bytes].fill(b' ');
        }
        work.reject(row, error.into_reason())?;
    }
    Ok(())
}

fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn text(value: &[u8]) -> Result<&str, JsonError> {
    str::from_utf8(value).map_err(|error| JsonError::Utf8 { column: error.valid_up_to() + 1 })
}

/// The column after `bytes`, where the first byte has this column.
pub(crate) fn column_after(bytes: &[u8], column: u64) -> u64 {
    match memchr::memrchr(b'\n', bytes) {
        Some(line_feed) => (bytes.len() - line_feed) as u64,
        None => column + bytes.len() as u64,
    }
}
