//! The counts of a run while it runs.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use super::Stage;
use crate::{IoCounts, StepCounts, StepInfo};

/// The counts of a run, updated once per batch and stage.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(super) read: IoCounter,
    pub(super) steps: Vec<StepCounter>,
    pub(super) written: IoCounter,
}

#[derive(Debug, Default)]
pub(super) struct IoCounter {
    records: AtomicU64,
    rejected: AtomicU64,
    batches: AtomicU64,
    bytes: AtomicU64,
    retries: AtomicU64,
    busy: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct StepCounter {
    records_in: AtomicU64,
    records_out: AtomicU64,
    dropped: AtomicU64,
    rejected: AtomicU64,
    expanded: AtomicU64,
    busy: AtomicU64,
    /// Whether a step with a state has passed on all that it will.
    is_ended: AtomicBool,
    /// What a step with an output has written.
    written: OnceLock<IoCounter>,
}

impl Counters {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            read: IoCounter::default(),
            steps: std::iter::repeat_with(StepCounter::default).take(steps).collect(),
            written: IoCounter::default(),
        }
    }

    pub(super) fn add_busy(&self, stage: Stage, busy: Duration) {
        let nanos = u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
        let counter = match stage {
            Stage::Read => &self.read.busy,
            Stage::Step(index) => &self.steps[index].busy,
            Stage::Write => &self.written.busy,
        };
        counter.fetch_add(nanos, Relaxed);
    }

    pub(super) fn add_rejected(&self, stage: Stage) {
        let counter = match stage {
            Stage::Read => &self.read.rejected,
            Stage::Step(index) => &self.steps[index].rejected,
            Stage::Write => &self.written.rejected,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Notes that a step has an output.
    pub(super) fn add_side(&self, step: usize) {
        self.steps[step].written.get_or_init(IoCounter::default);
    }

    pub(super) fn add_side_batch(&self, step: usize, records: u64) {
        self.output(Stage::Step(step)).add_batch(records);
    }

    pub(super) fn add_side_bytes(&self, step: usize, bytes: u64) {
        self.output(Stage::Step(step)).add_bytes(bytes);
    }

    /// Counts a record that an output has refused.
    pub(super) fn add_refused(&self, stage: Stage) {
        self.output(stage).rejected.fetch_add(1, Relaxed);
    }

    fn output(&self, stage: Stage) -> &IoCounter {
        let Stage::Step(step) = stage else { return &self.written };
        self.steps[step].written.get_or_init(IoCounter::default)
    }

    /// Counts another attempt of a reader or a writer. Other steps are not retried.
    pub(super) fn add_retry(&self, stage: Stage) {
        let counter = if stage == Stage::Read { &self.read } else { self.output(stage) };
        counter.retries.fetch_add(1, Relaxed);
    }
}

impl IoCounter {
    pub(super) fn add_batch(&self, records: u64) {
        self.records.fetch_add(records, Relaxed);
        self.batches.fetch_add(1, Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn counts(&self) -> IoCounts {
        IoCounts {
            records: self.records.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            batches: self.batches.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            retries: self.retries.load(Relaxed),
            busy: Duration::from_nanos(self.busy.load(Relaxed)),
        }
    }
}

impl StepCounter {
    pub(super) fn add_in(&self, records: u64) {
        self.records_in.fetch_add(records, Relaxed);
    }

    /// Counts a batch of `records_in` that became one of `records_out`. `expanded` is how many records the step knows it
    /// made beyond one for each that came in. The rest of the difference counts as dropped, or as expanded. Rejected records
    /// are counted where they are judged.
    pub(super) fn add_out(&self, records_in: u64, records_out: u64, expanded: u64, rejected: u64) {
        let left = records_out + rejected;
        let expanded = expanded.max(left.saturating_sub(records_in));
        self.records_out.fetch_add(records_out, Relaxed);
        self.expanded.fetch_add(expanded, Relaxed);
        self.dropped.fetch_add(records_in + expanded - left, Relaxed);
    }

    /// Counts records that a step with a state passed on. Which of those that came in they were made of is known only at
    /// the end.
    pub(super) fn add_made(&self, records_out: u64) {
        self.records_out.fetch_add(records_out, Relaxed);
    }

    pub(super) fn end(&self) {
        self.is_ended.store(true, Relaxed);
    }

    pub(super) fn counts(&self, step: &StepInfo) -> StepCounts {
        let (records_in, records_out) = (self.records_in.load(Relaxed), self.records_out.load(Relaxed));
        let rejected = self.rejected.load(Relaxed);
        let left = records_out + rejected;
        let (dropped, expanded) = match self.is_ended.load(Relaxed) {
            true => (records_in.saturating_sub(left), left.saturating_sub(records_in)),
            false => (self.dropped.load(Relaxed), self.expanded.load(Relaxed)),
        };
        let busy = Duration::from_nanos(self.busy.load(Relaxed));
        StepCounts {
            name: step.name,
            records_in,
            records_out,
            dropped,
            rejected,
            expanded,
            busy,
            missing_fields: Vec::new(),
            table: None,
            written: self.written.get().map(|written| IoCounts { busy, ..written.counts() }),
        }
    }
}
