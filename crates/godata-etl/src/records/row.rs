//! A row, read only.

use std::fmt;

use serde::Deserialize;
use time::{Date, UtcDateTime};

use super::batch::Records;
use super::cast::Type;
use super::cell_ref::CellRef;
use super::cells::Positions;
use super::convert::{ConvertError, deserialize};
use super::decimal::Decimal;
use super::field_error::FieldError;
use super::record::Record;
use super::source_format::SourceFormat;
use super::value_ref::ValueRef;
use super::written::CellVisitor;

/// A view of a row in a batch or of a whole [`Record`]: read only, and `Copy`.
///
/// The values that getters return borrow from the batch, not from this view.
///
/// # Rules of the getters
///
/// * A getter that returns a `Result` parses text on demand: [`f64`](Self::f64) reads `"12.5"` as a number. Spaces around
///   it are an error; they are not trimmed.
/// * A float counts as a whole number only if it is one exactly. Any number counts as a float.
/// * A missing or null field is an error. Check with [`is_null`](Self::is_null) first, or use [`get`](Self::get).
/// * If the names are known for all rows, as those of a CSV file, asking for another name fails the step, whatever the closure
///   returns: the column may have been renamed. The error lists the names that exist. Only [`contains`](Self::contains)
///   accepts any name.
/// * If the rows have names of their own, as those of JSON and those that a `transform` has changed do, a name that is not
///   there is a missing field.
///
/// ```
/// use godata_etl::{Records, record};
///
/// let row = record! {"id" => "A-1", "amount" => "12.5", "coupon" => None::<&str>};
/// let batch: Records = [row].into_iter().collect();
/// for row in &batch {
///     assert_eq!(row.str("id"), Some("A-1"));
///     assert_eq!(row.f64("amount")?, 12.5);
///     assert!(row.is_null("coupon") && row.contains("coupon"));
///     assert!(row.is_null("note") && !row.contains("note"));
/// }
/// # Ok::<(), godata_etl::FieldError>(())
/// ```
#[derive(Clone, Copy)]
pub struct RecordRef<'a>(View<'a>);

#[derive(Clone, Copy)]
enum View<'a> {
    Record(&'a Record),
    /// The row at this index in the storage of the batch.
    Row(&'a Records, usize),
}

impl<'a> RecordRef<'a> {
    pub(super) fn of_record(record: &'a Record) -> Self {
        Self(View::Record(record))
    }

    pub(super) fn of_row(records: &'a Records, row: usize) -> Self {
        Self(View::Row(records, row))
    }

    /// The value of a field, or `None` if it is absent. A null field has [`ValueRef::Null`].
    #[inline(always)]
    #[must_use]
    pub fn get(self, name: &str) -> Option<ValueRef<'a>> {
        self.value_at(self.known_position(name)?)
    }

    /// The text of a field, or `None` if it is absent, null or not text. [`text`](Self::text) returns an error instead.
    ///
    /// The digits of a number are not text, even if they were text before a cast.
    #[inline]
    #[must_use]
    pub fn str(self, name: &str) -> Option<&'a str> {
        self.text_at(self.known_position(name)?)
    }

    /// The text of a field. [`str`](Self::str) returns an `Option` instead.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or not text.
    #[inline]
    pub fn text(self, name: &str) -> Result<&'a str, FieldError> {
        self.str(name).ok_or_else(|| self.unread(name, Type::Text))
    }

    /// A field as a bool: a bool, or the text `true` or `false`.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn bool(self, name: &str) -> Result<bool, FieldError> {
        self.read(name, Type::Bool, ValueRef::as_bool)
    }

    /// A field as a whole number in the range of `i64`, by the rules of [`ValueRef::as_i64`].
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn i64(self, name: &str) -> Result<i64, FieldError> {
        self.read(name, Type::Int, ValueRef::as_i64)
    }

    /// A field as a whole number in the range of `u64`, by the rules of [`ValueRef::as_u64`].
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn u64(self, name: &str) -> Result<u64, FieldError> {
        self.read(name, Type::UInt, ValueRef::as_u64)
    }

    /// A field as a float, by the rules of [`ValueRef::as_f64`]: text such as `nan` and `inf` is not a number.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn f64(self, name: &str) -> Result<f64, FieldError> {
        let float = self.known_position(name).and_then(|position| self.float_at(position));
        float.ok_or_else(|| self.unread(name, Type::Float))
    }

    /// A field as an instant: a timestamp, or RFC 3339 text.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn timestamp(self, name: &str) -> Result<UtcDateTime, FieldError> {
        self.read(name, Type::Timestamp, ValueRef::as_timestamp)
    }

    /// A field as a date: a date, or text such as `2024-05-01`.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn date(self, name: &str) -> Result<Date, FieldError> {
        self.read(name, Type::Date, ValueRef::as_date)
    }

    /// A field as an exact decimal number, by the rules of [`ValueRef::as_decimal`].
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the field is absent, null or of another type.
    #[inline]
    pub fn decimal(self, name: &str) -> Result<Decimal, FieldError> {
        self.read(name, Type::Decimal, ValueRef::as_decimal)
    }

    /// Whether a field is absent or null.
    #[inline]
    #[must_use]
    pub fn is_null(self, name: &str) -> bool {
        self.get(name).is_none_or(ValueRef::is_null)
    }

    /// Whether the row has a field of this name, null or not. This is the only getter that accepts any name.
    #[inline]
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        self.position(name).is_some_and(|position| self.value_at(position).is_some())
    }

    /// The names of the fields that the row has, in order.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        self.cells().map(|(name, _)| name)
    }

    /// The fields that the row has, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        self.positions().filter_map(move |column| Some((self.name_at(column)?, self.value_at(column)?)))
    }

    /// The fields that the row has, in the form in which they are written.
    pub fn cells(self) -> impl Iterator<Item = (&'a str, CellRef<'a>)> {
        self.positions().filter_map(move |column| Some((self.name_at(column)?, self.cell_at(column)?)))
    }

    /// The field at a position of the batch's [`Shape`](crate::Shape), in the form in which it is written; `None` if it is
    /// absent.
    #[inline(always)]
    #[must_use]
    pub fn cell_at(self, column: usize) -> Option<CellRef<'a>> {
        match self.0 {
            View::Record(record) => record.value_at(column).map(CellRef::from),
            View::Row(records, row) => records.storage.written(column, row),
        }
    }

    /// The field at a position of the batch's [`Shape`](crate::Shape), if it is text that is written as text.
    #[inline]
    #[must_use]
    pub fn text_at(self, column: usize) -> Option<&'a str> {
        match self.0 {
            View::Record(record) => record.value_at(column)?.as_str(),
            View::Row(records, row) => records.storage.text_value(column, row),
        }
    }

    /// Calls `visitor` with each field that the row has, in order and in the form in which it is written. For writers: it is
    /// faster than [`cell_at`](Self::cell_at) for all positions.
    ///
    /// # Errors
    ///
    /// The error of the visitor, which ends the visit.
    #[inline(always)]
    pub fn visit<V: CellVisitor>(self, visitor: &mut V) -> Result<(), V::Error> {
        match self.0 {
            View::Row(records, row) => records.storage.visit(row, visitor),
            View::Record(record) => record
                .fields()
                .iter()
                .enumerate()
                .try_for_each(|(at, (_, value))| visitor.cell(at, value.as_ref().into())),
        }
    }

    /// The text of the whole row as it was read, if it was read in this format and no step has changed it. A writer of the
    /// same format copies it, with its spaces, digits and escapes.
    ///
    /// `None` for rows that were not read from text, and for an owned [`Record`].
    #[must_use]
    pub fn as_read(self, format: SourceFormat) -> Option<&'a str> {
        match self.0 {
            View::Record(_) => None,
            View::Row(records, row) => records.source(row, format),
        }
    }

    /// How many fields the row has.
    #[must_use]
    pub fn len(self) -> usize {
        self.cells().count()
    }

    /// Whether the row has no fields.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.cells().next().is_none()
    }

    /// An owned copy.
    #[must_use]
    pub fn to_record(self) -> Record {
        match self.0 {
            View::Record(record) => record.clone(),
            View::Row(records, row) => records.to_record(row),
        }
    }

    /// Converts the row to a type that serde can deserialize, including types that borrow their text from the batch.
    ///
    /// * If the type has a number or a bool, text is parsed by the rules of the getters.
    /// * An `Option` is `None` for a field that is absent or null. If the row comes from a format without null, such as CSV,
    ///   it is also `None` for an empty text, because such a file has no other way to say that there is no value.
    /// * A type that chooses by the value (an untagged enum, a field behind `flatten`) sees text as text.
    ///   [Cast](crate::RecordMut::cast) the field first.
    ///
    /// # Errors
    ///
    /// [`ConvertError`] with the path to the field that does not fit.
    ///
    /// ```
    /// use godata_etl::{Records, record};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order<'a> {
    ///     id: &'a str,
    ///     amount: f64,
    ///     coupon: Option<u32>,
    /// }
    ///
    /// let row = record! {"id" => "A-1", "amount" => "12.5", "coupon" => ()};
    /// let batch: Records = [row].into_iter().collect();
    /// for row in &batch {
    ///     let order: Order<'_> = row.de()?;
    ///     assert_eq!((order.id, order.amount, order.coupon), ("A-1", 12.5, None));
    /// }
    /// # Ok::<(), godata_etl::ConvertError>(())
    /// ```
    pub fn de<T: Deserialize<'a>>(self) -> Result<T, ConvertError> {
        deserialize(self)
    }

    #[inline(always)]
    fn read<T>(
        self,
        name: &str,
        expected: Type,
        read: impl FnOnce(ValueRef<'a>) -> Option<T>,
    ) -> Result<T, FieldError> {
        self.get(name).and_then(read).ok_or_else(|| self.unread(name, expected))
    }

    /// Why a field could not be read.
    #[cold]
    fn unread(self, name: &str, expected: Type) -> FieldError {
        match self.get(name) {
            None => self.missing(name),
            Some(value) => FieldError::unexpected(name, expected, value),
        }
    }

    /// Whether an empty text stands for no value.
    pub(crate) fn empty_is_none(self) -> bool {
        match self.0 {
            View::Row(records, row) => records.empties.is_none(row),
            View::Record(record) => record.empty_is_none(),
        }
    }

    /// Why the row has no field of this name.
    pub(crate) fn missing(self, name: &str) -> FieldError {
        match self.0 {
            View::Row(records, _) => records.names.missing(&records.shape, name),
            View::Record(record) => match record.known() {
                Some(known) => known.names.missing(&known.shape, name),
                None => FieldError::missing(name),
            },
        }
    }

    /// The positions at which the row may have a field, in order.
    fn positions(self) -> Positions<'a> {
        match self.0 {
            View::Record(record) => Positions::All(0..record.fields().len()),
            View::Row(records, row) => records.storage.positions(row),
        }
    }

    /// The position of a name that a closure asked for. If the row does not have it, that is noted.
    #[inline(always)]
    fn known_position(self, name: &str) -> Option<usize> {
        let position = self.position(name);
        if position.is_none() {
            // Matched here: a view that is passed on to a function stays in memory, where each getter would have to load it.
            match self.0 {
                View::Record(record) => record.note_unknown(name),
                View::Row(records, row) => records.note_unknown(name, row),
            }
        }
        position
    }

    #[inline(always)]
    fn position(self, name: &str) -> Option<usize> {
        match self.0 {
            View::Record(record) => record.position(name),
            View::Row(records, _) => records.shape().position(name),
        }
    }

    #[inline]
    fn name_at(self, column: usize) -> Option<&'a str> {
        match self.0 {
            View::Record(record) => record.fields().get(column).map(|(name, _)| &**name),
            View::Row(records, _) => records.shape().as_slice().get(column).map(|name| &**name),
        }
    }

    #[inline(always)]
    fn float_at(self, column: usize) -> Option<f64> {
        match self.0 {
            View::Record(record) => record.value_at(column)?.as_f64(),
            View::Row(records, row) => records.storage.float_value(column, row),
        }
    }

    #[inline(always)]
    fn value_at(self, column: usize) -> Option<ValueRef<'a>> {
        match self.0 {
            View::Record(record) => record.value_at(column),
            View::Row(records, row) => records.storage.value(column, row),
        }
    }
}

impl PartialEq for RecordRef<'_> {
    /// Whether both have the same fields with equal values in the same order.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for RecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
