//! The counts of a run.

use std::time::Duration;

use godata_core::{Progress, RunId};
use time::UtcDateTime;

use crate::Rejected;

/// What a run did: how many records and bytes each stage processed, and how long it took.
///
/// The counts add up. The `records_in` of the first step equals the records read, and the `records_in` of any other
/// step equals the `records_out` of the step before it. The `records_out` of the last step equals the records written.
/// A run that failed, was canceled or was ended by a `take` leaves [`unfinished`](Self::unfinished) records between the
/// stages. `Display` prints a table, without a line end after its last line.
///
/// When a run ends, [`to_json`](Self::to_json) becomes the [report](crate::Progress::report) of its context. So the row
/// that an orchestrator stores says what each step did, also for a run that failed. If a job runs several pipelines with one
/// context, the report is that of the last.
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
    /// The first [`MAX_REJECTIONS`](Self::MAX_REJECTIONS) records that were rejected, with at most 4 KiB of the bytes of
    /// each.
    pub rejections: Vec<Rejected>,
}

/// What a reader or a writer did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoCounts {
    /// How many records, without rejected ones.
    pub records: u64,
    /// How many records were rejected: by decoding, or by encoding.
    pub rejected: u64,
    /// How many batches. Empty batches are not written.
    pub batches: u64,
    /// How many bytes of input or output; 0 if the format has none to count.
    pub bytes: u64,
    /// How many calls were repeated by a [`retry`](crate::retry()).
    pub retries: u64,
    /// The time that all workers together spent: on fetching and decoding, or on encoding and writing.
    pub busy: Duration,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StepCounts {
    /// The kind of step, such as `filter`, or the name of a [`batch_step`](crate::Flow::batch_step).
    pub name: &'static str,
    /// How many records entered the step.
    pub records_in: u64,
    /// How many records left it.
    pub records_out: u64,
    /// How many records it dropped.
    pub dropped: u64,
    /// How many records it rejected; see [`OnError`](crate::OnError).
    pub rejected: u64,
    /// How many records it made beyond one for each that came in.
    pub expanded: u64,
    /// The time that all workers together spent on it.
    pub busy: Duration,
    /// What an [`also_write`](crate::Flow::also_write) wrote; `None` for other steps. Its `rejected` are the records that the target
    /// refused, which went on.
    pub written: Option<IoCounts>,
    /// The fields that the step looks for by name, and that no record of the run had. Empty if the run did not come to its end.
    ///
    /// Only records that bring their own names, such as those of JSON, can lack a field without failing the run. Most likely, its
    /// name is misspelled.
    pub missing_fields: Vec<String>,
    /// How the table of a [`join`](crate::Flow::join) or a [`lookup`](crate::Flow::lookup) was read; `None` for other steps. Its
    /// records are not among those of the run, and neither are the ones that it rejected.
    pub table: Option<Box<RunReport>>,
}

impl StepCounts {
    pub(crate) fn refused(&self) -> u64 {
        self.written.as_ref().map_or(0, |written| written.rejected)
    }
}

impl RunReport {
    /// How many rejected records [`rejections`](Self::rejections) has at most.
    pub const MAX_REJECTIONS: usize = 10;

    /// How many records were rejected: by decoding, by all steps, and by encoding. A record that `flat_map` made several
    /// of can be rejected several times.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.read.rejected + self.total(|step| step.rejected + step.refused()) + self.written.rejected
    }

    /// How many calls of the reader and the writers were repeated by a [`retry`](crate::retry()).
    #[must_use]
    pub fn retries(&self) -> u64 {
        let of_steps = self.total(|step| step.written.as_ref().map_or(0, |written| written.retries));
        self.read.retries + of_steps + self.written.retries
    }

    /// How many records were read or made, but neither dropped, rejected nor written. After a run that succeeded,
    /// this is 0, unless a `take` left records unread.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        let made = self.read.records + self.total(|step| step.expanded);
        let left = self.total(|step| step.dropped + step.rejected) + self.written.rejected;
        made.saturating_sub(left + self.written.records)
    }

    fn total(&self, count: impl Fn(&StepCounts) -> u64) -> u64 {
        self.steps.iter().map(count).sum()
    }

    /// Checks in debug builds that a run which succeeded has lost no record without counting it.
    pub(crate) fn assert_reconciled(&self) {
        let after_take = self.steps.iter().rposition(|step| step.name == "take").map_or(0, |take| take + 1);
        for step in &self.steps[after_take..] {
            let left = step.records_out + step.dropped + step.rejected;
            debug_assert_eq!(step.records_in + step.expanded, left, "{step:?}");
        }
        debug_assert!(after_take > 0 || self.unfinished() == 0, "{self}");
    }

    /// Returns the counts and times as JSON on one line, of at most [16 KiB](crate::Progress::MAX_REPORT_BYTES).
    ///
    /// | field | |
    /// |---|---|
    /// | `took_us` | how long the run took |
    /// | `read`, `written` | what the reader and the writer did: `records`, `rejected`, `batches`, `bytes`, `retries`, `busy_us` |
    /// | `dropped`, `expanded` | how many records all steps together dropped, and how many they made beyond one for each that came in |
    /// | `rejected` | how many records the reader, all steps and the writer together [rejected](Self::rejected) |
    /// | `steps` | what each step did, in order: its `name`, the records `in` and `out`, `dropped`, `expanded`, `rejected`, `busy_us`, `written` if it is an [`also_write`](crate::Flow::also_write), and the `records` and the `rejected` of the `table` if it is a join |
    /// | `steps_left_out` | how many of the last steps are not in `steps`; absent if all fit, as about 120 steps do |
    ///
    /// Times are whole microseconds. Later versions may add fields.
    ///
    /// ```
    /// use godata_etl::{Pipeline, RunContext};
    ///
    /// let pipeline = Pipeline::builder("evens")
    ///     .read_vec(vec![1, 2, 3])
    ///     .filter(|n| n % 2 == 0)
    ///     .write_fn(|_, _| async { Ok(()) })?;
    /// let cx = RunContext::new();
    /// let report = pipeline.run_blocking(&cx)?;
    ///
    /// let step = r#""steps":[{"name":"filter","in":3,"out":1,"dropped":2,"expanded":0,"rejected":0,"busy_us":"#;
    /// assert!(report.to_json().contains(step));
    /// assert_eq!(cx.progress().report().as_deref(), Some(&*report.to_json()));
    /// # Ok::<(), godata_etl::BoxError>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = format!(
            r#"{{"took_us":{},"read":{},"written":{},"dropped":{},"expanded":{},"rejected":{},"steps":["#,
            self.took.as_micros(),
            io_json(&self.read),
            io_json(&self.written),
            self.total(|step| step.dropped),
            self.total(|step| step.expanded),
            self.rejected(),
        );
        let mut left_out = self.steps.len();
        for step in self.steps.iter().map(step_json) {
            if json.len() + step.len() + END > Progress::MAX_REPORT_BYTES {
                break;
            }
            if left_out < self.steps.len() {
                json.push(',');
            }
            json.push_str(&step);
            left_out -= 1;
        }
        match left_out {
            0 => json.push_str("]}"),
            left_out => json.push_str(&format!(r#"],"steps_left_out":{left_out}}}"#)),
        }
        json
    }
}

/// How many bytes a comma and the end of the JSON text have at most.
const END: usize = 64;

fn io_json(counts: &IoCounts) -> String {
    let IoCounts { records, rejected, batches, bytes, retries, busy } = counts;
    let busy = busy.as_micros();
    format!(
        r#"{{"records":{records},"rejected":{rejected},"batches":{batches},"bytes":{bytes},"retries":{retries},"busy_us":{busy}}}"#
    )
}

fn step_json(step: &StepCounts) -> String {
    let StepCounts {
        name, records_in, records_out, dropped, rejected, expanded, busy, written, table, ..
    } = step;
    let table = table
        .as_ref()
        .map(|table| {
            format!(r#","table":{{"records":{},"rejected":{}}}"#, table.written.records, table.rejected())
        })
        .unwrap_or_default();
    let written =
        written.as_ref().map(|written| format!(r#","written":{}"#, io_json(written))).unwrap_or_default();
    let busy = busy.as_micros();
    // A name has no control characters.
    let name = name.replace('\\', r"\\").replace('"', r#"\""#);
    format!(
        r#"{{"name":"{name}","in":{records_in},"out":{records_out},"dropped":{dropped},"expanded":{expanded},"rejected":{rejected},"busy_us":{busy}{written}{table}}}"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn report(steps: usize, count: u64) -> RunReport {
        let busy = Duration::from_micros(count);
        let io = IoCounts { records: count, rejected: 0, batches: count, bytes: count, retries: 0, busy };
        let step = StepCounts {
            name: "map_async",
            records_in: count,
            records_out: count,
            // The totals must fit.
            dropped: count / (steps as u64 + 1),
            rejected: 0,
            expanded: 0,
            busy,
            written: None,
            missing_fields: Vec::new(),
            table: None,
        };
        RunReport {
            pipeline: "orders".to_owned(),
            run_id: RunId::generate(),
            started_at: UtcDateTime::UNIX_EPOCH,
            took: Duration::from_millis(1),
            read: io.clone(),
            steps: vec![step; steps],
            written: io,
            rejections: Vec::new(),
        }
    }

    #[test]
    fn twelve_steps_are_small_and_all_there() {
        let json = report(12, 1_000_000).to_json();
        assert!(json.len() < 1_700, "{}", json.len());
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["steps"].as_array().unwrap().len(), 12);
        assert_eq!(value["steps"][11]["in"], 1_000_000);
        assert_eq!(
            (&value["took_us"], &value["read"]["busy_us"]),
            (&Value::from(1_000), &Value::from(1_000_000))
        );
        assert_eq!(value["dropped"], 12 * (1_000_000_u64 / 13));
        assert!(value.get("steps_left_out").is_none());
    }

    #[test]
    fn steps_that_do_not_fit_are_left_out_and_counted() {
        for steps in [0, 1, 80, 100, 1_000, 30_000] {
            for count in [0, 7, u64::MAX] {
                let report = report(steps, count);
                let json = report.to_json();
                assert!(json.len() <= Progress::MAX_REPORT_BYTES, "{steps}, {count}");
                let value: Value = serde_json::from_str(&json).unwrap();
                let shown = value["steps"].as_array().unwrap().len();
                let left_out = value.get("steps_left_out").map_or(0, |count| count.as_u64().unwrap());
                assert_eq!(shown as u64 + left_out, steps as u64, "{steps}, {count}");
                assert!(left_out == 0 || json.len() > Progress::MAX_REPORT_BYTES - 300, "{steps}, {count}");
                assert_eq!(value["written"]["records"], count);
            }
        }
    }
}
