//! Runs a pipeline for past days, one run per day. Each run reads the file of the day that is due, and writes a file of
//! that day, so that no run replaces what another has written. The last day has no file on purpose, so its run fails.
//!
//!     cargo run -p full-examples --example backfill

use std::fs;
use std::path::Path;
use std::time::Duration;

use godata::orchestrator::{Event, Events};
use godata::prelude::*;
use godata::scheduler::parse;
use godata::{Backfill, RunQuery};
use time::{Date, Month, UtcDateTime};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    for day in 1..=3 {
        let orders = format!("order_id,status\n{day}-1,paid\n{day}-2,open\n{day}-3,paid\n");
        fs::write(folder.path().join(format!("orders-2026-03-{day:02}.csv")), orders)?;
    }

    let orchestrator = godata::in_memory();
    orchestrator.register(daily(folder.path())?, parse("daily 02:00")?).await?;
    let mut events = orchestrator.events();

    let midnight =
        |day| Ok::<_, BoxError>(Date::from_calendar_date(2026, Month::March, day)?.midnight().as_utc());
    let runs = orchestrator.backfill("orders-daily", Backfill::between(midnight(1)?, midnight(5)?)).await?;
    println!("{} days are queued", runs.len());
    until_ended(runs.len(), &mut events).await;

    for run in orchestrator.history(&RunQuery::new()).await?.runs.iter().rev() {
        let day = run.due.map_or_else(String::new, |due| due.date().to_string());
        let missing = if run.error.is_some() { ", its orders are missing" } else { "" };
        println!("{day} {}, {} written{missing}", run.status, run.counts.records_written);
    }
    let files = fs::read_dir(folder.path())?.filter_map(|file| file.ok()?.file_name().into_string().ok());
    println!("{} files of paid orders", files.filter(|name| name.starts_with("paid-")).count());
    orchestrator.shutdown(Duration::from_secs(30)).await;
    Ok(())
}

/// Writes the paid orders of the day for which a run is due.
fn daily(folder: &Path) -> Result<Pipeline, BoxError> {
    let (orders, paid) = (folder.to_owned(), folder.to_owned());
    let day_of = |cx: &RunContext| cx.due().unwrap_or_else(UtcDateTime::now).date();
    Ok(Pipeline::builder("orders-daily")
        .read_with(move |cx| Ok(csv::read_records(orders.join(format!("orders-{}.csv", day_of(cx))))))
        .filter(|r| r.str("status") == Some("paid"))
        .write_with(move |cx| Ok(jsonl::write(paid.join(format!("paid-{}.jsonl", day_of(cx))))))?)
}

/// Waits until this many runs have ended.
async fn until_ended(mut runs: usize, events: &mut Events) {
    while runs > 0
        && let Some(event) = events.next().await
    {
        runs -= usize::from(matches!(event, Ok(Event::Ended(_))));
    }
}
