//! The readers and writers: the rows of the matrix.

#![allow(dead_code, reason = "the test and its program each use a part")]

use std::fmt::Write;
use std::path::Path;

use godata::prelude::*;
use godata::{Compression, Output, PipelineBuilder, json};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Row {
    id: u64,
    key: String,
    note: String,
}

/// A reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    CsvRecords,
    CsvTyped,
    JsonlRecords,
    JsonlTyped,
    JsonRecords,
    JsonTyped,
}

pub(crate) const READINGS: [Reading; 6] = [
    Reading::CsvRecords,
    Reading::CsvTyped,
    Reading::JsonlRecords,
    Reading::JsonlTyped,
    Reading::JsonRecords,
    Reading::JsonTyped,
];

/// A writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Csv,
    Jsonl,
    Json,
}

pub(crate) const WRITINGS: [Writing; 3] = [Writing::Csv, Writing::Jsonl, Writing::Json];

/// The kind of target of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Replaced,
    Appended,
    Partitioned,
    /// With a manifest.
    Rolled,
    Stdout,
}

pub(crate) const KINDS: [Kind; 5] =
    [Kind::Replaced, Kind::Appended, Kind::Partitioned, Kind::Rolled, Kind::Stdout];

pub(crate) const COMPRESSIONS: [(&str, Compression); 4] = [
    ("", Compression::None),
    (".gz", Compression::Gzip),
    (".zst", Compression::Zstd),
    (".bz2", Compression::Bzip2),
];

/// How many bytes are read at once: few, so that a run has many batches.
const BLOCK_SIZE: usize = 500;

impl Reading {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::CsvRecords | Self::CsvTyped => "csv",
            Self::JsonlRecords | Self::JsonlTyped => "jsonl",
            Self::JsonRecords | Self::JsonTyped => "json",
        }
    }

    /// A file with this many records, in parts of equal size.
    pub(crate) fn parts(self, records: u64) -> [String; 3] {
        let third = records / 3;
        let part =
            |begin: u64| (begin..begin + third).fold(String::new(), |text, id| text + &self.record(id));
        let [first, second, last] = [part(0), part(third), part(2 * third)];
        match self.extension() {
            "csv" => [format!("id,key,note\n{first}"), second, last],
            "jsonl" => [first, second, last],
            _ => [format!("[{first}"), second, format!("{last}{{\"id\":0,\"key\":\"\",\"note\":\"\"}}]")],
        }
    }

    fn record(self, id: u64) -> String {
        match self.extension() {
            "csv" => format!("{id},k{},{}\n", id % 3, noise(id)),
            "jsonl" => line(id),
            _ => line(id).replace('\n', ",\n"),
        }
    }

    /// Reads `input`, calls `each` for each record, and writes JSON Lines.
    pub(crate) fn pipeline(
        self,
        input: Input,
        output: &Path,
        each: impl Fn() + Send + Sync + 'static,
    ) -> Pipeline {
        let (builder, output) = (Pipeline::builder("reading").workers(1), jsonl::write(output));
        match self {
            Self::CsvRecords => builder
                .read(csv::read_records(input).block_size(BLOCK_SIZE))
                .inspect(move |_| each())
                .write(output),
            Self::CsvTyped => builder
                .read(csv::read::<Row>(input).block_size(BLOCK_SIZE))
                .inspect(move |_| each())
                .write(output),
            Self::JsonlRecords => builder
                .read(jsonl::read_records(input).block_size(BLOCK_SIZE))
                .inspect(move |_| each())
                .write(output),
            Self::JsonlTyped => builder
                .read(jsonl::read::<Row>(input).block_size(BLOCK_SIZE))
                .inspect(move |_| each())
                .write(output),
            Self::JsonRecords => builder
                .read(json::read_records(input).block_size(BLOCK_SIZE))
                .inspect(move |_| each())
                .write(output),
            Self::JsonTyped => builder
                .read(json::read::<Row>(input).block_size(BLOCK_SIZE))
                .inspect(move |_| each())
                .write(output),
        }
        .unwrap()
    }
}

impl Writing {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
        }
    }

    /// Writes records whose `key` is `k0`, `k1` or `k2`.
    pub(crate) fn pipeline(self, builder: PipelineBuilder, records: u64, output: Output) -> Pipeline {
        let lines: String = (0..records).map(line).collect();
        let flow =
            builder.workers(2).read(jsonl::read_records(Input::bytes("rows", lines)).block_size(BLOCK_SIZE));
        match self {
            Self::Csv => flow.write(csv::write(output)),
            Self::Jsonl => flow.write(jsonl::write(output)),
            Self::Json => flow.write(json::write(output)),
        }
        .unwrap()
    }
}

impl Kind {
    /// The output in a folder; `extension` includes format and compression.
    pub(crate) fn output(self, folder: &Path, extension: &str) -> Output {
        let path = folder.join(format!("out.{extension}"));
        match self {
            Self::Replaced => Output::path(path),
            Self::Appended => Output::path(path).append(),
            Self::Partitioned => {
                let template = folder.join(format!("{{key}}/out.{extension}"));
                Output::partitioned(template.display().to_string()).max_open_files(2)
            }
            Self::Rolled => Output::path(path).roll_by_records(10).manifest(folder.join("manifest.json")),
            Self::Stdout => {
                let ending = format!(".{}", extension.rsplit('.').next().unwrap_or_default());
                let found = COMPRESSIONS.into_iter().find(|(extension, _)| *extension == ending);
                Output::stdout().compression(found.map_or(Compression::None, |(_, compression)| compression))
            }
        }
    }

    /// The name of the first file of an output, relative to its folder.
    pub(crate) fn first(self, extension: &str) -> String {
        match self {
            Self::Replaced | Self::Appended => format!("out.{extension}"),
            Self::Partitioned => format!("k0/out.{extension}"),
            Self::Rolled => format!("out-00001.{extension}"),
            Self::Stdout => "stdout".to_owned(),
        }
    }
}

fn line(id: u64) -> String {
    format!("{{\"id\":{id},\"key\":\"k{}\",\"note\":\"{}\"}}\n", id % 3, noise(id))
}

/// A hundred characters that compress to at least fifty bytes.
fn noise(seed: u64) -> String {
    let mut state = seed.wrapping_add(1);
    let mut text = String::new();
    while text.len() < 100 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(text, "{:04x}", state >> 48).unwrap();
    }
    text
}
