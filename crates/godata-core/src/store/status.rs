//! The states of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state that a run is in. As text and in JSON it is the name in lower case.
///
/// | from | to |
/// |---|---|
/// | new | queued, running, skipped |
/// | queued | queued (by another owner, or by none), running, canceled, skipped |
/// | running | running (asked to stop), succeeded, failed, canceled, interrupted |
/// | any other | none: it is [terminal](Self::is_terminal) |
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
    /// The run waits for a slot, or for the time of its start.
    Queued,
    /// The job was started.
    Running,
    /// The job returned without an error.
    Succeeded,
    /// The job returned an error, panicked, or took longer than its timeout.
    Failed,
    /// The run was asked to stop, and did.
    Canceled,
    /// The process shut down or died while the job was running or about to start. Without a `started_at`, it did not start.
    Interrupted,
    /// The run was due but was not started. The row says why.
    Skipped,
}

impl RunStatus {
    /// All states: first those that can still change, then the terminal ones.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Interrupted,
        Self::Skipped,
    ];

    /// The states that are not terminal.
    pub const ACTIVE: [Self; 2] = [Self::Queued, Self::Running];

    /// Whether the state is final.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !Self::ACTIVE.contains(&self)
    }

    /// Whether a run may be inserted in this state.
    #[must_use]
    pub fn may_be_new(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Skipped)
    }

    /// Whether a run may change from this state to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued => matches!(next, Self::Queued | Self::Running | Self::Canceled | Self::Skipped),
            Self::Running => !matches!(next, Self::Queued | Self::Skipped),
            _ => false,
        }
    }

    /// Returns the name in lower case, as it is stored.
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
    fn only_queued_and_running_runs_change_their_status() {
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
    fn a_status_has_the_same_name_as_text_and_in_json() {
        for status in RunStatus::ALL {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
        }
    }
}
