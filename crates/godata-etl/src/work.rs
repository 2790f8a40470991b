//! What a worker lends to the code that it runs.

use std::fmt;
use std::sync::Arc;

use godata_core::{BoxError, Canceled, Cancellation, RunContext};

use crate::chunk::{RowMap, UNKNOWN_ROW};
use crate::engine::Run;
use crate::{Origin, Place, Records, Stop};

/// Running steps look for a cancellation once per this many records.
const RECORDS_PER_CHECK: usize = 256;

/// What a worker lends to a decoder, a step or an encoder while it works on one batch: cancellation,
/// buffers, and the one place that failed records go to.
pub struct Work {
    run: Arc<Run>,
    stop: Cancellation,
    /// Where the batch came from, kept here because a panic takes the batch with it.
    origin: Arc<Origin>,
    row: u32,
    expanded: u64,
}

impl Work {
    pub(crate) fn new(run: Arc<Run>, stop: Cancellation) -> Self {
        Self { run, stop, origin: Arc::default(), row: UNKNOWN_ROW, expanded: 0 }
    }

    /// The run that this is part of.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        self.run.context()
    }

    /// Fails with [`Stop`] once the run is to stop. Long loops call it every few hundred records.
    ///
    /// # Errors
    ///
    /// When the run was canceled, dropped or failed elsewhere.
    pub fn check(&self) -> Result<(), Stop> {
        Ok(self.stop.check()?)
    }

    /// The place that errors name while a reader decodes: known before there is a chunk.
    pub fn decoding(&mut self, origin: &Origin) {
        self.enter(&Arc::new(origin.clone()));
    }

    /// Says what becomes of a record that could not be handled: `row` is its row in the batch as it was
    /// read (see [`Chunk::row`](crate::Chunk::row)). The policy is to fail the run.
    ///
    /// # Errors
    ///
    /// Always, for now: the caller returns with `?`.
    pub fn reject(&mut self, row: u32, error: impl Into<BoxError>) -> Result<(), Stop> {
        self.row = row;
        Err(Stop::from(error))
    }

    /// An empty buffer, with memory from an earlier use if there is one. Give it back with
    /// [`recycle`](Self::recycle), or later with [`RunScope::recycle`](crate::RunScope::recycle).
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.run.buffers.take()
    }

    /// Gives back a buffer, for its memory to be used again in this run.
    pub fn recycle(&self, buffer: Vec<u8>) {
        self.run.buffers.put(buffer);
    }

    /// An empty batch for [`SlicesBuilder`](crate::SlicesBuilder) and [`RecordsBuilder`](crate::RecordsBuilder), with
    /// memory from an earlier use if there is one.
    #[must_use]
    pub fn records(&self) -> Records {
        self.run.buffers.take_records()
    }

    /// Gives back a batch, for its memory to be used again in this run: [`records`](Self::records), and
    /// [`buffer`](Self::buffer) for its text.
    pub fn recycle_records(&self, records: Records) {
        self.run.buffers.put_records(records);
    }

    /// Calls `f` with each item and its position, looking for a cancellation now and then, and keeps which
    /// record is at work so that an error or a panic can name it.
    pub(crate) fn each<I: ExactSizeIterator>(
        &mut self,
        rows: &RowMap,
        items: I,
        mut f: impl FnMut(usize, I::Item) -> Result<(), BoxError>,
    ) -> Result<(), Stop> {
        for (index, item) in items.enumerate() {
            if index % RECORDS_PER_CHECK == 0 {
                self.check()?;
            }
            self.row = rows.get(index);
            if let Err(error) = f(index, item) {
                self.reject(self.row, error)?;
            }
        }
        self.row = UNKNOWN_ROW;
        Ok(())
    }

    /// Begins work on a chunk from `origin`.
    pub(crate) fn enter(&mut self, origin: &Arc<Origin>) {
        self.origin = Arc::clone(origin);
        self.row = UNKNOWN_ROW;
        self.expanded = 0;
    }

    /// The place of the record at work, if there is one.
    pub(crate) fn place(&self) -> Option<Place> {
        Some(self.origin.place(self.row)).filter(|place| !place.is_unknown())
    }

    /// Whether the work is to stop, because its run is or because nobody waits for it any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_canceled()
    }

    pub(crate) fn stop_if_asked(&self) -> Result<(), Canceled> {
        self.stop.check()
    }

    pub(crate) fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// Counts records that a step made beyond one for each that came in.
    pub(crate) fn add_expanded(&mut self, records: u64) {
        self.expanded += records;
    }

    pub(crate) fn expanded(&self) -> u64 {
        self.expanded
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("origin", &self.origin).finish_non_exhaustive()
    }
}
