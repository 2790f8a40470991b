//! Why the names of a batch could not be changed.

use std::fmt;
use std::sync::Arc;

use godata_core::{debug_as_chain, excerpt, excerpt_list};

use super::shape::similar;

/// Why the names of a batch could not be changed. The batch is then unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A name appears twice in a list of names.
    #[error("the name `{}` appears twice", excerpt(name))]
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
    /// A field can't be renamed, because a row has a value in it and in the field of the new name.
    #[error("field `{}` can't be renamed to `{}`: both have a value", excerpt(from), excerpt(to))]
    Taken {
        /// The name of the field.
        from: String,
        /// The new name.
        to: String,
        /// The position of the first such row in the batch, from 0.
        row: usize,
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
        write!(f, "no field is named `{}`", excerpt(name))?;
        if let Some(similar) = similar(known, name) {
            write!(f, " (did you mean `{}`?)", excerpt(similar))?;
        }
        write!(f, "; {}", known_names(known))
    }
}

/// The fields that there are, for a message.
fn known_names(known: &[Arc<str>]) -> String {
    match known.len() {
        0 => "there are no fields".to_owned(),
        1 => format!("the only field is {}", excerpt_list(known)),
        _ => format!("the fields are {}", excerpt_list(known)),
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
        let many = (0..5_000).map(|n| n.to_string().into()).collect();
        assert!(message(many).ends_with("`18`, `19` and 4,980 more"));
    }
}
