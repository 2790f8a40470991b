//! Whole pipelines over documents.

use std::fs;
use std::path::Path;
use std::process::Command;

use godata_core::{BoxError, RunContext};
use godata_etl::{Flow, Pipeline, Record, to_record};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Value, json};

use super::*;
use crate::DuplicateKeys;
use crate::strategies::{json_object, json_value, nasty_text};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn collect<T: Send + 'static>(reader: JsonReader<Vec<T>>) -> Result<Vec<T>, String> {
    let flow: Flow<Vec<T>> = Pipeline::builder("t").workers(2).read(reader);
    block_on(flow.collect(u64::MAX)).map_err(|error| format!("{error:#}"))
}

fn collect_records(reader: JsonReader<Records>) -> Result<Vec<Record>, String> {
    let flow = Pipeline::builder("t").workers(2).read(reader);
    block_on(flow.collect(u64::MAX)).map_err(|error| format!("{error:#}"))
}

/// A file in a new directory.
fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.json");
    fs::write(&path, content).unwrap();
    (dir, path)
}

/// Checks the error of reading a file with blocks of many sizes, without the directory.
#[track_caller]
fn check_error(content: &[u8], set: impl Fn(JsonReader<Records>) -> JsonReader<Records>, message: &str) {
    let (dir, path) = file(content);
    for size in (1..40).chain([1 << 18]) {
        let error = collect_records(set(read_records(&*path)).block_size(size)).unwrap_err();
        assert_eq!(error.replace(&format!("{}/", dir.path().display()), ""), message, "{size}");
    }
}

/// The line of each record, taken from the error of a step that fails there.
fn lines_of(path: &Path, size: usize) -> Vec<Option<u64>> {
    let records = collect(read::<Value>(path).block_size(size)).unwrap().len();
    let line_of = |failing: usize| {
        let flow = Pipeline::builder("t").workers(2).read(read::<Value>(path).block_size(size));
        let flow = flow.scan(0, move |row, _| {
            *row += 1;
            if *row == failing + 1 { Err("here".into()) } else { Ok(Some(())) }
        });
        let place = block_on(flow.collect(u64::MAX)).unwrap_err().place().unwrap().clone();
        assert_eq!(place.record, Some(failing as u64 + 1));
        place.line
    };
    (0..records).map(line_of).collect()
}

/// The records of two documents, or the error without the directory.
fn read_two(one: &str, two: &str) -> Result<Vec<Value>, String> {
    let dir = tempfile::tempdir().unwrap();
    let paths = [dir.path().join("1.json"), dir.path().join("2.json")];
    fs::write(&paths[0], one).unwrap();
    fs::write(&paths[1], two).unwrap();
    let read = collect(read::<Value>(Input::paths(paths)).pointer("/x").block_size(7));
    read.map_err(|error| error.replace(&format!("{}/", dir.path().display()), ""))
}

#[test]
fn several_documents_are_read_one_after_the_other() {
    let one = r#"{"x":[1,{"a":2}],"y":[0]}"#;
    assert_eq!(read_two(one, "{\n\"x\":[]}"), Ok(vec![json!(1), json!({"a": 2})]));
    assert_eq!(read_two(one, "{\n\"x\":[3, 4]}").map(|rows| rows.len()), Ok(4));
    let error = read_two(one, "{\n\"x\":[3,\n nul]}").unwrap_err();
    assert!(error.starts_with("read failed at record 2 (2.json:3): column "), "{error}");
    let error = read_two(r#"{"x":[1]"#, one).unwrap_err();
    assert!(error.starts_with("read failed: 1.json:1: "), "{error}");
    assert!(read_two(one, "").unwrap_err().starts_with("read failed: 2.json:1: "));
}

#[test]
fn a_document_of_any_form_is_read() {
    let content = "\u{feff}\r\n{\"x\": [[1, {\"items\": [0]}], \"\\\"]\\\\\"],\r\n \"data\": {\"other\": null, \"a/b\": [\r\n\
                   {\"a\": 1,\r\n\"b\": \"é]\\\"\"},\r\n {},\n\n[2]\n , null ,\"]\", -1.5e3\r\n]}, \"z\": [true, false, {}]\r\n}\r\n";
    let (_dir, path) = file(content);
    let expected =
        [json!({"a": 1, "b": "é]\""}), json!({}), json!([2]), json!(null), json!("]"), json!(-1.5e3)];
    for size in 1..80 {
        let reader = || read::<Value>(&*path).pointer("/data/a~1b").block_size(size);
        assert_eq!(collect(reader()).as_deref(), Ok(&expected[..]), "{size}");
    }
    let (_dir, path) = file("[1,\n2\n,[\n3],\r\n\r\n4 ]");
    for size in 1..20 {
        assert_eq!(lines_of(&path, size), [1, 2, 3, 6].map(Some), "{size}");
    }
}

#[test]
fn arrays_without_elements_are_read() {
    for (content, pointer) in
        [("[]", ""), ("\u{feff} [\n] \n", ""), ("{\"a\":[[],[ ]]}", "/a/1"), ("{\"\":[]}", "/")]
    {
        let (_dir, path) = file(content);
        for size in 1..20 {
            let read = collect_records(read_records(&*path).pointer(pointer).block_size(size));
            assert_eq!(read, Ok(vec![]), "{content}");
        }
    }
}

#[test]
fn errors_of_elements_name_record_line_and_column() {
    let table: [(&str, &str); 10] = [
        ("[{},\n{\"a\":tru}]", "read failed at record 2 (in.json:2): column 9: expected ident"),
        (
            "[{\"a\":1},{\"a\":1,\"a\":2}]",
            "read failed at record 2 (in.json:1): column 19: field `a` appears twice",
        ),
        (
            "[\n{\n\"a\":1,\n  \"b\":[1,\n {\"c\":1,\"c\":2}]}]",
            "read failed at record 1 (in.json:5): column 11: field `b[1].c` appears twice",
        ),
        ("[{},\n {},\n  7]", "read failed at record 3 (in.json:3): expected an object, found number `7`"),
        ("[{}, {\"a\":\n {\"b\" 1}}]", "read failed at record 2 (in.json:2): column 7: expected `:`"),
        ("[{}, {\"a\":[}]", "read failed at record 2 (in.json:1): column 12: expected value"),
        ("[{}, {\"a\":1]]", "read failed at record 2 (in.json:1): column 12: expected `,` or `}`"),
        ("[{}, {\"a\":\n1", "read failed at record 2 (in.json:2): column 1: EOF while parsing an object"),
        ("[{}, nul]", "read failed at record 2 (in.json:1): column 8: EOF while parsing a value"),
        (
            "[{\"a\":\0}]",
            "read failed at record 1 (in.json:1): column 7: a NUL byte, as in UTF-16, which `Input::encoding` reads",
        ),
    ];
    for (content, message) in table {
        check_error(content.as_bytes(), |reader| reader, message);
    }
    check_error(
        b"[{},\n{\"a\":\n\"\xc3\xa9\xff\"}]",
        |reader| reader,
        "read failed at record 2 (in.json:3): column 4: invalid UTF-8; `Input::encoding` reads other text",
    );
    let deep = "read failed at record 1 (in.json:2): column 2: nested more than 2 deep";
    check_error(b"[{\"a\":[\n [1]]}]", |reader| reader.max_depth(2), deep);
}

#[test]
fn errors_of_the_document_name_line_and_column() {
    let table: [(&str, &str, &str); 27] = [
        ("", "", "1: column 1: EOF while parsing a value; the file is empty"),
        (" \n ", "", "2: column 1: EOF while parsing a value; the file is empty"),
        ("[", "", "1: column 1: EOF while parsing a list"),
        ("[{}", "", "1: column 3: EOF while parsing a list"),
        ("[{},\n", "", "2: column 1: EOF while parsing a list"),
        ("[{},]", "", "1: column 5: trailing comma"),
        ("[{},,{}]", "", "1: column 5: expected value"),
        ("[,]", "", "1: column 2: expected value"),
        ("[{}\n {}]", "", "2: column 2: expected `,` or `]`"),
        ("[{}}", "", "1: column 4: expected `,` or `]`"),
        ("[{}] x", "", "1: column 6: trailing characters"),
        ("[{}]\n[", "", "2: column 1: trailing characters; the `jsonl` readers read one value per line"),
        ("{\"a\":[]", "/a", "1: column 7: EOF while parsing an object"),
        ("{\"a\":[]]", "/a", "1: column 8: expected `,` or `}`"),
        ("{\"a\":[{}],\n\"b\":tru}", "/a", "2: column 8: expected ident"),
        ("{\"a\":[{}],\"b\":01}", "/a", "1: column 16: invalid number"),
        ("{\"a\":[{}],\"b\":\"\\x\"}", "/a", "1: column 17: invalid escape"),
        ("{\"a\":[{}],}", "/a", "1: column 11: trailing comma"),
        ("{\"a\":[{}],b:1}", "/a", "1: column 11: key must be a string"),
        ("{\"b\":[1,],\"a\":[]}", "/a", "1: column 9: trailing comma"),
        ("{\"b\"1}", "/a", "1: column 5: expected `:`"),
        ("{\"b\":1,\n\"a\":{}}", "/a", "2: column 5: expected an array at `/a`, found an object"),
        (
            "{\"b\":1}",
            "",
            "1: column 1: expected an array, found an object; `pointer` leads to an array in it; the `jsonl` readers read one value per line",
        ),
        ("{\"b\":1}", "/a", "1: there is nothing at `/a`: the object has no `a`"),
        (
            "{\"b\":[1,\n2]}",
            "/b/2/c",
            "2: there is nothing at `/b/2/c`: the array at `/b` has 2 elements and no `2`",
        ),
        ("{\"b\":\"x\"}", "/b/c", "1: there is nothing at `/b/c`: `/b` is text"),
        ("{\"a\":[{}],\"\\u0061\":[]}", "/a", "1: column 18: `/a` appears twice"),
    ];
    for (content, pointer, message) in table {
        check_error(
            content.as_bytes(),
            |reader| reader.pointer(pointer),
            &format!("read failed: in.json:{message}"),
        );
    }
    let deep = "read failed: in.json:1: column 10: nested more than 2 deep";
    check_error(b"{\"b\":[1, [2]],\"a\":[]}", |reader| reader.pointer("/a").max_depth(2), deep);
    let message = "read failed: `a` is not a JSON pointer: it does not begin with `/`";
    check_error(b"[]", |reader| reader.pointer("a"), message);
    for (content, found) in [("1", "a number"), ("\"[]\"", "text"), ("null", "null"), (" true", "a bool")] {
        let column = 1 + usize::from(content.starts_with(' '));
        let hint = "the `jsonl` readers read one value per line, and the `csv` readers read CSV";
        let message =
            format!("read failed: in.json:1: column {column}: expected an array, found {found}; {hint}");
        check_error(content.as_bytes(), |reader| reader, &message);
    }
}

#[test]
fn of_two_arrays_at_a_pointer_the_first_is_read_if_the_rule_says_so() {
    let (_dir, path) = file("{\"a\":[{\"b\":1}],\"a\":[{}]}");
    let reader = |rule| read_records(&*path).pointer("/a").duplicate_keys(rule);
    assert_eq!(collect_records(reader(DuplicateKeys::First)).map(|rows| rows.len()), Ok(1));
    assert!(collect_records(reader(DuplicateKeys::Last)).is_err());
}

#[test]
fn an_element_that_is_too_long_is_refused() {
    let long = format!("[{{}},\n\"{}\"]", "x".repeat(64 << 20));
    let (_dir, path) = file(long);
    let error = collect(read::<Value>(&*path)).unwrap_err();
    let message = format!("{}:1: the record that begins here is over 67108864 bytes long", path.display());
    assert_eq!(error, format!("read failed: {message}"));
}

/// The text that a pipeline writes for these values.
fn written(rows: Vec<Value>, pretty: bool) -> String {
    let (_dir, path) = file("old");
    let writer = if pretty { write(&*path).pretty() } else { write(&*path) };
    let pipeline = Pipeline::builder("t").read_vec(rows).write(writer).unwrap();
    let report = pipeline.run_blocking(&RunContext::new()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(report.written.bytes, text.len() as u64);
    text
}

#[test]
fn a_run_without_records_writes_an_empty_array() {
    assert_eq!(written(vec![], false), "[]");
    assert_eq!(written(vec![], true), "[]");
}

#[test]
fn a_record_that_can_not_be_written_leaves_the_old_file() {
    let (dir, path) = file("old");
    let pipeline =
        Pipeline::builder("t").read_vec(vec![1.0, f64::NAN]).write(write(&*path).pretty()).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert_eq!(format!("{error:#}"), "write failed at record 2: JSON can't hold the number NaN");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn unchanged_numbers_are_copied_digit_by_digit() -> Result<(), BoxError> {
    let content = r#"[{"a":12345678901234567890123,"b":1e999,"c":12.50},{"c":-0,"d":"1.0"}]"#;
    let (dir, path) = file(content);
    let out = dir.path().join("out.json");
    Pipeline::builder("t")
        .read(read_records(&*path).block_size(1))
        .write(write(&*out))?
        .run_blocking(&RunContext::new())?;
    assert_eq!(fs::read_to_string(&out)?, content);
    Ok(())
}

fn pretty(value: &Value, indent: &str) -> String {
    let mut out = Vec::new();
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter)).unwrap();
    String::from_utf8(out).unwrap()
}

/// A document, the pointer to an array in it, and the array.
fn document() -> impl Strategy<Value = (Value, String, Vec<Value>)> {
    let around = prop::collection::vec((nasty_text(), json_value(), any::<bool>()), 0..3);
    (prop::collection::vec(json_value(), 0..8), around).prop_map(|(rows, around)| {
        let (mut document, mut pointer) = (Value::from(rows.clone()), String::new());
        for (name, beside, in_list) in around {
            if in_list {
                document = json!([beside, document, 1]);
                pointer.insert_str(0, "/1");
            } else {
                pointer.insert_str(0, &format!("/{}", name.replace('~', "~0").replace('/', "~1")));
                document = json!({ "beside": beside, name: document });
            }
        }
        (document, pointer, rows)
    })
}

fn soup() -> impl Strategy<Value = String> {
    let any = r#"[{}\[\]",:\\0-9 \n]{0,16}"#;
    let array = r#"\[[{}\[\]",:\\0-9 \n]{0,12}\]"#;
    let pieces = ["{", "}", "[", "]", ",", ":", "\"a\"", "\"\\\"\"", "1", "-2.5", "true", "\n"];
    let pieces = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12);
    prop_oneof![any, array, pieces.prop_map(|pieces| format!("[{}]", pieces.concat()))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_block_size_reads_the_same_as_serde_json(
        (document, pointer, rows) in document(), indent in "[ \n\t]{0,2}", compact: bool, size in 1usize..300,
    ) {
        let text = if compact { document.to_string() } else { pretty(&document, &indent) };
        let oracle = serde_json::from_str::<Value>(&text).unwrap();
        prop_assert_eq!(oracle.pointer(&pointer), Some(&Value::from(rows.clone())));
        let (_dir, path) = file(&text);
        prop_assert_eq!(collect(read::<Value>(&*path).pointer(&*pointer).block_size(size)), Ok(rows));
    }

    #[test]
    fn a_changed_byte_is_accepted_or_refused_as_by_serde_json(
        rows in prop::collection::vec(json_object(), 1..5), at: prop::sample::Index,
        byte in prop::sample::select(b"[]{}\",:\\x1 \n".to_vec()), compact: bool, size in 1usize..200,
    ) {
        let rows = Value::from(rows);
        let mut text = if compact { rows.to_string() } else { pretty(&rows, " ") }.into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let (_dir, path) = file(&text);
        let read = collect(read::<Value>(&*path).block_size(size));
        match (serde_json::from_slice::<Vec<Value>>(&text), read) {
            (Ok(rows), read) => prop_assert_eq!(read, Ok(rows)),
            (Err(_), Ok(rows)) => prop_assert!(false, "{:?}", rows),
            (Err(oracle), Err(error)) if error.starts_with("read failed at record") && oracle.column() > 0 => {
                // The places can differ for text that is no longer UTF-8, an element closed by the wrong bracket, and an
                // element that swallows the rest of the document.
                let place = format!(":{}): column {}: ", oracle.line(), oracle.column());
                // A number beyond the range is refused where it begins.
                let own = ["invalid UTF-8", "EOF", "trailing characters", "beyond the range"];
                let own = own.iter().any(|words| error.contains(words));
                prop_assert!(own || error.contains(&place), "{} {}", error, oracle);
            }
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn random_pieces_are_accepted_or_refused_as_by_serde_json(text in soup(), size in 1usize..20) {
        let (_dir, path) = file(&text);
        let read = collect(read::<Value>(&*path).block_size(size));
        prop_assert_eq!(read.ok(), serde_json::from_str::<Vec<Value>>(&text).ok());
        let inside = format!("{{\"x\":{text},\"a\":[1]}}");
        fs::write(&path, &inside).unwrap();
        let read = collect(super::read::<Value>(&*path).pointer("/a").block_size(size));
        let oracle = serde_json::from_str::<serde_json::Map<String, Value>>(&inside).ok();
        // serde_json does not refuse a duplicate key.
        if !read.as_ref().is_err_and(|error| error.contains("twice")) {
            prop_assert_eq!(read.is_ok(), oracle.is_some_and(|object| object["a"] == json!([1])), "{:?}", read);
        }
    }

    #[test]
    fn compact_and_indented_arrays_are_written_as_by_serde_json_and_read_back(rows in prop::collection::vec(json_value(), 0..8), size in 1usize..100) {
        let compact = written(rows.clone(), false);
        prop_assert_eq!(&compact, &Value::from(rows.clone()).to_string());
        let indented = written(rows.clone(), true);
        prop_assert_eq!(&indented, &pretty(&Value::from(rows.clone()), "  "));
        let (_dir, path) = file(&indented);
        prop_assert_eq!(collect(read::<Value>(&*path).block_size(size)), Ok(rows));
    }

    #[test]
    fn records_read_back_as_they_were_written(rows in prop::collection::vec(json_object(), 0..8), indented: bool) {
        let (_dir, path) = file("");
        let writer = if indented { write(&*path).pretty() } else { write(&*path) };
        let pipeline = Pipeline::builder("t").read_vec(rows.clone()).untyped().write(writer).unwrap();
        pipeline.run_blocking(&RunContext::new()).unwrap();
        let read = collect_records(read_records(&*path).block_size(50)).unwrap();
        let expected: Vec<_> = rows.iter().map(|row| to_record(row).unwrap()).collect();
        prop_assert_eq!(json!(read), json!(expected));
    }
}

#[test]
fn python_reads_and_writes_the_same() {
    let script = r#"
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
again = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
open(sys.argv[2], "w", encoding="utf-8", newline="").write(json.dumps({"x": [1, {}], "rows": json.loads(text)}, indent=1))
sys.exit(0 if again == text else 3)
"#;
    let rows = vec![
        json!({"a": "é\"\\\n\u{1f}😀", "b": [], "c": {}, "d": [1, [2.5, null], {"e": true}]}),
        json!([]),
        json!("[,]"),
        json!(-12),
    ];
    let (dir, path) = file(written(rows.clone(), true));
    let other = dir.path().join("other.json");
    match Command::new("python3").arg("-c").arg(script).arg(&path).arg(&other).status() {
        Ok(status) => assert!(status.success(), "{status}"),
        Err(error) => return eprintln!("skipped: python3 can't be run: {error}"),
    }
    assert_eq!(collect(read::<Value>(&*other).pointer("/rows").block_size(7)), Ok(rows));
}
