//! Runs on runtimes that are slow, idle or shut down while they have something in flight. A test program of its own,
//! because its tests take all permits to compute of the process.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::future::{poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::Duration;

use futures::FutureExt;
use godata_etl::{
    BlockingSink, BlockingWrite, BoxError, Chunk, Job, Outcome, Pipeline, PipelineEnd, PipelineError,
    PipelineHook, PipelineInfo, RunContext, RunScope, Stop, Work, Writer,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// Long enough for anything that is going to happen.
const LONG: Duration = Duration::from_secs(20);

/// Lets one test run at a time, because each controls all permits.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closed until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }
}

/// Sends how a run ended.
struct Ends(mpsc::Sender<String>);

impl PipelineHook for Ends {
    fn on_pipeline_end(&self, _: &RunContext, _: &PipelineInfo, end: &PipelineEnd<'_>) {
        let text = match end.outcome {
            Outcome::Failed(error) => format!("failed: {error:#}"),
            other => other.to_string(),
        };
        self.0.send(text).unwrap();
    }
}

fn healthy() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A pipeline that holds all permits until the gate opens.
fn greedy(gate: &Gate, started: &mpsc::Sender<()>) -> Pipeline {
    let (gate, started, cores) = (gate.clone(), started.clone(), available_parallelism().unwrap().get());
    let flow = Pipeline::builder("greedy").workers(cores).unordered().read_vec((0..cores * 1024).collect());
    let flow = flow.map_batch(move |batch: Vec<usize>| {
        started.send(()).unwrap();
        gate.pass();
        Ok(batch)
    });
    flow.write_fn(|_, _| ready(Ok(()))).unwrap()
}

/// Polls a run until it waits for a permit, and no further.
async fn polled<F: Future>(mut run: Pin<&mut F>) {
    for _ in 0..5 {
        poll_fn(|cx| {
            assert!(run.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}

fn simple() -> Pipeline {
    Pipeline::builder("simple").read_vec(vec![1, 2]).map(|n| n + 1).write_fn(|_, _| ready(Ok(()))).unwrap()
}

/// Spawns a pipeline that takes all permits, and waits until it has them.
fn take_all_permits(
    runtime: &Runtime,
    gate: &Gate,
) -> tokio::task::JoinHandle<Result<(), godata_etl::BoxError>> {
    let (started, is_started) = mpsc::channel();
    let pipeline = greedy(gate, &started);
    let run = runtime.spawn(async move { Job::run(&pipeline, &RunContext::new()).await });
    for _ in 0..available_parallelism().unwrap().get() {
        is_started.recv_timeout(LONG).unwrap();
    }
    run
}

#[test]
fn a_runtime_that_is_not_polled_holds_no_permit() {
    let _alone = alone();
    let (busy, idle, gate) =
        (healthy(), Builder::new_current_thread().enable_all().build().unwrap(), Gate::default());
    let run = take_all_permits(&busy, &gate);
    // A run that waits for a permit, on a runtime that is not polled any more.
    idle.block_on(async { polled(pin!(simple().run(&RunContext::new()))).await });
    gate.open();
    let third = busy.spawn(async { simple().run(&RunContext::new()).await });
    busy.block_on(async {
        tokio::time::timeout(LONG, run).await.expect("the greedy run ends").unwrap().unwrap();
        tokio::time::timeout(LONG, third).await.expect("the third run ends").unwrap().unwrap();
    });
}

#[test]
fn steps_that_block_all_permits_stop_no_other_run() {
    let _alone = alone();
    let (busy, gate) = (healthy(), Gate::default());
    let run = take_all_permits(&busy, &gate);
    busy.block_on(async {
        // Each of these batches waits for a permit by itself. The lent one stays until the blocked ones return.
        let flow = Pipeline::builder("other").read_vec(vec![1; 100_000]).scan(0, |_, n| Ok(Some(n)));
        let other = flow.write_fn(|_, _| ready(Ok(()))).unwrap();
        tokio::time::timeout(LONG, other.run(&RunContext::new())).await.expect("it ends").unwrap();
        assert!(!run.is_finished());
        gate.open();
        tokio::time::timeout(LONG, run).await.expect("the greedy run ends").unwrap().unwrap();
    });
}

#[test]
fn a_runtime_that_shuts_down_ends_the_runs_that_wait_for_a_permit() {
    let _alone = alone();
    let (busy, doomed, gate) = (healthy(), healthy(), Gate::default());
    let run = take_all_permits(&busy, &gate);
    let (sender, ends) = mpsc::channel();
    let flow =
        Pipeline::builder("waiting").workers(1).hook(Ends(sender)).read_vec((0..9000).collect::<Vec<u64>>());
    let waiting = flow.map(|n| n + 1).write_fn(|_, _| ready(Ok(()))).unwrap();
    let (waits, is_waiting) = mpsc::channel();
    doomed.spawn(async move {
        let cx = RunContext::new();
        let mut run = pin!(waiting.run(&cx));
        polled(run.as_mut()).await;
        waits.send(()).unwrap();
        run.await
    });
    is_waiting.recv_timeout(LONG).unwrap();
    drop(doomed);
    gate.open();
    assert_eq!(ends.recv_timeout(LONG).unwrap(), "canceled");
    busy.block_on(run).unwrap().unwrap();
}

/// An output whose commit waits for the gate.
#[derive(Clone)]
struct SlowCommit {
    committing: mpsc::Sender<()>,
    gate: Gate,
}

impl Writer<Vec<i32>> for SlowCommit {
    type Encoded = Vec<i32>;
    type Sink = BlockingWrite<Self>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Sink, BoxError> {
        Ok(BlockingWrite::new(self.clone(), scope))
    }

    fn encode(&self, chunk: Chunk<Vec<i32>>, _: &mut Work) -> Result<Vec<i32>, Stop> {
        Ok(chunk.into_batch())
    }
}

impl BlockingSink<Vec<i32>> for SlowCommit {
    fn write(&mut self, _: Vec<i32>) -> Result<(), BoxError> {
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
        self.committing.send(()).unwrap();
        self.gate.pass();
        Ok(())
    }
}

#[test]
fn a_runtime_that_shuts_down_in_a_commit_does_not_make_the_run_canceled() {
    let _alone = alone();
    let (sender, ends) = mpsc::channel();
    let (committing, is_committing) = mpsc::channel();
    let gate = Gate::default();
    let output = SlowCommit { committing, gate: gate.clone() };
    let pipeline = Pipeline::builder("commit").hook(Ends(sender)).read_vec(vec![1]).write(output).unwrap();
    // A runtime with several threads drops its tasks some time after the shutdown, and a commit that ends before that
    // succeeds. A runtime with one thread has dropped its tasks when its shutdown returns.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::spawn(async move { pipeline.run(&RunContext::new()).await });
        tokio::task::spawn_blocking(move || is_committing.recv_timeout(LONG)).await.unwrap().unwrap();
    });
    runtime.shutdown_background();
    gate.open();
    let end = ends.recv_timeout(LONG).unwrap();
    assert!(end.starts_with("failed: write failed: the tokio runtime shut down during the commit"), "{end}");
}

#[test]
fn an_iterator_that_waits_holds_no_permit() {
    let _alone = alone();
    let runtime = healthy();
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let (sender, receiver) = mpsc::channel::<i32>();
            let receiver = Arc::new(Mutex::new(receiver));
            let flow = Pipeline::builder("waits").read_iter(move |_| {
                let receiver = Arc::clone(&receiver);
                std::iter::from_fn(move || receiver.lock().unwrap().recv().ok())
            });
            let pipeline = flow.write_fn(|_, _| ready(Ok(()))).unwrap();
            (sender, runtime.spawn(async move { pipeline.run(&RunContext::new()).await }))
        })
        .collect();
    runtime.block_on(async {
        tokio::time::timeout(LONG, simple().run(&RunContext::new()))
            .await
            .expect("it gets a permit")
            .unwrap();
        for (sender, run) in waiting {
            drop(sender);
            run.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_step_that_waits_for_a_pipeline_fails() {
    let _alone = alone();
    let runtime = healthy();
    let nested = |wait: fn(&Pipeline) -> Result<(), PipelineError>| {
        let flow = Pipeline::builder("outer").read_vec(vec![1]).try_map(move |n: i32| {
            wait(&simple())?;
            Ok(n)
        });
        flow.write_fn(|_, _| ready(Ok(()))).unwrap()
    };
    let on_the_runtime = |inner: &Pipeline| {
        tokio::runtime::Handle::current().block_on(inner.run(&RunContext::new())).map(drop)
    };
    let on_its_own = |inner: &Pipeline| inner.run_blocking(&RunContext::new()).map(drop);
    let error = runtime.block_on(nested(on_the_runtime).run(&RunContext::new())).unwrap_err();
    assert!(format!("{error:#}").contains("a step can't wait for a pipeline"), "{error:#}");
    let error = runtime.block_on(nested(on_its_own).run(&RunContext::new())).unwrap_err();
    assert!(format!("{error:#}").contains("can't run here"), "{error:#}");
}

#[test]
fn run_needs_a_runtime_and_run_blocking_needs_none() {
    let _alone = alone();
    let error = simple().run(&RunContext::new()).now_or_never().unwrap().unwrap_err();
    let says = format!(
        "pipeline `{}` can't run here: there is no tokio runtime: call `run_blocking`, or await `run` on one, such as \
         below #[tokio::main]",
        simple().name()
    );
    assert_eq!(format!("{error:#}"), says);
    let error = healthy().block_on(async { simple().run_blocking(&RunContext::new()) }).unwrap_err();
    assert!(matches!(error, PipelineError::Runtime { .. }), "{error:#}");
    assert_eq!(simple().run_blocking(&RunContext::new()).unwrap().written.records, 2);
}

#[test]
fn run_blocking_has_timers() {
    let _alone = alone();
    let flow = Pipeline::builder("timers").read_vec(vec![1]);
    let flow = flow.map_async(godata_etl::Concurrency::Ordered(1), |n| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(n)
    });
    assert!(flow.write_fn(|_, _| ready(Ok(()))).unwrap().run_blocking(&RunContext::new()).is_ok());
}

/// Neither place can be told from the other, and one of them must not block.
#[test]
fn run_blocking_is_refused_on_every_thread_of_a_runtime_and_block_on_works_where_blocking_is_allowed() {
    let _alone = alone();
    let pipeline = || Pipeline::builder("numbers").read_vec(vec![1]).write_fn(|_, _| ready(Ok(()))).unwrap();
    let refused = |result: Result<_, PipelineError>| {
        let error = format!("{:?}", result.unwrap_err());
        assert!(error.contains("await `run` instead, or within `spawn_blocking`"), "{error}");
    };
    for runtime in [healthy(), Builder::new_current_thread().enable_all().build().unwrap()] {
        refused(runtime.block_on(async { pipeline().run_blocking(&RunContext::new()) }));
        let blocking = move || pipeline().run_blocking(&RunContext::new());
        refused(runtime.block_on(runtime.spawn_blocking(blocking)).unwrap());
        let on_its_runtime = move || Handle::current().block_on(pipeline().run(&RunContext::new()));
        let report = runtime.block_on(runtime.spawn_blocking(on_its_runtime)).unwrap().unwrap();
        assert_eq!(report.written.records, 1);
        let elsewhere = std::thread::spawn(move || pipeline().run_blocking(&RunContext::new()));
        assert_eq!(elsewhere.join().unwrap().unwrap().written.records, 1);
    }
}
