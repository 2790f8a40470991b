//! Why a conversion failed.

use std::error::Error;
use std::fmt;

use godata_core::{debug_as_chain, excerpt, excerpt_within};
use serde::{de, ser};

use super::super::field_error::excerpt_of;
use super::super::value_ref::ValueRef;

/// How many characters of a path, or of a type's own words, a message shows.
const TEXT: usize = 300;

/// Why a record or a value could not be converted: it says where, what was expected and what was found.
///
/// ```
/// use godata_etl::record;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Order {
///     amount: f64,
/// }
///
/// let error = record! {"amount" => "abc"}.de::<Order>().unwrap_err();
/// assert_eq!(error.to_string(), "field `amount`: expected a number, found text `abc`");
/// assert_eq!((error.path(), error.value()), ("amount", Some("abc")));
///
/// let error = record! {}.de::<Order>().unwrap_err();
/// assert_eq!(error.to_string(), "field `amount` is missing");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConvertError {
    path: String,
    problem: Problem,
    found: Option<Found>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Missing,
    Mismatch { expected: String, found: String },
    Message(String),
}

/// The value that does not fit. For null, lists and maps, only its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    kind: &'static str,
    value: Option<String>,
}

impl ConvertError {
    /// The path to the field, such as `customer.emails[2]`; empty for the record or value as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value that was found, cut after 80 characters; `None` if the field is missing, null, a list or a map.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.found.as_ref()?.value.as_deref()
    }

    /// The field that is missing.
    pub(crate) fn missing(&self) -> Option<&str> {
        matches!(self.problem, Problem::Missing).then_some(&*self.path)
    }

    pub(super) fn expected(expected: &str, found: ValueRef<'_>) -> Self {
        let problem = Problem::Mismatch { expected: expected.to_owned(), found: String::new() };
        Self { found: Some(Found::new(found)), ..Self::new(problem) }
    }

    pub(super) fn message(message: impl Into<String>) -> Self {
        Self::new(Problem::Message(message.into()))
    }

    /// Adds a field to the start of the path.
    pub(super) fn in_field(self, name: &str) -> Self {
        self.within(name)
    }

    /// Adds an index of a list, from 0, to the start of the path.
    pub(super) fn in_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// Sets the value that was found, unless a part of it has been set already.
    pub(super) fn with_found(mut self, value: ValueRef<'_>) -> Self {
        self.found.get_or_insert_with(|| Found::new(value));
        self
    }

    fn new(problem: Problem) -> Self {
        Self { path: String::new(), problem, found: None }
    }

    fn within(mut self, outer: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{separator}{}", self.path);
        self
    }

    fn mismatch(unexpected: &de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = excerpt(&unexpected.to_string());
        Self::new(Problem::Mismatch { expected: expected.to_string(), found })
    }
}

impl Found {
    fn new(value: ValueRef<'_>) -> Self {
        let is_scalar = !matches!(value, ValueRef::Null | ValueRef::List(_) | ValueRef::Map(_));
        Self { kind: value.kind(), value: is_scalar.then(|| excerpt_of(value)) }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, self.kind) {
            (Some(value), kind) => write!(f, "{kind} `{value}`"),
            (None, "null") => f.write_str("null"),
            (None, kind) => write!(f, "a {kind}"),
        }
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, problem, found } = self;
        let path = excerpt_within(path, TEXT);
        if matches!(problem, Problem::Missing) {
            return write!(f, "field `{path}` is missing");
        }
        if !path.is_empty() {
            write!(f, "field `{path}`: ")?;
        }
        match (problem, found) {
            (Problem::Mismatch { expected, .. }, Some(found)) => {
                write!(f, "expected {}, found {found}", excerpt_within(expected, TEXT))
            }
            (Problem::Mismatch { expected, found }, None) => {
                write!(f, "expected {}, found {found}", excerpt_within(expected, TEXT))
            }
            (Problem::Message(message), Some(found)) if found.value.is_some() => {
                write!(f, "{}, found {found}", excerpt_within(message, TEXT))
            }
            (Problem::Message(message), _) => f.write_str(&excerpt_within(message, TEXT)),
            (Problem::Missing, _) => Ok(()),
        }
    }
}

impl Error for ConvertError {}

debug_as_chain!(ConvertError);

impl ser::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message.to_string())
    }
}

impl de::Error for ConvertError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message.to_string())
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::mismatch(&unexpected, expected)
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::mismatch(&unexpected, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Problem::Missing).in_field(field)
    }
}
