//! Where the records of a format end.

use std::sync::Arc;

use godata_core::BoxError;

/// Says where the records of a format end: what [`Blocks`](crate::Blocks) needs to know of it.
///
/// It runs on the one thread that reads, so it only looks for ends, quickly; all else about a record is
/// checked where the block is decoded, on the workers.
///
/// ```
/// use godata_core::BoxError;
/// use godata_io::{Ahead, Frame, Framing};
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
///         Ok(Frame { bytes: end, records, lines })
///     }
/// }
///
/// let ahead = Ahead { bytes: b"a;b;c", file: &"a.txt".into(), line: 1, at_end: false };
/// let frame = Semicolons.frame(ahead)?;
/// assert_eq!(frame, Frame { bytes: 4, records: 2, lines: 0 });
/// # Ok::<(), BoxError>(())
/// ```
pub trait Framing: Send + 'static {
    /// The byte that ends a record, if the same bytes that end it do so in every file: the last record of a file
    /// is given it if it lacks it, and files that are small are put together into one block. With `None`, each
    /// file has blocks of its own.
    const TERMINATOR: Option<u8> = None;

    /// Says how many of the bytes ahead hold whole records.
    ///
    /// A frame of no bytes asks for more: the next call gets the same bytes and further ones. At the end
    /// there is no more, and it is an [`IoError::Incomplete`](crate::IoError::Incomplete). A frame of bytes
    /// without records (blank lines) is passed over. Where `\r\n` ends a line, a frame must not end between
    /// the two.
    ///
    /// # Errors
    /// When the bytes can't be cut; the error names the file and the line, because no record does.
    fn frame(&mut self, ahead: Ahead<'_>) -> Result<Frame, BoxError>;
}

/// The bytes that were read and not yet cut.
#[derive(Clone, Copy, Debug)]
pub struct Ahead<'a> {
    /// The bytes, from the begin of a record on; never empty.
    pub bytes: &'a [u8],
    /// The name of the file that they are in.
    pub file: &'a Arc<str>,
    /// The line of the file on which they begin, from 1.
    pub line: u64,
    /// Whether no byte of the file comes after them, so that the last record may lack its terminator.
    pub at_end: bool,
}

/// How much of the bytes ahead are whole records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// How many bytes; 0 if no record ends in them.
    pub bytes: usize,
    /// How many records.
    pub records: u64,
    /// How many lines; a last one without terminator counts.
    pub lines: u64,
}
