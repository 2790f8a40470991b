//! What can be read: every format from every place in every compression.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use godata::prelude::*;
use godata::{Compression, Encoding, error_chain};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use serde::Deserialize;
use tempfile::TempDir;

use support::packing::{PACKINGS, Packing};

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Row {
    id: u32,
    note: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Csv,
    Jsonl,
}

const FORMATS: [Format; 2] = [Format::Csv, Format::Jsonl];
impl Format {
    fn text(self, rows: &[Row]) -> String {
        match self {
            Self::Csv => {
                let rows = rows.iter().map(|row| format!("{},\"{}\"\n", row.id, row.note));
                std::iter::once("id,note\n".to_owned()).chain(rows).collect()
            }
            Self::Jsonl => {
                let line = |row: &Row| serde_json::json!({"id": row.id, "note": row.note}).to_string() + "\n";
                rows.iter().map(line).collect()
            }
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

fn rows(count: u32) -> Vec<Row> {
    (0..count).map(|id| Row { id, note: format!("row, \u{e9} {id}") }).collect()
}

/// The records that a run reads, both typed and dynamic, which must agree. Errors have paths relative to the folder. The
/// report counts the bytes of the files as stored.
fn read(folder: &Path, format: Format, input: &Input, stored: Option<u64>) -> Result<Vec<Row>, String> {
    let message =
        |error: &PipelineError| error_chain(error).to_string().replace(&format!("{}/", folder.display()), "");
    let typed = Pipeline::builder("typed").workers(2);
    let typed = match format {
        Format::Csv => typed.read(csv::read::<Row>(input.clone())),
        Format::Jsonl => typed.read(godata::jsonl::read::<Row>(input.clone())),
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    let pipeline = typed
        .write_fn(move |_, batch: Vec<Row>| std::future::ready(sender.send(batch).map_err(BoxError::from)));
    let cx = RunContext::new();
    let report = pipeline.unwrap().run_blocking(&cx);
    let report = report.map_err(|error| message(&error));
    let typed: Vec<Row> = receiver.try_iter().flatten().collect();
    if let (Ok(report), Some(stored)) = (&report, stored) {
        assert_eq!(report.read.bytes, stored);
        assert_eq!(cx.progress().bytes_expected(), Some(stored));
    }

    let dynamic = Pipeline::builder("dynamic").workers(2);
    let dynamic = match format {
        Format::Csv => dynamic.read(csv::read_records(input.clone())),
        Format::Jsonl => dynamic.read(jsonl::read_records(input.clone())),
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    let pipeline = dynamic
        .cast("id", Type::Int)
        .typed::<Row>()
        .write_fn(move |_, batch: Vec<Row>| std::future::ready(sender.send(batch).map_err(BoxError::from)));
    let outcome = pipeline.unwrap().run_blocking(&RunContext::new()).map_err(|error| message(&error));
    match (report, outcome) {
        (Ok(_), Ok(_)) => assert_eq!(receiver.try_iter().flatten().collect::<Vec<_>>(), typed),
        (Err(error), Err(other)) => {
            assert_eq!(error, other);
            return Err(error);
        }
        (typed, dynamic) => panic!("{typed:?} differs from {dynamic:?}"),
    }
    Ok(typed)
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn add(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn glob(&self, pattern: &str) -> Input {
        Input::glob(self.path().join(pattern).display().to_string())
    }

    /// The message of a run that fails.
    #[track_caller]
    fn failure(&self, format: Format, input: &Input) -> String {
        read(self.path(), format, input, None).unwrap_err()
    }
}

#[test]
fn every_format_is_read_from_every_place_in_every_compression() {
    let all = rows(700);
    for format in FORMATS {
        for packing in PACKINGS {
            let folder = Folder::new();
            let mut stored = 0;
            let mut paths = Vec::new();
            for (number, part) in all.chunks(200).enumerate() {
                let bytes = packing.pack(format.text(part).as_bytes());
                stored += bytes.len() as u64;
                let name = format!("{number}.{}{}", format.extension(), packing.extension());
                paths.push(folder.add(&name, &bytes));
            }
            folder.add(".hidden", b"{");
            fs::create_dir(folder.path().join("directory")).unwrap();
            let one = packing.pack(format.text(&all).as_bytes());
            let one_len = one.len() as u64;
            let elsewhere = Folder::new();
            let name = format!("all.{}{}", format.extension(), packing.extension());
            let path = elsewhere.add(&name, &one);
            let unnamed = elsewhere.add("unnamed", &one);
            let table = [
                ("path", Input::path(path), one_len),
                ("chosen", Input::path(unnamed).compression(packing.chosen()), one_len),
                ("paths", Input::paths(paths), stored),
                ("glob", folder.glob("*"), stored),
                ("directory", Input::directory(folder.path()), stored),
                ("bytes", Input::bytes("all", one).compression(packing.chosen()), one_len),
            ];
            for (place, input, stored) in table {
                let found = read(folder.path(), format, &input, Some(stored));
                assert_eq!(found.as_ref(), Ok(&all), "{format:?} {packing:?} {place}");
            }
        }
    }
}

fn packing() -> impl Strategy<Value = Packing> {
    prop::sample::select(&PACKINGS[..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_records_are_read_however_they_are_split_over_files(
        parts in prop::collection::vec((prop_oneof![Just(0u32), 1u32..20, 5000u32..9000], packing(), any::<bool>()), 1..9),
        format in prop::sample::select(&FORMATS[..]),
    ) {
        let folder = Folder::new();
        let mut expected = Vec::new();
        for (number, (count, packing, ends)) in parts.into_iter().enumerate() {
            let part = rows(count);
            let text = format.text(&part);
            // The last line may lack its end.
            let text = if ends { &text } else { text.trim_end() };
            let name = format!("{number}.{}{}", format.extension(), packing.extension());
            folder.add(&name, &packing.pack(text.as_bytes()));
            expected.extend(part);
        }
        let found = read(folder.path(), format, &Input::directory(folder.path()), None);
        assert_eq!(found, Ok(expected));
    }
}

#[test]
fn a_truncated_or_damaged_file_is_named() {
    for format in FORMATS {
        let text = format.text(&rows(9));
        for packing in PACKINGS.into_iter().filter(|packing| *packing != Packing::Plain) {
            let whole = packing.pack(text.as_bytes());
            // Cut between two parts, the file is whole, with fewer records or a broken one.
            let mut ends = vec![0];
            if matches!(packing, Packing::GzipParts | Packing::ZstdParts | Packing::Bzip2Parts) {
                for part in text.as_bytes().chunks(text.len().div_ceil(3)) {
                    ends.push(ends[ends.len() - 1] + packing.pack_part(part).len());
                }
            }
            let folder = Folder::new();
            let name = format!("a.{}{}", format.extension(), packing.extension());
            let expected = format!("read failed: `{name}` is not whole");
            for cut in (0..whole.len()).filter(|cut| *cut == 0 || !ends.contains(cut)) {
                let path = folder.add(&name, &whole[..cut]);
                let error = folder.failure(format, &Input::path(path));
                assert!(error.starts_with(&expected), "{packing:?} cut at {cut}: {error}");
            }
            let garbage = [&whole[..], b"garbage"].concat();
            let error = folder.failure(format, &Input::path(folder.add(&name, &garbage)));
            assert!(error.starts_with(&expected), "{packing:?}: {error}");
            let mut damaged = whole.clone();
            let last = damaged.len() - 6;
            damaged[last] ^= 0x55;
            let error = folder.failure(format, &Input::path(folder.add(&name, &damaged)));
            assert!(error.starts_with(&expected), "{packing:?}: {error}");
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    for format in FORMATS {
        let failure = |input: &Input| folder.failure(format, input);
        assert_eq!(failure(&folder.glob("*.csv.gz")), "read failed: no file matches `*.csv.gz`");
        assert!(failure(&folder.glob("[a")).starts_with("read failed: `[a` is not a valid pattern: "));
        let missing = folder.path().join("missing");
        let expected = "can't be opened: No such file or directory (os error 2)";
        assert_eq!(failure(&Input::path(&missing)), format!("read failed: `missing` {expected}"));
        let error = failure(&Input::directory(&missing));
        assert!(error.starts_with("read failed: the files of `missing` can't be listed: "), "{error}");
        let none: [&str; 0] = [];
        assert_eq!(
            failure(&Input::paths(none)),
            "read failed: there is nothing to read: no paths were given"
        );
        let empty = Folder::new();
        empty.add(".hidden", b"");
        let name = empty.path().display();
        assert_eq!(
            failure(&Input::directory(empty.path())),
            format!("read failed: there are no files in `{name}`")
        );
        let says = format!("read failed: `{name}` is a directory; `Input::directory` reads the files in it");
        assert_eq!(failure(&Input::path(empty.path())), says);
        // The pattern found this file, but it no longer exists.
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&missing, empty.path().join("dangling.csv")).unwrap();
            let error = empty.failure(format, &empty.glob("*.csv"));
            assert_eq!(error, format!("read failed: `dangling.csv` {expected}"));
        }
    }
}

#[test]
fn a_file_that_vanishes_while_others_are_read_is_named() {
    let folder = Folder::new();
    // Larger than the read-ahead of the first batch.
    let text = format!("id,note\n{}", "1,a\n".repeat(2 << 20));
    folder.add("a.csv", text.as_bytes());
    let last = folder.add("b.csv", b"id,note\n2,b\n");
    let pipeline = Pipeline::builder("vanishing").workers(1).read(csv::read_records(folder.glob("*.csv")));
    let pipeline = pipeline.write_fn(move |_, _| {
        let _ = fs::remove_file(&last);
        std::future::ready(Ok(()))
    });
    let error = pipeline.unwrap().run_blocking(&RunContext::new()).unwrap_err();
    let message = error_chain(&error).to_string();
    assert!(message.contains("b.csv` can't be opened: "), "{message}");
}

#[test]
fn records_are_numbered_and_named_per_file() {
    let folder = Folder::new();
    folder.add("a.csv", b"id,note\n1,a\n\n2,b");
    folder.add("b.csv", b"id,note\r\n3,c\r\nx,d\r\n");
    let error = Pipeline::builder("places")
        .read(csv::read::<Row>(folder.glob("*.csv")))
        .write_fn(|_, _| std::future::ready(Ok(())))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap_err();
    let message = error_chain(&error).to_string().replace(&format!("{}/", folder.path().display()), "");
    assert!(message.starts_with("read failed at record 2 (b.csv:3): "), "{message}");

    folder.add("a.jsonl", b"{\"id\":1,\"note\":\"a\"}\n\n{\"id\":2,\"note\":\"b\"}");
    folder.add("b.jsonl", b"{\"id\":3,\"note\":\"c\"}\r\n\r\n{");
    let error = folder.failure(Format::Jsonl, &folder.glob("*.jsonl"));
    assert!(error.starts_with("read failed at record 2 (b.jsonl:3): "), "{error}");
}

#[test]
fn files_with_different_columns_are_refused() {
    let table = [
        ("id\n", "column 2 is missing, which is `note` in `a.csv`"),
        ("note,id\n", "column 1 is `note`, but `id` in `a.csv`"),
        ("id,note,x\n", "column 3 is `x`, but there is no such column in `a.csv`"),
    ];
    for (header, expected) in table {
        let folder = Folder::new();
        folder.add("a.csv", b"id,note\n1,a\n");
        folder.add("b.csv", b"\"id\",note\r\n2,b\n");
        folder.add("c.csv", format!("\n{header}").as_bytes());
        let error = folder.failure(Format::Csv, &folder.glob("*.csv"));
        let advice =
            "files of one input need the same columns in the same order, unless `file_columns` is set";
        assert_eq!(error, format!("read failed: c.csv:2: {expected}; {advice}"));
    }
    let folder = Folder::new();
    folder.add("a.csv", b"id,note\n");
    folder.add("b.csv", b"");
    let error = folder.failure(Format::Csv, &folder.glob("*.csv"));
    assert_eq!(error, "read failed: `b.csv` is empty: its header is missing; `skip_empty_files` skips it");
}

#[tokio::test]
async fn records_before_an_unreadable_file_can_be_collected() {
    let folder = Folder::new();
    folder.add("a.csv", b"id,note\n1,a\n");
    folder.add("b.csv", b"other\n");
    let flow = Pipeline::builder("taken").read(csv::read_records(folder.glob("*.csv")));
    assert_eq!(flow.collect(1).await.unwrap().len(), 1);
}

/// Runs this program again with an input on standard input.
#[test]
fn standard_input_is_decompressed_and_decoded_as_configured() {
    const IN_CHILD: &str = "GODATA_TEST_STDIN";
    let all = rows(700);
    if std::env::var_os(IN_CHILD).is_some() {
        let input = Input::stdin().compression(Compression::Gzip).encoding(Encoding::Utf16);
        let flow = Pipeline::builder("stdin").read(csv::read::<Row>(input));
        let (sender, receiver) = std::sync::mpsc::channel();
        let pipeline =
            flow.write_fn(move |_, batch| std::future::ready(sender.send(batch).map_err(BoxError::from)));
        pipeline.unwrap().run_blocking(&RunContext::new()).unwrap();
        assert_eq!(receiver.try_iter().flatten().collect::<Vec<Row>>(), all);
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "standard_input_is_decompressed_and_decoded_as_configured"])
        .env(IN_CHILD, "1")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let text: Vec<u8> = Format::Csv.text(&all).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bytes = Packing::GzipParts.pack(&text);
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    assert!(child.wait().unwrap().success());
}
