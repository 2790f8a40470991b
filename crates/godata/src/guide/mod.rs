//! Guides: what one wants to know of a matter that is spread over several crates.
//!
//! * [`files`]: reading and writing files.

pub mod files;
