//! Readers and writers that are retried. The clock is tokio's and paused.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use godata_etl::{
    BlockingSink, BlockingWrite, BoxError, Chunk, JobErrorKind, Limit, OnError, Permanent, Pipeline,
    PipelineError, Reader, Record, RetryPolicy, RowSink, RunContext, RunReport, RunScope, Sink, Source, Stop,
    Transient, Unit, Work, Writer, record, retry, rows, tee,
};
use tokio::time::Instant;

use crate::kit::{Numbers, OpenNumbers, Out, builder};

const SECOND: Duration = Duration::from_secs(1);

fn policy(attempts: u32) -> RetryPolicy {
    RetryPolicy::attempts(attempts).backoff(SECOND, 4 * SECOND)
}

fn busy() -> BoxError {
    Transient::new("busy").into()
}

/// Makes the error of a call, given its number from 0, or lets it succeed.
type Answer = fn(u32) -> Option<BoxError>;

/// An input whose calls fail. `next` counts over all times that it was opened.
#[derive(Clone)]
struct Flaky {
    open: Answer,
    next: Answer,
    calls: Arc<[AtomicU32; 2]>,
}

struct OpenFlaky(Flaky, OpenNumbers);

impl Flaky {
    fn new(open: Answer, next: Answer) -> Self {
        Self { open, next, calls: Arc::default() }
    }

    fn calls(&self) -> (u32, u32) {
        (self.calls[0].load(Relaxed), self.calls[1].load(Relaxed))
    }
}

impl Reader for Flaky {
    type Batch = Vec<u64>;
    type Source = OpenFlaky;

    async fn open(&self, _: &RunScope) -> Result<OpenFlaky, BoxError> {
        match (self.open)(self.calls[0].fetch_add(1, Relaxed)) {
            Some(error) => Err(error),
            None => Ok(OpenFlaky(self.clone(), OpenNumbers::new(&Numbers::new(10, 4)))),
        }
    }
}

impl Source for OpenFlaky {
    type Batch = Vec<u64>;

    async fn next(&mut self) -> Result<Option<Unit<Vec<u64>>>, BoxError> {
        match (self.0.next)(self.0.calls[1].fetch_add(1, Relaxed)) {
            Some(error) => Err(error),
            None => Ok(self.1.unit()),
        }
    }
}

async fn read(reader: &Flaky, attempts: u32) -> (Result<RunReport, PipelineError>, Out, Duration) {
    let out = Out::default();
    let flow = builder(2, OnError::fail()).read(retry(reader.clone(), policy(attempts)));
    let pipeline = flow.write(out.clone()).unwrap();
    let start = Instant::now();
    let result = pipeline.run(&RunContext::new()).await;
    (result, out, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn an_input_that_is_busy_is_opened_again() {
    let reader = Flaky::new(|call| (call < 2).then(busy), |_| None);
    let (result, out, took) = read(&reader, 3).await;
    let report = result.unwrap();
    assert_eq!(out.committed(), Some((1..=10).collect()));
    assert_eq!((report.read.retries, report.written.retries, report.retries()), (2, 0, 2));
    assert!(report.to_string().ends_with("retries: 2"), "{report}");
    assert!(report.to_json().contains(r#""retries":2"#));
    assert_eq!(reader.calls(), (3, 4));
    // 1 s and 2 s at most.
    assert!(took <= 3 * SECOND + Duration::from_millis(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_input_whose_first_batch_fails_is_opened_again_and_shares_its_attempts() {
    let reader = Flaky::new(|call| (call == 0 || call == 2).then(busy), |call| (call == 0).then(busy));
    let (result, out, _) = read(&reader, 4).await;
    assert_eq!((result.unwrap().read.retries, out.committed()), (3, Some((1..=10).collect())));
    assert_eq!(reader.calls(), (4, 5));

    let reader = Flaky::new(|call| (call == 0 || call == 2).then(busy), |call| (call == 0).then(busy));
    let (result, out, _) = read(&reader, 3).await;
    let failed = result.unwrap_err();
    assert_eq!(
        (format!("{failed:#}"), out.committed()),
        ("read failed: temporary failure: busy".to_owned(), None)
    );
    assert_eq!(failed.report().unwrap().read.retries, 2);
    assert_eq!(JobErrorKind::of(&failed), JobErrorKind::Transient { retry_after: None });
}

#[tokio::test(start_paused = true)]
async fn an_input_that_has_given_a_batch_is_not_read_again() {
    let reader = Flaky::new(|_| None, |call| (call == 1).then(busy));
    let (result, out, took) = read(&reader, 5).await;
    assert!(matches!(result, Err(PipelineError::Read { .. })));
    assert_eq!((reader.calls(), out.committed(), took), ((1, 2), None, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn only_transient_errors_are_retried() {
    let answers: [Answer; 3] = [
        |_| Some("no such table".into()),
        |_| Some(Permanent::new(Transient::new("gone")).into()),
        |_| Some(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into()),
    ];
    for answer in answers {
        let reader = Flaky::new(answer, |_| None);
        assert!(read(&reader, 5).await.0.is_err());
        assert_eq!(reader.calls(), (1, 0));
    }
    // The mark may be anywhere in the chain.
    let reader = Flaky::new(
        |call| (call == 0).then(|| std::io::Error::other(Transient::new("busy")).into()),
        |_| None,
    );
    assert!(read(&reader, 5).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_error_asks_for_is_the_least() {
    let wait = |call| (call == 0).then(|| Transient::new("busy").retry_after(Duration::from_secs(60)).into());
    let (result, _, took) = read(&Flaky::new(wait, |_| None), 2).await;
    assert_eq!(result.unwrap().retries(), 1);
    assert!(took >= 60 * SECOND && took < 61 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_ends_the_wait_at_once() {
    let hour = |_| Some(Transient::new("busy").retry_after(Duration::from_secs(3600)).into());
    for next in [false, true] {
        let reader = if next { Flaky::new(|_| None, hour) } else { Flaky::new(hour, |_| None) };
        let pipeline =
            builder(2, OnError::fail()).read(retry(reader, policy(9))).write(Out::default()).unwrap();
        let cx = RunContext::new();
        let start = Instant::now();
        let cancel = async {
            tokio::time::sleep(SECOND).await;
            cx.cancel();
        };
        let (result, ()) = tokio::join!(pipeline.run(&cx), cancel);
        assert!(result.unwrap_err().is_canceled());
        assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
    }
}

#[test]
fn a_runtime_without_a_timer_can_t_wait_and_says_so() {
    let reader = Flaky::new(|_| Some(busy()), |_| None);
    let pipeline = builder(1, OnError::fail()).read(retry(reader, policy(9))).write(Out::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let failed = runtime.block_on(pipeline.run(&RunContext::new())).unwrap_err();
    let text = format!("{failed:#}");
    assert!(text.contains("call `enable_time`") && text.ends_with("temporary failure: busy"), "{text}");
}

/// An output whose calls fail, and which keeps what is committed.
#[derive(Clone)]
struct FlakyOut {
    open: Answer,
    write: Answer,
    commit: Answer,
    is_idempotent: bool,
    calls: Arc<[AtomicU32; 3]>,
    /// By batch, so that a batch that is written again is there once.
    visible: Arc<Mutex<Vec<Vec<u64>>>>,
}

struct OpenFlakyOut(FlakyOut, Vec<Vec<u64>>);

impl FlakyOut {
    fn new(open: Answer, write: Answer, commit: Answer, is_idempotent: bool) -> Self {
        Self { open, write, commit, is_idempotent, calls: Arc::default(), visible: Arc::default() }
    }

    fn calls(&self) -> [u32; 3] {
        self.calls.each_ref().map(|calls| calls.load(Relaxed))
    }
}

fn call(answer: Answer, calls: &AtomicU32) -> Result<(), BoxError> {
    answer(calls.fetch_add(1, Relaxed)).map_or(Ok(()), Err)
}

impl Writer<Vec<u64>> for FlakyOut {
    type Encoded = Vec<u64>;
    type Sink = OpenFlakyOut;

    async fn open(&self, _: &RunScope) -> Result<OpenFlakyOut, BoxError> {
        call(self.open, &self.calls[0])?;
        Ok(OpenFlakyOut(self.clone(), Vec::new()))
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, _: &mut Work) -> Result<Vec<u64>, Stop> {
        Ok(chunk.into_batch())
    }

    fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }
}

impl Sink<Vec<u64>> for OpenFlakyOut {
    async fn write(&mut self, batch: Vec<u64>) -> Result<(), BoxError> {
        // The response is lost: the batch has arrived.
        if self.1.last() != Some(&batch) {
            self.1.push(batch);
        }
        call(self.0.write, &self.0.calls[1])
    }

    async fn commit(self) -> Result<(), BoxError> {
        call(self.0.commit, &self.0.calls[2])?;
        *self.0.visible.lock().unwrap() = self.1;
        Ok(())
    }
}

async fn write(out: &FlakyOut, attempts: u32) -> Result<RunReport, PipelineError> {
    let flow = builder(2, OnError::fail()).read(Numbers::new(10, 4));
    let pipeline = flow.write(retry(out.clone(), policy(attempts))).unwrap();
    pipeline.run(&RunContext::new()).await
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_output_is_opened_and_written_again_and_no_other() {
    let fails = |call| (call % 3 != 2).then(busy);
    let out = FlakyOut::new(fails, fails, |_| None, true);
    let report = write(&out, 3).await.unwrap();
    assert_eq!((report.written.retries, report.written.records, report.written.batches), (2 + 3 * 2, 10, 3));
    assert_eq!(out.calls(), [3, 9, 1]);
    assert_eq!(*out.visible.lock().unwrap(), [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]]);

    let out = FlakyOut::new(fails, |call| (call == 1).then(busy), |_| None, false);
    let failed = write(&out, 3).await.unwrap_err();
    assert_eq!(format!("{failed:#}"), "write failed: temporary failure: busy");
    assert_eq!((out.calls(), failed.report().unwrap().written.retries), ([3, 2, 0], 2));
}

#[tokio::test(start_paused = true)]
async fn the_attempts_count_for_each_batch() {
    let out = FlakyOut::new(|_| None, |call| (call % 3 != 2).then(busy), |_| None, true);
    assert!(write(&out, 2).await.is_err());
    assert_eq!(out.calls(), [1, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_never_retried() {
    let out = FlakyOut::new(|_| None, |_| None, |_| Some(busy()), true);
    let failed = write(&out, 9).await.unwrap_err();
    assert_eq!((out.calls(), failed.report().unwrap().retries()), ([1, 3, 1], 0));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_waits_is_canceled_at_once() {
    let hour = |_| Some(Transient::new("busy").retry_after(Duration::from_secs(3600)).into());
    let out = FlakyOut::new(|_| None, hour, |_| None, true);
    let flow = builder(2, OnError::fail()).read(Numbers::new(10, 4));
    let pipeline = flow.write(retry(out.clone(), policy(9))).unwrap();
    let cx = RunContext::new();
    let start = Instant::now();
    let cancel = async {
        tokio::time::sleep(SECOND).await;
        cx.cancel();
    };
    let (result, ()) = tokio::join!(pipeline.run(&cx), cancel);
    assert!(result.unwrap_err().is_canceled());
    assert!(start.elapsed() < 2 * SECOND && out.visible.lock().unwrap().is_empty());
}

/// Refuses every fifth number, and is busy at one of its calls.
#[derive(Clone, Default)]
struct Table {
    rows: Arc<Mutex<Vec<u64>>>,
    calls: Arc<AtomicU32>,
    busy_at: u32,
}

impl RowSink<u64> for Table {
    async fn write(&mut self, rows: &[u64]) -> Result<(), BoxError> {
        if self.calls.fetch_add(1, Relaxed) == self.busy_at {
            return Err(busy());
        }
        if rows.iter().any(|n| n % 5 == 0) {
            return Err("no fives".into());
        }
        let mut kept = self.rows.lock().unwrap();
        kept.extend(rows);
        // Its rows have a key.
        kept.sort_unstable();
        kept.dedup();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_refused_before_a_retry_are_rejected_once() {
    for busy_at in 0..20 {
        let table = Table { busy_at, ..Table::default() };
        let target = table.clone();
        let writer = rows(move |_| std::future::ready(Ok(target.clone()))).idempotent();
        let letters = Letters::default();
        let policy_on_bad = OnError::dead_letter(letters.writer(), Limit::records(4));
        let flow = builder(2, policy_on_bad).read(Numbers::new(20, 10));
        let pipeline: Pipeline = flow.write(retry(writer, policy(2))).unwrap();
        let report = pipeline.run(&RunContext::new()).await.unwrap();
        assert_eq!(
            (report.written.records, report.written.rejected, report.retries()),
            (16, 4, 1),
            "{busy_at}"
        );
        assert_eq!(*table.rows.lock().unwrap(), (1..=20).filter(|n| n % 5 != 0).collect::<Vec<_>>());
        assert_eq!(*letters.0.lock().unwrap(), [5, 10, 15, 20]);
    }
}

/// Keeps the numbers of the records of dead letters.
#[derive(Clone, Default)]
struct Letters(Arc<Mutex<Vec<u64>>>);

impl Letters {
    fn writer(&self) -> impl Writer<godata_etl::Records, Encoded: Clone> + use<> {
        let letters = self.clone();
        rows(move |_| std::future::ready(Ok(letters.clone())))
    }
}

impl RowSink<Record> for Letters {
    async fn write(&mut self, rows: &[Record]) -> Result<(), BoxError> {
        for row in rows {
            assert_eq!(row.text("kind")?, "refused");
            self.0.lock().unwrap().push(row.u64("record")?);
        }
        Ok(())
    }
}

#[test]
fn dynamic_records_are_retried_too() {
    let letters = Letters::default();
    let flow = builder(1, OnError::fail()).read(Numbers::new(3, 3));
    let flow = flow.map(|n| record! {"record" => n, "kind" => "refused"}).untyped();
    let pipeline = flow.write(retry(letters.writer(), RetryPolicy::never())).unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(*letters.0.lock().unwrap(), [1, 2, 3]);
}

/// [`FlakyOut`] on threads where it may block.
#[derive(Clone)]
struct BlockingOut(FlakyOut);

struct OpenBlockingOut(FlakyOut, Vec<Vec<u64>>);

impl Writer<Vec<u64>> for BlockingOut {
    type Encoded = Vec<u64>;
    type Sink = BlockingWrite<OpenBlockingOut>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        Ok(BlockingWrite::new(OpenBlockingOut(self.0.clone(), Vec::new()), scope))
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, _: &mut Work) -> Result<Vec<u64>, Stop> {
        Ok(chunk.into_batch())
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

impl BlockingSink<Vec<u64>> for OpenBlockingOut {
    fn write(&mut self, batch: Vec<u64>) -> Result<(), BoxError> {
        if self.1.last() != Some(&batch) {
            self.1.push(batch);
        }
        call(self.0.write, &self.0.calls[1])
    }

    fn commit(self) -> Result<(), BoxError> {
        *self.0.visible.lock().unwrap() = self.1;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn outputs_that_block_and_branches_of_a_tee_are_written_again() {
    let out = |write| FlakyOut::new(|_| None, write, |_| None, true);
    let (first, second) = (out(|call| (call % 2 == 0).then(busy)), out(|call| (call % 3 == 1).then(busy)));
    let flow = builder(2, OnError::fail()).read(Numbers::new(10, 4));
    let both = tee(first.clone(), BlockingOut(second.clone()));
    let pipeline = flow.write(retry(both, policy(9))).unwrap();
    let report = pipeline.run(&RunContext::new()).await.unwrap();
    assert!(report.written.retries > 0);
    for out in [first, second] {
        assert_eq!(*out.visible.lock().unwrap(), [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]]);
    }
}
