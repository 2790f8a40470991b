//! A reader, a writer and a hook for these tests.

use std::sync::{Arc, LazyLock, Mutex};

use godata_etl::{
    Batch, BoxError, Chunk, Lines, OnError, Origin, Pipeline, PipelineBuilder, PipelineHook, PipelineInfo,
    Reader, Records, Rejected, RunContext, RunScope, Sink, Source, Stop, Unit, Work, Writer,
};
use tokio::runtime::{Builder, Runtime};

pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap());

pub(crate) fn builder(workers: usize, policy: OnError) -> PipelineBuilder {
    Pipeline::builder("combined").workers(workers).on_error(policy)
}

pub(crate) fn is_bad(n: u64, bad: Option<u64>) -> bool {
    bad.is_some_and(|bad| n.is_multiple_of(bad))
}

/// Reads the numbers from 1 in batches. Each is the number of its record, and one less than its line.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub(crate) source: &'static str,
    pub(crate) records: u64,
    pub(crate) batch: u64,
    /// The decoder rejects the multiples of this number.
    pub(crate) bad: Option<u64>,
}

pub(crate) struct OpenNumbers {
    numbers: Numbers,
    next: u64,
}

impl Numbers {
    pub(crate) fn new(records: u64, batch: u64) -> Self {
        Self { source: "numbers", records, batch, bad: None }
    }

    /// Those that are decoded.
    pub(crate) fn good(&self) -> Vec<u64> {
        (1..=self.records).filter(|&n| !is_bad(n, self.bad)).collect()
    }
}

impl Reader for Numbers {
    type Batch = Vec<u64>;
    type Source = OpenNumbers;

    async fn open(&self, _: &RunScope) -> Result<OpenNumbers, BoxError> {
        Ok(OpenNumbers::new(self))
    }
}

impl OpenNumbers {
    pub(crate) fn new(numbers: &Numbers) -> Self {
        Self { numbers: numbers.clone(), next: 1 }
    }

    pub(crate) fn unit(&mut self) -> Option<Unit<Vec<u64>>> {
        let Numbers { source, records, batch, bad } = self.numbers;
        let first = self.next;
        let end = records.min(first + batch - 1) + 1;
        self.next = end;
        let decode = move |work: &mut Work| {
            let text: String = (first..end).map(|n| format!("{n}\n")).collect();
            let origin = Origin::new(first).source(source).lines(Lines::From(first + 1));
            let origin = work.keep_raw(origin, text.as_bytes(), 0, |text| {
                let mut start = 0;
                let lines = text.split_inclusive(|&byte| byte == b'\n');
                let line = |line: &[u8]| {
                    start += line.len();
                    start - line.len()..start
                };
                lines.map(line).collect()
            });
            work.decoding(&origin);
            let mut numbers = Vec::new();
            for (row, n) in (0..).zip(first..end) {
                if is_bad(n, bad) {
                    work.reject(row, format!("bad {n}"))?;
                } else {
                    numbers.push(n);
                }
            }
            Ok(Chunk::new(numbers, origin))
        };
        (first < end).then(|| Unit::new(decode))
    }
}

impl Source for OpenNumbers {
    type Batch = Vec<u64>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        Ok(self.unit())
    }
}

/// A batch whose records are numbers, in a field `n` if they are dynamic.
pub(crate) trait Numeric: Batch + Clone {
    fn numbers(&self) -> Vec<u64>;
}

impl Numeric for Vec<u64> {
    fn numbers(&self) -> Vec<u64> {
        self.clone()
    }
}

impl Numeric for Records {
    fn numbers(&self) -> Vec<u64> {
        self.iter().map(|record| record.u64("n").unwrap()).collect()
    }
}

/// The part of an [`Out`] that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Open,
    Encode,
    Write,
    Prepare,
    Commit,
    /// Panics in the commit.
    Panic,
}

/// Keeps the numbers of a run that commits, and notes what is done with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Out {
    pub(crate) name: &'static str,
    pub(crate) visible: Arc<Mutex<Option<Vec<u64>>>>,
    /// What was done, in order, by all outputs with this log.
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    /// The encoder rejects the multiples of this number.
    pub(crate) bad: Option<u64>,
    pub(crate) fault: Option<Fault>,
    pub(crate) wants_empty: bool,
}

impl Out {
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    pub(crate) fn bad(bad: Option<u64>) -> Self {
        Self { bad, ..Self::default() }
    }

    pub(crate) fn committed(&self) -> Option<Vec<u64>> {
        self.visible.lock().unwrap().clone()
    }

    fn enter(&self, fault: Fault, what: &str) -> Result<(), BoxError> {
        if self.fault == Some(fault) {
            return Err(format!("{} can't {what}", self.name).into());
        }
        self.log.lock().unwrap().push(format!("{} {what}", self.name));
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct OpenOut(Out, Vec<u64>);

impl<B: Numeric> Writer<B> for Out {
    type Encoded = Vec<u64>;
    type Sink = OpenOut;

    async fn open(&self, _: &RunScope) -> Result<OpenOut, BoxError> {
        self.enter(Fault::Open, "open")?;
        Ok(OpenOut(self.clone(), Vec::new()))
    }

    fn encode(&self, chunk: Chunk<B>, work: &mut Work) -> Result<Vec<u64>, Stop> {
        assert!(!chunk.is_empty() || self.wants_empty, "an empty batch that nobody wants");
        if self.fault == Some(Fault::Encode) {
            return Err(format!("{} can't encode", self.name).into());
        }
        let mut encoded = Vec::new();
        for (index, n) in chunk.batch().numbers().into_iter().enumerate() {
            if is_bad(n, self.bad) {
                work.reject(chunk.row(index), format!("bad {n} at {}", chunk.place(index)))?;
            } else {
                encoded.push(n);
            }
        }
        Ok(encoded)
    }

    fn encodes_empty(&self, _: &B) -> bool {
        self.wants_empty
    }
}

impl Sink<Vec<u64>> for OpenOut {
    async fn write(&mut self, numbers: Vec<u64>) -> Result<(), BoxError> {
        self.0.enter(Fault::Write, "write")?;
        self.1.extend(numbers);
        Ok(())
    }

    async fn prepare(&mut self) -> Result<(), BoxError> {
        self.0.enter(Fault::Prepare, "prepare")
    }

    async fn commit(self) -> Result<(), BoxError> {
        assert!(self.0.fault != Some(Fault::Panic), "{} can't commit", self.0.name);
        self.0.enter(Fault::Commit, "commit")?;
        *self.0.visible.lock().unwrap() = Some(self.1);
        Ok(())
    }

    async fn abort(self) {
        self.0.log.lock().unwrap().push(format!("{} abort", self.0.name));
    }
}

/// The rejected records: their places and their errors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(pub(crate) Arc<Mutex<Vec<(String, String)>>>);

impl Seen {
    pub(crate) fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl PipelineHook for Seen {
    fn on_reject(&self, _: &RunContext, _: &PipelineInfo, rejected: &Rejected) {
        let seen = (rejected.place.to_string(), rejected.error.to_string());
        self.0.lock().unwrap().push(seen);
    }
}
