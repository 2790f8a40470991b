//! The engine: what happens between `run` and its report.
//!
//! A run pulls [`Task`]s through the stages ([`Pull`]), computes them on worker threads with a bounded number
//! in flight ([`Lanes`](lanes::Lanes)), and writes their results in order ([`drive`](drive::run)). A task is the
//! whole life of a batch on one thread: decoding, the steps and encoding. If the source is quick, the task reads the
//! batch as well.
//!
//! Invariants, cited by number where code relies on them:
//! 1. Every thread and task that works for a run holds its `Arc<Run>`, and drops it last. [`Run::end`] fires the end
//!    hooks, or else the drop of the last holder does.
//! 2. A [`Bracket`](bracket::Bracket) fires its end hooks exactly once: when it is closed, or else when it is dropped.
//! 3. Dropping a `Lanes` stops the tasks it has in flight. Nothing else reads their results.
//! 4. A [permit](permits) to compute is held by a thread that is at work or about to be. It goes to a blocking thread,
//!    which runs without being polled, and never to a future or a task, which might not be polled. The holder of a
//!    permit never waits for another one.

mod bracket;
mod buffers;
mod carried;
mod counters;
mod dead;
mod drive;
mod execute;
mod in_flight;
mod lanes;
mod letters;
mod logs;
mod permits;
mod policy;
mod refused;
mod rejects;
mod run;
mod scope;
mod side;
mod stage;
mod tally;
mod workers;

pub(crate) use bracket::Bracket;
pub(crate) use buffers::Buffers;
pub(crate) use carried::{Carried, Computed};
pub(crate) use dead::{DeadLetters, erased};
pub(crate) use drive::{MakeWriter, check, contained_async, run};
pub(crate) use in_flight::InFlight;
pub(crate) use lanes::{Lanes, compute};
pub(crate) use logs::LoggedBy;
pub(crate) use permits::cores;
pub(crate) use run::{AtWork, Plan, Run};
pub use scope::RunScope;
pub(crate) use scope::{Load, on_thread};
pub(crate) use side::SideBatch;
pub(crate) use stage::{Opener, Pull, Stage, Stopped, Task, then};
pub(crate) use tally::Exceeded;
