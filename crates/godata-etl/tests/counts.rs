//! The output and the counts of random pipelines, compared with the same steps over a plain vector.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, LazyLock, Mutex};

use futures::stream;
use godata_etl::Concurrency::{Ordered, Unordered};
use godata_etl::{Flow, Pipeline, PipelineBuilder, RunContext, RunReport, record};
use proptest::prelude::*;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap());

#[derive(Clone, Debug)]
enum Read {
    Vec,
    Iter,
    Stream,
    Fn,
}

#[derive(Clone, Debug)]
enum Step {
    Filter(i64),
    TryFilter(i64),
    Map(i64),
    TryMap(i64),
    Transform(i64),
    Inspect,
    FilterMap(i64),
    FlatMap(usize),
    MapBatch,
    MapAsync(usize),
    MapAsyncUnordered(usize),
    /// Drops every n-th record.
    Scan(usize),
    Take(u64),
    /// Converts to dynamic records, filters them and converts back: four steps.
    Records(i64),
}

impl Step {
    fn apply(&self, flow: Flow<Vec<i64>>) -> Flow<Vec<i64>> {
        match *self {
            Self::Filter(m) => flow.filter(move |n| n % m != 0),
            Self::TryFilter(m) => flow.try_filter(move |n| Ok(n % m != 0)),
            Self::Map(a) => flow.map(move |n| n + a),
            Self::TryMap(a) => flow.try_map(move |n| Ok(n + a)),
            Self::Transform(a) => flow.transform(move |n| {
                *n += a;
                Ok(())
            }),
            Self::Inspect => flow.inspect(|_| {}),
            Self::FilterMap(m) => flow.filter_map(move |n| (n % m != 0).then_some(n + 1)),
            Self::FlatMap(most) => flow.flat_map(move |n| copies(n, most)),
            Self::MapBatch => flow.map_batch(Ok),
            Self::MapAsync(n) => flow.map_async(Ordered(n), |n| async move { Ok(n) }),
            Self::MapAsyncUnordered(n) => flow.map_async(Unordered(n), |n| async move {
                if n % 3 == 0 {
                    tokio::task::yield_now().await;
                }
                Ok(n)
            }),
            Self::Scan(every) => flow.scan(0, move |count, n| {
                *count += 1;
                Ok((*count % every != 0).then_some(n))
            }),
            Self::Take(limit) => flow.take(limit),
            Self::Records(m) => flow
                .map(|n| record! {"n" => n})
                .untyped()
                .filter(move |r| r.i64("n").is_ok_and(|n| n % m != 0))
                .map(|r| r.i64("n").unwrap()),
        }
    }

    /// The same over a plain vector: the output of each step that this one consists of.
    fn model(&self, input: Vec<i64>) -> Vec<Vec<i64>> {
        let keep = |input: Vec<i64>, m: i64| input.into_iter().filter(|n| n % m != 0).collect::<Vec<_>>();
        vec![match *self {
            Self::Filter(m) | Self::TryFilter(m) => keep(input, m),
            Self::Map(a) | Self::TryMap(a) | Self::Transform(a) => input.into_iter().map(|n| n + a).collect(),
            Self::FilterMap(m) => keep(input, m).into_iter().map(|n| n + 1).collect(),
            Self::FlatMap(most) => input.into_iter().flat_map(|n| copies(n, most)).collect(),
            Self::Inspect | Self::MapBatch | Self::MapAsync(_) | Self::MapAsyncUnordered(_) => input,
            Self::Scan(every) => input
                .into_iter()
                .enumerate()
                .filter(|(at, _)| (at + 1) % every != 0)
                .map(|(_, n)| n)
                .collect(),
            Self::Take(limit) => input.into_iter().take(limit as usize).collect(),
            Self::Records(m) => {
                let kept = keep(input.clone(), m);
                return vec![input.clone(), input, kept.clone(), kept];
            }
        }]
    }
}

fn copies(n: i64, most: usize) -> Vec<i64> {
    vec![n; n.unsigned_abs() as usize % (most + 1)]
}

#[derive(Clone, Debug)]
struct Case {
    read: Read,
    records: i64,
    steps: Vec<Step>,
    workers: usize,
    unordered: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (2..7i64).prop_map(Step::Filter),
        (2..7i64).prop_map(Step::TryFilter),
        (-9..9i64).prop_map(Step::Map),
        (-9..9i64).prop_map(Step::TryMap),
        (-9..9i64).prop_map(Step::Transform),
        Just(Step::Inspect),
        (2..7i64).prop_map(Step::FilterMap),
        (0..4usize).prop_map(Step::FlatMap),
        Just(Step::MapBatch),
        (1..6usize).prop_map(Step::MapAsync),
        (1..6usize).prop_map(Step::MapAsyncUnordered),
        (2..9usize).prop_map(Step::Scan),
        prop_oneof![0..50u64, 0..4000u64].prop_map(Step::Take),
        (2..7i64).prop_map(Step::Records),
    ]
}

fn any_case() -> impl Strategy<Value = Case> {
    let read = prop_oneof![Just(Read::Vec), Just(Read::Iter), Just(Read::Stream), Just(Read::Fn)];
    let records = prop_oneof![0..20i64, 0..4000i64];
    (read, records, prop::collection::vec(any_step(), 0..6), 1..=8usize, any::<bool>()).prop_map(
        |(read, records, steps, workers, unordered)| Case { read, records, steps, workers, unordered },
    )
}

impl Case {
    fn builder(&self) -> PipelineBuilder {
        let builder = Pipeline::builder("counts").workers(self.workers);
        if self.unordered { builder.unordered() } else { builder }
    }

    fn run(&self) -> (Vec<i64>, RunReport) {
        let records = self.records;
        let flow = match self.read {
            Read::Vec => self.builder().read_vec((0..records).collect()),
            Read::Iter => self.builder().read_iter(move |_| 0..records),
            Read::Stream => self.builder().read_stream(move |_| stream::iter(0..records)),
            Read::Fn => self.builder().read_fn(move |_| async move { Ok((0..records).collect()) }),
        };
        let flow = self.steps.iter().fold(flow, |flow, step| step.apply(flow));
        let written = Arc::new(Mutex::new(Vec::new()));
        let output = Arc::clone(&written);
        let pipeline = flow.write_fn(move |_, batch| {
            output.lock().unwrap().extend(batch);
            std::future::ready(Ok(()))
        });
        let report = RUNTIME.block_on(pipeline.unwrap().run(&RunContext::new())).unwrap();
        let written = std::mem::take(&mut *written.lock().unwrap());
        (written, report)
    }

    fn keeps_order(&self) -> bool {
        !self.unordered && !self.steps.iter().any(|step| matches!(step, Step::MapAsyncUnordered(_)))
    }

    /// Whether the order of the records decides which of them pass.
    fn depends_on_order(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Scan(_) | Step::Take(_)))
    }

    /// The output of each step if all records are read.
    fn model(&self) -> Vec<Vec<i64>> {
        let mut outputs = vec![(0..self.records).collect::<Vec<_>>()];
        for step in &self.steps {
            let input = outputs.last().unwrap().clone();
            outputs.extend(step.model(input));
        }
        outputs
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pipeline_does_what_its_steps_do_to_a_vector(case in any_case()) {
        let (mut written, report) = case.run();
        let model = case.model();
        let mut expected = model.last().unwrap().clone();
        if !case.keeps_order() {
            written.sort_unstable();
            expected.sort_unstable();
        }
        let exact = case.keeps_order() || !case.depends_on_order();
        if exact {
            prop_assert_eq!(&written, &expected);
        }

        prop_assert_eq!(report.written.records, written.len() as u64);
        let steps = &report.steps;
        let last_take = steps.iter().rposition(|step| step.name == "take");
        for (at, step) in steps.iter().enumerate() {
            let before = if at == 0 { report.read.records } else { steps[at - 1].records_out };
            let (in_and_made, out_and_dropped) = (step.records_in + step.expanded, step.records_out + step.dropped);
            if last_take.is_some_and(|take| at <= take) {
                // Records that were read ahead of a take are stopped wherever they are.
                prop_assert!(before >= step.records_in, "into step {}", at);
                prop_assert!(in_and_made >= out_and_dropped, "step {}", at);
            } else {
                prop_assert_eq!(before, step.records_in, "into step {}", at);
                prop_assert_eq!(in_and_made, out_and_dropped, "step {}", at);
            }
            let settled = last_take.is_none_or(|take| at >= take);
            if exact && settled {
                prop_assert_eq!(step.records_out, model[at + 1].len() as u64, "out of step {}", at);
            }
            if exact && last_take.is_none_or(|take| at > take) {
                prop_assert_eq!(step.records_in, model[at].len() as u64, "into step {}", at);
            }
        }
        let last = steps.last().map_or(report.read.records, |step| step.records_out);
        prop_assert_eq!(last, report.written.records);
        if last_take.is_none() {
            prop_assert_eq!(report.read.records, case.records as u64);
            prop_assert_eq!(report.unfinished(), 0);
        }
    }

    #[test]
    fn two_runs_at_once_share_nothing(case in any_case()) {
        let (alone, _) = case.run();
        let (one, two) = std::thread::scope(|scope| {
            let one = scope.spawn(|| case.run().0);
            let two = scope.spawn(|| case.run().0);
            (one.join().unwrap(), two.join().unwrap())
        });
        if case.keeps_order() {
            prop_assert_eq!(&one, &alone);
            prop_assert_eq!(&two, &alone);
        } else if !case.depends_on_order() {
            prop_assert_eq!(one.len(), alone.len());
            prop_assert_eq!(two.len(), alone.len());
        }
    }
}
