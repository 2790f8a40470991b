//! Keeps pipelines and their runs in a local JSON file, and loses nothing it acknowledged.

#[doc(hidden)]
pub mod vfs;
