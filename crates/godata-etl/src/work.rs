//! A worker's tools for the code that it runs.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use godata_core::{BoxError, Canceled, Cancellation, RunContext};

use crate::chunk::{RowMap, UNKNOWN_ROW, row_number};
use crate::engine::{Carried, Run, SideBatch, Stage};
use crate::origin::Raw;
use crate::{Origin, Place, Records, RejectReason, Stop};

/// A worker's tools for a decoder, a step or an encoder that works on one batch: cancellation, buffers, and the place
/// where failed records are reported.
///
/// ```
/// use godata_etl::{Stop, Work};
///
/// fn parse_all(lines: &[&str], work: &mut Work) -> Result<Vec<u32>, Stop> {
///     let mut numbers = Vec::with_capacity(lines.len());
///     for (row, line) in (0_u32..).zip(lines) {
///         if row % Work::RECORDS_PER_CHECK == 0 {
///             work.check()?;
///         }
///         match line.parse() {
///             Ok(number) => numbers.push(number),
///             Err(error) => work.reject(row, error)?,
///         }
///     }
///     Ok(numbers)
/// }
/// ```
pub struct Work {
    run: Arc<Run>,
    stop: Cancellation,
    /// Where the batch came from. It is kept here because a panic destroys the batch.
    origin: Arc<Origin>,
    row: u32,
    stage: Stage,
    /// How many records the current stage made beyond one for each that came in.
    expanded: u64,
    /// The rows that the current stage has rejected.
    rejected: Vec<u32>,
    carried: Carried,
    /// Whether every error fails the run.
    is_strict: bool,
}

impl Work {
    /// How many records a loop may process between two calls of [`check`](Self::check).
    pub const RECORDS_PER_CHECK: u32 = 256;

    pub(crate) fn new(run: Arc<Run>, stop: Cancellation) -> Self {
        Self {
            run,
            stop,
            origin: Arc::default(),
            row: UNKNOWN_ROW,
            stage: Stage::Read,
            expanded: 0,
            rejected: Vec::new(),
            carried: Carried::default(),
            is_strict: false,
        }
    }

    /// For the encoder of dead letters, which rejects no record.
    pub(crate) fn strict(run: Arc<Run>, stop: Cancellation) -> Self {
        Self { is_strict: true, ..Self::new(run, stop) }
    }

    /// The context of the run that this work is part of.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        self.run.context()
    }

    /// Returns an error once the run is to stop. Long loops call it once per
    /// [`RECORDS_PER_CHECK`](Self::RECORDS_PER_CHECK) records.
    ///
    /// # Errors
    ///
    /// If the run was canceled or dropped, or has failed elsewhere.
    pub fn check(&self) -> Result<(), Stop> {
        Ok(self.stop.check()?)
    }

    /// Sets the place that errors name while a reader decodes, before it has made a chunk.
    pub fn decoding(&mut self, origin: &Origin) {
        self.enter(&Arc::new(origin.clone()));
    }

    /// Reports a record that could not be processed. `row` is the row of the record in the batch as it was read; see
    /// [`Chunk::row`](crate::Chunk::row).
    ///
    /// `Ok(())` means: leave the record out and go on. Call it at most once for each record. A rejected record keeps its row, so
    /// the rows of the others don't shift; see [`Chunk::new`](crate::Chunk::new).
    ///
    /// # Errors
    ///
    /// [`Stop`] if the record fails the run; [`OnError`](crate::OnError) says when. The caller returns it with `?`.
    #[cold]
    pub fn reject(&mut self, row: u32, rejected: impl Into<RejectReason>) -> Result<(), Stop> {
        self.row = row;
        let rejected = rejected.into();
        if self.is_strict {
            return Err(Stop::from(rejected.error));
        }
        // The run fails at an earlier record if so many were rejected before this one.
        if self.run.most_rejected().is_none_or(|most| self.rejected.len() < most) {
            self.carried.push(self.run.rejected(self.stage, &self.origin, row, rejected)?);
        }
        self.rejected.push(row);
        self.row = UNKNOWN_ROW;
        Ok(())
    }

    /// Keeps the bytes that the records of `origin` are read from, if the pipeline writes dead letters, and otherwise does
    /// nothing. Decoders call it before [`decoding`](Self::decoding).
    ///
    /// `start` is where `bytes` start in the text of the source: after decompression and the conversion to UTF-8. `rows`
    /// returns the range of each row in `bytes`, line end included. It is called at most once, when the first record of the
    /// origin is rejected. In a batch of several small files, each origin keeps its own bytes.
    ///
    /// ```
    /// use godata_etl::{Origin, Work};
    ///
    /// fn origin(block: &[u8], start: u64, work: &Work) -> Origin {
    ///     work.keep_raw(Origin::new(1).source("words.txt"), block, start, |block| {
    ///         let mut end = 0;
    ///         let lines = block.split_inclusive(|&byte| byte == b'\n').map(|line| {
    ///             end += line.len();
    ///             end - line.len()..end
    ///         });
    ///         lines.collect()
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn keep_raw<F>(&self, origin: Origin, bytes: &[u8], start: u64, rows: F) -> Origin
    where
        F: Fn(&[u8]) -> Vec<Range<usize>> + Send + Sync + 'static,
    {
        if !self.run.keeps_raw() {
            return origin;
        }
        let mut kept = self.buffer();
        kept.extend_from_slice(bytes);
        let pool = Arc::clone(&self.run.buffers);
        origin.keep_raw(Raw { bytes: kept, pool, start, find_rows: Box::new(rows), rows: OnceLock::new() })
    }

    /// An empty buffer, which reuses the memory of an earlier one if there is any. Return it with
    /// [`recycle`](Self::recycle), or later with [`RunScope::recycle`](crate::RunScope::recycle).
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.run.buffers.take()
    }

    /// Returns a buffer, so that this run reuses its memory.
    pub fn recycle(&self, buffer: Vec<u8>) {
        self.run.buffers.put(buffer);
    }

    /// An empty batch for [`SlicesBuilder`](crate::SlicesBuilder) and [`RecordsBuilder`](crate::RecordsBuilder), which
    /// reuses the memory of an earlier one if there is any.
    #[must_use]
    pub fn records(&self) -> Records {
        self.run.buffers.take_records()
    }

    /// Returns a batch, so that this run reuses its memory: for [`records`](Self::records), and the memory of its text
    /// for [`buffer`](Self::buffer).
    pub fn recycle_records(&self, records: Records) {
        self.run.buffers.put_records(records);
    }

    /// Calls `f` with each item and its position. Returns the positions of those that were rejected, ascending. Checks for a
    /// cancellation now and then, and remembers the current record so that an error or a panic can name it.
    pub(crate) fn each<I: ExactSizeIterator>(
        &mut self,
        rows: &RowMap,
        items: I,
        mut f: impl FnMut(usize, I::Item) -> Result<(), BoxError>,
    ) -> Result<Vec<u32>, Stop> {
        let mut rejected = Vec::new();
        for (index, item) in items.enumerate() {
            if index % Self::RECORDS_PER_CHECK as usize == 0 {
                self.check()?;
            }
            self.row = rows.get(index);
            if let Err(error) = f(index, item) {
                self.reject(self.row, error)?;
                rejected.push(row_number(index));
            }
        }
        self.row = UNKNOWN_ROW;
        Ok(rejected)
    }

    /// Starts work on a chunk from `origin`. Returns the origin so far.
    pub(crate) fn enter(&mut self, origin: &Arc<Origin>) -> Arc<Origin> {
        self.row = UNKNOWN_ROW;
        std::mem::replace(&mut self.origin, Arc::clone(origin))
    }

    /// Starts the work of a stage.
    pub(crate) fn begin(&mut self, stage: Stage) {
        self.stage = stage;
        self.expanded = 0;
        self.rejected.clear();
    }

    /// The place of the current record, if there is one.
    pub(crate) fn place(&self) -> Option<Place> {
        Some(self.origin.place(self.row)).filter(|place| !place.is_unknown())
    }

    /// Whether the work is to stop, because its run is to stop or because nothing waits for the result any more.
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

    /// How many records the current stage has rejected.
    pub(crate) fn rejected(&self) -> usize {
        self.rejected.len()
    }

    /// The rows that the current stage has rejected after the first `len`, in the order of the calls.
    pub(crate) fn rejected_after(&self, len: usize) -> &[u32] {
        self.rejected.get(len..).unwrap_or_default()
    }

    /// Gives the rows that were rejected after the first `len` the rows that they had before the batch was numbered anew.
    pub(crate) fn restore_rejected(&mut self, len: usize, rows: &RowMap) {
        for row in self.rejected.iter_mut().skip(len) {
            *row = rows.get(*row as usize);
        }
    }

    /// Whether records may be rejected.
    pub(crate) fn may_reject(&self) -> bool {
        self.run.has_policy()
    }

    /// The rows that the current stage has rejected, ascending.
    pub(crate) fn take_rejected(&mut self) -> Vec<u32> {
        self.rejected.sort_unstable();
        self.rejected.dedup();
        std::mem::take(&mut self.rejected)
    }

    /// Notes how many records a batch had when it was read.
    pub(crate) fn carry_read(&mut self, records: u64) {
        if self.run.has_policy() {
            self.carried.read += records;
        }
    }

    /// Adds what travels beside the batch.
    pub(crate) fn carry(&mut self, carried: Carried) {
        self.carried.add(carried);
    }

    /// Adds what is to be written to the output of a step.
    pub(crate) fn carry_side(&mut self, batch: SideBatch) {
        self.carried.push_side(batch);
    }

    pub(crate) fn take_carried(&mut self) -> Carried {
        std::mem::take(&mut self.carried)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("origin", &self.origin).finish_non_exhaustive()
    }
}
