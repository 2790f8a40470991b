//! What a reader of events gets if it falls behind.

/// A reader of events has missed some because it fell behind. The events that follow are complete again.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reader fell behind and missed {events} {}", if *events == 1 { "event" } else { "events" })]
#[non_exhaustive]
pub struct Missed {
    /// The number of events that were missed.
    pub events: u64,
}

debug_as_chain!(Missed);

impl Missed {
    /// For senders of events: this many events were missed.
    #[must_use]
    pub fn new(events: u64) -> Self {
        Self { events }
    }
}
