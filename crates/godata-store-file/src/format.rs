//! The lines of both files. Each is one JSON object that ends with its checksum.
//!
//! The last field of a line is `"crc"`: the CRC-32 (that of ISO-HDLC, which `gzip` and `zip` use) of the line's bytes
//! before `,"crc":`, as eight hexadecimal digits. Checking a line does not serialize it again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;

use godata_core::{Commit, PipelineName, PipelineRecord, RunChange, RunId, RunRecord, debug_as_chain};
use serde::{Deserialize, Serialize};

/// The version that is written, and the newest that can be read.
pub(crate) const VERSION: u64 = 1;

/// Line numbers stay below this, because JSON readers that use floating-point numbers would round larger ones.
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
    #[error("the line has fields or values that do not belong there")]
    Content(#[from] serde_json::Error),
    #[error("the line has number {found}, and number {expected} was expected")]
    Number { expected: u64, found: u64 },
    #[error("the line has number {number}, which is larger than the store ever writes")]
    TooLarge { number: u64 },
    #[error("the file ends within a line")]
    Unfinished,
    #[error("the file is empty")]
    Empty,
    #[error("lines are missing at the end of the file")]
    TooShort,
    #[error("there is a line after the end of the snapshot")]
    Trailing,
    #[error("the file is missing, but other files of the store exist")]
    Missing,
    #[error("the journal that belongs to it, {id}, is missing")]
    NoJournal { id: JournalId },
}

debug_as_chain!(Fault);

/// Identifies one journal, so that no other one is mistaken for it.
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

/// The rows that a line of a journal changes.
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

/// The [`Change`] that a commit makes, borrowing its runs.
#[derive(Serialize)]
pub(crate) struct CommitBody<'a> {
    pipeline: PipelineRecord,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<&'a RunRecord>,
}

impl<'a> CommitBody<'a> {
    pub(crate) fn of(commit: &'a Commit) -> Self {
        let mut pipeline = commit.pipeline.clone();
        // A commit is refused unless this is the next rev.
        pipeline.rev = pipeline.rev.saturating_add(1);
        Self { pipeline, runs: commit.runs.iter().map(RunChange::run).collect() }
    }
}

/// A line of a journal after the header.
#[derive(Debug, Deserialize)]
pub(crate) struct JournalLine {
    /// One more than that of the line before.
    pub(crate) n: u64,
    /// The last line that was durable when this line was written.
    pub(crate) synced: u64,
    /// The journal that continues this one; then this is the last line.
    pub(crate) next: Option<JournalId>,
    /// Whether the store was closed after all earlier lines were synced. This line is not counted: the next process to open
    /// the store overwrites it.
    #[serde(default)]
    pub(crate) closed: bool,
    // The fields of a `Change`, not flattened, because serde reads flattened fields far slower.
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

/// The first line of a snapshot, which has number 0.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotHeader {
    pub(crate) n: u64,
    #[serde(rename = "godata_store")]
    pub(crate) version: u64,
    /// The number of the last journal line that the snapshot contains.
    pub(crate) through: u64,
    /// The journal that has the following lines.
    pub(crate) journal: JournalId,
}

/// A line of a snapshot after the header; it has exactly one of the three rows.
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

/// Appends an object with its checksum, without a line end.
pub(crate) fn write_object(to: &mut Vec<u8>, object: &impl Serialize) -> serde_json::Result<()> {
    let start = to.len();
    serde_json::to_writer(&mut *to, object)?;
    to.pop();
    seal(to, start);
    Ok(())
}

/// The fields of a journal line after its numbers, as an object without the closing brace.
pub(crate) fn body(change: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut body = serde_json::to_vec(change)?;
    body.pop();
    Ok(body)
}

/// Appends a line of a journal. `body` is an object without its closing brace.
pub(crate) fn write_line(to: &mut Vec<u8>, n: u64, synced: u64, body: &[u8]) {
    let start = to.len();
    put(to, format_args!("{{\"n\":{n},\"synced\":{synced},"));
    to.extend(body.get(1..).unwrap_or_default());
    seal(to, start);
    to.push(b'\n');
}

/// Appends the last line of a journal, which names the journal that continues it.
pub(crate) fn write_next(to: &mut Vec<u8>, n: u64, synced: u64, next: &JournalId) {
    write_line(to, n, synced, format!("{{\"next\":\"{next}\"").as_bytes());
}

/// Appends the last line of a journal whose store was closed.
pub(crate) fn write_closed(to: &mut Vec<u8>, number: u64) {
    write_line(to, number + 1, number, b"{\"closed\":true");
}

/// Checks the checksum of an object and parses it.
pub(crate) fn read_object<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Fault> {
    check_seal(bytes)?;
    Ok(serde_json::from_slice(bytes)?)
}

/// Whether a line of any file has the checksum that only a store writes.
pub(crate) fn is_sealed(line: &[u8]) -> bool {
    // A snapshot is an array.
    let object = line.strip_prefix(b"[").unwrap_or(line);
    let object = object.strip_suffix(b",").or(object.strip_suffix(b"]")).unwrap_or(object);
    check_seal(object).is_ok()
}

fn check_seal(bytes: &[u8]) -> Result<(), Fault> {
    let at = bytes.len().checked_sub(SEAL_LEN).ok_or(Fault::Unsealed)?;
    let (content, found) = bytes.split_at(at);
    let digits = found.strip_prefix(b",\"crc\":\"").and_then(|found| found.strip_suffix(b"\"}"));
    let digits = digits.ok_or(Fault::Unsealed)?;
    if digits != format!("{:08x}", crc32fast::hash(content)).as_bytes() {
        return Err(Fault::Checksum);
    }
    Ok(())
}

/// Checks and parses a line of a journal, without its line end.
pub(crate) fn read_line(bytes: &[u8]) -> Result<JournalLine, Fault> {
    let line: JournalLine = read_object(bytes)?;
    check_number(line.n).map(|()| line)
}

pub(crate) fn check_number(number: u64) -> Result<(), Fault> {
    if number < MAX_NUMBER { Ok(()) } else { Err(Fault::TooLarge { number }) }
}

/// Ends the object that starts at `start` with its checksum.
fn seal(to: &mut Vec<u8>, start: usize) {
    let crc = crc32fast::hash(to.get(start..).unwrap_or_default());
    put(to, format_args!(",\"crc\":\"{crc:08x}\"}}"));
}

fn put(to: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    to.write_fmt(text).expect("writing to a vector does not fail");
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
    fn a_line_is_json_and_ends_with_the_checksum_of_the_bytes_before_it() {
        let text = String::from_utf8(line(7)).unwrap();
        // printf '{"n":7,"synced":6,"forget_pipelines":["orders"]' | gzip -c | tail -c8 | head -c4 | xxd -e
        assert_eq!(text, "{\"n\":7,\"synced\":6,\"forget_pipelines\":[\"orders\"],\"crc\":\"0e5ee84f\"}\n");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn lines_that_were_written_can_be_read() {
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
    fn a_flipped_bit_or_a_number_that_is_too_large_is_refused() {
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
