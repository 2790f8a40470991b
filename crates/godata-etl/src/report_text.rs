//! The report of a run as a table, for people.

use std::fmt;
use std::time::Duration;

use godata_core::{PipelineName, excerpt_list, excerpt_within};

use crate::{IoCounts, RunReport, StepCounts};

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} took {:.3?}", excerpt_within(&self.pipeline, PipelineName::MAX_BYTES), self.took)?;
        let rows = self.rows();
        let is_used: [bool; COLUMNS] = std::array::from_fn(|at| rows.iter().any(|row| row.counts[at] > 0));
        write!(f, "\n  {:<18} {:>12} {:>12}", "stage", "records in", "records out")?;
        for (name, _) in TITLES.iter().zip(is_used).filter(|(_, is_used)| *is_used) {
            write!(f, " {name:>12}")?;
        }
        write!(f, " {:>12} {:>10}", "bytes", "busy")?;
        rows.iter().try_for_each(|row| row.fmt(f, is_used))?;
        for (index, step) in self.steps.iter().enumerate() {
            step.fmt_notes(f, index)?;
        }
        if self.retries() > 0 {
            write!(f, "\n  retries: {}", self.retries())?;
        }
        match self.unfinished() {
            0 => Ok(()),
            unfinished => write!(f, "\n  unfinished records: {unfinished}"),
        }
    }
}

impl RunReport {
    fn rows(&self) -> Vec<Row> {
        let written = &self.written;
        let mut rows = vec![Row::of_io("read", None, &self.read)];
        rows.extend(self.steps.iter().enumerate().map(|(index, step)| Row::of_step(index, step)));
        rows.push(Row::of_io("write", Some(written.records + written.rejected), written));
        rows
    }
}

/// The columns that are shown only if they are not empty.
const TITLES: [&str; COLUMNS] = ["dropped", "expanded", "rejected"];
const COLUMNS: usize = 3;

/// A row of the table that is printed.
struct Row {
    stage: String,
    records_in: Option<u64>,
    records_out: u64,
    /// The counts of [`TITLES`].
    counts: [u64; COLUMNS],
    bytes: u64,
    busy: Duration,
}

impl Row {
    fn of_io(stage: &str, records_in: Option<u64>, io: &IoCounts) -> Self {
        let counts = [0, 0, io.rejected];
        let stage = stage.to_owned();
        Self { stage, records_in, records_out: io.records, counts, bytes: io.bytes, busy: io.busy }
    }

    fn of_step(index: usize, step: &StepCounts) -> Self {
        Self {
            stage: format!("{index} {}", step.name),
            records_in: Some(step.records_in),
            records_out: step.records_out,
            counts: [step.dropped, step.expanded, step.rejected + step.refused()],
            bytes: step.written.as_ref().map_or(0, |written| written.bytes),
            busy: step.busy,
        }
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>, is_used: [bool; COLUMNS]) -> fmt::Result {
        let Self { stage, records_in, records_out, counts, bytes, busy } = self;
        let records_in = records_in.map(|records| records.to_string()).unwrap_or_default();
        write!(f, "\n  {stage:<18} {records_in:>12} {records_out:>12}")?;
        let used = counts.iter().zip(is_used).filter(|(_, is_used)| *is_used);
        let bytes = Some(bytes);
        for count in used.map(|(count, _)| count).chain(bytes) {
            let count = if *count > 0 { count.to_string() } else { String::new() };
            write!(f, " {count:>12}")?;
        }
        write!(f, " {:>10}", format!("{busy:.1?}"))
    }
}

impl StepCounts {
    /// Prints what a user should know beyond the counts.
    fn fmt_notes(&self, f: &mut fmt::Formatter<'_>, index: usize) -> fmt::Result {
        let Self { name, missing_fields, table, .. } = self;
        if !missing_fields.is_empty() {
            write!(f, "\n  {index} {name}: no record has a field {}", excerpt_list(missing_fields))?;
        }
        let Some(table) = table.as_ref().filter(|table| table.rejected() > 0) else { return Ok(()) };
        let table_name = excerpt_within(&table.pipeline, PipelineName::MAX_BYTES);
        let rejected = table.rejected();
        write!(f, "\n  {index} {name}: rejected records of the table `{table_name}`: {rejected}")
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limit, Memory, OnError, Pipeline, RunContext, record};

    #[test]
    fn counts_are_shown_if_there_are_any() {
        let shown = |keep: fn(&u64) -> bool, times: usize| {
            let flow = Pipeline::builder("numbers").read_vec(vec![1, 2, 3]).filter(keep);
            let pipeline = flow.flat_map(move |n| vec![n; times]).write_fn(|_, _| async { Ok(()) }).unwrap();
            pipeline.run_blocking(&RunContext::new()).unwrap().to_string()
        };
        let none = shown(|_| true, 1);
        assert!(
            !none.contains("dropped") && !none.contains("expanded") && !none.contains("rejected"),
            "{none}"
        );
        let some = shown(|&n| n > 1, 2);
        let lines: Vec<_> = some.lines().collect();
        assert!(lines[1].contains("     dropped     expanded        bytes       busy"), "{some}");
        assert!(
            lines[3].starts_with("  0 filter                      3            2            1 "),
            "{some}"
        );
        assert!(
            lines[4].starts_with("  1 flat_map                    2            4                         2 "),
            "{some}"
        );
    }

    #[test]
    fn rejected_records_of_a_table_are_in_the_report() {
        let rates = vec![record! {"id" => 1, "rate" => "1.06"}, record! {"id" => 2, "rate" => "n/a"}];
        let rates = Pipeline::builder("rates").on_error(OnError::skip(Limit::records(1))).read_vec(rates);
        let rates = rates.untyped().cast("rate", crate::Type::Float);
        let flow = Pipeline::builder("orders").read_vec(vec![record! {"id" => 1}]).untyped();
        let flow = flow.lookup(rates, "id", Memory::mib(1));
        let pipeline = flow.write_fn(|_, _| async { Ok(()) }).unwrap();
        let report = pipeline.run_blocking(&RunContext::new()).unwrap();

        let table = report.steps[1].table.as_deref().unwrap();
        assert_eq!((table.written.records, table.rejected(), report.rejected()), (1, 1, 0));
        let rejected = "step[1] (cast) rejected record 2: field `rate`: expected a number, found text `n/a`";
        assert_eq!(format!("{:#}", table.rejections[0]), rejected);
        assert!(
            report.to_string().ends_with("\n  1 lookup: rejected records of the table `rates`: 1"),
            "{report}"
        );
        assert!(report.to_json().contains(r#""table":{"records":1,"rejected":1}"#));
    }
}
