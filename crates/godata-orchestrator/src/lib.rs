//! Runs jobs on schedules, and keeps their history.

mod backfill;
mod builder;
mod command;
mod decide;
mod engine;
mod error;
mod events;
mod history;
mod ids;
mod orchestrator;
mod persist;
mod policy;
mod recovery;
mod registration;
mod shutdown;
#[cfg(feature = "signal")]
mod signal;
mod slots;
mod timers;

pub use backfill::Backfill;
pub use builder::OrchestratorBuilder;
pub use command::RunOptions;
pub use error::{BuildError, OrchestratorError, RegisterError};
pub use events::{Event, Events, Missed, ScheduleFault};
pub use history::History;
pub use orchestrator::Orchestrator;
pub use policy::{Misfire, Overlap, Recovery};
pub use registration::Registration;
pub use shutdown::DrainReport;
