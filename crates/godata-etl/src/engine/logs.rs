//! The tracing spans of a run, and the events at its start and end.

use godata_core::{RunContext, error_chain};
use time::format_description::well_known::Rfc3339;
use tracing::Span;

use super::Stage;
use crate::{PipelineError, PipelineInfo, RunReport, StepInfo};

/// The code that opens the span of a run and logs its start and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoggedBy {
    /// The pipeline does.
    Pipeline,
    /// The caller does, and calls within that span; or nothing is to be logged.
    Caller,
}

/// The span of a run and one for each of its stages. If the subscriber disables one of them, the span around it is used
/// instead, so that what the stage logs names its run at every level.
#[derive(Debug)]
pub(super) struct Logs {
    by: LoggedBy,
    run: Span,
    read: Span,
    steps: Vec<Span>,
    write: Span,
}

impl Logs {
    pub(super) fn new(by: LoggedBy, pipeline: &PipelineInfo, cx: &RunContext) -> Self {
        let run = match by {
            LoggedBy::Pipeline => enabled_or_current(run_span(pipeline, cx)),
            LoggedBy::Caller => Span::current(),
        };
        let step = |step: &StepInfo| {
            enabled_or_current(tracing::debug_span!("step", index = step.index, kind = step.name))
        };
        run.in_scope(|| Self {
            by,
            run: run.clone(),
            read: enabled_or_current(tracing::debug_span!("read")),
            steps: pipeline.steps.iter().map(step).collect(),
            write: enabled_or_current(tracing::debug_span!("write")),
        })
    }

    pub(super) fn run_span(&self) -> &Span {
        &self.run
    }

    pub(super) fn stage_span(&self, stage: Stage) -> &Span {
        match stage {
            Stage::Read => &self.read,
            Stage::Step(index) => &self.steps[index],
            Stage::Write => &self.write,
        }
    }

    /// Logs the start.
    pub(super) fn started(&self) {
        if self.by == LoggedBy::Pipeline {
            tracing::info!(parent: &self.run, "run started");
        }
    }

    /// Logs the end.
    pub(super) fn ended(&self, report: &RunReport, result: &Result<RunReport, PipelineError>) {
        if self.by == LoggedBy::Caller {
            return;
        }
        let took_ms = report.took.as_millis() as u64;
        let (read, written) = (report.read.records, report.written.records);
        let rejected = Some(report.rejected()).filter(|&rejected| rejected > 0);
        match result {
            Ok(_) => tracing::info!(parent: &self.run, took_ms, read, written, rejected, "run succeeded"),
            Err(error) if error.is_canceled() => {
                tracing::warn!(parent: &self.run, took_ms, read, written, rejected, "run canceled");
            }
            Err(error) => {
                let error = error_chain(error);
                tracing::error!(parent: &self.run, %error, took_ms, read, written, rejected, "run failed");
            }
        }
    }
}

fn enabled_or_current(span: Span) -> Span {
    if span.is_disabled() { Span::current() } else { span }
}

/// The span of a run. Its name and fields are documented in the crate's docs.
fn run_span(pipeline: &PipelineInfo, cx: &RunContext) -> Span {
    tracing::info_span!(
        "run",
        pipeline = %pipeline.name(),
        run = %cx.run_id(),
        job = %cx.job_id(),
        attempt = cx.attempt(),
        cause = %cx.cause(),
        due = cx.due().and_then(|due| due.format(&Rfc3339).ok()).map(tracing::field::display),
    )
}
