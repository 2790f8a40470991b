//! Runs jobs on schedules, and keeps their history.

mod backfill;
mod builder;
mod command;
mod engine;
mod error;
mod events;
mod history;
mod ids;
mod orchestrator;
mod policy;
mod registration;
mod shutdown;

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
