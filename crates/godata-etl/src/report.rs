//! The counts of a run.

use std::fmt;
use std::time::Duration;

use godata_core::{PipelineName, RunId, excerpt_within};
use time::UtcDateTime;

/// What a run did: how many records and bytes each stage processed, and how long it took.
///
/// The counts add up. The `records_in` of the first step equals the records read, and the `records_in` of any other
/// step equals the `records_out` of the step before it. The `records_out` of the last step equals the records written.
/// A run that failed, was canceled or was ended by a `take` leaves [`unfinished`](Self::unfinished) records between the
/// stages. `Display` prints a table, without a line end after its last line.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunReport {
    /// The pipeline's name.
    pub pipeline: String,
    /// The run's id.
    pub run_id: RunId,
    /// When the run started.
    pub started_at: UtcDateTime,
    /// How long it took.
    pub took: Duration,
    /// What the reader did.
    pub read: IoCounts,
    /// What each step did, in order.
    pub steps: Vec<StepCounts>,
    /// What the writer did. Records are counted as they are written, even if the run fails later and the output is
    /// discarded.
    pub written: IoCounts,
}

/// What a reader or a writer did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoCounts {
    /// How many records.
    pub records: u64,
    /// How many batches. Empty batches are not written.
    pub batches: u64,
    /// How many bytes of input or output; 0 if the format has none to count.
    pub bytes: u64,
    /// The time that all workers together spent: on fetching and decoding, or on encoding and writing.
    pub busy: Duration,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepCounts {
    /// The kind of step, such as `filter`.
    pub name: &'static str,
    /// How many records entered the step.
    pub records_in: u64,
    /// How many records left it.
    pub records_out: u64,
    /// How many records it dropped.
    pub dropped: u64,
    /// How many records it made beyond one for each that came in.
    pub expanded: u64,
    /// The time that all workers together spent on it.
    pub busy: Duration,
}

impl RunReport {
    /// How many records were read or made, but neither dropped nor written. After a run that succeeded, these are the
    /// records that were read ahead of a `take`, and 0 if there is none.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        let made: u64 = self.steps.iter().map(|step| step.expanded).sum();
        let dropped: u64 = self.steps.iter().map(|step| step.dropped).sum();
        (self.read.records + made).saturating_sub(dropped + self.written.records)
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} took {:.3?}", excerpt_within(&self.pipeline, PipelineName::MAX_BYTES), self.took)?;
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
            unfinished => write!(f, "\n  unfinished records: {unfinished}"),
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
