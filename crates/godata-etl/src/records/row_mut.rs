//! A mutable row of a batch.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use time::{Date, UtcDateTime};

use super::batch::Records;
use super::casts::Cast;
use super::cell::Cell;
use super::convert::ConvertError;
use super::decimal::Decimal;
use super::field_error::FieldError;
use super::getters::delegate_getters;
use super::record::Record;
use super::row::RecordRef;
use super::value::Value;
use super::value_ref::ValueRef;

/// A row of a batch, which can be changed in place.
///
/// The getters follow the rules of [`RecordRef`]. The setters are those of [`Record`], with one difference: all
/// rows of a batch have their fields in the same order, so a new field takes the position that it has in other rows, if
/// they have it.
///
/// ```
/// use godata_etl::{Records, Value, record};
///
/// let mut batch: Records = [record! {"status" => "paid", "amount" => "10"}].into_iter().collect();
/// for i in 0..batch.len() {
///     let Some(mut r) = batch.row_mut(i) else { break };
///     r.set("gross", r.f64("amount")? * 1.5);
///     r.update("status", |status| status.as_str().map(str::to_uppercase))?;
///     r.rename("amount", "net")?;
/// }
/// assert_eq!(batch.into_records(), [record! {"status" => "PAID", "net" => "10", "gross" => 15.0}]);
/// # Ok::<(), godata_etl::FieldError>(())
/// ```
pub struct RecordMut<'a> {
    records: &'a mut Records,
    /// The index of the row in the storage of the batch.
    row: usize,
}

impl<'a> RecordMut<'a> {
    pub(super) fn of_row(records: &'a mut Records, row: usize) -> Self {
        Self { records, row }
    }

    /// This row, read only.
    #[must_use]
    pub fn as_ref(&self) -> RecordRef<'_> {
        RecordRef::of_row(self.records, self.row)
    }

    /// An owned copy. See [`RecordRef::to_record`].
    #[must_use]
    pub fn to_record(&self) -> Record {
        self.as_ref().to_record()
    }

    delegate_getters!();

    /// Sets a field. An existing field keeps its position; a name that is new to the batch is added at the end.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let column = self.records.column(name);
        self.records.forget_source(self.row);
        self.records.storage.put_value(column, self.row, value.into());
    }

    /// Removes a field and returns its value; `None` if it is absent. Any name is accepted.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let column = self.present(name).ok()?;
        self.records.lost_fields = true;
        self.records.forget_source(self.row);
        self.records.storage.take(column, self.row)
    }

    /// Renames a field, which keeps its position if the name is new to the batch.
    ///
    /// If the row has a field of the new name, one of the two must have no value, and the value of the other stays.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, or both fields have a value.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), FieldError> {
        let column = self.present(from)?;
        if from == to {
            return Ok(());
        }
        let mut cell = self.records.storage.cell(column, self.row);
        let taken = self.records.shape.position(to);
        let Records { storage, empties, .. } = &*self.records;
        let has_value = |column| storage.has_value(column, self.row, empties.is_none(self.row));
        if let Some(other) = taken.filter(|&other| has_value(other)) {
            if has_value(column) {
                return Err(FieldError::taken(from, to));
            }
            cell = storage.cell(other, self.row);
        }
        self.records.forget_source(self.row);
        self.records.storage.put(column, self.row, Cell::ABSENT);
        self.records.lost_fields = true;
        let target = self.records.column_after(column, to);
        self.records.storage.put(target, self.row, cell);
        Ok(())
    }

    /// Replaces the value of a field with what a closure returns for it. A null is passed to the closure too.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent.
    pub fn update<V: Into<Value>>(
        &mut self,
        name: &str,
        change: impl FnOnce(ValueRef<'_>) -> V,
    ) -> Result<(), FieldError> {
        let value = self.get(name).ok_or_else(|| self.as_ref().missing(name))?;
        let changed = change(value).into();
        self.set(name, changed);
        Ok(())
    }

    /// Sets the field `to` to the value of the field `from`. Both then share their text, unless a step made it.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if `from` is absent.
    pub fn copy(&mut self, from: &str, to: &str) -> Result<(), FieldError> {
        let column = self.present(from)?;
        let target = self.records.column(to);
        self.records.forget_source(self.row);
        let storage = &mut self.records.storage;
        let cell = storage.cell(column, self.row);
        let copy = storage.copied(cell);
        storage.put(target, self.row, copy);
        Ok(())
    }

    /// Changes the type of a field; null stays null. [`Type`](crate::Type) and [`Cast`] have the rules.
    ///
    /// Text that is cast to a number keeps its digits: `12.50` is written as `12.50`. Digits that are not a JSON number
    /// are normalized: `007` is written as `7`.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent or its value is not of that type. The field is then unchanged.
    pub fn cast(&mut self, name: &str, to: impl Into<Cast>) -> Result<(), FieldError> {
        let (column, cast) = (self.present(name)?, to.into());
        cast.check().map_err(|error| FieldError::cast(name, error))?;
        self.records.storage.cast(column, self.row, name, &cast)?;
        self.records.forget_source(self.row);
        Ok(())
    }

    /// The column of a field that this row has.
    fn present(&self, name: &str) -> Result<usize, FieldError> {
        let column = self.records.shape.position(name);
        column
            .filter(|&column| !self.records.storage.cell(column, self.row).is_absent())
            .ok_or_else(|| self.as_ref().missing(name))
    }
}

impl Records {
    /// The column of a name. A new name gets a new column after the given one, so a step that renames a field in each row
    /// leaves the new name at the position of the old one.
    fn column_after(&mut self, column: usize, name: &str) -> usize {
        if let Some(column) = self.shape.position(name) {
            return column;
        }
        Arc::make_mut(&mut self.shape).insert(column + 1, name.into());
        self.storage.insert_column(column + 1);
        column + 1
    }
}

impl fmt::Debug for RecordMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;

    fn batch() -> Records {
        [record! {"a" => "1", "b" => "x"}, record! {"a" => "2"}].into_iter().collect()
    }

    #[test]
    fn a_setter_may_read_through_a_mutable_reference() -> Result<(), FieldError> {
        fn change(r: &mut RecordMut<'_>) -> Result<(), FieldError> {
            r.set("a", r.f64("a")? * 2.0);
            let upper = r.text("b")?.to_uppercase();
            r.set("b", upper);
            Ok(())
        }
        let mut batch = batch();
        batch.row_mut(0).map_or(Ok(()), |mut row| change(&mut row))?;
        assert_eq!(batch.into_records(), [record! {"a" => 2.0, "b" => "X"}, record! {"a" => "2"}]);
        Ok(())
    }

    #[test]
    fn a_name_set_in_one_row_is_absent_in_the_others() {
        let mut batch = batch();
        batch.row_mut(1).unwrap().set("c", ());
        assert!(!batch.row(0).unwrap().contains("c"));
        assert!(batch.row(1).unwrap().contains("c"));
        assert!(batch.row(1).unwrap().is_null("c"));
    }

    #[test]
    fn renaming_a_field_in_each_row_keeps_its_position() {
        let mut batch = batch();
        for i in 0..2 {
            batch.row_mut(i).unwrap().rename("a", "z").unwrap();
        }
        assert_eq!(batch.into_records(), [record! {"z" => "1", "b" => "x"}, record! {"z" => "2"}]);
    }

    #[test]
    fn rename_reports_absent_and_taken_names() {
        let mut batch = batch();
        let mut row = batch.row_mut(1).unwrap();
        assert_eq!(row.rename("b", "c"), Err(FieldError::missing("b")));
        assert_eq!(row.rename("a", "b"), Ok(()));
        let mut row = batch.row_mut(0).unwrap();
        assert_eq!(row.rename("a", "b"), Err(FieldError::taken("a", "b")));
        assert_eq!(row.rename("a", "a"), Ok(()));
    }

    #[test]
    fn rename_joins_a_value_and_a_null() {
        let mut batch: Records =
            [record! {"a" => 1, "b" => ()}, record! {"a" => (), "b" => 2}].into_iter().collect();
        for (row, from, to) in [(0, "a", "b"), (1, "a", "b"), (1, "b", "a"), (0, "b", "a")] {
            assert_eq!(batch.row_mut(row).unwrap().rename(from, to), Ok(()));
        }
        assert_eq!(batch.into_records(), [record! {"a" => 1}, record! {"a" => 2}]);
    }

    #[test]
    fn removing_an_absent_field_returns_none() {
        let mut batch = batch();
        let mut row = batch.row_mut(1).unwrap();
        assert_eq!(row.remove("b"), None);
        assert_eq!(row.remove("x"), None);
        assert_eq!(row.remove("a"), Some("2".into()));
        assert!(row.is_empty());
    }
}
