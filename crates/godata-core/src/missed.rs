//! What an event reader gets if it falls behind.

/// An event reader fell behind and missed some events. It gets every event that follows, unless it falls behind again.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reader fell behind and missed {events} {}", if *events == 1 { "event" } else { "events" })]
#[non_exhaustive]
pub struct Missed {
    /// The number of events that were missed.
    pub events: u64,
}

debug_as_chain!(Missed);

impl Missed {
    /// For senders of events: says that the reader missed this many.
    #[must_use]
    pub fn new(events: u64) -> Self {
        Self { events }
    }
}
