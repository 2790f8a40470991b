//! Reads a file line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use godata_core::{StoreError, debug_as_chain, excerpt_path};

use crate::error::{Unsound, failed};
use crate::format::Fault;
use crate::vfs::Vfs;

/// A place in a file that does not hold what was written there.
///
/// `Display` prints the place; the [source](std::error::Error::source) says what is wrong.
#[derive(thiserror::Error)]
#[error("{}, line {line}, byte {offset}", excerpt_path(path))]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u64,
    /// The start of the line, in bytes from the start of the file.
    pub offset: u64,
    #[source]
    pub(crate) fault: Fault,
}

debug_as_chain!(Damage);

impl Damage {
    /// The error of a store that is refused because of this; `hint` says what to do about it.
    pub(crate) fn into_error(self, hint: &'static str) -> StoreError {
        StoreError::corrupt(self.to_string(), Unsound { fault: self.fault, hint })
    }
}

/// Reads a file line by line and keeps track of the place.
pub(crate) struct Lines {
    path: PathBuf,
    reader: BufReader<Box<dyn Read + Send>>,
    buffer: Vec<u8>,
    /// The last line that was read, and its start.
    line: u64,
    offset: u64,
}

impl Lines {
    const BUFFER: usize = 256 << 10;

    pub(crate) fn open(vfs: &dyn Vfs, path: &Path) -> Result<Self, StoreError> {
        let reader = vfs.read(path).map_err(failed("read", path))?;
        let reader = BufReader::with_capacity(Self::BUFFER, reader);
        Ok(Self { path: path.to_owned(), reader, buffer: Vec::new(), line: 0, offset: 0 })
    }

    /// The next line without its line end; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Result<&[u8], Fault>>, StoreError> {
        self.offset += self.buffer.len() as u64;
        self.line += 1;
        self.buffer.clear();
        self.reader.read_until(b'\n', &mut self.buffer).map_err(failed("read", &self.path))?;
        Ok(match self.buffer.strip_suffix(b"\n") {
            Some(line) => Some(Ok(line)),
            None if self.buffer.is_empty() => None,
            None => Some(Err(Fault::Unfinished)),
        })
    }

    /// The end of the last line that was read.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.buffer.len() as u64
    }

    /// Damage in the last line that was read.
    pub(crate) fn damage(&self, fault: Fault) -> Damage {
        Damage { path: self.path.clone(), line: self.line, offset: self.offset, fault }
    }
}
