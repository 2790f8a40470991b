//! What can be wrong with the names of a batch.

use std::fmt;
use std::sync::Arc;

use godata_core::debug_as_chain;

/// A change of the names of a batch that cannot be made. The batch is then as it was.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A list of names has one of them twice.
    #[error("the name `{name}` is there twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// No field of the batch has this name.
    #[error("no field is named `{name}`, there is {}", Names(.known))]
    Unknown {
        /// The name.
        name: String,
        /// The names that the batch has.
        known: Vec<Arc<str>>,
    },
    /// A field cannot get this name because another one has it.
    #[error("a field is named `{name}` already")]
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

/// The first names of a list, for a message.
struct Names<'a>(&'a [Arc<str>]);

/// How many names a message lists.
const LISTED: usize = 20;

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
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
    fn an_unknown_name_is_told_beside_the_known_ones() {
        let known = vec![Arc::from("id"), Arc::from("amount")];
        let error = ShapeError::Unknown { name: "amuont".into(), known };
        assert_eq!(error.to_string(), "no field is named `amuont`, there is `id`, `amount`");
        let error = ShapeError::Unknown { name: "a".into(), known: vec![] };
        assert_eq!(error.to_string(), "no field is named `a`, there is none");
    }
}
