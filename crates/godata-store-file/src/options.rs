//! The settings of an open store.

use std::sync::Arc;
use std::time::Duration;

use crate::vfs::{RealVfs, Vfs};

/// When a commit is acknowledged.
///
/// With every choice, a crash loses only the last commits: if a commit survives, all commits before it do too.
/// [Closing](crate::FileStore::close) a store syncs them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Once it is on the disk. Commits that arrive at the same time are synced together.
    #[default]
    Sync,
    /// Once the operating system has it; it is synced to the disk within this time. If the machine stops without
    /// warning, the commits of that time may be lost. If only the process dies, none is.
    Interval(Duration),
    /// Once the operating system has it; the system writes it to the disk whenever it likes. If the machine stops
    /// without warning, any number of commits may be lost. If only the process dies, none is.
    Never,
}

/// The settings of an open store.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) durability: Durability,
    pub(crate) keep_newest: Option<usize>,
    pub(crate) keep_for: Option<Duration>,
    pub(crate) snapshot_threshold: u64,
    pub(crate) mode: u32,
    pub(crate) vfs: Arc<dyn Vfs>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Sync,
            keep_newest: None,
            keep_for: None,
            snapshot_threshold: 4 << 20,
            mode: 0o600,
            vfs: Arc::new(RealVfs),
        }
    }
}
