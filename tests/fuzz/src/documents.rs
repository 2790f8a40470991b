//! The beginnings of text files, and JSON documents.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value};

/// The text after byte order marks; `None` for a file that is refused, with the mark of another encoding, or compressed.
pub(crate) fn text_after_marks(mut text: &[u8]) -> Option<&[u8]> {
    while let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf") {
        text = rest;
    }
    let others: [&[u8]; 7] = [
        b"\xff\xfe",
        b"\xfe\xff",
        b"\0\0\xfe\xff",
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"\xfd7zXZ\0",
        b"PK\x03\x04",
    ];
    let is_bzip2 = text.starts_with(b"BZh") && text.get(4..10) == Some(b"1AY&SY");
    let is_other = is_bzip2 || others.iter().any(|start| text.starts_with(start));
    (!is_other).then_some(text)
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
