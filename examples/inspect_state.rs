//! Shows what is in a state file, even while its program runs: whether it is damaged, what is due next, and how runs ended.
//!
//!     cargo run -p full-examples --example inspect_state [STATE]

use std::env;
use std::process::ExitCode;

use godata::scheduler::parse;
use godata::{BoxError, FileStore, PipelineRecord, RunQuery, RunRecord, Schedule, Store};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

/// How many of the newest runs are shown.
const RUNS: usize = 12;
/// The maximum width of names, schedules and errors.
const CELL: usize = 28;
const LINE: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, BoxError> {
    let state = env::args().nth(1).unwrap_or_else(|| "examples/data/state.json".to_owned());
    let verified = FileStore::verify(&state)?;
    println!("{verified}");
    if !verified.is_sound() {
        return Ok(ExitCode::FAILURE);
    }

    let store = FileStore::open_read_only(&state)?;
    let mut pipelines = vec![["pipeline", "schedule", "next", "last run", "ended"].map(str::to_owned)];
    for pipeline in store.list_pipelines().await? {
        let newest = RunQuery::new().pipeline(pipeline.name.clone()).limit(1);
        let last = store.list_runs(&newest).await?;
        pipelines.push(pipeline_cells(&pipeline, last.first()));
    }
    print_table(&pipelines);

    let newest = store.list_runs(&RunQuery::new().limit(RUNS)).await?;
    let header = ["run of", "status", "cause", "due or asked", "took", "read", "written"].map(str::to_owned);
    print_table(&[header].into_iter().chain(newest.iter().map(run_cells)).collect::<Vec<_>>());
    for (run, error) in newest.iter().filter_map(|run| Some((run, run.error.as_ref()?))) {
        println!("\n{}, {}:", run.pipeline_name, time(run.due.unwrap_or(run.created_at)));
        println!("  {}", cut(&error.to_string(), LINE));
    }
    Ok(ExitCode::SUCCESS)
}

fn pipeline_cells(pipeline: &PipelineRecord, last: Option<&RunRecord>) -> [String; 5] {
    let next = match pipeline.spec.as_deref().map(parse) {
        _ if pipeline.removed_at.is_some() => "removed".to_owned(),
        _ if !pipeline.enabled => "disabled".to_owned(),
        _ if pipeline.paused_at.is_some() => "paused".to_owned(),
        None => String::new(),
        // A custom schedule of the program, which only the program can parse.
        Some(Err(_)) => "unknown".to_owned(),
        Some(Ok(schedule)) => schedule
            .next(pipeline.cursor.unwrap_or(pipeline.spec_since))
            .map_or("never again".to_owned(), time),
    };
    let schedule = cut(pipeline.spec.as_deref().unwrap_or("by hand"), CELL);
    let status = last.map_or("none".to_owned(), |run| run.status.to_string());
    let ended = last.and_then(|run| run.ended_at).map(time).unwrap_or_default();
    [cut(pipeline.name.as_str(), CELL), schedule, next, status, ended]
}

fn run_cells(run: &RunRecord) -> [String; 7] {
    let status = match run.covers {
        Some(covers) => format!("{} x{}", run.status, covers.count),
        None if run.attempt > 1 => format!("{}, attempt {}", run.status, run.attempt),
        None => run.status.to_string(),
    };
    let took =
        |(started, ended): (UtcDateTime, UtcDateTime)| format!("{:.3} s", (ended - started).as_seconds_f64());
    [
        cut(run.pipeline_name.as_str(), CELL),
        status,
        run.cause.to_string(),
        time(run.due.unwrap_or(run.created_at)),
        run.started_at.zip(run.ended_at).map(took).unwrap_or_default(),
        run.counts.records_read.to_string(),
        run.counts.records_written.to_string(),
    ]
}

/// In UTC, marked by the letter Z at the end.
fn time(at: UtcDateTime) -> String {
    at.truncate_to_second().format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// Prints rows in columns, each as wide as its widest cell.
fn print_table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    println!();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width - 1) {
        Some((end, last)) if end + last.len_utf8() < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}
