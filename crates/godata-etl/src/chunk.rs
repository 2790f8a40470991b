//! A batch on its way through the steps, with the origin of each of its records.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{Batch, Origin, Place};

/// A batch on its way through the steps, with the origin of each of its records.
///
/// ```
/// use godata_etl::{Chunk, Origin};
///
/// let chunk = Chunk::new(vec!["a", "b"], Origin::new(1).source("letters"));
/// assert_eq!((chunk.len(), chunk.row(1)), (2, 1));
/// assert_eq!(chunk.into_batch(), ["a", "b"]);
/// ```
#[derive(Clone, Debug)]
pub struct Chunk<B> {
    pub(crate) batch: B,
    pub(crate) origin: Arc<Origin>,
    pub(crate) rows: RowMap,
}

impl<B: Batch> Chunk<B> {
    /// A batch as it was read: its records are the rows 0, 1, 2, … of `origin`, without those that its decoder has
    /// [rejected](crate::Work::reject).
    pub fn new(batch: B, origin: Origin) -> Self {
        Self { batch, origin: Arc::new(origin), rows: RowMap::All }
    }

    /// A batch of some of the rows that were read: the record at `index` is the row `rows[index]` of `origin`.
    ///
    /// ```
    /// use godata_etl::{Chunk, Origin};
    ///
    /// // The reader skips the row 1.
    /// let chunk = Chunk::with_rows(vec!["a", "c"], Origin::new(1), vec![0, 2]);
    /// assert_eq!((chunk.row(1), chunk.place(1).record), (2, Some(3)));
    /// ```
    pub fn with_rows(batch: B, origin: Origin, rows: Vec<u32>) -> Self {
        Self { batch, origin: Arc::new(origin), rows: RowMap::Each(rows) }
    }

    /// The records.
    pub fn batch(&self) -> &B {
        &self.batch
    }

    /// The records, without their origin.
    pub fn into_batch(self) -> B {
        self.batch
    }

    /// Takes the records and keeps their places: [`row`](Self::row) and [`place`](Self::place) stay as they are. For
    /// [`replaced_by`](Self::replaced_by).
    pub fn take_batch(&mut self) -> B
    where
        B: Default,
    {
        std::mem::take(&mut self.batch)
    }

    /// Another batch in place of this one, whose record at `index` was made from the record at `from[index]` of this one. For a
    /// [`batch_step`](crate::Flow::batch_step).
    ///
    /// ```
    /// use godata_etl::{Chunk, Origin};
    ///
    /// let chunk = Chunk::new(vec![3, 0, 5], Origin::new(1));
    /// let longer = chunk.replaced_by(vec!["three", "five"], vec![0, 2]);
    /// assert_eq!(longer.place(1).record, Some(3));
    /// ```
    pub fn replaced_by<C: Batch>(mut self, batch: C, from: Vec<u32>) -> Chunk<C> {
        self.rows.keep(from);
        self.with_batch(batch)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The row that the record at `index` had in the batch as it was read, for
    /// [`Work::reject`](crate::Work::reject). `u32::MAX` if a step made the records from a batch as a whole.
    pub fn row(&self, index: usize) -> u32 {
        self.rows.get(index)
    }

    /// Where the record at `index` came from.
    pub fn place(&self, index: usize) -> Place {
        self.origin.place(self.row(index))
    }

    /// Another batch made from these records, one from each.
    pub(crate) fn with_batch<C>(self, batch: C) -> Chunk<C> {
        Chunk { batch, origin: self.origin, rows: self.rows }
    }

    /// Leaves the rows that the decoder has rejected, which are ascending, out of the numbering of the others.
    pub(crate) fn leave_out(&mut self, rejected: &[u32]) {
        if matches!(self.rows, RowMap::All) {
            self.rows.take_out(rejected, self.batch.len() + rejected.len());
        }
    }

    /// Keeps the records at these positions, which are ascending.
    pub(crate) fn keep(&mut self, kept: Vec<u32>) {
        self.batch.keep(&kept);
        self.rows.keep(kept);
    }

    /// Numbers the records anew, from 0, so that each has a row of its own, also if a step has made several from one row.
    /// Their places stay as they are. Returns the rows so far.
    pub(crate) fn renumber(&mut self) -> RowMap {
        let rows = std::mem::replace(&mut self.rows, RowMap::All);
        if !matches!(rows, RowMap::All) {
            self.origin = Arc::new(Origin::clone(&self.origin).renumbered(rows.clone()));
        }
        rows
    }

    /// The positions of the records that have one of these rows.
    pub(crate) fn positions(&self, rows: &[u32]) -> Vec<u32> {
        let rows: HashSet<_> = rows.iter().copied().collect();
        (0..row_number(self.len())).filter(|&position| rows.contains(&self.row(position as usize))).collect()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.batch.truncate(len);
        self.rows.truncate(len);
    }
}

/// The rows that the records of a batch had when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowMap {
    /// The record at `i` is row `i`.
    All,
    /// The row of each record.
    Each(Vec<u32>),
    /// The rows are unknown, because a step made the records from the batch as a whole.
    Unknown,
}

impl RowMap {
    pub(crate) fn get(&self, index: usize) -> u32 {
        match self {
            Self::All => row_number(index),
            Self::Each(rows) => rows.get(index).copied().unwrap_or(UNKNOWN_ROW),
            Self::Unknown => UNKNOWN_ROW,
        }
    }

    /// Keeps the rows of the records at `kept`. A record that does not exist has an unknown row.
    pub(crate) fn keep(&mut self, kept: Vec<u32>) {
        match self {
            Self::All => *self = Self::Each(kept),
            Self::Each(_) => {
                *self = Self::Each(kept.into_iter().map(|at| self.get(at as usize)).collect());
            }
            Self::Unknown => {}
        }
    }

    /// These rows of other rows.
    pub(crate) fn through(&self, before: &Self) -> Self {
        match (self, before) {
            (Self::All, before) => before.clone(),
            (Self::Each(rows), before) => before.of(rows.clone()),
            (Self::Unknown, _) => Self::Unknown,
        }
    }

    /// The rows of the records at `positions`.
    pub(crate) fn of(&self, positions: Vec<u32>) -> Self {
        let mut rows = self.clone();
        rows.keep(positions);
        rows
    }

    /// Takes out the rows of the records at `positions`, which are ascending, of `len` records.
    pub(crate) fn take_out(&mut self, positions: &[u32], len: usize) {
        if !positions.is_empty() {
            self.keep(others(positions, len));
        }
    }

    fn truncate(&mut self, len: usize) {
        if let Self::Each(rows) = self {
            rows.truncate(len);
        }
    }
}

/// The positions below `len` that are not among `positions`, which are ascending.
#[cold]
pub(crate) fn others(positions: &[u32], len: usize) -> Vec<u32> {
    let mut positions = positions.iter().copied().peekable();
    (0..row_number(len)).filter(|&at| positions.next_if_eq(&at).is_none()).collect()
}

/// The row of a record that can't be traced back to one.
pub(crate) const UNKNOWN_ROW: u32 = u32::MAX;

/// Batches are far smaller than 2^32 records. A record beyond that would keep its data and lose its number.
pub(crate) fn row_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(UNKNOWN_ROW)
}
