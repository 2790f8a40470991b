//! What a run writes to the log. The front page of the crate documents it.

use godata_core::time::UtcDateTime;
use godata_core::time::format_description::well_known::Rfc3339;
use godata_core::{FailureKind, RunHandle, RunResult, RunStatus, StopReason};
use tracing::Span;

/// The span in which a run's task is polled and dropped. It is a root, because a run may outlive the request or the
/// loop that started it. It follows from the span in which the run was started.
pub(crate) fn span(run: &RunHandle) -> Span {
    let cx = run.context();
    let span = tracing::info_span!(
        parent: None,
        "run",
        pipeline = %run.job_name(),
        run = %run.id(),
        job = %run.job_id(),
        attempt = cx.attempt(),
        cause = %cx.cause(),
        due = cx.scheduled_at().map(rfc3339).map(tracing::field::display),
    );
    if !span.is_disabled() {
        span.follows_from(Span::current());
    }
    span
}

pub(crate) fn started() {
    tracing::info!("run started");
}

pub(crate) fn ended(result: &RunResult) {
    /// A macro, because `tracing` needs the level at compile time.
    macro_rules! log {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                took_ms = took_ms(result),
                read = result.counts.records_read,
                written = result.counts.records_written,
                timeout_ms = timeout_ms(result),
                error = result.error.as_ref().map(tracing::field::display),
                $message
            )
        };
    }
    match result.status {
        RunStatus::Succeeded => log!(info, "run succeeded"),
        RunStatus::Failed => log!(error, "run failed"),
        RunStatus::Canceled => log!(warn, "run canceled"),
        // An ended run has no other status.
        _ => log!(warn, "run interrupted"),
    }
}

fn took_ms(result: &RunResult) -> Option<u64> {
    result.duration().map(|took| took.as_millis() as u64)
}

/// The timeout that ended the run.
fn timeout_ms(result: &RunResult) -> Option<u64> {
    let kind = result.error.as_ref().map(|failure| failure.kind);
    match (kind, result.stop_reason) {
        (Some(FailureKind::TimedOut), Some(StopReason::TimedOut(limit))) => Some(limit.as_millis() as u64),
        _ => None,
    }
}

fn rfc3339(at: UtcDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
