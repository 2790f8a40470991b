//! The files of an input in blocks of whole records.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Origin, RunScope};

use crate::block::Part;
use crate::marks::LONGEST_MARK;
use crate::pending::Pending;
use crate::{Ahead, Block, Frame, Framing, InputFiles, IoError};

/// How many bytes a block has about.
const BLOCK_SIZE: usize = 256 << 10;

/// How many bytes a record may have.
const LONGEST_RECORD: usize = 64 << 20;

/// Cuts the files of an input into blocks of whole records.
///
/// A block has about 256 KiB; more only if one record is larger. Cutting blocks, and decompressing and transcoding what
/// they are cut from, is done on the thread that reads, so that the workers decode them at the same time. A byte order
/// mark is no part of a block. Several small files are put into one block where the
/// [`TERMINATOR`](Framing::TERMINATOR) is known: what it costs to hand a block over is not paid for each of them.
///
/// Of files that are compressed or not UTF-8 the bytes are counted as they are stored, as
/// [`RunScope::expect_bytes`] was told them.
pub struct Blocks<F> {
    files: InputFiles,
    framing: F,
    scope: RunScope,
    block_size: usize,
    /// What was read of the file and not yet given out: it begins at the begin of a record.
    ahead: Pending,
    /// Where `ahead` begins in the file; `None` before the first read.
    at: Option<Position>,
    /// Whether `ahead` ends where the file does.
    at_end: bool,
    /// What went wrong after the last block that was given out.
    failed: Option<BoxError>,
}

/// A begin of a record: offset from 0, line and number of the record from 1.
#[derive(Clone, Copy, Debug)]
struct Position {
    offset: u64,
    line: u64,
    record: u64,
}

/// The first record of a file, not yet taken off it.
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
    /// Cuts `files` by `framing`. The buffers of the blocks are those of the run.
    pub fn new(files: InputFiles, framing: F, scope: &RunScope) -> Self {
        Self {
            files,
            framing,
            scope: scope.clone(),
            block_size: BLOCK_SIZE,
            ahead: Pending::default(),
            at: None,
            at_end: false,
            failed: None,
        }
    }

    /// Sets how many bytes a block has about: 256 KiB if this is not called, at least 1, at most 64 MiB.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes.clamp(1, LONGEST_RECORD);
        self
    }

    /// The name of the file that is read at present.
    pub fn name(&self) -> &Arc<str> {
        self.files.file().name()
    }

    /// What `framing` frames at the present place, without taking it off; `None` at the end of the file.
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
        self.ahead.take_off(len);
        self.count(len);
        if let Some(at) = &mut self.at {
            at.offset += len as u64;
            at.line += frame.lines;
        }
    }

    /// Goes on to the next file, whatever is left of the present one; `false` if there is none.
    ///
    /// # Errors
    /// [`IoError::Open`], [`IoError::NotBuiltIn`].
    pub fn next_file(&mut self) -> Result<bool, IoError> {
        if !self.files.advance()? {
            return Ok(false);
        }
        self.ahead.clear();
        (self.at, self.at_end) = (None, false);
        Ok(true)
    }

    /// The next block, or `None` at the end of the last file. At the begin of each file after the present one
    /// `begin` is called, to take off what stands before its records. It blocks: call it in a
    /// [`BlockingSource`](godata_etl::BlockingSource).
    ///
    /// # Errors
    /// [`IoError::Open`], [`IoError::NotBuiltIn`], [`IoError::Read`], [`IoError::Compressed`],
    /// [`IoError::Encoding`], [`IoError::Malformed`], [`IoError::RecordTooLong`], [`IoError::Incomplete`], and what
    /// the framing and `begin` give.
    pub fn next(
        &mut self,
        mut begin: impl FnMut(&mut Self) -> Result<(), BoxError>,
    ) -> Result<Option<Block>, BoxError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut block = loop {
            if let Some(block) = self.next_of_file()? {
                break block;
            }
            if !self.next_file()? {
                return Ok(None);
            }
            begin(self)?;
        };
        if F::TERMINATOR.is_some() {
            // The records before an error come first, as if they had been in a block of their own.
            self.failed = self.extend(&mut block, begin).err();
        }
        Ok(Some(block))
    }

    /// Whether the next block is sure to come soon, and takes little to read: for
    /// [`BlockingSource::is_quick`](godata_etl::BlockingSource::is_quick).
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.files.is_quick()
    }

    /// The next block of the present file.
    fn next_of_file(&mut self) -> Result<Option<Block>, BoxError> {
        while let Some((frame, at)) = self.frame_with(Framing::frame)? {
            if frame.records > 0 {
                return Ok(Some(self.take(frame, at)));
            }
            self.skip(frame);
        }
        Ok(None)
    }

    /// Adds the next files to a block, as long as they fit into it as a whole.
    fn extend(
        &mut self,
        block: &mut Block,
        mut begin: impl FnMut(&mut Self) -> Result<(), BoxError>,
    ) -> Result<(), BoxError> {
        while self.at_end && self.ahead.is_empty() {
            let room = self.block_size.saturating_sub(block.bytes.len());
            if self.files.next_len().is_none_or(|len| len > room as u64) {
                return Ok(());
            }
            self.next_file()?;
            begin(self)?;
            self.begin()?;
            if !self.at_end || self.ahead.len() > room {
                return Ok(());
            }
            while let Some((frame, at)) = self.frame_with(Framing::frame)? {
                if frame.records > 0 {
                    let part = self.part(frame, at);
                    block.push(part, &self.ahead[..frame.bytes.min(self.ahead.len())], F::TERMINATOR);
                    let (line, record) = (at.line + frame.lines, at.record + frame.records);
                    self.ahead.take_off(frame.bytes);
                    self.at = Some(Position { offset: at.offset + frame.bytes as u64, line, record });
                } else {
                    self.skip(frame);
                }
            }
        }
        Ok(())
    }

    /// Reads until `frame` finds whole records; `None` if nothing is left.
    fn frame_with<E>(&mut self, mut frame: E) -> Result<Option<(Frame, Position)>, BoxError>
    where
        E: FnMut(&mut F, Ahead<'_>) -> Result<Frame, BoxError>,
    {
        let at = self.begin()?;
        let mut len = self.block_size;
        // Half a block will do, so that not every short frame is followed by a read.
        let mut enough = len.div_ceil(2);
        loop {
            if self.ahead.len() < enough {
                self.fill(len)?;
            }
            if self.ahead.is_empty() {
                return Ok(None);
            }
            // After a very long record more may be ahead than one block.
            let bytes = &self.ahead[..len.min(self.ahead.len())];
            let at_end = self.at_end && bytes.len() == self.ahead.len();
            let file = self.files.file();
            let ahead = Ahead { bytes, file: file.name(), line: at.line, at_end };
            let found = frame(&mut self.framing, ahead)?;
            if found.bytes > 0 {
                return Ok(Some((found, at)));
            }
            if ahead.at_end {
                return Err(IoError::Incomplete { path: file.path(), line: at.line }.into());
            }
            if bytes.len() > LONGEST_RECORD {
                let (path, limit) = (file.path(), LONGEST_RECORD);
                return Err(IoError::RecordTooLong { path, line: at.line, limit }.into());
            }
            len = bytes.len().saturating_mul(2).min(LONGEST_RECORD + 1);
            enough = len;
        }
    }

    /// Where `ahead` begins. The first time, it takes off the byte order mark.
    fn begin(&mut self) -> Result<Position, BoxError> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        self.fill(self.block_size.max(LONGEST_MARK))?;
        let mark = self.files.file().mark_len(&self.ahead)?;
        self.ahead.take_off(mark);
        self.count(mark);
        let at = Position { offset: mark as u64, line: 1, record: 1 };
        self.at = Some(at);
        Ok(at)
    }

    fn fill(&mut self, len: usize) -> Result<(), IoError> {
        if !self.at_end && self.ahead.len() < len {
            let file = self.files.file_mut();
            self.at_end = file.fill(self.ahead.buffer(), len)?;
            if !file.is_as_stored() {
                self.scope.count_bytes_read(file.newly_read());
            }
        }
        Ok(())
    }

    /// Counts bytes that are in no block. Those that are not as stored were counted when they were read.
    fn count(&self, bytes: usize) {
        if self.files.file().is_as_stored() {
            self.scope.count_bytes_read(bytes as u64);
        }
    }

    /// Gives out the bytes of a frame.
    fn take(&mut self, frame: Frame, at: Position) -> Block {
        let part = self.part(frame, at);
        let len = frame.bytes.min(self.ahead.len());
        let bytes = self.ahead.give_out(len, self.scope.buffer());
        let (line, record) = (at.line + frame.lines, at.record + frame.records);
        self.at = Some(Position { offset: at.offset + len as u64, line, record });
        Block::new(bytes, part)
    }

    fn part(&self, frame: Frame, at: Position) -> Part {
        let file = self.files.file();
        let len = frame.bytes.min(self.ahead.len()) as u64;
        let origin = Origin::new(at.record).source(Arc::clone(file.name()));
        let stored = if file.is_as_stored() { at.offset..at.offset + len } else { 0..0 };
        Part { origin: origin.bytes(stored), bytes: 0..0, line: at.line, frame }
    }
}

impl<F> fmt::Debug for Blocks<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("files", &self.files).field("at", &self.at).finish_non_exhaustive()
    }
}
