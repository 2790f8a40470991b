//! Bad input, and output that can't be written: the error names the place, and the target stays unchanged.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod many;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use godata::prelude::*;
use serde::{Deserialize, Serialize};

use support::Folder;

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Order {
    id: String,
    amount: f64,
    note: String,
}

/// The formats that a pipeline reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    CsvTyped,
    CsvRecords,
    JsonlTyped,
    JsonlRecords,
}
use Shape::{CsvRecords, CsvTyped, JsonlRecords, JsonlTyped};

const CSV: &[Shape] = &[CsvTyped, CsvRecords];
const JSONL: &[Shape] = &[JsonlTyped, JsonlRecords];
const ALL: &[Shape] = &[CsvTyped, CsvRecords, JsonlTyped, JsonlRecords];

impl Shape {
    fn is_csv(self) -> bool {
        CSV.contains(&self)
    }

    fn input(self) -> &'static str {
        if self.is_csv() { "in.csv" } else { "in.jsonl" }
    }

    fn pipeline(self, workers: usize, input: &Path, output: &Path) -> Pipeline {
        let builder = Pipeline::builder("bad-input").workers(workers);
        match self {
            CsvTyped => builder.read(csv::read::<Order>(input)).write(csv::write(output)),
            CsvRecords => {
                let flow = builder.read(csv::read_records(input)).cast("amount", Type::Float);
                flow.write(csv::write(output))
            }
            JsonlTyped => builder.read(jsonl::read::<Order>(input)).write(jsonl::write(output)),
            JsonlRecords => {
                let flow = builder.read(jsonl::read_records(input)).cast("amount", Type::Float);
                flow.write(jsonl::write(output))
            }
        }
        .unwrap()
    }
}

/// The number of the bad record. The records before it fill more than one block.
const BAD: u64 = 1_200;

/// Its line: with CSV under a header and a record of two lines, else after a blank line.
fn bad_line(shape: Shape) -> u64 {
    if shape.is_csv() { BAD + 2 } else { BAD + 1 }
}

/// A file of three blocks, with these bytes as the bad record.
fn input(shape: Shape, bad: &[u8]) -> Vec<u8> {
    let padding = "p".repeat(230);
    let mut file = Vec::new();
    let good = |file: &mut Vec<u8>, id: u64| {
        let text = match (shape.is_csv(), id) {
            (true, 1) => format!("id,amount,note\n1,2.5,\"{padding},\n\"\n"),
            (true, _) => format!("{id},2.5,{padding}\n"),
            (false, 1) => format!("{{\"id\":\"1\",\"amount\":2.5,\"note\":\"{padding}\"}}\n\n"),
            (false, _) => format!("{{\"id\":\"{id}\",\"amount\":2.5,\"note\":\"{padding}\"}}\n"),
        };
        file.extend_from_slice(text.as_bytes());
    };
    (1..BAD).for_each(|id| good(&mut file, id));
    file.extend_from_slice(bad);
    file.push(b'\n');
    (BAD + 1..=2 * BAD).for_each(|id| good(&mut file, id));
    file
}

/// Runs a pipeline that must fail and leave everything unchanged. Returns what is wrong with the way it fails, if anything.
/// In `says`, `{place}` stands for the bad record; without it, the error must not name a record.
fn problem(pipeline: &Pipeline, folder: &Folder, shape: Shape, says: &str) -> Option<String> {
    let file = shape.input();
    let says = says.replace("{place}", &format!("record {BAD} ({file}:{})", bad_line(shape)));
    let place = says
        .contains(" failed at ")
        .then(|| (Some(BAD), Some(bad_line(shape)), Some(folder.path(file).display().to_string())));
    let before = folder.files();
    let Err(error) = pipeline.run_blocking(&RunContext::new()) else { return Some("it succeeded".into()) };
    let message = folder.message(&error);
    if message != says {
        return Some(format!("says      {message}\ninstead of {says}"));
    }
    let stage = match &error {
        PipelineError::Read { .. } => "read failed".to_owned(),
        PipelineError::Step { step, .. } => format!("{step} failed"),
        PipelineError::Write { .. } => "write failed".to_owned(),
        other => return Some(format!("{other:?} has no stage")),
    };
    if !message.starts_with(&stage) {
        return Some(format!("is of the stage `{stage}`"));
    }
    let found = error.place().map(|at| (at.record, at.line, at.source.as_deref().map(str::to_owned)));
    if found != place {
        return Some(format!("is at {found:?} instead of {place:?}"));
    }
    let after = folder.files();
    (after != before).then(|| format!("left {:?}", after.keys()))
}

/// Reports all problems at once.
#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n\n"));
}

/// Files with one bad record: its bytes, and the expected message.
#[test]
fn a_bad_record_is_named_by_its_number_and_line() {
    let table: &[(&str, &[Shape], &[u8], &str)] = &[
        ("short", CSV, b"X,1", "read failed at {place}: wrong number of columns: expected 3, found 2"),
        (
            "a lone quote that joins records",
            CSV,
            b"X,1,\"x\nY,2,\"y",
            "read failed at {place}: column `note`: `y` follows the closing quote of `\"x\\nY,2,\"`, 1 line below the opening \
             one; quotes are around whole cells, and doubled inside them (RFC 4180); the opening quote is probably a lone one; \
             remove it, or read quotes as text with `no_quotes`",
        ),
        (
            "a quote in a cell",
            CSV,
            b"X,1,5\" disk",
            "read failed at {place}: column `note`: `5\" disk` has a quote, but does not begin with one; quotes are around \
             whole cells, and doubled inside them (RFC 4180); `lenient_quotes` accepts it",
        ),
        ("long", CSV, b"X,1,,", "read failed at {place}: wrong number of columns: expected 3, found 4"),
        (
            "bad number",
            &[CsvTyped],
            b"X,1OO,",
            "read failed at {place}: column `amount`: `1OO`: invalid float literal",
        ),
        (
            "bad number",
            &[CsvRecords],
            b"X,1OO,",
            "step[0] (cast) failed at {place}: field `amount`: expected a number, found text `1OO`",
        ),
        (
            "no number",
            &[CsvTyped],
            b"X,,",
            "read failed at {place}: column `amount`: ``: cannot parse float from empty string",
        ),
        (
            "no number",
            &[CsvRecords],
            b"X,,",
            "step[0] (cast) failed at {place}: field `amount`: expected a number, found text ``",
        ),
        (
            "bad UTF-8",
            CSV,
            b"X\xff,1,",
            "read failed at {place}: column `id`: `X\u{fffd}` is not UTF-8; `Input::encoding` reads other text",
        ),
        (
            "bad UTF-8 in a column that no step needs",
            CSV,
            b"X,1,\xc3",
            "read failed at {place}: column `note`: `\u{fffd}` is not UTF-8; `Input::encoding` reads other text",
        ),
        (
            "NUL",
            CSV,
            b"X,1\0,",
            "read failed at {place}: column `amount`: there is a NUL byte, as in binary files and in UTF-16, which `Input::encoding` reads",
        ),
        (
            "bad number",
            &[JsonlTyped],
            br#"{"id":"X","amount":"1OO","note":""}"#,
            r#"read failed at {place}: column 24: field `amount`: expected f64, found string "1OO""#,
        ),
        (
            "bad number",
            &[JsonlRecords],
            br#"{"id":"X","amount":"1OO","note":""}"#,
            "step[0] (cast) failed at {place}: field `amount`: expected a number, found text `1OO`",
        ),
        (
            "a number beyond the range",
            &[JsonlRecords],
            br#"{"id":"X","amount":1e999,"note":""}"#,
            "step[0] (cast) failed at {place}: field `amount`: expected a number, found number `1e999`",
        ),
        (
            "a number beyond the range",
            &[JsonlTyped],
            br#"{"id":"X","amount":1e999,"note":""}"#,
            "read failed at {place}: column 20: field `amount`: the number `1e999` is beyond the range of a \
             64-bit float",
        ),
        (
            "a missing field",
            &[JsonlTyped],
            br#"{"id":"X","amount":1}"#,
            "read failed at {place}: column 21: missing field `note`",
        ),
        (
            "a missing field",
            &[JsonlRecords],
            br#"{"id":"X","note":""}"#,
            "step[0] (cast) failed at {place}: field `amount` is missing",
        ),
        (
            "a broken line",
            JSONL,
            br#"{"id":"X","amount":1"#,
            "read failed at {place}: column 20: EOF while parsing an object",
        ),
        (
            "a quote that is not closed",
            JSONL,
            br#"{"id":"X"#,
            "read failed at {place}: column 8: EOF while parsing a string",
        ),
        (
            "two values on a line",
            JSONL,
            br#"{"id":"X","amount":1,"note":""}{}"#,
            "read failed at {place}: column 32: trailing characters; `concatenated` reads several values on a line",
        ),
        (
            "a line that is no object",
            &[JsonlTyped],
            b"7",
            "read failed at {place}: column 1: expected struct Order, found integer `7`",
        ),
        (
            "a line that is no object",
            &[JsonlRecords],
            b"7",
            "read failed at {place}: expected an object, found number `7`",
        ),
        (
            "a line that is an array",
            &[JsonlRecords],
            b"[1]",
            "read failed at {place}: expected an object, found an array",
        ),
        (
            "a field that appears twice",
            &[JsonlTyped],
            br#"{"id":"X","id":"Y","amount":1,"note":""}"#,
            "read failed at {place}: column 14: duplicate field `id`",
        ),
        (
            "a field that appears twice",
            &[JsonlRecords],
            br#"{"id":"X","id":"Y","amount":1,"note":""}"#,
            "read failed at {place}: column 14: field `id` appears twice",
        ),
        (
            "bad UTF-8",
            JSONL,
            b"{\"id\":\"X\xff\"}",
            "read failed at {place}: column 9: invalid UTF-8; `Input::encoding` reads other text",
        ),
        (
            "NUL",
            JSONL,
            b"{\"id\":\"X\0\"}",
            "read failed at {place}: column 9: a NUL byte, as in UTF-16, which `Input::encoding` reads",
        ),
        (
            "only NULs",
            JSONL,
            b"\0\0\0",
            "read failed at {place}: column 1: 3 NUL bytes, as in a file with a part that was never written",
        ),
    ];
    let mut problems = Vec::new();
    for (what, shapes, bad, says) in table {
        for &shape in *shapes {
            problems.extend(file_problems(what, shape, &input(shape, bad), says));
        }
    }
    assert_none(&problems);
}

/// Files whose problem is not a single record.
#[test]
fn a_bad_file_is_named() {
    let utf_16: Vec<u8> = "\u{feff}id,amount,note\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let table: &[(&str, &[Shape], &[u8], &str)] = &[
        (
            "UTF-16",
            CSV,
            &utf_16,
            "read failed: `in.csv` has the byte order mark of UTF-16LE, but is read as UTF-8; \
             `Input::encoding` with `Encoding::Utf16` reads it",
        ),
        (
            "UTF-16",
            JSONL,
            &utf_16,
            "read failed: `in.jsonl` has the byte order mark of UTF-16LE, but is read as UTF-8; \
             `Input::encoding` with `Encoding::Utf16` reads it",
        ),
        (
            "UTF-16 without its mark",
            CSV,
            &utf_16[2..],
            "read failed: in.csv:1: the header can't be read: column 1: there is a NUL byte, as in binary \
             files and in UTF-16, which `Input::encoding` reads",
        ),
        ("empty", CSV, b"", "read failed: `in.csv` is empty: its header is missing"),
        (
            "only a byte order mark",
            CSV,
            b"\xef\xbb\xbf",
            "read failed: `in.csv` is empty: its header is missing",
        ),
        ("only blank lines", CSV, b"\n\r\n\n", "read failed: `in.csv` is empty: its header is missing"),
        (
            "a name that appears twice",
            CSV,
            b"\nid,amount,id\n1,2,3\n",
            "read failed: in.csv:2: columns 1 and 3 have the same name `id`; `unique_names` numbers them, \
             `drop_trailing_empty` drops empty ones at the end",
        ),
        (
            "a header that is not UTF-8; `Input::encoding` reads other text",
            CSV,
            b"id,amount\xe4\n1,2\n",
            "read failed: in.csv:1: the header can't be read: column 2: `amount\u{fffd}` is not UTF-8; `Input::encoding` reads other text",
        ),
        (
            "an unclosed quote in the header",
            CSV,
            b"id,\"amount\n1,2\n",
            "read failed: in.csv:1: the header can't be read: column 2: the quote that opens here is never closed",
        ),
        (
            "an unclosed quote",
            CSV,
            &input(CsvTyped, b"X,1,\"open"),
            "read failed at {place}: column `note`: the quote that opens here is never closed",
        ),
        (
            "an unclosed quote on a later line of its record",
            CSV,
            &input(CsvTyped, b"\"X\n\n\",1,\"open"),
            "read failed at {place}: column `note`: the quote that opens 2 lines below the beginning of the record is never closed",
        ),
    ];
    let mut problems = Vec::new();
    for (what, shapes, content, says) in table {
        for &shape in *shapes {
            problems.extend(file_problems(what, shape, content, says));
        }
    }
    assert_none(&problems);
}

fn file_problems(what: &str, shape: Shape, content: &[u8], says: &str) -> Vec<String> {
    let folder = Folder::new();
    let (input, output) = (folder.write(shape.input(), content), folder.write("out", "old"));
    path_problems(what, shape, &folder, &input, &output, says)
}

fn path_problems(
    what: &str,
    shape: Shape,
    folder: &Folder,
    input: &Path,
    output: &Path,
    says: &str,
) -> Vec<String> {
    let problem_with = |workers| {
        let problem = problem(&shape.pipeline(workers, input, output), folder, shape, says)?;
        Some(format!("{what}, {shape:?}, {workers} workers: {problem}"))
    };
    [1, 4].into_iter().filter_map(problem_with).collect()
}

#[test]
fn an_empty_json_lines_file_is_valid() {
    for &shape in JSONL {
        for content in ["", "\n", "\u{feff}", "\u{feff}\r\n \n", "\u{feff}\u{feff}\n"] {
            let folder = Folder::new();
            let (input, output) = (folder.write(shape.input(), content), folder.write("out", "old"));
            let report = shape.pipeline(4, &input, &output).run_blocking(&RunContext::new()).unwrap();
            assert_eq!((report.read.records, report.read.bytes), (0, content.len() as u64), "{content:?}");
            assert_eq!(folder.files()["out"], b"", "{content:?}");
            assert_eq!(folder.files().len(), 2);
        }
    }
}

/// Inputs and outputs that are not the files they should be.
#[test]
fn a_path_that_does_not_exist_is_named() {
    let good = |shape| {
        input(shape, if CSV.contains(&shape) { b"X,1," } else { br#"{"id":"X","amount":1,"note":""}"# })
    };
    let table = [
        (
            "a missing file",
            "none",
            "out",
            "read failed: `none` can't be opened: No such file or directory (os error 2)",
        ),
        (
            "a missing folder",
            "none/in",
            "out",
            "read failed: `none/in` can't be opened: No such file or directory (os error 2)",
        ),
        (
            "a file for a folder",
            "out/in",
            "out",
            "read failed: `out/in` can't be opened: Not a directory (os error 20)",
        ),
        (
            "a directory as input",
            "folder",
            "out",
            "read failed: `folder` is a directory; `Input::directory` reads the files in it",
        ),
        (
            "a directory as output",
            "in",
            "folder",
            "write failed: `folder` is a directory, and can't be replaced by a file",
        ),
        (
            "a folder that is missing",
            "in",
            "none/out",
            "write failed: `none/out` can't be written: the directory `none` does not exist; `create_parents` creates it",
        ),
        (
            "a file for the folder",
            "in",
            "out/out",
            "write failed: `out/out` can't be written: Not a directory (os error 20)",
        ),
        (
            "no name",
            "in",
            "folder/..",
            "write failed: `folder/..` is a directory, and can't be replaced by a file",
        ),
        ("a slash at the end", "in", "new/", "write failed: `new/` is not the path of a file"),
        (
            "both",
            "none",
            "folder",
            "read failed: `none` can't be opened: No such file or directory (os error 2)",
        ),
        (
            "a full device",
            "in",
            "/dev/full",
            "write failed: writing `/dev/full` failed: No space left on device (os error 28)",
        ),
    ];
    let mut problems = Vec::new();
    for (what, input, output, says) in table {
        if !Path::new("/dev/full").exists() && output == "/dev/full" {
            support::skipped("this system has no /dev/full");
            continue;
        }
        for &shape in ALL {
            let folder = Folder::new();
            folder.write("in", good(shape));
            folder.write("out", "old");
            std::fs::create_dir(folder.path("folder")).unwrap();
            problems.extend(path_problems(
                what,
                shape,
                &folder,
                &folder.path(input),
                &folder.path(output),
                says,
            ));
        }
    }
    assert_none(&problems);
}

/// A step gives one record in the middle a value that the format can't hold.
#[test]
fn a_field_that_can_not_be_written_is_named() {
    type Make = fn() -> Value;
    let table: &[(&[Shape], Make, &str)] = &[
        (JSONL, || f64::NAN.into(), "write failed at {place}: field `note`: JSON can't hold the number NaN"),
        (
            JSONL,
            || f64::NEG_INFINITY.into(),
            "write failed at {place}: field `note`: JSON can't hold the number -inf",
        ),
        (
            JSONL,
            || vec![Value::from(1), f64::INFINITY.into()].into(),
            "write failed at {place}: field `note[1]`: JSON can't hold the number inf",
        ),
        (
            &[JsonlRecords],
            || Value::Bytes(vec![1]),
            "write failed at {place}: field `note`: JSON can't hold bytes",
        ),
        (
            CSV,
            || vec![Value::from(1)].into(),
            "write failed at {place}: field `note`: a list can't be written to a CSV cell",
        ),
        (
            CSV,
            || record! {"a" => 1}.into(),
            "write failed at {place}: field `note`: a map can't be written to a CSV cell",
        ),
        (
            &[CsvRecords],
            || Value::Bytes(vec![1]),
            "write failed at {place}: field `note`: bytes can't be written to a CSV cell",
        ),
        (
            CSV,
            || "a\0".into(),
            "write failed at {place}: field `note`: text with a NUL byte can't be written to a CSV cell",
        ),
    ];
    let mut problems = Vec::new();
    for (row, &(shapes, make, says)) in table.iter().enumerate() {
        for &shape in shapes {
            for workers in [1, 4] {
                let folder = Folder::new();
                let good = if shape.is_csv() { &b"X,1,"[..] } else { br#"{"id":"X","amount":1,"note":""}"# };
                let (input, output) =
                    (folder.write(shape.input(), input(shape, good)), folder.write("out", "old"));
                let pipeline = unwritable(shape, workers, &input, &output, make);
                let problem = problem(&pipeline, &folder, shape, says);
                problems.extend(
                    problem.map(|problem| format!("row {row}, {shape:?}, {workers} workers: {problem}")),
                );
            }
        }
    }
    assert_none(&problems);
}

#[derive(Serialize)]
struct Noted {
    id: String,
    note: Value,
}

fn unwritable(shape: Shape, workers: usize, input: &Path, output: &Path, make: fn() -> Value) -> Pipeline {
    let builder = Pipeline::builder("unwritable").workers(workers);
    let noted = move |order: Order| {
        let note = if order.id == "X" { make() } else { order.note.into() };
        Noted { id: order.id, note }
    };
    let note = move |r: RecordRef<'_>| Ok(if r.text("id")? == "X" { make() } else { r.text("note")?.into() });
    match shape {
        CsvTyped => builder.read(csv::read(input)).map(noted).write(csv::write(output)),
        CsvRecords => builder.read(csv::read_records(input)).derive("note", note).write(csv::write(output)),
        JsonlTyped => builder.read(jsonl::read(input)).map(noted).write(jsonl::write(output)),
        JsonlRecords => {
            builder.read(jsonl::read_records(input)).derive("note", note).write(jsonl::write(output))
        }
    }
    .unwrap()
}

/// The number of workers must not change the message, even for a file with faults in several blocks.
#[test]
fn the_first_of_several_faults_is_named() {
    let table: &[(&[Shape], &[u8], &[u8])] = &[
        (CSV, b"X,1", b"Y,2,\xff\n"),
        (CSV, b"X,1", b"\"Y,2"),
        (JSONL, b"{", b"7\n"),
        (JSONL, b"{", b"\0\xff"),
    ];
    let mut problems = Vec::new();
    for &(shapes, first, second) in table {
        for &shape in shapes {
            let mut content = input(shape, first);
            content.extend_from_slice(second);
            let says = if shape.is_csv() {
                "read failed at {place}: wrong number of columns: expected 3, found 2"
            } else {
                "read failed at {place}: column 1: EOF while parsing an object; `concatenated` reads values that span lines"
            };
            for _ in 0..5 {
                problems.extend(file_problems("several faults", shape, &content, says));
            }
        }
    }
    assert_none(&problems);
}

#[cfg(unix)]
mod child {
    //! Tests that need a process with other permissions or limits: they run this program again.

    use std::env;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const FOLDER: &str = "GODATA_TESTS_FOLDER";

    /// The folder with which this process was started as a child.
    fn given() -> Option<Folder> {
        env::var_os(FOLDER).map(|path| PathBuf::from(path).into())
    }

    fn good(shape: Shape) -> Vec<u8> {
        input(shape, if shape.is_csv() { b"X,1," } else { br#"{"id":"X","amount":1,"note":""}"# })
    }

    /// Runs one test of this program again, in `command` if there is one.
    fn run(name: &str, program: &Path, command: &[&str], folder: &Folder) {
        let mut words = command.iter().map(Path::new).chain([program]);
        let mut child = Command::new(words.next().unwrap());
        child.args(words).args(["--exact", name, "--nocapture"]).env(FOLDER, folder.root());
        match child.output() {
            Ok(output) => {
                let told = String::from_utf8_lossy(&output.stdout);
                let complained = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success() && told.contains("1 passed"), "{told}{complained}");
            }
            Err(error) => support::skipped(&format!("`{}` can't be run: {error}", command.join(" "))),
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_without_permission_is_named() {
        let folder = Folder::new();
        for &shape in ALL {
            folder.write(shape.input(), good(shape));
        }
        for name in ["out", "secret"] {
            folder.write(name, "old");
        }
        fs::create_dir(folder.path("closed")).unwrap();
        let mut program = env::current_exe().unwrap();
        let mut command = &[][..];
        let elsewhere = Folder::new();
        if fs::metadata(folder.root()).unwrap().uid() == 0 {
            // The user `nobody` may have no access to the directory of this program.
            let copy = elsewhere.path("program");
            fs::copy(program, &copy).unwrap();
            set_mode(&copy, 0o755);
            set_mode(elsewhere.root(), 0o755);
            program = copy;
            command = &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        }
        set_mode(&folder.path("secret"), 0);
        set_mode(&folder.path("closed"), 0);
        set_mode(folder.root(), 0o555);
        run("child::without_rights", &program, command, &folder);
        set_mode(folder.root(), 0o755);
        set_mode(&folder.path("closed"), 0o755);
        set_mode(&folder.path("secret"), 0o644);
        let files = folder.files();
        assert_eq!((&*files["out"], &*files["secret"], files.len()), (&b"old"[..], &b"old"[..], 5));
    }

    #[test]
    fn without_rights() {
        let Some(folder) = given() else { return };
        let denied = "Permission denied (os error 13)";
        let cases = |shape: Shape| {
            [
                (shape.input(), "out", "write failed: `out` can't be written: permission denied".to_owned()),
                (shape.input(), "new", "write failed: `new` can't be written: permission denied".to_owned()),
                (
                    shape.input(),
                    "closed/new",
                    format!("write failed: `closed/new` can't be written: {denied}"),
                ),
                ("secret", "out", format!("read failed: `secret` can't be opened: {denied}")),
                ("closed/in", "out", format!("read failed: `closed/in` can't be opened: {denied}")),
            ]
        };
        let mut problems = Vec::new();
        for &shape in ALL {
            for (input, output, says) in cases(shape) {
                for workers in [1, 4] {
                    let pipeline = shape.pipeline(workers, &folder.path(input), &folder.path(output));
                    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
                    let message = folder.message(&error);
                    if message != says || error.place().is_some() {
                        problems
                            .push(format!("{shape:?}, {workers} workers: says {message}\ninstead of {says}"));
                    }
                }
            }
        }
        assert_none(&problems);
    }

    #[test]
    fn a_file_over_the_size_limit_is_named_and_the_old_one_stays() {
        let folder = Folder::new();
        for &shape in ALL {
            folder.write(shape.input(), good(shape));
        }
        folder.write("out", "old");
        // An ignored signal stays ignored in the program that replaces the shell.
        let limit = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
        run("child::with_small_files", &env::current_exe().unwrap(), &["sh", "-c", limit], &folder);
        assert_eq!((&*folder.files()["out"], folder.files().len()), (&b"old"[..], 3));
    }

    #[test]
    fn with_small_files() {
        let Some(folder) = given() else { return };
        let mut problems = Vec::new();
        for &shape in ALL {
            let says = "write failed: writing `out` failed: File too large (os error 27)";
            let (input, output) = (folder.path(shape.input()), folder.path("out"));
            problems.extend(path_problems("small files", shape, &folder, &input, &output, says));
        }
        assert_none(&problems);
    }
}
