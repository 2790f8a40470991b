//! JSON documents.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value};

/// Whether a file has no byte order mark, or that of UTF-8; others are refused.
pub(crate) fn is_utf_8_of_no_other_mark(text: &[u8]) -> bool {
    let others: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"];
    !others.iter().any(|mark| text.starts_with(mark))
}

/// Whether a dynamic record has the same value as that of `serde_json`. A number that no type of 64 bits
/// has is the text of its digits.
pub(crate) fn is_same(dynamic: &Value, typed: &Value) -> bool {
    match (dynamic, typed) {
        (Value::Number(number), Value::Number(other)) => number == other || number.as_f64() == other.as_f64(),
        (Value::String(digits), Value::Number(number)) => digits.parse().ok() == number.as_f64(),
        (Value::Array(items), Value::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| is_same(item, other))
        }
        (Value::Object(fields), Value::Object(others)) => {
            let is_same = |(name, value)| others.get(name).is_some_and(|other| is_same(value, other));
            fields.len() == others.len() && fields.iter().all(is_same)
        }
        _ => dynamic == typed,
    }
}

/// An object of at most this depth.
pub(crate) fn object(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Map<String, Value>> {
    let len = bytes.int_in_range(0..=4)?;
    (0..len).map(|_| Ok((bytes.arbitrary()?, value(bytes, depth)?))).collect()
}

/// A value of at most this depth.
pub(crate) fn value(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    Ok(match bytes.int_in_range(0..=if depth == 0 { 5 } else { 7 })? {
        0 => Value::Null,
        1 => bytes.arbitrary::<bool>()?.into(),
        2 => bytes.arbitrary::<i64>()?.into(),
        3 => bytes.arbitrary::<u64>()?.into(),
        // A number that is not finite becomes null.
        4 => bytes.arbitrary::<f64>()?.into(),
        5 => bytes.arbitrary::<&str>()?.into(),
        6 => object(bytes, depth - 1)?.into(),
        _ => {
            let len = bytes.int_in_range(0..=4)?;
            (0..len).map(|_| value(bytes, depth - 1)).collect::<Result<Vec<_>>>()?.into()
        }
    })
}
