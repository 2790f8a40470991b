//! Errors name the record by its number when it was read, whatever steps come before.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use godata_etl::Concurrency::{Ordered, Unordered};
use godata_etl::{
    BoxError, Chunk, Flow, Lines, Origin, Pipeline, Reader, RunContext, RunScope, Source, Unit, record,
};
use proptest::prelude::*;

/// Steps that drop, double and reorder records but keep their values, which are the numbers they were read with.
#[derive(Clone, Copy, Debug)]
enum Step {
    Filter(u64),
    FilterMap(u64),
    Double,
    Scan,
    Async,
    AsyncUnordered,
    Records,
}

impl Step {
    fn apply(self, flow: Flow<Vec<u64>>) -> Flow<Vec<u64>> {
        match self {
            Self::Filter(m) => flow.filter(move |n| !n.is_multiple_of(m)),
            Self::FilterMap(m) => flow.filter_map(move |n| (n % m != 1).then_some(n)),
            Self::Double => flow.flat_map(|n| [n, n]),
            Self::Scan => flow.scan((), |(), n| Ok((n % 5 != 2).then_some(n))),
            Self::Async => flow.map_async(Ordered(4), |n| async move { Ok(n) }),
            Self::AsyncUnordered => flow.map_async(Unordered(4), |n| async move {
                if n % 2 == 0 {
                    tokio::task::yield_now().await;
                }
                Ok(n)
            }),
            Self::Records => flow
                .map(|n| record! {"n" => n})
                .untyped()
                .filter(|r| r.u64("n").is_ok_and(|n| n % 7 != 3))
                .flat_map(|r| [r.u64("n").unwrap()]),
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (2..6u64).prop_map(Step::Filter),
        (2..6u64).prop_map(Step::FilterMap),
        Just(Step::Double),
        Just(Step::Scan),
        Just(Step::Async),
        Just(Step::AsyncUnordered),
        Just(Step::Records),
    ]
}

/// The place that is reported for a failure of the record with number `bad`, if it reaches the failing step.
fn place_of(steps: &[Step], records: u64, bad: u64, workers: usize) -> Option<String> {
    let flow = Pipeline::builder("places").workers(workers).read_vec((1..=records).collect());
    let flow = steps.iter().fold(flow, |flow, step| step.apply(flow));
    let pipeline = flow.try_map(move |n| if n == bad { Err("bad".into()) } else { Ok(n) });
    let pipeline = pipeline.write_fn(|_, _| std::future::ready(Ok(()))).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).err()?;
    Some(error.place().map_or_else(|| format!("{error:#}"), ToString::to_string))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_failure_names_the_number_that_the_record_was_read_with(
        steps in prop::collection::vec(any_step(), 0..5),
        (records, bad) in (1..3000u64).prop_flat_map(|records| (Just(records), 1..=records)),
        workers in 1..4usize,
    ) {
        if let Some(place) = place_of(&steps, records, bad, workers) {
            prop_assert_eq!(place, format!("record {bad}"));
        }
    }
}

#[test]
fn a_batch_that_was_changed_as_a_whole_has_no_record_numbers() {
    let flow = Pipeline::builder("whole").read_vec(vec![1, 2]).map_batch(Ok);
    let pipeline = flow.map_async(Ordered(1), |_| async { Err::<u64, _>("bad".into()) });
    let pipeline = pipeline.write_fn(|_, _| std::future::ready(Ok(()))).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert_eq!(error.to_string(), "step[1] (map_async) failed");
}

/// Reads one batch whose records start on the lines 2, 3 and 6.
struct ThreeLines;

impl Reader for ThreeLines {
    type Batch = Vec<u64>;
    type Source = OneUnit;

    async fn open(&self, _: &RunScope) -> Result<OneUnit, BoxError> {
        Ok(OneUnit(true))
    }
}

struct OneUnit(bool);

impl Source for OneUnit {
    type Batch = Vec<u64>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        let origin = Origin::new(11).source("orders.csv").lines(Lines::Each([2, 3, 6].into()));
        Ok(std::mem::take(&mut self.0).then(|| Unit::ready(Chunk::new(vec![1, 2, 3], origin))))
    }
}

#[test]
fn an_error_names_the_step_the_record_the_source_and_the_line() {
    let flow = Pipeline::builder("lines").read(ThreeLines).filter(|&n| n != 2);
    let pipeline = flow.try_map(|n| if n == 3 { Err("three".into()) } else { Ok(n) });
    let pipeline = pipeline.write_fn(|_, _| std::future::ready(Ok(()))).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert_eq!(error.to_string(), "step[1] (try_map) failed at record 13 (orders.csv:6)");
    assert_eq!(format!("{error:#}"), "step[1] (try_map) failed at record 13 (orders.csv:6): three");
    assert_eq!(format!("{error:?}"), format!("{error:#}"));
    let report = error.report().unwrap();
    assert_eq!((report.read.records, report.steps[0].records_out, report.unfinished()), (3, 2, 2));
}
