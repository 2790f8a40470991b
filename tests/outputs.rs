//! Writes every format to every kind of output in every compression, and checks what is left when a run fails.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use godata::prelude::*;
use godata::{Compression, Limit, OnError, Output, PipelineInfo, StageEnd, json};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use serde::{Deserialize, Serialize};

use support::{Files, Folder};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Row {
    id: u32,
    key: String,
    note: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Csv,
    Jsonl,
    Json,
    PrettyJson,
}
use Format::{Csv, Json, Jsonl, PrettyJson};

const FORMATS: [Format; 4] = [Csv, Jsonl, Json, PrettyJson];
const COMPRESSIONS: [(&str, Compression); 4] = [
    ("", Compression::None),
    (".gz", Compression::Gzip),
    (".zst", Compression::Zstd),
    (".bz2", Compression::Bzip2),
];

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Csv => "csv",
            Jsonl => "jsonl",
            Json | PrettyJson => "json",
        }
    }

    /// Writes rows in several batches, typed or as dynamic records.
    fn write(self, rows: &[Row], output: Output, is_typed: bool) -> Result<RunReport, PipelineError> {
        let builder = Pipeline::builder("write").workers(3);
        let text: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
        let input = Input::bytes("rows", text);
        let pipeline = if is_typed {
            let rows = builder.read(jsonl::read::<Row>(input).block_size(100));
            match self {
                Csv => rows.write(csv::write(output)),
                Jsonl => rows.write(jsonl::write(output)),
                Json => rows.write(json::write(output)),
                PrettyJson => rows.write(json::write(output).pretty()),
            }
        } else {
            let rows = builder.read(jsonl::read_records(input).block_size(100));
            match self {
                Csv => rows.write(csv::write(output)),
                Jsonl => rows.write(jsonl::write(output)),
                Json => rows.write(json::write(output)),
                PrettyJson => rows.write(json::write(output).pretty()),
            }
        };
        pipeline.unwrap().run_blocking(&RunContext::new())
    }

    /// The rows of a file, decompressed by its extension.
    fn read(self, path: &Path) -> Vec<Row> {
        // A file without records has no header.
        if self == Csv && decompressed(path).is_empty() {
            return Vec::new();
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let builder = Pipeline::builder("read");
        let rows = match self {
            Csv => builder.read(csv::read::<Row>(path)),
            Jsonl => builder.read(jsonl::read::<Row>(path)),
            Json | PrettyJson => builder.read(json::read::<Row>(path)),
        };
        rows.write_fn(move |_, batch: Vec<Row>| {
            std::future::ready(sender.send(batch).map_err(BoxError::from))
        })
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap();
        receiver.try_iter().flatten().collect()
    }
}

/// The content of a file, read by the libraries themselves.
fn decompressed(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let (bytes, mut text) = (fs::read(path).unwrap(), Vec::new());
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap(),
        Some("zst") => zstd::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut text).unwrap(),
        Some("bz2") => bzip2::read::MultiBzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap(),
        _ => {
            text = bytes;
            0
        }
    };
    text
}

/// The files that a manifest lists, with their rows; checks their sizes.
fn listed(folder: &Folder) -> Vec<(PathBuf, u64)> {
    let text = fs::read(folder.path("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let (mut rows, mut bytes) = (0, 0);
    let mut files = Vec::new();
    for file in manifest["files"].as_array().unwrap() {
        let path = folder.path(file["path"].as_str().unwrap());
        rows += file["records"].as_u64().unwrap();
        bytes += file["bytes"].as_u64().unwrap();
        files.push((path, file["records"].as_u64().unwrap()));
    }
    assert_eq!((manifest["records"].as_u64(), manifest["bytes"].as_u64()), (Some(rows), Some(bytes)));
    files
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let key = prop_oneof![
        "[ab]",
        Just("../x".to_owned()),
        Just(String::new()),
        Just("%".to_owned()),
        Just("é\"".to_owned())
    ];
    let row = (any::<u32>(), key, "[a,\"\n ]{0,9}|x{60}").prop_map(|(id, key, note)| Row { id, key, note });
    prop::collection::vec(row, 0..40)
}

fn by_key(rows: &[Row]) -> BTreeMap<&str, Vec<&Row>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        groups.entry(&*row.key).or_default().push(row);
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_kind_of_output_reads_back(
        rows in rows(),
        format in prop::sample::select(&FORMATS[..]),
        (extension, _) in prop::sample::select(&COMPRESSIONS[..]),
        is_partitioned: bool,
        is_typed: bool,
        open in 1usize..4,
        most_rows in prop::option::of(1u64..9),
        most_bytes in prop::option::of(1u64..300),
    ) {
        let folder = Folder::in_memory();
        let name = format!("{}{extension}", format.extension());
        let output = if is_partitioned {
            Output::partitioned(format!("{}/o/{{key}}/{{key}}.{name}", folder.root().display()))
        } else {
            Output::path(folder.path(&format!("o/out.{name}")))
        };
        let mut output = output.create_parents().max_open_files(open).manifest(folder.path("manifest.json"));
        if let Some(rows) = most_rows {
            output = output.roll_by_records(rows);
        }
        if let Some(bytes) = most_bytes {
            output = output.roll_by_bytes(bytes);
        }
        let report = format.write(&rows, output, is_typed).unwrap();
        assert_eq!(report.written.records, rows.len() as u64);

        let listed = listed(&folder);
        let mut stored = 0;
        let mut read = BTreeMap::<String, Vec<Row>>::new();
        let mut before = BTreeMap::<String, u64>::new();
        for (path, count) in &listed {
            let found = format.read(path);
            assert_eq!(found.len() as u64, *count);
            stored += fs::metadata(path).unwrap().len();
            let len = decompressed(path).len() as u64;
            assert!(most_rows.is_none_or(|most| found.len() as u64 <= most));
            assert!(most_bytes.is_none_or(|most| len <= most || found.len() == 1), "{len} bytes");
            let Some(first) = found.first() else { continue };
            let series = if is_partitioned { first.key.clone() } else { String::new() };
            if is_partitioned {
                assert!(found.iter().all(|row| row.key == first.key), "{path:?}: {found:?}");
            }
            // The previous file was full.
            if let Some(rows_before) = before.insert(series.clone(), *count) {
                assert!(most_bytes.is_some() || Some(rows_before) == most_rows);
            }
            read.entry(series).or_default().extend(found);
        }
        if most_rows.is_none() && most_bytes.is_none() {
            let groups = if is_partitioned { by_key(&rows).len() } else { 1 };
            assert_eq!(listed.len(), groups);
        }
        let read: Vec<_> = read.into_values().flatten().collect();
        let expected: Vec<_> = if is_partitioned {
            by_key(&rows).into_values().flatten().cloned().collect()
        } else {
            rows
        };
        assert_eq!(read, expected);
        assert_eq!(report.written.bytes, stored);
        let files = folder.files();
        let left = files.keys().filter(|name| !name.ends_with('/')).count();
        assert_eq!(left, listed.len() + 1, "{:?}", files.keys());
    }

    #[test]
    fn appended_rows_read_back_after_the_old_rows(
        runs in prop::collection::vec(rows(), 1..4),
        format in prop::sample::select(&[Csv, Jsonl][..]),
        (extension, _) in prop::sample::select(&COMPRESSIONS[..]),
        is_partitioned: bool,
        lacks_end: bool,
        open in 1usize..4,
    ) {
        let folder = Folder::in_memory();
        let name = format!("{}{extension}", format.extension());
        let output = if is_partitioned {
            Output::partitioned(format!("{}/{{key}}.{name}", folder.root().display()))
        } else {
            Output::path(folder.path(&format!("out.{name}")))
        };
        let output = output.append().max_open_files(open);
        let mut all = Vec::new();
        for rows in runs {
            let before: u64 = folder.files().values().map(|bytes| bytes.len() as u64).sum();
            let report = format.write(&rows, output.clone(), true).unwrap();
            let after: u64 = folder.files().values().map(|bytes| bytes.len() as u64).sum();
            assert_eq!(report.written.bytes, after - before);
            all.extend(rows);
            if lacks_end && extension.is_empty() {
                for (name, bytes) in folder.files() {
                    folder.write(&name, bytes.strip_suffix(b"\n").unwrap_or(&bytes));
                }
            }
        }
        let mut read: Vec<_> =
            folder.files().keys().map(|name| format.read(&folder.path(name))).collect();
        read.retain(|rows| !rows.is_empty());
        read.sort_by(|a, b| a[0].key.cmp(&b[0].key));
        let read: Vec<_> = read.into_iter().flatten().collect();
        let expected: Vec<_> = if is_partitioned {
            by_key(&all).into_values().flatten().cloned().collect()
        } else {
            all
        };
        assert_eq!(read, expected);
    }
}

fn some_rows(count: u32) -> Vec<Row> {
    let row = |id: u32| Row { id, key: format!("k{}", id % 3), note: format!("row {id}, \"x\"") };
    (0..count).map(row).collect()
}

/// Common programs can read what we write, in one part or in several.
#[test]
fn other_programs_decompress_what_was_written() {
    let folder = Folder::new();
    let script = "import bz2, gzip, sys; p = sys.argv[1]\n\
        sys.stdout.buffer.write((gzip if p.endswith('.gz') else bz2).open(p).read())";
    for (extension, compression) in COMPRESSIONS.into_iter().skip(1) {
        let path = folder.path(&format!("out.jsonl{extension}"));
        for _ in 0..2 {
            Jsonl.write(&some_rows(2000), Output::path(&path).append(), true).unwrap();
        }
        let mut command = if compression == Compression::Zstd {
            let mut command = Command::new("zstd");
            command.args(["-dc"]);
            command
        } else {
            let mut command = Command::new("python3");
            command.args(["-c", script]);
            command
        };
        match command.arg(&path).output() {
            Ok(output) => {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                assert!(output.stdout == decompressed(&path) && output.stdout.len() > 100_000);
            }
            Err(error) => support::skipped(&format!("{compression} can't be decompressed: {error}")),
        }
    }
}

#[test]
fn the_compression_level_is_used() {
    let folder = Folder::new();
    let written = |level, extension| {
        let path = folder.path(&format!("{level}.csv.{extension}"));
        Csv.write(&some_rows(3000), Output::path(&path).level(level), true).unwrap();
        fs::read(path).unwrap()
    };
    assert!(written(9, "gz").len() < written(1, "gz").len());
    assert!(written(19, "zst").len() < written(1, "zst").len());
    // Bzip2's level is the size of its blocks, which is in its header.
    assert_eq!((&written(9, "bz2")[..4], &written(1, "bz2")[..4]), (&b"BZh9"[..], &b"BZh1"[..]));
}

#[test]
fn values_choose_the_file() {
    let folder = Folder::new();
    let template = format!("{}/day={{day}}/{{n}}-{{{{x}}}}.csv", folder.root().display());
    let records = vec![
        record! {"n" => 1, "day" => "2024-05-01"},
        record! {"n" => 2.5, "day" => None::<&str>},
        record! {"n" => true},
        record! {"n" => "a/b", "day" => ""},
    ];
    let pipeline = Pipeline::builder("t").read_vec(records).untyped();
    pipeline
        .write(csv::write(Output::partitioned(template)))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap();
    let files = folder.files();
    let names: Vec<_> = files.keys().filter(|name| !name.ends_with('/')).map(String::as_str).collect();
    let null = "day=__HIVE_DEFAULT_PARTITION__";
    let expected =
        ["day=%/a%2Fb-{x}.csv".into(), "day=2024-05-01/1-{x}.csv".into(), format!("{null}/2.5-{{x}}.csv")];
    assert_eq!(names[..3], expected);
    assert_eq!(names[3], format!("{null}/true-{{x}}.csv"));
    assert_eq!(files[names[0]], b"n,day\na/b,\n");
}

/// A run that fails says why, and leaves what was there.
#[track_caller]
fn check_refused(folder: &Folder, output: &Output, format: Format, says: &str) {
    let before = folder.files();
    for is_typed in [true, false] {
        let error = format.write(&some_rows(50), output.clone(), is_typed).unwrap_err();
        assert_eq!(folder.message(&error), format!("write failed: {says}"));
        assert_eq!(folder.files(), before);
    }
}

#[test]
fn impossible_outputs_are_refused() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    let out = || Output::path(path("out.csv"));
    let table = [
        (out().max_open_files(0), "`max_open_files(0)` leaves no file to write to"),
        (out().manifest(path("out.csv")), "its manifest has the same path"),
        (out().roll_by_records(9).manifest(path("out-00003.csv")), "its manifest has the same path"),
        (out().roll_by_records(0), "`roll_by_records(0)` leaves no room for a record"),
        (out().roll_by_bytes(0), "`roll_by_bytes(0)` leaves no room for a record"),
        (
            out().append().roll_by_records(1),
            "a rolled output can't be appended to: its last file may be full",
        ),
    ];
    for (output, reason) in table {
        check_refused(
            &folder,
            &output,
            Csv,
            &format!("`out.csv` can't be written with these options: {reason}"),
        );
    }
    let output = Output::partitioned(path("{key}.csv")).manifest(path("k1.csv"));
    let says = "`{key}.csv` can't be written with these options: its manifest has the same path";
    check_refused(&folder, &output, Csv, says);
    #[cfg(unix)]
    {
        let links = Folder::new();
        std::os::unix::fs::symlink(folder.path("k1.csv"), links.path("link")).unwrap();
        let output = Output::partitioned(path("{key}.csv")).manifest(links.path("link"));
        check_refused(&folder, &output, Csv, says);
    }
    let says = "`stdout` can't be written with these options: standard output can't be rolled";
    check_refused(&folder, &Output::stdout().roll_by_records(1), Csv, says);
    let says = "`stdout` can't be written with these options: standard output has no files to list";
    check_refused(&folder, &Output::stdout().manifest(path("m")), Csv, says);
    let says = "`out.csv` can't be written with these options: files of this format can't be appended to";
    check_refused(&folder, &out().append(), Json, says);
    let says = "`out.csv.gz` can't be written: gzip has no level 10, only 0 to 9";
    check_refused(&folder, &Output::path(path("out.csv.gz")).level(10), Csv, says);
    let says =
        "`a/b/out.csv` can't be written: the directory `a/b` does not exist; `create_parents` creates it";
    check_refused(&folder, &Output::path(path("a/b/out.csv")), Csv, says);
    let says =
        "`a/{key}.csv` can't be written: the directory `a/` does not exist; `create_parents` creates it";
    check_refused(&folder, &Output::partitioned(path("a/{key}.csv")), Csv, says);
    let says = "`{key.csv` is not a path template: a `{` needs a `}`, or a second `{` if it is text";
    check_refused(&folder, &Output::partitioned(path("{key.csv")), Csv, says);
    folder.write("file", "");
    let says = "the directory `file/a` can't be created: Not a directory (os error 20)";
    check_refused(&folder, &Output::path(path("file/a/out.csv")).create_parents(), Csv, says);
    let says = "no record has the field `kye`, which is in the path template";
    for format in FORMATS {
        check_refused(&folder, &Output::partitioned(path("x/{key}/{kye}")).create_parents(), format, says);
    }
    let error = Pipeline::builder("t")
        .read(csv::read_records(Input::bytes("in", "id,key\n1,a\n")))
        .write(jsonl::write(Output::partitioned(path("{kye}"))))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap_err();
    let says = "write failed in `in`: no field is named `kye`; the fields are `id`, `key`";
    assert_eq!(format!("{error:#}"), says);
}

#[test]
fn values_that_can_not_choose_a_file_are_refused() {
    let folder = Folder::new();
    let write = |records: Vec<Record>, template: &str| {
        let output = Output::partitioned(folder.path(template).display().to_string());
        let pipeline =
            Pipeline::builder("t").read_vec(records).untyped().write(jsonl::write(output)).unwrap();
        folder.message(&pipeline.run_blocking(&RunContext::new()).unwrap_err())
    };
    let lists = vec![record! {"k" => 1}, record! {"k" => vec![1]}];
    let says = "write failed at record 2: field `k`: a list can't be part of a path";
    assert_eq!(write(lists, "{k}.jsonl"), says);
    let same = vec![record! {"a" => "x-y", "b" => "z"}, record! {"a" => "x", "b" => "y-z"}];
    let says = "write failed: `x-y-z.jsonl` leads to the same file as another path that this run writes";
    assert_eq!(write(same, "{a}-{b}.jsonl"), says);
    assert_eq!(folder.files(), Files::new());

    let output = Output::partitioned(folder.path("{k}").display().to_string());
    let pipeline = Pipeline::builder("t").read_vec(vec![1, 2]).write(jsonl::write(output)).unwrap();
    let error = folder.message(&pipeline.run_blocking(&RunContext::new()).unwrap_err());
    assert!(error.starts_with("write failed at record 1: expected "), "{error}");
}

#[cfg(unix)]
#[test]
fn files_of_an_output_that_are_linked_to_each_other_are_refused() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    fs::create_dir(folder.path("x")).unwrap();
    folder.write("x.csv", "id,key,note\n");
    symlink("x.csv", folder.path("y.csv")).unwrap();
    symlink("x", folder.path("y")).unwrap();
    symlink("r-00001.csv", folder.path("r-00002.csv")).unwrap();
    let rows: Vec<_> = ["x", "y"].map(|key| Row { id: 1, key: key.into(), note: String::new() }).into();
    let left = || [".", "x"].map(|name| fs::read_dir(folder.path(name)).unwrap().count());
    let before = left();
    let template = |name: &str| Output::partitioned(folder.path(name).display().to_string());
    let table = [
        (template("{key}.csv"), "y.csv"),
        (template("{key}.csv").append(), "y.csv"),
        (template("{key}/o.csv"), "y/o.csv"),
        (Output::path(folder.path("r.csv")).roll_by_records(1), "r-00002.csv"),
    ];
    for (output, later) in table {
        let error = Csv.write(&rows, output, true).unwrap_err();
        let says =
            format!("write failed: `{later}` leads to the same file as another path that this run writes");
        assert_eq!(folder.message(&error), says);
        assert_eq!((left(), fs::read(folder.path("x.csv")).unwrap()), (before, b"id,key,note\n".to_vec()));
    }
}

#[test]
fn a_file_is_appended_to_only_if_its_header_is_the_same() {
    let folder = Folder::new();
    let output = || Output::path(folder.path("out.csv")).append();
    for header in ["\u{feff}id,key,note\n", "\"id\",\"key\",note\r\n", "id,key,note"] {
        folder.write("out.csv", header);
        Csv.write(&some_rows(1), output(), true).unwrap();
        let end = if header.ends_with('\n') { "" } else { "\n" };
        let expected = format!("{header}{end}0,k0,\"row 0, \"\"x\"\"\"\n");
        assert_eq!(fs::read_to_string(folder.path("out.csv")).unwrap(), expected);
    }
    let table = [
        ("id,note,key\n", "column 2 is `note`, but `key` in the records"),
        ("id,key\n1,2\n", "column 3 is missing, which is `note` in the records"),
        ("id,key,note,x\n", "column 4 is `x`, but there is no such column in the records"),
        ("\n", "column 1 is missing, which is `id` in the records"),
    ];
    for (old, says) in table {
        folder.write("out.csv", old);
        check_refused(
            &folder,
            &output(),
            Csv,
            &format!("`out.csv` can't be appended to: {says}; `columns` sets what is written"),
        );
    }
    folder.write("out.csv", "9,9,9");
    let rows = Pipeline::builder("t").read_vec(some_rows(1)).write(csv::write(output()).no_header()).unwrap();
    rows.run_blocking(&RunContext::new()).unwrap();
    let expected = "9,9,9\n0,k0,\"row 0, \"\"x\"\"\"\n";
    assert_eq!(fs::read_to_string(folder.path("out.csv")).unwrap(), expected);
}

#[test]
fn a_damaged_file_is_not_appended_to() {
    let folder = Folder::new();
    for (extension, compression) in COMPRESSIONS.into_iter().skip(1) {
        let name = format!("out.jsonl{extension}");
        let output = || Output::path(folder.path(&name)).append();
        Jsonl.write(&some_rows(50), output(), true).unwrap();
        let whole = fs::read(folder.path(&name)).unwrap();
        folder.write(&name, &whole[..whole.len() - 3]);
        let before = folder.files();
        let error = folder.message(&Jsonl.write(&some_rows(50), output(), true).unwrap_err());
        assert!(
            error.starts_with(&format!("write failed: `{name}` is not whole {compression} data")),
            "{error}"
        );
        assert_eq!(folder.files(), before);
    }
}

#[test]
#[cfg(unix)]
fn a_fifo_gets_a_complete_compressed_stream_only_if_the_run_succeeds() {
    let folder = Folder::new();
    let path = folder.path("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    for (_, compression) in COMPRESSIONS {
        for fails in [false, true] {
            let reader = std::thread::spawn({
                let path = path.clone();
                move || fs::read(path).unwrap()
            });
            let text: String =
                some_rows(50).iter().map(|r| serde_json::to_string(r).unwrap() + "\n").collect();
            let result = Pipeline::builder("fifo")
                .read(jsonl::read_records(Input::bytes("rows", text.clone())).block_size(100))
                .try_filter(
                    move |r| if fails && r.i64("id")? == 40 { Err("on purpose".into()) } else { Ok(true) },
                )
                .write(jsonl::write(Output::path(&path).compression(compression)))
                .unwrap()
                .run_blocking(&RunContext::new());
            assert_eq!(result.is_err(), fails);
            let written = folder.write("written", reader.join().unwrap());
            let read = Pipeline::builder("read")
                .read(jsonl::read_records(Input::path(&written).compression(compression)))
                .write(jsonl::write(folder.path("copy")))
                .unwrap()
                .run_blocking(&RunContext::new());
            if compression != Compression::None {
                assert_eq!(read.is_err(), fails, "{compression}");
            }
            if !fails {
                assert_eq!(fs::read_to_string(folder.path("copy")).unwrap(), text);
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_is_named() {
    for (_, compression) in COMPRESSIONS {
        let output = Output::path("/dev/full").compression(compression);
        let error = format!("{:#}", Jsonl.write(&some_rows(9), output, true).unwrap_err());
        let says = "`/dev/full` failed: No space left on device (os error 28)";
        assert!(error.starts_with("write failed: ") && error.ends_with(says), "{error}");
    }
}

#[test]
fn files_roll_at_the_exact_row_and_byte() {
    let folder = Folder::new();
    let lines = |name: &str| fs::read_to_string(folder.path(name)).unwrap();
    let numbers = |output| {
        let numbers = Pipeline::builder("numbers").read_vec(vec![1, 22, 333, 4, 55_555_555, 6, 7]);
        numbers.write(json::write(output)).unwrap().run_blocking(&RunContext::new()).unwrap()
    };
    numbers(Output::path(folder.path("rows.json")).roll_by_records(3));
    assert_eq!(lines("rows-00001.json"), "[1,22,333]");
    assert_eq!(lines("rows-00002.json"), "[4,55555555,6]");
    assert_eq!(lines("rows-00003.json"), "[7]");
    // The longest number takes more than a file may have.
    numbers(Output::path(folder.path("bytes.json")).roll_by_bytes(6).roll_by_records(3));
    let expected = ["[1,22]", "[333]", "[4]", "[55555555]", "[6,7]"];
    for (number, text) in (1..).zip(expected) {
        assert_eq!(lines(&format!("bytes-0000{number}.json")), text);
    }
    assert_eq!(folder.files().len(), 8);
}

/// Calls a closure after each written batch.
struct AfterWrite<F>(F);

impl<F: Fn() + Send + Sync + 'static> PipelineHook for AfterWrite<F> {
    fn on_write_end(&self, _: &RunContext, _: &PipelineInfo, _: &StageEnd<'_>) {
        (self.0)();
    }
}

/// Runs a pipeline over old files, where something happens to the folder after the files are written, and returns the error.
fn failure(
    folder: &Folder,
    rows: Vec<Row>,
    rolling: Option<u64>,
    happens: impl Fn(&Path) + Send + Sync + 'static,
) -> String {
    for name in ["k0.csv", "k2.csv", "k0-00001.csv", "manifest"] {
        folder.write(name, "old");
    }
    let root = folder.root().to_owned();
    let output =
        Output::partitioned(root.join("{key}.csv").display().to_string()).manifest(root.join("manifest"));
    let output = match rolling {
        Some(rows) => output.roll_by_records(rows),
        None => output,
    };
    let error = Pipeline::builder("t")
        .hook(AfterWrite(move || happens(&root)))
        .read_vec(rows)
        // The files are open before the run ends.
        .write(csv::write(output).header_from(1))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap_err();
    folder.message(&error)
}

/// The temporary file of one of the files.
fn temporary(folder: &Path, name: &str) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let prefix = format!(".{name}.");
    entries.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(&prefix)).unwrap()
}

#[test]
fn a_run_that_cannot_replace_all_files_replaces_none() {
    type Case = (String, Vec<Row>, Option<u64>, fn(&Path));
    let mut table: Vec<Case> = vec![
        (
            "committing `k1.csv` failed: something other than a file is at this path now".into(),
            some_rows(3),
            None,
            |folder| fs::create_dir(folder.join("k1.csv")).unwrap(),
        ),
        (
            "committing `manifest` failed: something other than a file is at this path now".into(),
            some_rows(3),
            None,
            |folder| {
                fs::remove_file(folder.join("manifest")).unwrap();
                fs::create_dir(folder.join("manifest")).unwrap();
            },
        ),
        (
            "committing `k2.csv` failed: its temporary file was removed or replaced".into(),
            some_rows(3),
            None,
            |folder| fs::remove_file(temporary(folder, "k2.csv")).unwrap(),
        ),
    ];
    for key in ["k".repeat(300), "\u{4f60}".repeat(90)] {
        for (rolling, end) in [(None, ".csv"), (Some(1), "-00001.csv")] {
            let mut rows = some_rows(3);
            rows.push(Row { id: 3, key: key.clone(), note: String::new() });
            let says = format!("`{key}{end}` can't be written: File name too long (os error 36)");
            table.push((says, rows, rolling, |_| ()));
        }
    }
    for (says, rows, rolling, happens) in table {
        let folder = Folder::new();
        assert_eq!(failure(&folder, rows, rolling, happens), format!("write failed: {says}"));
        for (name, text) in folder.files() {
            assert!(name.ends_with('/') || text == b"old", "{says}: {name}");
        }
    }
}

/// What is not known before the first file is replaced: a directory in which names can be added, but not replaced.
#[test]
fn the_manifest_is_published_after_all_files() {
    let folder = Folder::new();
    for key in ["k0", "k1", "k2"] {
        fs::create_dir(folder.path(key)).unwrap();
        folder.write(&format!("{key}/f.csv"), "old");
    }
    folder.write("manifest", "old");
    let chattr = |change: &str, folder: &Path| {
        let changed = Command::new("chattr").arg(change).arg(folder.join("k1")).output();
        changed.is_ok_and(|output| output.status.success())
    };
    if !chattr("+a", folder.root()) || !chattr("-a", folder.root()) {
        return support::skipped("no directory can be made append-only");
    }
    let root = folder.root().to_owned();
    let output =
        Output::partitioned(root.join("{key}/f.csv").display().to_string()).manifest(root.join("manifest"));
    let error = Pipeline::builder("t")
        .hook(AfterWrite(move || assert!(chattr("+a", &root))))
        .read_vec(some_rows(3))
        .write(csv::write(output))
        .unwrap()
        .run_blocking(&RunContext::new())
        .unwrap_err();
    assert!(chattr("-a", folder.root()));
    let says = "write failed: committing `k1/f.csv` failed: Operation not permitted (os error 1)";
    assert_eq!(folder.message(&error), says);
    let files = folder.files();
    let is_old = ["k0/f.csv", "k1/f.csv", "k2/f.csv", "manifest"].map(|name| &*files[name] == b"old");
    assert_eq!(is_old, [false, true, true, true]);
}

/// How a run is ended halfway.
#[derive(Clone, Copy, Debug)]
enum End {
    Failure,
    Panic,
    Cancellation,
}

#[test]
fn a_run_that_ends_early_leaves_the_old_files() {
    let folder = Folder::new();
    let root = folder.root().display().to_string();
    let template = format!("{root}/new/{{key}}/{{key}}.csv.gz");
    let outputs = [
        Output::path(folder.path("rolled.csv")).roll_by_records(2),
        Output::path(folder.path("new/a/rolled.csv")).roll_by_bytes(60).create_parents(),
        Output::partitioned(&*template)
            .max_open_files(2)
            .create_parents()
            .manifest(folder.path("new/manifest")),
        Output::partitioned(format!("{root}/old-{{key}}.csv")).append().max_open_files(1),
        Output::partitioned(format!("{root}/old-{{key}}.csv")).max_open_files(2),
        Output::path(folder.path("old-k0.csv")).append(),
        Output::path(folder.path("old.csv.gz")).append(),
    ];
    for key in 0..2 {
        folder.write(&format!("old-k{key}.csv"), "id,key,note\nx,k,n");
    }
    folder.write("rolled-00001.csv", "old");
    let old: Vec<_> = some_rows(9);
    Csv.write(&old, Output::path(folder.path("old.csv.gz")), true).unwrap();
    let before = folder.files();
    for output in outputs {
        for end in [End::Failure, End::Panic, End::Cancellation] {
            for at in 0..9 {
                let text: String =
                    some_rows(9).iter().map(|r| serde_json::to_string(r).unwrap() + "\n").collect();
                let pipeline = Pipeline::builder("ends")
                    .read(jsonl::read_records(Input::bytes("rows", text)).block_size(1))
                    .transform_with(move |cx, r| {
                        if r.i64("id")? == at {
                            match end {
                                End::Failure => return Err("on purpose".into()),
                                End::Panic => panic!("on purpose"),
                                End::Cancellation => cx.cancel(),
                            }
                        }
                        Ok(())
                    })
                    .write(csv::write(output.clone()))
                    .unwrap();
                let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
                assert_eq!(error.is_canceled(), matches!(end, End::Cancellation), "{error:#}");
                assert_eq!(folder.files(), before, "{output:?}, {end:?} at {at}");
            }
        }
    }
}

#[test]
fn a_check_leaves_nothing() {
    let folder = Folder::new();
    folder.write("old.csv.gz", flate2_of(b"id\n"));
    let before = folder.files();
    let outputs = [
        Output::path(folder.path("a/b/out.csv.zst")).create_parents().manifest(folder.path("c/m")),
        Output::partitioned(folder.path("a/b/{id}.csv").display().to_string()).create_parents(),
        Output::path(folder.path("out.csv")).roll_by_records(1),
        Output::path(folder.path("old.csv.gz")).append(),
        Output::path(folder.path("new.csv.gz")).append(),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for output in outputs {
        let pipeline = Pipeline::builder("t").read_vec(some_rows(3)).write(csv::write(output)).unwrap();
        runtime.block_on(pipeline.check(&RunContext::new())).unwrap();
        assert_eq!(folder.files(), before);
    }
}

fn flate2_of(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn runs_without_records_write_an_empty_file_of_the_format() {
    let folder = Folder::new();
    let text = |name: &str| String::from_utf8(decompressed(&folder.path(name))).unwrap();
    for (extension, _) in COMPRESSIONS {
        Json.write(&[], Output::path(folder.path(&format!("a.json{extension}"))), true).unwrap();
        assert_eq!(text(&format!("a.json{extension}")), "[]");
        Csv.write(&[], Output::path(folder.path(&format!("a.csv{extension}"))), true).unwrap();
        assert_eq!(text(&format!("a.csv{extension}")), "");
        let output = Output::path(folder.path(&format!("a.csv{extension}"))).append();
        Csv.write(&[], output.clone(), true).unwrap();
        Csv.write(&some_rows(1), output, true).unwrap();
        assert_eq!(Csv.read(&folder.path(&format!("a.csv{extension}"))), some_rows(1));
    }
    Json.write(&[], Output::path(folder.path("r.json")).roll_by_records(1), true).unwrap();
    assert_eq!(text("r-00001.json"), "[]");
    folder.write("old.csv.gz", flate2_of(b"no end"));
    let before = folder.files();
    Csv.write(&[], Output::path(folder.path("old.csv.gz")).append(), true).unwrap();
    Json.write(&[], Output::partitioned(folder.path("{id}.json").display().to_string()), true).unwrap();
    assert_eq!(folder.files(), before);
}

/// How many files in a folder this process has open; 0 where the system does not report it.
fn open_files(folder: &Path) -> usize {
    let Ok(all) = fs::read_dir("/proc/self/fd") else { return 0 };
    let links = all.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|path| path.starts_with(folder)).count()
}

#[test]
fn ten_thousand_partitions_need_few_descriptors() {
    const KEYS: u32 = 10_000;
    let folder = Folder::in_memory();
    let most = Arc::new(AtomicUsize::new(0));
    let output = Output::partitioned(format!("{}/{{half}}/{{key}}.jsonl", folder.root().display()));
    let pipeline = Pipeline::builder("many")
        .hook(AfterWrite({
            let (most, root) = (Arc::clone(&most), folder.root().to_owned());
            move || {
                most.fetch_max(open_files(&root), SeqCst);
            }
        }))
        .read_iter(|_| 0..2 * KEYS)
        .map(|id| record! {"key" => id * 7919 % KEYS, "half" => id * 7919 % KEYS % 2, "id" => id})
        .untyped()
        .write(jsonl::write(output.max_open_files(8)))
        .unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(report.written.records, u64::from(2 * KEYS));
    let files = folder.files();
    assert_eq!(files.len(), KEYS as usize + 2);
    for id in (0..KEYS).step_by(97) {
        let key = id * 7919 % KEYS;
        let line = |id| format!("{{\"key\":{key},\"half\":{},\"id\":{id}}}\n", key % 2);
        let expected = line(id) + &line(id + KEYS);
        assert_eq!(String::from_utf8_lossy(&files[&format!("{}/{key}.jsonl", key % 2)]), expected);
    }
    let most = most.load(SeqCst);
    if cfg!(target_os = "linux") {
        // The list of the temporary files is open too.
        assert!((1..=8 + 1).contains(&most), "{most} were open");
    }
}

/// The letters would be made visible first, and then be replaced by the output.
#[test]
fn dead_letters_can_not_have_the_path_of_the_output() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("out.jsonl");
    std::fs::create_dir(folder.path().join("sub"))?;
    let same = folder.path().join("sub/../out.jsonl");
    let run = |letters: &Path| {
        let policy = OnError::dead_letter(jsonl::write(letters), Limit::unlimited());
        let flow = Pipeline::builder("t").on_error(policy).read_vec(vec![1, 2]).expect("odd", |n| n % 2 == 1);
        flow.write(jsonl::write(&*path))?.run_blocking(&RunContext::new())
    };
    let error = run(&same).unwrap_err();
    let expected = "out.jsonl` leads to the same file as another path that this run writes";
    assert!(format!("{error:#}").ends_with(expected), "{error:#}");
    assert_eq!(std::fs::read_dir(&folder)?.count(), 1, "nothing is left");
    run(&folder.path().join("bad.jsonl"))?;
    assert_eq!(std::fs::read_to_string(&path)?, "1\n");
    Ok(())
}

#[test]
fn dead_letters_can_not_replace_the_input() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("in.jsonl");
    std::fs::write(&path, "1\n\"x\"\n")?;
    for input in [godata::Input::path(&*path), godata::Input::directory(folder.path())] {
        let policy = OnError::dead_letter(jsonl::write(&*path), Limit::unlimited());
        let flow = Pipeline::builder("t").on_error(policy).read(jsonl::read::<u32>(input));
        let pipeline = flow.write_fn(|_, _| async { Ok(()) })?;
        let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
        let expected =
            "can't be replaced by dead letters, because this run reads it; give them a file of their own";
        assert!(format!("{error:#}").ends_with(expected), "{error:#}");
    }
    assert_eq!(std::fs::read_to_string(&path)?, "1\n\"x\"\n");
    Ok(())
}
