//! Vectors that grow without a copy.

/// A vector in segments of the same length. It grows by one segment, so it never needs the memory of its elements twice.
#[derive(Debug)]
pub(super) struct Segments<T>(Vec<Vec<T>>);

impl<T> Segments<T> {
    const LEN: usize = 1024;

    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * Self::LEN + last.len())
    }

    pub(super) fn push(&mut self, element: T) {
        match self.0.last_mut().filter(|last| last.len() < Self::LEN) {
            Some(last) => last.push(element),
            None => {
                let mut segment = Vec::with_capacity(Self::LEN);
                segment.push(element);
                self.0.push(segment);
            }
        }
    }

    #[inline]
    pub(super) fn at(&self, index: usize) -> Option<&T> {
        self.0.get(index / Self::LEN)?.get(index % Self::LEN)
    }

    #[inline]
    pub(super) fn at_mut(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index / Self::LEN)?.get_mut(index % Self::LEN)
    }

    /// How many bytes of memory it takes once it has one more element.
    pub(super) fn size_with_one_more(&self) -> usize {
        (self.len() / Self::LEN + 1) * (Self::LEN * size_of::<T>() + size_of::<Vec<T>>() * 2)
    }
}

/// Byte strings, one after the other in segments.
#[derive(Debug, Default)]
pub(super) struct ByteStrings {
    segments: Vec<Vec<u8>>,
    size: usize,
}

/// Where a byte string is.
#[derive(Clone, Copy, Debug)]
pub(super) struct StringAt {
    segment: u32,
    start: u32,
    len: u32,
}

impl ByteStrings {
    const SEGMENT: usize = 64 << 10;

    /// Adds a byte string; `None` if it has 4 GiB, or if there are too many.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<StringAt> {
        if self.segments.is_empty() || self.room() < bytes.len() {
            let capacity = Self::SEGMENT.max(bytes.len());
            self.segments.push(Vec::with_capacity(capacity));
            self.size += capacity;
        }
        let segment = u32::try_from(self.segments.len().checked_sub(1)?).ok()?;
        let last = self.segments.last_mut()?;
        let at = StringAt { segment, start: last.len().try_into().ok()?, len: bytes.len().try_into().ok()? };
        last.extend_from_slice(bytes);
        Some(at)
    }

    #[inline]
    pub(super) fn get(&self, at: StringAt) -> &[u8] {
        let start = at.start as usize;
        let segment = self.segments.get(at.segment as usize);
        segment.and_then(|bytes| bytes.get(start..start + at.len as usize)).unwrap_or_default()
    }

    /// How many bytes of memory it takes once it has one more byte string.
    pub(super) fn size_with(&self, bytes: usize) -> usize {
        let is_full = self.segments.is_empty() || self.room() < bytes;
        self.size + if is_full { Self::SEGMENT.max(bytes) } else { 0 }
    }

    fn room(&self) -> usize {
        self.segments.last().map_or(0, |last| last.capacity() - last.len())
    }
}
