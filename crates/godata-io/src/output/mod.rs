//! What is written.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{IoError, replacement::Replacement};

/// What a writer writes: a file, named by its path.
///
/// * A file that exists is replaced as a whole, when the run has succeeded. What is written goes to a file
///   beside it until then, named `.orders.csv.AbC123.tmp`. A process that is killed leaves that file behind;
///   nothing reads it, and it may be removed.
/// * The new file has the mode of the old one, and without an old one 0666 less the umask. Its owner is the
///   user who runs the process, also where the old file had another.
/// * To replace a file is a change to its directory, as with `mv`: an old file that is read only is replaced.
/// * Of a symbolic link the target is replaced, not the link. Other hard links to the old file keep its content.
/// * What exists and is no file (a device, a FIFO) can't be replaced: it is opened and written to directly, so
///   a run that fails may have written to it. Opening a FIFO waits until somebody reads from it, which a
///   cancellation does not interrupt.
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// The file at a path; a relative one begins at the working directory of the process.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Begins an output; the old file is as it was until [`OutputFile::commit`]. It blocks: call it in
    /// [`RunScope::blocking`](godata_etl::RunScope::blocking).
    ///
    /// # Errors
    /// [`IoError::IsDirectory`], [`IoError::NoFileName`], [`IoError::NoDirectory`], [`IoError::Create`].
    pub fn open(&self) -> Result<OutputFile, IoError> {
        let path = self.path.clone();
        let target = match fs::metadata(&path) {
            Ok(old) if old.is_dir() => return Err(IoError::IsDirectory { path }),
            Ok(old) if !old.is_file() => Target::Stream(self.open_stream()?),
            // That there is none is no error, and why it can't be reached will show when it is to be made.
            Ok(_) | Err(_) => Target::Replacement(Replacement::begin(&path)?),
        };
        Ok(OutputFile { path, target })
    }

    fn open_stream(&self) -> Result<File, IoError> {
        let file = OpenOptions::new().write(true).open(&self.path);
        file.map_err(|source| IoError::Create { path: self.path.clone(), source })
    }
}

impl From<&str> for Output {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Output {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Output {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for Output {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Output {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

/// An output that was begun. Dropped without [`commit`](Self::commit), it leaves the old file as it was and
/// nothing else.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Replacement(Replacement),
    /// A device or a FIFO, written to directly.
    Stream(File),
}

impl OutputFile {
    /// Writes all of `bytes`, unbuffered: call it with many bytes at a time.
    ///
    /// # Errors
    /// [`IoError::Write`]; some of the bytes may have been written then.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        let file = match &mut self.target {
            Target::Replacement(replacement) => replacement.file(),
            Target::Stream(file) => file,
        };
        file.write_all(bytes).map_err(|source| IoError::Write { path: self.path.clone(), source })
    }

    /// Flushes the file to the disk and puts it in the place of the old one.
    ///
    /// # Errors
    /// [`IoError::Commit`]. The old file is as it was then; only if the very last step failed, that of flushing
    /// the directory, the new file is in place and may be lost by a failure of power.
    pub fn commit(self) -> Result<(), IoError> {
        match self.target {
            Target::Replacement(replacement) => {
                replacement.commit().map_err(|source| IoError::Commit { path: self.path, source })
            }
            Target::Stream(_) => Ok(()),
        }
    }
}
