//! Runs for due times in the past.

use std::collections::BTreeSet;

use godata_core::Params;
use time::UtcDateTime;

/// Due times in the past to run, up to [`MAX`](Self::MAX). Each gets its own run with that
/// [due time](crate::RunContext::due). They run one after another.
///
/// ```
/// use godata_orchestrator::Backfill;
/// use godata_orchestrator::time::format_description::well_known::Rfc3339;
/// use godata_orchestrator::time::{Date, Duration, Month, Time, UtcDateTime};
///
/// let start = UtcDateTime::new(Date::from_calendar_date(2026, Month::January, 1)?, Time::MIDNIGHT);
/// let end = UtcDateTime::parse("2026-02-01T00:00:00Z", &Rfc3339)?;
/// let january = Backfill::between(start, end).named("january-2026");
/// let two_days = Backfill::at([start, start + Duration::days(1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Orchestrator::backfill`](crate::Orchestrator::backfill) queues them.
#[derive(Clone, Debug)]
#[must_use]
pub struct Backfill {
    pub(crate) times: Times,
    pub(crate) name: Option<String>,
    pub(crate) params: Params,
}

#[derive(Clone, Debug)]
pub(crate) enum Times {
    /// From the first instant, inclusive, to the second, exclusive.
    Between(UtcDateTime, UtcDateTime),
    These(Vec<UtcDateTime>),
}

impl Backfill {
    /// The most due times of one backfill: 1,000.
    pub const MAX: usize = 1_000;

    /// Takes the due times of the pipeline's schedule from `from`, inclusive, to `until`, exclusive.
    pub fn between(from: UtcDateTime, until: UtcDateTime) -> Self {
        Self { times: Times::Between(from, until), name: None, params: Params::new() }
    }

    /// Takes these due times, truncated to whole milliseconds, sorted and without duplicates.
    pub fn at(times: impl IntoIterator<Item = UtcDateTime>) -> Self {
        let mut distinct = BTreeSet::new();
        for time in times {
            distinct.insert(time.truncate_to_millisecond());
            if distinct.len() > Self::MAX {
                break;
            }
        }
        Self { times: Times::These(distinct.into_iter().collect()), name: None, params: Params::new() }
    }

    /// Names the backfill, so that a second call with the same name starts nothing. The name follows the rules of a
    /// [`PipelineName`](crate::PipelineName). Default: a new name each time.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Sets all parameters of its runs. For each name, they win over those of the schedule and of the
    /// [registration](crate::Registration::params). Default: none.
    pub fn params(self, params: Params) -> Self {
        Self { params, ..self }
    }

    /// Sets one parameter of its runs, and keeps the others.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.insert(name, value);
        self
    }
}
