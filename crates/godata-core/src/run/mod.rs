//! One attempt at a job, as seen by its runner and by its callers.

mod cell;
mod completer;
mod failure;
mod handle;
mod request;
mod result;
mod retry;
mod runner;
mod sync;
mod verdict;

pub use cell::StopReason;
pub use completer::{Completer, PersistError};
pub use failure::{Failure, FailureKind};
pub use handle::{ActiveRun, RunHandle};
pub use request::RunRequest;
pub use result::{RunFailed, RunResult};
pub use retry::{RetryOn, RetryPolicy};
pub use runner::{JobRunner, RunnerError};
pub use verdict::JobEnd;
