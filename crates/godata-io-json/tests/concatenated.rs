//! Values that follow one another in any way.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::fs;

use godata_io_json::etl::{Batch, Reader};
use godata_io_json::jsonl::JsonlReader;
use godata_io_json::{Input, Pipeline, RunContext, jsonl};
use proptest::prelude::*;
use serde_json::{Deserializer, Value, json};

fn values(reader: JsonlReader<Vec<Value>>, workers: usize) -> Result<Vec<Value>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let flow = Pipeline::builder("t").workers(workers).read(reader);
    runtime.block_on(flow.collect(u64::MAX)).map_err(|error| format!("{error:#}"))
}

fn error_of<B: Batch>(reader: impl Reader<Batch = B>) -> String {
    let pipeline = Pipeline::builder("t").workers(2).read(reader).write_fn(async |_, _| Ok(()));
    format!("{:#}", pipeline.unwrap().run_blocking(&RunContext::new()).unwrap_err())
}

#[test]
fn values_with_anything_between_them_are_read() {
    let table = [
        ("", vec![]),
        (" \r\n\u{feff}\n", vec![]),
        ("{\"a\":1}{\"a\":2}", vec![json!({"a": 1}), json!({"a": 2})]),
        ("{\"a\":1} {\"a\":2}\n\n{\"a\":3}\r\n", vec![json!({"a": 1}), json!({"a": 2}), json!({"a": 3})]),
        (
            "{\n  \"a\": [\n    1\n  ]\n}\n{\n  \"b\": \"}{\"\n}\n",
            vec![json!({"a": [1]}), json!({"b": "}{"})],
        ),
        ("{\"a\":1}\r{\"a\":2}\r", vec![json!({"a": 1}), json!({"a": 2})]),
        (
            "\u{feff}\u{feff}[1]\u{feff}[2]\n\u{feff}\"\u{feff}\"",
            vec![json!([1]), json!([2]), json!("\u{feff}")],
        ),
        ("\u{1e}{\"a\":1}\n\u{1e}\u{1e}1\n\u{1e}2\n", vec![json!({"a": 1}), json!(1), json!(2)]),
        (
            "1 2\t3\n\"a\"\"b\"null[]true{}-4",
            vec![
                json!(1),
                json!(2),
                json!(3),
                json!("a"),
                json!("b"),
                json!(null),
                json!([]),
                json!(true),
                json!({}),
                json!(-4),
            ],
        ),
    ];
    for (content, expected) in table {
        for size in (1..60).chain([1 << 18]) {
            let reader = jsonl::read(Input::bytes("in", content)).concatenated().block_size(size);
            assert_eq!(values(reader, 2), Ok(expected.clone()), "{content:?}, blocks of {size} bytes");
        }
    }
}

#[test]
fn errors_name_record_line_and_column() {
    let table = [
        ("{} {}\n {\"a\":1,\n  \"b\":tru}", " at record 3 (in:3): column 10: expected ident"),
        ("{}{\"a\":1,\"a\":2}{}", " at record 2 (in:1): column 12: field `a` appears twice"),
        ("{}\n\n{} 7", " at record 3 (in:3): expected an object, found number `7`"),
        ("{}\n{\"a\":\n[1,", " at record 2 (in:3): column 3: EOF while parsing a value"),
        ("{}\n{} }{}", " at record 3 (in:2): column 4: expected value"),
        (
            "{},{}",
            " at record 2 (in:1): column 3: expected value; concatenated values have no commas between them",
        ),
        (
            "[{}]\n",
            " at record 1 (in:1): expected an object, found an array; if the file is one array, the `json` readers read it",
        ),
        ("{}\n[{}]\n", " at record 2 (in:2): expected an object, found an array"),
        (
            "{}\n\u{feff}{\"a\":\0}",
            " at record 2 (in:2): column 9: a NUL byte, as in UTF-16, which `Input::encoding` reads",
        ),
    ];
    for (content, says) in table {
        for size in (1..60).chain([1 << 18]) {
            let reader = jsonl::read_records(Input::bytes("in", content)).concatenated().block_size(size);
            assert_eq!(error_of(reader), format!("read failed{says}"), "blocks of {size} bytes");
        }
    }
}

/// Small files share blocks, but no value goes on in the next file.
#[test]
fn a_value_ends_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let read = |files: [&str; 2]| {
        let paths = [folder.path().join("1"), folder.path().join("2")];
        paths.iter().zip(files).for_each(|(path, content)| fs::write(path, content).unwrap());
        let read = values(jsonl::read(Input::paths(paths)).concatenated(), 2);
        read.map_err(|error| error.replace(&format!("{}/", folder.path().display()), ""))
    };
    assert_eq!(read(["[1][2]", "\n[3]"]), Ok(vec![json!([1]), json!([2]), json!([3])]));
    assert_eq!(read(["1", "2"]), Ok(vec![json!(1), json!(2)]));
    let error = "read failed at record 2 (1:1): column 6: EOF while parsing a value";
    assert_eq!(read(["[1][2,", "3]"]), Err(error.to_owned()));
    let error = "read failed at record 1 (2:2): column 3: EOF while parsing a list";
    assert_eq!(read(["[1]\n", "[2\n, 3"]), Err(error.to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn values_are_read_as_by_serde_json(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{\"a\":1}", "{}", "[{\"b\":\n[2]}, 3]", "\"}\\\"{\"", "1", "-2.5", "null", "true", " ", "\n", "\r\n", " ", "\n",
            "{", "]", ",", "\"", "tru",
        ]), 0..12),
        size in 1usize..60,
        workers in 1usize..4,
    ) {
        let content = pieces.concat();
        let expected = Deserializer::from_str(&content).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
        let reader = || jsonl::read::<Value>(Input::bytes("in", &*content)).concatenated();
        let whole = values(reader(), workers);
        prop_assert_eq!(&values(reader().block_size(size), workers), &whole);
        prop_assert_eq!(whole.ok(), expected.ok());
    }
}
