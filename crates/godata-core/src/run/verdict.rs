//! How the status of a run follows from the end of its job.

use super::cell::StopReason;
use crate::{BoxError, Failure, FailureKind, JobErrorKind, RunStatus};

/// For implementors of runners: how a job ended.
///
/// `JobEnd::from` converts the result that a job returned. It calls the `Display` of the job's error, which is foreign
/// code and may panic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEnd {
    /// The job returned `Ok`.
    Succeeded,
    /// The job returned an error that contains [`Canceled`](crate::Canceled). If the run was not asked to stop, it fails
    /// with this failure, whose kind follows from the other marks.
    Canceled(Failure),
    /// The job returned another error, or panicked.
    Failed(Failure),
    /// The job's future was dropped before it completed, or was never polled.
    Dropped,
}

impl From<Result<(), BoxError>> for JobEnd {
    fn from(result: Result<(), BoxError>) -> Self {
        match result {
            Ok(()) => Self::Succeeded,
            Err(error) => match JobErrorKind::of(&*error) {
                JobErrorKind::Canceled => Self::Canceled(Failure::from_error(&*error)),
                _ => Self::Failed(Failure::from_error(&*error)),
            },
        }
    }
}

/// The final status of a run, from how its job ended and why it was asked to stop.
///
/// If the job was not asked to stop, a canceled error is a failure like any other. A job that completes although it was
/// asked to stop has succeeded, unless it was asked because of its timeout. A dropped job never succeeds.
pub(super) fn verdict(end: JobEnd, stop: Option<StopReason>) -> (RunStatus, Option<Failure>) {
    match (end, stop) {
        (JobEnd::Failed(failure), _) if failure.kind == FailureKind::Panicked => {
            (RunStatus::Failed, Some(failure))
        }
        (_, Some(StopReason::TimedOut(after))) => {
            let message = format!("the job did not end within {after:?}");
            (RunStatus::Failed, Some(Failure::new(FailureKind::TimedOut, message)))
        }
        (JobEnd::Succeeded, _) => (RunStatus::Succeeded, None),
        (JobEnd::Failed(failure), _) | (JobEnd::Canceled(failure), None) => {
            (RunStatus::Failed, Some(failure))
        }
        (JobEnd::Canceled(_) | JobEnd::Dropped, Some(StopReason::Requested)) => (RunStatus::Canceled, None),
        (JobEnd::Canceled(_), Some(StopReason::Shutdown | StopReason::LeaseLost)) | (JobEnd::Dropped, _) => {
            (RunStatus::Interrupted, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Transient;

    #[test]
    fn the_other_marks_of_a_canceled_error_count_if_the_run_was_not_asked_to_stop() {
        use crate::{Canceled, Permanent};

        let cases: [(BoxError, FailureKind); 3] = [
            (Permanent::new(Canceled::new()).into(), FailureKind::Permanent),
            (Transient::new(Canceled::new()).into(), FailureKind::Transient),
            (Canceled::new().into(), FailureKind::Failed),
        ];
        for (error, expected) in cases {
            let end = JobEnd::from(Err(error));
            let (status, failure) = verdict(end.clone(), None);
            assert_eq!((status, failure.map(|failure| failure.kind)), (RunStatus::Failed, Some(expected)));
            assert_eq!(verdict(end, Some(StopReason::Requested)), (RunStatus::Canceled, None));
        }
    }

    #[test]
    fn the_status_follows_from_the_end_and_the_stop_reason() {
        use FailureKind::{Panicked, TimedOut};
        use RunStatus::{Canceled, Failed, Interrupted, Succeeded};

        let late = StopReason::TimedOut(Duration::from_secs(5));
        let stops = [None, Some(StopReason::Requested), Some(StopReason::Shutdown), Some(late)];
        let error = JobEnd::from(Err(Transient::new("busy").into()));
        let canceled = JobEnd::from(Err(crate::Canceled::new().into()));
        let panicked = JobEnd::Failed(Failure::new(Panicked, "boom"));
        let kind = |kind| (Failed, Some(kind));
        let table = [
            (JobEnd::from(Ok(())), [(Succeeded, None), (Succeeded, None), (Succeeded, None), kind(TimedOut)]),
            (
                error,
                [
                    kind(FailureKind::Transient),
                    kind(FailureKind::Transient),
                    kind(FailureKind::Transient),
                    kind(TimedOut),
                ],
            ),
            (canceled, [kind(FailureKind::Failed), (Canceled, None), (Interrupted, None), kind(TimedOut)]),
            (panicked, [kind(Panicked), kind(Panicked), kind(Panicked), kind(Panicked)]),
            (JobEnd::Dropped, [(Interrupted, None), (Canceled, None), (Interrupted, None), kind(TimedOut)]),
        ];
        for (end, expected) in &table {
            for (stop, expected) in stops.iter().zip(expected) {
                let (status, failure) = verdict(end.clone(), *stop);
                assert_eq!(
                    (status, failure.map(|failure| failure.kind)),
                    *expected,
                    "{end:?} after {stop:?}"
                );
            }
        }
    }
}
