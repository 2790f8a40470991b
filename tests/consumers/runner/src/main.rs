//! Jobs that succeed, fail and run out of time.

use std::time::Duration;

use godata_runner::{BoxError, Job, RunContext, RunRequest, RunStatus, Runner, job_fn};

struct Sleeps;

impl Job for Sleeps {
    fn name(&self) -> &str {
        "sleeps"
    }

    async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
        cx.canceled().await;
        Ok(cx.check()?)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let runner = Runner::new();
    let result = runner.start(job_fn("fine", |_cx| async { Ok(()) }))?.finished().await.success()?;
    println!("{}: {}", result.job_name, result.status);

    let failed = runner.start(job_fn("broken", |_cx| async { Err("no such table".into()) }))?;
    let error = failed.finished().await.success().unwrap_err();
    println!("{}", format!("{error:?}").replace(&failed.id().to_string(), "ID"));

    let request = RunRequest::new().with_timeout(Duration::from_millis(10));
    let late = runner.start_with(Sleeps, request)?.finished().await;
    println!("{} {}", late.status == RunStatus::Failed, late.error.map(|error| error.to_string()).unwrap_or_default());
    Ok(())
}
