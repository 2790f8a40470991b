//! The failure of a run, as it is stored.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{chain_parts, push_part};
use crate::{JobErrorKind, excerpt_within};

/// Why a run failed: what the caller can do about it, and the error with all its causes as text.
///
/// `Display` prints the message and the causes on one line, as [`error_chain`](crate::error_chain()) does for an error. As an
/// error, it has no source.
///
/// ```
/// use godata_core::{Failure, FailureKind, Transient};
///
/// let failure = Failure::from_error(&Transient::new("too many requests"));
/// assert_eq!(failure.kind, FailureKind::Transient);
/// assert_eq!(failure.message, "temporary failure");
/// assert_eq!(failure.causes, ["too many requests"]);
/// assert_eq!(failure.to_string(), "temporary failure: too many requests");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What the caller can do about the failure.
    pub kind: FailureKind,
    /// The outermost error's own text. In a row of an earlier version, all its causes follow in the same text. It and the
    /// causes have at most [`MAX_BYTES`](Self::MAX_BYTES) together, and no NUL.
    pub message: String,
    /// The texts of the error's causes, outermost first. A cause is left out if the text before it already ends with
    /// it. A final `…` stands for further causes. Empty in rows of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
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
    /// The most bytes that the message and the causes have together: 16 KiB. A longer text is cut and ends in `…`.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Makes a failure without causes. A message that is longer than [`MAX_BYTES`](Self::MAX_BYTES) is cut; NUL becomes U+FFFD.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.contains('\0') {
            message = message.replace('\0', "\u{fffd}");
        }
        if message.len() > Self::MAX_BYTES {
            cut(&mut message, Self::MAX_BYTES - END.len());
        }
        Self { kind, message, causes: Vec::new(), retry_after: None }
    }

    /// Makes the failure of a job that returned this error: its [kind](JobErrorKind), its text, and those of its causes, each
    /// as [`error_chain`](crate::error_chain()) displays it.
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
        let parts = chain_parts(error).unwrap_or_else(|_| vec!["the error has no text".to_owned()]);
        let mut parts = bounded(parts).into_iter();
        Self { kind, message: parts.next().unwrap_or_default(), causes: parts.collect(), retry_after }
    }
}

impl Error for Failure {}

debug_as_chain!(Failure);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.message.clone();
        for cause in &self.causes {
            push_part(&mut line, cause);
        }
        f.write_str(&excerpt_within(&line, Self::MAX_BYTES))
    }
}

/// The end of a text that was cut.
const END: &str = "…";

/// The first texts, the last of them cut, so that their line has at most [`Failure::MAX_BYTES`].
fn bounded(parts: Vec<String>) -> Vec<String> {
    const SEPARATOR: usize = ": ".len();
    let line = parts.iter().map(|part| part.len() + SEPARATOR).sum::<usize>().saturating_sub(SEPARATOR);
    if line <= Failure::MAX_BYTES {
        return parts;
    }
    let mut room = Failure::MAX_BYTES - END.len();
    let mut kept = Vec::new();
    for mut part in parts {
        if part.len() >= room {
            cut(&mut part, room);
            kept.push(part);
            break;
        }
        room = room.saturating_sub(part.len() + SEPARATOR);
        kept.push(part);
    }
    kept
}
/// Cuts a text after at most `room` bytes, between characters, and marks its end.
fn cut(text: &mut String, room: usize) {
    let end = (0..=room.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.truncate(end);
    text.push_str(END);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BoxError, Canceled, Permanent, Transient, error_chain};

    /// One level of a chain: its message and its source.
    #[derive(Debug)]
    struct Level(String, Option<BoxError>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    fn chain(messages: &[&str]) -> BoxError {
        let level = |source, message: &&str| Some(Level((*message).to_owned(), source).into());
        messages.iter().rev().fold(None, level).unwrap()
    }

    #[test]
    fn the_causes_are_apart_and_the_line_is_that_of_the_chain() {
        let long = "é".repeat(1_999);
        let cases: [(&[&str], &str, &[&str]); 9] = [
            (&["read failed"], "read failed", &[]),
            (&["read failed", "orders.csv: no such file"], "read failed", &["orders.csv: no such file"]),
            (&["a: b: c", "b: c", "c", "d"], "a: b: c", &["d"]),
            (&["busy", "busy", "busy"], "busy", &[]),
            (&["", "", "no such file"], "no such file", &[]),
            (&["read failed", "", "disk"], "read failed", &["disk"]),
            (&["", ""], "", &[]),
            (&["two\nlines", "\u{1b}[2J\0"], r"two\nlines", &[r"\u{1b}[2J\u{0}"]),
            (&[&long, "\"1\""], &long, &["\"1\""]),
        ];
        for (messages, message, causes) in cases {
            let error = chain(messages);
            let failure = Failure::from_error(&*error);
            assert_eq!(failure.message, message, "{messages:?}");
            assert_eq!(failure.causes, causes, "{messages:?}");
            assert_eq!(failure.to_string(), error_chain(&*error).to_string(), "{messages:?}");
        }
    }

    #[test]
    fn a_chain_that_is_too_long_is_cut_as_one_line() {
        for length in [1, 500, 1_637, 1_638, 1_999, 2_000, 5_000] {
            for levels in [2, 8, 9, 10, 11, 63, 64, 65, 200] {
                let (odd, even) = ("é".repeat(length), "x".repeat(length));
                let messages: Vec<_> = [&*odd, &*even].into_iter().cycle().take(levels).collect();
                let error = chain(&messages);
                let failure = Failure::from_error(&*error);
                let bytes = failure.causes.iter().map(String::len).sum::<usize>() + failure.message.len();
                assert!(bytes <= Failure::MAX_BYTES, "{bytes} bytes of {levels} levels of {length}");
                let line = Failure::new(FailureKind::Failed, error_chain(&*error).to_string()).to_string();
                assert_eq!(failure.to_string(), line, "{levels} levels of {length}");
            }
        }
    }

    #[test]
    fn an_error_that_is_its_own_source_or_has_no_text_has_a_failure() {
        #[derive(Debug)]
        struct Odd(bool);

        impl fmt::Display for Odd {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.0 { f.write_str("endless") } else { Err(fmt::Error) }
            }
        }

        impl Error for Odd {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }

        let endless = Failure::from_error(&Odd(true));
        assert_eq!((&*endless.message, &*endless.causes), ("endless", &["…".to_owned()][..]));
        assert_eq!(Failure::from_error(&Odd(false)).message, "the error has no text");
    }

    #[test]
    fn a_row_of_an_earlier_version_has_its_causes_in_the_message() {
        let old = r#"{"kind":"failed","message":"read failed: orders.csv: no such file"}"#;
        let failure: Failure = serde_json::from_str(old).unwrap();
        assert_eq!(failure, Failure::new(FailureKind::Failed, "read failed: orders.csv: no such file"));
        assert_eq!(failure.to_string(), "read failed: orders.csv: no such file");
        assert_eq!(serde_json::to_string(&failure).unwrap(), old);

        let apart = Failure::from_error(&*chain(&["read failed", "orders.csv: no such file"]));
        let json = r#"{"kind":"failed","message":"read failed","causes":["orders.csv: no such file"]}"#;
        assert_eq!(serde_json::to_string(&apart).unwrap(), json);
        assert_eq!(serde_json::from_str::<Failure>(json).unwrap(), apart);
        assert_eq!(apart.to_string(), failure.to_string());
    }

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
