//! Limits how many jobs run at a time, in total and in a pool, and how long a job may take. Prints the events.
//!
//!     cargo run -p full-examples --example run_with_limits

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use godata::RunRequest;
use godata::prelude::*;
use godata::runner::{RunEvent, Runner};

static RUNNING: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn query(number: u32) -> impl Job {
    job_fn(format!("query {number}"), |_cx| async {
        MOST.fetch_max(RUNNING.fetch_add(1, SeqCst) + 1, SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        RUNNING.fetch_sub(1, SeqCst);
        Ok(())
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let runner = Runner::builder().limit(8).pool("database", 2).timeout(Duration::from_secs(60)).build()?;
    let mut events = runner.subscribe();

    for number in 0..6 {
        runner.start_with(query(number), RunRequest::new().with_pool("database"))?;
    }
    let mut ended = 0;
    while ended < 6 {
        match events.next().await {
            Some(Ok(RunEvent::Started(run))) => println!("{} started", run.job_name),
            Some(Ok(RunEvent::Ended(_))) => ended += 1,
            Some(Ok(_)) => {}
            // A subscriber that is too slow learns how many events it missed. It delays no job.
            Some(Err(missed)) => println!("{missed}"),
            None => break,
        }
    }
    println!("at most {} ran at a time", MOST.load(SeqCst));

    let sleeper = job_fn("sleeper", |_cx| std::future::pending());
    let request = RunRequest::new().with_timeout(Duration::from_millis(20));
    let runner = Runner::builder().stop_grace(Duration::from_millis(20)).build()?;
    let result = runner.start_with(sleeper, request)?.finished().await;
    println!(
        "{} {}: {}",
        result.job_name,
        result.status,
        result.error.map_or(String::new(), |e| e.to_string())
    );
    Ok(())
}
