//! What a run writes to the log. The front page of the crate documents it.

use std::time::Duration;

use godata_core::time::UtcDateTime;
use godata_core::time::format_description::well_known::Rfc3339;
use godata_core::{FailureKind, PipelineName, RunHandle, RunResult, RunStatus, StopReason, excerpt_within};
use tracing::Span;

/// The span in which a run's task is polled and dropped. It is a root, because a run may outlive the request or the
/// loop that started it. It follows from the span in which the run was started.
pub(crate) fn span(run: &RunHandle) -> Span {
    let cx = run.context();
    let span = tracing::info_span!(
        parent: None,
        "run",
        pipeline = %excerpt_within(run.job_name(), PipelineName::MAX_BYTES),
        run = %run.id(),
        job = %run.job_id(),
        attempt = cx.attempt(),
        cause = %cx.cause(),
        due = cx.due().map(rfc3339).map(tracing::field::display),
    );
    if !span.is_disabled() {
        span.follows_from(Span::current());
    }
    span
}

pub(crate) fn started() {
    tracing::info!("run started");
}

/// Whether a subscriber shows warnings.
pub(crate) fn has_readers() -> bool {
    tracing::enabled!(tracing::Level::WARN)
}

/// The timeout has passed, and the job is asked to stop.
pub(crate) fn timed_out(limit: Duration, grace: Duration) {
    tracing::warn!(timeout_ms = millis(limit), grace_ms = millis(grace), "timeout passed");
}

/// The job was asked to stop, and neither stopped nor could be dropped.
pub(crate) fn stuck(run: &RunHandle, now: UtcDateTime) {
    let running = run.started_at().and_then(|started| Duration::try_from(now - started).ok());
    tracing::warn!(running_ms = running.map(millis), "run stuck");
}

/// The future of a job panicked when it was dropped.
pub(crate) fn drop_panicked(error: &str) {
    tracing::error!(error = excerpt_within(error, PANIC), "a job panicked when it was dropped");
}

/// How many characters of a panic's message are logged.
const PANIC: usize = 1_000;

pub(crate) fn ended(result: &RunResult) {
    /// A macro, because `tracing` needs the level at compile time.
    macro_rules! log {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                took_ms = took_ms(result),
                read = result.counts.records_read,
                written = result.counts.records_written,
                rejected = Some(result.counts.records_rejected).filter(|&rejected| rejected > 0),
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
    result.duration().map(millis)
}

/// The timeout that ended the run.
fn timeout_ms(result: &RunResult) -> Option<u64> {
    let kind = result.error.as_ref().map(|failure| failure.kind);
    match (kind, result.stop_reason) {
        (Some(FailureKind::TimedOut), Some(StopReason::TimedOut(limit))) => Some(millis(limit)),
        _ => None,
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

fn rfc3339(at: UtcDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
