//! Pipelines that run after others: the report runs after each successful import, and the forecast once there are new imports
//! and new prices. The first import fails on purpose.
//!
//!     cargo run -p full-examples --example run_after

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use godata::Registration;
use godata::orchestrator::{Event, Events};
use godata::prelude::*;

static IMPORTS: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let import = job_fn("import", |_cx| async {
        match IMPORTS.fetch_add(1, SeqCst) {
            0 => Err("the server is down".into()),
            _ => Ok(()),
        }
    });
    let prices = job_fn("prices", |_cx| async { Ok(()) });
    let report = job_fn("report", |_cx| async { Ok(()) });
    let forecast = job_fn("forecast", |_cx| async { Ok(()) });

    let orchestrator = godata::in_memory();
    orchestrator.register_with(Registration::new(import)).await?;
    orchestrator.register_with(Registration::new(prices)).await?;
    orchestrator.register_with(Registration::new(report).after("import")).await?;
    orchestrator.register_with(Registration::new(forecast).after_all(["import", "prices"])).await?;
    let mut events = orchestrator.events();
    orchestrator.start_scheduler().await?;

    orchestrator.run_pipeline("import").await?;
    print_until_ended("import", &mut events).await;

    println!("again:");
    orchestrator.run_pipeline("import").await?;
    print_until_ended("report", &mut events).await;

    println!("the prices:");
    orchestrator.run_pipeline("prices").await?;
    print_until_ended("forecast", &mut events).await;

    orchestrator.shutdown(Duration::from_secs(30)).await;
    Ok(())
}

/// Prints each run that ends, until one of this pipeline has ended.
async fn print_until_ended(pipeline: &str, events: &mut Events) {
    while let Some(event) = events.next().await {
        let Ok(Event::Ended(run)) = event else { continue };
        let error = run.error.as_ref().map_or(String::new(), |error| format!(": {error}"));
        println!("{} ({}) {}{error}", run.pipeline_name, run.cause, run.status);
        if run.pipeline_name.as_str() == pipeline {
            return;
        }
    }
}
