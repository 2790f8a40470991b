//! A hash table of keys in a bounded memory.

/// The distinct keys so far, numbered in the order in which they came. It takes no further keys once its memory is full.
#[derive(Debug)]
pub(crate) struct KeyTable {
    /// Open addressing with linear probing; 0 is free, and other numbers are that of a key plus 1.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    is_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    end: u64,
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
        Self { slots: vec![0; 16], entries: Vec::new(), bytes: Vec::new(), is_full: false }
    }

    /// Finds a key, or adds it if the table then takes at most `limit` bytes.
    pub(crate) fn find_or_add(&mut self, key: &[u8], hash: u64, limit: u64) -> Found {
        let mut at = self.slot(hash);
        while let Some(number) = self.slots[at].checked_sub(1) {
            let number = number as usize;
            if self.entries[number].hash == hash && self.key(number) == key {
                return Found::Known(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        if self.is_full || !self.grow(key.len(), limit) {
            self.is_full = true;
            return Found::NoRoom;
        }
        self.bytes.extend_from_slice(key);
        self.entries.push(Entry { hash, end: self.bytes.len() as u64 });
        self.put(hash, self.entries.len() as u32);
        Found::Added(self.entries.len() - 1)
    }

    /// The number of a key.
    pub(crate) fn find(&self, key: &[u8], hash: u64) -> Option<usize> {
        let mut at = self.slot(hash);
        while let Some(number) = self.slots[at].checked_sub(1) {
            let number = number as usize;
            if self.entries[number].hash == hash && self.key(number) == key {
                return Some(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    pub(crate) fn key(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.entries[before].end);
        &self.bytes[start as usize..self.entries[number].end as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Makes room for one more key, if the table then takes at most `limit` bytes, also while it grows.
    fn grow(&mut self, key: usize, limit: u64) -> bool {
        let needs_slots = (self.entries.len() + 1) * 8 > self.slots.len() * 7;
        if self.entries.len() + 1 >= u32::MAX as usize {
            return false;
        }
        let slots = if needs_slots { self.slots.len() * 3 } else { self.slots.len() };
        let (entries, bytes) = (grown(&self.entries, 1), grown(&self.bytes, key));
        let size = slots * size_of::<u32>() + entries * size_of::<Entry>() + bytes;
        if size as u64 > limit {
            return false;
        }
        self.entries.reserve_exact(entries - self.entries.len());
        self.bytes.reserve_exact(bytes - self.bytes.len());
        if needs_slots {
            self.slots = vec![0; self.slots.len() * 2];
            for number in 0..self.entries.len() {
                self.put(self.entries[number].hash, number as u32 + 1);
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

/// The capacity of a vector that gets `more` elements: a quarter more than before, if it must grow.
pub(super) fn grown<T>(vec: &Vec<T>, more: usize) -> usize {
    let needed = vec.len() + more;
    if needed <= vec.capacity() {
        vec.capacity()
    } else {
        needed.max(vec.capacity() + vec.capacity() / 4).max(16)
    }
}
