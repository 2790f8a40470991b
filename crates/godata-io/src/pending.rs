//! Bytes that were read ahead.

use std::ops::Deref;

/// Bytes that were read and not yet consumed. Consuming from the front is cheap, however many bytes there are.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    /// How many of `bytes` were consumed.
    start: usize,
}

impl Pending {
    /// The buffer, to append what is read. It starts with the pending bytes.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.start = 0;
        &mut self.bytes
    }

    /// Drops all bytes and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Drops bytes from the front; all of them if there are fewer.
    pub(crate) fn consume(&mut self, len: usize) {
        self.start = self.bytes.len().min(self.start + len);
    }

    /// Takes the first `len` bytes out as a buffer. `spare` is empty, and gets a copy of the smaller of the two sides:
    /// after a very long record, much may be pending.
    pub(crate) fn split_front(&mut self, len: usize, mut spare: Vec<u8>) -> Vec<u8> {
        if self.start == 0 && self.bytes.len() - len <= len {
            spare.extend_from_slice(&self.bytes[len..]);
            self.bytes.truncate(len);
            std::mem::replace(&mut self.bytes, spare)
        } else {
            spare.extend_from_slice(&self[..len]);
            self.consume(len);
            spare
        }
    }
}

impl Deref for Pending {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_lost_or_repeated() {
        let mut pending = Pending::default();
        pending.buffer().extend(b"abcdefghij");
        pending.consume(2);
        assert_eq!(pending.split_front(3, Vec::new()), b"cde");
        pending.buffer().extend(b"kl");
        assert_eq!(pending.split_front(4, Vec::new()), b"fghi");
        assert_eq!(pending.split_front(1, Vec::new()), b"j");
        assert_eq!(&*pending, b"kl");
        pending.consume(9);
        assert!(pending.is_empty() && pending.buffer().is_empty());
        pending.buffer().extend(b"mno");
        pending.consume(1);
        pending.clear();
        assert!(pending.is_empty() && pending.buffer().is_empty());
    }
}
