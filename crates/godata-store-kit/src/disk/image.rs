//! What is on a disk that nobody uses.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files on a disk that nobody uses: what a machine finds when it starts.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Image(pub(crate) BTreeMap<PathBuf, Vec<u8>>);

impl Image {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this file too.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.into(), bytes.into());
        self
    }

    /// What is in a file.
    #[must_use]
    pub fn file(&self, path: &Path) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }

    /// All files, by name.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// Writes the files to a real directory, for somebody to look at.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn save(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        for (path, bytes) in self.files() {
            fs::write(dir.join(path.file_name().unwrap_or(path.as_os_str())), bytes)?;
        }
        Ok(())
    }
}

/// The names and lengths of the files.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(path, bytes)| (path, bytes.len()))).finish()
    }
}
