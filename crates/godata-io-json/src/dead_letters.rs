//! Reading dead letters, and replaying the records in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use godata_core::{RunContext, debug_as_chain, excerpt};
use godata_etl::{Pipeline, PipelineError};
use godata_io::Input;
use serde::{Deserialize, Serialize};

use crate::jsonl;

/// Reads the dead letters that [`OnError::dead_letter`](crate::etl::OnError::dead_letter) has written as JSON Lines; other formats
/// of letters can't be read. All of them are read into memory, so give the run that writes them a [limit](crate::etl::Limit).
///
/// To replay the records, fix the pipeline, or edit `raw` in the letters. Then [`input`](DeadLetters::input) is the input of a
/// second run, through the same reader and the same steps. Move the file of letters away after a replay that succeeded:
/// otherwise the next replay reads the same records again.
///
/// ```
/// use godata_io_json::etl::{Flow, Limit, OnError, Records};
/// use godata_io_json::{BoxError, Input, Output, Pipeline, RunContext, dead_letters, jsonl};
///
/// fn paid(input: Input, is_mended: bool) -> Flow<Records> {
///     Pipeline::builder("paid")
///         .on_error(OnError::dead_letter(jsonl::write("bad.jsonl"), Limit::records(100)))
///         .read(jsonl::read_records(input))
///         .try_filter(move |order| match order.str("paid") {
///             Some("true") => Ok(true),
///             Some("false") => Ok(false),
///             Some("yes") if is_mended => Ok(true),
///             other => Err(format!("`paid` is {other:?}").into()),
///         })
/// }
///
/// # fn main() -> Result<(), BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # std::env::set_current_dir(&folder)?;
/// let cx = RunContext::new();
/// let (yes, no) = ("{\"id\":1,\"paid\":\"yes\"}\n", "{\"id\":2,\"paid\":\"true\"}\n");
/// let report = paid(Input::bytes("orders", [yes, no].concat()), false).write(jsonl::write("paid.jsonl"))?.run_blocking(&cx)?;
/// assert_eq!((report.written.records, report.rejected()), (1, 1));
///
/// let letters = dead_letters("bad.jsonl")?;
/// assert!(letters.iter().all(|letter| letter.error == "`paid` is Some(\"yes\")"));
/// let paid = paid(letters.input()?, true).write(jsonl::write(Output::path("paid.jsonl").append()))?;
/// paid.run_blocking(&cx)?;
/// assert_eq!(std::fs::read_to_string("paid.jsonl")?, [no, yes].concat());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The file can't be read, or a line of it is no dead letter. An empty file has no letters.
pub fn dead_letters(input: impl Into<Input>) -> Result<DeadLetters, PipelineError> {
    let input = input.into();
    let letters = Arc::new(Mutex::new(Vec::new()));
    let read = Arc::clone(&letters);
    let pipeline = Pipeline::builder("dead letters").read(jsonl::read::<DeadLetter>(input));
    let pipeline = pipeline.write_fn(move |_cx, batch: Vec<DeadLetter>| {
        read.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        std::future::ready(Ok(()))
    })?;
    // A thread of its own, because the caller may be on a runtime.
    let run = || pipeline.run_blocking(&RunContext::new());
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let letters = std::mem::take(&mut *letters.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(DeadLetters { letters })
}

/// What is kept of a rejected record.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The pipeline that rejected it.
    pub pipeline: String,
    /// The run.
    pub run_id: String,
    /// Which attempt of the run, from 1.
    pub attempt: u32,
    /// When it was rejected, in RFC 3339.
    pub time: String,
    /// The stage that rejected it, such as `read` or `step[2] (cast)`.
    pub stage: String,
    /// The index of the step; `None` for reading and writing.
    pub step: Option<usize>,
    /// The file that it was read from.
    pub file: Option<String>,
    /// The number of the record in its file, from 1.
    pub record: Option<u64>,
    /// The line on which it starts, from 1; for a JSON value of several lines that can't be read, the line of the fault.
    pub line: Option<u64>,
    /// Where it starts in the text of its file, in bytes from 0.
    pub byte: Option<u64>,
    /// The column that has the fault.
    pub column: Option<String>,
    /// The kind of fault; see [`RejectKind`](crate::etl::RejectKind).
    pub kind: String,
    /// Why it was rejected, with all causes.
    pub error: String,
    /// The record as it was read, line end included, if it is UTF-8.
    pub raw: Option<String>,
    /// The record as it was read, in hexadecimal digits, if it is not UTF-8 or has a NUL.
    pub raw_hex: Option<String>,
    /// The header of its file, line end included.
    pub header: Option<String>,
}

impl DeadLetter {
    /// The bytes of the record as it was read; `None` if its reader has no bytes, or if `raw_hex` is not hexadecimal.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.raw, &self.raw_hex) {
            (Some(raw), _) => Some(raw.clone().into_bytes()),
            (None, Some(hex)) => {
                let pairs = hex.as_bytes().chunks(2);
                pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
            }
            (None, None) => None,
        }
    }
}

/// Dead letters; made by [`dead_letters`].
#[derive(Clone, Debug)]
pub struct DeadLetters {
    letters: Vec<DeadLetter>,
}

impl DeadLetters {
    /// The letters, in the order of the file.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &DeadLetter> {
        self.letters.iter()
    }

    /// The rejected records as they were read. Read them with the reader that rejected them, or, for elements of a JSON array, with
    /// [`concatenated`](crate::jsonl::JsonlReader::concatenated) of JSON Lines. Without letters, any reader reads no records.
    ///
    /// Each record is a source of its own, below the header of its file. Its name is the place of the record, such as
    /// `orders.csv:124`, so an error of the replay leads back to the first file. So does a letter of the replay, also after
    /// several replays. A record that has several letters of one run is read once: if a step made several records from one, such
    /// as `flat_map`, the one comes back whole.
    ///
    /// The input is not compressed, and already converted to UTF-8.
    ///
    /// # Errors
    ///
    /// [`ReplayError`], if the files have several headers, or if a letter has no bytes.
    pub fn input(&self) -> Result<Input, ReplayError> {
        let mut inputs = self.inputs()?;
        match (inputs.len(), inputs.pop()) {
            (0 | 1, input) => Ok(input.map_or_else(|| Input::bytes_of([("", ""); 0]), |(_, input)| input)),
            (headers, _) => Err(ReplayError::Headers { headers }),
        }
    }

    /// Like [`input`](Self::input), with an input for each header, in the order of the letters. For CSV files with different
    /// columns.
    ///
    /// # Errors
    ///
    /// [`ReplayError::NoBytes`].
    pub fn inputs(&self) -> Result<Vec<(Option<&str>, Input)>, ReplayError> {
        let mut seen = BTreeSet::new();
        let mut names = BTreeMap::new();
        let mut headers = Vec::new();
        let mut sources: BTreeMap<Option<&str>, Vec<(String, Vec<u8>)>> = BTreeMap::new();
        for letter in &self.letters {
            let bytes = letter.bytes().ok_or_else(|| ReplayError::NoBytes { place: place_of(letter) })?;
            // A step that makes several records from one may reject several of them.
            if letter.byte.is_some() && !seen.insert((&letter.run_id, &letter.file, letter.byte)) {
                continue;
            }
            let header = letter.header.as_deref();
            let of_header = sources.entry(header).or_insert_with(|| {
                headers.push(header);
                Vec::new()
            });
            let name = unique(source_of(letter), &mut names);
            of_header.push((name, [header.unwrap_or_default().as_bytes(), &bytes].concat()));
        }
        let input = |header| (header, Input::bytes_of(sources.remove(&header).unwrap_or_default()));
        Ok(headers.into_iter().map(input).collect())
    }
}

/// The name of the source that has the record of a letter alone: its file and line. The letter of a replay has such a name as its
/// file.
fn source_of(letter: &DeadLetter) -> String {
    let Some(file) = &letter.file else { return "dead letter".to_owned() };
    let replayed = without_count(file);
    let has_line = replayed.rsplit_once(':').is_some_and(|(_, line)| is_number(line));
    match (letter.line, letter.record) {
        (_, Some(1)) if has_line => replayed.to_owned(),
        (Some(line), _) => format!("{file}:{line}"),
        (None, Some(record)) => format!("{file}, record {record}"),
        (None, None) => file.clone(),
    }
}

/// Numbers the names that occur several times, such as those of two records on one line: `in.json:1`, `in.json:1 (2)`.
fn unique(name: String, names: &mut BTreeMap<String, u64>) -> String {
    let count = names.entry(name.clone()).or_default();
    *count += 1;
    if *count == 1 { name } else { format!("{name} ({count})") }
}

/// A name without the number that [`unique`] gave it.
fn without_count(name: &str) -> &str {
    let counted = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    counted.filter(|(_, count)| is_number(count)).map_or(name, |(name, _)| name)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn place_of(letter: &DeadLetter) -> String {
    let number = |what: &str, number: Option<u64>| number.map(|number| format!(" {what} {number}"));
    let place = number("line", letter.line).or_else(|| number("record", letter.record)).unwrap_or_default();
    let file = letter.file.as_ref().map(|file| format!(" of `{file}`")).unwrap_or_default();
    format!("{}{place}{file}", letter.stage)
}

/// Why records can't be replayed from their dead letters.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A letter has no bytes, because its reader has none, or because `raw_hex` is not hexadecimal.
    #[error(
        "the dead letter of {} has no bytes of its record, so the record can't be replayed",
        excerpt(place)
    )]
    #[non_exhaustive]
    NoBytes {
        /// The stage, and the record's place.
        place: String,
    },
    /// The letters come from files with different headers.
    #[error("the letters come from files with {headers} different headers; use `inputs`")]
    #[non_exhaustive]
    Headers {
        /// How many headers there are.
        headers: usize,
    },
}

debug_as_chain!(ReplayError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_after_the_place_of_its_record() {
        let table = [
            (None, None, None, "dead letter"),
            (Some("in.csv"), None, None, "in.csv"),
            (Some("in.csv"), None, Some(7), "in.csv, record 7"),
            (Some("in.csv"), Some(8), Some(7), "in.csv:8"),
            (Some("in.csv"), Some(2), Some(1), "in.csv:2"),
            (Some("C:\\in.csv"), Some(2), Some(1), "C:\\in.csv:2"),
            (Some("in (1)"), Some(2), Some(1), "in (1):2"),
            // Those of a replay.
            (Some("in.csv:8"), Some(2), Some(1), "in.csv:8"),
            (Some("in.csv:8 (3)"), Some(2), Some(1), "in.csv:8"),
            (Some("in.csv:8"), Some(3), Some(2), "in.csv:8:3"),
        ];
        for (file, line, record, name) in table {
            let letter = serde_json::json!({
                "pipeline": "p", "run_id": "r", "attempt": 1, "time": "", "stage": "read", "kind": "type", "error": "",
                "file": file, "line": line, "record": record,
            });
            assert_eq!(source_of(&serde_json::from_value(letter).unwrap()), name);
        }
    }
}
