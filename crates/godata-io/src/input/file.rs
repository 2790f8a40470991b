//! One file of an input, opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::Source;
use super::decompressed::Decompressed;
use super::listing::Listed;
use super::transcoder::Transcoder;
use crate::marks::mark;
use crate::packed::Packed;
use crate::{Compression, Encoding, IoError};

/// An open file of an input, as UTF-8 text.
#[derive(Debug)]
pub(crate) struct InputFile {
    bytes: Decompressed,
    /// Set if the text is not UTF-8.
    transcoder: Option<Transcoder>,
    /// How many stored bytes `newly_read` has reported.
    reported: u64,
}

impl InputFile {
    pub(super) fn open(
        listed: &Listed,
        compression: Compression,
        encoding: Encoding,
    ) -> Result<Self, IoError> {
        let bytes = Decompressed::open(listed, compression)?;
        Ok(Self { bytes, transcoder: Transcoder::of(encoding), reported: 0 })
    }

    /// Opens a file that exists and is not a directory.
    pub(crate) fn open_path(path: &Path, compression: Compression) -> Result<Self, IoError> {
        let listed = Listed::new(Source::File(path.to_owned()), None);
        Self::open(&listed, compression, Encoding::Utf8)
    }

    /// The name for errors and origins.
    pub(crate) fn name(&self) -> &Arc<str> {
        self.bytes.name()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.bytes.path()
    }

    /// Whether the bytes that are read are the stored ones.
    pub(crate) fn is_as_stored(&self) -> bool {
        self.transcoder.is_none() && !self.bytes.is_compressed()
    }

    /// How many stored bytes were read since the last call.
    pub(crate) fn newly_read(&mut self) -> u64 {
        let read = self.bytes.stored_count();
        read - std::mem::replace(&mut self.reported, read)
    }

    /// Reads until `buffer` has at least `len` bytes or the file ends. Returns whether it ended.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>, len: usize) -> Result<bool, IoError> {
        match &mut self.transcoder {
            Some(transcoder) => transcoder.fill(&mut self.bytes, buffer, len),
            None => self.bytes.fill(buffer, len),
        }
    }

    /// The length of a byte order mark that is at the start of the text. Fails if the file does not start as text does.
    pub(crate) fn mark_len(&self, text: &[u8]) -> Result<usize, IoError> {
        if let Some(found) = Packed::of(text)
            && self.is_as_stored()
        {
            return Err(IoError::Packed { path: self.path(), found });
        }
        match mark(text) {
            Some((len, "UTF-8")) => Ok(len),
            Some((_, found)) if self.transcoder.is_none() => {
                Err(IoError::Encoding { path: self.path(), found, expected: Encoding::Utf8 })
            }
            _ => Ok(0),
        }
    }
}
