//! Whole records of an input.

use std::ops::Range;

use godata_etl::{Lines, Origin, Work};

use crate::Frame;

/// Whole records of an input, from one file or from several small ones; made by [`Blocks`](crate::Blocks).
#[derive(Clone, Debug)]
pub struct Block {
    /// The bytes of the records. They come from [`RunScope::buffer`](godata_etl::RunScope::buffer): give them back
    /// with [`Work::recycle`](godata_etl::Work::recycle).
    pub bytes: Vec<u8>,
    parts: Vec<Part>,
}

/// The part of a block that comes from one file.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The file, the number of the first record, and the range of the stored bytes.
    pub(crate) origin: Origin,
    /// The position in the block.
    pub(crate) bytes: Range<usize>,
    /// Where the part begins in the text of the file.
    pub(crate) start: u64,
    /// The line on which the part begins, from 1.
    pub(crate) line: u64,
    pub(crate) frame: Frame,
}

impl Block {
    pub(crate) fn new(bytes: Vec<u8>, part: Part) -> Self {
        let parts = vec![Part { bytes: 0..bytes.len(), ..part }];
        Self { bytes, parts }
    }

    /// Adds the bytes of another file, after terminating the last record of the bytes before them.
    pub(crate) fn push(&mut self, part: Part, bytes: &[u8], terminator: Option<u8>) {
        if self.bytes.last().copied() != terminator {
            self.bytes.extend(terminator);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.parts.push(Part { bytes: start..self.bytes.len(), ..part });
    }

    /// The number of records, at least one.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.parts.iter().map(|part| part.frame.records).sum()
    }

    /// Whether it has a single frame, which is [`alone`](Frame::alone).
    #[must_use]
    pub fn is_alone(&self) -> bool {
        matches!(&*self.parts, [part] if part.frame.is_alone)
    }

    /// Where the records came from: the file, number and line of each.
    ///
    /// `lines` gets some of the bytes and the line on which they begin, and returns the line on which each record in
    /// them begins. It is called only for bytes whose number of lines differs from their number of records.
    pub fn origin(&self, lines: impl Fn(&[u8], u64) -> Vec<u64>) -> Origin {
        self.origin_of_parts(|part| part.origin(&self.bytes, &lines))
    }

    /// The [`origin`](Self::origin) with the bytes of the records, if the pipeline writes dead letters; see
    /// [`Work::keep_raw`], which also says what `rows` returns.
    pub fn origin_with_raw<F>(&self, work: &Work, lines: impl Fn(&[u8], u64) -> Vec<u64>, rows: F) -> Origin
    where
        F: Fn(&[u8]) -> Vec<Range<usize>> + Clone + Send + Sync + 'static,
    {
        self.origin_of_parts(|part| {
            let origin = part.origin(&self.bytes, &lines);
            work.keep_raw(origin, &self.bytes[part.bytes.clone()], part.start, rows.clone())
        })
    }

    fn origin_of_parts(&self, of: impl Fn(&Part) -> Origin) -> Origin {
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

impl Part {
    fn origin(&self, block: &[u8], lines: impl Fn(&[u8], u64) -> Vec<u64>) -> Origin {
        let numbers = if self.frame.records == self.frame.lines {
            Lines::From(self.line)
        } else {
            Lines::Each(lines(&block[self.bytes.clone()], self.line).into())
        };
        self.origin.clone().lines(numbers)
    }
}
