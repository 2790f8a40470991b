//! Schedules with an erased type.

use std::any::Any;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use godata_core::Schedule;
use time::UtcDateTime;

use crate::combine::turns;
use crate::{ScheduleError, parse};

/// A schedule of any type. [`parse`] returns it, and a config struct or a list of different schedules can hold it.
///
/// It is a [`Schedule`] itself. Clones are cheap and share the schedule inside; wrapping an `AnySchedule` again changes
/// nothing.
///
/// Its text, and its form as a serde value, is the [`spec`](Schedule::spec) of the schedule inside. A schedule of your own
/// is written as its spec too, but only the [texts of this crate](parse) can be read back.
///
/// # Example
///
/// ```
/// use godata_scheduler::{AnySchedule, Schedule};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Config {
///     pipeline: String,
///     schedule: AnySchedule,
/// }
///
/// let text = r#"{"pipeline":"orders","schedule":"daily 02:00 Europe/Berlin"}"#;
/// let config: Config = serde_json::from_str(text)?;
/// assert_eq!(config.schedule.describe(), "at 02:00 every day, Europe/Berlin time");
/// assert_eq!(serde_json::to_string(&config)?, text);
///
/// let error = serde_json::from_str::<AnySchedule>(r#""daily 25:00""#).unwrap_err();
/// assert!(error.to_string().contains("invalid time of day `25:00`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AnySchedule {
    schedule: Arc<dyn Schedule>,
    /// The instants at which the behavior of the schedule can change for good, in ascending order; `None` if there are none.
    turns: Option<Arc<[UtcDateTime]>>,
}

impl AnySchedule {
    /// Erases the type of a schedule.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_scheduler::{AnySchedule, Never, every};
    ///
    /// let schedules = [AnySchedule::new(every(Duration::from_secs(300))?), AnySchedule::new(Never)];
    /// assert_eq!(schedules.map(|schedule| schedule.to_string()), ["every 5m", "never"]);
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    pub fn new(schedule: impl Schedule) -> Self {
        match (&schedule as &dyn Any).downcast_ref::<Self>() {
            Some(erased) => erased.clone(),
            None => Self { turns: turns::of(&schedule), schedule: Arc::new(schedule) },
        }
    }

    pub(crate) fn turns(&self) -> &[UtcDateTime] {
        self.turns.as_deref().unwrap_or_default()
    }
}

impl Schedule for AnySchedule {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.schedule.next(after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        self.schedule.previous(before)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        self.schedule.count_between(after, until)
    }

    fn spec(&self) -> String {
        self.schedule.spec()
    }

    fn has_spec(&self, stored: &str) -> bool {
        self.schedule.has_spec(stored)
    }

    fn describe(&self) -> String {
        self.schedule.describe()
    }
}

impl FromStr for AnySchedule {
    type Err = ScheduleError;

    /// The same as [`parse`].
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        parse(text)
    }
}

impl fmt::Debug for AnySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnySchedule").field(&self.spec()).finish()
    }
}

impl fmt::Display for AnySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: UtcDateTime = UtcDateTime::UNIX_EPOCH;

    /// Overrides every method with an answer that the default would not give.
    #[derive(Debug)]
    struct Odd;

    impl Schedule for Odd {
        fn next(&self, _after: UtcDateTime) -> Option<UtcDateTime> {
            Some(UtcDateTime::MAX)
        }

        fn previous(&self, _before: UtcDateTime) -> Option<UtcDateTime> {
            Some(UtcDateTime::MIN)
        }

        fn count_between(&self, _after: UtcDateTime, _until: UtcDateTime) -> u64 {
            17
        }

        fn spec(&self) -> String {
            "spec".into()
        }

        fn has_spec(&self, stored: &str) -> bool {
            stored == "an older spec"
        }

        fn describe(&self) -> String {
            "for people".into()
        }
    }

    #[test]
    fn an_erased_schedule_forwards_every_method() {
        let schedule = AnySchedule::new(Odd);
        assert_eq!(schedule.next(EPOCH), Some(UtcDateTime::MAX));
        assert_eq!(schedule.previous(EPOCH), Some(UtcDateTime::MIN));
        assert_eq!(schedule.count_between(EPOCH, EPOCH), 17);
        assert_eq!(schedule.describe(), "for people");
        assert!(schedule.has_spec("an older spec") && !schedule.has_spec("spec"));
        assert_eq!((schedule.spec().as_str(), schedule.to_string().as_str()), ("spec", "spec"));
        assert_eq!(format!("{schedule:?}"), r#"AnySchedule("spec")"#);
    }

    #[test]
    fn an_erased_schedule_is_not_wrapped_again() {
        let schedule = AnySchedule::new(Odd);
        assert!(Arc::ptr_eq(&schedule.schedule, &AnySchedule::new(schedule.clone()).schedule));
    }
}
