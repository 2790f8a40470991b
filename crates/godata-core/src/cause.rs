//! Why runs are started.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a run was started. As text and in JSON it is the name in lower case.
///
/// ```
/// use godata_core::Cause;
///
/// assert_eq!(Cause::default(), Cause::Manual);
/// assert_eq!(Cause::Backfill.to_string(), "backfill");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// Its schedule was due.
    Schedule,
    /// A caller asked for it. The default.
    #[default]
    Manual,
    /// The previous attempt failed.
    Retry,
    /// The run before it was interrupted: its process shut down or died.
    Recovery,
    /// A pipeline that it depends on has succeeded.
    After,
    /// A caller asked for due times in the past.
    Backfill,
}

impl Cause {
    /// Returns the name in lower case, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Retry => "retry",
            Self::Recovery => "recovery",
            Self::After => "after",
            Self::Backfill => "backfill",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_the_same_name_as_text_and_in_json() {
        for cause in
            [Cause::Schedule, Cause::Manual, Cause::Retry, Cause::Recovery, Cause::After, Cause::Backfill]
        {
            let json = format!("\"{cause}\"");
            assert_eq!(serde_json::to_string(&cause).unwrap(), json);
            assert_eq!(serde_json::from_str::<Cause>(&json).unwrap(), cause);
        }
    }
}
