//! The text of a batch: one buffer that its cells are slices of.

use super::cell::Cell;
use super::number;
use super::value_ref::ValueRef;

/// The text of all rows, end to end.
///
/// It is at most [`LIMIT`] bytes long, so that a slice of it is two `u32`; text over the limit is stored as a
/// value of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer(String);

/// The greatest length of a buffer, in bytes.
const LIMIT: usize = u32::MAX as usize;

/// A part of the buffer, and what it is read as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    start: u32,
    end: u32,
    kind: Kind,
}

impl Slice {
    /// What the slice is read as.
    pub(super) fn kind(self) -> Kind {
        self.kind
    }

    /// The same slice, read as something else.
    pub(super) fn with_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}

/// What a slice is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// The narrowest number with these digits, which are a number of JSON.
    Number,
    /// A float with these digits, which are a number of JSON.
    Float,
}

impl Kind {
    /// The value of a text of this kind. Digits that overflow a float, or would pass for another whole number as
    /// one, remain text: it is parsed by whoever asks for a number.
    pub(super) fn read(self, text: &str) -> ValueRef<'_> {
        let number = match self {
            Self::Text => None,
            Self::Number => number::parse_number(text),
            Self::Float => number::parse_float(text).map(ValueRef::Float),
        };
        number.unwrap_or(ValueRef::Text(text))
    }
}

impl Buffer {
    /// Stores a text and returns the cell for it.
    pub(super) fn push(&mut self, text: &str, kind: Kind) -> Cell {
        self.push_below(LIMIT, text, kind)
    }

    fn push_below(&mut self, limit: usize, text: &str, kind: Kind) -> Cell {
        let end = self.0.len().saturating_add(text.len());
        if end > limit {
            return Cell::Value(kind.read(text).to_owned());
        }
        let (Ok(start), Ok(end)) = (u32::try_from(self.0.len()), u32::try_from(end)) else {
            return Cell::Value(kind.read(text).to_owned());
        };
        self.0.push_str(text);
        Cell::Slice(Slice { start, end, kind })
    }

    /// The text of a slice of this buffer.
    pub(super) fn get(&self, slice: Slice) -> &str {
        self.0.get(slice.start as usize..slice.end as usize).unwrap_or_default()
    }

    /// How many bytes are stored.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets what was stored since the buffer had this length.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_over_the_limit_is_stored_apart() {
        let mut buffer = Buffer::default();
        let cells = ["abc", "de", "f", "12"].map(|text| buffer.push_below(5, text, Kind::Number));
        assert!(matches!(cells[1], Cell::Slice(_)));
        assert!(matches!(cells[2], Cell::Value(_)));
        assert_eq!(buffer.len(), 5);
        let values = cells.each_ref().map(|cell| cell.value(&buffer));
        assert_eq!(values[0], Some(ValueRef::Text("abc")));
        assert_eq!(values[1], Some(ValueRef::Text("de")));
        assert_eq!(values[2], Some(ValueRef::Text("f")));
        assert_eq!(values[3], Some(ValueRef::Int(12)));
    }
}
