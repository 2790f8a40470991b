//! One stored field of one row of a batch.

/// The stored form of one field of one row, in 8 bytes: whether it is present, and where its text or value is.
///
/// A file has many more cells than rows, and most cells are at most copied to the output.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Where the text starts, or the index of the value.
    at: u32,
    /// The length of the text, shifted by [`TAG_BITS`], and the kind of the cell.
    tag: u32,
}

/// A decoded cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// The row has no such field.
    Absent,
    /// The field is null.
    Null,
    /// A part of the batch's text, in bytes, and how it is read.
    Text { start: usize, len: usize, kind: Kind },
    /// The batch's float at this index.
    Float(usize),
    /// The batch's value at this index.
    Value(usize),
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// As the narrowest number with these digits, which are a JSON number.
    Number,
    /// As the decimal that is written with these digits.
    Decimal,
    /// As the date that is written like this.
    Date,
}

const TAG_BITS: u32 = 3;
const TAGS: u32 = (1 << TAG_BITS) - 1;

const ABSENT: u32 = 0;
const NULL: u32 = 1;
const VALUE: u32 = 2;
const TEXT: u32 = 3;
const NUMBER: u32 = 4;
const FLOAT: u32 = 5;
const DECIMAL: u32 = 6;
const DATE: u32 = 7;

impl Kind {
    fn tag(self) -> u32 {
        match self {
            Self::Text => TEXT,
            Self::Number => NUMBER,
            Self::Decimal => DECIMAL,
            Self::Date => DATE,
        }
    }
}

impl Cell {
    pub(super) const ABSENT: Self = Self { at: 0, tag: ABSENT };
    pub(super) const NULL: Self = Self { at: 0, tag: NULL };

    /// The cell of a part of the batch's text; `None` if its start or length doesn't fit into 8 bytes.
    #[inline]
    pub(super) fn text(start: usize, len: usize, kind: Kind) -> Option<Self> {
        let at = u32::try_from(start).ok()?;
        let len = u32::try_from(len).ok().filter(|&len| len <= u32::MAX >> TAG_BITS)?;
        Some(Self { at, tag: len << TAG_BITS | kind.tag() })
    }

    /// Like [`text`](Self::text), for a part whose start and length are known to fit.
    #[inline]
    pub(super) fn text_unchecked(start: usize, len: usize, kind: Kind) -> Self {
        Self { at: start as u32, tag: (len as u32) << TAG_BITS | kind.tag() }
    }

    /// The cell of the batch's value at this index; `None` if the index doesn't fit.
    pub(super) fn value(number: usize) -> Option<Self> {
        Some(Self { at: u32::try_from(number).ok()?, tag: VALUE })
    }

    /// The cell of the batch's float at this index; `None` if the index doesn't fit.
    pub(super) fn float(number: usize) -> Option<Self> {
        Some(Self { at: u32::try_from(number).ok()?, tag: FLOAT })
    }

    #[inline]
    pub(super) fn is_absent(self) -> bool {
        self.tag == ABSENT
    }

    /// Whether the field is there and not null.
    #[inline]
    pub(super) fn has_value(self) -> bool {
        !matches!(self.tag, ABSENT | NULL)
    }

    /// Start and length of the text, if the cell is text that is read as text.
    #[inline]
    pub(super) fn as_text(self) -> Option<(usize, usize)> {
        (self.tag & TAGS == TEXT).then_some((self.at as usize, (self.tag >> TAG_BITS) as usize))
    }

    /// The index of the batch's float, if the cell is one.
    #[inline]
    pub(super) fn as_float(self) -> Option<usize> {
        (self.tag == FLOAT).then_some(self.at as usize)
    }

    #[inline]
    pub(super) fn stored(self) -> Stored {
        let kind = match self.tag & TAGS {
            ABSENT => return Stored::Absent,
            NULL => return Stored::Null,
            VALUE => return Stored::Value(self.at as usize),
            FLOAT => return Stored::Float(self.at as usize),
            NUMBER => Kind::Number,
            DECIMAL => Kind::Decimal,
            DATE => Kind::Date,
            _ => Kind::Text,
        };
        Stored::Text { start: self.at as usize, len: (self.tag >> TAG_BITS) as usize, kind }
    }

    /// The same text, read as another kind.
    pub(super) fn with_kind(self, kind: Kind) -> Self {
        Self { tag: self.tag & !TAGS | kind.tag(), ..self }
    }
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.stored().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_decodes_to_what_it_was_made_of() {
        assert_eq!(Cell::default().stored(), Stored::Absent);
        assert_eq!(Cell::NULL.stored(), Stored::Null);
        assert_eq!(Cell::value(7).map(Cell::stored), Some(Stored::Value(7)));
        assert_eq!(Cell::float(7).map(Cell::stored), Some(Stored::Float(7)));
        for kind in [Kind::Text, Kind::Number, Kind::Decimal, Kind::Date] {
            for (start, len) in [(0, 0), (u32::MAX as usize, 1), (5, (1 << 29) - 1)] {
                let cell = Cell::text(start, len, kind);
                assert_eq!(cell.map(Cell::stored), Some(Stored::Text { start, len, kind }));
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_8_bytes_makes_no_cell() {
        assert_eq!(Cell::text(0, 1 << 29, Kind::Text), None);
        assert_eq!(Cell::text(1 << 32, 0, Kind::Text), None);
        assert_eq!(Cell::value(1 << 32), None);
    }
}
