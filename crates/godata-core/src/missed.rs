//! What a reader of events that falls behind is told.

/// Events were missed because they were not read in time. Those that follow are complete again.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{events} events were missed")]
pub struct Missed {
    /// How many.
    pub events: u64,
}

debug_as_chain!(Missed);
