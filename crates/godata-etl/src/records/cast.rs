//! Changing the type of a field.

use std::fmt;

use super::cell::{Cell, Kind, Stored};
use super::field_error::FieldError;
use super::number;
use super::storage::Storage;
use super::value::Value;
use super::value_ref::ValueRef;

/// A type that a field can be cast to.
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
    /// An instant. Cast from RFC 3339 text.
    Timestamp,
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
        }
    }
}

impl fmt::Display for Type {
    /// The lower case name: `bool`, `int`, `uint`, `float`, `text` or `timestamp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::UInt => "uint",
            Self::Float => "float",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
        })
    }
}

/// Casts a value; null stays null.
pub(super) fn cast_value(field: &str, value: ValueRef<'_>, to: Type) -> Result<Value, FieldError> {
    let cast = match to {
        _ if value.is_null() => Some(Value::Null),
        Type::Bool => value.as_bool().map(Value::Bool),
        Type::Int => value.as_i64().map(Value::Int),
        Type::UInt => value.as_u64().map(Value::from),
        Type::Float => value.as_f64().map(Value::Float),
        Type::Text => to_text(value).map(Value::Text),
        Type::Timestamp => value.as_timestamp().map(Value::Timestamp),
    };
    cast.ok_or_else(|| FieldError::unexpected(field, to.expected(), value))
}

impl Kind {
    /// The value of a text of this kind. Digits that overflow a float, or that a float would turn into another whole
    /// number, stay text; a getter that wants a number parses them.
    #[inline(never)]
    pub(super) fn read(self, text: &str) -> ValueRef<'_> {
        let number = match self {
            Self::Text => None,
            Self::Number => number::parse_number(text),
        };
        number.unwrap_or(ValueRef::Text(text))
    }
}

impl Storage {
    /// Casts a cell in place. Digits that are a JSON number are kept as they are.
    pub(super) fn cast(
        &mut self,
        column: usize,
        row: usize,
        field: &str,
        to: Type,
    ) -> Result<(), FieldError> {
        let cell = self.cell(column, row);
        // Text is text already, wherever it is stored.
        if let (Type::Text, Some((_, Kind::Text))) = (to, self.text_of(cell)) {
            return Ok(());
        }
        // Most casts are of decimals to floats.
        if let (Type::Float, Some((text, Kind::Text))) = (to, self.text_of(cell))
            && let (Stored::Text { .. }, Some(float)) = (cell.stored(), number::parse_decimal(text))
        {
            let cell = self.float_cell(cell, float);
            self.put(column, row, cell);
            return Ok(());
        }
        let value = self.value(column, row).ok_or_else(|| FieldError::missing(field))?;
        let cast = cast_value(field, value, to).map_err(|error| match self.text_of(cell) {
            Some((digits, Kind::Number)) => FieldError::unexpected_number(field, to.expected(), digits),
            _ => error,
        })?;
        let cell = match self.digits(cell, to, &cast) {
            Some(digits) => self.cast_digits(digits, &cast),
            None => self.value_cell(cast),
        };
        self.put(column, row, cell);
        Ok(())
    }

    /// The cell of the digits that are written for the cast value, if they are kept.
    fn digits(&mut self, cell: Cell, to: Type, cast: &Value) -> Option<Cell> {
        let (text, kind) = self.text_of(cell)?;
        let is_kept = match to {
            Type::Text => true,
            // The cast has parsed these same digits.
            Type::Float if kind == Kind::Text => number::is_json(text),
            Type::Float => ValueRef::Text(text).as_f64() == cast.as_ref().as_f64(),
            Type::Int | Type::UInt if kind == Kind::Text => number::is_json(text),
            Type::Int | Type::UInt => Kind::Number.read(text) == cast.as_ref(),
            Type::Bool | Type::Timestamp => false,
        };
        match cell.stored() {
            _ if !is_kept => None,
            Stored::Float(number) => Some(self.floats.get(number)?.0),
            Stored::Value(_) => {
                let text = text.to_owned();
                let copy = self.text_cell(0, &text, Kind::Text);
                // Digits that don't fit into the text of the batch can't be kept.
                matches!(copy.stored(), Stored::Text { .. }).then_some(copy)
            }
            _ => Some(cell),
        }
    }

    /// The cell of a value that is written with these digits.
    fn cast_digits(&mut self, digits: Cell, cast: &Value) -> Cell {
        match cast {
            Value::Float(float) => self.float_cell(digits, *float),
            Value::Text(_) => digits.with_kind(Kind::Text),
            _ => digits.with_kind(Kind::Number),
        }
    }
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

    /// Casts a text, and checks its value and the digits that are written for it, if they are kept.
    #[track_caller]
    fn check(text: &str, to: Type, value: &Value, digits: Option<&str>) {
        for mut storage in cells(text) {
            storage.cast(0, 0, "a", to).unwrap();
            assert_eq!(storage.value(0, 0), Some(value.as_ref()));
            let expected = digits.map_or(CellRef::from(value.as_ref()), CellRef::Number);
            assert_eq!(storage.written(0, 0), Some(expected));
        }
    }

    #[test]
    fn digits_are_kept_if_they_are_a_json_number() {
        check("12.50", Type::Float, &Value::Float(12.5), Some("12.50"));
        check("12", Type::Float, &Value::Float(12.0), Some("12"));
        check("-0", Type::Int, &Value::Int(0), Some("-0"));
        check("18446744073709551615", Type::UInt, &Value::UInt(u64::MAX), Some("18446744073709551615"));
    }

    #[test]
    fn other_digits_are_normalized() {
        check("007", Type::Int, &Value::Int(7), None);
        check("+5", Type::UInt, &Value::Int(5), None);
        check(".5", Type::Float, &Value::Float(0.5), None);
    }

    #[test]
    fn text_casts_to_the_other_types() {
        check("true", Type::Bool, &Value::Bool(true), None);
        check("a", Type::Text, &Value::from("a"), None);
        let epoch = Value::Timestamp(time::UtcDateTime::UNIX_EPOCH);
        check("1970-01-01T00:00:00Z", Type::Timestamp, &epoch, None);
    }

    #[test]
    fn a_cast_can_be_cast_again() {
        let [mut storage, _] = cells("12.0");
        let mut cast = |to| storage.cast(0, 0, "a", to).map(|()| storage.value(0, 0).map(ValueRef::to_owned));
        assert_eq!(cast(Type::Float), Ok(Some(Value::Float(12.0))));
        assert_eq!(cast(Type::Text), Ok(Some(Value::from("12.0"))));
        assert_eq!(cast(Type::Float), Ok(Some(Value::Float(12.0))));
        assert_eq!(cast(Type::Int), Ok(Some(Value::Int(12))));
        assert_eq!(cast(Type::Text), Ok(Some(Value::from("12"))));
    }

    #[test]
    fn a_text_that_a_step_made_stays_where_it_is() {
        let [_, mut storage] = cells("a");
        storage.cast(0, 0, "a", Type::Text).unwrap();
        assert_eq!(storage.value(0, 0), Some(ValueRef::Text("a")));
        assert_eq!(storage.text_len(), 0);
    }

    #[test]
    fn null_stays_null_and_absent_is_an_error() {
        let mut storage = Storage::default().recycled(2);
        storage.put(0, 0, Cell::NULL);
        assert_eq!(storage.cast(0, 0, "a", Type::Int), Ok(()));
        assert_eq!(storage.value(0, 0), Some(ValueRef::Null));
        assert_eq!(storage.cast(1, 0, "b", Type::Int), Err(FieldError::missing("b")));
    }

    #[test]
    fn a_value_of_another_type_is_an_error_and_leaves_the_cell_unchanged() {
        let table = [("", Type::Float), ("1.0", Type::Int), ("-1", Type::UInt), ("1", Type::Bool)];
        for (text, to) in table {
            for mut storage in cells(text) {
                assert!(storage.cast(0, 0, "a", to).is_err(), "{text}");
                assert_eq!(storage.value(0, 0), Some(ValueRef::Text(text)));
            }
        }
        assert!(cast_value("a", ValueRef::List(&[]), Type::Text).is_err());
    }
}
