//! A reader, a writer and a hook for these tests.

use std::sync::{Arc, Mutex};

use godata_etl::{
    BoxError, Chunk, Lines, Origin, PipelineHook, PipelineInfo, Reader, Record, Records, Rejected,
    RunContext, RunScope, Sink, Source, StageName, Stop, Unit, Work, Writer,
};

/// Reads the numbers from 1 in batches. Each is the number of its record.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub(crate) records: u64,
    pub(crate) batch: u64,
    /// The decoder rejects the multiples of this number.
    pub(crate) bad: Option<u64>,
}

pub(crate) struct OpenNumbers {
    numbers: Numbers,
    next: u64,
}

impl Reader for Numbers {
    type Batch = Vec<u64>;
    type Source = OpenNumbers;

    async fn open(&self, _: &RunScope) -> Result<OpenNumbers, BoxError> {
        Ok(OpenNumbers { numbers: self.clone(), next: 1 })
    }
}

impl Source for OpenNumbers {
    type Batch = Vec<u64>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        let Numbers { records, batch, bad } = self.numbers;
        let first = self.next;
        let end = records.min(first + batch - 1) + 1;
        self.next = end;
        let decode = move |work: &mut Work| {
            let text = text_of(first, end);
            let origin = Origin::new(first).source("numbers").header("n\n").lines(Lines::From(first + 1));
            let start = 2 + text_of(1, first).len() as u64;
            let origin = work.keep_raw(origin, &text, start, lines);
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
        Ok((first < end).then(|| Unit::new(decode)))
    }
}

/// The lines of the numbers. The text of the source is a header of two bytes and then all lines.
pub(crate) fn text_of(first: u64, end: u64) -> Vec<u8> {
    (first..end).flat_map(|n| format!("{n}\n").into_bytes()).collect()
}

/// The range of each line.
fn lines(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut end = 0;
    let lines = text.split_inclusive(|&byte| byte == b'\n').map(|line| {
        end += line.len();
        end - line.len()..end
    });
    lines.collect()
}

pub(crate) fn is_bad(n: u64, bad: Option<u64>) -> bool {
    bad.is_some_and(|bad| n.is_multiple_of(bad))
}

/// Keeps the numbers of a run that succeeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) visible: Arc<Mutex<Vec<u64>>>,
    /// The encoder rejects the multiples of this number.
    pub(crate) bad: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct OpenKept(Kept, Vec<u64>);

impl Writer<Vec<u64>> for Kept {
    type Encoded = Vec<u64>;
    type Sink = OpenKept;

    async fn open(&self, _: &RunScope) -> Result<OpenKept, BoxError> {
        Ok(OpenKept(self.clone(), Vec::new()))
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, work: &mut Work) -> Result<Vec<u64>, Stop> {
        let mut encoded = Vec::new();
        for (index, &n) in chunk.batch().iter().enumerate() {
            if is_bad(n, self.bad) {
                work.reject(chunk.row(index), format!("bad {n}"))?;
            } else {
                encoded.push(n);
            }
        }
        Ok(encoded)
    }
}

impl Sink<Vec<u64>> for OpenKept {
    async fn write(&mut self, numbers: Vec<u64>) -> Result<(), BoxError> {
        self.1.extend(numbers);
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        *self.0.visible.lock().unwrap() = self.1;
        Ok(())
    }
}

/// The number of each rejected record, and its stage: 0 for reading, then the steps, then writing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(pub(crate) Arc<Mutex<Vec<(u64, usize)>>>);

impl PipelineHook for Seen {
    fn on_reject(&self, _: &RunContext, pipeline: &PipelineInfo, rejected: &Rejected) {
        let stage = match &rejected.stage {
            StageName::Read => 0,
            StageName::Step(step) => step.index() + 1,
            _ => pipeline.steps().len() + 1,
        };
        self.0.lock().unwrap().push((rejected.place.record.unwrap(), stage));
    }
}

/// The part of [`Letters`] that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Open,
    Encode,
    Write,
    Commit,
}

/// An output of dynamic records, which notes what is done with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letters {
    pub(crate) visible: Arc<Mutex<Vec<Record>>>,
    /// What was done, in order, by all outputs with this log.
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    pub(crate) name: &'static str,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug)]
pub(crate) struct OpenLetters {
    letters: Letters,
    written: Vec<Record>,
    scope: RunScope,
}

impl Letters {
    pub(crate) fn note(&self, what: &str) {
        self.log.lock().unwrap().push(format!("{} {what}", self.name));
    }

    fn check(&self, fault: Fault) -> Result<(), BoxError> {
        if self.fault == Some(fault) { Err("disk full".into()) } else { Ok(()) }
    }
}

impl Writer<Records> for Letters {
    type Encoded = Records;
    type Sink = OpenLetters;

    async fn open(&self, scope: &RunScope) -> Result<OpenLetters, BoxError> {
        self.check(Fault::Open)?;
        self.note("open");
        Ok(OpenLetters { letters: self.clone(), written: Vec::new(), scope: scope.clone() })
    }

    fn encode(&self, chunk: Chunk<Records>, work: &mut Work) -> Result<Records, Stop> {
        if self.fault == Some(Fault::Encode) {
            work.reject(0, "not a letter")?;
        }
        Ok(chunk.into_batch())
    }
}

impl Sink<Records> for OpenLetters {
    async fn write(&mut self, records: Records) -> Result<(), BoxError> {
        self.letters.check(Fault::Write)?;
        self.letters.note(&format!("write {}", records.len()));
        self.scope.count_bytes_written(1_000);
        self.written.extend(records.into_records());
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        self.letters.check(Fault::Commit)?;
        self.letters.note("commit");
        *self.letters.visible.lock().unwrap() = self.written;
        Ok(())
    }

    async fn abort(self) {
        self.letters.note("abort");
    }
}
