//! Futures in flight.

use std::task::{Context, Poll};

use futures::StreamExt;
use futures::stream::{FuturesOrdered, FuturesUnordered};

/// Futures in flight. Their results come in the order of the futures, or as they are ready.
pub(crate) enum InFlight<F: Future> {
    Ordered(FuturesOrdered<F>),
    Unordered(FuturesUnordered<F>),
}

impl<F: Future> InFlight<F> {
    pub(crate) fn new(is_ordered: bool) -> Self {
        if is_ordered {
            Self::Ordered(FuturesOrdered::new())
        } else {
            Self::Unordered(FuturesUnordered::new())
        }
    }

    pub(crate) fn push(&mut self, future: F) {
        match self {
            Self::Ordered(futures) => futures.push_back(future),
            Self::Unordered(futures) => futures.push(future),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Ordered(futures) => futures.len(),
            Self::Unordered(futures) => futures.len(),
        }
    }

    /// The next result; `None` if there are no futures.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        match self {
            Self::Ordered(futures) => futures.poll_next_unpin(cx),
            Self::Unordered(futures) => futures.poll_next_unpin(cx),
        }
    }
}
