//! Decodes records and values one by one, without serde, which does not keep digits.

use std::any::Any;

use godata_etl::{Record, Value};

use super::nested;
use super::parser::Parser;
use crate::DuplicateKeys;
use crate::options::Options;

/// Decodes the text if `T` is [`Record`] or [`Value`]; `None` for other types and for other text. If a key appears twice, the
/// last one counts, as for all types that take any key.
pub(super) fn decode<T: 'static>(text: &str) -> Option<T> {
    let mut decoded: Option<T> = None;
    let place: &mut dyn Any = &mut decoded;
    if let Some(place) = place.downcast_mut::<Option<Value>>() {
        *place = value(text);
    } else if let Some(place) = place.downcast_mut::<Option<Record>>() {
        *place = record(text);
    }
    decoded
}

fn record(text: &str) -> Option<Record> {
    match value(text)? {
        Value::Map(fields) => Some(fields.into()),
        _ => None,
    }
}

fn value(text: &str) -> Option<Value> {
    let mut json = Parser::new(text, Options::default().max_depth());
    let value = nested::value(&mut json, DuplicateKeys::Last).ok()?;
    json.end().ok()?;
    Some(value)
}
