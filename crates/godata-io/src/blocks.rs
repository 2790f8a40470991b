//! The files of an input in blocks of whole records.

use std::fmt;
use std::sync::Arc;

use godata_core::BoxError;
use godata_etl::{Origin, RunScope};

use crate::block::Part;
use crate::marks::LONGEST_MARK;
use crate::pending::Pending;
use crate::{Ahead, Block, Frame, Framing, InputFiles, IoError, Packed};

/// Roughly how many bytes a block has.
const BLOCK_SIZE: usize = 256 << 10;

/// How many bytes a record may have, unless that is set.
const LONGEST_RECORD: usize = 64 << 20;

/// Cuts the files of an input into blocks of whole records.
///
/// A block has about 256 KiB, and more only if a single record is larger. The thread that reads decompresses and
/// transcodes the input and cuts it into blocks, while the workers decode the blocks before. A byte order mark is not
/// part of a block. If the format has a [`TERMINATOR`](Framing::TERMINATOR), several small files share a block, which
/// saves the cost of handing over a block for each of them.
///
/// The bytes of files that are compressed or not UTF-8 are counted as they are stored, as they were announced to
/// [`RunScope::expect_bytes`].
///
/// ```
/// use godata_io::etl::{BlockingRead, BlockingSource, Chunk, Pipeline, Reader, RunScope, Unit};
/// use godata_io::{Ahead, Blocks, BoxError, Frame, Framing, Input, RunContext};
///
/// /// Words that end in a space.
/// struct Words;
///
/// impl Framing for Words {
///     fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
///         let last = ahead.bytes.iter().rposition(|&byte| byte == b' ');
///         let end = if ahead.at_end { ahead.bytes.len() } else { last.map_or(0, |at| at + 1) };
///         let words = ahead.bytes[..end].split_inclusive(|&byte| byte == b' ').count();
///         Ok(Frame::new(end).records(words as u64))
///     }
/// }
///
/// struct WordReader(Input);
///
/// struct WordSource(Blocks<Words>);
///
/// impl Reader for WordReader {
///     type Batch = Vec<String>;
///     type Source = BlockingRead<WordSource>;
///
///     async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
///         let (input, run) = (self.0.clone(), scope.clone());
///         let files = scope.blocking(move || Ok(input.open(&run)?)).await?;
///         Ok(BlockingRead::new(WordSource(Blocks::new(files, Words, scope)), scope))
///     }
/// }
///
/// impl BlockingSource for WordSource {
///     type Batch = Vec<String>;
///
///     fn next(&mut self) -> Result<Option<Unit<Vec<String>>>, BoxError> {
///         let Some(block) = self.0.next(|_| Ok(()))? else { return Ok(None) };
///         // This closure runs on a worker.
///         Ok(Some(Unit::new(move |work| {
///             let origin = block.origin(|_, line| vec![line; block.records() as usize]);
///             let text = String::from_utf8_lossy(&block.bytes).into_owned();
///             work.recycle(block.bytes);
///             Ok(Chunk::new(text.split_terminator(' ').map(str::to_owned).collect(), origin))
///         })))
///     }
/// }
///
/// let pipeline = Pipeline::builder("words")
///     .read(WordReader(Input::bytes("words", "to be or not")))
///     .write_fn(async |_, words| {
///         assert_eq!(words, ["to", "be", "or", "not"]);
///         Ok(())
///     })?;
/// assert_eq!(pipeline.run_blocking(&RunContext::new())?.read.records, 4);
/// # Ok::<(), BoxError>(())
/// ```
pub struct Blocks<F> {
    files: InputFiles,
    framing: F,
    scope: RunScope,
    block_size: usize,
    longest_record: usize,
    /// Whether small files may share a block.
    shares: bool,
    /// Whether the bytes are counted as read.
    counts: bool,
    /// The bytes that were read and are in no block yet, from the beginning of a record.
    ahead: Pending,
    /// What was skipped in the file before its first block, and the header that this or an earlier file has.
    head: Vec<u8>,
    header: Option<Arc<str>>,
    /// Where `ahead` begins in the file; `None` before the first read.
    at: Option<Position>,
    /// Whether the file ends where `ahead` does.
    at_end: bool,
    /// The frame at `at`, if it was found while the last block was extended and gets a block of its own.
    framed: Option<Frame>,
    /// An error that occurred after the last block; the next call returns it.
    failed: Option<BoxError>,
}

/// The beginning of a record: its offset from 0, its line and its number from 1.
#[derive(Clone, Copy, Debug)]
struct Position {
    offset: u64,
    line: u64,
    record: u64,
}

/// What is at the beginning of a file, before it is [skipped](Blocks::skip); made by [`Blocks::first_record`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Head<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The line on which the bytes begin, from 1.
    pub line: u64,
    /// The frame of the bytes, for [`Blocks::skip`].
    pub frame: Frame,
}

impl<F: Framing> Blocks<F> {
    /// Cuts `files` by `framing`. The blocks use the buffers of the run.
    pub fn new(files: InputFiles, framing: F, scope: &RunScope) -> Self {
        Self {
            files,
            framing,
            scope: scope.clone(),
            block_size: BLOCK_SIZE,
            longest_record: LONGEST_RECORD,
            shares: F::TERMINATOR.is_some(),
            counts: true,
            ahead: Pending::default(),
            head: Vec::new(),
            header: None,
            at: None,
            at_end: false,
            framed: None,
            failed: None,
        }
    }

    /// Sets roughly how many bytes a block has, between 1 and 64 MiB. The default is 256 KiB.
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes.clamp(1, LONGEST_RECORD);
        self
    }

    /// Sets how many bytes a record may have, between 1 and 64 MiB, which is the default. The framing is told when it has
    /// more; see [`Ahead::is_longest`]. Blocks of several records are not larger.
    #[must_use]
    pub fn longest_record(mut self, bytes: usize) -> Self {
        self.longest_record = bytes.clamp(1, LONGEST_RECORD);
        self
    }

    /// Gives each file blocks of its own, even if small files could share one. A format needs this if the beginning of a file
    /// decides how its records are decoded.
    #[must_use]
    pub fn file_by_file(mut self) -> Self {
        self.shares = false;
        self
    }

    /// The files after the current one, opened a second time, to look at their beginnings before their turn; `None` if
    /// there are none. What is read from them is not counted.
    ///
    /// # Errors
    ///
    /// [`IoError::NotAFile`] if one of them can be read only once, [`IoError::Open`] and [`IoError::NotBuiltIn`].
    pub fn further(&self, framing: F) -> Result<Option<Self>, IoError> {
        let further = self.files.further()?;
        Ok(further.map(|files| Self { counts: false, ..Self::new(files, framing, &self.scope) }))
    }

    /// The framing, to change it before the first record of a file.
    pub fn framing_mut(&mut self) -> &mut F {
        &mut self.framing
    }

    /// The name of the file that is being read.
    pub fn name(&self) -> &Arc<str> {
        self.files.file().name()
    }

    /// What `framing` finds at the current position, without moving on; `None` at the end of the file.
    ///
    /// It is meant for what comes before the records, such as a header: `framing` frames exactly that, and
    /// [`skip`](Self::skip) moves past it.
    ///
    /// # Errors
    ///
    /// Those of [`next`](Self::next).
    pub fn first_record(&mut self, framing: &mut impl Framing) -> Result<Option<Head<'_>>, BoxError> {
        let Some((frame, at)) = self.frame_with(|_, ahead| framing.frame(ahead))? else { return Ok(None) };
        Ok(Some(Head { bytes: &self.ahead[..frame.bytes], line: at.line, frame }))
    }

    /// Moves past what [`first_record`](Self::first_record) found. Its bytes and lines are counted, its records are
    /// not.
    ///
    /// All that is skipped in a file is its [header](Origin::header). A file without one has that of the file before.
    pub fn skip(&mut self, frame: Frame) {
        self.head.extend_from_slice(&self.ahead[..frame.bytes.min(self.ahead.len())]);
        self.pass(frame);
    }

    /// Says that nothing that was skipped in this file so far is needed to read its records: they have the header of the file
    /// before.
    pub fn has_header_of_last_file(&mut self) {
        self.head.clear();
    }

    fn pass(&mut self, frame: Frame) {
        let len = frame.bytes.min(self.ahead.len());
        self.ahead.consume(len);
        self.count(len);
        if let Some(at) = &mut self.at {
            at.offset += len as u64;
            at.line += frame.lines;
        }
    }

    /// Moves to the next file, even if the current one has bytes left. Returns `false` if there is none.
    ///
    /// # Errors
    ///
    /// [`IoError::Open`] and [`IoError::NotBuiltIn`].
    pub fn next_file(&mut self) -> Result<bool, IoError> {
        if !self.files.advance()? {
            return Ok(false);
        }
        self.ahead.clear();
        // The next file may need the header of this one, even if this one has nothing else.
        self.keep_header();
        (self.at, self.at_end, self.framed) = (None, false, None);
        Ok(true)
    }

    /// The next block, or `None` at the end of the last file.
    ///
    /// `begin` is called at the beginning of each further file, to skip what comes before its records. This method
    /// blocks: call it in a [`BlockingSource`](godata_etl::BlockingSource).
    ///
    /// # Errors
    ///
    /// [`IoError::Open`], [`IoError::NotBuiltIn`], [`IoError::Read`], [`IoError::Compressed`],
    /// [`IoError::Encoding`], [`IoError::Malformed`], [`IoError::RecordTooLong`], [`IoError::Incomplete`], and the
    /// errors of the framing and of `begin`.
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
        if self.shares && !block.is_alone() {
            // The records before an error come first, as if they were in a block of their own.
            self.failed = self.extend(&mut block, begin).err();
        }
        Ok(Some(block))
    }

    /// Whether the next block is certain to come soon and cheap to read, for
    /// [`BlockingSource::is_quick`](godata_etl::BlockingSource::is_quick).
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.files.is_quick()
    }

    /// The next block of the current file.
    fn next_of_file(&mut self) -> Result<Option<Block>, BoxError> {
        if let Some((frame, at)) = self.framed.take().zip(self.at) {
            return Ok(Some(self.take(frame, at)));
        }
        while let Some((frame, at)) = self.frame_with(Framing::frame)? {
            if frame.records > 0 {
                return Ok(Some(self.take(frame, at)));
            }
            self.pass(frame);
        }
        Ok(None)
    }

    /// Adds the next files to a block, as long as each fits into it as a whole.
    fn extend(
        &mut self,
        block: &mut Block,
        mut begin: impl FnMut(&mut Self) -> Result<(), BoxError>,
    ) -> Result<(), BoxError> {
        while self.at_end && self.ahead.is_empty() {
            let room = self.usual_len().saturating_sub(block.bytes.len());
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
                if frame.records > 0 && frame.is_alone {
                    self.framed = Some(frame);
                    return Ok(());
                }
                if frame.records > 0 {
                    let part = self.part(frame, at);
                    block.push(part, &self.ahead[..frame.bytes.min(self.ahead.len())], F::TERMINATOR);
                    let (line, record) = (at.line + frame.lines, at.record + frame.records);
                    self.ahead.consume(frame.bytes);
                    self.at = Some(Position { offset: at.offset + frame.bytes as u64, line, record });
                } else {
                    self.pass(frame);
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
        let longest = self.longest_record;
        let mut len = self.usual_len();
        // Half a block is enough, so that a short frame does not cause a read each time.
        let mut enough = len.div_ceil(2);
        loop {
            if self.ahead.len() < enough {
                self.fill(len)?;
            }
            if self.ahead.is_empty() {
                return Ok(None);
            }
            // After a very long record, more than one block may be ahead.
            let bytes = &self.ahead[..len.min(self.ahead.len())];
            let at_end = self.at_end && bytes.len() == self.ahead.len();
            let file = self.files.file();
            let is_longest = bytes.len() > longest;
            let ahead = Ahead { bytes, file: file.name(), line: at.line, at_end, is_longest };
            let found = frame(&mut self.framing, ahead)?;
            if found.bytes > 0 {
                return Ok(Some((found, at)));
            }
            if ahead.at_end {
                return Err(IoError::Incomplete { path: file.path(), line: at.line }.into());
            }
            if is_longest {
                let path = file.path();
                return Err(IoError::RecordTooLong { path, line: at.line, limit: longest }.into());
            }
            len = bytes.len().saturating_mul(2).min(longest + 1);
            enough = len;
        }
    }

    /// Roughly how many bytes a block has.
    fn usual_len(&self) -> usize {
        self.block_size.min(self.longest_record)
    }

    /// Where `ahead` begins. The first call in a file skips the byte order marks; a file has several if tools added
    /// one without looking.
    fn begin(&mut self) -> Result<Position, BoxError> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let mut at = Position { offset: 0, line: 1, record: 1 };
        self.fill(self.usual_len().max(Packed::BYTES))?;
        loop {
            let mark = self.files.file().mark_len(&self.ahead)?;
            if mark == 0 {
                break;
            }
            self.ahead.consume(mark);
            self.count(mark);
            at.offset += mark as u64;
            self.fill(LONGEST_MARK)?;
        }
        self.at = Some(at);
        Ok(at)
    }

    fn fill(&mut self, len: usize) -> Result<(), IoError> {
        if !self.at_end && self.ahead.len() < len {
            let file = self.files.file_mut();
            self.at_end = file.fill(self.ahead.buffer(), len)?;
            if self.counts && !file.is_as_stored() {
                self.scope.count_bytes_read(file.newly_read());
            }
        }
        Ok(())
    }

    /// Counts bytes that are in no block. Bytes that differ from the stored ones were counted when they were read.
    fn count(&self, bytes: usize) {
        if self.counts && self.files.file().is_as_stored() {
            self.scope.count_bytes_read(bytes as u64);
        }
    }

    /// The block for a frame.
    fn take(&mut self, frame: Frame, at: Position) -> Block {
        let part = self.part(frame, at);
        let len = frame.bytes.min(self.ahead.len());
        let bytes = self.ahead.split_front(len, self.scope.buffer());
        let (line, record) = (at.line + frame.lines, at.record + frame.records);
        self.at = Some(Position { offset: at.offset + len as u64, line, record });
        Block::new(bytes, part)
    }

    /// What was skipped in the file so far is its header, if that is anything.
    fn keep_header(&mut self) {
        if !self.head.is_empty() {
            self.header = Some(String::from_utf8_lossy(&self.head).into());
            self.head.clear();
        }
    }

    fn part(&mut self, frame: Frame, at: Position) -> Part {
        self.keep_header();
        let file = self.files.file();
        let len = frame.bytes.min(self.ahead.len()) as u64;
        let mut origin = Origin::new(at.record).source(Arc::clone(file.name()));
        if let Some(header) = &self.header {
            origin = origin.header(Arc::clone(header));
        }
        let stored = if file.is_as_stored() { at.offset..at.offset + len } else { 0..0 };
        Part { origin: origin.bytes(stored), bytes: 0..0, start: at.offset, line: at.line, frame }
    }
}

impl<F> fmt::Debug for Blocks<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").field("files", &self.files).field("at", &self.at).finish_non_exhaustive()
    }
}
