//! Generators for property tests.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

/// Text with characters that a JSON string must escape, and with characters of all UTF-8 lengths.
pub(crate) fn nasty_text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        4 => any::<char>(),
        2 => prop::char::range('\0', '\u{1f}'),
        2 => prop::sample::select(vec!['"', '\\', '/', '\u{7f}', '\u{2028}', '\u{feff}', '\u{ffff}', '😀']),
        2 => prop::char::range(' ', '~'),
    ];
    prop::collection::vec(c, 0..12).prop_map(String::from_iter)
}

/// Any JSON value, nested.
pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|float| Number::from_f64(float).map_or(Value::Null, Value::Number)),
        nasty_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            fields(inner).prop_map(Value::from),
        ]
    })
}

/// Any JSON object, nested.
pub(crate) fn json_object() -> impl Strategy<Value = Map<String, Value>> {
    fields(json_value())
}

fn fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof!["[a-d]", nasty_text()];
    prop::collection::btree_map(name, value, 0..6).prop_map(Map::from_iter)
}
