//! The operations on the records of a batch that the steps are made of.

use std::sync::Arc;

use godata_core::BoxError;

use crate::chunk::{RowMap, others, row_number};
use crate::records::Missed;
use crate::{Batch, Cast, Chunk, FieldError, RecordMut, RecordRef, Records, ShapeError, Stop, Value, Work};

impl Work {
    /// The positions of the items for which `keep` returns true.
    pub(crate) fn kept<I: ExactSizeIterator>(
        &mut self,
        rows: &RowMap,
        items: I,
        mut keep: impl FnMut(I::Item) -> Result<bool, BoxError>,
    ) -> Result<Vec<u32>, Stop> {
        let mut kept = Vec::with_capacity(items.len());
        self.each(rows, items, |index, item| {
            if keep(item)? {
                kept.push(row_number(index));
            }
            Ok(())
        })?;
        Ok(kept)
    }

    /// One value from each item that was not rejected, and the positions of those that were.
    fn converted<I: ExactSizeIterator, U>(
        &mut self,
        rows: &RowMap,
        items: I,
        mut convert: impl FnMut(I::Item) -> Result<U, BoxError>,
    ) -> Result<(Vec<U>, Vec<u32>), Stop> {
        let mut made = Vec::with_capacity(items.len());
        let rejected = self.each(rows, items, |_, item| {
            made.push(convert(item)?);
            Ok(())
        })?;
        Ok((made, rejected))
    }

    /// Any number of values from each item, and for each value the position of its item.
    fn expanded_from<I: ExactSizeIterator, J: IntoIterator>(
        &mut self,
        rows: &RowMap,
        items: I,
        mut expand: impl FnMut(I::Item) -> Result<J, BoxError>,
    ) -> Result<(Vec<J::Item>, Vec<u32>), Stop> {
        let mut made = Vec::with_capacity(items.len());
        let mut kept = Vec::with_capacity(items.len());
        let mut extra = 0;
        self.each(rows, items, |index, item| {
            made.extend(expand(item)?);
            extra += (made.len() - kept.len()).saturating_sub(1);
            kept.resize(made.len(), row_number(index));
            Ok(())
        })?;
        self.add_expanded(extra as u64);
        Ok((made, kept))
    }
}

impl<B: Batch> Chunk<B> {
    /// Takes out the records at these positions, which are ascending.
    pub(crate) fn take_out(&mut self, rejected: &[u32]) {
        if !rejected.is_empty() {
            let kept = others(rejected, self.batch.len());
            self.batch.keep(&kept);
            self.rows.keep(kept);
        }
    }
}

impl<T: Send + 'static> Chunk<Vec<T>> {
    /// Keeps the values for which `keep` returns true.
    pub(crate) fn retain(
        mut self,
        work: &mut Work,
        mut keep: impl FnMut(&T) -> Result<bool, BoxError>,
    ) -> Result<Self, Stop> {
        let missed = Missed::of(&self.batch);
        let kept = work.kept(&self.rows, self.batch.iter(), |item| known(missed.as_deref(), keep(item)))?;
        if kept.len() < self.batch.len() {
            Batch::keep(&mut self.batch, &kept);
            self.rows.keep(kept);
        }
        Ok(self)
    }

    /// Changes each value in place.
    pub(crate) fn update(
        mut self,
        work: &mut Work,
        mut change: impl FnMut(&mut T) -> Result<(), BoxError>,
    ) -> Result<Self, Stop> {
        let missed = Missed::of(&self.batch);
        let items = self.batch.iter_mut();
        let rejected = work.each(&self.rows, items, |_, item| known(missed.as_deref(), change(item)))?;
        self.take_out(&rejected);
        Ok(self)
    }

    /// Makes one value from each.
    pub(crate) fn convert<U>(
        mut self,
        work: &mut Work,
        mut convert: impl FnMut(T) -> Result<U, BoxError>,
    ) -> Result<Chunk<Vec<U>>, Stop> {
        let missed = Missed::of(&self.batch);
        let len = self.batch.len();
        let items = std::mem::take(&mut self.batch).into_iter();
        let convert = |item| known(missed.as_deref(), convert(item));
        let (made, rejected) = work.converted(&self.rows, items, convert)?;
        self.rows.take_out(&rejected, len);
        Ok(self.with_batch(made))
    }

    /// Makes any number of values from each.
    pub(crate) fn expand<J: IntoIterator>(
        mut self,
        work: &mut Work,
        mut expand: impl FnMut(T) -> Result<J, BoxError>,
    ) -> Result<Chunk<Vec<J::Item>>, Stop> {
        let missed = Missed::of(&self.batch);
        let items = std::mem::take(&mut self.batch).into_iter();
        let expand = |item| known(missed.as_deref(), expand(item));
        let (made, kept) = work.expanded_from(&self.rows, items, expand)?;
        self.rows.keep(kept);
        Ok(self.with_batch(made))
    }
}

impl Chunk<Records> {
    /// Keeps the records for which `keep` returns true.
    pub(crate) fn retain(
        mut self,
        work: &mut Work,
        keep: impl FnMut(RecordRef<'_>) -> Result<bool, BoxError>,
    ) -> Result<Self, Stop> {
        let kept = work.kept(&self.rows, self.batch.iter(), keep);
        let kept = self.all_known(work, kept)?;
        if kept.len() < self.batch.len() {
            self.batch.keep(&kept);
            self.rows.keep(kept);
        }
        Ok(self)
    }

    /// Changes each record in place.
    pub(crate) fn update(
        mut self,
        work: &mut Work,
        mut change: impl FnMut(&mut RecordMut<'_>) -> Result<(), BoxError>,
    ) -> Result<Self, Stop> {
        let names = Arc::clone(self.batch.shape());
        let Self { batch, rows, .. } = &mut self;
        let changed = work.each(rows, 0..batch.len(), |_, index| {
            batch.row_mut(index).map_or(Ok(()), |mut record| change(&mut record))
        });
        let rejected = self.all_known(work, changed)?;
        if !rejected.is_empty() {
            self.take_out(&rejected);
            // The rejected records may have got fields that no other record has.
            self.batch.prune_except(&names);
        }
        self.batch.prune();
        self.batch.open_names();
        Ok(self)
    }

    /// Casts a field of each record.
    pub(crate) fn cast(self, work: &mut Work, field: &str, to: &Cast) -> Result<Self, Stop> {
        match to.as_type() {
            Some(to) => {
                self.cast_by(work, field, |batch, index, column| batch.cast_cell_to(index, column, field, to))
            }
            None => {
                self.cast_by(work, field, |batch, index, column| batch.cast_cell(index, column, field, to))
            }
        }
    }

    fn cast_by(
        mut self,
        work: &mut Work,
        field: &str,
        cast: impl Fn(&mut Records, usize, usize) -> Result<(), FieldError>,
    ) -> Result<Self, Stop> {
        let Self { batch, rows, .. } = &mut self;
        let column = batch.shape().position(field);
        let rejected = work.each(rows, 0..batch.len(), |_, index| match (column, batch.row(index)) {
            (Some(column), _) => Ok(cast(batch, index, column)?),
            (None, Some(record)) => Err(record.missing(field).into()),
            (None, None) => Ok(()),
        })?;
        self.take_out(&rejected);
        Ok(self)
    }

    /// Renames a field of each record.
    pub(crate) fn rename(mut self, work: &mut Work, from: &str, to: &str) -> Result<Self, Stop> {
        let taken = self.batch.taken(from, to);
        for &row in &taken {
            let row = row as usize;
            work.reject(self.row(row), ShapeError::Taken { from: from.to_owned(), to: to.to_owned(), row })?;
        }
        self.take_out(&taken);
        self.batch.rename(from, to)?;
        Ok(self)
    }

    /// Gives the one of these fields that a record has the first of the names.
    pub(crate) fn alias(mut self, work: &mut Work, names: &[String]) -> Result<Self, Stop> {
        let Some(field) = names.first() else { return Ok(self) };
        let columns = self.batch.aliases(names)?;
        if columns.len() > 1 {
            let Self { batch, rows, .. } = &mut self;
            let rejected =
                work.each(rows, 0..batch.len(), |_, position| Ok(batch.one_of(position, &columns)?))?;
            self.take_out(&rejected);
        }
        for (name, _) in columns {
            self.batch.rename(&name, field)?;
        }
        Ok(self)
    }

    /// Rejects the records that have no value in one of these fields.
    pub(crate) fn not_null(mut self, work: &mut Work, fields: &[String]) -> Result<Self, Stop> {
        let find = |field: &String| Ok((field.clone(), self.batch.find(field)?));
        let columns: Vec<_> = fields.iter().map(find).collect::<Result<_, ShapeError>>()?;
        let Self { batch, rows, .. } = &mut self;
        let rejected = work.each(rows, 0..batch.len(), |_, position| {
            let lacking =
                columns.iter().try_for_each(|(field, column)| batch.require(position, *column, field));
            Ok(lacking?)
        })?;
        self.take_out(&rejected);
        Ok(self)
    }

    /// Sets a field of each record to what `f` computes from the record.
    pub(crate) fn derive(
        mut self,
        work: &mut Work,
        field: &str,
        mut f: impl FnMut(RecordRef<'_>) -> Result<Value, BoxError>,
    ) -> Result<Self, Stop> {
        let Self { batch, rows, .. } = &mut self;
        if batch.is_empty() {
            batch.column(field);
            return Ok(self);
        }
        // A new field is added only after the first call of `f`, which must not see it.
        let mut column = batch.shape().position(field);
        let derived = work.each(rows, 0..batch.len(), |_, index| {
            let Some(record) = batch.row(index) else { return Ok(()) };
            let value = f(record)?;
            let column = *column.get_or_insert_with(|| batch.column(field));
            batch.set_cell(index, column, value);
            Ok(())
        });
        let rejected = self.all_known(work, derived)?;
        self.batch.column(field);
        self.take_out(&rejected);
        Ok(self)
    }

    /// Makes one value from each record.
    pub(crate) fn convert<U>(
        mut self,
        work: &mut Work,
        convert: impl FnMut(RecordRef<'_>) -> Result<U, BoxError>,
    ) -> Result<Chunk<Vec<U>>, Stop> {
        let made = work.converted(&self.rows, self.batch.iter(), convert);
        let (made, rejected) = self.all_known(work, made)?;
        self.rows.take_out(&rejected, self.batch.len());
        Ok(self.with_batch(made))
    }

    /// Makes any number of values from each record.
    pub(crate) fn expand<J: IntoIterator>(
        mut self,
        work: &mut Work,
        expand: impl FnMut(RecordRef<'_>) -> Result<J, BoxError>,
    ) -> Result<Chunk<Vec<J::Item>>, Stop> {
        let expanded = work.expanded_from(&self.rows, self.batch.iter(), expand);
        let (made, kept) = self.all_known(work, expanded)?;
        self.rows.keep(kept);
        Ok(self.with_batch(made))
    }

    /// Returns what the closures of a step made, or an error if they asked for a name that no record has. That is checked
    /// once per batch, and takes precedence over an error of their own.
    pub(crate) fn all_known<R>(&self, work: &mut Work, made: Result<R, Stop>) -> Result<R, Stop> {
        if let Some((position, error)) = self.batch.missed()
            && !matches!(&made, Err(stop) if stop.is_canceled())
        {
            work.reject(self.rows.get(position), error)?;
        }
        made
    }

    /// The same records, each owned.
    pub(crate) fn into_records(mut self) -> Chunk<Vec<crate::Record>> {
        let records = std::mem::take(&mut self.batch).into_records();
        self.with_batch(records)
    }
}

/// Returns what a closure made of a record, or an error if it asked for a name that no record has.
#[inline]
pub(crate) fn known<R>(missed: Option<&Missed>, made: Result<R, BoxError>) -> Result<R, BoxError> {
    match missed {
        Some(missed) => missed.check().map_err(BoxError::from).and(made),
        None => made,
    }
}
