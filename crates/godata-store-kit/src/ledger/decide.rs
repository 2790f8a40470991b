//! Commits as an orchestrator makes them.

use std::time::Duration;

use godata_core::{
    Cause, Commit, Covers, Failure, FailureKind, JobId, OwnerId, PipelineName, PipelineRecord, RunId, RunKey,
    RunRecord, RunStatus,
};
use time::UtcDateTime;
use uuid::Uuid;

use super::Rows;
use crate::Seeded;

/// Texts that a format may handle wrongly.
const TEXTS: [&str; 6] = [
    "connection refused",
    "line one\nline two\r\nline three",
    "\u{feff}naïve \u{2028} 🦀 \u{7f}",
    r#"{"pipeline":{"name":"orders","rev":9}}"#,
    "\\\"'\t",
    "",
];

/// The names of the pipelines.
pub(super) fn names(count: usize) -> impl Iterator<Item = PipelineName> {
    let stems = ["orders", "naïve 🦀", r#"{"name":"a"}"#, "b/c\\d"];
    (0..count).map(move |n| {
        let stem = stems[n % stems.len()];
        let name = if n < stems.len() { stem.to_owned() } else { format!("{stem} {n}") };
        PipelineName::new(name).expect("they have no control characters")
    })
}

/// The next commit of a pipeline that has these rows.
pub(super) fn decide(
    name: &PipelineName,
    rows: Option<&Rows>,
    owner: OwnerId,
    now: UtcDateTime,
    seeded: &mut Seeded,
) -> Commit {
    let Some(rows) = rows else {
        let mut pipeline = PipelineRecord::new(name.clone(), now);
        pipeline.spec = Some("every 1 minute".into());
        return Commit::new(owner, pipeline);
    };
    let mut pipeline = rows.pipeline.clone();
    pipeline.updated_at = now;
    match rows.runs.values().find(|run| !run.status.is_terminal()) {
        Some(run) if run.status == RunStatus::Queued => {
            let mut run = with_status(run, RunStatus::Running);
            (run.fence, run.started_at) = (pipeline.rev + 1, Some(now));
            Commit::new(owner, pipeline).update(run)
        }
        Some(run) if seeded.one_in(2) => {
            let mut failed = with_status(run, RunStatus::Failed);
            failed.ended_at = Some(now);
            failed.error = Some(Failure::new(FailureKind::Transient, text(seeded)));
            let retry = retry(&failed, now, seeded);
            Commit::new(owner, pipeline).update(failed).insert(retry)
        }
        Some(run) => {
            let mut run = with_status(run, RunStatus::Succeeded);
            run.ended_at = Some(now);
            run.report = seeded.one_in(2).then(|| text(seeded));
            pipeline.last_success_rev = pipeline.rev + 1;
            Commit::new(owner, pipeline).update(run)
        }
        None if seeded.one_in(6) => {
            pipeline.options = text(seeded);
            Commit::new(owner, pipeline)
        }
        None if seeded.one_in(6) => {
            let mut skip = new_run(&pipeline, RunStatus::Skipped, now, seeded);
            skip.covers = Some(Covers::exactly(3, pipeline.cursor.unwrap_or(now)));
            skip.ended_at = Some(now);
            (pipeline.cursor, pipeline.open_skip) = (Some(now), Some(skip.id));
            Commit::new(owner, pipeline).insert(skip)
        }
        None => {
            let mut run = new_run(&pipeline, RunStatus::Running, now, seeded);
            (run.owner, run.fence, run.started_at) = (Some(owner), pipeline.rev + 1, Some(now));
            (pipeline.cursor, pipeline.open_skip) = (Some(now), None);
            Commit::new(owner, pipeline).insert(run)
        }
    }
}

fn new_run(pipeline: &PipelineRecord, status: RunStatus, now: UtcDateTime, seeded: &mut Seeded) -> RunRecord {
    let key = RunKey::due(pipeline.spec_since, now);
    let mut run = RunRecord::new(&pipeline.name, key, Cause::Schedule, status, now);
    (run.id, run.job_id) = (RunId::from(uuid(seeded)), JobId::from(uuid(seeded)));
    run.due = Some(now);
    run
}

fn with_status(run: &RunRecord, status: RunStatus) -> RunRecord {
    let mut run = run.clone();
    run.status = status;
    run
}

fn retry(failed: &RunRecord, now: UtcDateTime, seeded: &mut Seeded) -> RunRecord {
    let key = RunKey::retry(failed.id);
    let mut run = RunRecord::new(&failed.pipeline_name, key, Cause::Retry, RunStatus::Queued, now);
    (run.id, run.job_id) = (RunId::from(uuid(seeded)), failed.job_id);
    (run.owner, run.due, run.retry_of) = (failed.owner, failed.due, Some(failed.id));
    run.attempt = failed.attempt + 1;
    run.not_before = Some(now + Duration::from_secs(1));
    run
}

/// Some text, occasionally longer than a block of the disk.
fn text(seeded: &mut Seeded) -> String {
    let times = if seeded.one_in(4) { 40 } else { 1 };
    seeded.pick(&TEXTS).repeat(times)
}

fn uuid(seeded: &mut Seeded) -> Uuid {
    Uuid::from_u64_pair(seeded.number(), seeded.number())
}
