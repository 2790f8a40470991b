//! The rejected records at the end of the pipeline: they are counted, judged, shown to the hooks and written.

use std::sync::Arc;

use godata_core::{BoxError, debug_as_chain};

use super::dead::LetterSink;
use super::tally::Tally;
use super::{Carried, Run, Stopped};
use crate::Rejected;

/// The rejected records at the end of the pipeline.
pub(super) struct Rejects {
    /// `None` if no record may be rejected.
    tally: Option<Tally>,
    /// `None` if rejected records are skipped.
    letters: Option<Box<dyn LetterSink>>,
}

impl Rejects {
    /// Opens the output of the dead letters, if there is one.
    pub(super) async fn open(run: &Arc<Run>) -> Result<Self, BoxError> {
        let letters = match &run.on_error.letters {
            Some(letters) => Some(letters.open(run).await.map_err(not_written)?),
            None => None,
        };
        Ok(Self { tally: run.on_error.limit.map(Tally::new), letters })
    }

    /// Counts the rejected records of the next batch and returns them. Fails at the first one that is one too many.
    pub(super) fn judge(&mut self, run: &Run, carried: Carried) -> Result<Vec<Rejected>, Stopped> {
        let Some(tally) = &mut self.tally else { return Ok(Vec::new()) };
        let read = carried.read;
        let rejected = carried.into_rejected();
        for rejected in &rejected {
            run.count_rejected(rejected);
            tally.reject(rejected.row, read).map_err(Stopped::Rejected)?;
        }
        tally.end_batch(read);
        Ok(rejected)
    }

    /// The counts so far, for [`judge_refused`](Self::judge_refused).
    pub(super) fn tally(&self) -> Option<Tally> {
        self.tally
    }

    /// Counts the records that the sinks have rejected, and judges the batch again with them. `before` is the tally before the
    /// batch, of which `read` records were read and `rejected` were rejected before they came to a sink. Returns all of them
    /// by row.
    pub(super) fn judge_refused(
        &mut self,
        run: &Run,
        before: Option<Tally>,
        mut rejected: Vec<Rejected>,
        refused: Vec<Rejected>,
        read: u64,
    ) -> Result<Vec<Rejected>, Stopped> {
        if refused.is_empty() {
            return Ok(rejected);
        }
        for refused in &refused {
            run.count_refused(refused);
        }
        rejected.extend(refused);
        rejected.sort_by_key(|rejected| rejected.row);
        self.tally = before;
        if let Some(tally) = &mut self.tally {
            for rejected in &rejected {
                tally.reject(rejected.row, read).map_err(Stopped::Rejected)?;
            }
            tally.end_batch(read);
        }
        Ok(rejected)
    }

    /// Judges the share at the end of the input.
    pub(super) fn end(&self) -> Result<(), Stopped> {
        self.tally.as_ref().map_or(Ok(()), Tally::end).map_err(Stopped::Rejected)
    }

    /// Writes the dead letters of rejected records.
    pub(super) async fn write(&mut self, run: &Arc<Run>, rejected: Vec<Rejected>) -> Result<(), BoxError> {
        let Some(sink) = &mut self.letters else { return Ok(()) };
        sink.write(run, rejected).await.map_err(not_written)
    }

    /// Makes the dead letters visible.
    pub(super) async fn commit(self) -> Result<(), BoxError> {
        match self.letters {
            Some(letters) => letters.commit().await.map_err(not_written),
            None => Ok(()),
        }
    }

    pub(super) async fn abort(self) {
        if let Some(letters) = self.letters {
            letters.abort().await;
        }
    }
}

fn not_written(source: BoxError) -> BoxError {
    NotWritten { source }.into()
}

/// The dead letters could not be opened, written or committed.
#[derive(thiserror::Error)]
#[error("the dead letters could not be written")]
struct NotWritten {
    source: BoxError,
}

debug_as_chain!(NotWritten);
