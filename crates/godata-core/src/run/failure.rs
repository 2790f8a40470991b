//! How a run failed, as it is kept.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{JobError, JobErrorKind};

/// Why a run failed: what the caller can do about it, and the whole chain of causes as text.
///
/// ```
/// use godata_core::{Failure, FailureKind, JobError};
///
/// let failure = Failure::from(&JobError::transient("too many requests"));
/// assert_eq!(failure.kind, FailureKind::Transient);
/// assert_eq!(failure.to_string(), "too many requests");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What the caller can do about it.
    pub kind: FailureKind,
    /// The error with all its causes, on one line: at most [`MAX_BYTES`](Self::MAX_BYTES), and no NUL.
    pub message: String,
    /// The least time to wait before the next attempt, if the failure said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

/// What the caller can do about a [`Failure`]. In text and in JSON it is the name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The job returned an error, and would again.
    Failed,
    /// The job returned an error that may pass.
    Transient,
    /// The job took longer than it may.
    TimedOut,
    /// The job panicked.
    Panicked,
}

impl Failure {
    /// The most bytes that a message has: 16 KiB. A longer one ends in `…`.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// A failure with a message, which is cut where it is too long.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: cut(message.into()), retry_after: None }
    }
}

impl From<&JobError> for Failure {
    fn from(error: &JobError) -> Self {
        let (kind, retry_after) = match error.kind() {
            JobErrorKind::Transient { retry_after } => (FailureKind::Transient, retry_after),
            JobErrorKind::Failed | JobErrorKind::Canceled => (FailureKind::Failed, None),
        };
        Self { retry_after, ..Self::new(kind, format!("{error:#}")) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
        let error = JobError::transient("busy").retry_after(Duration::from_secs(3));
        let failure = Failure::from(&error);
        assert_eq!(
            (failure.kind, failure.retry_after),
            (FailureKind::Transient, Some(Duration::from_secs(3)))
        );
        assert_eq!(Failure::from(&JobError::canceled()).kind, FailureKind::Failed);
    }
}
