//! One input after another.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use godata_etl::{
    BlockingRead, BlockingSource, BoxError, Limit, OnError, PipelineError, Reader, RunContext, RunScope,
    Unit, chain,
};
use proptest::prelude::*;

use crate::kit::{Numbers, OpenNumbers, Out, RUNTIME, Seen, builder};

/// Reads [`Numbers`] on a thread, or on the workers if it is quick.
#[derive(Clone, Debug)]
struct Blocking {
    numbers: Numbers,
    is_quick: bool,
}

struct OpenBlocking(OpenNumbers, bool);

impl Reader for Blocking {
    type Batch = Vec<u64>;
    type Source = BlockingRead<OpenBlocking>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        Ok(BlockingRead::new(OpenBlocking(OpenNumbers::new(&self.numbers), self.is_quick), scope))
    }
}

impl BlockingSource for OpenBlocking {
    type Batch = Vec<u64>;

    fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        Ok(self.0.unit())
    }

    fn is_quick(&self) -> bool {
        self.1
    }
}

fn numbers(source: &'static str) -> impl Strategy<Value = Numbers> {
    let records = prop_oneof![Just(0), 1..10_u64, 0..300_u64];
    let fields = (records, 1..60_u64, prop::option::of(1..20_u64));
    fields.prop_map(move |(records, batch, bad)| Numbers { source, records, batch, bad })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_records_of_the_first_come_before_those_of_the_second_and_keep_their_places(
        first in numbers("first"),
        second in numbers("second"),
        third in numbers("third"),
        quick in any::<[bool; 2]>(),
        workers in 1..5_usize,
        limit in prop::option::of(0..400_u64),
    ) {
        let (written, seen) = (Out::default(), Seen::default());
        let a = Blocking { numbers: first.clone(), is_quick: quick[0] };
        let b = Blocking { numbers: second.clone(), is_quick: quick[1] };
        let builder = builder(workers, OnError::skip(Limit::unlimited())).hook(seen.clone());
        let flow = builder.read(chain(chain(a, b), third.clone()));
        let flow = match limit {
            Some(limit) => flow.take(limit),
            None => flow,
        };
        let pipeline = flow.write(written.clone()).unwrap();
        RUNTIME.block_on(async { pipeline.run(&RunContext::new()).await }).unwrap();

        let all = [&first, &second, &third];
        let mut expected: Vec<_> = all.iter().flat_map(|numbers| numbers.good()).collect();
        expected.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
        prop_assert_eq!(written.committed(), Some(expected));
        if limit.is_none() {
            let bad = |numbers: &&Numbers| {
                let Numbers { source, records, bad, .. } = **numbers;
                let bad: Vec<_> = (1..=records).filter(|&n| crate::kit::is_bad(n, bad)).collect();
                bad.into_iter().map(move |n| format!("record {n} ({source}:{})", n + 1))
            };
            let expected: Vec<_> = all.iter().flat_map(bad).collect();
            let places: Vec<_> = seen.take().into_iter().map(|(place, _)| place).collect();
            prop_assert_eq!(places, expected);
        }
    }
}

/// An input that can't be opened, or notes that it was dropped.
#[derive(Clone, Debug)]
struct Watched(Option<Arc<AtomicBool>>);

struct OpenWatched(Arc<AtomicBool>);

impl Drop for OpenWatched {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Reader for Watched {
    type Batch = Vec<u64>;
    type Source = BlockingRead<OpenWatched>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let dropped = self.0.clone().ok_or("no such table")?;
        Ok(BlockingRead::new(OpenWatched(dropped), scope))
    }
}

impl BlockingSource for OpenWatched {
    type Batch = Vec<u64>;

    fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        Err("nothing is read".into())
    }
}

#[test]
fn an_input_that_can_t_be_opened_fails_the_run_before_anything_is_read() {
    let dropped = Arc::new(AtomicBool::new(false));
    let written = Out::named("out");
    let reader = chain(Watched(Some(Arc::clone(&dropped))), Watched(None));
    let pipeline = builder(2, OnError::fail()).read(reader).write(written.clone()).unwrap();
    let failed = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert!(matches!(failed, PipelineError::Read { .. }));
    assert_eq!(format!("{failed:#}"), "read failed: no such table");
    assert!(dropped.load(Relaxed) && written.committed().is_none());
}
