//! Which records the policy of a run rejects.

use std::error::Error;
use std::io;
use std::sync::PoisonError;

use godata_core::{BoxError, JobErrorKind, error_levels};

use super::run::printable;
use super::{Run, Stage};
use crate::error::{Panicked, contained};
use crate::{FieldError, Origin, RejectReason, Rejected, RunReport, StageName};

/// How many bytes of a rejected record a report keeps.
const RAW: usize = 4096;

impl Run {
    /// Whether readers keep the bytes of their records, for dead letters.
    pub(crate) fn keeps_raw(&self) -> bool {
        self.on_error.letters.is_some()
    }

    /// Whether records may be rejected.
    pub(crate) fn has_policy(&self) -> bool {
        self.on_error.limit.is_some()
    }

    /// How many of the records that a stage rejects in one batch can matter, if there is a limit.
    pub(crate) fn most_rejected(&self) -> Option<usize> {
        self.on_error.limit?.most()
    }

    /// The record that `stage` could not process, if the policy rejects it.
    ///
    /// # Errors
    ///
    /// The error of the record, if it fails the run.
    #[cold]
    pub(crate) fn rejected(
        &self,
        stage: Stage,
        origin: &Origin,
        row: u32,
        reason: RejectReason,
    ) -> Result<Rejected, BoxError> {
        if !self.has_policy() {
            return Err(reason.error);
        }
        let reason = RejectReason { error: printable(reason.error), ..reason };
        if is_never_the_records_fault(&reason.error) {
            return Err(reason.error);
        }
        let stage = match stage {
            Stage::Read => StageName::Read,
            Stage::Step(index) => StageName::Step(self.info().steps[index].clone()),
            Stage::Write => StageName::Write,
        };
        // The code of the reader and the user's closure may panic.
        contained(|| {
            let rejected = Rejected::new(stage, origin, row, reason);
            if self.on_error.allows(&rejected) { Ok(rejected) } else { Err(Box::new(rejected.error)) }
        })
    }

    /// Whether an error of several records may be that of one of them, and the policy wants to know of which.
    pub(crate) fn may_be_of_a_record(&self, error: &BoxError) -> bool {
        self.has_policy() && !is_never_the_records_fault(error)
    }

    /// Counts a record that was rejected, and shows it to the hooks.
    pub(super) fn count_rejected(&self, rejected: &Rejected) {
        self.counters.add_rejected(stage_of(rejected));
        self.show_rejected(rejected);
    }

    /// The same for a record that an output has refused.
    pub(super) fn count_refused(&self, refused: &Rejected) {
        self.counters.add_refused(stage_of(refused));
        self.show_rejected(refused);
    }

    fn show_rejected(&self, rejected: &Rejected) {
        let mut first = self.rejections.lock().unwrap_or_else(PoisonError::into_inner);
        if first.len() < RunReport::MAX_REJECTIONS {
            first.push(rejected.excerpt(RAW));
        }
        drop(first);
        self.context().progress().add_records_rejected(1);
        self.hooks.rejected(self, rejected);
    }
}

fn stage_of(rejected: &Rejected) -> Stage {
    match &rejected.stage {
        StageName::Read => Stage::Read,
        StageName::Step(step) => Stage::Step(step.index),
        StageName::Write => Stage::Write,
    }
}

/// Whether an error is that of a stage and not of the record at which it occurred.
fn is_never_the_records_fault(error: &BoxError) -> bool {
    let levels = || error_levels(&**error);
    let is_of_a_service = match JobErrorKind::of(&**error) {
        JobErrorKind::Canceled | JobErrorKind::Transient { .. } => true,
        JobErrorKind::Failed => levels().any(is_about_a_connection),
        _ => false,
    };
    let mut fields = levels().filter_map(|level| level.downcast_ref::<FieldError>());
    is_of_a_service || fields.any(FieldError::is_unknown) || error.is::<Panicked>()
}

/// Whether a service could not be reached. Clients of services wrap such an error, and few of their users mark it as transient.
fn is_about_a_connection(level: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut,
    };
    let Some(error) = level.downcast_ref::<io::Error>() else { return false };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | TimedOut
    )
}
