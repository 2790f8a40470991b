//! One attempt at a job, as whoever runs it and whoever watches it see it.

mod failure;

pub use failure::{Failure, FailureKind};
