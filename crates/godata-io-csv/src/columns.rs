//! The columns of a file.

use std::sync::Arc;

use godata_etl::Shape;

use crate::{Column, CsvError};

/// What becomes of a record with fewer or more cells than there are columns. RFC 4180 (section 2.4) says that
/// all have as many as the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ragged {
    /// It is an error, [`CsvError::Columns`].
    #[default]
    Refuse,
    /// In a short record, the cells that are missing are null; a long one is an error. When a struct is read, their fields are as if there were no such
    /// column: `None`, or what `#[serde(default)]` says, or else an error. Where structs and tuples are read by
    /// position, the cells that are missing are empty ones.
    Pad,
    /// As [`Pad`](Self::Pad), and of a long record the cells after the last column are cut off, whatever is in
    /// them.
    Cut,
}

/// The columns that the records of a file have.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// The names; made up if the file has none.
    pub(crate) shape: Arc<Shape>,
    /// Whether the names mean anything to a struct, or its fields are read by position.
    pub(crate) is_named: bool,
    pub(crate) ragged: Ragged,
}

impl Columns {
    /// Columns with the names `column_1`, `column_2` and so on.
    pub(crate) fn numbered(count: usize) -> Shape {
        let names = (1..=count).map(|number| format!("column_{number}"));
        Shape::new(names).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.len()
    }

    /// Whether a record may have so many cells.
    pub(crate) fn check(&self, found: usize) -> Result<(), CsvError> {
        let expected = self.len();
        if found == expected || (found < expected && self.ragged != Ragged::Refuse) {
            return Ok(());
        }
        Err(CsvError::Columns { expected, found })
    }

    /// The column at a position from 0.
    pub(crate) fn column(&self, position: usize) -> Column {
        let name = self.shape.names().nth(position).filter(|name| self.is_named && !name.is_empty());
        Column { number: position + 1, name: name.map(Into::into) }
    }
}
