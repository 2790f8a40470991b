//! The names of pipelines.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::excerpt::is_hidden;

/// The name of a pipeline: 1 to 200 bytes, without white space at either end, and without the characters that
/// [`excerpt`](crate::excerpt()) escapes: control characters, and those that can't be seen or that change the order of others.
///
/// Names are compared byte by byte. Clones share the text.
///
/// ```
/// use godata_core::{NameError, PipelineName};
///
/// let name = PipelineName::new("orders-cleanup")?;
/// assert_eq!(name.as_str(), "orders-cleanup");
/// assert_eq!(PipelineName::new(" orders").unwrap_err(), NameError::OuterWhitespace);
/// # Ok::<(), NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PipelineName(Arc<str>);

impl PipelineName {
    /// The most bytes that a name may have: 200.
    pub const MAX_BYTES: usize = 200;

    /// Makes a name from text.
    ///
    /// # Errors
    ///
    /// [`NameError`], if the text is not a valid name.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = name.as_ref();
        check_text(name, Self::MAX_BYTES)?;
        Ok(Self(name.into()))
    }

    /// Makes a name from text that is already shared, without copying it.
    ///
    /// # Errors
    ///
    /// [`NameError`], if the text is not a valid name.
    pub fn from_shared(name: Arc<str>) -> Result<Self, NameError> {
        check_text(&name, Self::MAX_BYTES)?;
        Ok(Self(name))
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks the rules that names and keys share.
pub(crate) fn check_text(text: &str, max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > max {
        return Err(NameError::TooLong { bytes: text.len(), max });
    }
    if let Some(character) = text.chars().find(|c| is_hidden(*c)) {
        return Err(NameError::HiddenCharacter { character });
    }
    if text.trim() != text {
        return Err(NameError::OuterWhitespace);
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

/// Lets a map whose keys are names be searched by text.
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

/// Why a text is not a valid name or key.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("a name must not be empty")]
    Empty,
    /// The text is too long.
    #[error("a name has at most {max} bytes, and this one has {bytes}")]
    TooLong {
        /// The length of the text in bytes.
        bytes: usize,
        /// The greatest length that is allowed.
        max: usize,
    },
    /// The text contains a control character, such as a line break, a tab or NUL, or one that can't be seen or that changes
    /// the order of others: a second name could look the same.
    #[error("a name must not contain control or invisible characters, and this one has `{}`", character.escape_default())]
    HiddenCharacter {
        /// The first of them.
        character: char,
    },
    /// The text starts or ends with white space.
    #[error("a name must not start or end with white space")]
    OuterWhitespace,
}

debug_as_chain!(NameError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_name_is_refused_and_a_valid_one_kept_as_it_is() {
        let long = "n".repeat(201);
        for (text, expected) in [
            ("", NameError::Empty),
            (long.as_str(), NameError::TooLong { bytes: 201, max: 200 }),
            ("a\0b", NameError::HiddenCharacter { character: '\0' }),
            ("a\nb", NameError::HiddenCharacter { character: '\n' }),
            ("a\u{202e}b", NameError::HiddenCharacter { character: '\u{202e}' }),
            ("a\u{200b}", NameError::HiddenCharacter { character: '\u{200b}' }),
            ("a ", NameError::OuterWhitespace),
            ("\u{a0}a", NameError::OuterWhitespace),
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
