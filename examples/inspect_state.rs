//! What is in a state file, while its program runs or not: the pipelines, when each is next due, what became of its last
//! run, and whether the files are whole.
//!
//!     cargo run --example inspect_state [STATE]

use std::{env, process::ExitCode};

use godata::{
    BoxError, FileStore, PipelineRecord, RunQuery, Schedule, Store, orchestrator::History, scheduler::parse,
};
use time::format_description::well_known::Rfc3339;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, BoxError> {
    let state = env::args().nth(1).unwrap_or_else(|| "examples/data/state.json".to_owned());
    let verified = FileStore::verify(&state)?;
    println!("{verified}");
    if !verified.is_sound() {
        return Ok(ExitCode::FAILURE);
    }

    let store = FileStore::open_read_only(&state)?;
    for pipeline in store.list_pipelines().await? {
        println!("{}: {}", pipeline.name, when(&pipeline));
        let runs = store.list_runs(&RunQuery::new().pipeline(pipeline.name).limit(3)).await?;
        println!("{}", History::new(runs));
    }
    Ok(ExitCode::SUCCESS)
}

/// The schedule for people, and when it is due after what was decided last.
fn when(pipeline: &PipelineRecord) -> String {
    if pipeline.removed_at.is_some() {
        return "removed".to_owned();
    }
    let Some(spec) = &pipeline.spec else { return "by hand".to_owned() };
    let Ok(schedule) = parse(spec) else { return spec.clone() };
    let next = schedule.next(pipeline.cursor.unwrap_or(pipeline.spec_since));
    let next = next.and_then(|next| next.format(&Rfc3339).ok()).unwrap_or_else(|| "never".to_owned());
    let paused = if pipeline.paused_at.is_some() { ", paused" } else { "" };
    format!("{}{paused}, next {next}", schedule.describe())
}
