//! A folder for a test, and all that is in it.

#![allow(dead_code, reason = "each program of tests uses its part")]

pub(crate) mod packing;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder. One that was made for a test is removed after it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _removed_on_drop: Option<TempDir>,
}

/// What is in a folder and in the folders within: each file's name and bytes.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl Folder {
    pub(crate) fn new() -> Self {
        tempfile::tempdir().unwrap().into()
    }

    /// In memory, where there is such a place: for tests that are not about what is flushed to the disk.
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

    /// All files, hidden ones too; a folder within counts as an empty file whose name ends in a slash.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        add_files(&mut files, &self.path, "");
        files
    }

    /// An error with all its causes, with paths as if the folder were the working directory.
    pub(crate) fn message(&self, error: &impl Display) -> String {
        format!("{error:#}").replace(&format!("{}/", self.path.display()), "")
    }
}

impl From<TempDir> for Folder {
    fn from(dir: TempDir) -> Self {
        Self { path: dir.path().to_owned(), _removed_on_drop: Some(dir) }
    }
}

/// A folder that somebody else has made.
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

/// Tells why a test is not run, also where the output of tests is not shown: not by `eprintln!`.
pub(crate) fn skipped(why: &str) {
    let mut shown = std::io::stderr();
    writeln!(shown, "skipped: {why}").unwrap();
}
