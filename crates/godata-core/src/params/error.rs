//! The error of a job that can't use its parameters.

use crate::{BoxError, excerpt, excerpt_list};

/// A parameter that a job needs is missing or invalid. A run that fails for it is not retried, because a retry has the same
/// parameters.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// The run was started without the parameter.
    #[error("parameter `{}` is missing", excerpt(name))]
    Missing {
        /// The name of the parameter.
        name: String,
    },
    /// The value can't be parsed as the type that was asked for.
    #[error("parameter `{}` has the invalid value `{}`", excerpt(name), excerpt(value))]
    Invalid {
        /// The name of the parameter.
        name: String,
        /// The value that it has.
        value: String,
        /// Why the value could not be parsed.
        source: BoxError,
    },
    /// The type that was asked for has no such field, and says that it takes no others.
    #[error("parameter `{}` is not known: expected {}", excerpt(name), excerpt_list(expected))]
    Unknown {
        /// The name of the parameter.
        name: String,
        /// The names of the fields.
        expected: Vec<String>,
    },
    /// The type that was asked for does not accept the parameters as a whole.
    #[error("the parameters can't be used")]
    Rejected {
        /// Why it does not.
        source: BoxError,
    },
}

debug_as_chain!(ParamError);
