//! The fields of a row, in the form in which writers of text receive them.

use super::cell_ref::CellRef;

/// A writer's visitor of the fields of a row, for [`RecordRef::visit`](crate::RecordRef::visit).
///
/// Most fields of most files are texts. They have a method of their own, so that they can be copied fast.
pub trait CellVisitor {
    /// The error that ends the visit early.
    type Error;

    /// A text, not quoted or escaped, at a position of the batch's [`Shape`](crate::Shape).
    ///
    /// # Errors
    ///
    /// Those of the visitor; the fields after this one are not visited.
    fn text(&mut self, column: usize, text: WrittenText<'_>) -> Result<(), Self::Error>;

    /// Another field, or a text that is not in the buffer of the batch, at a position of the batch's
    /// [`Shape`](crate::Shape).
    ///
    /// # Errors
    ///
    /// Those of [`text`](Self::text).
    fn cell(&mut self, column: usize, cell: CellRef<'_>) -> Result<(), Self::Error>;
}

/// A part of a text to be copied, with access to the bytes that follow it.
///
/// Most parts are short. It is faster to copy a fixed number of bytes and cut off the excess than to copy exactly the bytes
/// of the part; [`append_to`](Self::append_to) does that.
#[derive(Clone, Copy)]
pub struct WrittenText<'a> {
    text: &'a str,
    start: usize,
    len: usize,
}

impl<'a> WrittenText<'a> {
    /// The `len` bytes of `text` from `start` on, or as many of them as there are. They should be whole characters;
    /// otherwise [`as_str`](Self::as_str) is empty.
    #[inline]
    #[must_use]
    pub fn part(text: &'a str, start: usize, len: usize) -> Self {
        let start = start.min(text.len());
        Self { text, start, len: len.min(text.len() - start) }
    }

    /// How many bytes it has.
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// As text.
    #[inline]
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.text.get(self.start..self.start + self.len).unwrap_or_default()
    }

    /// As bytes.
    #[inline]
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.text.as_bytes().get(self.start..self.start + self.len).unwrap_or_default()
    }

    /// The first `N` bytes. Those after [`len`](Self::len) follow this part and don't belong to it. `None` if the text has
    /// fewer.
    #[inline]
    #[must_use]
    pub fn first_chunk<const N: usize>(self) -> Option<&'a [u8; N]> {
        self.text.as_bytes().get(self.start..)?.first_chunk()
    }

    /// Copies it to the end of `out`.
    #[inline]
    pub fn append_to(self, out: &mut Vec<u8>) {
        /// The length up to which a part is short, and how many bytes are then copied.
        const SHORT: usize = 32;
        match self.first_chunk::<SHORT>() {
            Some(chunk) if self.len <= SHORT => {
                let end = out.len() + self.len;
                out.extend_from_slice(chunk);
                out.truncate(end);
            }
            _ => out.extend_from_slice(self.as_bytes()),
        }
    }
}

impl PartialEq for WrittenText<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl std::fmt::Debug for WrittenText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

impl<'a> From<&'a str> for WrittenText<'a> {
    fn from(text: &'a str) -> Self {
        Self::part(text, 0, text.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_part_is_copied_without_what_follows_it(
            text in "[ -~äß€]{0,60}",
            start in prop_oneof![0_usize..80, Just(usize::MAX)],
            len in prop_oneof![0_usize..80, Just(usize::MAX)],
            before in proptest::collection::vec(any::<u8>(), 0..4),
        ) {
            let part = WrittenText::part(&text, start, len);
            let start = start.min(text.len());
            let range = start..start.saturating_add(len).min(text.len());
            prop_assert_eq!(part.as_str(), text.get(range.clone()).unwrap_or_default());
            let expected = &text.as_bytes()[range];
            prop_assert_eq!(part.as_bytes(), expected);
            prop_assert_eq!(part.len(), expected.len());
            let mut out = before.clone();
            part.append_to(&mut out);
            prop_assert_eq!(out, [&before, expected].concat());
        }
    }
}
