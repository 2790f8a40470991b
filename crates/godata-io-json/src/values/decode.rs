//! Decodes a block of values.

use std::ops::Range;
use std::str;

use godata_etl::{Chunk, Lines, Origin, Stop, Work};
use godata_io::Block;

use super::scan::{Layout, Values};
use super::structure::{Broken, check_structure};
use crate::JsonError;
use crate::decode::{Decoder, hint};
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
    let start = Start { line: origin.place(0).line.unwrap_or(1), column };
    work.decoding(&origin);
    let records = usize::try_from(block.records()).unwrap_or_default();
    let mut bytes = block.bytes;
    let mut decoder = D::new(options, records, bytes.len(), work.records());
    let mut lines = Vec::with_capacity(records);
    let (mut line, mut counted) = (start.line, 0);
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
                let (line, column) = start.after(&bytes[..begin + (*at - 1).min(value.len())]);
                *at = usize::try_from(column).unwrap_or(usize::MAX);
                lines.pop();
                lines.push(line);
            }
            let place = origin.place(row);
            let hint = layout.hint(value, &error, place.record == Some(1));
            let broken = check_structure(value).err().map(|Broken { at, expected }| {
                let (line, column) = start.after(&bytes[..begin + at]);
                let (file, reason) = (place.source.unwrap_or_default(), format!("expected {expected}"));
                JsonError::Document { file, line, column, reason, hint: Some(hint::BROKEN) }
            });
            let bytes = begin..begin + value.len();
            failed.push(Failed { row, bytes, error: error.with_hint(hint), broken });
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
    /// Set if the values after it may be inside it.
    broken: Option<JsonError>,
}

/// Rejects values. Blanks replace those that are not UTF-8. A broken value fails the run even if others are left out.
#[cold]
fn reject(failed: Vec<Failed>, block: &mut [u8], origin: &Origin, work: &mut Work) -> Result<(), Stop> {
    work.decoding(origin);
    for Failed { row, bytes, error, broken } in failed {
        if matches!(error, JsonError::Utf8 { .. }) {
            block[bytes].fill(b' ');
        }
        work.reject(row, error.into_reason())?;
        if let Some(broken) = broken {
            // The error names the place itself.
            work.decoding(&Origin::default());
            return Err(broken.into());
        }
    }
    Ok(())
}

/// Where a block begins.
#[derive(Clone, Copy)]
struct Start {
    line: u64,
    column: u64,
}

impl Start {
    /// The line and the column after the first `bytes` of the block.
    fn after(self, bytes: &[u8]) -> (u64, u64) {
        (self.line + line_feeds(bytes), column_after(bytes, self.column))
    }
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
