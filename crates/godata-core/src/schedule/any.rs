//! A schedule of any type.

use std::fmt;
use std::sync::Arc;

use time::UtcDateTime;

use super::Schedule;

/// A schedule whose type is not known: a handle to keep in a map, and to share.
///
/// Clones are cheap and refer to the same schedule. It is a [`Schedule`] itself; erasing it again changes nothing.
/// It prints its [`spec`](Schedule::spec).
///
/// # Example
///
/// ```
/// use godata_core::{AnySchedule, Schedule};
/// use time::UtcDateTime;
///
/// #[derive(Debug)]
/// struct Never;
///
/// impl Schedule for Never {
///     fn next(&self, _after: UtcDateTime) -> Option<UtcDateTime> {
///         None
///     }
///
///     fn spec(&self) -> String {
///         "never".into()
///     }
/// }
///
/// let schedule = AnySchedule::new(Never);
/// assert_eq!(schedule.next(UtcDateTime::UNIX_EPOCH), None);
/// assert_eq!(schedule.to_string(), "never");
/// ```
#[derive(Clone)]
pub struct AnySchedule(Arc<dyn Schedule>);

impl AnySchedule {
    /// Erases the type of a schedule.
    pub fn new(schedule: impl Schedule) -> Self {
        schedule.into_any()
    }

    pub(super) fn wrap(schedule: impl Schedule) -> Self {
        Self(Arc::new(schedule))
    }
}

impl Schedule for AnySchedule {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.0.next(after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        self.0.previous(before)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        self.0.count_between(after, until)
    }

    fn spec(&self) -> String {
        self.0.spec()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    fn into_any(self) -> AnySchedule {
        self
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

    /// Overrides every method with an answer that its default would not give.
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

        fn describe(&self) -> String {
            "for people".into()
        }
    }

    #[test]
    fn an_erased_schedule_answers_as_the_schedule_does() {
        let schedule = AnySchedule::new(Odd);
        assert_eq!(schedule.next(EPOCH), Some(UtcDateTime::MAX));
        assert_eq!(schedule.previous(EPOCH), Some(UtcDateTime::MIN));
        assert_eq!(schedule.count_between(EPOCH, EPOCH), 17);
        assert_eq!(schedule.describe(), "for people");
        assert_eq!((schedule.spec().as_str(), schedule.to_string().as_str()), ("spec", "spec"));
        assert_eq!(format!("{schedule:?}"), r#"AnySchedule("spec")"#);
    }

    #[test]
    fn an_erased_schedule_is_not_wrapped_again() {
        let schedule = AnySchedule::new(Odd);
        for again in [AnySchedule::new(schedule.clone()), schedule.clone().into_any()] {
            assert!(Arc::ptr_eq(&schedule.0, &again.0));
        }
    }
}
