//! Reading dead letters, and the records in them once more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use godata_core::{RunContext, debug_as_chain, excerpt};
use godata_etl::{Pipeline, PipelineError};
use godata_io::Input;
use serde::{Deserialize, Serialize};

use crate::jsonl;

/// Reads the dead letters that [`OnError::dead_letter`](crate::etl::OnError::dead_letter) has written as JSON Lines. They are all in
/// memory then, so give the run that writes them a [limit](crate::etl::Limit).
///
/// Once the pipeline or the letters are mended, [`input`](DeadLetters::input) is the input of a second run, through the same
/// reader and the same steps:
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
    /// The line on which it starts, from 1.
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

    /// The records as they were read, each once, below the header of their file. Read it with the reader that rejected them, or,
    /// for elements of a JSON array, with `concatenated()` of JSON Lines.
    ///
    /// The text is UTF-8 and not compressed, whatever the file was.
    ///
    /// # Errors
    ///
    /// [`ReplayError`], if the files have several headers, or if a letter has no bytes.
    pub fn input(&self) -> Result<Input, ReplayError> {
        let mut inputs = self.inputs()?;
        match (inputs.len(), inputs.pop()) {
            (0 | 1, input) => Ok(input.map_or_else(|| Input::bytes("dead letters", ""), |(_, input)| input)),
            (headers, _) => Err(ReplayError::Headers { headers }),
        }
    }

    /// Like [`input`](Self::input), with an input for each header, in the order of the letters.
    ///
    /// # Errors
    ///
    /// [`ReplayError::NoBytes`].
    pub fn inputs(&self) -> Result<Vec<(Option<&str>, Input)>, ReplayError> {
        let mut seen = BTreeSet::new();
        let mut headers = Vec::new();
        let mut texts: BTreeMap<Option<&str>, Vec<u8>> = BTreeMap::new();
        for letter in &self.letters {
            let bytes = letter.bytes().ok_or_else(|| ReplayError::NoBytes { place: place_of(letter) })?;
            // A step that makes several records from one may reject several of them, and a run may have been repeated.
            if letter.byte.is_some() && !seen.insert((&letter.file, letter.byte, bytes.clone())) {
                continue;
            }
            let header = letter.header.as_deref();
            let text = texts.entry(header).or_insert_with(|| {
                headers.push(header);
                header.unwrap_or_default().as_bytes().to_vec()
            });
            text.extend(bytes);
            if text.last() != Some(&b'\n') {
                text.push(b'\n');
            }
        }
        let input = |header| {
            let text = texts.remove(&header).unwrap_or_default();
            (header, Input::bytes("dead letters", text))
        };
        Ok(headers.into_iter().map(input).collect())
    }
}

fn place_of(letter: &DeadLetter) -> String {
    let number = |what: &str, number: Option<u64>| number.map(|number| format!(" {what} {number}"));
    let place = number("line", letter.line).or_else(|| number("record", letter.record)).unwrap_or_default();
    let file = letter.file.as_ref().map(|file| format!(" of `{file}`")).unwrap_or_default();
    format!("{}{place}{file}", letter.stage)
}

/// Why records can't be read once more from their dead letters.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A letter has no bytes, because its reader has none, or because they are no hexadecimal digits.
    #[error(
        "the dead letter of {} has no bytes of its record, so the record can't be read once more",
        excerpt(place)
    )]
    #[non_exhaustive]
    NoBytes {
        /// The stage, and the record's place.
        place: String,
    },
    /// The records are of files with several headers.
    #[error("the records have {headers} different headers, so they are no single input: use `inputs`")]
    #[non_exhaustive]
    Headers {
        /// How many.
        headers: usize,
    },
}

debug_as_chain!(ReplayError);
