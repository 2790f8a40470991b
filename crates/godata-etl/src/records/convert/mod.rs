//! Between dynamic records and the types of serde.

mod access;
mod de;
mod decimal;
mod empty;
mod error;
mod fields;
mod from_serde;
mod ser;
mod serializer;
mod serializer_parts;

use serde::{Deserialize, Deserializer, Serialize};

pub use self::error::ConvertError;
use self::serializer::ValueSerializer;
use super::record::Record;
use super::value::Value;

/// Converts any value that serde can serialize to a [`Value`].
///
/// Structs and maps become maps, sequences and tuples become lists, and `None` and `()` become null. A variant of an enum
/// becomes its name, or a map of one field if it has content. Keys of maps must be text, numbers, bools or chars.
///
/// # Errors
///
/// [`ConvertError`] if a key is of another type, or the type fails to serialize.
///
/// ```
/// use godata_etl::{Value, to_value};
///
/// assert_eq!(to_value(&(1, "a", None::<i64>))?.to_string(), "[1, a, null]");
/// # Ok::<(), godata_etl::ConvertError>(())
/// ```
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, ConvertError> {
    value.serialize(ValueSerializer)
}

/// Converts a struct or a map to a [`Record`], by the rules of [`to_value`].
///
/// # Errors
///
/// [`ConvertError`] as for [`to_value`], and if the value is neither a struct nor a map.
///
/// ```
/// use godata_etl::{record, to_record};
///
/// #[derive(serde::Serialize)]
/// struct Order {
///     id: String,
///     amount: f64,
/// }
///
/// let order = Order { id: "A-1".into(), amount: 12.5 };
/// assert_eq!(to_record(&order)?, record! {"id" => "A-1", "amount" => 12.5});
/// assert_eq!(to_record("A-1").unwrap_err().to_string(), "expected a struct or a map, found text `A-1`");
/// # Ok::<(), godata_etl::ConvertError>(())
/// ```
pub fn to_record<T: Serialize + ?Sized>(value: &T) -> Result<Record, ConvertError> {
    match to_value(value)? {
        Value::Map(fields) => Ok(fields.into_iter().collect()),
        other => Err(ConvertError::expected("a struct or a map", other.as_ref())),
    }
}

/// `T::deserialize`, with the type named last.
pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, ConvertError>
where
    T: Deserialize<'de>,
    D: Deserializer<'de, Error = ConvertError>,
{
    T::deserialize(from)
}

#[cfg(test)]
mod tests;
