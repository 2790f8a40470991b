//! The stages between reading and writing.

mod adapt;
mod expect;
mod map_async;
mod scan;
mod sync;
mod take;

pub(crate) use adapt::adapt;
pub use expect::ExpectationFailed;
pub(crate) use expect::met;
pub use map_async::Concurrency;
pub(crate) use map_async::map_async;
pub(crate) use scan::scan;
pub(crate) use sync::sync;
pub(crate) use take::take;
