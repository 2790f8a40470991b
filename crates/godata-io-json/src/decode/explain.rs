//! Explains errors of serde_json. This runs once per run, for the record that failed.

use godata_core::excerpt;
use godata_etl::Value;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::hint::of_fault;
use super::problem::{Problem, Refused};
use super::surrogate::lone_surrogate;
use crate::JsonError;
use crate::error::long_excerpt;

/// The message of serde_json for a number beyond the range of `f64`.
const OUT_OF_RANGE: &str = "number out of range";

/// The message of serde_json for a value that is nested too deep.
const TOO_DEEP: &str = "recursion limit exceeded";

/// The error for a typed record that failed.
pub(super) fn explain(text: &str, error: &serde_json::Error, path: Option<&Path>) -> JsonError {
    let (column, reason) = (column(text, error), reason(error));
    if error.classify() != Category::Data {
        return syntax(text, column, reason, path);
    }
    let found = path.and_then(|path| scalar_at(text, path));
    let path = path.map(field).unwrap_or_default();
    match mismatch(&reason) {
        Some((found, expected)) => JsonError::Mismatch {
            column,
            path,
            expected: long_excerpt(expected),
            found: excerpt(found),
            hint: None,
        },
        None => {
            let found = found.filter(|value| !reason.contains(&value.to_string()));
            JsonError::Invalid {
                column,
                path,
                reason: long_excerpt(&reason),
                found: found.map(|value| describe(&value)),
            }
        }
    }
}

/// The error for a dynamic record that was refused.
pub(super) fn explain_record(text: &str, refused: Refused, max_depth: usize) -> JsonError {
    let (path, problem) = refused.into_parts();
    let path = long_excerpt(&path);
    match problem {
        Problem::Syntax => not_json(text),
        Problem::NotAnObject => first_value(text),
        Problem::Text { begin, error } => syntax(text, begin + error.column(), reason(&error), None),
        Problem::TooDeep { column } => JsonError::TooDeep { column, max_depth },
        Problem::Duplicate { column } => JsonError::DuplicateKey { column, path },
    }
}

/// The error for a text that is not JSON. serde_json also refuses some valid JSON, for its own limits; those errors are
/// skipped, because the text has another error.
fn not_json(text: &str) -> JsonError {
    let is_limit = |error: &serde_json::Error| [OUT_OF_RANGE, TOO_DEEP].contains(&&*reason(error));
    let error = serde_json::from_str::<serde_json::Value>(text).err().filter(|error| !is_limit(error));
    match error.or_else(|| serde_json::from_str::<IgnoredAny>(text).err()) {
        Some(error) => syntax(text, column(text, &error), reason(&error), None),
        None => syntax(text, text.len().max(1), "not JSON".to_owned(), None),
    }
}

/// The place of an error, in bytes of the whole text from 1.
fn column(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let line_feed =
        lines_before.checked_sub(1).and_then(|n| memchr::memchr_iter(b'\n', text.as_bytes()).nth(n));
    (line_feed.map_or(0, |at| at + 1) + error.column()).max(1)
}

fn syntax(text: &str, column: usize, reason: String, path: Option<&Path>) -> JsonError {
    if reason == OUT_OF_RANGE {
        let (column, digits) = number_around(text, column);
        return JsonError::NumberRange {
            column,
            path: path.map(field).unwrap_or_default(),
            digits: excerpt(digits),
            // A number that a float of 64 bits can hold was refused by a smaller one.
            bits: if digits.parse().is_ok_and(f64::is_finite) { 32 } else { 64 },
        };
    }
    let bytes = text.as_bytes();
    if let Some(nul) = memchr::memchr(0, bytes) {
        let len = bytes[nul..].iter().take_while(|byte| **byte == 0).count();
        return JsonError::Nul { column: nul + 1, len };
    }
    if let Some((at, reason)) = lone_surrogate(bytes, column, &reason) {
        return JsonError::Syntax { column: at + 1, reason, hint: None };
    }
    let hint = of_fault(bytes.get(column - 1..).unwrap_or_default(), &reason);
    JsonError::Syntax { column, reason, hint }
}

/// The message without its ` at line 1 column N`.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let mut reason = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    if let Some(len) = reason.strip_suffix(&place).map(str::len) {
        reason.truncate(len);
    }
    reason
}

/// Splits a message of serde into what was found and what was expected. The value found can contain any text, but the
/// expectation comes from the type.
fn mismatch(reason: &str) -> Option<(&str, &str)> {
    let both = reason.strip_prefix("invalid type: ").or_else(|| reason.strip_prefix("invalid value: "))?;
    both.rsplit_once(", expected ")
}

fn field(path: &Path) -> String {
    let known = path.iter().all(|segment| !matches!(segment, Segment::Unknown));
    if known && path.iter().len() > 0 { long_excerpt(&path.to_string()) } else { String::new() }
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

/// The error for a record that is not an object.
fn first_value(text: &str) -> JsonError {
    let found = match serde_json::Deserializer::from_str(text).into_iter::<Value>().next() {
        Some(Ok(value)) => describe(&value),
        _ if text.trim_start().starts_with('[') => "an array".to_owned(),
        Some(Err(error)) if reason(&error) == OUT_OF_RANGE => {
            format!("number `{}`", excerpt(number_around(text, column(text, &error)).1))
        }
        _ => return not_json(text),
    };
    JsonError::NotAnObject { found, hint: None }
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

/// The digits around or before a column, and the column at which they begin.
fn number_around(text: &str, column: usize) -> (usize, &str) {
    let is_digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    let (before, after) = text.as_bytes().split_at(column.min(text.len()));
    let start = before.len() - before.iter().rev().take_while(|b| is_digit(b)).count();
    let end = before.len() + after.iter().take_while(|b| is_digit(b)).count();
    (start + 1, text.get(start..end).unwrap_or_default())
}
