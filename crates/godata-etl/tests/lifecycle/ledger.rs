//! Records what happens in a run, and detects what must not happen.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use godata_etl::{Outcome, PipelineEnd, PipelineHook, PipelineInfo, RunContext, StageEnd, StepInfo};
use tokio::sync::watch;

/// How a run ended, as its hooks saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Succeeded,
    Failed(String),
    Canceled,
}

/// Records what happens in one run. All user code of the run reports to it.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(Arc<State>);

#[derive(Debug)]
struct State {
    /// The end that the pipeline's end hook saw.
    end: watch::Sender<Option<End>>,
    starts: Mutex<BTreeMap<String, i64>>,
    violations: Mutex<Vec<String>>,
    /// Where to panic: the name of a place in user code.
    panic_at: Option<&'static str>,
    panicked: AtomicBool,
    open_outputs: AtomicUsize,
    committed: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(panic_at: Option<&'static str>) -> Self {
        Self(Arc::new(State {
            end: watch::Sender::new(None),
            starts: Mutex::default(),
            violations: Mutex::default(),
            panic_at,
            panicked: AtomicBool::new(false),
            open_outputs: AtomicUsize::new(0),
            committed: AtomicUsize::new(0),
        }))
    }

    /// User code runs here.
    pub(crate) fn at(&self, place: &'static str) {
        if self.0.end.borrow().is_some() {
            self.violation(format!("user code after the end: {place}"));
        }
        if self.0.panic_at == Some(place) && !self.0.panicked.swap(true, SeqCst) {
            panic!("on purpose, at {place}");
        }
    }

    pub(crate) fn violation(&self, what: String) {
        self.0.violations.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(crate) fn output_opened(&self) {
        self.0.open_outputs.fetch_add(1, SeqCst);
    }

    pub(crate) fn output_closed(&self, committed: bool) {
        self.0.open_outputs.fetch_sub(1, SeqCst);
        self.0.committed.fetch_add(usize::from(committed), SeqCst);
    }

    pub(crate) fn has_panicked(&self) -> bool {
        self.0.panicked.load(SeqCst)
    }

    /// Waits for the end of the run.
    pub(crate) async fn ended(&self) -> End {
        let mut end = self.0.end.subscribe();
        let waiting = end.wait_for(Option::is_some);
        let end = tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .expect("the run ends")
            .unwrap()
            .clone();
        end.unwrap()
    }

    /// What must hold after every run, however it ended.
    pub(crate) fn check(&self, end: &End, what: &str) {
        let violations = self.0.violations.lock().unwrap().clone();
        assert!(violations.is_empty(), "{what}: {violations:?}");
        let starts = self.0.starts.lock().unwrap().clone();
        assert!(starts.values().all(|&open| open == 0), "{what}: starts and ends differ: {starts:?}");
        assert_eq!(self.0.open_outputs.load(SeqCst), 0, "{what}: an output was left");
        let committed = usize::from(*end == End::Succeeded);
        assert_eq!(self.0.committed.load(SeqCst), committed, "{what}: committed, end {end:?}");
    }

    fn start(&self, stage: String) {
        *self.0.starts.lock().unwrap().entry(stage).or_default() += 1;
        self.at("hook start");
    }

    fn end(&self, stage: String) {
        *self.0.starts.lock().unwrap().entry(stage).or_default() -= 1;
        self.at("hook end");
    }
}

impl PipelineHook for Ledger {
    fn on_pipeline_start(&self, _: &RunContext, _: &PipelineInfo) {
        self.start("pipeline".into());
    }

    fn on_pipeline_end(&self, _: &RunContext, _: &PipelineInfo, end: &PipelineEnd<'_>) {
        if self.0.end.borrow().is_some() {
            self.violation("a second end".into());
        }
        self.end("pipeline".into());
        self.0.end.send_replace(Some(match end.outcome {
            Outcome::Succeeded => End::Succeeded,
            Outcome::Failed(error) => End::Failed(format!("{error:#}")),
            _ => End::Canceled,
        }));
    }

    fn on_read_start(&self, _: &RunContext, _: &PipelineInfo) {
        self.start("read".into());
    }

    fn on_read_end(&self, _: &RunContext, _: &PipelineInfo, _: &StageEnd<'_>) {
        self.end("read".into());
    }

    fn on_step_start(&self, _: &RunContext, _: &PipelineInfo, step: &StepInfo, _: u64) {
        self.start(step.to_string());
    }

    fn on_step_end(&self, _: &RunContext, _: &PipelineInfo, step: &StepInfo, _: &StageEnd<'_>) {
        self.end(step.to_string());
    }

    fn on_write_start(&self, _: &RunContext, _: &PipelineInfo, _: u64) {
        self.start("write".into());
    }

    fn on_write_end(&self, _: &RunContext, _: &PipelineInfo, _: &StageEnd<'_>) {
        self.end("write".into());
    }
}

/// A value whose drop is user code too.
#[derive(Debug)]
pub(crate) struct Tracked {
    pub(crate) number: u64,
    ledger: Ledger,
}

impl Tracked {
    pub(crate) fn new(number: u64, ledger: &Ledger) -> Self {
        Self { number, ledger: ledger.clone() }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.ledger.at("drop");
    }
}
