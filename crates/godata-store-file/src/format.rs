//! The lines of both files: one JSON object each, which ends with its checksum.
//!
//! The last field of a line is `"crc"`: the CRC-32 (that of ISO-HDLC, which `gzip` and `zip` use) of the line's bytes
//! before `,"crc":`, as eight hexadecimal digits. Nothing is serialized anew to check it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;

use godata_core::{Commit, PipelineName, PipelineRecord, RunChange, RunId, RunRecord, debug_as_chain};
use serde::{Deserialize, Serialize};

/// The version that is written, and the last one that is read.
pub(crate) const VERSION: u64 = 1;

/// No line has a greater number: readers of JSON that know floating-point numbers alone would change it.
const MAX_NUMBER: u64 = 1 << 53;

/// `,"crc":"00000000"}`
const SEAL_LEN: usize = 18;

/// What is wrong with a line.
#[derive(thiserror::Error)]
pub(crate) enum Fault {
    #[error("the line does not end with its checksum")]
    Unsealed,
    #[error("the line does not match its checksum")]
    Checksum,
    #[error("the line has other fields or values than belong there")]
    Content(#[from] serde_json::Error),
    #[error("the line has number {found}, and number {expected} was expected")]
    Number { expected: u64, found: u64 },
    #[error("the line has number {number}, which is larger than any that is written")]
    TooLarge { number: u64 },
    #[error("the file ends within a line")]
    Unfinished,
    #[error("the file is empty")]
    Empty,
    #[error("lines are missing at the end of the file")]
    TooShort,
    #[error("there is a line after the last one")]
    Trailing,
    #[error("the file is missing, but other files of the store exist")]
    Missing,
    #[error("the journal that belongs to it, {id}, is missing")]
    NoJournal { id: JournalId },
}

debug_as_chain!(Fault);

/// Names one journal, so that no other is taken for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct JournalId(String);

impl JournalId {
    pub(crate) fn generate() -> Self {
        Self(format!("{:016x}", RandomState::new().build_hasher().finish()))
    }
}

impl std::fmt::Display for JournalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first line of a journal.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JournalHeader {
    #[serde(rename = "godata_journal")]
    pub(crate) version: u64,
    pub(crate) id: JournalId,
}

/// What a line of a journal changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pipeline: Option<PipelineRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<RunRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forget_runs: Vec<RunId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forget_pipelines: Vec<PipelineName>,
}

/// The [`Change`] that a commit makes, without a copy of its runs.
#[derive(Serialize)]
pub(crate) struct CommitBody<'a> {
    pipeline: PipelineRecord,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<&'a RunRecord>,
}

impl<'a> CommitBody<'a> {
    pub(crate) fn of(commit: &'a Commit) -> Self {
        let mut pipeline = commit.pipeline.clone();
        // With any other rev it is not made.
        pipeline.rev = pipeline.rev.saturating_add(1);
        Self { pipeline, runs: commit.runs.iter().map(RunChange::run).collect() }
    }
}

/// Another line of a journal.
#[derive(Debug, Deserialize)]
pub(crate) struct JournalLine {
    /// One more than that of the line before.
    pub(crate) n: u64,
    /// Up to which number everything was durable when this line was written. So if the line is there, these were.
    pub(crate) synced: u64,
    /// The journal that goes on after this line, which is the last.
    pub(crate) next: Option<JournalId>,
    /// Whether the store was closed after everything before was synced. The line is not counted: whoever opens the store
    /// next writes over it.
    #[serde(default)]
    pub(crate) closed: bool,
    // The fields of a `Change`, since flattened ones are read far slower.
    pipeline: Option<PipelineRecord>,
    #[serde(default)]
    runs: Vec<RunRecord>,
    #[serde(default)]
    forget_runs: Vec<RunId>,
    #[serde(default)]
    forget_pipelines: Vec<PipelineName>,
}

impl JournalLine {
    pub(crate) fn into_change(self) -> Change {
        let Self { pipeline, runs, forget_runs, forget_pipelines, .. } = self;
        Change { pipeline, runs, forget_runs, forget_pipelines }
    }
}

/// The first line of a snapshot, and its number is 0.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotHeader {
    pub(crate) n: u64,
    #[serde(rename = "godata_store")]
    pub(crate) version: u64,
    /// The last line of the journals that is in it.
    pub(crate) through: u64,
    /// The journal that has the lines after it.
    pub(crate) journal: JournalId,
}

/// Another line of a snapshot: one of the three.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotLine<P = PipelineRecord, R = RunRecord> {
    /// One more than that of the line before.
    pub(crate) n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pipeline: Option<P>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<End>,
}

/// How many rows of each kind a snapshot has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) pipelines: u64,
    pub(crate) runs: u64,
}

/// Appends an object and its checksum, without a line's end.
pub(crate) fn write_object(to: &mut Vec<u8>, object: &impl Serialize) -> serde_json::Result<()> {
    let begin = to.len();
    serde_json::to_writer(&mut *to, object)?;
    to.pop();
    seal(to, begin);
    Ok(())
}

/// The fields of a journal's line after its numbers.
pub(crate) fn body(change: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut body = serde_json::to_vec(change)?;
    body.pop();
    Ok(body)
}

/// Appends a line of a journal. The body is an object without its last brace.
pub(crate) fn write_line(to: &mut Vec<u8>, n: u64, synced: u64, body: &[u8]) {
    let begin = to.len();
    put(to, format_args!("{{\"n\":{n},\"synced\":{synced},"));
    to.extend(body.get(1..).unwrap_or_default());
    seal(to, begin);
    to.push(b'\n');
}

/// Appends the last line of a journal, which names the one that goes on.
pub(crate) fn write_next(to: &mut Vec<u8>, n: u64, synced: u64, next: &JournalId) {
    write_line(to, n, synced, format!("{{\"next\":\"{next}\"").as_bytes());
}

/// Appends the last line of a journal whose store was closed.
pub(crate) fn write_closed(to: &mut Vec<u8>, number: u64) {
    write_line(to, number + 1, number, b"{\"closed\":true");
}

/// Checks an object that was written, and returns it.
pub(crate) fn read_object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Fault> {
    let at = bytes.len().checked_sub(SEAL_LEN).ok_or(Fault::Unsealed)?;
    let (content, found) = bytes.split_at(at);
    let digits = found.strip_prefix(b",\"crc\":\"").and_then(|found| found.strip_suffix(b"\"}"));
    let digits = digits.ok_or(Fault::Unsealed)?;
    if digits != format!("{:08x}", crc32fast::hash(content)).as_bytes() {
        return Err(Fault::Checksum);
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// Checks a line of a journal, without its end.
pub(crate) fn read_line(bytes: &[u8]) -> Result<JournalLine, Fault> {
    let line: JournalLine = read_object(bytes)?;
    check_number(line.n).map(|()| line)
}

pub(crate) fn check_number(number: u64) -> Result<(), Fault> {
    if number < MAX_NUMBER { Ok(()) } else { Err(Fault::TooLarge { number }) }
}

/// Ends the object that begins there.
fn seal(to: &mut Vec<u8>, begin: usize) {
    let crc = crc32fast::hash(to.get(begin..).unwrap_or_default());
    put(to, format_args!(",\"crc\":\"{crc:08x}\"}}"));
}

fn put(to: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    to.write_fmt(text).expect("a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u64) -> Vec<u8> {
        let mut line = Vec::new();
        write_line(&mut line, n, n - 1, b"{\"forget_pipelines\":[\"orders\"]");
        line
    }

    #[test]
    fn a_line_is_json_that_ends_with_the_checksum_of_what_is_before() {
        let text = String::from_utf8(line(7)).unwrap();
        // printf '{"n":7,"synced":6,"forget_pipelines":["orders"]' | gzip -c | tail -c8 | head -c4 | xxd -e
        assert_eq!(text, "{\"n\":7,\"synced\":6,\"forget_pipelines\":[\"orders\"],\"crc\":\"0e5ee84f\"}\n");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn what_was_written_is_read() {
        let line = read_line(line(7).trim_ascii_end()).unwrap();
        assert_eq!((line.n, line.synced, line.closed), (7, 6, false));
        assert_eq!(line.into_change().forget_pipelines, [PipelineName::new("orders").unwrap()]);

        let (mut last, id) = (Vec::new(), JournalId::generate());
        write_next(&mut last, 8, 7, &id);
        assert_eq!(read_line(last.trim_ascii_end()).unwrap().next, Some(id));

        let mut closed = Vec::new();
        write_closed(&mut closed, 8);
        let closed = read_line(closed.trim_ascii_end()).unwrap();
        assert_eq!((closed.n, closed.synced, closed.closed), (9, 8, true));
    }

    #[test]
    fn no_byte_can_be_changed_and_no_number_is_too_large() {
        let line = line(7);
        let line = line.trim_ascii_end();
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.to_vec();
                changed[at] ^= 1 << bit;
                assert!(read_line(&changed).is_err(), "bit {bit} of byte {at}");
            }
        }
        let mut large = Vec::new();
        write_line(&mut large, u64::MAX, 0, b"{\"runs\":[]");
        assert!(matches!(read_line(large.trim_ascii_end()), Err(Fault::TooLarge { number: u64::MAX })));
    }
}
