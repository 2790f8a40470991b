//! Files of other formats: the error says what they seem to be, and what reads them, whatever the size of the blocks.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use godata_io_json::etl::{Batch, Reader};
use godata_io_json::{Input, Pipeline, RunContext, json, jsonl};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Order {
    #[serde(rename = "id")]
    _id: String,
}

/// The error of a run.
fn error_of<B: Batch>(reader: impl Reader<Batch = B>) -> String {
    let pipeline = Pipeline::builder("t").workers(2).read(reader).write_fn(async |_, _| Ok(()));
    let error = pipeline.unwrap().run_blocking(&RunContext::new()).unwrap_err();
    format!("{error:#}").strip_prefix("read failed").unwrap().to_owned()
}

/// Sizes that cut a short file everywhere, and one that does not cut it.
fn sizes() -> impl Iterator<Item = usize> {
    (1..50).chain([1 << 18])
}

#[test]
fn lines_that_are_something_else_are_recognized() {
    let table: &[(&str, &[u8], &str)] = &[
        (
            "a pretty array",
            b"[\n  {\"id\": 1},\n  {\"id\": 2}\n]\n",
            " at record 1 (in:1): expected an object, found an array; if the file is one array, the `json` readers read it",
        ),
        (
            "a compact array",
            b"[{\"id\":1},{\"id\":2}]",
            " at record 1 (in:1): expected an object, found an array; if the file is one array, the `json` readers read it",
        ),
        (
            "an array after a record",
            b"{\"id\":1}\n[{\"id\":2}]\n",
            " at record 2 (in:2): expected an object, found an array",
        ),
        (
            "lines with commas",
            b"{\"id\":1},\n{\"id\":2},\n",
            " at record 1 (in:1): column 9: trailing characters; a line of JSON Lines ends without a comma",
        ),
        (
            "several values on a line",
            b"{\"id\":1} {\"id\":2}\n",
            " at record 1 (in:1): column 10: trailing characters; `concatenated` reads several values on a line",
        ),
        (
            "values without anything between them",
            b"{}\n{}{}\n",
            " at record 2 (in:2): column 3: trailing characters; `concatenated` reads several values on a line",
        ),
        (
            "a line of a log",
            b"2024-01-01 12:00:00 {\"a\":1,\"b\":2}\n",
            " at record 1 (in:1): column 5: trailing characters",
        ),
        (
            "a space that does not break",
            b"{}\n\xc2\xa0{}\n",
            " at record 2 (in:2): column 1: expected value; outside of strings, JSON is ASCII; this character may be invisible",
        ),
        (
            "lines that end with CR",
            b"{\"id\":1}\r{\"id\":2}\r",
            " at record 1 (in:1): column 10: trailing characters; `concatenated` reads several values on a line",
        ),
        (
            "a pretty value",
            b"{\n  \"id\": 1\n}\n",
            " at record 1 (in:1): column 1: EOF while parsing an object; `concatenated` reads values that span lines",
        ),
        (
            "a pretty value after a record",
            b"{\"id\":1}\n{ \"id\":\n1}\n{\"id\":\n",
            " at record 2 (in:2): column 7: EOF while parsing a value",
        ),
        (
            "a value whose fields are on lines of their own",
            b"{\"id\":1}\n{\"id\":1,\r\n\"b\":2}\n",
            " at record 2 (in:2): column 8: EOF while parsing a value; `concatenated` reads values that span lines",
        ),
        (
            "a record that is cut off",
            b"{\"id\":1}\n{\"id\":1",
            " at record 2 (in:2): column 7: EOF while parsing an object",
        ),
        (
            "files that were joined",
            b"\xef\xbb\xbf{\"id\":1,\"b\":2}\n\xef\xbb\xbf{\"id\":2}\n",
            " at record 2 (in:2): column 1: expected value; `concatenated` skips the byte order marks of joined files, and \
             record separators (RFC 7464)",
        ),
        (
            "files without a last line end that were joined",
            b"{\"id\":1}\xef\xbb\xbf{\"id\":2}\n",
            " at record 1 (in:1): column 9: trailing characters; `concatenated` skips the byte order marks of joined files, \
             and record separators (RFC 7464)",
        ),
        (
            "a JSON text sequence",
            b"\x1e{\"id\":1,\"b\":2}\n\x1e{\"id\":2}\n",
            " at record 1 (in:1): column 1: expected value; `concatenated` skips the byte order marks of joined files, and \
             record separators (RFC 7464)",
        ),
        (
            "server-sent events",
            b"data: {\"id\":1,\"b\":2}\n",
            " at record 1 (in:1): column 1: expected value; JSON has no words but `true`, `false` and `null`",
        ),
        (
            "CSV",
            b"id,name\n1,a\n",
            " at record 1 (in:1): column 1: expected value; if the file is CSV, the `csv` readers read it",
        ),
        (
            "quoted CSV",
            b"\"id\";\"name, full\"\n",
            " at record 1 (in:1): expected an object, found text `id`; if the file is CSV, the `csv` readers read it",
        ),
        (
            "TSV of numbers",
            b"1\t2\n3\t4\n",
            " at record 1 (in:1): expected an object, found number `1`; if the file is CSV, the `csv` readers read it",
        ),
        ("text with a comma", b"\"a, b\"\n", " at record 1 (in:1): expected an object, found text `a, b`"),
        (
            "CSV after a record",
            b"{}\nid,name\n",
            " at record 2 (in:2): column 1: expected value; JSON has no words but `true`, `false` and `null`",
        ),
        (
            "HTML",
            b"<!DOCTYPE html>\n",
            " at record 1 (in:1): column 1: expected value; it looks like XML or HTML",
        ),
        (
            "UTF-16 without a mark",
            b"{\0\"\0a\0\"\0:\x001\0}\0\n\0",
            " at record 1 (in:1): column 2: a NUL byte, as in UTF-16, which `Input::encoding` reads",
        ),
        (
            "UTF-16 of the other byte order",
            b"\0{\0\"\0a\0\"\0:\x001\0}\0\n",
            " at record 1 (in:1): column 1: a NUL byte, as in UTF-16, which `Input::encoding` reads",
        ),
        (
            "UTF-16 with a mark",
            b"\xff\xfe{\0}\0\n\0",
            ": `in` has the byte order mark of UTF-16LE, but is read as UTF-8; \
             `Input::encoding` with `Encoding::Utf16` reads it",
        ),
        (
            "a log that was preallocated",
            b"{\"a\":1}\n\n{\"a\":2}\n\0\0\0\0\0\0\0\0",
            " at record 3 (in:4): column 1: 8 NUL bytes, as in a file with a part that was never written",
        ),
        (
            "a log that was truncated while it was written",
            b"\0\0\0\0\0{\"a\":1}\n{\"a\":2}\n",
            " at record 1 (in:1): column 1: 5 NUL bytes, as in a file with a part that was never written",
        ),
        (
            "gzip",
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
            ": `in` is gzip data, as its first bytes show; `Input::compression` with `Compression::Gzip` reads it",
        ),
        (
            "zstd",
            b"\x28\xb5\x2f\xfd\x20\x03",
            ": `in` is zstd data, as its first bytes show; `Input::compression` with `Compression::Zstd` reads it",
        ),
    ];
    for (what, content, says) in table {
        for size in sizes() {
            let reader = jsonl::read_records(Input::bytes("in", *content)).block_size(size);
            assert_eq!(error_of(reader), *says, "{what}, blocks of {size} bytes");
        }
    }
}

#[test]
fn lines_that_do_not_fit_a_type_are_recognized() {
    let table = [
        (
            "[{\"id\":\"1\"},{\"id\":\"2\"}]\n",
            "column 1: field `[0]`: expected a string, found map; if the file is one array, the `json` readers read it",
        ),
        (
            "[\n{\"id\":\"1\"}\n]\n",
            "column 1: EOF while parsing a list; if the file is one array, the `json` readers read it",
        ),
        (
            "\"id\",\"name\"\n",
            "column 4: expected struct Order, found string \"id\"; if the file is CSV, the `csv` readers read it",
        ),
        ("{\"id\":\"1\"},\n", "column 11: trailing characters; a line of JSON Lines ends without a comma"),
    ];
    for (content, says) in table {
        for size in sizes() {
            let reader = jsonl::read::<Order>(Input::bytes("in", content)).block_size(size);
            assert_eq!(error_of(reader), format!(" at record 1 (in:1): {says}"), "{content}");
        }
    }
}

#[test]
fn documents_that_are_something_else_are_recognized() {
    let jsonl = "the `jsonl` readers read one value per line";
    let object = format!("expected an array, found an object; `pointer` leads to an array in it; {jsonl}");
    let nul = "expected value; a NUL byte, as in UTF-16, which `Input::encoding` reads, or in a damaged file";
    let table: &[(&str, &[u8], &str)] = &[
        ("lines of objects", b"{\"id\":1}\n{\"id\":2}\n", &format!("in:1: column 1: {object}")),
        ("an object", b"\n {\"data\":[]}", &format!("in:2: column 2: {object}")),
        ("lines of arrays", b"[]\n[]\n", &format!("in:2: column 1: trailing characters; {jsonl}")),
        ("arrays without line ends", b"[][]", &format!("in:1: column 3: trailing characters; {jsonl}")),
        (
            "lines of numbers",
            b"1\n2\n",
            &format!(
                "in:1: column 1: expected an array, found a number; {jsonl}, and the `csv` readers read CSV"
            ),
        ),
        (
            "CSV",
            b"id,name\n1,a\n",
            "in:1: column 1: expected ident; if the file is CSV, the `csv` readers read it",
        ),
        ("HTML", b"<!DOCTYPE html>\n", "in:1: column 1: expected value; it looks like XML or HTML"),
        ("an empty file", b"", "in:1: column 1: EOF while parsing a value; the file is empty"),
        ("a blank file", b" \n", "in:2: column 1: EOF while parsing a value; the file is empty"),
        ("UTF-16 without a mark", b"[\0{\0}\0]\0", &format!("in:1: column 2: {nul}")),
        ("UTF-16 of the other byte order", b"\0[\0{\0}\0]", &format!("in:1: column 1: {nul}")),
        (
            "a document that was preallocated",
            b"[]\n\0\0\0\0",
            "in:2: column 1: trailing characters; a NUL byte, as in UTF-16, which `Input::encoding` reads, or in a \
             damaged file",
        ),
        (
            "UTF-16 with a mark",
            b"\xfe\xff\0[\0]",
            "`in` has the byte order mark of UTF-16BE, but is read as UTF-8; \
             `Input::encoding` with `Encoding::Utf16` reads it",
        ),
        (
            "bzip2",
            b"BZh91AY&SY\0\0\0\0",
            "`in` is bzip2 data, as its first bytes show; `Input::compression` with `Compression::Bzip2` reads it",
        ),
        (
            "zip",
            b"PK\x03\x04\x14\0",
            "`in` is zip data, as its first bytes show; unpack it first, or export the spreadsheet as CSV",
        ),
    ];
    for (what, content, says) in table {
        for size in sizes() {
            let reader = json::read_records(Input::bytes("in", *content)).block_size(size);
            assert_eq!(error_of(reader), format!(": {says}"), "{what}, blocks of {size} bytes");
        }
    }
}

/// Text of JavaScript, JSON5 and Python. The same value is a line, an element of an array, and outside of the array.
#[test]
fn what_only_json5_has_is_named() {
    let words = "JSON has no words but `true`, `false` and `null`";
    let table = [
        ("NaN", 1, format!("expected value; {words}")),
        ("Infinity", 1, format!("expected value; {words}")),
        ("-Infinity", 2, format!("invalid number; {words}")),
        ("nan", 2, format!("expected ident; {words}")),
        ("None", 1, format!("expected value; {words}")),
        ("True", 1, format!("expected value; {words}")),
        ("'a'", 1, "expected value; JSON has only double quotes".to_owned()),
        (
            "\u{201c}a\u{201d}",
            1,
            "expected value; outside of strings, JSON is ASCII; this character may be invisible".to_owned(),
        ),
        ("{'a':1}", 2, "key must be a string; JSON has only double quotes".to_owned()),
        ("{a:1}", 2, "key must be a string".to_owned()),
        ("/* none */ 1", 1, "expected value; JSON has no comments".to_owned()),
        ("+1", 1, "expected value; a number in JSON begins with a digit or `-`".to_owned()),
        (".5", 1, "expected value; a number in JSON begins with a digit or `-`".to_owned()),
        ("{\"b\":1,}", 8, "trailing comma".to_owned()),
        ("{\"b\":\"\" // one\n}", 9, "expected `,` or `}`; JSON has no comments".to_owned()),
        ("\"\\ud83d\"", 2, "`\\ud83d` is half of a surrogate pair, and not a character".to_owned()),
        (
            "\"\\uD83D\\uDE00 \\uDE00\"",
            15,
            "`\\ude00` is half of a surrogate pair, and not a character".to_owned(),
        ),
        (
            "{\"\\ud83d\\ud83d\\ude00\":1}",
            3,
            "`\\ud83d` is half of a surrogate pair, and not a character".to_owned(),
        ),
    ];
    for (value, column, says) in &table {
        for size in sizes() {
            let line = format!("{{\"x\":{}}}\n", value.replace('\n', ""));
            // The line comment goes on to the end.
            if !value.contains("//") {
                let error = error_of(jsonl::read_records(Input::bytes("in", line)).block_size(size));
                assert_eq!(error, format!(" at record 1 (in:1): column {}: {says}", column + 5));
            }
            let array = format!("[\n{{\"x\":{value}}}]");
            let error = error_of(json::read_records(Input::bytes("in", array)).block_size(size));
            assert_eq!(error, format!(" at record 1 (in:2): column {}: {says}", column + 5));
            let document = format!("{{\"x\":{value},\"a\":[]}}");
            let reader = json::read_records(Input::bytes("in", document)).pointer("/a");
            assert_eq!(error_of(reader.block_size(size)), format!(": in:1: column {}: {says}", column + 5));
        }
    }
}

#[test]
fn a_line_that_does_not_end_is_recognized() {
    let table = [
        ("[", "if the file is one array, the `json` readers read it"),
        (
            "{",
            "`concatenated` reads several values on a line, and `json` with `pointer` an array in a document",
        ),
        ("\0", "it begins with NUL bytes, as in a file with a part that was never written"),
    ];
    for (start, hint) in table {
        let content = format!("{{}}\n{start}{}", "\0".repeat(64 << 20));
        let error = error_of(jsonl::read_records(Input::bytes("in", content)));
        assert_eq!(error, format!(": in:2: column 1: a line of over 64 MiB; {hint}"));
    }
}
