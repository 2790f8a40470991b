//! What becomes of a run.

use super::cell::StopReason;
use crate::{BoxError, Failure, FailureKind, JobErrorKind, RunStatus};

/// How a job came to its end.
///
/// `JobEnd::from` makes one from what a job returned. It prints the job's error, which is foreign code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobEnd {
    /// It returned `Ok`.
    Succeeded,
    /// It returned a canceled error; this is the failure if nobody has asked it to stop.
    Canceled(Failure),
    /// It returned another error, or panicked.
    Failed(Failure),
    /// Its future was dropped before it was done, or was never polled.
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

/// The final status of a run, by how its job ended and why it was asked to stop.
///
/// A run is canceled or interrupted only if it was asked to stop: an error that says "canceled" of itself is a
/// failure, as is a timeout, whoever's it is. What a job completes although it was asked to stop has succeeded,
/// unless its time was over. A job that was dropped has not succeeded.
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
        (JobEnd::Canceled(_), Some(StopReason::Shutdown)) | (JobEnd::Dropped, _) => {
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
    fn the_table_of_ends() {
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
