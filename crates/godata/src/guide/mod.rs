//! Guides: topics that span several crates.
//!
//! * [`files`]: reading and writing files.
//! * [`errors`]: when things go wrong: bad rows, failed runs, kills.
//! * [`keyed`]: joins, groups, sorts and their memory.
//! * [`testing`]: testing your pipelines.

pub mod errors;
pub mod files;
pub mod keyed;
pub mod testing;
