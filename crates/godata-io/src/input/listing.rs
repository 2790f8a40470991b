//! The list of the files of an input.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::Source;
use super::{Bytes, Place, STDIN, pattern};
use crate::IoError;

/// Something to read, and its length if that is known.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) source: Source,
    /// The number of stored bytes; known for regular files and bytes in memory.
    pub(super) len: Option<u64>,
    /// Whether a file may grow while it is read.
    pub(super) may_grow: bool,
}

impl Listed {
    pub(super) fn new(source: Source, len: Option<u64>) -> Self {
        Self { source, len, may_grow: false }
    }

    pub(super) fn bytes(name: Arc<str>, bytes: Arc<Vec<u8>>) -> Self {
        let len = Some(bytes.len() as u64);
        Self::new(Source::Bytes(name, bytes), len)
    }
}

/// Lists what there is to read: at least one thing, unless it is in memory.
pub(super) fn list(place: &Place) -> Result<Vec<Listed>, IoError> {
    match place {
        Place::Paths(paths) if paths.is_empty() => Err(IoError::NoPaths),
        Place::Paths(paths) => paths.iter().map(|path| given(path)).collect(),
        Place::Glob(pattern) => matches(pattern),
        Place::Directory(path) => entries(path),
        Place::Stdin => Ok(vec![Listed::new(Source::Stdin(STDIN.into()), None)]),
        Place::Bytes(sources) => {
            let listed =
                |(name, bytes): &(Arc<str>, Bytes)| Listed::bytes(Arc::clone(name), Arc::clone(&bytes.0));
            Ok(sources.iter().map(listed).collect())
        }
    }
}

/// A file whose path was given.
fn given(path: &Path) -> Result<Listed, IoError> {
    file_at(path)?.ok_or_else(|| IoError::IsDirectory { path: path.to_owned() })
}

/// The file at a path; `None` if it is a directory.
fn file_at(path: &Path) -> Result<Option<Listed>, IoError> {
    let metadata = fs::metadata(path);
    let metadata = metadata.map_err(|source| IoError::Open { path: path.to_owned(), source })?;
    if metadata.is_dir() {
        return Ok(None);
    }
    let len = metadata.is_file().then_some(metadata.len());
    Ok(Some(Listed::new(Source::File(path.to_owned()), len)))
}

/// The files at these paths, without the directories.
fn files_at(paths: &[PathBuf]) -> Result<Vec<Listed>, IoError> {
    paths.iter().filter_map(|path| file_at(path).transpose()).collect()
}

fn matches(pattern: &str) -> Result<Vec<Listed>, IoError> {
    let mut paths = pattern::paths(pattern)?;
    paths.sort_unstable();
    // `**/**` reaches a file in several ways.
    paths.dedup();
    let files = files_at(&paths)?;
    if files.is_empty() {
        let is_relative = Path::new(pattern).is_relative();
        let directory = is_relative.then(std::env::current_dir).and_then(Result::ok);
        return Err(IoError::NoMatch { pattern: pattern.to_owned(), directory });
    }
    Ok(files)
}

fn entries(directory: &Path) -> Result<Vec<Listed>, IoError> {
    let visible = |entry: io::Result<fs::DirEntry>| match entry {
        Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => None,
        entry => Some(entry.map(|entry| entry.path())),
    };
    let paths: io::Result<Vec<_>> =
        fs::read_dir(directory).and_then(|entries| entries.filter_map(visible).collect());
    let mut paths = paths.map_err(|source| IoError::List { path: directory.to_owned(), source })?;
    paths.sort_unstable();
    let files = files_at(&paths)?;
    if files.is_empty() {
        return Err(IoError::NoFiles { path: directory.to_owned() });
    }
    Ok(files)
}
