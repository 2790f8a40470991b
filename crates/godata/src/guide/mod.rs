//! Guides: topics that span several crates.
//!
//! * [`files`]: reading and writing files.

pub mod files;
