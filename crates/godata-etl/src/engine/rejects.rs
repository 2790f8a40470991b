//! The rejected records at the end of the pipeline: they are counted, judged and shown to the hooks.

use std::sync::Arc;

use super::tally::Tally;
use super::{Carried, Run, Stopped};

/// The rejected records at the end of the pipeline.
pub(super) struct Rejects {
    /// `None` if no record may be rejected.
    tally: Option<Tally>,
}

impl Rejects {
    pub(super) fn new(run: &Arc<Run>) -> Self {
        Self { tally: run.limit().map(Tally::new) }
    }

    /// Counts the rejected records of the next batch. Fails at the first one that is one too many.
    pub(super) fn judge(&mut self, run: &Run, carried: Carried) -> Result<(), Stopped> {
        let Some(tally) = &mut self.tally else { return Ok(()) };
        let read = carried.read;
        for rejected in carried.into_rejected() {
            run.count_rejected(&rejected);
            tally.reject(rejected.row, read).map_err(Stopped::Rejected)?;
        }
        tally.end_batch(read);
        Ok(())
    }

    /// Judges the share at the end of the input.
    pub(super) fn end(&self) -> Result<(), Stopped> {
        self.tally.as_ref().map_or(Ok(()), Tally::end).map_err(Stopped::Rejected)
    }
}
