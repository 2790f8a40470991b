//! The errors of stores.

use crate::{BoxError, excerpt, excerpt_path};

/// Why a call of a store failed, by what the caller can do about it.
///
/// After an error it is unknown whether a write has happened. The caller reads before it decides again.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store can't be reached, or did not answer in time. A retry may succeed.
    #[error("the store is not available")]
    Unavailable {
        /// What went wrong.
        source: BoxError,
    },
    /// The store has no space left. A retry may succeed once there is some.
    #[error("the store has no space left")]
    Full {
        /// What went wrong.
        source: BoxError,
    },
    /// Another process has the store open, and only one may.
    #[error(
        "{} is in use{}; one process at a time may open it: stop that process, or wait for it",
        excerpt_path(place),
        by(*pid, host.as_deref())
    )]
    Locked {
        /// The store: a file, or another name that a person knows it by.
        place: String,
        /// The id of that process, if it is known.
        pid: Option<u32>,
        /// The machine that it runs on, if it is known.
        host: Option<String>,
    },
    /// The stored data can't be read. A person has to look at it.
    #[error("the store is damaged at {}", excerpt_path(place))]
    Corrupt {
        /// The place of the damage: a file and a line, or a table and a key.
        place: String,
        /// What is wrong there.
        source: BoxError,
    },
    /// The request breaks the contract of the store. A retry fails again.
    #[error("the store refused an invalid request")]
    Invalid {
        /// What is wrong with the request.
        source: BoxError,
    },
}

debug_as_chain!(StoreError);

/// The process that has a store open, for a message.
fn by(pid: Option<u32>, host: Option<&str>) -> String {
    let pid = pid.map(|pid| format!(" by process {pid}")).unwrap_or_default();
    let host = host.map(|host| format!(" on {}", excerpt(host))).unwrap_or_default();
    pid + &host
}

impl StoreError {
    /// Makes an [`Unavailable`](Self::Unavailable) error.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// Makes a [`Full`](Self::Full) error.
    pub fn full(source: impl Into<BoxError>) -> Self {
        Self::Full { source: source.into() }
    }

    /// Makes a [`Corrupt`](Self::Corrupt) error for what is stored at `place`.
    pub fn corrupt(place: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Corrupt { place: place.into(), source: source.into() }
    }

    /// Makes an [`Invalid`](Self::Invalid) error.
    pub fn invalid(source: impl Into<BoxError>) -> Self {
        Self::Invalid { source: source.into() }
    }

    /// Whether the same call may succeed later.
    ///
    /// ```
    /// use godata_core::StoreError;
    ///
    /// assert!(StoreError::unavailable("connection refused").is_retryable());
    /// assert!(!StoreError::corrupt("runs.json, line 7", "unexpected end of file").is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }
}
