//! What the guide says about broken input and about JSON, line by line of its tables.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Once;

use godata::csv::FileColumns;
use godata::etl::Reader;
use godata::prelude::*;
use godata::{DuplicateKeys, Encoding, Limit, OnError, Records, Transient, json};
use serde::{Deserialize, Serialize};

use support::Folder;
use support::packing::Packing;

const ERRORS: &str = include_str!("../crates/godata/src/guide/errors.rs");

const GUIDE: &str = include_str!("../crates/godata/src/guide/files.rs");

/// The docs of the readers of JSON Lines.
const JSONL: &str = include_str!("../crates/godata-io-json/src/jsonl/mod.rs");

/// The first cells of the lines of a table with this head.
fn lines_of_table(docs: &'static str, head: &str) -> Vec<&'static str> {
    let after = docs.split_once(head).unwrap().1;
    let lines = after.lines().skip(2).map_while(|line| line.strip_prefix("//! | "));
    lines.map(|line| line.split_once(" | ").unwrap().0).collect()
}

/// Checks a line of the table.
type Check = fn(&Broken);

const CHECKS: [(&str, Check); 21] = [
    ("is missing, is a directory, or can't be read", unreadable),
    ("is a pattern that matches nothing, or a directory without files", no_files),
    ("disappears before it is opened", disappears),
    ("is cut off while it is read", cut_off_while_read),
    ("is changed while it is read", changed),
    ("is compressed, but its name does not say so", compressed),
    ("is compressed, and damaged or incomplete", damaged),
    ("is empty", empty),
    ("is not UTF-8, or has the byte order mark of another encoding", encoded),
    ("has several byte order marks at its start", marks),
    ("has a bad record: a missing cell, an open or stray quote, a duplicate key, a bad number", bad_record),
    ("is one of several CSV files, and has other columns than the first", other_columns),
    ("is one of several CSV files, and has another delimiter", other_delimiter),
    ("has a record of more than 64 MiB", long_record),
    ("lacks a column that a step asks for, because it was renamed", renamed_column),
    ("ends in the middle of a record", incomplete),
    ("is JSON of another form: an array as JSON Lines, lines as an array", other_form),
    ("has several JSON values on a line, or values that span lines", concatenated),
    ("has byte order marks between records, as joined JSON Lines do", joined),
    ("is not JSON: CSV, HTML, comments, single quotes, `NaN`, half a surrogate pair", no_json),
    ("has NUL bytes, as in UTF-16, or where a part was never written", nuls),
];

const JSON_CHECKS: [(&str, Check); 5] = [
    ("has one value per line", lines),
    ("has values that span lines, or several on a line", concatenated),
    ("is an array", array),
    ("is a document that contains an array", document),
    ("is for people", pretty),
];

const JSONL_CHECKS: [(&str, Check); 6] = [
    ("several values on a line, or values that span lines, as `jq` prints them", concatenated),
    ("byte order marks between records, as in joined files, or record separators (RFC 7464)", joined),
    ("a key twice in a dynamic record", twice),
    ("values that are nested more than 128 deep", deep),
    ("text that is not UTF-8", encoded),
    ("one array, or a document with an array in it", other_form),
];

#[test]
fn each_line_about_broken_input_is_true() {
    check("//! | the input | what happens |", GUIDE, &CHECKS);
}

#[test]
fn each_line_about_the_forms_of_json_is_true() {
    check("//! # JSON Lines or an array?\n//!\n//! | the file | use |", GUIDE, &JSON_CHECKS);
    check("//! | a file may also have | by default | to read it |", JSONL, &JSONL_CHECKS);
}

fn check(head: &str, docs: &'static str, checks: &[(&str, Check)]) {
    let checked: Vec<_> = checks.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines_of_table(docs, head), checked, "each line of the table has a check");
    for (_, check) in checks {
        check(&Broken::new());
    }
}

#[derive(Deserialize, Serialize)]
struct Order {
    #[serde(rename = "id")]
    _id: u64,
}

/// A folder with an old output.
struct Broken {
    folder: Folder,
}

impl Broken {
    fn new() -> Self {
        let folder = Folder::in_memory();
        folder.write("out", "old");
        Self { folder }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Input {
        Input::path(self.folder.write(name, content))
    }

    /// Runs a pipeline over a reader, which calls `at_first` with its first record.
    fn run<R>(&self, reader: R, at_first: impl Fn() + Send + Sync + 'static) -> Result<u64, String>
    where
        R: Reader<Batch = Records>,
    {
        let once = Once::new();
        let flow = Pipeline::builder("t").workers(2).read(reader).filter(move |_| {
            once.call_once(&at_first);
            true
        });
        let pipeline = flow.write(jsonl::write(self.folder.path("out"))).unwrap();
        let report = pipeline.run_blocking(&RunContext::new());
        if report.is_err() {
            assert_eq!(self.folder.files()["out"], b"old");
            assert!(!self.folder.files().keys().any(|name| name.ends_with(".tmp")));
        }
        report.map(|report| report.written.records).map_err(|error| self.folder.message(&error))
    }

    /// A run over this reader fails with this message.
    #[track_caller]
    fn fails(&self, reader: impl Reader<Batch = Records>, says: &str) {
        self.fails_after(reader, || (), says);
    }

    #[track_caller]
    fn fails_after(
        &self,
        reader: impl Reader<Batch = Records>,
        at_first: impl Fn() + Send + Sync + 'static,
        says: &str,
    ) {
        let error = self.run(reader, at_first).unwrap_err();
        assert!(error.starts_with(&format!("read failed{says}")), "says {error}\ninstead of {says}");
    }

    /// Each format fails alike.
    #[track_caller]
    fn all_fail(&self, input: impl Fn() -> Input, says: &str) {
        self.fails(csv::read_records(input()), says);
        self.fails(jsonl::read_records(input()), says);
        self.fails(json::read_records(input()), says);
    }

    /// JSON Lines of 6 MB, of which the first blocks have 1,000 bytes.
    fn long_lines(&self) -> impl Reader<Batch = Records> + use<> {
        let lines = format!("{{\"id\":\"{}\"}}\n", "x".repeat(90)).repeat(60_000);
        jsonl::read_records(self.write("in", lines)).block_size(1_000)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path(name).display().to_string()
    }
}

fn unreadable(broken: &Broken) {
    let missing = || Input::path(broken.folder.path("none"));
    broken.all_fail(missing, ": `none` can't be opened: No such file or directory");
    fs::create_dir(broken.folder.path("folder")).unwrap();
    let folder = || Input::path(broken.folder.path("folder"));
    broken.all_fail(folder, ": `folder` is a directory; `Input::directory` reads the files in it");
    let memory = "/proc/self/mem";
    if Path::new(memory).exists() {
        broken.all_fail(|| Input::path(memory), &format!(": `{memory}` can't be read: "));
    } else {
        support::skipped("this system has no file that can't be read");
    }
}

fn no_files(broken: &Broken) {
    fs::create_dir(broken.folder.path("folder")).unwrap();
    let pattern = broken.path("folder/*.csv");
    broken.all_fail(|| Input::glob(&*pattern), ": no file matches `folder/*.csv`");
    let folder = broken.folder.path("folder");
    broken.all_fail(|| Input::directory(&folder), ": there are no files in `");
}

fn disappears(broken: &Broken) {
    let last = broken.folder.write("in-2", "{}\n");
    let lines = "{\"id\":1}\n".repeat(100_000);
    let first = broken.folder.write("in-1", lines);
    let reader = jsonl::read_records(Input::paths([first, last.clone()])).block_size(1_000);
    let says = ": `in-2` can't be opened: No such file or directory";
    broken.fails_after(reader, move || fs::remove_file(&last).unwrap(), says);
}

/// What is left is complete.
fn cut_off_while_read(broken: &Broken) {
    let (reader, path) = (broken.long_lines(), broken.folder.path("in"));
    let len = fs::metadata(&path).unwrap().len() / 60_000 * 50_000;
    let cut = move || File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
    broken.fails_after(reader, cut, &format!(": `in` can't be read: it ends after {len} of the "));
}

fn changed(broken: &Broken) {
    let (reader, path) = (broken.long_lines(), broken.folder.path("in"));
    File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let rewrite = move || File::options().write(true).open(&path).unwrap().write_all(b"{}").unwrap();
    broken.fails_after(reader, rewrite, ": `in` can't be read: it was changed while it was read");

    let grow = |broken: &Broken| {
        let path = broken.folder.path("in");
        File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        move || File::options().append(true).open(&path).unwrap().write_all(b"{}\n").unwrap()
    };
    let says = ": `in` can't be read: it grew while it was read; `Input::growing` reads";
    broken.fails_after(broken.long_lines(), grow(broken), says);
    broken.long_lines();
    let growing = Input::path(broken.folder.path("in")).growing();
    let reader = jsonl::read_records(growing).block_size(1_000);
    assert_eq!(broken.run(reader, grow(broken)), Ok(60_000));
}

fn compressed(broken: &Broken) {
    for (packing, name) in [(Packing::Gzip, "Gzip"), (Packing::Zstd, "Zstd"), (Packing::Bzip2, "Bzip2")] {
        broken.write("in", packing.pack(b"[{}]"));
        let says = format!(
            ": `in` is {} data, as its first bytes show; `Input::compression` with `Compression::{name}` reads it",
            name.to_lowercase()
        );
        broken.all_fail(|| Input::path(broken.folder.path("in")), &says);
    }
}

fn damaged(broken: &Broken) {
    for packing in [Packing::Gzip, Packing::Zstd, Packing::Bzip2] {
        let name = format!("in{}", packing.extension());
        let whole = packing.pack(&b"{\"id\":1}\n".repeat(100));
        let mut other = whole.clone();
        other[whole.len() - 6] ^= 0x55;
        for bytes in [&whole[..whole.len() - 9], &other] {
            broken.write(&name, bytes);
            let says = format!(": `{name}` is not whole ");
            let error = broken.run(jsonl::read_records(Input::path(broken.folder.path(&name))), || ());
            let error = error.unwrap_err();
            assert!(error.starts_with(&format!("read failed{says}")), "{error}");
            assert!(error.contains("decompression fails after "), "{error}");
        }
    }
}

fn empty(broken: &Broken) {
    let input = || broken.write("in", "");
    assert_eq!(broken.run(jsonl::read_records(input()), || ()), Ok(0));
    broken.folder.write("out", "old");
    broken.fails(csv::read_records(input()), ": `in` is empty: its header is missing");
    let says = ": in:1: column 1: EOF while parsing a value; the file is empty";
    broken.fails(json::read_records(input()), says);
}

fn encoded(broken: &Broken) {
    let latin_1 = b"[{\"id\":\"\xe9\"}]";
    let hint = "`Input::encoding` reads other text";
    let says = format!(" at record 1 (in:2): column `id`: `\u{fffd}` is not UTF-8; {hint}");
    broken.fails(csv::read_records(broken.write("in", b"id\n\xe9\n")), &says);
    let says = format!(" at record 1 (in:1): column 8: invalid UTF-8; {hint}");
    broken.fails(jsonl::read_records(broken.write("in", &latin_1[1..])), &says);
    let says = format!(" at record 1 (in:1): column 9: invalid UTF-8; {hint}");
    broken.fails(json::read_records(broken.write("in", latin_1)), &says);
    let utf_16: Vec<u8> = "\u{feff}[{}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let says = ": `in` has the byte order mark of UTF-16LE, but is read as UTF-8; `Input::encoding` with \
                `Encoding::Utf16` reads it";
    broken.all_fail(|| broken.write("in", &utf_16), says);
    let lone = [&utf_16[..], b"\x00\xd8"].concat();
    let input = || broken.write("in", &lone).encoding(Encoding::Utf16);
    broken.fails(
        json::read_records(input()),
        ": `in` is not valid UTF-16LE text: the bytes at offset 10 are not",
    );
}

fn marks(broken: &Broken) {
    let read = |name: &str, text: &str| broken.write(name, format!("\u{feff}\u{feff}{text}"));
    assert_eq!(broken.run(csv::read_records(read("in", "id\n1\n")), || ()), Ok(1));
    assert_eq!(broken.run(jsonl::read_records(read("in", "{}\n")), || ()), Ok(1));
    assert_eq!(broken.run(json::read_records(read("in", "[{}]")), || ()), Ok(1));
}

fn bad_record(broken: &Broken) {
    let csv = |text: &str| csv::read_records(broken.write("in", format!("id,name\n1,a\n{text}\n")));
    broken.fails(csv("2"), " at record 2 (in:3): wrong number of columns: expected 2, found 1");
    broken
        .fails(csv("2,\"b"), " at record 2 (in:3): column `name`: the quote that opens here is never closed");
    broken.fails(
        csv("2,b\"c"),
        " at record 2 (in:3): column `name`: `b\"c` has a quote, but does not begin with one",
    );
    let csv = csv::read::<Order>(broken.write("in", "id\n1\n1OO\n"));
    let error = Pipeline::builder("t").read(csv).write(jsonl::write(broken.folder.path("out"))).unwrap();
    let error = broken.folder.message(&error.run_blocking(&RunContext::new()).unwrap_err());
    assert!(error.starts_with("read failed at record 2 (in:3): column `id`: `1OO`: "), "{error}");
    let twice = "{\"id\":1,\"id\":2}";
    let says = " at record 2 (in:2): column 12: field `id` appears twice";
    broken.fails(jsonl::read_records(broken.write("in", format!("{{}}\n{twice}\n"))), says);
    broken.fails(json::read_records(broken.write("in", format!("[{{}},\n{twice}]"))), says);
    let says = " at record 1 (in:1): column 8: invalid number";
    broken.fails(jsonl::read_records(broken.write("in", "{\"id\":01}\n")), says);
}

fn other_columns(broken: &Broken) {
    let paths =
        [broken.folder.write("in-1", "id,name\n1,a\n"), broken.folder.write("in-2", "id,note\n1,a\n")];
    let says = ": in-2:1: column 2 is `note`, but `name` in `in-1`; ";
    broken.fails(csv::read_records(Input::paths(paths)), says);
}

fn other_delimiter(broken: &Broken) {
    let paths =
        [broken.folder.write("in-1", "id,name\n1,a\n"), broken.folder.write("in-2", "id;name\n1;a\n")];
    let says = ": in-2:1: the header is the single column `id;name`, but its parts are columns of other files (is the \
                delimiter `;`?); ";
    for columns in [FileColumns::Same, FileColumns::AnyOrder, FileColumns::Union] {
        broken.fails(csv::read_records(Input::paths(&paths)).file_columns(columns), says);
    }
}

fn renamed_column(broken: &Broken) {
    fn paid(broken: &Broken, reader: impl Reader<Batch = Records>) -> Result<u64, String> {
        let flow = Pipeline::builder("t").read(reader).filter(|order| order.str("status") == Some("paid"));
        let pipeline = flow.write(jsonl::write(broken.folder.path("out"))).unwrap();
        let report = pipeline.run_blocking(&RunContext::new());
        report.map(|report| report.written.records).map_err(|error| broken.folder.message(&error))
    }
    let error = paid(broken, csv::read_records(broken.write("in", "id,Status\n1,paid\n"))).unwrap_err();
    assert!(
        error.ends_with("no field is named `status` (did you mean `Status`?); the fields are `id`, `Status`")
    );
    assert_eq!(broken.folder.files()["out"], b"old");
    let json = broken.write("in", "{\"id\":1,\"Status\":\"paid\"}\n");
    assert_eq!(paid(broken, jsonl::read_records(json)), Ok(0));
}

fn long_record(broken: &Broken) {
    let long = "x".repeat((64 << 20) + 1);
    broken.fails(
        csv::read_records(broken.write("in", format!("id\n1\n{long}"))),
        " at record 2 (in:3): the record that begins here",
    );
    broken.fails(
        jsonl::read_records(broken.write("in", format!("{{}}\n\"{long}"))),
        ": in:2: the record that begins here",
    );
    let says =
        ": in:2: column 1: a line of over 64 MiB; if the file is one array, the `json` readers read it";
    broken.fails(jsonl::read_records(broken.write("in", format!("{{}}\n[\"{long}"))), says);
    broken.fails(
        json::read_records(broken.write("in", format!("[{{}},\n\"{long}"))),
        ": in:1: the record that begins here",
    );
}

fn incomplete(broken: &Broken) {
    let says = " at record 2 (in:2): column 7: EOF while parsing an object";
    broken.fails(jsonl::read_records(broken.write("in", "{}\n{\"id\":1")), says);
    broken.fails(json::read_records(broken.write("in", "[{},\n{\"id\":1")), says);
    broken.fails(
        json::read_records(broken.write("in", "[{},\n{}")),
        ": in:2: column 2: EOF while parsing a list",
    );
    broken.fails(
        csv::read_records(broken.write("in", "id,n\n1")),
        " at record 1 (in:2): wrong number of columns",
    );
    assert_eq!(broken.run(csv::read_records(broken.write("in", "id,n\n1,12")), || ()), Ok(1));
}

fn other_form(broken: &Broken) {
    let says = " at record 1 (in:1): expected an object, found an array; if the file is one array, the `json` readers read it";
    broken.fails(jsonl::read_records(broken.write("in", "[{}]\n")), says);
    let says = ": in:1: column 1: expected an array, found an object; `pointer` leads to an array in it; \
                the `jsonl` readers read one value per line";
    broken.fails(json::read_records(broken.write("in", "{}\n{}\n")), says);
}

fn concatenated(broken: &Broken) {
    let table = [
        ("{} {}\n", 2, "column 4: trailing characters; `concatenated` reads several values on a line"),
        ("{}{}\n", 2, "column 3: trailing characters; `concatenated` reads several values on a line"),
        (
            "{\n}\n{\n}\n",
            2,
            "column 1: EOF while parsing an object; `concatenated` reads values that span lines",
        ),
    ];
    for (text, records, says) in table {
        broken.folder.write("out", "old");
        let reader = || jsonl::read_records(broken.write("in", text));
        broken.fails(reader(), &format!(" at record 1 (in:1): {says}"));
        assert_eq!(broken.run(reader().concatenated(), || ()), Ok(records));
    }
}

fn joined(broken: &Broken) {
    let reader = || jsonl::read_records(broken.write("in", "\u{feff}{}\n\u{feff}{}\n"));
    let says = " at record 2 (in:2): column 1: expected value; `concatenated` skips the byte order marks";
    broken.fails(reader(), says);
    assert_eq!(broken.run(reader().concatenated(), || ()), Ok(2));
    broken.folder.write("out", "old");
    let reader = || jsonl::read_records(broken.write("in", "\u{1e}{}\n\u{1e}{}\n"));
    broken.fails(reader(), " at record 1 (in:1): column 1: expected value; `concatenated` skips");
    assert_eq!(broken.run(reader().concatenated(), || ()), Ok(2));
}

fn lines(broken: &Broken) {
    assert_eq!(broken.run(jsonl::read_records(broken.write("in", "{}\n\n{}")), || ()), Ok(2));
}

fn array(broken: &Broken) {
    assert_eq!(broken.run(json::read_records(broken.write("in", "[{},\n{}]")), || ()), Ok(2));
}

fn document(broken: &Broken) {
    let reader = json::read_records(broken.write("in", "{\"data\":{\"items\":[{},{}]}}"));
    assert_eq!(broken.run(reader.pointer("/data/items"), || ()), Ok(2));
}

fn pretty(broken: &Broken) {
    let flow = Pipeline::builder("t").read(jsonl::read_records(broken.write("in", "{\"id\":1}")));
    let pipeline = flow.write(json::write(broken.folder.path("out")).pretty()).unwrap();
    pipeline.run_blocking(&RunContext::new()).unwrap();
    assert_eq!(broken.folder.files()["out"], b"[\n  {\n    \"id\": 1\n  }\n]");
}

fn twice(broken: &Broken) {
    let reader = || jsonl::read_records(broken.write("in", "{\"id\":1,\"id\":2}"));
    broken.fails(reader(), " at record 1 (in:1): column 12: field `id` appears twice");
    for rule in [DuplicateKeys::First, DuplicateKeys::Last] {
        assert_eq!(broken.run(reader().duplicate_keys(rule), || ()), Ok(1));
    }
}

fn deep(broken: &Broken) {
    let text = |lists: usize| format!("{{\"id\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
    let reader = |lists| jsonl::read_records(broken.write("in", text(lists)));
    broken.fails(reader(128), " at record 1 (in:1): column 134: nested more than 128 deep");
    assert_eq!(broken.run(reader(127), || ()), Ok(1));
    assert_eq!(broken.run(reader(128).max_depth(129), || ()), Ok(1));
}

fn no_json(broken: &Broken) {
    let table = [
        ("id,name\n", 1, "expected value; if the file is CSV, the `csv` readers read it"),
        ("<html>\n", 1, "expected value; it looks like XML or HTML"),
        ("// none\n", 1, "expected value; JSON has no comments"),
        ("{'id':1}\n", 2, "key must be a string; JSON has only double quotes"),
        ("{\"id\":NaN}\n", 7, "expected value; JSON has no words but `true`, `false` and `null`"),
        ("{\"id\":\"\\ud800\"}\n", 8, "`\\ud800` is half of a surrogate pair, and not a character"),
    ];
    for (text, column, says) in table {
        let says = format!("column {column}: {says}");
        broken.fails(jsonl::read_records(broken.write("in", text)), &format!(" at record 1 (in:1): {says}"));
    }
    let says = ": in:1: column 1: expected ident; if the file is CSV, the `csv` readers read it";
    broken.fails(json::read_records(broken.write("in", "id,name\n")), says);
    let says = " at record 1 (in:1): column 2: key must be a string; JSON has only double quotes";
    broken.fails(json::read_records(broken.write("in", "[{'id':1}]")), &says.replace("column 2", "column 3"));
}

fn nuls(broken: &Broken) {
    let says = " at record 2 (in:2): column 1: 4 NUL bytes, as in a file with a part that was never written";
    broken.fails(jsonl::read_records(broken.write("in", "{}\n\0\0\0\0")), says);
    let says = " at record 1 (in:1): column 2: a NUL byte, as in UTF-16, which `Input::encoding` reads";
    broken.fails(jsonl::read_records(broken.write("in", "{\0}\0\n\0")), says);
    let says = ": in:2: column 1: trailing characters; a NUL byte, as in UTF-16, which `Input::encoding` reads, or in";
    broken.fails(json::read_records(broken.write("in", "[{}]\n\0\0\0\0")), says);
    let says =
        " at record 1 (in:2): column `id`: there is a NUL byte, as in binary files and in UTF-16, which";
    broken.fails(csv::read_records(broken.write("in", "id\n\0\0\0\0\n")), says);
}

/// Runs a pipeline in which one thing is wrong with the second of three records, or with all.
type Wrong = fn(&Folder, OnError) -> Result<RunReport, BoxError>;

const WRONG: [(&str, Wrong); 16] = [
    ("a record can't be decoded", |_, on_error| {
        let flow = with(on_error).read(csv::read_records(Input::bytes("in.csv", "a,b\n1,2\n3\n5,6\n")));
        run(flow.write_fn(async |_, _| Ok(())))
    }),
    (
        "an element of a JSON array, or a concatenated JSON value, has broken brackets or quotes, so later records may be inside it",
        |_, on_error| {
            let text = "[{\"a\":1},{\"a\":[2},{\"a\":3}]";
            run(with(on_error)
                .read(json::read_records(Input::bytes("in.json", text)))
                .write_fn(async |_, _| Ok(())))
        },
    ),
    ("a step returns an error for a record", |_, on_error| {
        run(numbers(on_error)
            .try_map(|n| if n == 2 { Err("no".into()) } else { Ok(n) })
            .write_fn(async |_, _| Ok(())))
    }),
    ("a record fails an [`expect`](Flow::expect)", |_, on_error| {
        run(numbers(on_error).expect("not two", |n| *n != 2).write_fn(async |_, _| Ok(())))
    }),
    ("the format of the output can't hold a value of a record", |folder, on_error| {
        let floats = with(on_error).read_vec(vec![1.0, f64::NAN, 3.0]);
        run(floats.write(jsonl::write(folder.path("out.jsonl"))))
    }),
    ("more records are left out than the limit allows", |_, _| {
        let on_error = OnError::skip(Limit::records(0));
        run(numbers(on_error).expect("not two", |n| *n != 2).write_fn(async |_, _| Ok(())))
    }),
    ("a step asks for a name that no record has", |_, on_error| {
        let flow = with(on_error).read(csv::read_records(Input::bytes("in.csv", "a\n1\n2\n3\n")));
        run(flow.try_filter(|record| Ok(record.text("b")? == "1")).write_fn(async |_, _| Ok(())))
    }),
    (
        "a service that a step asks is down, and the error has an [`io::Error`](std::io::Error) about a connection in its chain",
        |_, on_error| {
            let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            let ask = move |n| if n == 2 { Err(refused().into()) } else { Ok(n) };
            run(numbers(on_error).try_map(ask).write_fn(async |_, _| Ok(())))
        },
    ),
    ("a service that a step asks is down, and the step says so with [`Transient`]", |_, on_error| {
        let ask = |n| if n == 2 { Err(Transient::new("it is down").into()) } else { Ok(n) };
        run(numbers(on_error).try_map(ask).write_fn(async |_, _| Ok(())))
    }),
    ("a step panics", |_, on_error| {
        run(numbers(on_error).map(|n| if n == 2 { panic!("no") } else { n }).write_fn(async |_, _| Ok(())))
    }),
    (INPUT, |folder, on_error| {
        let flow = with(on_error).read(csv::read_records(folder.path("missing.csv")));
        run(flow.write_fn(async |_, _| Ok(())))
    }),
    (INPUT, |_, on_error| packed(on_error, |gzip| gzip.truncate(gzip.len() - 9))),
    (INPUT, |_, on_error| packed(on_error, |gzip| *gzip.last_mut().unwrap() ^= 1)),
    (OUTPUT, |_, on_error| run(numbers(on_error).write(jsonl::write("/dev/full")))),
    (OUTPUT, |folder, on_error| run(numbers(on_error).write(jsonl::write(folder.path("none/out.jsonl"))))),
    ("the dead letters can't be written", |folder, _| {
        let letters = jsonl::write(folder.path("no directory/bad.jsonl"));
        let on_error = OnError::dead_letter(letters, Limit::unlimited());
        run(numbers(on_error).expect("not two", |n| *n != 2).write_fn(async |_, _| Ok(())))
    }),
];

const INPUT: &str = "an input is missing, cut off, damaged, or changed while it is read";
const OUTPUT: &str = "the output can't be written: no space is left, or the directory is missing";

/// Reads a compressed file after `damage`.
fn packed(on_error: OnError, damage: fn(&mut Vec<u8>)) -> Result<RunReport, BoxError> {
    let mut gzip = Packing::Gzip.pack(b"a\n1\n2\n3\n");
    damage(&mut gzip);
    let flow = with(on_error).read(csv::read_records(Input::bytes("in.csv.gz", gzip)));
    run(flow.write_fn(async |_, _| Ok(())))
}

fn with(on_error: OnError) -> godata::PipelineBuilder {
    Pipeline::builder("wrong").on_error(on_error)
}

fn numbers(on_error: OnError) -> Flow<Vec<u32>> {
    with(on_error).read_vec(vec![1, 2, 3])
}

fn run(pipeline: Result<Pipeline, godata::BuildError>) -> Result<RunReport, BoxError> {
    Ok(pipeline?.run_blocking(&RunContext::new())?)
}

#[test]
fn what_goes_wrong_is_left_out_or_fails_the_run() {
    let said = ERRORS.split_once("//! | what goes wrong |").unwrap().1.lines().skip(2);
    let said: Vec<_> = said.map_while(|line| line.strip_prefix("//! | ")?.strip_suffix(" |")).collect();
    let mut rows: Vec<_> = WRONG.iter().map(|(what, _)| *what).collect();
    rows.dedup();
    assert_eq!(said.len(), rows.len());
    for (what, wrong) in WRONG {
        let line = said.iter().find(|line| line.starts_with(what)).unwrap();
        let folder = Folder::new();
        let expected = if wrong(&folder, OnError::skip(Limit::unlimited())).is_ok() {
            "it is left out"
        } else {
            "the run fails"
        };
        assert_eq!(*line, format!("{what} | {expected}"));
        if let Ok(report) = wrong(&folder, OnError::skip(Limit::unlimited())) {
            assert_eq!((report.rejected(), report.written.records), (1, 2), "{what}");
        }
        assert!(wrong(&folder, OnError::fail()).is_err(), "{what}");
    }
}
