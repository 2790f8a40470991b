//! Random pipelines that reject records, and the same over a plain vector.

use std::sync::LazyLock;

use godata_etl::Concurrency::{Ordered, Unordered};
use godata_etl::{
    BoxError, Flow, OnError, Pipeline, PipelineError, Records, RunContext, RunReport, Type, Value, record,
};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::kit::{Kept, Numbers, Seen, is_bad};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap());

/// A step that keeps the values of the records, which are their numbers. It rejects the multiples of its number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    TryFilter(u64),
    Expect(u64),
    TryMap(u64),
    Transform(u64),
    Scan(u64),
    Async(u64),
    AsyncUnordered(u64),
    /// Drops the multiples.
    Filter(u64),
    Double,
    Take(u64),
    /// Makes the numbers dynamic records, applies the step, and makes them numbers again: four steps.
    Dynamic(Dynamic, u64),
    /// Converts to dynamic records through serde: two steps.
    Untyped(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Dynamic {
    TryFilter,
    Expect,
    TryMap,
    Transform,
    Cast,
    Derive,
    Typed,
    Rename,
    Scan,
    Async,
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Typed {
    n: u64,
    text: u64,
}

/// A number that serde can't convert if it is bad.
struct Fragile(u64, bool);

impl serde::Serialize for Fragile {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.1 {
            return Err(serde::ser::Error::custom(format!("bad {}", self.0)));
        }
        to.collect_map([("n", self.0)])
    }
}

fn check(n: u64, bad: u64) -> Result<(), BoxError> {
    if n.is_multiple_of(bad) { Err(format!("bad {n}").into()) } else { Ok(()) }
}

impl Step {
    fn apply(self, flow: Flow<Vec<u64>>) -> Flow<Vec<u64>> {
        match self {
            Self::TryFilter(bad) => flow.try_filter(move |&n| check(n, bad).map(|()| true)),
            Self::Expect(bad) => flow.expect("good", move |&n| !n.is_multiple_of(bad)),
            Self::TryMap(bad) => flow.try_map(move |n| check(n, bad).map(|()| n)),
            Self::Transform(bad) => flow.transform(move |n| {
                let checked = check(*n, bad);
                *n += u64::from(checked.is_err());
                checked
            }),
            Self::Scan(bad) => flow.scan((), move |(), n| check(n, bad).map(|()| Some(n))),
            Self::Async(bad) => flow.map_async(Ordered(3), move |n| async move {
                if n % 3 == 0 {
                    tokio::task::yield_now().await;
                }
                check(n, bad).map(|()| n)
            }),
            Self::AsyncUnordered(bad) => flow.map_async(Unordered(3), move |n| async move {
                if n % 3 == 0 {
                    tokio::task::yield_now().await;
                }
                check(n, bad).map(|()| n)
            }),
            Self::Filter(m) => flow.filter(move |n| !n.is_multiple_of(m)),
            Self::Double => flow.flat_map(|n| [n, n]),
            Self::Take(limit) => flow.take(limit),
            Self::Dynamic(step, bad) => {
                let records = flow.map(move |n| {
                    let is_bad = n.is_multiple_of(bad);
                    let text = if is_bad { "x" } else { "1" };
                    record! {"n" => n, "text" => text, "taken" => is_bad.then_some(n)}
                });
                let records = step.apply(records.untyped(), bad);
                records.map(|r| r.u64("n").unwrap())
            }
            Self::Untyped(bad) => {
                let fragile = flow.map(move |n| Fragile(n, n.is_multiple_of(bad)));
                fragile.untyped().map(|r| r.u64("n").unwrap())
            }
        }
    }

    /// How many steps this one consists of, and which of them rejects.
    fn steps(self) -> (usize, usize) {
        match self {
            Self::Dynamic(Dynamic::TryMap | Dynamic::Typed | Dynamic::Scan | Dynamic::Async, _) => (5, 2),
            Self::Dynamic(..) => (4, 2),
            Self::Untyped(_) => (3, 1),
            _ => (1, 0),
        }
    }
}

impl Dynamic {
    fn apply(self, flow: Flow<Records>, bad: u64) -> Flow<Records> {
        let n = |n: u64| record! {"n" => n};
        match self {
            Self::TryFilter => flow.try_filter(move |r| check(r.u64("n")?, bad).map(|()| true)),
            Self::Expect => flow.expect("good", move |r| r.u64("n").is_ok_and(|n| !n.is_multiple_of(bad))),
            Self::Transform => flow.transform(move |r| {
                let n = r.u64("n")?;
                r.set("n", 0);
                check(n, bad)?;
                r.set("n", n);
                Ok(())
            }),
            Self::Cast => flow.cast("text", Type::Int),
            Self::Derive => flow.derive("more", move |r| check(r.u64("n")?, bad).map(|()| Value::from(1))),
            Self::Rename => flow.rename("taken", "text"),
            Self::TryMap => flow.try_map(move |r| check(r.u64("n")?, bad).and(Ok(n(r.u64("n")?)))).untyped(),
            Self::Typed => flow.typed::<Typed>().untyped(),
            Self::Scan => flow
                .scan((), move |(), r| {
                    check(r.u64("n")?, bad)?;
                    Ok(Some(r))
                })
                .untyped(),
            Self::Async => flow
                .map_async(Ordered(2), move |r| async move {
                    check(r.u64("n")?, bad)?;
                    Ok(r)
                })
                .untyped(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) records: u64,
    pub(crate) batch: u64,
    pub(crate) bad_read: Option<u64>,
    pub(crate) steps: Vec<Step>,
    pub(crate) bad_write: Option<u64>,
    pub(crate) workers: usize,
    pub(crate) unordered: bool,
}

impl Default for Case {
    fn default() -> Self {
        let (records, batch, steps, workers) = (100, 10, Vec::new(), 2);
        Self { records, batch, bad_read: None, steps, bad_write: None, workers, unordered: false }
    }
}

/// The policy of a run.
pub(crate) struct Policy(OnError);

impl Policy {
    pub(crate) fn skip(limit: godata_etl::Limit) -> Self {
        Self(OnError::skip(limit))
    }
}

pub(crate) struct Ran {
    pub(crate) written: Vec<u64>,
    pub(crate) rejected: Vec<(u64, usize)>,
    pub(crate) result: Result<RunReport, PipelineError>,
}

/// What a run writes and rejects, and how many records it reads for that.
pub(crate) struct Expected {
    pub(crate) written: Vec<u64>,
    pub(crate) rejected: Vec<(u64, usize)>,
    pub(crate) read: u64,
}

impl Case {
    pub(crate) fn run(&self, Policy(on_error): Policy) -> Ran {
        let (seen, kept) = (Seen::default(), Kept { bad: self.bad_write, ..Kept::default() });
        let builder =
            Pipeline::builder("rejects").workers(self.workers).hook(seen.clone()).on_error(on_error);
        let builder = if self.unordered { builder.unordered() } else { builder };
        let flow = builder.read(Numbers { records: self.records, batch: self.batch, bad: self.bad_read });
        let flow = self.steps.iter().fold(flow, |flow, step| step.apply(flow));
        let pipeline = flow.write(kept.clone()).unwrap();
        let result = RUNTIME.block_on(pipeline.run(&RunContext::new()));
        let written = kept.visible.lock().unwrap().clone();
        let rejected = seen.0.lock().unwrap().clone();
        Ran { written, rejected, result }
    }

    pub(crate) fn model(&self) -> Expected {
        let mut read = self.records;
        let mut rejected = Vec::new();
        let reject = |records: &mut Vec<u64>, bad: Option<u64>, stage: usize, rejected: &mut Vec<_>| {
            rejected.extend(records.iter().filter(|&&n| is_bad(n, bad)).map(|&n| (n, stage)));
            records.retain(|&n| !is_bad(n, bad));
        };
        let mut records: Vec<u64> = (1..=self.records).collect();
        reject(&mut records, self.bad_read, 0, &mut rejected);
        let mut stage = 1;
        for &step in &self.steps {
            let (steps, rejecting) = step.steps();
            match step {
                Step::Filter(m) => records.retain(|n| !n.is_multiple_of(m)),
                Step::Double => records = records.into_iter().flat_map(|n| [n, n]).collect(),
                Step::Take(limit) => {
                    if records.len() as u64 >= limit {
                        records.truncate(limit as usize);
                        let last = records.last().copied().unwrap_or(0);
                        read = read.min(last);
                        rejected.retain(|&(n, _)| n <= last);
                    }
                }
                Step::TryFilter(bad)
                | Step::Expect(bad)
                | Step::TryMap(bad)
                | Step::Transform(bad)
                | Step::Scan(bad)
                | Step::Async(bad)
                | Step::AsyncUnordered(bad)
                | Step::Untyped(bad)
                | Step::Dynamic(_, bad) => reject(&mut records, Some(bad), stage + rejecting, &mut rejected),
            }
            stage += steps;
        }
        reject(&mut records, self.bad_write, stage, &mut rejected);
        rejected.sort_unstable();
        Expected { written: records, rejected, read }
    }

    /// How many stages there are, with reading and writing.
    pub(crate) fn stages(&self) -> usize {
        self.steps.iter().map(|step| step.steps().0).sum::<usize>() + 2
    }

    pub(crate) fn keeps_order(&self) -> bool {
        !self.unordered && !self.steps.iter().any(|step| matches!(step, Step::AsyncUnordered(_)))
    }

    pub(crate) fn has_no_take(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Step::Take(_)))
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let bad = || prop_oneof![1..5_u64, 2..200_u64];
    let dynamic = prop_oneof![
        Just(Dynamic::TryFilter),
        Just(Dynamic::Expect),
        Just(Dynamic::TryMap),
        Just(Dynamic::Transform),
        Just(Dynamic::Cast),
        Just(Dynamic::Derive),
        Just(Dynamic::Typed),
        Just(Dynamic::Rename),
        Just(Dynamic::Scan),
        Just(Dynamic::Async),
    ];
    let typed = prop_oneof![
        bad().prop_map(Step::TryFilter),
        bad().prop_map(Step::Expect),
        bad().prop_map(Step::TryMap),
        bad().prop_map(Step::Transform),
        bad().prop_map(Step::Scan),
        bad().prop_map(Step::Async),
        bad().prop_map(Step::AsyncUnordered),
        bad().prop_map(Step::Filter),
        Just(Step::Double),
        prop_oneof![0..50_u64, 0..3_000_u64].prop_map(Step::Take),
        bad().prop_map(Step::Untyped),
    ];
    prop_oneof![typed, (dynamic, bad()).prop_map(|(step, bad)| Step::Dynamic(step, bad))]
}

pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    let bad = || prop::option::of(prop_oneof![1..5_u64, 2..200_u64]);
    let records = prop_oneof![0..20_u64, 0..2_000_u64];
    let batch = prop_oneof![1..8_u64, 1..500_u64];
    let workers = prop_oneof![Just(1_usize), Just(4), Just(16)];
    let steps = prop::collection::vec(any_step(), 0..5);
    (records, batch, bad(), steps, bad(), workers, prop::bool::weighted(0.2)).prop_map(
        |(records, batch, bad_read, steps, bad_write, workers, unordered)| {
            let mut case = Case { records, batch, bad_read, steps, bad_write, workers, unordered };
            if !case.keeps_order() {
                // Which records pass a `take` depends on the order.
                case.steps.retain(|step| !matches!(step, Step::Take(_)));
            }
            case
        },
    )
}
