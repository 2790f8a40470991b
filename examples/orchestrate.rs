//! A pipeline on a schedule, with its history in a file. It cleans the orders every two seconds until Ctrl-C or SIGTERM,
//! waits for the run in progress, and prints the history. A second Ctrl-C ends it at once.
//!
//!     cargo run -p full-examples --example orchestrate [STATE] [RUNS]
//!
//! Kill it in any way and start it again: the history is still there, and the schedule continues. `STATE` defaults to
//! `state.json`. With `RUNS`, it stops after that many runs.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::env;
use std::time::Duration;

use godata::RunQuery;
use godata::orchestrator::{Event, Orchestrator};
use godata::prelude::*;
use godata::scheduler::every;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut args = env::args().skip(1);
    let state = args.next().unwrap_or_else(|| "state.json".to_owned());
    let runs = args.next().map(|runs| runs.parse()).transpose()?.unwrap_or(usize::MAX);

    let orchestrator = godata::local(state)?;
    orchestrator.register(orders()?, every(Duration::from_secs(2))?).await?;

    tokio::select! {
        () = print_events(&orchestrator, runs) => {
            orchestrator.shutdown(Duration::from_secs(30)).await;
        }
        report = orchestrator.run_until_signal() => println!("{}", report?),
    }
    print!("{}", orchestrator.history(&RunQuery::new().limit(10)).await?);
    Ok(())
}

fn orders() -> Result<Pipeline, BoxError> {
    Ok(Pipeline::builder("orders-cleanup")
        .read(csv::read_records("examples/data/orders.csv"))
        .filter(|r| r.str("status") == Some("paid"))
        .cast("amount", Type::Float)
        .derive("gross", |r| Ok(r.f64("amount")? * 1.19))
        .write(jsonl::write("orders_paid.jsonl"))?)
}

/// Prints events until this many runs have ended.
async fn print_events(orchestrator: &Orchestrator, mut runs: usize) {
    let mut events = orchestrator.events();
    while runs > 0
        && let Some(event) = events.next().await
    {
        match event {
            Ok(event) => {
                println!("{event}");
                runs -= usize::from(matches!(event, Event::Ended(_)));
            }
            Err(missed) => println!("{missed}"),
        }
    }
}
