//! Why a value could not be cast.

use std::error::Error;
use std::fmt;

use godata_core::debug_as_chain;

use super::super::field_error::excerpt_of;
use super::super::value_ref::ValueRef;

/// Why a value could not be cast: what was expected and what was found, or what is wrong with the cast.
#[derive(Clone, PartialEq, Eq)]
pub struct CastError(Box<Problem>);

#[derive(Clone, PartialEq, Eq)]
enum Problem {
    Mismatch { expected: String, kind: &'static str, value: String },
    Mistake(String),
}

impl CastError {
    /// The value that was found, cut after 80 characters; `None` if the cast itself has a mistake.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match &*self.0 {
            Problem::Mismatch { value, .. } => Some(value),
            Problem::Mistake(_) => None,
        }
    }

    pub(super) fn unexpected(expected: String, found: ValueRef<'_>) -> Self {
        Self(Box::new(Problem::Mismatch { expected, kind: found.kind(), value: excerpt_of(found) }))
    }

    pub(super) fn mistake(mistake: String) -> Self {
        Self(Box::new(Problem::Mistake(mistake)))
    }
}

impl fmt::Display for CastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Problem::Mismatch { expected, kind, value } => {
                write!(f, "expected {expected}, found {kind} `{value}`")
            }
            Problem::Mistake(mistake) => f.write_str(mistake),
        }
    }
}

impl Error for CastError {}

debug_as_chain!(CastError);
