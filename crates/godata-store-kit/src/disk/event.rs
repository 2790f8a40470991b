//! The events of a disk.

use std::path::PathBuf;

use super::{Call, Trouble};

/// A file, independent of its name, like an inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) usize);

impl FileId {
    pub(crate) fn numbered(number: usize) -> Self {
        Self(number)
    }
}

/// A change of a disk, or a note that a test made meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An empty file was created.
    Create {
        /// Its name.
        path: PathBuf,
        /// The file.
        file: FileId,
    },
    /// A file was renamed, replacing any file of the new name.
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
        /// The file.
        file: FileId,
    },
    /// A name was removed.
    Remove {
        /// The name.
        path: PathBuf,
    },
    /// Bytes were written.
    Write {
        /// The file.
        file: FileId,
        /// The offset of the first byte.
        at: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A file was truncated, or extended with zeros.
    SetLen {
        /// The file.
        file: FileId,
        /// The new length.
        len: usize,
    },
    /// A file's bytes and length became durable.
    Synced {
        /// The file.
        file: FileId,
    },
    /// A sync of a file failed, and no later sync writes its bytes: the system has dropped them or considers them written
    /// (Rebello et al., USENIX ATC 2020).
    SyncFailed {
        /// The file.
        file: FileId,
    },
    /// The names in a directory became durable.
    DirSynced {
        /// The directory.
        dir: PathBuf,
    },
    /// The process ended, and the next one uses the disk.
    Restarted,
    /// A call failed because of a fault.
    Failed {
        /// The call.
        call: Call,
        /// The failure.
        trouble: Trouble,
    },
    /// A commit was sent to the store: the one with this number in the [`Ledger`](crate::Ledger).
    Begun(usize),
    /// The store acknowledged the commit with this number.
    Acknowledged(usize),
}

impl Event {
    /// Whether the event changes the disk.
    #[must_use]
    pub fn is_of_the_disk(&self) -> bool {
        !matches!(self, Self::Restarted | Self::Failed { .. } | Self::Begun(_) | Self::Acknowledged(_))
    }
}
