//! Readers and writers that report to the ledger, and the pipelines made of them.

use godata_etl::Concurrency::{Ordered, Unordered};
use godata_etl::{
    BlockingRead, BlockingSink, BlockingSource, BlockingWrite, BoxError, Chunk, Flow, Origin, Pipeline,
    Reader, RunScope, Sink, Source, Stop, Unit, Work, Writer,
};

use super::ledger::{Ledger, Tracked};

pub(crate) const BATCHES: u64 = 7;
const RECORDS_PER_BATCH: u64 = 5;

/// Reads a few small batches.
#[derive(Clone, Debug)]
pub(crate) struct TestReader {
    ledger: Ledger,
    next: u64,
}

impl TestReader {
    fn unit(&mut self) -> Option<Unit<Vec<Tracked>>> {
        self.ledger.at("next");
        let batch = self.next;
        self.next += 1;
        let ledger = self.ledger.clone();
        (batch < BATCHES).then(|| {
            Unit::new(move |_| {
                ledger.at("decode");
                let first = batch * RECORDS_PER_BATCH;
                let batch =
                    (first..first + RECORDS_PER_BATCH).map(|number| Tracked::new(number, &ledger)).collect();
                Ok(Chunk::new(batch, Origin::new(first + 1)))
            })
        })
    }
}

impl Drop for TestReader {
    fn drop(&mut self) {
        self.ledger.at("drop of the source");
    }
}

/// The factory, which outlives each run.
#[derive(Debug)]
struct Open(Ledger);

impl Reader for Open {
    type Batch = Vec<Tracked>;
    type Source = TestReader;

    async fn open(&self, _: &RunScope) -> Result<TestReader, BoxError> {
        tokio::task::yield_now().await;
        self.0.at("open reader");
        Ok(TestReader { ledger: self.0.clone(), next: 0 })
    }
}

impl Source for TestReader {
    type Batch = Vec<Tracked>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<Tracked>>>, BoxError> {
        tokio::task::yield_now().await;
        Ok(self.unit())
    }
}

#[derive(Debug)]
struct OpenBlocking(Ledger);

impl Reader for OpenBlocking {
    type Batch = Vec<Tracked>;
    type Source = BlockingRead<TestReader>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let ledger = self.0.clone();
        let opened = scope.blocking(move || {
            ledger.at("open reader");
            Ok(TestReader { ledger, next: 0 })
        });
        Ok(BlockingRead::new(opened.await?, scope))
    }
}

impl BlockingSource for TestReader {
    type Batch = Vec<Tracked>;

    fn next(&mut self) -> Result<Option<Unit<Vec<Tracked>>>, BoxError> {
        Ok(self.unit())
    }

    fn is_quick(&self) -> bool {
        true
    }
}

/// An output that becomes visible when it is committed.
#[derive(Debug)]
pub(crate) struct TestSink {
    ledger: Ledger,
    committed: bool,
}

impl TestSink {
    fn new(ledger: &Ledger) -> Self {
        ledger.at("open writer");
        ledger.output_opened();
        Self { ledger: ledger.clone(), committed: false }
    }

    fn commit_now(mut self) {
        self.ledger.at("commit");
        self.committed = true;
    }
}

impl Drop for TestSink {
    fn drop(&mut self) {
        self.ledger.at("drop of the sink");
        self.ledger.output_closed(self.committed);
    }
}

#[derive(Debug)]
struct Write(Ledger);

impl Writer<Vec<Tracked>> for Write {
    type Encoded = Vec<Tracked>;
    type Sink = TestSink;

    async fn open(&self, _: &RunScope) -> Result<TestSink, BoxError> {
        tokio::task::yield_now().await;
        Ok(TestSink::new(&self.0))
    }

    fn encode(&self, chunk: Chunk<Vec<Tracked>>, _: &mut Work) -> Result<Vec<Tracked>, Stop> {
        self.0.at("encode");
        Ok(chunk.into_batch())
    }
}

impl Sink<Vec<Tracked>> for TestSink {
    async fn write(&mut self, _: Vec<Tracked>) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        self.ledger.at("write");
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        self.commit_now();
        Ok(())
    }

    async fn abort(self) {
        tokio::task::yield_now().await;
        self.ledger.at("abort");
    }
}

#[derive(Debug)]
struct WriteBlocking(Ledger);

impl Writer<Vec<Tracked>> for WriteBlocking {
    type Encoded = Vec<Tracked>;
    type Sink = BlockingWrite<TestSink>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        let ledger = self.0.clone();
        let sink = scope.blocking(move || Ok(TestSink::new(&ledger))).await?;
        Ok(BlockingWrite::new(sink, scope))
    }

    fn encode(&self, chunk: Chunk<Vec<Tracked>>, _: &mut Work) -> Result<Vec<Tracked>, Stop> {
        self.0.at("encode");
        Ok(chunk.into_batch())
    }
}

impl BlockingSink<Vec<Tracked>> for TestSink {
    fn write(&mut self, _: Vec<Tracked>) -> Result<(), BoxError> {
        self.ledger.at("write");
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
        self.commit_now();
        Ok(())
    }
}

/// The kinds of pipelines. Together they have every stage that awaits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Steps,
    Blocking,
    OrderedAsync,
    UnorderedAsync,
    Scan,
    Take,
    Unordered,
}

pub(crate) const KINDS: [Kind; 7] = [
    Kind::Steps,
    Kind::Blocking,
    Kind::OrderedAsync,
    Kind::UnorderedAsync,
    Kind::Scan,
    Kind::Take,
    Kind::Unordered,
];

/// The places of user code in a pipeline of this kind; a panic at each must fail the run.
pub(crate) fn places(kind: Kind) -> Vec<&'static str> {
    let mut places =
        vec!["open reader", "next", "decode", "filter", "map", "open writer", "encode", "write", "commit"];
    places.extend(match kind {
        Kind::Steps => &["try_filter", "filter_with", "transform", "inspect", "flat_map", "map_batch"][..],
        Kind::OrderedAsync | Kind::UnorderedAsync => &["map_async", "in map_async"],
        Kind::Scan => &["scan"],
        Kind::Blocking | Kind::Take | Kind::Unordered => &[],
    });
    places
}

pub(crate) fn pipeline(kind: Kind, workers: usize, ledger: &Ledger) -> Pipeline {
    let at = |place: &'static str| {
        let ledger = ledger.clone();
        move || ledger.at(place)
    };
    let builder = Pipeline::builder("lifecycle").workers(workers).hook(ledger.clone());
    let builder = if matches!(kind, Kind::Unordered) { builder.unordered() } else { builder };
    let flow = match kind {
        Kind::Blocking => builder.read(OpenBlocking(ledger.clone())),
        _ => builder.read(Open(ledger.clone())),
    };
    let (filter, map) = (at("filter"), at("map"));
    let flow = flow.filter(move |item| {
        filter();
        item.number % 10 != 3
    });
    let flow: Flow<Vec<Tracked>> = match kind {
        Kind::Steps => {
            let (try_filter, filter_with, transform) = (at("try_filter"), at("filter_with"), at("transform"));
            let (inspect, flat_map, map_batch) = (at("inspect"), at("flat_map"), at("map_batch"));
            flow.try_filter(move |_| {
                try_filter();
                Ok(true)
            })
            .filter_with(move |_, _| {
                filter_with();
                Ok(true)
            })
            .transform(move |item| {
                transform();
                item.number += 1;
                Ok(())
            })
            .inspect(move |_| inspect())
            .flat_map(move |item| {
                flat_map();
                [item]
            })
            .map_batch(move |batch| {
                map_batch();
                Ok(batch)
            })
        }
        Kind::OrderedAsync | Kind::UnorderedAsync => {
            let concurrency = if matches!(kind, Kind::OrderedAsync) { Ordered(3) } else { Unordered(3) };
            let ledger = ledger.clone();
            flow.map_async(concurrency, move |item| {
                ledger.at("map_async");
                let ledger = ledger.clone();
                async move {
                    tokio::task::yield_now().await;
                    ledger.at("in map_async");
                    Ok(item)
                }
            })
        }
        Kind::Scan => {
            let scan = at("scan");
            flow.scan(0, move |count, item| {
                scan();
                *count += 1;
                Ok(Some(item))
            })
        }
        Kind::Take => flow.take(12),
        Kind::Blocking | Kind::Unordered => flow,
    };
    let flow = flow.map(move |item| {
        map();
        item
    });
    match kind {
        Kind::Blocking => flow.write(WriteBlocking(ledger.clone())),
        _ => flow.write(Write(ledger.clone())),
    }
    .expect("a valid pipeline")
}
