//! A service in which something is blocked when a signal comes: `job` (the thread of a job), `fifo` (a pipeline that reads a
//! FIFO to which nobody writes), `grace` (a job that ignores that it is asked to stop, with a long grace), `main` (the thread of
//! the program, after the report). It prints how far it is.

#![allow(clippy::print_stdout, reason = "the test reads what happens")]

use std::env;
use std::thread;
use std::time::Duration;

use godata::orchestrator::{Event, Orchestrator};
use godata::prelude::*;
use godata::runner::Runner;
use godata::{AnyJob, FileStore, Registration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut args = env::args().skip(1);
    let (state, what) = (args.next().ok_or("which state file?")?, args.next().ok_or("what blocks?")?);
    let grace = if what == "grace" { Duration::from_secs(3_600) } else { Duration::ZERO };
    let runner = Runner::builder().stop_grace(Duration::ZERO).build()?;
    let orchestrator = Orchestrator::builder(FileStore::open(state)?, runner).grace(grace).build()?;

    let blocks_job = what == "job";
    let job = job_fn("job", move |_cx| async move {
        if blocks_job {
            block();
        }
        std::future::pending().await
    });
    let pipeline =
        Pipeline::builder("job").read(csv::read_records("in.fifo")).write(jsonl::write("out.jsonl"))?;
    let job = if what == "fifo" { AnyJob::new(pipeline) } else { AnyJob::new(job) };
    orchestrator.register_with(Registration::new(job)).await?;
    let mut events = orchestrator.events();
    let watched = orchestrator.clone();
    tokio::spawn(async move {
        watched.run_pipeline("job").await?;
        while let Some(Ok(event)) = events.next().await {
            if let Event::Started(_) = event {
                println!("started");
                break;
            }
        }
        while watched.stop_scheduler().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        println!("closing");
        Ok::<_, BoxError>(())
    });

    let report = orchestrator.run_until_signal().await?;
    println!("{report}");
    if what == "main" {
        block();
    }
    Ok(())
}

fn block() {
    loop {
        thread::park();
    }
}
