//! The files of an input.

use std::sync::Arc;
use std::vec;

use godata_etl::RunScope;

use super::InputFile;
use super::listing::Listed;
use crate::in_use::Open;
use crate::{Compression, Encoding, IoError};

/// An open input: its files, one after the other. [`Blocks`](crate::Blocks) reads them. Made by
/// [`Input::open`](crate::Input::open).
#[derive(Debug)]
pub struct InputFiles {
    file: InputFile,
    further: vec::IntoIter<Listed>,
    compression: Compression,
    encoding: Encoding,
    is_quick: bool,
    is_empty: bool,
    /// Notes what is read, for outputs that would append to it.
    open: Arc<Open>,
}

impl InputFiles {
    /// Opens the first file of `listed`, or a file without bytes if there is none. `listing` is the pattern or directory that they
    /// are from.
    pub(super) fn open(
        listed: Vec<Listed>,
        listing: Option<Arc<str>>,
        compression: Compression,
        encoding: Encoding,
        scope: &RunScope,
    ) -> Result<Self, IoError> {
        if listed.iter().any(|listed| listed.len.is_some()) {
            scope.expect_bytes(listed.iter().filter_map(|listed| listed.len).sum());
        }
        let is_there = listed.iter().all(|listed| listed.len.is_some());
        let paths = listed.iter().filter_map(|listed| listed.source.identity()).collect();
        let open = Open::input(scope.context().run_id(), paths, listing)?;
        let is_empty = listed.is_empty();
        let mut further = listed.into_iter();
        let first = further.next().unwrap_or_else(|| Listed::bytes("nothing".into(), Arc::default()));
        let file = InputFile::open(&first, compression, encoding)?;
        let is_quick = is_there && file.is_as_stored();
        Ok(Self { file, further, compression, encoding, is_quick, is_empty, open: Arc::new(open) })
    }

    /// Whether there is nothing to read, because [`Input::bytes_of`](crate::Input::bytes_of) was given nothing. A reader then has
    /// no records, even if a file of its format can't be empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The file that is being read.
    pub(crate) fn file(&self) -> &InputFile {
        &self.file
    }

    pub(crate) fn file_mut(&mut self) -> &mut InputFile {
        &mut self.file
    }

    /// Whether everything is in regular files or in memory, and is read as it is stored.
    pub(crate) fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// The stored length of the next file, if there is one and its length is known.
    pub(crate) fn next_len(&self) -> Option<u64> {
        self.further.as_slice().first()?.len
    }

    /// The files after the current one, opened again; `None` if there are none.
    pub(crate) fn further(&self) -> Result<Option<Self>, IoError> {
        let mut further = self.further.clone();
        if let Some(once) = further.as_slice().iter().find(|listed| listed.len.is_none()) {
            return Err(IoError::NotAFile { path: (&*once.source.name()).into() });
        }
        let Some(first) = further.next() else { return Ok(None) };
        let file = InputFile::open(&first, self.compression, self.encoding)?;
        let Self { compression, encoding, is_quick, is_empty, .. } = *self;
        let open = Arc::clone(&self.open);
        Ok(Some(Self { file, further, compression, encoding, is_quick, is_empty, open }))
    }

    /// Moves to the next file. Returns whether there is one.
    pub(crate) fn advance(&mut self) -> Result<bool, IoError> {
        let Some(next) = self.further.next() else { return Ok(false) };
        self.file = InputFile::open(&next, self.compression, self.encoding)?;
        Ok(true)
    }
}
