//! Orders rows by their keys.

/// Eight bytes of a key, above a number that says which row it is.
pub(super) type Entry = u128;

/// The entry of a row. All keys have the same first `shared` bytes.
#[inline]
pub(super) fn entry(key: &[u8], shared: usize, row: u64) -> Entry {
    let rest = key.get(shared..).unwrap_or_default();
    let first = rest.first_chunk().copied().unwrap_or_else(|| {
        // A key is never the beginning of another one, so what follows it does not matter.
        let mut first = [0; 8];
        first[..rest.len()].copy_from_slice(rest);
        first
    });
    let first = u64::from_be_bytes(first);
    Entry::from(first) << u64::BITS | Entry::from(row)
}

/// The row of an entry.
#[inline]
pub(super) fn row_of(entry: Entry) -> u64 {
    entry as u64
}

/// Sorts by key, and rows with equal keys by number. `key` returns the key of a row.
pub(super) fn sort<'a>(entries: &mut [Entry], key: impl Fn(u64) -> &'a [u8]) {
    entries.sort_unstable();
    // Only keys that have the same eight bytes remain to be compared.
    for same in entries.chunk_by_mut(|a, b| a >> u64::BITS == b >> u64::BITS).filter(|same| same.len() > 1) {
        same.sort_by(|&a, &b| key(row_of(a)).cmp(key(row_of(b))));
    }
}

/// How many bytes two keys both begin with.
pub(super) fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
