//! The error of a record that does not meet an expectation.

use std::sync::Arc;

use godata_core::{debug_as_chain, excerpt};

/// A record did not pass the test of an [`expect`](crate::Flow::expect).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected: {}", excerpt(name))]
#[non_exhaustive]
pub struct ExpectationFailed {
    /// The name of the expectation.
    pub name: Arc<str>,
}

debug_as_chain!(ExpectationFailed);

/// Turns the answer of a test into that of a filter that can fail.
pub(crate) fn met(is_met: bool, name: &Arc<str>) -> Result<bool, ExpectationFailed> {
    if is_met { Ok(true) } else { Err(ExpectationFailed { name: Arc::clone(name) }) }
}
