//! What goes wrong with a disk, and when.

use std::io;

/// What a disk is asked to do, as far as faults tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Opening, reading and listing.
    Read,
    /// Making a file.
    Create,
    /// Writing to a file.
    Write,
    /// Cutting or extending a file.
    SetLen,
    /// Making a file durable.
    Sync,
    /// Making the names in a directory durable.
    SyncDir,
    /// Giving a file another name.
    Rename,
    /// Removing a name.
    Remove,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// ENOSPC: the disk is full.
    Full,
    /// EIO: the disk is broken.
    Broken,
    /// EINTR: a signal came; whoever asks again is served.
    Interrupted,
    /// A write takes half of its bytes; other calls succeed.
    Short,
}

impl Trouble {
    /// What the call returns.
    pub(super) fn result(self) -> io::Result<()> {
        match self {
            Self::Full => Err(io::ErrorKind::StorageFull.into()),
            Self::Broken => Err(io::Error::other("input/output error")),
            Self::Interrupted => Err(io::ErrorKind::Interrupted.into()),
            Self::Short => Ok(()),
        }
    }
}

/// A fault of the disk: from when on, and how a call fails.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    call: Option<Call>,
    after: u64,
    trouble: Trouble,
    lasts: bool,
    half: bool,
}

impl Fault {
    /// The call that comes after `calls` others fails, once.
    #[must_use]
    pub fn after(calls: u64, trouble: Trouble) -> Self {
        Self { call: None, after: calls, trouble, lasts: false, half: trouble == Trouble::Short }
    }

    /// Only calls of this kind count and fail.
    #[must_use]
    pub fn of(self, call: Call) -> Self {
        Self { call: Some(call), ..self }
    }

    /// All calls from then on fail, until the disk [heals](super::Disk::heal).
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasts: true, ..self }
    }

    /// A write that fails has written the first half of its bytes, without saying so.
    #[must_use]
    pub fn half_done(self) -> Self {
        Self { half: true, ..self }
    }

    /// Counts a call, and says how it fails.
    pub(super) fn strike(&mut self, call: Call) -> Option<Trouble> {
        if self.call.is_some_and(|only| only != call) {
            return None;
        }
        match self.after.checked_sub(1) {
            Some(left) => {
                self.after = left;
                None
            }
            None => {
                if !self.lasts {
                    self.after = u64::MAX;
                }
                Some(self.trouble)
            }
        }
    }

    /// How many of the bytes of a write that fails are written all the same.
    pub(super) fn written(&self, len: usize) -> usize {
        if self.half { len / 2 } else { 0 }
    }
}
