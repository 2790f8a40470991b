//! The keys that make decisions idempotent.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use crate::name::check_text;
use crate::{NameError, PipelineName, RunId};

/// The reason for a run, as text that is unique within its pipeline. A store refuses a second row with the same key, so
/// it is harmless to decide the same thing twice.
///
/// A key has at most 512 bytes. Each constructor makes one kind of key.
///
/// ```
/// use godata_core::RunKey;
/// use time::UtcDateTime;
///
/// let day = UtcDateTime::from_unix_timestamp(86_400)?;
/// assert_eq!(RunKey::due(UtcDateTime::UNIX_EPOCH, day).as_str(), "due/0/86400000");
/// # Ok::<(), time::error::ComponentRange>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunKey(Arc<str>);

/// What a row was made for, as its [`RunKey`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunKeyKind {
    /// [Due times](RunKey::due) of a schedule.
    Due,
    /// The [next attempt](RunKey::retry) after a failed run.
    Retry,
    /// The [repetition](RunKey::recover) of an interrupted run.
    Recover,
    /// A [success](RunKey::after) of another pipeline.
    After,
    /// A due time of a [backfill](RunKey::backfill).
    Backfill,
    /// A run [by hand](RunKey::manual), with or without a token.
    Manual,
}

impl RunKeyKind {
    const ALL: [Self; 6] = [Self::Due, Self::Retry, Self::Recover, Self::After, Self::Backfill, Self::Manual];

    /// What keys of this kind start with, up to the first slash.
    fn prefix(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Retry => "retry",
            Self::Recover => "recover",
            Self::After => "after",
            Self::Backfill => "backfill",
            Self::Manual => "manual",
        }
    }
}

impl RunKey {
    const MAX_BYTES: usize = 512;

    /// Makes the key of a run for the due times from `first` on, of the schedule that was set at `spec_since`.
    #[must_use]
    pub fn due(spec_since: UtcDateTime, first: UtcDateTime) -> Self {
        Self::format(format_args!("due/{}/{}", millis(spec_since), millis(first)))
    }

    /// Makes the key of the next attempt after a failed run.
    #[must_use]
    pub fn retry(of: RunId) -> Self {
        Self::format(format_args!("retry/{of}"))
    }

    /// Makes the key of the attempt that repeats an interrupted run.
    #[must_use]
    pub fn recover(of: RunId) -> Self {
        Self::format(format_args!("recover/{of}"))
    }

    /// Makes the key of a run that follows a success of another pipeline. `rev` is the rev of that success.
    #[must_use]
    pub fn after(upstream: &PipelineName, rev: u64) -> Self {
        Self::format(format_args!("after/{upstream}/{rev}"))
    }

    /// Makes the key of a run for one due time of the backfill with this name.
    ///
    /// # Errors
    ///
    /// [`NameError`], if the name would not be valid for a [pipeline](PipelineName).
    pub fn backfill(backfill: &str, due: UtcDateTime) -> Result<Self, NameError> {
        check_text(backfill, PipelineName::MAX_BYTES)?;
        Ok(Self::format(format_args!("backfill/{backfill}/{}", millis(due))))
    }

    /// Makes the key of a run that a caller asks for with a token. Asking again with the same token starts nothing.
    ///
    /// # Errors
    ///
    /// [`NameError`], if the token would not be valid as the name of a [pipeline](PipelineName).
    pub fn manual(token: &str) -> Result<Self, NameError> {
        check_text(token, PipelineName::MAX_BYTES)?;
        Ok(Self::format(format_args!("manual/{token}")))
    }

    /// Makes the key of a run that a caller asks for without a token. It contains the id of the run, so each such run has
    /// its own.
    #[must_use]
    pub fn manual_run(id: RunId) -> Self {
        Self::format(format_args!("manual/{id}"))
    }

    /// Returns what the row was made for; `None` for a key of a later version.
    ///
    /// ```
    /// use godata_core::{RunKey, RunKeyKind};
    ///
    /// assert_eq!(RunKey::manual("deploy-17")?.kind(), Some(RunKeyKind::Manual));
    /// # Ok::<(), godata_core::NameError>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> Option<RunKeyKind> {
        let (kind, _) = self.0.split_once('/')?;
        RunKeyKind::ALL.into_iter().find(|known| known.prefix() == kind)
    }

    /// Returns the key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn format(text: fmt::Arguments<'_>) -> Self {
        Self(text.to_string().into())
    }
}

fn millis(at: UtcDateTime) -> i128 {
    at.unix_timestamp_nanos().div_euclid(1_000_000)
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Parses a key that was stored. The text is only checked to be a valid name of at most 512 bytes.
impl FromStr for RunKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_text(text, Self::MAX_BYTES)?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for RunKey {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<RunKey> for String {
    fn from(key: RunKey) -> Self {
        key.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_back_as_it_was_stored() {
        let run = RunId::generate();
        let longest = PipelineName::new("n".repeat(200)).unwrap();
        let at = UtcDateTime::UNIX_EPOCH - std::time::Duration::from_micros(1);
        for (key, kind) in [
            (RunKey::due(at, at), RunKeyKind::Due),
            (RunKey::retry(run), RunKeyKind::Retry),
            (RunKey::recover(run), RunKeyKind::Recover),
            (RunKey::after(&longest, u64::MAX), RunKeyKind::After),
            (RunKey::backfill(longest.as_str(), at).unwrap(), RunKeyKind::Backfill),
            (RunKey::manual("deploy 17").unwrap(), RunKeyKind::Manual),
            (RunKey::manual_run(run), RunKeyKind::Manual),
        ] {
            assert_eq!(key.as_str().parse::<RunKey>().as_ref(), Ok(&key));
            assert_eq!(key.kind(), Some(kind));
        }
        for unknown in ["due", "later/1", "Due/1/1"] {
            assert_eq!(unknown.parse::<RunKey>().unwrap().kind(), None);
        }
        assert_eq!(RunKey::due(at, at).as_str(), "due/-1/-1");
        assert_eq!(RunKey::manual("a\nb"), Err(NameError::HiddenCharacter { character: '\n' }));
        assert_eq!(RunKey::backfill("", at), Err(NameError::Empty));
    }
}
