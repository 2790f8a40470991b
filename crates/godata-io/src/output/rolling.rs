//! Rolling: outputs of several files, one after the other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Compression;

/// When to start the next file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rolling {
    /// How many records a file may have.
    pub(super) records: Option<u64>,
    /// How many bytes a file may have before compression.
    pub(super) bytes: Option<u64>,
}

/// How much a file has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filled {
    pub(crate) records: u64,
    /// The bytes before compression.
    pub(crate) bytes: u64,
}

impl Rolling {
    /// Whether there can be more than one file.
    pub(crate) fn is_on(self) -> bool {
        self.records.is_some() || self.bytes.is_some()
    }

    /// How many of the next records fit into a file. A file without records takes one of any length. The records end at
    /// `ends`, the first begins at `start`, and the file will end with `end` more bytes.
    pub(crate) fn fitting(self, file: Filled, end: u64, start: usize, ends: &[usize]) -> usize {
        let mut fitting = ends.len();
        if let Some(records) = self.records {
            let left = usize::try_from(records.saturating_sub(file.records));
            fitting = fitting.min(left.unwrap_or(usize::MAX));
        }
        if let Some(bytes) = self.bytes {
            let fits = |&at: &usize| file.bytes + (at - start) as u64 + end <= bytes;
            fitting = fitting.min(ends.partition_point(fits));
        }
        if file.records == 0 { fitting.max(1) } else { fitting }
    }
}

/// The path of one of several files, numbered from 1. The first file of `orders.csv.gz` is `orders-00001.csv.gz`.
pub(crate) fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut extension = OsString::new();
    let mut stem = path.to_owned();
    if Compression::ByExtension.of(Some(path)) != Compression::None {
        split_extension(&mut stem, &mut extension);
    }
    split_extension(&mut stem, &mut extension);
    let mut name = stem.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{number:05}"));
    name.push(extension);
    path.with_file_name(name)
}

/// Moves the extension of a path, with its dot, to the front of `before`.
fn split_extension(path: &mut PathBuf, before: &mut OsString) {
    let Some(extension) = path.extension() else { return };
    let mut whole = OsString::from(".");
    whole.push(extension);
    whole.push(&before);
    *before = whole;
    path.set_extension("");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_comes_before_the_extensions() {
        let table = [
            ("out/orders.jsonl", "out/orders-00001.jsonl"),
            ("orders.csv.gz", "orders-00001.csv.gz"),
            ("orders.2024.csv.ZST", "orders.2024-00001.csv.ZST"),
            ("a.b/orders", "a.b/orders-00001"),
            ("orders.gz", "orders-00001.gz"),
            (".orders", ".orders-00001"),
        ];
        for (path, expected) in table {
            assert_eq!(numbered(Path::new(path), 1), Path::new(expected));
        }
        assert_eq!(numbered(Path::new("a"), 123_456), Path::new("a-123456"));
    }

    #[test]
    fn a_file_is_full_by_records_or_by_bytes() {
        let fitting = |records, bytes, file_records, file_bytes| {
            let file = Filled { records: file_records, bytes: file_bytes };
            Rolling { records, bytes }.fitting(file, 1, 10, &[12, 14, 20])
        };
        assert_eq!(fitting(None, None, 5, 5), 3);
        assert_eq!(fitting(Some(7), None, 5, 0), 2);
        assert_eq!(fitting(Some(5), None, 5, 0), 0);
        assert_eq!(fitting(None, Some(15), 1, 10), 2);
        assert_eq!(fitting(None, Some(14), 1, 10), 1);
        assert_eq!(fitting(Some(1), Some(15), 0, 10), 1);
        assert_eq!(fitting(None, Some(1), 1, 10), 0);
        assert_eq!(fitting(None, Some(1), 0, 10), 1);
    }
}
