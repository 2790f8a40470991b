//! A hash table of keys in a bounded memory.

use super::segments::{ByteStrings, Segments, StringAt};

/// The distinct keys so far, numbered in the order in which they came. It takes no further keys once its memory is full.
#[derive(Debug)]
pub(crate) struct KeyTable {
    /// Open addressing with linear probing; 0 is free, and other numbers are that of a key plus 1.
    slots: Vec<u32>,
    entries: Segments<Entry>,
    keys: ByteStrings,
    is_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    key: StringAt,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The table had it, by this number.
    Known(usize),
    /// It was added, by this number.
    Added(usize),
    /// It is unknown, and there is no more memory for it.
    NoRoom,
}

impl KeyTable {
    pub(crate) fn new() -> Self {
        Self { slots: vec![0; 16], entries: Segments::new(), keys: ByteStrings::default(), is_full: false }
    }

    /// Finds a key, or adds it if the table then takes at most `limit` bytes.
    pub(crate) fn find_or_add(&mut self, key: &[u8], hash: u64, limit: u64) -> Found {
        if let Some(number) = self.find(key, hash) {
            return Found::Known(number);
        }
        if self.is_full || !self.make_room(key.len(), limit) {
            self.is_full = true;
            return Found::NoRoom;
        }
        let Some(key) = self.keys.push(key) else { return Found::NoRoom };
        self.entries.push(Entry { hash, key });
        // It is less than 2^32, by `make_room`.
        self.put(hash, self.entries.len() as u32);
        Found::Added(self.entries.len() - 1)
    }

    /// Whether it takes no further keys.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The number of a key.
    pub(crate) fn find(&self, key: &[u8], hash: u64) -> Option<usize> {
        let mut at = self.slot(hash);
        while let Some(number) = self.slots[at].checked_sub(1) {
            let number = number as usize;
            if self
                .entries
                .at(number)
                .is_some_and(|entry| entry.hash == hash && self.keys.get(entry.key) == key)
            {
                return Some(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    pub(crate) fn key(&self, number: usize) -> &[u8] {
        self.entries.at(number).map_or(&[], |entry| self.keys.get(entry.key))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Makes room for one more key, if the table then takes at most `limit` bytes, also while it grows.
    fn make_room(&mut self, key: usize, limit: u64) -> bool {
        let needs_slots = (self.entries.len() + 1) * 8 > self.slots.len() * 7;
        if self.entries.len() + 1 >= u32::MAX as usize {
            return false;
        }
        // While it grows, the old slots are there too.
        let slots = if needs_slots { self.slots.len() * 3 } else { self.slots.len() };
        let size = slots * size_of::<u32>() + self.entries.size_with_one_more() + self.keys.size_with(key);
        if size as u64 > limit {
            return false;
        }
        if needs_slots {
            self.slots = vec![0; self.slots.len() * 2];
            for number in 0..self.entries.len() {
                let hash = self.entries.at(number).map_or(0, |entry| entry.hash);
                self.put(hash, number as u32 + 1);
            }
        }
        true
    }

    fn put(&mut self, hash: u64, number: u32) {
        let mut at = self.slot(hash);
        while self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = number;
    }

    fn slot(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }
}
