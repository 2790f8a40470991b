//! The engine: what happens between `run` and its report.
//!
//! A run pulls [`Task`]s through the stages ([`Pull`]), computes them on worker threads with a bounded number
//! in flight ([`Lanes`](lanes::Lanes)), and writes what they made in order ([`drive`](drive::run)). A task is a
//! batch's whole life: decode, steps and encode, on one thread.
//!
//! Invariants, cited by number where code relies on them:
//! 1. Whatever runs for a run holds its `Arc<Run>`, and lets go of it last. The end hooks are fired by
//!    [`Run::end`], or by the drop of the last holder.
//! 2. A [`Bracket`](bracket::Bracket) fires its end exactly once: when closed, or else when dropped.
//! 3. Dropping a `Lanes` stops the tasks it has in flight; nobody else reads their results.
//! 4. A turn among the workers of the process is waited for on a task of the runtime, never in a future that its
//!    owner may leave unpolled: turns are given out first come first served, and one that is given to such a
//!    future is lost to all others. Who has a turn never waits for another's.

mod bracket;
mod buffers;
mod counters;
mod drive;
mod lanes;
mod run;
mod scope;
mod stage;
mod workers;

pub(crate) use bracket::Bracket;
pub(crate) use drive::{MakeWriter, check, contained, run};
pub(crate) use lanes::{Lanes, compute};
pub(crate) use run::{AtWork, Plan, Run};
pub use scope::RunScope;
pub(crate) use stage::{Opener, Pull, Stage, Stopped, Task};
pub(crate) use workers::cores;
