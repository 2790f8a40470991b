//! What a run did, in numbers.

use std::fmt;
use std::time::Duration;

use godata_core::RunId;
use time::UtcDateTime;

/// What a run did: the records and bytes of each stage and the time that each took.
///
/// The numbers add up: each step's `records_in` is the `records_out` of the one before it, the first one's is
/// what was read, and the last one's `records_out` is what was written. A run that failed or was canceled, or that
/// a `take` ended, left [`unfinished`](Self::unfinished) records on the way. `Display` is a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunReport {
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's id.
    pub run_id: RunId,
    /// When the run began.
    pub started_at: UtcDateTime,
    /// How long it took.
    pub took: Duration,
    /// What was read.
    pub read: IoCounts,
    /// What each step did, in order.
    pub steps: Vec<StepCounts>,
    /// What was written.
    pub written: IoCounts,
}

/// What a reader or a writer did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoCounts {
    /// How many records.
    pub records: u64,
    /// In how many batches; empty ones are not written.
    pub batches: u64,
    /// How many bytes of input or output; 0 where there are none to count.
    pub bytes: u64,
    /// The time of all workers together that went into it: fetching and decoding, or encoding and writing.
    pub busy: Duration,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepCounts {
    /// The kind of step, such as `filter`.
    pub name: &'static str,
    /// Records that reached the step.
    pub records_in: u64,
    /// Records that left it.
    pub records_out: u64,
    /// Records that it dropped.
    pub dropped: u64,
    /// Records that it made beyond one for each that came in.
    pub expanded: u64,
    /// The time of all workers together that went into it.
    pub busy: Duration,
}

impl RunReport {
    /// Records that were read or made, and neither dropped nor written. After a run that succeeded these are the
    /// ones that were read ahead of a `take`; 0 if there is none.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        let made: u64 = self.steps.iter().map(|step| step.expanded).sum();
        let dropped: u64 = self.steps.iter().map(|step| step.dropped).sum();
        (self.read.records + made).saturating_sub(dropped + self.written.records)
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} took {:.3?}", self.pipeline, self.took)?;
        write!(
            f,
            "\n  {:<18} {:>12} {:>12} {:>12} {:>10}",
            "stage", "records in", "records out", "bytes", "busy"
        )?;
        row(f, "read", None, self.read.records, Some(self.read.bytes), self.read.busy)?;
        for (index, step) in self.steps.iter().enumerate() {
            let name = format!("{index} {}", step.name);
            row(f, &name, Some(step.records_in), step.records_out, None, step.busy)?;
        }
        let written = &self.written;
        row(f, "write", Some(written.records), written.records, Some(written.bytes), written.busy)?;
        match self.unfinished() {
            0 => Ok(()),
            unfinished => write!(f, "\n  {unfinished} records were not finished"),
        }
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    stage: &str,
    records_in: Option<u64>,
    records_out: u64,
    bytes: Option<u64>,
    busy: Duration,
) -> fmt::Result {
    let text = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    let busy = format!("{busy:.1?}");
    write!(
        f,
        "\n  {stage:<18} {:>12} {records_out:>12} {:>12} {busy:>10}",
        text(records_in),
        text(bytes.filter(|&bytes| bytes > 0))
    )
}
