//! Proves that a durable store loses nothing it acknowledged.
//!
//! * [`Disk`]: a file system in memory that knows what is synced, records what is done to it, and fails on request. It
//!   is a `Vfs` of the file store.
//! * [`crash`]: from such a recording, what a power cut at any moment may leave.

pub mod crash;
mod disk;
mod seed;
mod vfs;

pub use disk::{Call, Disk, Event, Fault, FileId, Image, Recording, Trouble};
pub use seed::Seeded;
