//! Guides: topics that span several crates.
//!
//! * [`files`]: reading and writing files.
//! * [`errors`]: when things go wrong: bad rows, failed runs, kills.

pub mod errors;
pub mod files;
