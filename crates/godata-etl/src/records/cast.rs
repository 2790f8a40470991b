//! Changing the type of a field.

use std::fmt;

use super::cell::{Cell, Kind, Stored};
use super::decimal_text;
use super::digits;
use super::field_error::FieldError;
use super::number::Repr;
use super::number_ref::NumberRef;
use super::storage::Storage;
use super::value::Value;
use super::value_ref::ValueRef;

/// A type that a field can be cast to. [`Cast`](crate::Cast) has casts with options: decimal commas, formats of dates.
///
/// A cast changes the type, and not how the field is written: a number keeps its digits and a timestamp its offset, so
/// `12.50` stays `12.50`. Digits that are not a JSON number are normalized, such as `007` to `7`, and so are digits with a
/// fraction that are cast to a whole number, such as `12.0` to `12`, and an exponent of a decimal.
///
/// ```
/// use godata_etl::{Type, record};
///
/// let mut order = record! {"amount" => "12.50", "items" => "3.5"};
/// order.cast("amount", Type::Float)?;
/// assert_eq!(order, record! {"amount" => 12.5, "items" => "3.5"});
///
/// let error = order.cast("items", Type::Int).unwrap_err();
/// assert_eq!(error.to_string(), "field `items`: expected a whole number (int), found text `3.5`");
/// # Ok::<(), godata_etl::FieldError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// True or false. Cast from the text `true` or `false`.
    Bool,
    /// A whole number in the range of `i64`. Cast from text, or from a number without a fraction.
    Int,
    /// A whole number in the range of `u64`. Cast from text, or from a number without a fraction.
    UInt,
    /// A floating point number. Cast from text that is a finite number, or from any number.
    Float,
    /// Text. Cast from everything but bytes, lists and maps.
    Text,
    /// An instant. Cast from RFC 3339 text, by the rules of [`Timestamp`](crate::Timestamp).
    Timestamp,
    /// A day of the calendar. Cast from text such as `2024-05-01`.
    Date,
    /// An exact [`Decimal`](crate::Decimal) of at most 38 digits. Cast from text, and from any number.
    Decimal,
}

impl Type {
    /// The type in the words of an error message.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number (int)",
            Self::UInt => "a whole number (uint)",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Timestamp => "an RFC 3339 timestamp",
            Self::Date => "a date such as 2024-05-01",
            Self::Decimal => "a decimal number of at most 38 digits",
        }
    }
}

impl fmt::Display for Type {
    /// The lower case name: `bool`, `int`, `uint`, `float`, `text`, `timestamp`, `date` or `decimal`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::UInt => "uint",
            Self::Float => "float",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Decimal => "decimal",
        })
    }
}

/// Casts a value; null stays null.
pub(super) fn cast_value(value: ValueRef<'_>, to: Type) -> Option<Value> {
    match (to, value) {
        (Type::Text, value) if !value.is_null() => to_text(value).map(Value::Text),
        (to, ValueRef::Decimal(decimal)) if to != Type::Decimal => {
            // The other numbers keep its digits.
            let digits = decimal.to_string();
            cast(ValueRef::Number(NumberRef(Repr::Digits(&digits))), to).map(ValueRef::to_owned)
        }
        _ => cast(value, to).map(ValueRef::to_owned),
    }
}

/// Casts a value to another type than text. The digits of a number are kept if they are a JSON number and that value.
fn cast(value: ValueRef<'_>, to: Type) -> Option<ValueRef<'_>> {
    let digits = match value {
        ValueRef::Text(text) => Some(text).filter(|text| digits::is_json(text)),
        ValueRef::Number(number) => number.digits(),
        _ => None,
    };
    match to {
        _ if value.is_null() => Some(value),
        Type::Bool => value.as_bool().map(ValueRef::Bool),
        Type::Int => value.as_i64().map(|int| whole(digits, int.into())),
        Type::UInt => value.as_u64().map(|int| whole(digits, int.into())),
        Type::Float => value.as_f64().map(|float| {
            let kept = digits.map(|digits| Repr::FloatDigits(float, digits));
            ValueRef::Number(NumberRef(kept.unwrap_or(Repr::Float(float))))
        }),
        Type::Timestamp => match value {
            ValueRef::Text(text) => text.parse().ok().map(ValueRef::Timestamp),
            ValueRef::Timestamp(_) => Some(value),
            _ => None,
        },
        Type::Date => value.as_date().map(ValueRef::Date),
        Type::Decimal => value.as_decimal().map(ValueRef::Decimal),
        Type::Text => value.as_str().map(ValueRef::Text),
    }
}

/// A whole number with these digits, unless they have a fraction or an exponent.
fn whole<'a>(digits: Option<&'a str>, int: NumberRef<'a>) -> ValueRef<'a> {
    let kept =
        digits.map(|digits| NumberRef(Repr::Digits(digits))).filter(|kept| kept.narrow() == int.narrow());
    ValueRef::Number(kept.unwrap_or(int))
}

impl Storage {
    /// Casts a cell in place.
    #[inline(always)]
    pub(super) fn cast_type(
        &mut self,
        column: usize,
        row: usize,
        field: &str,
        to: Type,
    ) -> Result<(), FieldError> {
        let cell = self.cell(column, row);
        // Most casts are of decimals to floats.
        if let (Type::Float, Some(text)) = (to, self.text_part(cell))
            && let Some(float) = digits::parse_decimal(text)
        {
            let cell = self.float_cell(cell.with_kind(Kind::Text), float);
            self.put(column, row, cell);
            return Ok(());
        }
        self.cast_other(column, row, field, to)
    }

    fn cast_other(&mut self, column: usize, row: usize, field: &str, to: Type) -> Result<(), FieldError> {
        let cell = self.cell(column, row);
        let value = self.value(column, row).ok_or_else(|| FieldError::missing(field))?;
        // Text is text already, wherever it is stored.
        if to == Type::Text && value.as_str().is_some() {
            return Ok(());
        }
        let cast = self.cast_cell(cell, value, to).ok_or_else(|| FieldError::unexpected(field, to, value))?;
        let cell = match cast {
            Recast::Slice(cell) => cell,
            Recast::Exact(text, kind) => self.text_cell(0, &text, kind),
            Recast::Float(digits, float) => self.float_cell(digits, float),
            Recast::Value(value) => self.value_cell(value),
        };
        self.put(column, row, cell);
        Ok(())
    }

    /// What a cell and its value are cast to. Digits in the text of the batch are not copied.
    fn cast_cell(&self, cell: Cell, value: ValueRef<'_>, to: Type) -> Option<Recast> {
        let slice = match cell.stored() {
            Stored::Text { .. } => Some(cell),
            Stored::Float(number) => self.floats.get(number).map(|&(digits, _)| digits),
            _ => None,
        };
        let slice = slice.filter(|slice| !slice.is_absent());
        if to == Type::Text && !value.is_null() {
            return match slice {
                Some(slice) => Some(Recast::Slice(slice.with_kind(Kind::Text))),
                None => to_text(value).map(|text| Recast::Value(Value::Text(text))),
            };
        }
        // The digits of a decimal are those of a number.
        let value = match (value, slice.and_then(|slice| self.text_part(slice))) {
            (ValueRef::Decimal(_), Some(digits)) => ValueRef::Number(NumberRef(Repr::Digits(digits))),
            _ => value,
        };
        if matches!(value, ValueRef::Decimal(_)) {
            return cast_value(value, to).map(Recast::Value);
        }
        Some(match (cast(value, to)?, slice) {
            (ValueRef::Decimal(decimal), slice) => {
                let written = |text: &str| decimal_text::is_written(decimal, text);
                self.exact_cast(slice, Kind::Decimal, written, &decimal)
            }
            (ValueRef::Date(date), slice) => {
                let written = |text: &str| !text.starts_with(['+', '-']);
                self.exact_cast(slice, Kind::Date, written, &date)
            }
            (ValueRef::Number(NumberRef(Repr::Digits(_))), Some(slice)) => {
                Recast::Slice(slice.with_kind(Kind::Number))
            }
            (ValueRef::Number(NumberRef(Repr::FloatDigits(float, _))), Some(slice)) => {
                Recast::Float(slice, float)
            }
            (cast, _) => Recast::Value(cast.to_owned()),
        })
    }

    /// A decimal or a date. It stays the slice that it was read from, if it is written like that.
    fn exact_cast(
        &self,
        slice: Option<Cell>,
        kind: Kind,
        is_written: impl FnOnce(&str) -> bool,
        exact: &dyn fmt::Display,
    ) -> Recast {
        match slice.filter(|&slice| self.text_part(slice).is_some_and(is_written)) {
            Some(slice) => Recast::Slice(slice.with_kind(kind)),
            None => Recast::Exact(exact.to_string(), kind),
        }
    }
}

/// What a cell becomes.
enum Recast {
    /// A text that is read as this kind, and is not in the batch yet.
    Exact(String, Kind),
    /// A slice of the batch's text.
    Slice(Cell),
    /// A float that is written with the digits of a slice.
    Float(Cell, f64),
    Value(Value),
}

fn to_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Bytes(_) | ValueRef::List(_) | ValueRef::Map(_) => None,
        value => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cell_ref::CellRef;
    use super::*;

    fn number(digits: &str) -> Value {
        crate::Number::from_digits(digits).into()
    }

    /// A field with this text, as slice of the batch and as value.
    fn cells(text: &str) -> [Storage; 2] {
        [true, false].map(|is_slice| {
            let mut storage = Storage::default().recycled(1);
            let cell = if is_slice {
                storage.text_cell(0, text, Kind::Text)
            } else {
                storage.value_cell(text.into())
            };
            storage.put(0, 0, cell);
            storage
        })
    }

    /// Casts a text, and checks its value and what is written for it.
    #[track_caller]
    fn check(text: &str, to: Type, value: impl Into<Value>, written: &str) {
        let value = value.into();
        for mut storage in cells(text) {
            storage.cast_type(0, 0, "a", to).unwrap();
            let cast = storage.value(0, 0).unwrap();
            assert_eq!(cast, value.as_ref());
            assert_eq!(cast.to_string(), written);
            match storage.written(0, 0).unwrap() {
                CellRef::Text(text) | CellRef::Number(text) => assert_eq!(text, written),
                CellRef::Value(value) => assert_eq!(value.to_string(), written),
                other => panic!("{other:?}"),
            }
        }
        let mut record = crate::record! {"a" => text};
        record.cast("a", to).unwrap();
        assert_eq!(record.get("a"), Some(value.as_ref()));
        assert_eq!(record.get("a").unwrap().to_string(), written);
    }

    #[test]
    fn digits_are_kept_if_they_are_a_json_number() {
        check("12.50", Type::Float, 12.5, "12.50");
        check("12", Type::Float, 12.0, "12");
        check(
            "1.0000000000000000000001",
            Type::Float,
            number("1.0000000000000000000001"),
            "1.0000000000000000000001",
        );
        check("-0", Type::Int, 0, "-0");
        check("18446744073709551615", Type::UInt, u64::MAX, "18446744073709551615");
    }

    #[test]
    fn other_digits_are_normalized() {
        check("007", Type::Int, 7, "7");
        check("+5", Type::UInt, 5, "5");
        check(".5", Type::Float, 0.5, "0.5");
    }

    #[test]
    fn text_casts_to_the_other_types() {
        check("true", Type::Bool, true, "true");
        check("a", Type::Text, "a", "a");
        let epoch = time::UtcDateTime::UNIX_EPOCH;
        for text in ["1970-01-01T00:00:00Z", "1970-01-01T02:00:00.00+02:00"] {
            check(text, Type::Timestamp, epoch, text);
        }
    }

    #[test]
    fn a_cast_can_be_cast_again() {
        let [mut storage, _] = cells("12.0");
        let mut cast =
            |to| storage.cast_type(0, 0, "a", to).map(|()| storage.value(0, 0).map(ValueRef::to_owned));
        assert_eq!(cast(Type::Float), Ok(Some(Value::from(12.0))));
        assert_eq!(cast(Type::Text), Ok(Some(Value::from("12.0"))));
        assert_eq!(cast(Type::Float), Ok(Some(Value::from(12.0))));
        assert_eq!(cast(Type::Int), Ok(Some(Value::from(12))));
        assert_eq!(cast(Type::Text), Ok(Some(Value::from("12"))));
        assert_eq!(cast(Type::Timestamp).unwrap_err().value(), Some("12"));
    }

    #[test]
    fn a_text_that_a_step_made_stays_where_it_is() {
        let [_, mut storage] = cells("a");
        storage.cast_type(0, 0, "a", Type::Text).unwrap();
        assert_eq!(storage.value(0, 0), Some(ValueRef::Text("a")));
        assert_eq!(storage.text_len(), 0);
    }

    #[test]
    fn null_stays_null_and_absent_is_an_error() {
        let mut storage = Storage::default().recycled(2);
        storage.put(0, 0, Cell::NULL);
        assert_eq!(storage.cast_type(0, 0, "a", Type::Int), Ok(()));
        assert_eq!(storage.value(0, 0), Some(ValueRef::Null));
        assert_eq!(storage.cast_type(1, 0, "b", Type::Int), Err(FieldError::missing("b")));
    }

    #[test]
    fn a_value_of_another_type_is_an_error_and_leaves_the_cell_unchanged() {
        let table = [("", Type::Float), ("1.0", Type::Int), ("-1", Type::UInt), ("1", Type::Bool)];
        for (text, to) in table {
            for mut storage in cells(text) {
                assert!(storage.cast_type(0, 0, "a", to).is_err(), "{text}");
                assert_eq!(storage.value(0, 0), Some(ValueRef::Text(text)));
            }
        }
        assert!(cast_value(ValueRef::List(&[]), Type::Text).is_none());
    }
}
