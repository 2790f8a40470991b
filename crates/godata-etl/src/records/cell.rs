//! One stored field of one row of a batch.

use super::buffer::{Buffer, Kind, Slice};
use super::cell_ref::CellRef;
use super::value::Value;
use super::value_ref::ValueRef;

/// What a batch stores for one field of one row.
#[derive(Clone, Debug, Default)]
pub(super) enum Cell {
    /// The row has no such field.
    #[default]
    Absent,
    /// Text of the batch's buffer.
    Slice(Slice),
    /// A value of its own.
    Value(Value),
}

impl Cell {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, parsed if need be; `None` if absent.
    pub(super) fn value<'a>(&'a self, buffer: &'a Buffer) -> Option<ValueRef<'a>> {
        match self {
            Self::Absent => None,
            Self::Slice(slice) => Some(slice.kind().read(buffer.get(*slice))),
            Self::Value(value) => Some(value.as_ref()),
        }
    }

    /// The cell as it is to be written; `None` if absent.
    pub(super) fn written<'a>(&'a self, buffer: &'a Buffer) -> Option<CellRef<'a>> {
        match self {
            Self::Absent => None,
            Self::Slice(slice) => Some(written_slice(slice.kind(), buffer.get(*slice))),
            Self::Value(value) => Some(CellRef::from(value.as_ref())),
        }
    }

    /// The value, owned; `None` if absent.
    pub(super) fn into_value(self, buffer: &Buffer) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            cell => cell.value(buffer).map(ValueRef::to_owned),
        }
    }
}

fn written_slice(kind: Kind, text: &str) -> CellRef<'_> {
    match kind {
        Kind::Text => CellRef::Text(text),
        Kind::Number | Kind::Float => CellRef::Number(text),
    }
}
