//! What an error of serde_json means. All of this happens once, for the record that failed.

use godata_etl::Value;
use serde_json::error::Category;
use serde_path_to_error::{Deserializer as Tracked, Path, Segment, Track};

use super::nested::DUPLICATE_KEY;
use crate::{
    JsonError,
    excerpt::{cut, excerpt},
};

/// How many characters of a type's own message are shown.
const REASON: usize = 300;

/// What serde_json says of a number that no `f64` can hold.
const OUT_OF_RANGE: &str = "number out of range";

type JsonText<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

/// Decodes once more and says on the way to which field it failed.
pub(super) fn retrace<'a, T>(
    text: &'a str,
    decode: impl FnOnce(Tracked<'_, '_, &mut JsonText<'a>>) -> Result<T, serde_json::Error>,
) -> Option<Path> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let failed = decode(Tracked::new(&mut json, &mut track)).is_err();
    failed.then(|| track.path())
}

/// Why a typed record failed.
pub(super) fn explain(text: &str, error: &serde_json::Error, path: Option<&Path>) -> JsonError {
    let (column, reason) = (error.column().max(1), reason(error));
    if error.classify() != Category::Data {
        return syntax(text, column, reason, path);
    }
    let found = path.and_then(|path| scalar_at(text, path));
    let path = path.map(field).unwrap_or_default();
    match mismatch(&reason) {
        Some((found, expected)) => {
            JsonError::Mismatch { column, path, expected: cut(expected, REASON), found: excerpt(found) }
        }
        None => {
            let found = found.filter(|value| !reason.contains(&value.to_string()));
            JsonError::Invalid {
                column,
                path,
                reason: cut(&reason, REASON),
                found: found.map(|value| describe(&value)),
            }
        }
    }
}

/// Why a dynamic record failed.
pub(super) fn explain_record(text: &str, error: &serde_json::Error, path: Option<&Path>) -> JsonError {
    let (column, reason) = (error.column().max(1), reason(error));
    match error.classify() {
        Category::Data if reason == DUPLICATE_KEY => {
            JsonError::DuplicateKey { column, path: path.map(field).unwrap_or_default() }
        }
        Category::Data => JsonError::NotAnObject { found: first_value(text) },
        Category::Io | Category::Syntax | Category::Eof => syntax(text, column, reason, path),
    }
}

fn syntax(text: &str, column: usize, reason: String, path: Option<&Path>) -> JsonError {
    if reason == OUT_OF_RANGE {
        let (column, digits) = number_around(text, column);
        return JsonError::NumberRange {
            column,
            path: path.map(field).unwrap_or_default(),
            digits: excerpt(digits),
        };
    }
    match memchr::memchr(0, text.as_bytes()) {
        Some(nul) => JsonError::Nul { column: nul + 1 },
        None => JsonError::Syntax { column, reason },
    }
}

/// The message without its ` at line 1 column N`.
fn reason(error: &serde_json::Error) -> String {
    let mut reason = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    if let Some(len) = reason.strip_suffix(&place).map(str::len) {
        reason.truncate(len);
    }
    reason
}

/// What was found and what was expected, of a message that serde made of the two. The value found may have any
/// text in it, what was expected comes from the type.
fn mismatch(reason: &str) -> Option<(&str, &str)> {
    let both = reason.strip_prefix("invalid type: ").or_else(|| reason.strip_prefix("invalid value: "))?;
    both.rsplit_once(", expected ")
}

fn field(path: &Path) -> String {
    let known = path.iter().all(|segment| !matches!(segment, Segment::Unknown));
    if known && path.iter().len() > 0 { cut(&path.to_string(), REASON) } else { String::new() }
}

/// The value at a path, if it is neither an array nor an object.
fn scalar_at(text: &str, path: &Path) -> Option<Value> {
    let root: Value = serde_json::from_str(text).ok()?;
    let value = path.iter().try_fold(&root, |value, segment| match (segment, value) {
        (Segment::Map { key }, Value::Map(fields)) => at(fields, key),
        (Segment::Seq { index }, Value::List(values)) => values.get(*index),
        (Segment::Enum { variant }, Value::Map(fields)) => at(fields, variant),
        (Segment::Enum { .. }, value) => Some(value),
        _ => None,
    })?;
    let is_scalar = !matches!(value, Value::List(_) | Value::Map(_));
    is_scalar.then(|| value.clone())
}

fn at<'a>(fields: &'a [(String, Value)], key: &str) -> Option<&'a Value> {
    fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// What a line begins with that is no object.
fn first_value(text: &str) -> String {
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    match first {
        Some(Ok(value)) => describe(&value),
        // It did not begin with something that can't begin a value, or that would have been the error.
        _ => "an array".to_owned(),
    }
}

fn describe(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".to_owned(),
        Value::List(_) => return "an array".to_owned(),
        Value::Map(_) => return "an object".to_owned(),
        Value::Bool(_) => "bool",
        Value::Text(_) => "text",
        _ => "number",
    };
    format!("{kind} `{}`", excerpt(&value.to_string()))
}

/// The digits in or before whose end is this column, and the column where they begin.
fn number_around(text: &str, column: usize) -> (usize, &str) {
    let is_digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    let (before, after) = text.as_bytes().split_at(column.min(text.len()));
    let start = before.len() - before.iter().rev().take_while(|b| is_digit(b)).count();
    let end = before.len() + after.iter().take_while(|b| is_digit(b)).count();
    (start + 1, text.get(start..end).unwrap_or_default())
}
