//! Keeps pipelines and their runs in a local JSON file, and loses nothing it acknowledged.

mod batch;
mod compaction;
mod error;
mod files;
mod format;
mod handle;
mod install;
mod journal;
mod lines;
mod load;
mod lock;
mod open;
mod options;
mod prune;
mod request;
mod snapshot;
mod state;
mod store;
#[doc(hidden)]
pub mod vfs;
mod writer;

pub use open::Torn;
pub use options::{Durability, Options};
pub use store::FileStore;
