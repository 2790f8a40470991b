//! What went wrong while parameters were read into a type.

use std::fmt;

use serde::de;

use super::ParamError;
use crate::BoxError;

/// An error of serde. What is below one parameter does not know its name, so that is [added](Self::of) above.
#[derive(Debug)]
pub(super) enum Fault {
    /// The name or the value of a parameter can't be read.
    Text(BoxError),
    /// The type has no field of this name.
    Unknown(&'static [&'static str]),
    Known(ParamError),
}

impl Fault {
    /// The same fault, in this parameter.
    pub(super) fn of(self, name: &str, value: &str) -> Self {
        let name = name.to_owned();
        Self::Known(match self {
            Self::Text(source) => ParamError::Invalid { name, value: value.to_owned(), source },
            Self::Unknown(expected) => {
                let expected = expected.iter().map(|name| (*name).to_owned()).collect();
                ParamError::Unknown { name, expected }
            }
            Self::Known(error) => error,
        })
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Text(message.to_string().into())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Known(ParamError::Missing { name: field.to_owned() })
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        Self::Unknown(expected)
    }
}

impl From<Fault> for ParamError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Text(source) => Self::Rejected { source },
            // Of no parameter: the type asked for another field by itself.
            Fault::Unknown(_) => Self::Rejected { source: "it has a field that is not known".into() },
            Fault::Known(error) => error,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(source) => source.fmt(f),
            Self::Unknown(_) => f.write_str("unknown field"),
            Self::Known(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}
