//! Changing the type of a field.

use std::fmt;

use super::buffer::{Buffer, Kind};
use super::cell::Cell;
use super::field_error::FieldError;
use super::number;
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
    /// True or false; from the text `true` or `false`.
    Bool,
    /// A whole number in the range of `i64`; from text, or from a number without a fraction.
    Int,
    /// A whole number in the range of `u64`; from text, or from a number without a fraction.
    UInt,
    /// A floating point number; from text that is a finite number, or from any number.
    Float,
    /// Text; from anything but bytes, lists and maps.
    Text,
    /// An instant; from RFC 3339 text.
    Timestamp,
}

impl Type {
    /// The type as a message expects it.
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

/// Casts a cell in its place. Digits that are a number of JSON are kept as they are.
pub(super) fn cast_cell(
    field: &str,
    cell: &mut Cell,
    buffer: &mut Buffer,
    to: Type,
) -> Result<(), FieldError> {
    let value = cell.value(buffer).ok_or_else(|| FieldError::missing(field))?;
    let cast = cast_value(field, value, to).map_err(|error| match cell {
        Cell::Slice(slice) if slice.kind() != Kind::Text => {
            FieldError::unexpected_number(field, to.expected(), buffer.get(*slice))
        }
        _ => error,
    })?;
    *cell = same_digits(cell, buffer, to, &cast).unwrap_or(Cell::Value(cast));
    Ok(())
}

/// The cell with its text read as `to`, if that text is to be written for the cast value.
fn same_digits(cell: &Cell, buffer: &mut Buffer, to: Type, cast: &Value) -> Option<Cell> {
    let kind = match to {
        Type::Int | Type::UInt => Kind::Number,
        Type::Float => Kind::Float,
        Type::Text => Kind::Text,
        Type::Bool | Type::Timestamp => return None,
    };
    let fits = |text: &str| kind == Kind::Text || (number::is_json(text) && kind.read(text) == cast.as_ref());
    match cell {
        Cell::Slice(slice) => fits(buffer.get(*slice)).then(|| Cell::Slice(slice.with_kind(kind))),
        Cell::Value(Value::Text(text)) => fits(text).then(|| buffer.push(text, kind)),
        Cell::Value(_) | Cell::Absent => None,
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

    /// Casts a text, and checks its value and the digits that are written for it, if they are kept.
    #[track_caller]
    fn check(text: &str, to: Type, value: &Value, digits: Option<&str>) {
        let mut buffer = Buffer::default();
        for mut cell in [buffer.push(text, Kind::Text), Cell::Value(text.into())] {
            cast_cell("a", &mut cell, &mut buffer, to).unwrap();
            assert_eq!(cell.value(&buffer), Some(value.as_ref()));
            let expected = digits.map_or(CellRef::from(value.as_ref()), CellRef::Number);
            assert_eq!(cell.written(&buffer), Some(expected));
        }
    }

    #[test]
    fn digits_are_kept_if_they_are_a_number_of_json() {
        check("12.50", Type::Float, &Value::Float(12.5), Some("12.50"));
        check("12", Type::Float, &Value::Float(12.0), Some("12"));
        check("-0", Type::Int, &Value::Int(0), Some("-0"));
        check("18446744073709551615", Type::UInt, &Value::UInt(u64::MAX), Some("18446744073709551615"));
    }

    #[test]
    fn other_digits_are_normalised() {
        check("007", Type::Int, &Value::Int(7), None);
        check("+5", Type::UInt, &Value::Int(5), None);
        check(".5", Type::Float, &Value::Float(0.5), None);
    }

    #[test]
    fn text_casts_to_the_other_types() {
        check("true", Type::Bool, &Value::Bool(true), None);
        check("a", Type::Text, &Value::from("a"), None);
        check(
            "1970-01-01T00:00:00Z",
            Type::Timestamp,
            &Value::Timestamp(time::UtcDateTime::UNIX_EPOCH),
            None,
        );
    }

    #[test]
    fn a_cast_can_be_cast_again() {
        let mut buffer = Buffer::default();
        let mut cell = buffer.push("12.0", Kind::Text);
        let mut cast =
            |to| cast_cell("a", &mut cell, &mut buffer, to).map(|()| cell.clone().into_value(&buffer));
        assert_eq!(cast(Type::Float), Ok(Some(Value::Float(12.0))));
        assert_eq!(cast(Type::Text), Ok(Some(Value::from("12.0"))));
        assert_eq!(cast(Type::Float), Ok(Some(Value::Float(12.0))));
        assert_eq!(cast(Type::Int), Ok(Some(Value::Int(12))));
        assert_eq!(cast(Type::Text), Ok(Some(Value::from("12"))));
    }

    #[test]
    fn null_stays_null_and_absent_is_an_error() {
        let mut buffer = Buffer::default();
        let mut null = Cell::Value(Value::Null);
        assert_eq!(cast_cell("a", &mut null, &mut buffer, Type::Int), Ok(()));
        assert_eq!(null.value(&buffer), Some(ValueRef::Null));
        let absent = cast_cell("a", &mut Cell::Absent, &mut buffer, Type::Int);
        assert_eq!(absent, Err(FieldError::missing("a")));
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_leaves_the_cell() {
        let table = [("", Type::Float), ("1.0", Type::Int), ("-1", Type::UInt), ("1", Type::Bool)];
        for (text, to) in table {
            let mut buffer = Buffer::default();
            let mut cell = buffer.push(text, Kind::Text);
            assert!(cast_cell("a", &mut cell, &mut buffer, to).is_err(), "{text}");
            assert_eq!(cell.value(&buffer), Some(ValueRef::Text(text)));
        }
        assert!(cast_value("a", ValueRef::List(&[]), Type::Text).is_err());
    }
}
