//! Whole pipelines over files.

use std::fs;
use std::path::Path;

use godata_core::{BoxError, RunContext};
use godata_etl::{Flow, Pipeline, PipelineError, Record, Records, record, to_record};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::JsonError;
use crate::strategies::{json_object, json_value};

fn typed_blocks(path: &Path, size: usize) -> JsonlReader<Vec<Value>> {
    read(path).block_size(size)
}

fn record_blocks(path: &Path, size: usize) -> JsonlReader<Records> {
    read_records(path).block_size(size)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn collect<T: Send + 'static>(flow: Flow<Vec<T>>) -> Result<Vec<T>, String> {
    block_on(flow.collect(u64::MAX)).map_err(|error| format!("{error:#}"))
}

fn collect_records(flow: Flow<Records>) -> Result<Vec<Record>, String> {
    block_on(flow.collect(u64::MAX)).map_err(|error| format!("{error:#}"))
}

/// A file in a new directory.
fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.jsonl");
    fs::write(&path, content).unwrap();
    (dir, path)
}

/// The error of reading a file as dynamic records, without the directory.
fn read_error(content: impl AsRef<[u8]>) -> String {
    let (dir, path) = file(content);
    let error = collect_records(Pipeline::builder("t").read(read_records(&*path))).unwrap_err();
    error.replace(&format!("{}/", dir.path().display()), "")
}

/// The line of each record, taken from the error of a step that fails there.
fn lines_of(path: &Path, size: usize, workers: usize) -> Vec<Option<u64>> {
    let records = collect(Pipeline::builder("t").read(typed_blocks(path, size))).unwrap().len();
    let line_of = |failing: usize| {
        let flow = Pipeline::builder("t").workers(workers).read(typed_blocks(path, size));
        let failing_flow = flow.scan(0, move |row, _| {
            *row += 1;
            if *row == failing + 1 { Err("here".into()) } else { Ok(Some(())) }
        });
        let error: PipelineError = block_on(failing_flow.collect(u64::MAX)).unwrap_err();
        let place = error.place().unwrap();
        assert_eq!(place.record, Some(failing as u64 + 1));
        place.line
    };
    (0..records).map(line_of).collect()
}

#[test]
fn any_line_ends_blank_lines_and_a_byte_order_mark_are_accepted() {
    let (_dir, path) = file("\u{feff}\r\n {\"a\":1}\r\n \t\n{\"a\":\"é\\r\"}\n\n\n{\"a\":[]} \r\n{\"a\":{}}");
    let rows = [record! {"a" => 1}, record! {"a" => "é\r"}];
    for size in 1..60 {
        let read = collect_records(Pipeline::builder("t").read(record_blocks(&path, size))).unwrap();
        assert_eq!(read.len(), 4);
        assert_eq!(read[..2], rows);
        let read = collect(Pipeline::builder("t").read(typed_blocks(&path, size)));
        assert_eq!(read, Ok(vec![json!({"a": 1}), json!({"a": "é\r"}), json!({"a": []}), json!({"a": {}})]));
        assert_eq!(lines_of(&path, size, 2), [Some(2), Some(4), Some(7), Some(8)], "{size}");
    }
}

#[test]
fn a_file_without_records_gives_none() {
    for content in ["", "\n", "\u{feff}", "\u{feff}\n \r\n", "   "] {
        let (_dir, path) = file(content);
        assert_eq!(
            collect_records(Pipeline::builder("t").read(read_records(&*path))),
            Ok(vec![]),
            "{content:?}"
        );
    }
}

#[test]
fn errors_name_record_file_line_and_the_cause() {
    let table: [(&[u8], &str); 7] = [
        (b"{}\n\n{\"a\":tru}\n", "read failed at record 2 (in.jsonl:3): column 9: expected ident"),
        (b"{}\r\n[1]\r\n", "read failed at record 2 (in.jsonl:2): expected an object, found an array"),
        (b"{\"a\":1,\"a\":2}", "read failed at record 1 (in.jsonl:1): column 10: field `a` appears twice"),
        (
            b"{\"a\":\"\xc3\xa9\xff\"}",
            "read failed at record 1 (in.jsonl:1): column 9: invalid UTF-8; `Input::encoding` reads other text",
        ),
        (
            b"{}\n\n\n\xff\n{}",
            "read failed at record 2 (in.jsonl:4): column 1: invalid UTF-8; `Input::encoding` reads other text",
        ),
        (
            b"{}\n\0\0\0",
            "read failed at record 2 (in.jsonl:2): column 1: 3 NUL bytes, as in a file with a part that was never written",
        ),
        (
            b"{\"a\":1}\n{\"a\"\r\n",
            "read failed at record 2 (in.jsonl:2): column 4: EOF while parsing an object",
        ),
    ];
    for (content, message) in table {
        assert_eq!(read_error(content), message);
    }
}

#[test]
fn a_byte_order_mark_of_another_encoding_is_refused() {
    let utf_16: Vec<u8> = "\u{feff}{}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_32: Vec<u8> = "\u{feff}{}\n".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    let message = |encoding: &str, advice: &str| {
        let found = format!("`in.jsonl` has the byte order mark of {encoding}");
        format!("read failed: {found}, but is read as UTF-8; {advice}")
    };
    let asking = "`Input::encoding` with `Encoding::Utf16` reads it";
    assert_eq!(read_error(utf_16), message("UTF-16LE", asking));
    assert_eq!(read_error(utf_32), message("UTF-32BE", "convert it to UTF-8"));
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.jsonl");
    let error = collect_records(Pipeline::builder("t").read(read_records(&*path))).unwrap_err();
    assert!(error.starts_with("read failed: "), "{error}");
    assert!(error.contains("none.jsonl"), "{error}");
}

#[test]
fn the_error_of_a_record_can_be_matched() {
    let (_dir, path) = file("{\"id\":\"x\"}");
    let flow = Pipeline::builder("t").read(read::<std::collections::BTreeMap<String, u8>>(&*path));
    let error = block_on(flow.collect(1)).unwrap_err();
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<JsonError>());
    assert!(matches!(cause, Some(JsonError::Mismatch { path, column: 9, .. }) if path == "id"), "{cause:?}");
}

#[test]
fn a_record_that_can_not_be_written_leaves_the_old_file() {
    let (dir, path) = file("old");
    let rows = vec![1.0, 2.0, f64::NAN];
    let typed = Pipeline::builder("t").read_vec(rows.clone()).write(write(&*path)).unwrap();
    let records = Pipeline::builder("t")
        .read_vec(rows)
        .map(|x| (("x", x),))
        .map(|(x,)| std::collections::BTreeMap::from([x]));
    let records = records.untyped().write(write(&*path)).unwrap();
    for (pipeline, message) in [
        (typed, "write failed at record 3: JSON can't hold the number NaN"),
        (records, "write failed at record 3: field `x`: JSON can't hold the number NaN"),
    ] {
        let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
        assert_eq!(format!("{error:#}"), message);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn records_and_bytes_are_counted() -> Result<(), BoxError> {
    let content = "\u{feff}{\"a\":1}\n\n{\"a\":2}\n\n\n";
    let (dir, path) = file(content);
    let out = dir.path().join("out.jsonl");
    let report = Pipeline::builder("t")
        .read(read_records(&*path))
        .write(write(&*out))?
        .run_blocking(&RunContext::new())?;
    assert_eq!((report.read.records, report.read.bytes), (2, content.len() as u64));
    assert_eq!((report.written.records, report.written.bytes), (2, 16));
    assert_eq!(fs::read_to_string(&out)?, "{\"a\":1}\n{\"a\":2}\n");
    Ok(())
}

/// The content of a file: lines with any line ends.
fn content() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => json_object().prop_map(|object| Value::from(object).to_string()),
        1 => "[ \t]{0,3}",
        1 => prop::sample::select(vec![r#"{"a":1,"b":}"#, "{", "7", r#"{"a":{"b":1,"b":2}}"#, "{} {}"]).prop_map(String::from),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    let lines = prop::collection::vec((line, end).prop_map(|(line, end)| line + end), 0..12);
    (any::<bool>(), lines, any::<bool>()).prop_map(|(mark, lines, ended)| {
        let text = lines.concat();
        let text = if ended { &*text } else { text.trim_end_matches(['\r', '\n']) };
        format!("{}{text}", if mark { "\u{feff}" } else { "" })
    })
}

/// What serde_json reads line by line, or the record and line of the first failure.
fn oracle(content: &str) -> Result<Vec<Value>, (usize, usize)> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let lines = (1..).zip(content.split('\n')).filter(|(_, line)| !line.trim().is_empty());
    let decode = |(record, (line, text))| serde_json::from_str(text).map_err(|_| (record, line));
    (1..).zip(lines).map(decode).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_block_size_reads_the_same_as_serde_json(content in content(), size in 1usize..200, workers in 1usize..4) {
        let (_dir, path) = file(&content);
        let whole = collect(Pipeline::builder("t").read(read::<Value>(&*path)));
        let blocks = collect(Pipeline::builder("t").workers(workers).read(typed_blocks(&path, size)));
        prop_assert_eq!(&blocks, &whole);
        match oracle(&content) {
            Ok(rows) => prop_assert_eq!(whole, Ok(rows)),
            Err((record, line)) => {
                let place = format!("read failed at record {record} ({}:{line}): ", path.display());
                let error = whole.unwrap_err();
                prop_assert!(error.starts_with(&place), "{} {}", error, place);
            }
        }

        let whole = collect_records(Pipeline::builder("t").read(read_records(&*path)));
        let blocks = collect_records(Pipeline::builder("t").workers(workers).read(record_blocks(&path, size)));
        let as_json = |rows: Vec<Record>| rows.iter().map(|row| json!(row)).collect::<Vec<_>>();
        prop_assert_eq!(blocks.map(as_json), whole.clone().map(as_json));
        if let (Ok(rows), Ok(expected)) = (whole, oracle(&content)) {
            prop_assert_eq!(as_json(rows), expected);
        }
    }

    #[test]
    fn records_read_back_as_they_were_written(rows in prop::collection::vec(json_object(), 0..20), workers in 1usize..5) {
        let (dir, path) = file("");
        let again = dir.path().join("again.jsonl");
        let pipeline = Pipeline::builder("t").workers(workers).read_vec(rows.clone()).untyped();
        pipeline.write(write(&*path)).unwrap().run_blocking(&RunContext::new()).unwrap();
        let read = collect_records(Pipeline::builder("t").read(read_records(&*path))).unwrap();
        let expected: Vec<_> = rows.iter().map(|row| to_record(row).unwrap()).collect();
        prop_assert_eq!(read.iter().map(|row| json!(row)).collect::<Vec<_>>(), expected.iter().map(|row| json!(row)).collect::<Vec<_>>());

        let copy = Pipeline::builder("t").workers(workers).read(record_blocks(&path, 64)).write(write(&*again));
        copy.unwrap().run_blocking(&RunContext::new()).unwrap();
        let lines = |path: &Path| -> Vec<Value> {
            fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        prop_assert_eq!(lines(&again), lines(&path));
    }

    #[test]
    fn values_read_back_as_they_were_written(rows in prop::collection::vec(json_value(), 0..20)) {
        let (_dir, path) = file("");
        let pipeline = Pipeline::builder("t").read_vec(rows.clone()).write(write(&*path)).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        prop_assert_eq!(collect(Pipeline::builder("t").read(read::<Value>(&*path))), Ok(rows));
    }
}

#[test]
fn any_number_of_workers_writes_the_same_file() {
    let line =
        |i: i32| format!("{{\"id\":{i},\"name\":\"n\\u00e9{i}\",\"amount\":{i}.50,\"tags\":[{i},null]}}\n");
    let (dir, path) = file((0..5000).map(line).collect::<String>());
    let out = dir.path().join("out.jsonl");
    let written = |workers| {
        let pipeline = Pipeline::builder("t").workers(workers).read(record_blocks(&path, 4096));
        let pipeline = pipeline.filter(|row| row.i64("id").is_ok_and(|id| id % 3 > 0)).write(write(&*out));
        pipeline.unwrap().run_blocking(&RunContext::new()).unwrap();
        fs::read_to_string(&out).unwrap()
    };
    let one = written(1);
    assert_eq!(one.lines().count(), 3333);
    assert!(
        one.starts_with("{\"id\":1,\"name\":\"n\\u00e91\",\"amount\":1.50,\"tags\":[1,null]}\n"),
        "{}",
        &one[..80]
    );
    assert_eq!(written(4), one);
}
