//! The stages between reading and writing.

mod adapt;
mod also_write;
mod expect;
mod fields;
mod join;
mod map_async;
mod scan;
mod stateful;
mod sync;
mod take;

pub(crate) use adapt::adapt;
pub(crate) use also_write::also_write;
pub use expect::ExpectationFailed;
pub(crate) use expect::met;
pub(crate) use fields::looking_for;
pub(crate) use join::{JoinPlan, join};
pub use map_async::Concurrency;
pub(crate) use map_async::map_async;
pub(crate) use scan::scan;
pub use stateful::StatefulStep;
pub(crate) use stateful::{Accumulate, Prepare, Unprepared, stateful};
pub(crate) use sync::sync;
pub(crate) use take::take;
