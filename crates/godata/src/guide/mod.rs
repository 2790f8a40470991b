//! Guides: topics that span several crates.
//!
//! * [`files`]: reading and writing files.
//! * [`errors`]: when things go wrong: bad rows, failed runs, kills.
//! * [`keyed`]: joins, groups, sorts and their memory.
//! * [`testing`]: testing your pipelines.
//! * [`coming_from`]: coming from pandas, Polars or dlt.

pub mod coming_from;
pub mod errors;
pub mod files;
pub mod keyed;
pub mod testing;
