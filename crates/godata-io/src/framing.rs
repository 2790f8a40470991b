//! Where the records of a format end.

use std::sync::Arc;

use godata_core::BoxError;

/// Finds where the records of a format end, so that [`Blocks`](crate::Blocks) can cut files there.
///
/// It runs on the one thread that reads, so it should only look for the ends of records, and be quick. Everything else
/// about a record is checked when its block is decoded, on the workers.
///
/// ```
/// use godata_io::{Ahead, BoxError, Frame, Framing};
///
/// /// Records that end in a semicolon.
/// struct Semicolons;
///
/// impl Framing for Semicolons {
///     fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError> {
///         let last = ahead.bytes.iter().rposition(|&byte| byte == b';');
///         let end = if ahead.at_end { ahead.bytes.len() } else { last.map_or(0, |at| at + 1) };
///         let records = ahead.bytes[..end].split_inclusive(|&byte| byte == b';').count() as u64;
///         let lines = ahead.bytes[..end].iter().filter(|&&byte| byte == b'\n').count() as u64;
///         Ok(Frame::new(end).records(records).lines(lines))
///     }
/// }
///
/// let file = "a.txt".into();
/// let frame = Semicolons.frame(Ahead::new(b"a;b;c", &file))?;
/// assert_eq!(frame, Frame::new(4).records(2));
/// let frame = Semicolons.frame(Ahead::new(b"a;b;c", &file).at_end())?;
/// assert_eq!(frame, Frame::new(5).records(3));
/// # Ok::<(), BoxError>(())
/// ```
pub trait Framing: Send + 'static {
    /// The byte that ends every record, if it is the same in all files of the format.
    ///
    /// The last record of a file gets this byte if it lacks it, and small files are put together into one block. With
    /// `None`, each file has blocks of its own.
    const TERMINATOR: Option<u8> = None;

    /// Says how many of the bytes ahead are whole records.
    ///
    /// A frame of no bytes asks for more: the next call gets the same bytes followed by further ones. At the end of the
    /// file there are no more, and such a frame is an [`IoError::Incomplete`](crate::IoError::Incomplete). A frame that
    /// has bytes but no records, such as blank lines, is skipped. Where `\r\n` ends a line, a frame must not end
    /// between the two.
    ///
    /// # Errors
    ///
    /// Any error means that the bytes can't be cut, and fails the run. It has to name the file and the line, because it belongs
    /// to no record.
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError>;
}

/// The bytes of a file that were read and not yet cut into frames.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ahead<'a> {
    /// The bytes, from the beginning of a record; never empty.
    pub bytes: &'a [u8],
    /// The name of their file.
    pub file: &'a Arc<str>,
    /// The line of the file on which they begin, from 1.
    pub line: u64,
    /// Whether the file ends after these bytes, so that the last record may lack its terminator.
    pub at_end: bool,
    /// Whether these are more bytes than a record may have; see [`Blocks::longest_record`](crate::Blocks::longest_record).
    /// If the frame is then empty, the run fails with [`IoError::RecordTooLong`](crate::IoError::RecordTooLong).
    pub is_longest: bool,
}

impl<'a> Ahead<'a> {
    /// Bytes from line 1 of a file, with more bytes to come. [`Blocks`](crate::Blocks) makes these; call it to test a
    /// [`Framing`].
    #[must_use]
    pub fn new(bytes: &'a [u8], file: &'a Arc<str>) -> Self {
        Self { bytes, file, line: 1, at_end: false, is_longest: false }
    }

    /// Sets the line on which the bytes begin, from 1.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// The file ends after these bytes.
    #[must_use]
    pub fn at_end(mut self) -> Self {
        self.at_end = true;
        self
    }

    /// These are more bytes than a record may have.
    #[must_use]
    pub fn longest(mut self) -> Self {
        self.is_longest = true;
        self
    }
}

/// How many of the bytes ahead are whole records. `Frame::default()` asks for more bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The number of bytes; 0 if no record ends in them.
    pub bytes: usize,
    /// The number of records in the bytes.
    pub records: u64,
    /// The number of lines in the bytes. A last line without its terminator counts.
    pub lines: u64,
    /// Whether these bytes get a block of their own, even if another file would fit into it.
    pub is_alone: bool,
}

impl Frame {
    /// Bytes without records and lines, until those are set.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Sets the number of records.
    #[must_use]
    pub fn records(mut self, records: u64) -> Self {
        self.records = records;
        self
    }

    /// Sets the number of lines.
    #[must_use]
    pub fn lines(mut self, lines: u64) -> Self {
        self.lines = lines;
        self
    }

    /// Gives these bytes a block of their own, for which [`Block::is_alone`](crate::Block::is_alone) is true. A format needs this
    /// if its framing keeps something about these records for the decoder.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.is_alone = true;
        self
    }
}
