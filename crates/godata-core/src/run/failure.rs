//! The failure of a run, as it is stored.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{JobErrorKind, error_chain, excerpt_within};

/// Why a run failed: what the caller can do about it, and the error with all its causes as text.
///
/// As an error, it prints its message and has no source.
///
/// ```
/// use godata_core::{Failure, FailureKind, Transient};
///
/// let failure = Failure::from_error(&Transient::new("too many requests"));
/// assert_eq!(failure.kind, FailureKind::Transient);
/// assert_eq!(failure.to_string(), "temporary failure: too many requests");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What the caller can do about the failure.
    pub kind: FailureKind,
    /// The error with all its causes: at most [`MAX_BYTES`](Self::MAX_BYTES), without NUL.
    pub message: String,
    /// The least time to wait before the next attempt, if the error names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

/// What the caller can do about a [`Failure`]. As text and in JSON it is the name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The job returned an error that does not say whether a retry can help.
    Failed,
    /// The job returned an error marked [`Permanent`](crate::Permanent): it would fail again.
    Permanent,
    /// The job returned an error marked [`Transient`](crate::Transient): it may succeed if it is retried.
    Transient,
    /// The job took longer than its timeout.
    TimedOut,
    /// The job panicked.
    Panicked,
}

impl Failure {
    /// The most bytes that a message has: 16 KiB. A longer message is cut and ends in `…`.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Makes a failure. A message that is longer than [`MAX_BYTES`](Self::MAX_BYTES) is cut; NUL becomes U+FFFD.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: cut(message.into()), retry_after: None }
    }

    /// Makes the failure of a job that returned this error: its [kind](JobErrorKind) and its [chain](error_chain()) as the
    /// message.
    ///
    /// A run that was canceled has no failure. So a [`Canceled`](crate::Canceled) in the chain is about something else. It
    /// is ignored, and the other marks count.
    #[must_use]
    pub fn from_error(error: &(dyn Error + 'static)) -> Self {
        let (kind, retry_after) = match JobErrorKind::of_failure(error) {
            JobErrorKind::Transient { retry_after } => (FailureKind::Transient, retry_after),
            JobErrorKind::Permanent => (FailureKind::Permanent, None),
            JobErrorKind::Failed | JobErrorKind::Canceled => (FailureKind::Failed, None),
        };
        Self { retry_after, ..Self::new(kind, error_chain(error).to_string()) }
    }
}

impl Error for Failure {}

debug_as_chain!(Failure);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&excerpt_within(&self.message, Self::MAX_BYTES))
    }
}

fn cut(mut message: String) -> String {
    const END: &str = "…";
    if message.contains('\0') {
        message = message.replace('\0', "\u{fffd}");
    }
    if message.len() > Failure::MAX_BYTES {
        let room = Failure::MAX_BYTES - END.len();
        let end = (0..=room).rev().find(|at| message.is_char_boundary(*at)).unwrap_or_default();
        message.truncate(end);
        message.push_str(END);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Canceled, Permanent, Transient};

    #[test]
    fn a_long_message_is_cut_between_characters() {
        for character in ["a", "ä", "€", "𝄞", "\0"] {
            let failure = Failure::new(FailureKind::Panicked, character.repeat(Failure::MAX_BYTES + 1));
            assert!(failure.message.len() <= Failure::MAX_BYTES, "{character}");
            assert!(failure.message.len() > Failure::MAX_BYTES - 8, "{character}");
            assert!(failure.message.ends_with('…') && !failure.message.contains('\0'), "{character}");
        }
        assert_eq!(Failure::new(FailureKind::Failed, "short").message, "short");
    }

    #[test]
    fn the_kind_and_the_wait_are_those_of_the_error() {
        let error = Transient::new("busy").retry_after(Duration::from_secs(3));
        let failure = Failure::from_error(&error);
        assert_eq!(
            (failure.kind, failure.retry_after),
            (FailureKind::Transient, Some(Duration::from_secs(3)))
        );
        assert_eq!(Failure::from_error(&Permanent::new("broken")).kind, FailureKind::Permanent);
        assert_eq!(Failure::from_error(&Canceled::new()).kind, FailureKind::Failed);
    }
}
