//! Bytes that wait to be given out.

use std::ops::Deref;

/// Bytes that were read and not yet given out. To take some off the front is cheap, however many there are.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    /// How many of `bytes` were taken off.
    start: usize,
}

impl Pending {
    /// The buffer, to be read into at its end; it begins with the bytes that are there.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.start = 0;
        &mut self.bytes
    }

    /// Forgets all bytes, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Takes bytes off the front; all, if there are fewer.
    pub(crate) fn take_off(&mut self, len: usize) {
        self.start = self.bytes.len().min(self.start + len);
    }

    /// Gives out the first bytes, of which there are so many. Of them and the others, the fewer are copied into
    /// `spare`, which is empty: after a very long record much may be pending.
    pub(crate) fn give_out(&mut self, len: usize, mut spare: Vec<u8>) -> Vec<u8> {
        if self.start == 0 && self.bytes.len() - len <= len {
            spare.extend_from_slice(&self.bytes[len..]);
            self.bytes.truncate(len);
            std::mem::replace(&mut self.bytes, spare)
        } else {
            spare.extend_from_slice(&self[..len]);
            self.take_off(len);
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
    fn what_is_taken_off_and_given_out_is_all_there_is() {
        let mut pending = Pending::default();
        pending.buffer().extend(b"abcdefghij");
        pending.take_off(2);
        assert_eq!(pending.give_out(3, Vec::new()), b"cde");
        pending.buffer().extend(b"kl");
        assert_eq!(pending.give_out(4, Vec::new()), b"fghi");
        assert_eq!(pending.give_out(1, Vec::new()), b"j");
        assert_eq!(&*pending, b"kl");
        pending.take_off(9);
        assert!(pending.is_empty() && pending.buffer().is_empty());
        pending.buffer().extend(b"mno");
        pending.take_off(1);
        pending.clear();
        assert!(pending.is_empty() && pending.buffer().is_empty());
    }
}
