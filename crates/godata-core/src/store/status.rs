//! What has become of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What has become of a run. In text and in JSON it is the name in lower case.
///
/// | from | to |
/// |---|---|
/// | new | queued, running, skipped |
/// | queued | queued (by another owner), running, canceled, skipped |
/// | running | running (asked to stop), succeeded, failed, canceled, interrupted |
/// | any other | nothing: it is [terminal](Self::is_terminal) |
///
/// ```
/// use godata_core::RunStatus;
///
/// assert!(RunStatus::Queued.may_become(RunStatus::Running));
/// assert!(!RunStatus::Failed.may_become(RunStatus::Running));
/// assert_eq!(RunStatus::Interrupted.to_string(), "interrupted");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// It is decided that it runs, and waits: for a slot, or for its time.
    Queued,
    /// Its job was started.
    Running,
    /// Its job returned without an error.
    Succeeded,
    /// Its job returned an error, panicked, or took longer than it may.
    Failed,
    /// It was asked to stop, and did.
    Canceled,
    /// Its process shut down or died while it ran.
    Interrupted,
    /// It was due and was not run; the row's reason says why.
    Skipped,
}

impl RunStatus {
    /// All of them, in the order in which a run goes through them.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Interrupted,
        Self::Skipped,
    ];

    /// Those that change again.
    pub const ACTIVE: [Self; 2] = [Self::Queued, Self::Running];

    /// Whether it stays as it is.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !Self::ACTIVE.contains(&self)
    }

    /// Whether a run may begin like this.
    #[must_use]
    pub fn may_begin(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Skipped)
    }

    /// Whether a run may go from this to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Queued | Self::Running | Self::Canceled | Self::Skipped),
            Self::Running => !matches!(next, Self::Queued | Self::Skipped),
            _ => false,
        }
    }

    /// The name in lower case, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Interrupted => "interrupted",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_transitions() {
        use RunStatus::{Canceled, Failed, Interrupted, Queued, Running, Skipped, Succeeded};
        for from in RunStatus::ALL {
            let expected: &[RunStatus] = match from {
                Queued => &[Queued, Running, Canceled, Skipped],
                Running => &[Running, Succeeded, Failed, Canceled, Interrupted],
                _ => &[],
            };
            let actual: Vec<_> = RunStatus::ALL.into_iter().filter(|to| from.may_become(*to)).collect();
            assert_eq!(actual.len(), expected.len(), "{from}");
            assert!(expected.iter().all(|to| actual.contains(to)), "{from}");
            assert_eq!(from.is_terminal(), expected.is_empty(), "{from}");
        }
    }

    #[test]
    fn a_status_has_the_same_name_in_text_and_json() {
        for status in RunStatus::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
        }
    }
}
