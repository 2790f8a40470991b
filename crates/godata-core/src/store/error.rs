//! How a store fails.

use crate::BoxError;

/// Why a store did not do what it was asked, by what the caller can do about it.
///
/// After an error it is not known whether a write has happened: the caller reads before it decides again.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It can't be reached, or did not answer in time. Try again.
    #[error("the store is not available")]
    Unavailable {
        /// What went wrong.
        source: BoxError,
    },
    /// It has no space left. Try again when there is some.
    #[error("the store has no space left")]
    Full {
        /// What went wrong.
        source: BoxError,
    },
    /// Another process has it open, and only one may.
    #[error("the store is in use by process {pid} on {host}")]
    Locked {
        /// The id of that process.
        pid: u32,
        /// The machine it runs on.
        host: String,
    },
    /// What is stored can't be read. Somebody has to look at it.
    #[error("the store is damaged at {place}")]
    Corrupt {
        /// Where: a file and a line, a table and a key.
        place: String,
        /// What is wrong there.
        source: BoxError,
    },
    /// What was asked breaks the contract. It fails each time.
    #[error("the store can't take this")]
    Invalid {
        /// What is wrong with it.
        source: BoxError,
    },
}

debug_as_chain!(StoreError);

impl StoreError {
    /// It can't be reached, or did not answer in time.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// It has no space left.
    pub fn full(source: impl Into<BoxError>) -> Self {
        Self::Full { source: source.into() }
    }

    /// What is stored at `place` can't be read.
    pub fn corrupt(place: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Corrupt { place: place.into(), source: source.into() }
    }

    /// What was asked breaks the contract.
    pub fn invalid(source: impl Into<BoxError>) -> Self {
        Self::Invalid { source: source.into() }
    }

    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }
}
