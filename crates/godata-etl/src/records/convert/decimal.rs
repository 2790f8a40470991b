//! Decimals in serde: as text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::super::decimal::Decimal;

/// The type as serializers see it. [`to_value`](crate::to_value) recognizes it, and makes a decimal of it.
pub(super) const NAME: &str = "godata::Decimal";

/// Each decimal of at most this many digits leads to a float that leads back to it.
const FLOAT_DIGITS: usize = f64::DIGITS as usize;

impl Serialize for Decimal {
    /// Text, such as `12.50`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &self.to_string())
    }
}

impl<'de> Deserialize<'de> for Decimal {
    /// From text, from a whole number, or from a float of at most 15 digits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl<'de> Visitor<'de> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number of at most 38 digits")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Decimal, D::Error> {
        Decimal::deserialize(deserializer)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Decimal, E> {
        Decimal::new(value, 0).ok_or_else(|| E::custom(format_args!("{value} has more than 38 digits")))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Decimal, E> {
        let text = value.to_string();
        let digits = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
        match text.parse() {
            Ok(decimal) if digits <= FLOAT_DIGITS => Ok(decimal),
            _ => Err(E::custom(format_args!(
                "a number of more than {FLOAT_DIGITS} digits must be in quotes to be read as a decimal"
            ))),
        }
    }
}
