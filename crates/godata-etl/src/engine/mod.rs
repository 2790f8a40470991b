//! The engine: what happens between `run` and its report.
//!
//! A run pulls [`Task`]s through the stages ([`Pull`]), computes them on worker threads with a bounded number
//! in flight ([`Lanes`](lanes::Lanes)), and writes what they made in order ([`drive`](drive::run)). A task is a
//! batch's whole life: decode, steps and encode, on one thread; where the source is quick, reading it as well.
//!
//! Invariants, cited by number where code relies on them:
//! 1. Whatever runs for a run holds its `Arc<Run>`, and lets go of it last. The end hooks are fired by
//!    [`Run::end`], or by the drop of the last holder.
//! 2. A [`Bracket`](bracket::Bracket) fires its end exactly once: when closed, or else when dropped.
//! 3. Dropping a `Lanes` stops the tasks it has in flight; nobody else reads their results.
//! 4. Who has a turn to compute is a thread at work, or one that is about to be: a turn is given to a blocking
//!    thread, which runs by itself, and never to a future or task, which may not be polled. Who has a turn never
//!    waits for another's.

mod attempt;
mod bracket;
mod buffers;
mod counters;
mod drive;
mod in_flight;
mod lanes;
mod logs;
mod run;
mod scope;
mod stage;
mod turns;
mod workers;

pub(crate) use bracket::Bracket;
pub(crate) use drive::{MakeWriter, check, contained, run};
pub(crate) use in_flight::InFlight;
pub(crate) use lanes::{Lanes, compute};
pub(crate) use logs::LoggedBy;
pub(crate) use run::{AtWork, Plan, Run};
pub use scope::RunScope;
pub(crate) use stage::{Opener, Pull, Stage, Stopped, Task, then};
pub(crate) use turns::cores;
