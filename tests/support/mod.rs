//! Folders for tests, and their content.

#![allow(dead_code, reason = "each program of tests uses its part")]

pub(crate) mod packing;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder. If it was created for a test, it is removed after the test.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _removed_on_drop: Option<TempDir>,
}

/// The content of a folder and its subfolders: the name and bytes of each file.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl Folder {
    pub(crate) fn new() -> Self {
        tempfile::tempdir().unwrap().into()
    }

    /// In memory where possible, for tests that don't need syncs to a disk.
    pub(crate) fn in_memory() -> Self {
        tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap().into()
    }

    pub(crate) fn root(&self) -> &Path {
        &self.path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// All files, including hidden ones; a subfolder counts as an empty file whose name ends in a slash.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        add_files(&mut files, &self.path, "");
        files
    }

    /// An error with its chain of causes, with paths relative to the folder.
    pub(crate) fn message(&self, error: &impl Display) -> String {
        format!("{error:#}").replace(&format!("{}/", self.path.display()), "")
    }
}

impl From<TempDir> for Folder {
    fn from(dir: TempDir) -> Self {
        Self { path: dir.path().to_owned(), _removed_on_drop: Some(dir) }
    }
}

/// An existing folder.
impl From<PathBuf> for Folder {
    fn from(path: PathBuf) -> Self {
        Self { path, _removed_on_drop: None }
    }
}

fn add_files(files: &mut Files, folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            add_files(files, &entry.path(), &format!("{name}/"));
            files.insert(format!("{name}/"), Vec::new());
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// Reports why a test is skipped. It does not use `eprintln!`, so it shows even when test output is captured.
pub(crate) fn skipped(why: &str) {
    let mut shown = std::io::stderr();
    writeln!(shown, "skipped: {why}").unwrap();
}
