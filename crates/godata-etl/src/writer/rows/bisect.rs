//! Finding the rows for which a target refuses a batch.

use std::fmt;
use std::iter::once;
use std::ops::Range;

use godata_core::{BoxError, debug_as_chain};

use super::RowSink;
use crate::records::Missed;
use crate::{Chunk, Place, RejectKind, RejectReason, RunScope};

/// Writes a batch. If the target refuses it and the policy of the run wants to know for which rows, the batch is halved, in
/// order, until single rows are left.
pub(super) async fn write_rows<T: Send + Sync + 'static, S: RowSink<T>>(
    sink: &mut S,
    chunk: &Chunk<Vec<T>>,
    scope: &RunScope,
) -> Result<(), BoxError> {
    let rows = chunk.batch();
    let missed = Missed::of(rows);
    // What is left to write; the last one is the next.
    let mut parts: Vec<_> = once(0..rows.len()).collect();
    while let Some(part) = parts.pop() {
        scope.context().check()?;
        let written = sink.write(&rows[part.clone()]).await;
        let written = missed.as_deref().map_or(Ok(()), Missed::check).map_err(BoxError::from).and(written);
        let Err(error) = written else { continue };
        if !scope.may_be_of_a_record(&error) {
            return Err(NotWritten::new(chunk, &part, error).into());
        }
        if part.len() > 1 {
            let middle = part.start + part.len() / 2;
            parts.extend([middle..part.end, part.start..middle]);
            continue;
        }
        let refused = RejectReason::new(RejectKind::Refused, error);
        scope.reject(chunk, part.start, refused).map_err(|error| NotWritten::new(chunk, &part, error))?;
        if scope.has_refused_too_many() {
            // The run fails at this row.
            break;
        }
    }
    Ok(())
}

/// Rows could not be written.
#[derive(thiserror::Error)]
struct NotWritten {
    rows: usize,
    first: Place,
    last: Place,
    source: BoxError,
}

impl NotWritten {
    fn new<T: Send + 'static>(chunk: &Chunk<Vec<T>>, part: &Range<usize>, source: BoxError) -> Self {
        let last = part.end.saturating_sub(1);
        Self { rows: part.len(), first: chunk.place(part.start), last: chunk.place(last), source }
    }
}

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, first, last, .. } = self;
        match rows {
            1 => write!(f, "{first} could not be written"),
            _ if first.is_unknown() || last.is_unknown() => write!(f, "{rows} records could not be written"),
            _ => write!(f, "{rows} records, from {first} to {last}, could not be written"),
        }
    }
}

debug_as_chain!(NotWritten);
