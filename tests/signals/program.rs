//! An orchestrator that has much to do until a signal comes, and prints what happens: short runs, long ones that stop
//! when they are asked, and one that does not listen.

#![allow(clippy::print_stdout, reason = "the test reads what happens")]

use std::env;
use std::time::Duration;

use godata::orchestrator::Orchestrator;
use godata::prelude::*;
use godata::runner::Runner;
use godata::scheduler::every;
use godata::{FileStore, Overlap, Registration};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let state = env::args().nth(1).ok_or("which state file?")?;
    let orchestrator = Orchestrator::builder(FileStore::open(state)?, Runner::new())
        .grace(Duration::from_millis(50))
        .build()?;
    let mut events = orchestrator.events();

    let milliseconds = |count| every(Duration::from_millis(count));
    let short = job_fn("short", |_cx| async {
        tokio::time::sleep(Duration::from_millis(3)).await;
        Ok(())
    });
    let listening = job_fn("listening", |cx| async move {
        cx.canceled().await;
        Ok(cx.check()?)
    });
    let deaf = job_fn("deaf", |_cx| std::future::pending());
    orchestrator.register(short, milliseconds(5)?).await?;
    let listening = Registration::new(listening).schedule(milliseconds(20)?).overlap(Overlap::BufferOne);
    orchestrator.register_with(listening).await?;
    let deaf = Registration::new(deaf).schedule(milliseconds(500)?).timeout(Duration::from_secs(1));
    orchestrator.register_with(deaf).await?;

    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => println!("{event}"),
                Err(missed) => println!("{missed}"),
            }
        }
    });
    println!("{}", orchestrator.run_until_signal().await?);
    Ok(())
}
