//! Why a field could not be read or changed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use godata_core::{debug_as_chain, excerpt};

use super::cast::Type;
use super::casts::CastError;
use super::shape::Shape;
use super::shape_error::UnknownName;
use super::timestamp::{ParseTimestampError, Timestamp};
use super::value_ref::ValueRef;

/// Why a field could not be read or changed: it says which field, what was expected and what was found.
///
/// ```
/// use godata_etl::record;
///
/// let order = record! {"amount" => "abc"};
/// let error = order.f64("amount").unwrap_err();
/// assert_eq!(error.to_string(), "field `amount`: expected a number, found text `abc`");
/// assert_eq!(error.field(), "amount");
/// assert_eq!(error.value(), Some("abc"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FieldError {
    field: Box<str>,
    problem: Problem,
}

#[derive(Clone, PartialEq, Eq)]
enum Problem {
    Missing,
    /// No row of the batch can have the field.
    Unknown(Arc<Shape>),
    Null,
    /// An empty text in a format without null.
    Empty,
    /// Another name of the same field has a value too.
    Both(Box<str>),
    Cast(CastError),
    /// The field can't get this name, because the field of this name has a value too.
    Taken(Box<str>),
    Mismatch {
        expected: &'static str,
        kind: &'static str,
        value: Box<str>,
        /// The place in a text that should be a timestamp.
        bad: Option<ParseTimestampError>,
    },
}

impl FieldError {
    /// The name of the field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The value that was found, cut after 80 characters; `None` if the field is missing or null.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match &self.problem {
            Problem::Mismatch { value, .. } => Some(value),
            Problem::Cast(error) => error.value(),
            Problem::Missing
            | Problem::Unknown(_)
            | Problem::Null
            | Problem::Empty
            | Problem::Both(_)
            | Problem::Taken(_) => None,
        }
    }

    /// Whether no record of the batch can have the field, so that the fault is not that of one record.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.problem, Problem::Unknown(_))
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self { field: field.into(), problem: Problem::Missing }
    }

    pub(super) fn null(field: &str) -> Self {
        Self { field: field.into(), problem: Problem::Null }
    }

    pub(super) fn empty(field: &str) -> Self {
        Self { field: field.into(), problem: Problem::Empty }
    }

    pub(super) fn both(field: &str, other: &str) -> Self {
        Self { field: field.into(), problem: Problem::Both(other.into()) }
    }

    pub(super) fn unknown(field: &str, known: Arc<Shape>) -> Self {
        Self { field: field.into(), problem: Problem::Unknown(known) }
    }

    pub(super) fn taken(from: &str, to: &str) -> Self {
        Self { field: from.into(), problem: Problem::Taken(to.into()) }
    }

    pub(super) fn cast(field: &str, error: CastError) -> Self {
        Self { field: field.into(), problem: Problem::Cast(error) }
    }

    /// `found` is not what a step expects.
    pub(super) fn mismatch(field: &str, expected: &'static str, found: ValueRef<'_>) -> Self {
        let problem =
            Problem::Mismatch { expected, kind: found.kind(), value: excerpt_of(found).into(), bad: None };
        Self { field: field.into(), problem }
    }

    /// `found` is not of that type. Null has a message of its own.
    pub(crate) fn unexpected(field: &str, expected: Type, found: ValueRef<'_>) -> Self {
        let problem = match found {
            ValueRef::Null => Problem::Null,
            _ => Problem::Mismatch {
                expected: expected.expected(),
                kind: found.kind(),
                value: excerpt_of(found).into(),
                bad: bad_timestamp(expected, found),
            },
        };
        Self { field: field.into(), problem }
    }
}

impl Error for FieldError {}

debug_as_chain!(FieldError);

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Problem::Unknown(known) = &self.problem {
            return UnknownName(&self.field, known.as_slice()).fmt(f);
        }
        write!(f, "field `{}`", excerpt(&self.field))?;
        match &self.problem {
            Problem::Unknown(_) => Ok(()),
            Problem::Missing => f.write_str(" is missing"),
            Problem::Null => f.write_str(" is null"),
            Problem::Empty => f.write_str(" is empty"),
            Problem::Both(other) => write!(f, " and its other name `{}` both have a value", excerpt(other)),
            Problem::Cast(error) => write!(f, ": {error}"),
            Problem::Taken(to) => write!(f, " can't be renamed to `{}`: both have a value", excerpt(to)),
            Problem::Mismatch { expected, kind, value, bad } => {
                write!(f, ": expected {expected}, found {kind} `{value}`")?;
                bad.as_ref().map_or(Ok(()), |bad| write!(f, " ({bad})"))
            }
        }
    }
}

fn bad_timestamp(expected: Type, found: ValueRef<'_>) -> Option<ParseTimestampError> {
    let text = found.as_str().filter(|_| expected == Type::Timestamp)?;
    text.parse::<Timestamp>().err()
}

/// The start of a value, on one line.
pub(super) fn excerpt_of(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => excerpt(text),
        _ => excerpt(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_field_and_what_was_found() {
        let error = |found| FieldError::unexpected("a", Type::Float, found).to_string();
        assert_eq!(error(ValueRef::Text("x")), "field `a`: expected a number, found text `x`");
        assert_eq!(error(ValueRef::Bool(true)), "field `a`: expected a number, found bool `true`");
        assert_eq!(error(ValueRef::Null), "field `a` is null");
        assert_eq!(FieldError::missing("a").to_string(), "field `a` is missing");
        let at = FieldError::unexpected("at", Type::Timestamp, ValueRef::Text("2024-05-01 12:00:00Z"));
        let found = "expected an RFC 3339 timestamp, found text `2024-05-01 12:00:00Z`";
        assert_eq!(at.to_string(), format!("field `at`: {found} (character 11: expected `T`)"));
    }
}
