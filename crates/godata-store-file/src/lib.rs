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
mod repair;
mod request;
mod snapshot;
mod state;
mod store;
mod verify;
#[doc(hidden)]
pub mod vfs;
mod writer;

pub use lines::Damage;
pub use open::Torn;
pub use options::{Durability, Options};
pub use repair::{Loss, Repaired};
pub use store::FileStore;
pub use verify::Verification;
