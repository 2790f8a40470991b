//! Temporary files of sorted rows.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use godata_core::{debug_as_chain, excerpt_path};

use super::block::{Row, RowAt};
use super::memory::Memory;
use super::merge::Merge;
use super::sorter::Check;
use crate::Stop;

/// Sorted rows in a temporary file. The file has no name: the system removes it when it is closed, or when the process ends,
/// however it ends.
#[derive(Debug)]
pub(super) struct Run {
    file: File,
    folder: Arc<Path>,
}

/// A temporary file can't be used.
#[derive(thiserror::Error)]
#[error(
    "can't {verb} a temporary file in `{}`; `Memory::spill_to` sets another folder, and more memory needs no file",
    excerpt_path(&*folder.to_string_lossy())
)]
pub(crate) struct SpillError {
    verb: &'static str,
    folder: Arc<Path>,
    source: io::Error,
}

debug_as_chain!(SpillError);

impl SpillError {
    pub(super) fn new(verb: &'static str, memory: &Memory, source: io::Error) -> Self {
        Self { verb, folder: folder(memory), source }
    }

    /// Creates a temporary file.
    pub(super) fn create(memory: &Memory) -> Result<File, Self> {
        tempfile::tempfile_in(folder(memory)).map_err(|source| Self::new("create", memory, source))
    }
}

fn folder(memory: &Memory) -> Arc<Path> {
    memory.folder().map_or_else(std::env::temp_dir, Path::to_owned).into()
}

impl Run {
    /// After how many rows it looks whether the run of the pipeline is to stop.
    const CHECKED: u64 = 4096;

    /// Writes the rows of a merge, and no more than `limit`.
    pub(super) fn write(
        memory: &Memory,
        mut rows: Merge,
        limit: u64,
        check: Check<'_>,
    ) -> Result<Self, Stop> {
        const BUFFER: usize = 256 << 10;
        let failed = |verb| move |source| SpillError::new(verb, memory, source);
        let file = SpillError::create(memory)?;
        let mut out = BufWriter::with_capacity(BUFFER, file);
        let (mut bytes, mut written) = (Vec::new(), 0);
        while written < limit && rows.advance()? {
            if written % Self::CHECKED == 0 {
                check()?;
            }
            let Some(row) = rows.row() else { break };
            write_row(&row, &mut bytes, &mut out).map_err(failed("write"))?;
            written += 1;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error).map_err(failed("write"))?;
        file.rewind().map_err(failed("read"))?;
        Ok(Self { file, folder: folder(memory) })
    }
}

/// Writes a row with its length. `memory` is reused.
fn write_row(row: &Row<'_>, memory: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    memory.clear();
    row.write(memory);
    out.write_all(&(memory.len() as u64).to_le_bytes())?;
    out.write_all(memory)
}

/// How many bytes the length of a row takes.
const LENGTH: usize = 8;

/// Reads the rows of a run, through a buffer.
#[derive(Debug)]
pub(super) struct RunReader {
    run: Run,
    buffer: Vec<u8>,
    /// The part of the buffer that is filled and has not been read.
    from: usize,
    to: usize,
    /// The current row in the buffer.
    row: Option<RowAt>,
}

impl RunReader {
    /// Reads a run through a buffer of this size, which grows for a longer row.
    pub(super) fn new(run: Run, buffer: usize) -> Self {
        Self { run, buffer: vec![0; buffer.max(LENGTH)], from: 0, to: 0, row: None }
    }

    /// Moves on to the next row, if there is one.
    pub(super) fn advance(&mut self) -> Result<(), SpillError> {
        self.row = None;
        let row = match self.read_row() {
            Ok(Some(start)) => Some(RowAt::find(&self.buffer, start).map_err(io::Error::other)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        };
        let failed = |source| SpillError { verb: "read", folder: Arc::clone(&self.run.folder), source };
        self.row = row.transpose().map_err(failed)?;
        Ok(())
    }

    #[inline]
    pub(super) fn row(&self) -> Option<Row<'_>> {
        self.row.as_ref().map(|at| at.of(&self.buffer))
    }

    /// Reads the next row into the buffer, and returns where it starts.
    fn read_row(&mut self) -> io::Result<Option<usize>> {
        self.fill(LENGTH)?;
        let Some(&length) = self.buffer[self.from..self.to].first_chunk::<LENGTH>() else {
            return if self.from == self.to { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        };
        let len = usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?;
        self.fill(LENGTH + len)?;
        let start = self.from + LENGTH;
        if self.to < start + len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.from = start + len;
        Ok(Some(start))
    }

    /// Reads until there are `len` bytes in the buffer, or to the end of the file.
    fn fill(&mut self, len: usize) -> io::Result<()> {
        if self.to - self.from >= len {
            return Ok(());
        }
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.buffer.len() < len {
            self.buffer.resize(len, 0);
        }
        while self.to < len {
            match self.run.file.read(&mut self.buffer[self.to..]) {
                Ok(0) => break,
                Ok(read) => self.to += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
