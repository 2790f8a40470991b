//! Which files an input has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::MatchOptions;

use super::content::Source;
use super::{Place, STDIN};
use crate::IoError;

/// Something to be read, and how long it is if that is known.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) source: Source,
    /// The bytes as they are stored; known of regular files and of bytes in memory.
    pub(super) len: Option<u64>,
}

/// What there is to read, at least one.
pub(super) fn list(place: &Place) -> Result<Vec<Listed>, IoError> {
    match place {
        Place::Paths(paths) if paths.is_empty() => Err(IoError::NoPaths),
        Place::Paths(paths) => paths.iter().map(|path| given(path)).collect(),
        Place::Glob(pattern) => matches(pattern),
        Place::Directory(path) => entries(path),
        Place::Stdin => Ok(vec![Listed { source: Source::Stdin(STDIN.into()), len: None }]),
        Place::Bytes { name, bytes } => {
            let len = Some(bytes.0.len() as u64);
            Ok(vec![Listed { source: Source::Bytes(Arc::clone(name), Arc::clone(&bytes.0)), len }])
        }
    }
}

/// A file that was named.
fn given(path: &Path) -> Result<Listed, IoError> {
    look(path)?.ok_or_else(|| IoError::IsDirectory { path: path.to_owned() })
}

/// A file that was found; `None` if it is a directory.
fn look(path: &Path) -> Result<Option<Listed>, IoError> {
    let metadata = fs::metadata(path);
    let metadata = metadata.map_err(|source| IoError::Open { path: path.to_owned(), source })?;
    if metadata.is_dir() {
        return Ok(None);
    }
    let len = metadata.is_file().then_some(metadata.len());
    Ok(Some(Listed { source: Source::File(path.to_owned()), len }))
}

/// The files at these paths, without those that are directories.
fn found(paths: &[PathBuf]) -> Result<Vec<Listed>, IoError> {
    paths.iter().filter_map(|path| look(path).transpose()).collect()
}

fn matches(pattern: &str) -> Result<Vec<Listed>, IoError> {
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let paths = glob::glob_with(pattern, options)
        .map_err(|error| IoError::Pattern { pattern: pattern.to_owned(), source: error.into() })?;
    let paths: Result<Vec<_>, _> = paths.collect();
    let mut paths =
        paths.map_err(|error| IoError::List { path: error.path().to_owned(), source: error.into() })?;
    paths.sort_unstable();
    let files = found(&paths)?;
    if files.is_empty() {
        return Err(IoError::NoMatch { pattern: pattern.to_owned() });
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
    let files = found(&paths)?;
    if files.is_empty() {
        return Err(IoError::NoFiles { path: directory.to_owned() });
    }
    Ok(files)
}
