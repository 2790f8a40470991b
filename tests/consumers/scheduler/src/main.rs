//! A schedule as a field of a config struct.

use godata_scheduler::time::UtcDateTime;
use godata_scheduler::{AnySchedule, BoxError, Schedule, ScheduleExt};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Config {
    pipeline: String,
    schedule: AnySchedule,
}

fn main() -> Result<(), BoxError> {
    let text = r#"{"pipeline":"orders","schedule":"daily 02:00 mon-fri Europe/Berlin"}"#;
    let config: Config = serde_json::from_str(text)?;
    println!("{}: {}", config.pipeline, config.schedule.describe());
    println!("{:?}", config.schedule.next(UtcDateTime::UNIX_EPOCH).map(|due| due.to_string()));
    println!("{}", config.schedule.upcoming(UtcDateTime::UNIX_EPOCH).take(1_000).count());
    println!("{}", serde_json::to_string(&config)? == text);
    println!("{:?}", "0 2 * * *".parse::<AnySchedule>().unwrap_err());
    Ok(())
}
