//! A run stops soon after it is told to, and ends only after its workers have stopped.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use godata_etl::{
    BoxError, BuildError, Canceled, Chunk, Concurrency, JobErrorKind, Permanent, Pipeline, PipelineError,
    RunContext, RunScope, Sink, Stop, Transient, Work, Writer,
};

/// An output that records whether it was aborted.
#[derive(Clone, Default)]
struct Abortable(Arc<AtomicBool>);

impl Writer<Vec<u64>> for Abortable {
    type Encoded = Vec<u64>;
    type Sink = Self;

    async fn open(&self, _: &RunScope) -> Result<Self, BoxError> {
        Ok(self.clone())
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, _: &mut Work) -> Result<Vec<u64>, Stop> {
        Ok(chunk.into_batch())
    }
}

impl Sink<Vec<u64>> for Abortable {
    async fn write(&mut self, _: Vec<u64>) -> Result<(), BoxError> {
        Ok(())
    }

    async fn commit(self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn abort(self) {
        self.0.store(true, SeqCst);
    }
}

#[tokio::test]
async fn the_sink_is_aborted_after_the_last_worker_has_stopped() {
    let (started, is_started) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let is_released = Mutex::new(is_released);
    let output = Abortable::default();
    let pipeline = Pipeline::builder("stuck")
        .read_vec(vec![1_u64])
        .inspect(move |_| {
            started.send(()).unwrap();
            is_released.lock().unwrap().recv().unwrap();
        })
        .write(output.clone())
        .unwrap();

    let cx = RunContext::new();
    let mut run = pin!(pipeline.run(&cx));
    while is_started.try_recv().is_err() {
        assert!(poll(run.as_mut()).await.is_none());
        tokio::task::yield_now().await;
    }
    cx.cancel();
    for _ in 0..1000 {
        assert!(poll(run.as_mut()).await.is_none(), "the run ended while its worker was at work");
        assert!(!output.0.load(SeqCst), "the sink was aborted while a worker was at work");
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    assert!(run.await.unwrap_err().is_canceled());
    assert!(output.0.load(SeqCst));
}

async fn poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[test]
fn a_batch_at_work_stops_within_256_records() {
    const CANCEL_AT: u64 = 1000;
    let (cx, seen) = (RunContext::new(), Arc::new(AtomicU64::new(0)));
    let (in_step, count) = (cx.clone(), Arc::clone(&seen));
    let pipeline = Pipeline::builder("large")
        .read_fn(|_| async { Ok((0..100_000).collect::<Vec<u64>>()) })
        .inspect(move |_| {
            if count.fetch_add(1, SeqCst) == CANCEL_AT {
                in_step.cancel();
            }
        })
        .write_fn(|_, _| std::future::ready(Ok(())))
        .unwrap();
    let error = pipeline.run_blocking(&cx).unwrap_err();
    assert!(error.is_canceled(), "{error:#}");
    let after = seen.load(SeqCst) - CANCEL_AT;
    assert!(after <= 256, "{after} records after the cancellation");
}

#[test]
fn a_canceled_error_of_another_run_is_a_failure() {
    let foreign = || {
        let other = RunContext::new();
        other.cancel();
        other.check()
    };
    let in_a_step = |cx: &RunContext| -> Result<(), PipelineError> {
        let flow = Pipeline::builder("foreign").read_vec(vec![1]).transform(move |_| Ok(foreign()?));
        flow.write_fn(|_, _| std::future::ready(Ok(()))).unwrap().run_blocking(cx).map(drop)
    };
    let in_a_reader = |cx: &RunContext| -> Result<(), PipelineError> {
        let flow = Pipeline::builder("foreign").read_fn(move |_| async move {
            foreign()?;
            Ok(vec![1])
        });
        flow.write_fn(|_, _| std::future::ready(Ok(()))).unwrap().run_blocking(cx).map(drop)
    };
    for error in [in_a_step(&RunContext::new()), in_a_reader(&RunContext::new())] {
        let error = error.unwrap_err();
        assert!(!error.is_canceled(), "{error:#}");
    }
}

fn other_canceled() -> Canceled {
    let other = RunContext::new();
    other.cancel();
    other.check().unwrap_err()
}

/// The error of a pipeline whose step fails with this error.
fn error_of_a_step(error: fn() -> BoxError) -> PipelineError {
    let flow = Pipeline::builder("fails").read_vec(vec![1]).try_map(move |_| Err::<i32, _>(error()));
    flow.write_fn(|_, _| std::future::ready(Ok(()))).unwrap().run_blocking(&RunContext::new()).unwrap_err()
}

#[test]
fn the_marks_of_an_error_count_although_something_else_was_canceled() {
    type Case = (fn() -> BoxError, JobErrorKind, &'static str);
    let cases: [Case; 3] = [
        (
            || Permanent::new(other_canceled()).into(),
            JobErrorKind::Permanent,
            "step[0] (try_map) failed at record 1: permanent failure: the run was canceled",
        ),
        (
            || Transient::new(io::Error::other(other_canceled())).retry_after(Duration::from_secs(7)).into(),
            JobErrorKind::Transient { retry_after: Some(Duration::from_secs(7)) },
            "step[0] (try_map) failed at record 1: temporary failure: the run was canceled",
        ),
        (
            || other_canceled().into(),
            JobErrorKind::Failed,
            "step[0] (try_map) failed at record 1: the run was canceled",
        ),
    ];
    for (error, kind, text) in cases {
        let error = error_of_a_step(error);
        assert_eq!(JobErrorKind::of(&error), kind);
        assert_eq!(format!("{error:?}"), text);
    }
}

#[test]
fn an_error_that_panics_when_it_is_printed_is_a_failure() {
    #[derive(Debug)]
    struct Panics {
        in_source: bool,
    }

    impl fmt::Display for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert!(self.in_source, "on purpose");
            f.write_str("text")
        }
    }

    impl Error for Panics {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            panic!("on purpose")
        }
    }

    let errors: [fn() -> BoxError; 2] =
        [|| Panics { in_source: false }.into(), || Panics { in_source: true }.into()];
    for error in errors {
        let error = error_of_a_step(error);
        assert!(!error.is_canceled(), "{error:#}");
        let text = format!("{error:?}");
        assert!(text.ends_with("an error panicked when it was printed: on purpose"), "{text}");
    }
}

#[test]
fn a_step_can_stop_with_the_check_of_its_context() {
    let cx = RunContext::new();
    let flow = Pipeline::builder("own").read_vec(vec![1]).transform_with(|cx, _| {
        cx.cancel();
        Ok(cx.check()?)
    });
    let error = flow.write_fn(|_, _| std::future::ready(Ok(()))).unwrap().run_blocking(&cx).unwrap_err();
    assert!(error.is_canceled(), "{error:#}");
    let _: &Canceled = std::error::Error::source(&error).and_then(|source| source.downcast_ref()).unwrap();
}

#[test]
fn mistakes_in_the_description_are_returned_by_its_last_call() {
    let build = |name: &str, workers, in_flight| {
        let flow = Pipeline::builder(name).workers(workers).read_vec(vec![1]);
        let flow = flow.map_async(Concurrency::Ordered(in_flight), |n| async move { Ok(n) });
        flow.write_fn(|_, _| std::future::ready(Ok(()))).map(drop)
    };
    assert_eq!(build("fine", 1, 1), Ok(()));
    assert_eq!(build("fine", 0, 1), Err(BuildError::NoWorkers { pipeline: "fine".into() }));
    let error = build("fine", 1, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "step[0] (map_async) of pipeline `fine` needs at least one record in flight"
    );
    for (name, reason) in [
        ("", "a name must not be empty"),
        (" a", "a name must not start or end with white space"),
        ("a\nb", "a name must not contain control characters, such as a line break or a tab"),
        ("a ", "a name must not start or end with white space"),
    ] {
        let error = build(name, 0, 0).unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            format!("invalid pipeline name `{}`: {reason}", name.escape_debug())
        );
    }
}

/// Runs the pipeline and returns how many records were written before it failed, and the error.
async fn written_before_a_failure(pipeline: impl FnOnce(Arc<AtomicU64>) -> Pipeline) -> (u64, String) {
    let written = Arc::new(AtomicU64::new(0));
    let error = pipeline(Arc::clone(&written)).run(&RunContext::new()).await.unwrap_err();
    (written.load(SeqCst), format!("{error:#}"))
}

#[tokio::test(start_paused = true)]
async fn the_records_before_a_failed_read_are_written() {
    let items = || [Ok(1), Ok(2), Err(BoxError::from("no more"))];
    let slow_write = |written: Arc<AtomicU64>| {
        let flow = Pipeline::builder("slow write").try_read_iter(move |_| items());
        flow.write_fn(move |_, batch| {
            let written = Arc::clone(&written);
            async move {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                written.fetch_add(batch.len() as u64, SeqCst);
                Ok(())
            }
        })
        .unwrap()
    };
    let slow_step = |written: Arc<AtomicU64>| {
        let flow = Pipeline::builder("slow step").try_read_iter(move |_| items());
        let flow = flow.map_async(Concurrency::Ordered(1), |n| async move {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Ok(n)
        });
        flow.write_fn(move |_, batch| {
            written.fetch_add(batch.len() as u64, SeqCst);
            std::future::ready(Ok(()))
        })
        .unwrap()
    };
    let expected = (2, "read failed: no more".to_owned());
    assert_eq!(written_before_a_failure(slow_write).await, expected);
    assert_eq!(written_before_a_failure(slow_step).await, expected);
}

/// A state whose clone panics.
#[derive(Debug)]
struct NoClone;

impl Clone for NoClone {
    fn clone(&self) -> Self {
        panic!("on purpose")
    }
}

/// A sink whose write panics before there is a future.
struct EarlyPanic;

impl Writer<Vec<u64>> for EarlyPanic {
    type Encoded = Vec<u64>;
    type Sink = Self;

    async fn open(&self, _: &RunScope) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn encode(&self, chunk: Chunk<Vec<u64>>, _: &mut Work) -> Result<Vec<u64>, Stop> {
        Ok(chunk.into_batch())
    }
}

impl Sink<Vec<u64>> for EarlyPanic {
    fn write(&mut self, _: Vec<u64>) -> impl Future<Output = Result<(), BoxError>> + Send {
        if true {
            panic!("on purpose");
        }
        async { Ok(()) }
    }

    async fn commit(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn panics_outside_of_futures_are_failures_too() {
    let error = |pipeline: Pipeline| format!("{:#}", pipeline.run_blocking(&RunContext::new()).unwrap_err());
    let flow = || Pipeline::builder("early").read_vec(vec![1_u64]);
    let scan = flow().scan(NoClone, |_, n| Ok(Some(n))).write(Abortable::default()).unwrap();
    assert_eq!(error(scan), "step[0] (scan) failed: panicked: on purpose");
    assert_eq!(error(flow().write(EarlyPanic).unwrap()), "write failed: panicked: on purpose");
    let reader = Pipeline::builder("early").read_iter(|_| -> Vec<u64> { panic!("on purpose") });
    assert_eq!(error(reader.write(Abortable::default()).unwrap()), "read failed: panicked: on purpose");
}

#[test]
fn an_iterator_stops_within_256_records() {
    let (cx, seen) = (RunContext::new(), Arc::new(AtomicU64::new(0)));
    let (in_reader, count) = (cx.clone(), Arc::clone(&seen));
    let flow = Pipeline::builder("endless").read_iter(move |_| {
        let (in_reader, count) = (in_reader.clone(), Arc::clone(&count));
        (0_u64..).inspect(move |n| {
            count.fetch_add(1, SeqCst);
            if *n == 5000 {
                in_reader.cancel();
            }
        })
    });
    let error = flow.write(Abortable::default()).unwrap().run_blocking(&cx).unwrap_err();
    assert!(error.is_canceled(), "{error:#}");
    assert!(seen.load(SeqCst) <= 5001 + 256, "{} records", seen.load(SeqCst));
}

#[test]
fn a_scan_before_a_take_stops_with_it() {
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let flow = Pipeline::builder("scan").read_vec((0..1_000_000).collect::<Vec<u64>>());
    let flow = flow.scan((), move |(), n| {
        count.fetch_add(1, SeqCst);
        Ok(Some(n))
    });
    flow.take(5).write(Abortable::default()).unwrap().run_blocking(&RunContext::new()).unwrap();
    assert!(seen.load(SeqCst) < 100_000, "{} records", seen.load(SeqCst));
}

#[tokio::test]
async fn a_job_is_canceled_only_if_its_own_run_was() {
    let other = RunContext::new();
    other.cancel();
    let flow = Pipeline::builder("foreign").read_vec(vec![1_u64]);
    let flow = flow.transform(move |_| Ok(other.check()?));
    let pipeline = flow.write(Abortable::default()).unwrap();
    let error = godata_etl::Job::run(&pipeline, &RunContext::new()).await.unwrap_err();
    assert_eq!(godata_etl::JobErrorKind::of(&*error), godata_etl::JobErrorKind::Failed);

    let cx = RunContext::new();
    cx.cancel();
    let error = godata_etl::Job::run(&pipeline, &cx).await.unwrap_err();
    assert_eq!(godata_etl::JobErrorKind::of(&*error), godata_etl::JobErrorKind::Canceled);
}
