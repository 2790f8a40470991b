//! Outputs in the middle of a flow.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::future::{poll_fn, ready};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use godata_etl::{
    BoxError, Concurrency, Flow, Join, Keep, Limit, Memory, OnError, Pipeline, PipelineError, RetryPolicy,
    RowSink, RunContext, RunReport, Transient, Writer, retry, rows, tee,
};
use proptest::prelude::*;

use crate::kit::{Fault, Numbers, Out, RUNTIME, Seen, builder, is_bad};

/// A step of a random pipeline.
#[derive(Clone, Debug)]
enum Op {
    /// Drops every third number.
    Filter,
    /// Makes two numbers of each.
    Twice,
    /// A step on the whole batch, after which the places are unknown.
    Batch,
    Scan,
    MapAsync,
    /// Keeps one of the numbers with the same rest.
    Dedupe,
    /// The greatest first.
    Sort,
    /// An output that rejects the multiples of this number.
    AlsoWrite(Option<u64>),
}

impl Op {
    fn apply(&self, flow: Flow<Vec<u64>>, sides: &mut Vec<Out>) -> Flow<Vec<u64>> {
        match *self {
            Self::Filter => flow.filter(|n| n % 3 != 0),
            Self::Twice => flow.flat_map(|n| [2 * n, 2 * n + 1]),
            Self::Batch => flow.map_batch(|batch: Vec<u64>| Ok(batch)),
            Self::Scan => flow.scan((), |(), n| Ok(Some(n))),
            Self::MapAsync => flow.map_async(Concurrency::Ordered(3), |n| ready(Ok(n))),
            Self::Dedupe => flow.dedupe_by(|n| n % 41, Keep::First, Memory::mib(1)),
            Self::Sort => flow.sort_by(|&n| Reverse(n), Memory::mib(1)),
            Self::AlsoWrite(bad) => {
                sides.push(Out::bad(bad));
                flow.also_write(Out::clone(&sides[sides.len() - 1]))
            }
        }
    }

    /// The same, on all numbers at once. What an output gets is added to `written`.
    fn model(&self, mut numbers: Vec<u64>, written: &mut Vec<Vec<u64>>) -> Vec<u64> {
        let mut seen = HashSet::new();
        match *self {
            Self::Filter => numbers.retain(|n| n % 3 != 0),
            Self::Twice => numbers = numbers.into_iter().flat_map(|n| [2 * n, 2 * n + 1]).collect(),
            Self::Batch | Self::Scan | Self::MapAsync => {}
            Self::Dedupe => numbers.retain(|n| seen.insert(n % 41)),
            Self::Sort => numbers.sort_by_key(|&n| Reverse(n)),
            Self::AlsoWrite(bad) => {
                numbers.retain(|&n| !is_bad(n, bad));
                written.push(numbers.clone());
            }
        }
        numbers
    }
}

fn any_op() -> impl Strategy<Value = Op> {
    let also_write = prop::option::of(2..60_u64).prop_map(Op::AlsoWrite);
    let others = prop_oneof![
        Just(Op::Filter),
        Just(Op::Twice),
        Just(Op::Batch),
        Just(Op::Scan),
        Just(Op::MapAsync),
        Just(Op::Dedupe),
        Just(Op::Sort),
    ];
    prop_oneof![2 => also_write, 3 => others]
}

fn run(pipeline: &Pipeline) -> Result<RunReport, PipelineError> {
    RUNTIME.block_on(pipeline.run(&RunContext::new()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_output_has_the_records_as_they_are_at_its_place(
        records in prop_oneof![0..10_u64, 0..300_u64],
        batch in 1..80_u64,
        workers in 1..5_usize,
        ops in prop::collection::vec(any_op(), 1..7),
        read_bad in prop::option::of(5..60_u64),
        bad in prop::option::of(2..60_u64),
    ) {
        let numbers = Numbers { bad: read_bad, ..Numbers::new(records, batch) };
        let seen = Seen::default();
        let mut flow = builder(workers, OnError::skip(Limit::unlimited())).hook(seen.clone()).read(numbers.clone());
        let mut sides = Vec::new();
        for op in &ops {
            flow = op.apply(flow, &mut sides);
        }
        let last = Out::bad(bad);
        let report = run(&flow.write(last.clone()).unwrap()).unwrap();

        let mut written = Vec::new();
        let left = ops.iter().fold(numbers.good(), |numbers, op| op.model(numbers, &mut written));
        let (rejected, good): (Vec<_>, Vec<_>) = left.into_iter().partition(|&n| is_bad(n, bad));
        prop_assert_eq!(last.committed(), Some(good));
        prop_assert_eq!(report.written.rejected, rejected.len() as u64);
        let outputs: Vec<_> = report.steps.iter().filter_map(|step| step.written.as_ref()).collect();
        prop_assert_eq!(outputs.len(), sides.len());
        for ((side, numbers), counts) in sides.iter().zip(&written).zip(outputs) {
            prop_assert_eq!((counts.records, counts.rejected), (numbers.len() as u64, 0));
            prop_assert_eq!(side.committed(), Some(numbers.clone()));
        }
        prop_assert_eq!(seen.take().len() as u64, report.rejected());
    }

    #[test]
    fn whatever_fails_in_one_output_makes_none_visible_but_those_committed_before(
        records in 1..60_u64,
        batch in 1..20_u64,
        workers in 1..4_usize,
        sides in 1..4_usize,
        failing in any::<prop::sample::Index>(),
        fault in prop::sample::select(vec![
            Fault::Open, Fault::Encode, Fault::Write, Fault::Prepare, Fault::Commit, Fault::Panic
        ]),
        sorts in any::<bool>(),
    ) {
        let mut outputs: Vec<_> = ["first", "second", "third", "last"].map(Out::named).into();
        outputs.drain(sides..3);
        let log = Arc::clone(&outputs[0].log);
        let failing = failing.index(outputs.len());
        for (at, output) in outputs.iter_mut().enumerate() {
            output.log = Arc::clone(&log);
            output.fault = (at == failing).then_some(fault);
        }
        let (last, first) = outputs.split_last().unwrap();
        let mut flow = builder(workers, OnError::fail()).read(Numbers::new(records, batch));
        for side in first {
            flow = flow.also_write(side.clone());
            if sorts {
                flow = flow.sort_by(|&n| n, Memory::mib(1));
            }
        }
        let failed = run(&flow.write(last.clone()).unwrap()).unwrap_err();

        match &failed {
            PipelineError::Write { .. } => prop_assert_eq!(failing, first.len()),
            PipelineError::Step { step, .. } => {
                let index = if sorts { 2 * failing } else { failing };
                prop_assert_eq!((step.index(), step.name()), (index, "also_write"));
            }
            _ => panic!("{failed:?}"),
        }
        let is_late = matches!(fault, Fault::Commit | Fault::Panic);
        let log = log.lock().unwrap().clone();
        for (at, output) in outputs.iter().enumerate() {
            prop_assert_eq!(output.committed().is_some(), is_late && at < failing, "{:?}", &log);
            let (name, did) = (output.name, |what: &str| log.contains(&format!("{} {what}", output.name)));
            let is_left = did("open") && !did("commit") && !(is_late && at == failing);
            prop_assert_eq!(did("abort"), is_left, "{}: {:?}", name, &log);
        }
    }
}

#[test]
fn all_are_prepared_before_the_first_is_committed_and_the_last_of_the_flow_is_the_last() {
    let first = Out::named("first");
    let [second, last] =
        ["second", "last"].map(|name| Out { log: Arc::clone(&first.log), ..Out::named(name) });
    let flow = builder(2, OnError::fail()).read(Numbers::new(20, 20));
    run(&flow.also_write(first.clone()).also_write(second).write(last).unwrap()).unwrap();
    let log = first.log.lock().unwrap();
    let of_end: Vec<_> =
        log.iter().filter(|what| !what.contains("write") && !what.contains("open")).collect();
    let expected =
        ["first prepare", "second prepare", "last prepare", "first commit", "second commit", "last commit"];
    assert_eq!(of_end, expected);
}

#[test]
fn a_check_opens_and_aborts_it() {
    let first = Out::named("first");
    let last = Out { log: Arc::clone(&first.log), ..Out::named("last") };
    let flow = builder(2, OnError::fail()).read(Numbers::new(20, 5)).also_write(first.clone());
    RUNTIME.block_on(flow.write(last).unwrap().check(&RunContext::new())).unwrap();
    assert_eq!(*first.log.lock().unwrap(), ["first open", "last open", "first abort", "last abort"]);
}

#[test]
fn a_preview_does_not_even_open_it_nor_those_of_its_tables() {
    let side = Out { fault: Some(Fault::Open), ..Out::named("side") };
    let table = builder(2, OnError::fail()).read(Numbers::new(20, 5)).also_write(side.clone());
    let flow = builder(2, OnError::fail()).read(Numbers::new(20, 5)).also_write(side.clone());
    let joined = flow.join(table, |&n| n, |&n| n, Join::Semi, Memory::mib(1)).map(|(n, _)| n);
    assert_eq!(RUNTIME.block_on(joined.collect(3)).unwrap(), [1, 2, 3]);
    assert!(side.log.lock().unwrap().is_empty());
}

#[test]
fn a_canceled_run_aborts_it() {
    let (first, last) = (Out::named("first"), Out::default());
    let cx = RunContext::new();
    let canceled = cx.clone();
    let flow =
        builder(2, OnError::fail()).read(Numbers::new(200, 5)).also_write(first.clone()).inspect(move |&n| {
            if n == 100 {
                canceled.cancel();
            }
        });
    let pipeline = flow.write(last).unwrap();
    assert!(RUNTIME.block_on(pipeline.run(&cx)).unwrap_err().is_canceled());
    assert_eq!(first.committed(), None);
    assert_eq!(first.log.lock().unwrap().last().unwrap(), "first abort");
}

#[test]
fn a_later_step_that_fails_or_panics_aborts_it() {
    for panics in [false, true] {
        let first = Out::named("first");
        let flow = builder(2, OnError::fail()).read(Numbers::new(200, 5)).also_write(first.clone());
        let flow = flow.try_map(move |n| {
            assert!(!(panics && n == 100), "a panic");
            if n == 100 { Err("no".into()) } else { Ok(n) }
        });
        let failed = run(&flow.write(Out::default()).unwrap()).unwrap_err();
        assert!(failed.to_string().starts_with("step[1] (try_map) failed at record 100"), "{failed}");
        assert_eq!(first.committed(), None);
        assert_eq!(first.log.lock().unwrap().last().unwrap(), "first abort");
    }
}

/// Notes that it is being written, and that it was dropped.
struct Held(Arc<Mutex<&'static str>>);

impl RowSink<u64> for Held {
    async fn write(&mut self, _: &[u64]) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = "being written";
        std::future::pending().await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = "dropped";
    }
}

#[test]
fn a_run_that_is_dropped_in_the_middle_drops_the_sink() {
    let state = Arc::new(Mutex::new("unopened"));
    let held = Arc::clone(&state);
    let flow = builder(2, OnError::fail()).read(Numbers::new(200, 5));
    let flow = flow.also_write(rows(move |_| ready(Ok(Held(Arc::clone(&held))))));
    let pipeline = flow.write(Out::default()).unwrap();
    RUNTIME.block_on(async {
        let cx = RunContext::new();
        let mut running = Box::pin(pipeline.run(&cx));
        while *state.lock().unwrap() != "being written" {
            assert!(poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx).is_pending())).await);
            tokio::task::yield_now().await;
        }
        drop(running);
        assert_eq!(*state.lock().unwrap(), "dropped");
    });
}

#[test]
fn an_output_before_a_take_ends_with_the_batch_of_the_last_record() {
    for workers in 1..5 {
        let (side, last) = (Out::default(), Out::default());
        let flow = builder(workers, OnError::fail()).read(Numbers::new(1_000, 10)).also_write(side.clone());
        run(&flow.take(25).write(last.clone()).unwrap()).unwrap();
        assert_eq!(side.committed(), Some((1..=30).collect()));
        assert_eq!(last.committed(), Some((1..=25).collect()));
    }
}

/// Refuses multiples of 7, and is busy at first.
#[derive(Clone, Default)]
struct Target {
    rows: Arc<Mutex<Vec<u64>>>,
    was_busy: bool,
}

impl RowSink<u64> for Target {
    async fn write(&mut self, rows: &[u64]) -> Result<(), BoxError> {
        if !std::mem::replace(&mut self.was_busy, true) {
            return Err(Transient::new("busy").into());
        }
        match rows.iter().find(|&&n| n.is_multiple_of(7)) {
            Some(n) => Err(format!("{n} is refused").into()),
            None => {
                self.rows.lock().unwrap().extend_from_slice(rows);
                Ok(())
            }
        }
    }
}

fn target(target: &Target) -> impl Writer<Vec<u64>, Encoded: Clone> + use<> {
    let target = target.clone();
    rows(move |_| ready(Ok(target.clone()))).idempotent()
}

#[test]
fn records_that_the_target_refuses_go_on_and_count_there() {
    let (kept, last, seen) = (Target::default(), Out::default(), Seen::default());
    let flow = builder(2, OnError::skip(Limit::records(2))).hook(seen.clone()).read(Numbers::new(20, 6));
    let policy = RetryPolicy::attempts(3);
    let report = run(&flow.also_write(retry(target(&kept), policy)).write(last.clone()).unwrap()).unwrap();
    assert_eq!(*kept.rows.lock().unwrap(), (1..=20).filter(|n| n % 7 != 0).collect::<Vec<_>>());
    assert_eq!(last.committed(), Some((1..=20).collect()));
    let step = &report.steps[0];
    let written = step.written.as_ref().unwrap();
    assert_eq!((step.records_out, step.rejected), (20, 0));
    assert_eq!((written.records, written.rejected, written.batches, written.retries), (18, 2, 4, 1));
    assert_eq!((report.rejected(), report.retries(), report.unfinished()), (2, 1, 0));
    let refused: Vec<_> = report.rejections.iter().map(|rejected| format!("{rejected:#}")).collect();
    assert_eq!(refused[1], "step[0] (also_write) rejected record 14 (numbers:15): 14 is refused");
    assert_eq!(seen.take().len(), 2);

    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["steps"][0]["written"]["rejected"], 2);
    assert_eq!(json["rejected"], 2);
}

#[test]
fn refused_records_count_against_the_limit() {
    let kept = Target { was_busy: true, ..Target::default() };
    let flow =
        builder(2, OnError::skip(Limit::records(1))).read(Numbers::new(20, 6)).also_write(target(&kept));
    let failed = run(&flow.write(Out::default()).unwrap()).unwrap_err();
    assert!(matches!(failed, PipelineError::TooManyRejected { rejected: 2, read: 14, .. }), "{failed:?}");
}

#[test]
fn an_output_without_records_is_made_all_the_same() {
    let [a, b, c] = [(); 3].map(|()| Out { wants_empty: true, ..Out::default() });
    let flow = builder(2, OnError::fail()).read(Numbers::new(20, 6)).filter(|_| false);
    run(&flow.also_write(tee(a.clone(), b.clone())).write(c.clone()).unwrap()).unwrap();
    for out in [a, b, c] {
        assert_eq!(out.committed(), Some(Vec::new()));
        assert_eq!(out.log.lock().unwrap().iter().filter(|what| what.ends_with("write")).count(), 1);
    }
}

#[test]
fn a_writer_can_be_made_for_each_run() {
    let out = Out::default();
    let made = out.clone();
    let flow = builder(2, OnError::fail()).read(Numbers::new(3, 6)).also_write_with(move |cx| {
        cx.params().require("day")?;
        Ok(made.clone())
    });
    let pipeline = flow.write(Out::default()).unwrap();
    let failed = run(&pipeline).unwrap_err();
    assert!(failed.to_string().starts_with("step[0] (also_write) failed"), "{failed}");
    RUNTIME.block_on(pipeline.run(&RunContext::new().with_param("day", "monday"))).unwrap();
    assert_eq!(out.committed(), Some(vec![1, 2, 3]));
}
