//! What is read.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use godata_etl::RunScope;

use crate::IoError;

/// What a reader reads: a file, named by its path.
///
/// A device or a FIFO can be read too. Opening a FIFO waits until somebody writes to it, which a
/// cancellation does not interrupt.
///
/// ```
/// use godata_io::Input;
///
/// let input = Input::path("data/orders.csv");
/// assert_eq!(&*input.name(), "data/orders.csv");
/// ```
#[derive(Clone, Debug)]
pub struct Input {
    path: PathBuf,
}

impl Input {
    /// The file at a path; a relative one begins at the working directory of the process.
    #[must_use]
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The name for errors and origins: the path as it was given.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.path.to_string_lossy().into()
    }

    /// Opens the input, and tells the run how many bytes are to come. It blocks: call it in
    /// [`RunScope::blocking`].
    ///
    /// # Errors
    /// [`IoError::Open`] and [`IoError::IsDirectory`].
    pub fn open(&self, scope: &RunScope) -> Result<InputFile, IoError> {
        let failed = |source| IoError::Open { path: self.path.clone(), source };
        let file = File::open(&self.path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(IoError::IsDirectory { path: self.path.clone() });
        }
        if metadata.is_file() {
            scope.expect_bytes(metadata.len());
        }
        Ok(InputFile { file, path: self.path.clone(), name: self.name() })
    }
}

impl From<&str> for Input {
    fn from(path: &str) -> Self {
        Self::path(path)
    }
}

impl From<String> for Input {
    fn from(path: String) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Input {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

/// An input that was opened. Its [`Read`] gives the errors of the system as they are.
#[derive(Debug)]
pub struct InputFile {
    file: File,
    path: PathBuf,
    name: Arc<str>,
}

impl InputFile {
    /// The name for errors and origins.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads until `buffer` has `len` bytes or the input ends; says whether it ended.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>, len: usize) -> Result<bool, IoError> {
        let missing = len.saturating_sub(buffer.len());
        buffer.reserve_exact(missing);
        // The file itself reads into memory that was not written before, which `InputFile` as a `Read` can't.
        let read = (&mut self.file).take(missing as u64).read_to_end(buffer);
        let read = read.map_err(|source| IoError::Read { path: self.path.clone(), source })?;
        Ok(read < missing)
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
