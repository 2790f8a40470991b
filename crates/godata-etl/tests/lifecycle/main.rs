//! A run ends correctly if it is canceled or dropped at any point where it awaits, and if any of the user's code panics.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ledger;
mod stages;

use std::pin::pin;
use std::task::Poll;

use godata_etl::RunContext;
use ledger::{End, Ledger};
use stages::{KINDS, Kind, pipeline, places};

/// What happens to a run at one of the points where it awaits.
#[derive(Clone, Copy, Debug)]
enum Event {
    Drop,
    Cancel,
}

#[test]
fn a_run_that_is_dropped_or_canceled_at_any_point_ends_once_and_leaves_nothing() {
    for kind in KINDS {
        for workers in [1, 4] {
            for event in [Event::Drop, Event::Cancel] {
                at_every_point(kind, workers, event);
            }
        }
    }
}

/// Lets the run await 0, 1, 2, … times before the event, until many runs in a row end before it. How often a run awaits
/// depends on its threads.
fn at_every_point(kind: Kind, workers: usize, event: Event) {
    const ENDED_BEFORE: usize = 20;
    let runtime = runtime();
    let mut ended_before = 0;
    for attempt in 0.. {
        let point = attempt / 3;
        let what = format!("{kind:?}, {workers} workers, {event:?} at point {point}");
        let ledger = Ledger::new(None);
        let pipeline = pipeline(kind, workers, &ledger);
        let reached = runtime.block_on(async {
            let cx = RunContext::new();
            let finished = {
                let mut run = pin!(pipeline.run(&cx));
                match awaits(run.as_mut(), point).await {
                    Some(result) => Some(result),
                    None => match event {
                        Event::Drop => None,
                        Event::Cancel => {
                            cx.cancel();
                            Some(run.await)
                        }
                    },
                }
            };
            let end = match &finished {
                // A run that was dropped before it was polled has not started.
                None if point == 0 => return true,
                None => ledger.ended().await,
                Some(Ok(_)) => End::Succeeded,
                Some(Err(error)) if error.is_canceled() => End::Canceled,
                Some(Err(error)) => panic!("{what}: {error:#}"),
            };
            assert_eq!(ledger.ended().await, end, "{what}");
            ledger.check(&end, &what);
            end != End::Succeeded || finished.is_none()
        });
        ended_before = if reached { 0 } else { ended_before + 1 };
        if ended_before == ENDED_BEFORE {
            return;
        }
    }
}

/// Polls a future until it has waited `times` times; its output if it was ready before that.
async fn awaits<F: Future>(mut future: std::pin::Pin<&mut F>, times: usize) -> Option<F::Output> {
    let mut waited = 0;
    std::future::poll_fn(|cx| {
        if waited == times {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                waited += 1;
                if waited == times { Poll::Ready(None) } else { Poll::Pending }
            }
        }
    })
    .await
}

#[test]
fn a_panic_in_any_code_of_the_user_fails_its_stage() {
    let runtime = runtime();
    for kind in KINDS {
        for place in places(kind) {
            for workers in [1, 4] {
                let what = format!("{kind:?}, {workers} workers, panic at {place}");
                let ledger = Ledger::new(Some(place));
                let result = runtime.block_on(pipeline(kind, workers, &ledger).run(&RunContext::new()));
                assert!(ledger.has_panicked(), "{what}: never got there");
                let error = format!("{:#}", result.expect_err(&what));
                assert!(error.starts_with(expected_stage(kind, place)), "{what}: {error}");
                assert!(error.ends_with(&format!("panicked: on purpose, at {place}")), "{what}: {error}");
                let end = runtime.block_on(ledger.ended());
                assert_eq!(end, End::Failed(error), "{what}");
                ledger.check(&end, &what);
            }
        }
    }
}

fn expected_stage(kind: Kind, place: &str) -> &'static str {
    match place {
        "open reader" | "next" | "decode" => "read failed",
        "open writer" | "encode" | "write" | "commit" => "write failed",
        "filter" => "step[0] (filter) failed at record",
        "try_filter" => "step[1] (try_filter) failed at record",
        "filter_with" => "step[2] (filter_with) failed at record",
        "transform" => "step[3] (transform) failed at record",
        "inspect" => "step[4] (inspect) failed at record",
        "flat_map" => "step[5] (flat_map) failed at record",
        "map_batch" => "step[6] (map_batch) failed: ",
        "scan" => "step[1] (scan) failed at record",
        "map_async" | "in map_async" => "step[1] (map_async) failed at record",
        "map" if matches!(kind, Kind::Steps) => "step[7] (map) failed: ",
        "map" if matches!(kind, Kind::Blocking | Kind::Unordered) => "step[1] (map) failed at record",
        "map" => "step[2] (map) failed at record",
        _ => unreachable!("{place}"),
    }
}

#[test]
fn a_hook_that_panics_changes_nothing() {
    for place in ["hook start", "hook end"] {
        for kind in KINDS {
            let ledger = Ledger::new(Some(place));
            let result = runtime().block_on(pipeline(kind, 2, &ledger).run(&RunContext::new()));
            assert!(ledger.has_panicked());
            assert!(result.is_ok(), "{kind:?}: {result:?}");
            ledger.check(&End::Succeeded, &format!("{kind:?}, panic at {place}"));
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
