//! Why the names of a batch could not be changed.

use std::fmt;
use std::sync::Arc;

use godata_core::debug_as_chain;

use super::shape::similar;

/// Why the names of a batch could not be changed. The batch is then unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A name appears twice in a list of names.
    #[error("the name `{name}` appears twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// No field of the batch has this name.
    #[error("{}", UnknownName(.name, .known))]
    Unknown {
        /// The name.
        name: String,
        /// The names that the batch has.
        known: Vec<Arc<str>>,
    },
    /// A field can't get this name, because another field has it.
    #[error("another field is named `{name}`")]
    Taken {
        /// The name.
        name: String,
    },
    /// A row has more cells than there are names.
    #[error("a row has {cells} cells for {names} names")]
    TooManyCells {
        /// How many cells the row has.
        cells: usize,
        /// How many names there are.
        names: usize,
    },
}

debug_as_chain!(ShapeError);

/// Says that a name is not among the known ones.
pub(super) struct UnknownName<'a>(pub(super) &'a str, pub(super) &'a [Arc<str>]);

impl fmt::Display for UnknownName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, known) = self;
        write!(f, "no field is named `{name}`")?;
        if let Some(similar) = similar(known, name) {
            write!(f, " (did you mean `{similar}`?)")?;
        }
        write!(f, "; {}", Names(known))
    }
}

/// The first names of a list, for a message.
struct Names<'a>(&'a [Arc<str>]);

/// How many names a message lists.
const LISTED: usize = 20;

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("there are no fields");
        }
        f.write_str(if self.0.len() == 1 { "the only field is " } else { "the fields are " })?;
        for (i, name) in self.0.iter().take(LISTED).enumerate() {
            write!(f, "{}`{name}`", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.0.len() > LISTED { ", …" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_listed_with_the_first_known_ones() {
        let message = |known: Vec<Arc<str>>| ShapeError::Unknown { name: "x".into(), known }.to_string();
        assert_eq!(message(vec![]), "no field is named `x`; there are no fields");
        assert_eq!(message(vec!["id;amount".into()]), "no field is named `x`; the only field is `id;amount`");
        assert_eq!(message(vec!["id".into(), "b".into()]), "no field is named `x`; the fields are `id`, `b`");
        let similar = message(vec!["id".into(), "X ".into()]);
        assert_eq!(similar, "no field is named `x` (did you mean `X `?); the fields are `id`, `X `");
        let many = (0..21).map(|n| n.to_string().into()).collect();
        assert!(message(many).ends_with("`18`, `19`, …"));
    }
}
