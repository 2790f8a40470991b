//! How much memory a step may use.

use std::path::{Path, PathBuf};

use godata_core::debug_as_chain;

/// The groups have grown beyond the memory.
#[derive(thiserror::Error)]
#[error(
    "the groups have grown to {needed} MiB, and the memory is {memory} MiB; give the step more, or count fewer distinct values"
)]
pub(crate) struct OutOfMemory {
    needed: u64,
    memory: u64,
}

debug_as_chain!(OutOfMemory);

/// How much memory a step may use for the records that it keeps, and where it puts the others.
///
/// Beyond that, the step writes records to temporary files. They have no name in the file system, so nothing is left of them
/// however the process ends. The result is the same, whatever the memory, unless groups outgrow it, which fails the run, or serde skips
/// fields, as below.
///
/// Each step has a budget of its own, also if several are given clones of one `Memory`. The batches in flight, and on their way out
/// of the step, are those of the pipeline.
///
/// Records of your own types are kept as bytes by serde, and must be read by it as they were written. A type that can't be fails
/// the run. A field with `#[serde(skip)]` is a trap: it comes back as its default, without an error, because serde does not tell
/// that it was there. Some steps keep all records as bytes and others only some, so don't rely on such a field after a step with a
/// `Memory`: remove the attribute, or set the field after the step.
///
/// ```
/// use godata_etl::Memory;
///
/// let memory = Memory::mib(200).spill_to("/var/tmp");
/// assert_eq!(memory.bytes(), 200 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    bytes: u64,
    folder: Option<PathBuf>,
}

impl Memory {
    /// Up to this many MiB.
    #[must_use]
    pub fn mib(mib: u64) -> Self {
        Self { bytes: mib.saturating_mul(1 << 20), folder: None }
    }

    /// Sets the folder of the temporary files. Default: [`std::env::temp_dir`], which is in memory on some systems; on such a
    /// system, choose a folder on a disk.
    #[must_use]
    pub fn spill_to(self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// How many bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Up to this many bytes, to test what happens when they run out.
    #[cfg(test)]
    pub(crate) fn of_bytes(bytes: u64) -> Self {
        Self { bytes, folder: None }
    }

    /// Fails if what can't be written to files takes more than the memory, and more than a MiB.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), OutOfMemory> {
        const LEAST: u64 = 1 << 20;
        if bytes <= self.bytes.max(LEAST) {
            Ok(())
        } else {
            Err(OutOfMemory { needed: bytes >> 20, memory: self.bytes >> 20 })
        }
    }

    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// A part of this memory.
    pub(crate) fn part(&self, share: u64, of: u64) -> Self {
        Self { bytes: self.bytes / of * share, folder: self.folder.clone() }
    }
}
