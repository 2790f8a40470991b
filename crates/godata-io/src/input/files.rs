//! The files of an input, one after the other.

use std::vec;

use godata_etl::RunScope;

use super::InputFile;
use super::listing::Listed;
use crate::{Compression, Encoding, IoError};

/// An input that was opened: its files, one after the other. [`Blocks`](crate::Blocks) reads them.
#[derive(Debug)]
pub struct InputFiles {
    file: InputFile,
    further: vec::IntoIter<Listed>,
    compression: Compression,
    encoding: Encoding,
    is_quick: bool,
}

impl InputFiles {
    /// Opens the first of `listed`, which is not empty.
    pub(super) fn open(
        listed: Vec<Listed>,
        compression: Compression,
        encoding: Encoding,
        scope: &RunScope,
    ) -> Result<Self, IoError> {
        if listed.iter().any(|listed| listed.len.is_some()) {
            scope.expect_bytes(listed.iter().filter_map(|listed| listed.len).sum());
        }
        let is_there = listed.iter().all(|listed| listed.len.is_some());
        let mut further = listed.into_iter();
        let first = further.next().ok_or(IoError::NoPaths)?;
        let file = InputFile::open(&first, compression, encoding)?;
        let is_quick = is_there && file.is_as_stored();
        Ok(Self { file, further, compression, encoding, is_quick })
    }

    /// The file that is read at present.
    pub(crate) fn file(&self) -> &InputFile {
        &self.file
    }

    pub(crate) fn file_mut(&mut self) -> &mut InputFile {
        &mut self.file
    }

    /// Whether all is there, in regular files or in memory, and is to be read as it is stored.
    pub(crate) fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// How many bytes the next file has, as they are stored, if there is one and that is known.
    pub(crate) fn next_len(&self) -> Option<u64> {
        self.further.as_slice().first()?.len
    }

    /// Goes on to the next file, and says whether there is one.
    pub(crate) fn advance(&mut self) -> Result<bool, IoError> {
        let Some(next) = self.further.next() else { return Ok(false) };
        self.file = InputFile::open(&next, self.compression, self.encoding)?;
        Ok(true)
    }
}
