//! The bytes of an input as they are stored.

use std::{
    fs::File,
    io::{self, Read, Stdin},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where the bytes of one file come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Stdin(Arc<str>),
    Bytes(Arc<str>, Arc<Vec<u8>>),
}

impl Source {
    /// The path of a file; what is none has no extension that would mean anything.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin(_) | Self::Bytes(..) => None,
        }
    }

    /// The name for errors and origins.
    pub(super) fn name(&self) -> Arc<str> {
        match self {
            Self::File(path) => path.to_string_lossy().into(),
            Self::Stdin(name) | Self::Bytes(name, _) => Arc::clone(name),
        }
    }

    pub(super) fn open(&self) -> io::Result<Content> {
        let bytes = match self {
            Self::File(path) => Stored::File(File::open(path)?),
            Self::Stdin(_) => Stored::Stdin(io::stdin()),
            Self::Bytes(_, bytes) => Stored::Bytes(Arc::clone(bytes)),
        };
        Ok(Content { bytes, read: 0, has_failed: false })
    }
}

/// The bytes of one file as they are stored.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Stored,
    /// How many were read.
    read: u64,
    has_failed: bool,
}

#[derive(Debug)]
enum Stored {
    File(File),
    Stdin(Stdin),
    Bytes(Arc<Vec<u8>>),
}

impl Content {
    /// How many bytes were read.
    pub(super) fn count(&self) -> u64 {
        self.read
    }

    /// Whether reading failed, so that an error is not one of the decompression.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Adds up to `len` bytes to `buffer`; fewer only at the end.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>, len: u64) -> io::Result<usize> {
        match &mut self.bytes {
            // The file itself reads into memory that was not written before, which `Content` as a `Read` can't.
            Stored::File(file) => {
                let read = file.take(len).read_to_end(buffer);
                self.has_failed |= read.is_err();
                let read = read?;
                self.read += read as u64;
                Ok(read)
            }
            Stored::Stdin(_) | Stored::Bytes(_) => self.take(len).read_to_end(buffer),
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.bytes {
            Stored::File(file) => file.read(buffer),
            Stored::Stdin(stdin) => stdin.read(buffer),
            Stored::Bytes(bytes) => {
                let at = usize::try_from(self.read).unwrap_or(usize::MAX);
                bytes.get(at..).unwrap_or_default().read(buffer)
            }
        };
        match &read {
            Ok(read) => self.read += *read as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.has_failed = true,
        }
        read
    }
}
