//! A table of runs.

use std::fmt;
use std::iter;

use godata_core::{RunRecord, RunStatus, excerpt_within};
use time::format_description::well_known::Rfc3339;
use time::{Duration, UtcDateTime};

use crate::decide::GONE;

/// Runs, newest first. `Display` prints them as a table, and below it how many runs have each status. The last line has a line
/// break too, so use `print!`.
///
/// Below a run that failed, was skipped, canceled or interrupted, a line says why: its error or its
/// [`reason`](RunRecord::reason), up to 96 characters, so that the line fits into 100 columns. If that has cut the newest error,
/// it follows as the last line.
///
/// The table has no duration and no counts for a run whose process died: its end was not seen, and its
/// [`ended_at`](RunRecord::ended_at) is when another process found it.
///
/// The table is for a terminal: control characters of an error or a reason are escaped, and only the first 1,000 characters of
/// the last error are printed. The row has the whole text.
///
/// ```
/// use godata_orchestrator::{BoxError, MemoryStore, Orchestrator, Registration, RunQuery, job_fn};
/// use godata_runner::Runner;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
/// orchestrator.register_with(Registration::new(job_fn("import", |_cx| async { Ok(()) }))).await?;
/// orchestrator.run_pipeline("import").await?.done().await?;
///
/// let history = orchestrator.history(&RunQuery::new()).await?;
/// assert_eq!(history.runs.len(), 1);
/// assert!(history.to_string().ends_with("1 run: 1 succeeded\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The stored rows.
    pub runs: Vec<RunRecord>,
}

const HEAD: [&str; 8] = ["pipeline", "status", "cause", "due", "started", "took", "read", "written"];

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = [HEAD.map(String::from)].into_iter().chain(self.runs.iter().map(cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; HEAD.len()] = std::array::from_fn(width);
        let why = iter::once(None).chain(self.runs.iter().map(why));
        for (line, why) in lines.iter().zip(why) {
            let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
            if let Some(why) = why {
                writeln!(f, "  {}", fitting(&why))?;
            }
        }
        self.write_counts(f)?;
        let newest = self.runs.iter().find_map(|run| Some((run, run.error.as_ref()?.to_string())));
        match newest.map(|(run, error)| (run, short_line(&error))) {
            Some((run, error)) if fitting(&error) != error => {
                writeln!(f, "last error: {}: {error}", run.pipeline_name)
            }
            _ => Ok(()),
        }
    }
}

impl History {
    /// Makes a table of these runs, in this order.
    #[must_use]
    pub fn new(runs: Vec<RunRecord>) -> Self {
        Self { runs }
    }

    /// Writes how many runs have each status.
    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |status| self.runs.iter().filter(|run| run.status == status).count();
        let counts = RunStatus::ALL.into_iter().map(|status| (status, count(status)));
        let counts =
            counts.filter(|(_, count)| *count > 0).map(|(status, count)| format!("{count} {status}"));
        let counts: Vec<_> = counts.collect();
        let all = self.runs.len();
        write!(f, "{all} {}", if all == 1 { "run" } else { "runs" })?;
        if counts.is_empty() { writeln!(f) } else { writeln!(f, ": {}", counts.join(", ")) }
    }
}

fn cells(run: &RunRecord) -> [String; HEAD.len()] {
    let status = match run.covers {
        Some(covers) => format!("{} x{}{}", run.status, covers.count, if covers.exact { "" } else { "+" }),
        None if run.attempt > 1 => format!("{} (attempt {})", run.status, run.attempt),
        None => run.status.to_string(),
    };
    let was_seen_to_end = run.reason.as_deref() != Some(GONE);
    let took = run.ended_at.zip(run.started_at).filter(|_| was_seen_to_end);
    // The clock may have been set back during the run.
    let took = took.map(|(ended, started)| (ended - started).max(Duration::ZERO));
    // The counts are stored when the run ends.
    let has_counts = run.started_at.is_some() && run.ended_at.is_some() && was_seen_to_end;
    let number = |count: u64| if has_counts { count.to_string() } else { String::new() };
    [
        run.pipeline_name.to_string(),
        status,
        run.cause.to_string(),
        run.due.map(whole_seconds).unwrap_or_default(),
        run.started_at.map(whole_seconds).unwrap_or_default(),
        took.map(|took| format!("{:.3} s", took.as_seconds_f64())).unwrap_or_default(),
        number(run.counts.records_read),
        number(run.counts.records_written),
    ]
}

/// Why the run has its status, or how many records it rejected, if the table says so.
fn why(run: &RunRecord) -> Option<String> {
    let rejected = run.counts.records_rejected;
    if run.status == RunStatus::Succeeded && rejected > 0 {
        return Some(format!("rejected {rejected} record{}", if rejected == 1 { "" } else { "s" }));
    }
    let is_told = run.status.is_terminal() && run.status != RunStatus::Succeeded;
    let why = run.error.as_ref().map(ToString::to_string).or_else(|| run.reason.clone());
    why.filter(|why| is_told && !why.is_empty())
}

/// How many characters of a reason the table shows: with the indent and `…`, fewer than 100.
const WHY: usize = 96;

/// The beginning of a text, escaped, so that its line fits into a terminal. An escape is longer than its character.
fn fitting(text: &str) -> String {
    excerpt_within(&excerpt_within(text, WHY), WHY)
}

fn whole_seconds(at: UtcDateTime) -> String {
    rfc3339(at.replace_nanosecond(0).unwrap_or(at))
}

/// How many characters of an error a line shows.
const SHOWN: usize = 1_000;

/// The beginning of a text on one line, with its control characters escaped.
pub(crate) fn short_line(text: &str) -> String {
    excerpt_within(text, SHOWN)
}

pub(crate) fn rfc3339(at: UtcDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use godata_core::{Cause, Failure, FailureKind, PipelineName, RunKey};

    use super::*;

    fn failed(message: &str) -> RunRecord {
        let pipeline = PipelineName::new("orders").unwrap();
        let now = UtcDateTime::UNIX_EPOCH;
        let mut run =
            RunRecord::new(&pipeline, RunKey::manual("k").unwrap(), Cause::Manual, RunStatus::Failed, now);
        run.error = Some(Failure::new(FailureKind::Failed, message));
        run
    }

    #[test]
    fn an_error_can_neither_forge_a_line_nor_control_the_terminal() {
        let table = History::new(vec![failed("bad\u{1b}]0;owned\u{7}\nfake  succeeded  manual")]).to_string();
        let expected = "\
pipeline  status  cause   due  started  took  read  written
orders    failed  manual
  bad\\u{1b}]0;owned\\u{7}\\nfake  succeeded  manual
1 run: 1 failed
";
        assert_eq!(table, expected);
    }

    #[test]
    fn a_run_that_did_not_succeed_says_why_on_a_line_of_100_columns() {
        let long = "x".repeat(97);
        for text in ["missed", &long[..96], &long, "\u{1b}".repeat(50).as_str(), "\n", ""] {
            for status in RunStatus::ALL {
                let mut run = failed(text);
                run.status = status;
                if status != RunStatus::Failed {
                    (run.error, run.reason) = (None, Some(text.to_owned()));
                }
                let table = History::new(vec![run]).to_string();
                let says_why = !text.is_empty()
                    && !matches!(status, RunStatus::Queued | RunStatus::Running | RunStatus::Succeeded);
                let is_cut = text.len() == 97 || text.starts_with('\u{1b}');
                let has_error_below = is_cut && status == RunStatus::Failed;
                let lines: Vec<_> = table.lines().collect();
                let expected = 3 + usize::from(says_why) + usize::from(has_error_below);
                assert_eq!(lines.len(), expected, "{status}: {table}");
                if says_why {
                    let why = lines[2];
                    assert!(why.starts_with("  ") && why.chars().count() < 100, "{why}");
                    assert_eq!(why.ends_with('…'), is_cut, "{why}");
                }
            }
        }
    }

    #[test]
    fn a_failure_is_shown_with_its_causes() {
        let mut run = failed("read failed");
        if let Some(error) = &mut run.error {
            error.causes = vec!["orders.csv: no such file".to_owned()];
        }
        run.reason = Some("the reason of something else".to_owned());
        let table = History::new(vec![run]).to_string();
        assert_eq!(table.lines().nth(2), Some("  read failed: orders.csv: no such file"));
    }

    #[test]
    fn a_run_that_succeeded_says_how_many_records_it_rejected() {
        for (rejected, line) in
            [(0, "1 run: 1 succeeded"), (1, "  rejected 1 record"), (7, "  rejected 7 records")]
        {
            let mut run = failed("");
            (run.status, run.error, run.counts.records_rejected) = (RunStatus::Succeeded, None, rejected);
            assert_eq!(History::new(vec![run]).to_string().lines().nth(2), Some(line));
        }
    }

    #[test]
    fn a_long_error_is_cut() {
        let table = History::new(vec![failed(&"x".repeat(16_000))]).to_string();
        assert!(table.ends_with(&format!("last error: orders: {}…\n", "x".repeat(1_000))));
    }

    #[test]
    fn a_run_during_which_the_clock_was_set_back_took_no_time() {
        let mut run = failed("e");
        run.started_at = Some(UtcDateTime::UNIX_EPOCH + Duration::HOUR);
        run.ended_at = Some(UtcDateTime::UNIX_EPOCH);
        assert!(History::new(vec![run]).to_string().contains("1970-01-01T01:00:00Z  0.000 s"));
    }
}
