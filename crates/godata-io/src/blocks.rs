//! A file in blocks of whole records.

use std::{fmt, sync::Arc};

use godata_core::BoxError;
use godata_etl::{Lines, Origin, RunScope};

use crate::{
    Ahead, Frame, Framing, InputFile, IoError,
    encoding::{LONGEST_MARK, mark_len},
};

/// How many bytes a block has about.
const BLOCK_SIZE: usize = 256 << 10;

/// How many bytes a record may have.
const LONGEST_RECORD: usize = 64 << 20;

/// Cuts an input into blocks of whole records.
///
/// A block has about 256 KiB; more only if one record is larger. Cutting blocks, and nothing else, is done on
/// the thread that reads, so that the workers decode them at the same time. A UTF-8 byte order mark is no
/// part of the first block.
pub struct Blocks<F> {
    file: InputFile,
    framing: F,
    scope: RunScope,
    block_size: usize,
    /// What was read and not yet given out: it begins at the begin of a record.
    ahead: Vec<u8>,
    /// Where `ahead` begins in the input; `None` before the first read.
    at: Option<Position>,
    /// Whether `ahead` ends where the input does.
    at_end: bool,
}

/// A begin of a record: offset from 0, line and number of the record from 1.
#[derive(Clone, Copy, Debug)]
struct Position {
    offset: u64,
    line: u64,
    record: u64,
}

/// Some whole records of an input.
#[derive(Clone, Debug)]
pub struct Block {
    /// The bytes of the records. They come from [`RunScope::buffer`]: give them back with
    /// [`Work::recycle`](godata_etl::Work::recycle).
    pub bytes: Vec<u8>,
    /// The source, the number of the first record, the bytes, and [`Lines::From`] the first line.
    pub origin: Origin,
    /// How many records there are, at least one.
    pub records: u64,
    /// How many lines there are. If they are more than the records, then [`Lines::From`] is wrong, and the
    /// decoder replaces it by [`Lines::Each`].
    pub lines: u64,
}

/// The first record of an input, not yet taken off it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The line on which the bytes begin, from 1.
    pub line: u64,
    /// What the framing said of them, for [`Blocks::skip`].
    pub frame: Frame,
}

impl<F: Framing> Blocks<F> {
    /// Cuts `file` by `framing`. The buffers of the blocks are those of the run.
    pub fn new(file: InputFile, framing: F, scope: &RunScope) -> Self {
        Self {
            file,
            framing,
            scope: scope.clone(),
            block_size: BLOCK_SIZE,
            ahead: Vec::new(),
            at: None,
            at_end: false,
        }
    }

    /// Sets how many bytes a block has about: 256 KiB if this is not called, at least 1.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes.max(1);
        self
    }

    /// The name of the input.
    pub fn name(&self) -> &Arc<str> {
        self.file.name()
    }

    /// What `framing` frames at the present place, without taking it off; `None` at the end of the input.
    ///
    /// For what stands before the records, such as a header: `framing` frames just that, and
    /// [`skip`](Self::skip) takes it off.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn first_record(&mut self, framing: &mut impl Framing) -> Result<Option<Head<'_>>, BoxError> {
        let Some((frame, at)) = self.frame_with(|_, ahead| framing.frame(ahead))? else { return Ok(None) };
        Ok(Some(Head { bytes: &self.ahead[..frame.bytes], line: at.line, frame }))
    }

    /// Takes off what [`first_record`](Self::first_record) found: its bytes and lines count, its records
    /// do not.
    pub fn skip(&mut self, frame: Frame) {
        let len = frame.bytes.min(self.ahead.len());
        self.ahead.drain(..len);
        self.scope.count_bytes_read(len as u64);
        if let Some(at) = &mut self.at {
            at.offset += len as u64;
            at.line += frame.lines;
        }
    }

    /// The next block, or `None` at the end of the input. It blocks: call it in a
    /// [`BlockingSource`](godata_etl::BlockingSource).
    ///
    /// # Errors
    /// [`IoError::Read`], [`IoError::Encoding`], [`IoError::RecordTooLong`], [`IoError::Incomplete`], and what
    /// the framing gives.
    #[expect(clippy::should_implement_trait, reason = "an iterator would go on after an error")]
    pub fn next(&mut self) -> Result<Option<Block>, BoxError> {
        while let Some((frame, at)) = self.frame_with(Framing::frame)? {
            if frame.records > 0 {
                return Ok(Some(self.take(frame, at)));
            }
            self.skip(frame);
        }
        Ok(None)
    }

    /// Reads until `frame` finds whole records; `None` if nothing is left.
    fn frame_with<E>(&mut self, mut frame: E) -> Result<Option<(Frame, Position)>, BoxError>
    where
        E: FnMut(&mut F, Ahead<'_>) -> Result<Frame, BoxError>,
    {
        let at = self.begin()?;
        let mut len = self.block_size;
        loop {
            self.fill(len)?;
            if self.ahead.is_empty() {
                return Ok(None);
            }
            // After a very long record more may be ahead than one block.
            let bytes = &self.ahead[..len.min(self.ahead.len())];
            let ahead =
                Ahead { bytes, line: at.line, at_end: self.at_end && bytes.len() == self.ahead.len() };
            let found = frame(&mut self.framing, ahead)?;
            if found.bytes > 0 {
                return Ok(Some((found, at)));
            }
            let path = || self.file.path().to_owned();
            if ahead.at_end {
                return Err(IoError::Incomplete { path: path(), line: at.line }.into());
            }
            if bytes.len() > LONGEST_RECORD {
                return Err(
                    IoError::RecordTooLong { path: path(), line: at.line, limit: LONGEST_RECORD }.into()
                );
            }
            len = bytes.len().saturating_mul(2).min(LONGEST_RECORD + 1);
        }
    }

    /// Where `ahead` begins. The first time, it takes off the byte order mark.
    fn begin(&mut self) -> Result<Position, BoxError> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        self.fill(self.block_size.max(LONGEST_MARK))?;
        let path = || self.file.path().to_owned();
        let mark = mark_len(&self.ahead).map_err(|encoding| IoError::Encoding { path: path(), encoding })?;
        self.ahead.drain(..mark);
        self.scope.count_bytes_read(mark as u64);
        let at = Position { offset: mark as u64, line: 1, record: 1 };
        self.at = Some(at);
        Ok(at)
    }

    fn fill(&mut self, len: usize) -> Result<(), IoError> {
        if !self.at_end && self.ahead.len() < len {
            self.at_end = self.file.fill(&mut self.ahead, len)?;
        }
        Ok(())
    }

    /// Gives out the bytes of a frame, and keeps the others in another buffer.
    fn take(&mut self, frame: Frame, at: Position) -> Block {
        let len = frame.bytes.min(self.ahead.len());
        let mut rest = self.scope.buffer();
        rest.extend_from_slice(&self.ahead[len..]);
        self.ahead.truncate(len);
        let bytes = std::mem::replace(&mut self.ahead, rest);
        let end = at.offset + len as u64;
        self.at =
            Some(Position { offset: end, line: at.line + frame.lines, record: at.record + frame.records });
        let origin = Origin::new(at.record)
            .source(Arc::clone(self.file.name()))
            .bytes(at.offset..end)
            .lines(Lines::From(at.line));
        Block { bytes, origin, records: frame.records, lines: frame.lines }
    }
}

impl<F> fmt::Debug for Blocks<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("file", &self.file).field("at", &self.at).finish_non_exhaustive()
    }
}
