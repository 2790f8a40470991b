//! One owned row.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use time::{Date, UtcDateTime};

use super::casts::Cast;
use super::codec::is_none;
use super::convert::ConvertError;
use super::decimal::Decimal;
use super::field_error::FieldError;
use super::getters::delegate_getters;
use super::names::KnownNames;
use super::row::RecordRef;
use super::value::Value;
use super::value_ref::ValueRef;

/// One owned row of named values, in order.
///
/// Make one with [`record!`](crate::record), from pairs, or from a struct with
/// [`to_record`](crate::to_record). If a name appears twice, the last value wins, at the position of the first. Two
/// records are equal if they have equal fields in the same order.
///
/// The getters follow the rules of [`RecordRef`]. The names of a record that you make are open. Those of a record that a step
/// hands over from a batch with known names are known.
///
/// ```
/// use godata_etl::record;
///
/// let mut order = record! {"id" => "A-1", "amount" => "12.5"};
/// order.set("gross", order.f64("amount")? * 1.2);
/// order.rename("id", "order_id")?;
/// assert_eq!(order, record! {"order_id" => "A-1", "amount" => "12.5", "gross" => 15.0});
/// # Ok::<(), godata_etl::FieldError>(())
/// ```
#[derive(Clone, Default)]
pub struct Record {
    fields: Vec<(Arc<str>, Value)>,
    /// The names of the batch that the record comes from, if they were known.
    known: Option<Arc<KnownNames>>,
    /// Whether an empty text stands for no value, because the format of the record has no null.
    empty_is_none: bool,
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A view of this record, of the same type as a view of a row in a batch.
    #[must_use]
    pub fn as_ref(&self) -> RecordRef<'_> {
        RecordRef::of_record(self)
    }

    delegate_getters!();

    /// Sets a field. An existing field keeps its position; a new one is added at the end.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.position(name) {
            Some(position) => self.fields[position].1 = value,
            None => self.fields.push((name.into(), value)),
        }
    }

    /// Removes a field and returns its value; `None` if it is absent.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let position = self.position(name)?;
        Some(self.fields.remove(position).1)
    }

    /// Renames a field, which keeps its position.
    ///
    /// If the record has a field of the new name, the two become one, at the position of the first of them. One of them
    /// must have no value, and the value of the other stays.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, or both fields have a value.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), FieldError> {
        let mut position = self.position(from).ok_or_else(|| self.as_ref().missing(from))?;
        if let Some(taken) = self.position(to).filter(|&taken| taken != position) {
            let has_value = |at: usize| !is_none(self.as_ref(), Some(self.fields[at].1.as_ref()));
            let is_taken = has_value(taken.max(position));
            if has_value(position) && has_value(taken) {
                return Err(FieldError::taken(from, to));
            }
            let (_, other) = self.fields.remove(taken.max(position));
            position = position.min(taken);
            if is_taken {
                self.fields[position].1 = other;
            }
        }
        self.fields[position].0 = to.into();
        Ok(())
    }

    /// Replaces the value of a field with what a closure returns for it. A null is passed to the closure too.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent.
    ///
    /// ```
    /// use godata_etl::record;
    ///
    /// let mut order = record! {"status" => "paid"};
    /// order.update("status", |status| status.as_str().map(str::to_uppercase))?;
    /// assert_eq!(order, record! {"status" => "PAID"});
    /// # Ok::<(), godata_etl::FieldError>(())
    /// ```
    pub fn update<V: Into<Value>>(
        &mut self,
        name: &str,
        change: impl FnOnce(ValueRef<'_>) -> V,
    ) -> Result<(), FieldError> {
        let value = self.value_mut(name)?;
        *value = change(value.as_ref()).into();
        Ok(())
    }

    /// Sets the field `to` to the value of the field `from`.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if `from` is absent.
    pub fn copy(&mut self, from: &str, to: &str) -> Result<(), FieldError> {
        let value = self.value_mut(from)?.clone();
        self.set(to, value);
        Ok(())
    }

    /// Changes the type of a field; null stays null. [`Type`](crate::Type) and [`Cast`] have the rules.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent or its value is not of that type. The field is then unchanged.
    pub fn cast(&mut self, name: &str, to: impl Into<Cast>) -> Result<(), FieldError> {
        let value = self.value_mut(name)?;
        *value = to.into().convert_field(name, value.as_ref())?;
        Ok(())
    }

    pub(super) fn fields(&self) -> &[(Arc<str>, Value)] {
        &self.fields
    }

    pub(super) fn into_fields(self) -> Vec<(Arc<str>, Value)> {
        self.fields
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|(known, _)| **known == *name)
    }

    pub(super) fn value_at(&self, position: usize) -> Option<ValueRef<'_>> {
        self.fields.get(position).map(|(_, value)| value.as_ref())
    }

    /// A record of fields whose names are known to be distinct.
    pub(super) fn from_fields(fields: Vec<(Arc<str>, Value)>) -> Self {
        Self { fields, ..Self::default() }
    }

    pub(super) fn with_known(self, known: Option<Arc<KnownNames>>) -> Self {
        Self { known, ..self }
    }

    pub(super) fn with_empty_as_none(self, empty_is_none: bool) -> Self {
        Self { empty_is_none, ..self }
    }

    pub(super) fn empty_is_none(&self) -> bool {
        self.empty_is_none
    }

    pub(super) fn known(&self) -> Option<&KnownNames> {
        self.known.as_deref()
    }

    /// Notes that a closure asked for a name that the record does not have.
    #[cold]
    #[inline(never)]
    pub(super) fn note_unknown(&self, name: &str) {
        if let Some(known) = self.known() {
            known.names.note(&known.shape, name, None);
        }
    }

    fn value_mut(&mut self, name: &str) -> Result<&mut Value, FieldError> {
        let position = self.position(name).ok_or_else(|| self.as_ref().missing(name))?;
        Ok(&mut self.fields[position].1)
    }

    /// Like `set`, for a name that needs no copy.
    fn insert(&mut self, name: Arc<str>, value: Value) {
        match self.position(&name) {
            Some(position) => self.fields[position].1 = value,
            None => self.fields.push((name, value)),
        }
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Record {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        let mut record = Self::new();
        for (name, value) in fields {
            record.insert(name.into(), value.into());
        }
        record
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> From<Vec<(K, V)>> for Record {
    fn from(fields: Vec<(K, V)>) -> Self {
        fields.into_iter().collect()
    }
}

impl From<RecordRef<'_>> for Record {
    fn from(row: RecordRef<'_>) -> Self {
        row.to_record()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Type, record};

    #[test]
    fn the_last_of_two_equal_names_wins_at_the_position_of_the_first() {
        let record = record! {"a" => 1, "b" => 2, "a" => 3};
        assert_eq!(
            record.iter().collect::<Vec<_>>(),
            [("a", ValueRef::from(3_i64)), ("b", ValueRef::from(2_i64))]
        );
    }

    #[test]
    fn a_setter_may_read_through_a_mutable_reference() -> Result<(), FieldError> {
        fn double(r: &mut Record) -> Result<(), FieldError> {
            r.set("a", r.f64("a")? * 2.0);
            let upper = r.text("b")?.to_uppercase();
            r.set("b", upper);
            Ok(())
        }
        let mut record = record! {"a" => 1, "b" => "x"};
        double(&mut record)?;
        assert_eq!(record, record! {"a" => 2.0, "b" => "X"});
        Ok(())
    }

    #[test]
    fn rename_keeps_the_position_and_refuses_a_name_in_use() {
        let mut record = record! {"a" => 1, "b" => 2};
        assert_eq!(record.rename("a", "c"), Ok(()));
        assert_eq!(record.rename("c", "c"), Ok(()));
        assert_eq!(record.rename("c", "b"), Err(FieldError::taken("c", "b")));
        assert_eq!(record.rename("a", "d"), Err(FieldError::missing("a")));
        assert_eq!(record, record! {"c" => 1, "b" => 2});
    }

    #[test]
    fn rename_joins_a_value_and_a_null() {
        let renamed = |mut record: Record, from, to| record.rename(from, to).map(|()| record);
        let one = record! {"a" => 1, "b" => 2, "c" => ()};
        assert_eq!(renamed(one.clone(), "a", "c"), Ok(record! {"c" => 1, "b" => 2}));
        assert_eq!(renamed(one, "c", "a"), Ok(record! {"a" => 1, "b" => 2}));
        let null = record! {"a" => (), "b" => 2, "c" => ()};
        assert_eq!(renamed(null, "c", "a"), Ok(record! {"a" => (), "b" => 2}));
    }

    #[test]
    fn setters_report_absent_fields() {
        let mut record = record! {"a" => None::<i64>};
        assert_eq!(record.update("a", |value| value.is_null()), Ok(()));
        assert_eq!(record.copy("a", "b"), Ok(()));
        assert_eq!(record.update("x", |_| 1), Err(FieldError::missing("x")));
        assert_eq!(record.copy("x", "y"), Err(FieldError::missing("x")));
        assert_eq!(record.cast("x", Type::Int), Err(FieldError::missing("x")));
        assert_eq!(record.remove("a"), Some(Value::Bool(true)));
        assert_eq!(record.remove("a"), None);
        assert_eq!(record, record! {"b" => true});
    }
}
