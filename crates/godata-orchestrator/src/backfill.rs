//! Due times of the past that somebody asks for.

use std::collections::BTreeSet;

use time::UtcDateTime;

/// Which due times to run again: each as a run with that [scheduled time](godata_core::RunContext::scheduled_at), one
/// after the other, at most [`MAX`](Self::MAX).
///
/// ```
/// use godata_orchestrator::Backfill;
/// use time::UtcDateTime;
///
/// let epoch = UtcDateTime::UNIX_EPOCH;
/// let january = Backfill::between(epoch, epoch + time::Duration::days(31)).named("january");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Backfill {
    pub(crate) times: Times,
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Times {
    /// From the first on, before the second.
    Between(UtcDateTime, UtcDateTime),
    These(Vec<UtcDateTime>),
}

impl Backfill {
    /// The most due times of one backfill: 1,000.
    pub const MAX: usize = 1_000;

    /// What the pipeline's schedule is due `from` then on, and before `until`.
    pub fn between(from: UtcDateTime, until: UtcDateTime) -> Self {
        Self { times: Times::Between(from, until), name: None }
    }

    /// These due times, cut to whole milliseconds, in order and each once.
    pub fn at(times: impl IntoIterator<Item = UtcDateTime>) -> Self {
        let mut distinct = BTreeSet::new();
        for time in times {
            distinct.insert(time.truncate_to_millisecond());
            if distinct.len() > Self::MAX {
                break;
            }
        }
        Self { times: Times::These(distinct.into_iter().collect()), name: None }
    }

    /// Names it, so that asking for it a second time starts nothing. Default: a new name each time.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }
}
