//! What each misfire policy does with missed due times. A manual clock jumps five hours ahead, as if the machine had been
//! asleep.
//!
//!     cargo run -p full-examples --example misfire

use std::time::Duration;

use godata::orchestrator::{Event, Orchestrator};
use godata::prelude::*;
use godata::runner::Runner;
use godata::scheduler::every;
use godata::{ManualClock, MemoryStore, Misfire, Overlap, Registration, RunQuery};
use time::UtcDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    // 2026-01-01 00:00 UTC
    let clock = ManualClock::new(UtcDateTime::from_unix_timestamp(1_767_225_600)?);
    let orchestrator =
        Orchestrator::builder(MemoryStore::new(), Runner::builder().clock(clock.clone()).build()?)
            .clock(clock.clone())
            .build()?;

    let hourly = every(Duration::from_secs(3_600))?;
    let job = |name| job_fn(name, |_cx| async { Ok(()) });
    let pipelines = [
        Registration::new(job("latest")).misfire(Misfire::Latest),
        Registration::new(job("skip")).misfire(Misfire::Skip),
        Registration::new(job("all")).misfire(Misfire::All).overlap(Overlap::BufferAll(10)),
    ];
    for pipeline in pipelines {
        orchestrator.register_with(pipeline.schedule(hourly)).await?;
    }
    let mut events = orchestrator.events();
    orchestrator.start_scheduler().await?;

    clock.advance(Duration::from_secs(5 * 3_600 + 1_200));

    // One run of `latest`, none of `skip`, five of `all`.
    let mut ended = 0;
    while ended < 6
        && let Some(event) = events.next().await
    {
        ended += u32::from(matches!(event, Ok(Event::Ended(_))));
    }
    orchestrator.shutdown(Duration::from_secs(30)).await;
    for name in ["latest", "skip", "all"] {
        print!("{}", orchestrator.history(&RunQuery::new().pipeline(name.parse()?)).await?);
        println!();
    }
    Ok(())
}
