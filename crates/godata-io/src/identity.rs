//! Which file it is, whatever its name.

use std::fs;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// Which file it is, whatever its name: its device and inode on Unix, and its canonical path elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId(imp::Id);

impl FileId {
    /// An open file, which was opened at `path`.
    pub(crate) fn of(file: &File, path: &Path) -> io::Result<Self> {
        imp::id(&file.metadata()?, path).map(Self)
    }

    /// The regular file that a path leads to; `None` if there is none.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        regular(&fs::metadata(path).ok()?, path)
    }

    /// The regular file that has this path itself; `None` if there is none, or a symbolic link.
    pub(crate) fn named(path: &Path) -> Option<Self> {
        regular(&fs::symlink_metadata(path).ok()?, path)
    }
}

fn regular(metadata: &Metadata, path: &Path) -> Option<FileId> {
    if metadata.is_file() { imp::id(metadata, path).ok().map(FileId) } else { None }
}

#[cfg(unix)]
mod imp {
    use std::fs::Metadata;
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    pub(super) type Id = (u64, u64);

    #[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
    pub(super) fn id(metadata: &Metadata, _: &Path) -> io::Result<Id> {
        Ok((metadata.dev(), metadata.ino()))
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs;
    use std::fs::Metadata;
    use std::io;
    use std::path::{Path, PathBuf};

    pub(super) type Id = PathBuf;

    pub(super) fn id(_: &Metadata, path: &Path) -> io::Result<Id> {
        fs::canonicalize(path)
    }
}
