//! Splitting a batch in two.

use std::mem::replace;
use std::sync::Arc;

use crate::chunk::others;
use crate::chunk_ops::known;
use crate::records::Missed;
use crate::{Batch, Chunk, RecordRef, Records, Stop, Work};

impl<T: Send + 'static> Chunk<Vec<T>> {
    /// Splits the batch into the records for which `f` returns true, and the others. Both parts keep the order and the
    /// places of their records.
    ///
    /// ```
    /// use godata_etl::{Chunk, Stop, Work};
    ///
    /// fn even_and_odd(numbers: Chunk<Vec<u32>>, work: &mut Work) -> Result<[Vec<u32>; 2], Stop> {
    ///     let (even, odd) = numbers.partition(work, |n| n % 2 == 0)?;
    ///     Ok([even.into_batch(), odd.into_batch()])
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Stop`] if the run is to stop, or if `f` asks a [`Record`](crate::Record) for a name that no record has.
    pub fn partition(mut self, work: &mut Work, mut f: impl FnMut(&T) -> bool) -> Result<(Self, Self), Stop> {
        let missed = Missed::of(&self.batch);
        let items = self.batch.iter();
        let kept = work.kept(&self.rows, items, |item| known(missed.as_deref(), Ok(f(item))))?;
        let rest = others(&kept, self.batch.len());
        let mut positions = kept.iter().copied().peekable();
        let (mut these, mut those) = (Vec::with_capacity(kept.len()), Vec::with_capacity(rest.len()));
        for (position, item) in (0..).zip(std::mem::take(&mut self.batch)) {
            let is_kept = positions.next_if_eq(&position).is_some();
            if is_kept { these.push(item) } else { those.push(item) }
        }
        Ok(self.in_two((these, kept), (those, rest)))
    }
}

impl Chunk<Records> {
    /// Splits the batch into the records for which `f` returns true, and the others. Both parts keep the order and the
    /// places of their records.
    ///
    /// # Errors
    ///
    /// [`Stop`] if the run is to stop, or if `f` asks for a name that no record has.
    pub fn partition(
        mut self,
        work: &mut Work,
        mut f: impl FnMut(RecordRef<'_>) -> bool,
    ) -> Result<(Self, Self), Stop> {
        let kept = work.kept(&self.rows, self.batch.iter(), |record| Ok(f(record)));
        let kept = self.all_known(work, kept)?;
        let rest = others(&kept, self.batch.len());
        let empty = self.batch.without_rows();
        let mut these = replace(&mut self.batch, empty.clone());
        let those = match (kept.is_empty(), rest.is_empty()) {
            (true, _) => replace(&mut these, empty),
            (_, true) => empty,
            _ => {
                let mut those = these.clone();
                those.keep(&rest);
                these.keep(&kept);
                those
            }
        };
        Ok(self.in_two((these, kept), (those, rest)))
    }
}

impl<B: Batch> Chunk<B> {
    /// Two batches of the records at some positions of this one.
    fn in_two(self, (these, kept): (B, Vec<u32>), (those, rest): (B, Vec<u32>)) -> (Self, Self) {
        let other = Self { batch: those, origin: Arc::clone(&self.origin), rows: self.rows.of(rest) };
        (Self { batch: these, rows: self.rows.of(kept), origin: self.origin }, other)
    }
}
