//! Some whole records of an input.

use std::ops::Range;

use godata_etl::{Lines, Origin};

use crate::Frame;

/// Some whole records of an input: of one file, or of several small ones.
#[derive(Clone, Debug)]
pub struct Block {
    /// The bytes of the records. They come from [`RunScope::buffer`](godata_etl::RunScope::buffer): give them back
    /// with [`Work::recycle`](godata_etl::Work::recycle).
    pub bytes: Vec<u8>,
    parts: Vec<Part>,
}

/// What a block has of one file.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The file, the number of the first record, and the bytes as they are stored.
    pub(crate) origin: Origin,
    /// Where it is in the block.
    pub(crate) bytes: Range<usize>,
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) frame: Frame,
}

impl Block {
    pub(crate) fn new(bytes: Vec<u8>, part: Part) -> Self {
        let parts = vec![Part { bytes: 0..bytes.len(), ..part }];
        Self { bytes, parts }
    }

    /// Adds the bytes of another file, after those that are there were ended.
    pub(crate) fn push(&mut self, part: Part, bytes: &[u8], terminator: Option<u8>) {
        if self.bytes.last().copied() != terminator {
            self.bytes.extend(terminator);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.parts.push(Part { bytes: start..self.bytes.len(), ..part });
    }

    /// How many records there are, at least one.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.parts.iter().map(|part| part.frame.records).sum()
    }

    /// Where the records came from: file, number and line of each.
    ///
    /// `lines` says on which line each of the records in some bytes begins, which themselves begin on the line
    /// that it is given. It is asked only where there are not as many lines as records.
    pub fn origin(&self, lines: impl Fn(&[u8], u64) -> Vec<u64>) -> Origin {
        let of = |part: &Part| {
            let numbers = if part.frame.records == part.frame.lines {
                Lines::From(part.line)
            } else {
                Lines::Each(lines(&self.bytes[part.bytes.clone()], part.line).into())
            };
            part.origin.clone().lines(numbers)
        };
        let mut parts = self.parts.iter();
        let mut row = 0;
        let mut whole = Origin::default();
        if let Some(first) = parts.next() {
            (whole, row) = (of(first), first.frame.records);
        }
        for part in parts {
            // A block of several files has no more records than `BLOCK_SIZE` has bytes.
            whole = whole.followed_by(u32::try_from(row).unwrap_or(u32::MAX), of(part));
            row += part.frame.records;
        }
        whole
    }
}
