//! The lateness of a timer while pipelines compute.

use std::hint::black_box;
use std::time::{Duration, Instant};

use godata_core::{BoxError, RunContext};
use godata_etl::Pipeline;

const PIPELINES: u64 = 100;
const TICK: Duration = Duration::from_millis(10);
const TICKS: usize = 500;

/// Prints the lateness of a 10 ms timer on an idle runtime, then while the pipelines run.
pub(crate) fn measure() -> Result<(), BoxError> {
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        report("idle", ticks().await);
        let cx = RunContext::new();
        let runs: Vec<_> = (0..PIPELINES)
            .map(|seed| {
                let (pipeline, cx) = (busy(seed), cx.clone());
                tokio::spawn(async move { pipeline?.run(&cx).await.map_err(BoxError::from) })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        report(&format!("beside {PIPELINES} pipelines"), ticks().await);
        cx.cancel();
        for run in runs {
            match run.await? {
                Err(error) if error.to_string().contains("was stopped") => {}
                other => return Err(format!("a pipeline ended too early: {other:?}").into()),
            }
        }
        Ok(())
    })
}

/// A pipeline that computes until it is canceled, about 10 µs per record.
fn busy(seed: u64) -> Result<Pipeline, BoxError> {
    let flow = Pipeline::builder("busy")
        .read_iter(move |_| seed..)
        .map(|n| (0..10_000).fold(n, |n, i| black_box(n ^ i)));
    Ok(flow.write_fn(|_, _| std::future::ready(Ok(())))?)
}

/// The lateness of each tick, in milliseconds.
pub(crate) async fn ticks() -> Vec<f64> {
    let mut late = Vec::with_capacity(TICKS);
    for _ in 0..TICKS {
        let start = Instant::now();
        tokio::time::sleep(TICK).await;
        late.push(start.elapsed().saturating_sub(TICK).as_secs_f64() * 1e3);
    }
    late
}

pub(crate) fn report(what: &str, mut late: Vec<f64>) {
    println!(
        "a {} ms timer, {what}: late by {:.2} ms (median), {:.2} ms (p99), {:.2} ms (most) of {TICKS}",
        TICK.as_millis(),
        crate::quantile(&mut late, 0.5),
        crate::quantile(&mut late, 0.99),
        crate::quantile(&mut late, 1.0)
    );
}
