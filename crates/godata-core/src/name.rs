//! What pipelines are called.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a pipeline: 1 to 200 bytes, without control characters, and without spaces at either end.
///
/// Names are compared byte by byte. Clones are cheap.
///
/// ```
/// use godata_core::{NameError, PipelineName};
///
/// let name = PipelineName::new("orders-cleanup")?;
/// assert_eq!(name.as_str(), "orders-cleanup");
/// assert_eq!(PipelineName::new(" orders").unwrap_err(), NameError::OuterSpace);
/// # Ok::<(), NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PipelineName(Arc<str>);

impl PipelineName {
    /// The most bytes that a name may have.
    pub const MAX_BYTES: usize = 200;

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError`], which says what a name may not be.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = name.as_ref();
        check_text(name, Self::MAX_BYTES)?;
        Ok(Self(name.into()))
    }

    /// Checks a name that is shared already, and keeps it without a copy.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_shared(name: Arc<str>) -> Result<Self, NameError> {
        check_text(&name, Self::MAX_BYTES)?;
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What names and keys have in common.
pub(crate) fn check_text(text: &str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > max {
        return Err(NameError::TooLong { bytes: text.len(), max });
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::ControlCharacter);
    }
    if text.trim() != text {
        return Err(NameError::OuterSpace);
    }
    Ok(())
}

impl fmt::Display for PipelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PipelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl FromStr for PipelineName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for PipelineName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<PipelineName> for String {
    fn from(name: PipelineName) -> Self {
        name.as_str().to_owned()
    }
}

/// Looks a name up by its text.
impl Borrow<str> for PipelineName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for PipelineName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a name or a key.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It has no characters.
    #[error("it is empty")]
    Empty,
    /// It has too many bytes.
    #[error("it has {bytes} bytes, which is more than {max}")]
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A line break, a tab, NUL, or the like is in it.
    #[error("it has a control character")]
    ControlCharacter,
    /// It begins or ends with white space.
    #[error("it begins or ends with white space")]
    OuterSpace,
}

debug_as_chain!(NameError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let long = "n".repeat(201);
        for (text, expected) in [
            ("", NameError::Empty),
            (long.as_str(), NameError::TooLong { bytes: 201, max: 200 }),
            ("a\0b", NameError::ControlCharacter),
            ("a\nb", NameError::ControlCharacter),
            ("a ", NameError::OuterSpace),
            ("\u{a0}a", NameError::OuterSpace),
        ] {
            assert_eq!(PipelineName::new(text), Err(expected), "{text:?}");
            assert!(serde_json::from_value::<PipelineName>(text.into()).is_err(), "{text:?}");
        }
        for text in ["a", "orders cleanup", "Bestellungen/täglich", &long[1..]] {
            let name: PipelineName = text.parse().unwrap();
            assert_eq!(serde_json::to_value(&name).unwrap(), text);
            assert_eq!(name.to_string(), text);
        }
    }
}
