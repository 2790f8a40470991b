//! Records as JSON text, for people.

use std::fmt::{self, Write as _};

use super::record::Record;
use super::row::RecordRef;
use super::value::Value;
use super::value_ref::ValueRef;

/// A JSON object on one line, for messages and logs. JSON has no timestamps, dates, bytes, infinities and `NaN`, so these are
/// strings; bytes are hexadecimal.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// As the display of a [`Record`].
impl fmt::Display for RecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_object(f, self.iter())
    }
}

fn write_object<'a>(
    f: &mut fmt::Formatter<'_>,
    fields: impl Iterator<Item = (&'a str, ValueRef<'a>)>,
) -> fmt::Result {
    f.write_char('{')?;
    for (at, (name, value)) in fields.enumerate() {
        f.write_str(if at == 0 { "" } else { "," })?;
        write_text(f, name)?;
        f.write_char(':')?;
        write_value(f, value)?;
    }
    f.write_char('}')
}

fn write_value(f: &mut fmt::Formatter<'_>, value: ValueRef<'_>) -> fmt::Result {
    match value {
        ValueRef::Null => f.write_str("null"),
        ValueRef::Bool(value) => write!(f, "{value}"),
        ValueRef::Number(_) if value.as_f64().is_some_and(f64::is_finite) => write!(f, "{value}"),
        ValueRef::Decimal(value) => write!(f, "{value}"),
        ValueRef::Text(text) => write_text(f, text),
        ValueRef::Bytes(bytes) => {
            f.write_char('"')?;
            bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            f.write_char('"')
        }
        ValueRef::Number(_) | ValueRef::Timestamp(_) | ValueRef::Date(_) => write!(f, "\"{value}\""),
        ValueRef::List(values) => write_list(f, values),
        ValueRef::Map(fields) => {
            write_object(f, fields.iter().map(|(name, value)| (name.as_str(), value.as_ref())))
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    f.write_char('[')?;
    for (at, value) in values.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { "," })?;
        write_value(f, value.as_ref())?;
    }
    f.write_char(']')
}

/// Writes a string by RFC 8259, section 7.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' | '\\' => write!(f, "\\{char}"),
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\t' => f.write_str("\\t"),
            char if char < ' ' => write!(f, "\\u{:04x}", u32::from(char)),
            char => f.write_char(char),
        }?;
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record;

    fn any_value() -> impl Strategy<Value = (Value, serde_json::Value)> {
        let text = prop_oneof![any::<String>(), "[\"\\\\\u{0}-\u{1f}\u{7f}]{0,4}"];
        let flat = prop_oneof![
            Just((Value::Null, serde_json::Value::Null)),
            any::<bool>().prop_map(|value| (value.into(), value.into())),
            any::<i64>().prop_map(|value| (value.into(), value.into())),
            any::<u64>().prop_map(|value| (value.into(), value.into())),
            any::<i32>().prop_map(|n| (Value::from(f64::from(n) / 8.0), (f64::from(n) / 8.0).into())),
            text.prop_map(|value| (value.as_str().into(), value.into())),
        ];
        flat.prop_recursive(3, 12, 4, |inner| {
            let list = prop::collection::vec(inner, 0..4);
            list.prop_map(|values| {
                let (values, expected): (Vec<_>, Vec<_>) = values.into_iter().unzip();
                (Value::List(values), serde_json::Value::Array(expected))
            })
        })
    }

    proptest! {
        #[test]
        fn a_record_is_shown_as_json(fields in prop::collection::btree_map(any::<String>(), any_value(), 0..4)) {
            let mut record = Record::new();
            let mut expected = serde_json::Map::new();
            for (name, (value, json)) in fields {
                record.set(name.as_str(), value);
                expected.insert(name, json);
            }
            let shown = record.to_string();
            prop_assert!(!shown.contains('\n'));
            let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
            prop_assert_eq!(read, serde_json::Value::Object(expected));
        }
    }

    #[test]
    fn what_json_does_not_have_is_a_string() {
        let record = record! {
            "at" => "2026-01-31T12:00:00Z".parse::<crate::Timestamp>().unwrap(),
            "amount" => crate::Decimal::new(1250, 2),
            "bytes" => Value::Bytes(vec![0, 255]),
            "ratio" => f64::NAN,
            "map" => Value::Map(vec![("a".into(), 1.into())]),
        };
        let expected =
            r#"{"at":"2026-01-31T12:00:00Z","amount":12.50,"bytes":"00ff","ratio":"NaN","map":{"a":1}}"#;
        assert_eq!(record.to_string(), expected);
        assert_eq!(record.as_ref().to_string(), expected);
    }
}
