//! The destination of the bytes of a file.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Session;
use super::appended::Appended;
use super::replacement::{Replacement, target_of};
use crate::IoError;

/// The destination of the bytes of a file. If it is dropped before it is published, what was there before is unchanged,
/// unless it is a stream.
#[derive(Debug)]
pub(super) enum Target {
    Replacement(Replacement),
    Appended(Appended),
    /// A device or a FIFO, written to directly.
    Stream(File),
    Stdout,
}

impl Target {
    /// Opens the file at a path.
    pub(super) fn open(path: &Path, appends: bool, session: &Session) -> Result<Self, IoError> {
        let create = |source| IoError::Create { path: path.to_owned(), source };
        let is_stream = match fs::metadata(path) {
            Ok(old) if old.is_dir() => return Err(IoError::OutputIsDirectory { path: path.to_owned() }),
            Ok(old) => !old.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            // The file could not be put there either: its name is too long, for example.
            Err(error) => return Err(create(error)),
        };
        let target = target_of(path)?;
        if is_stream {
            // The system follows the links once more: those of procfs lead to things that have no path.
            return Ok(Self::Stream(File::options().write(true).open(path).map_err(create)?));
        }
        if appends {
            return Ok(Self::Appended(Appended::begin(path, target, session)?));
        }
        Ok(Self::Replacement(Replacement::begin(path, target, session)?))
    }

    /// The length of the file that is appended to.
    pub(super) fn old_len(&self) -> u64 {
        match self {
            Self::Appended(file) => file.old_len(),
            Self::Replacement(_) | Self::Stream(_) | Self::Stdout => 0,
        }
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Replacement(file) => file.file()?.write_all(bytes),
            Self::Appended(file) => file.write_all(bytes),
            Self::Stream(file) => file.write_all(bytes),
            Self::Stdout => io::stdout().write_all(bytes),
        }
    }

    /// Releases the descriptor of a file until the next write. A stream stays open, because its reader would see the
    /// end of the stream if it were closed.
    pub(super) fn close(&mut self) -> io::Result<()> {
        match self {
            Self::Replacement(file) => file.close(),
            Self::Appended(file) => {
                file.close();
                Ok(())
            }
            Self::Stream(_) | Self::Stdout => Ok(()),
        }
    }

    /// Flushes what was written. Nothing will be written afterwards.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Replacement(file) => file.finish(),
            Self::Appended(file) => file.finish(),
            Self::Stream(_) => Ok(()),
            Self::Stdout => io::stdout().flush(),
        }
    }

    /// Checks what may keep [`publish`](Self::publish) from succeeding.
    pub(super) fn check(&self) -> io::Result<()> {
        match self {
            Self::Appended(file) => file.check(),
            Self::Replacement(file) => file.check(),
            Self::Stream(_) | Self::Stdout => Ok(()),
        }
    }

    /// Makes what was written visible. Returns the directory that has a new name in it, if there is one.
    pub(super) fn publish(self) -> io::Result<Option<PathBuf>> {
        match self {
            Self::Replacement(file) => file.publish().map(Some),
            Self::Appended(file) => Ok(file.keep()),
            Self::Stream(_) | Self::Stdout => Ok(None),
        }
    }
}
