//! Dead letters, and the replay of their records.

use std::path::Path;

use godata_io_json::etl::{Limit, OnError, Reader, RunContext};
use godata_io_json::jsonl::JsonlReader;
use godata_io_json::{BoxError, DeadLetters, Input, Pipeline, dead_letters, json, jsonl};
use serde_json::{Value, json as value};

use super::{Typed, split, try_split};

/// Writes dead letters for what this reader and a step reject, and reads them. The step rejects records with `no`.
fn letters_of(reader: impl Reader<Batch = Vec<Value>>) -> Result<DeadLetters, BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bad.jsonl");
    let pipeline = Pipeline::builder("t")
        .on_error(OnError::dead_letter(jsonl::write(&*path), Limit::unlimited()))
        .read(reader)
        .expect("no `no`", |value: &Value| value.get("no").is_none())
        .write_fn(async |_, _| Ok(()))?;
    pipeline.run_blocking(&RunContext::new())?;
    Ok(dead_letters(&*path)?)
}

fn lines(input: Input) -> JsonlReader<Vec<Value>> {
    jsonl::read(input).block_size(7)
}

fn concatenated(input: Input) -> JsonlReader<Vec<Value>> {
    lines(input).concatenated()
}

/// Letters of one step, with these fields.
fn letters_with(folder: &Path, fields: &[Value]) -> Result<DeadLetters, BoxError> {
    let path = folder.join("bad.jsonl");
    let lines = fields.iter().map(|fields| {
        let mut letter = value!({
            "pipeline": "p", "run_id": "r", "attempt": 1, "time": "2024-01-01T00:00:00Z", "stage": "step[0] (cast)",
            "step": 0, "file": "in.csv", "line": 7, "kind": "type", "error": "no",
        });
        letter.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        letter.to_string() + "\n"
    });
    std::fs::write(&path, lines.collect::<String>())?;
    Ok(dead_letters(&*path)?)
}

fn files(letters: &DeadLetters) -> Vec<&str> {
    letters.iter().map(|letter| letter.file.as_deref().unwrap()).collect()
}

#[test]
fn dead_letters_have_the_bytes_and_the_place_of_each_bad_line() -> Result<(), BoxError> {
    let text = b"{\"a\":1}\r\n\n]\r\n{\"a\":2}\n{\"a\":\"\xff\"}\n \n{\"no\":0}";
    let letters = letters_of(lines(Input::bytes("in", text)))?;
    let raw: Vec<_> = letters.iter().map(|letter| letter.bytes().unwrap()).collect();
    assert_eq!(raw, [&b"]\r\n"[..], b"{\"a\":\"\xff\"}\n", b"{\"no\":0}"]);
    for letter in letters.iter() {
        let (begin, raw) = (usize::try_from(letter.byte.unwrap())?, letter.bytes().unwrap());
        assert_eq!(text[begin..begin + raw.len()], *raw);
        let lines = text[..begin].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(letter.line, Some(lines as u64 + 1));
    }
    let stages: Vec<_> =
        letters.iter().map(|letter| (letter.stage.as_str(), letter.step, letter.attempt)).collect();
    assert_eq!(stages, [("read", None, 1), ("read", None, 1), ("step[0] (expect)", Some(0), 1)]);
    Ok(())
}

#[test]
fn the_places_of_a_replay_lead_back_to_the_file() -> Result<(), BoxError> {
    let text = "{\"a\":1}\n]\n\n{\"no\":0}\n{\"a\":\n";
    let mut letters = letters_of(lines(Input::bytes("in", text)))?;
    for _ in 0..3 {
        let (kept, seen) = split(lines(letters.input()?), 2);
        assert_eq!(kept, [value!({ "no": 0 })]);
        let places: Vec<_> = seen.iter().map(|rejected| rejected.place.to_string()).collect();
        assert_eq!(places, ["record 1 (in:2:1)", "record 1 (in:5:1)"]);
        letters = letters_of(lines(letters.input()?))?;
        assert_eq!(files(&letters), ["in:2", "in:4", "in:5"]);
    }
    Ok(())
}

#[test]
fn elements_are_replayed_as_values_with_a_name_for_each() -> Result<(), BoxError> {
    let text = "[{\"a\":1},\n {\n  \"no\": \"x\"\n },{\"no\":1},{\"a\":2},{\"no\":1},\n{\"no\":2}]";
    let mut letters = letters_of(json::read(Input::bytes("in", text)).block_size(5))?;
    let raw: Vec<_> = letters.iter().map(|letter| letter.raw.as_deref().unwrap()).collect();
    assert_eq!(raw, ["{\n  \"no\": \"x\"\n }", "{\"no\":1}", "{\"no\":1}", "{\"no\":2}"]);
    for _ in 0..3 {
        let (kept, _) = split(concatenated(letters.input()?), 2);
        let no = |no: Value| value!({ "no": no });
        assert_eq!(kept, [no("x".into()), no(1.into()), no(1.into()), no(2.into())]);
        letters = letters_of(concatenated(letters.input()?))?;
        assert_eq!(files(&letters), ["in:2", "in:4", "in:4 (2)", "in:5"]);
    }
    Ok(())
}

#[test]
fn a_letter_can_not_take_the_next_one_with_it() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let raw = ["[1", "\"x", "{\"a\":3}", "[4]"];
    let letter = |(at, raw): (usize, &&str)| value!({ "line": at + 1, "byte": at, "raw": raw });
    let letters = letters_with(folder.path(), &raw.iter().enumerate().map(letter).collect::<Vec<_>>())?;
    let (kept, seen) = split(lines(letters.input()?), 2);
    assert_eq!((kept, seen.len()), (vec![value!({ "a": 3 }), value!([4])], 2));
    let error = try_split(concatenated(letters.input()?), 1, |flow| flow).unwrap_err();
    assert!(format!("{error:#}").starts_with("read failed: in.csv:1:1: column 3: expected"), "{error:#}");
    Ok(())
}

#[test]
fn a_record_that_a_step_made_several_from_is_replayed_once() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bad.jsonl");
    let pipeline = Pipeline::builder("t")
        .on_error(OnError::dead_letter(jsonl::write(&*path), Limit::unlimited()))
        .read(jsonl::read::<Vec<u64>>(Input::bytes("in", "[1,2,3]\n[4,5]\n[6]\n")))
        .flat_map(|numbers| numbers)
        .expect("few", |&number| number < 2 || number == 4)
        .write_fn(async |_, _| Ok(()))?;
    pipeline.run_blocking(&RunContext::new())?;
    let letters = dead_letters(&*path)?;
    assert_eq!(letters.iter().len(), 4);
    assert_eq!(split(lines(letters.input()?), 1).0, [value!([1, 2, 3]), value!([4, 5]), value!([6])]);
    Ok(())
}

#[test]
fn a_record_is_replayed_once_for_each_run_that_rejected_it() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let letters = |fields: &[Value]| letters_with(folder.path(), fields);
    let letter = value!({ "byte": 3, "raw": "1" });
    let with = |field: &str, value: Value| {
        let mut letter = letter.clone();
        letter[field] = value;
        letter
    };
    let other_run = with("run_id", "s".into());
    let other_file = with("file", "b.csv".into());
    let other_byte = with("byte", 9.into());
    let other_column = with("column", "x".into());
    let no_byte = with("byte", Value::Null);
    let table = [
        (&letter, 1),
        (&other_column, 1),
        (&other_run, 2),
        (&other_file, 2),
        (&other_byte, 2),
        (&no_byte, 2),
    ];
    for (other, expected) in table {
        let letters = letters(&[letter.clone(), other.clone()])?;
        assert_eq!(split(lines(letters.input()?), 1).0.len(), expected, "{other}");
    }
    let twice = letters(&[no_byte.clone(), no_byte.clone()])?;
    assert_eq!(split(lines(twice.input()?), 1).0.len(), 2, "records without a place may be different ones");
    Ok(())
}

#[test]
fn files_with_different_headers_are_inputs_of_their_own() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let headers = [Some("\"a,b\"\n"), Some("1\n"), Some("\"a,b\"\n"), None];
    let letter = |(at, header)| value!({ "byte": at, "line": at + 2, "header": header, "raw": "{}\n" });
    let letters =
        letters_with(folder.path(), &headers.into_iter().enumerate().map(letter).collect::<Vec<_>>())?;
    let inputs = letters.inputs()?;
    assert_eq!(
        inputs.iter().map(|(header, _)| *header).collect::<Vec<_>>(),
        [headers[0], headers[1], headers[3]]
    );
    let read: Vec<_> = inputs.into_iter().map(|(_, input)| split(lines(input), 1).0).collect();
    let (text, number, object) = (value!("a,b"), value!(1), value!({}));
    let expected = [
        vec![text.clone(), object.clone(), text, object.clone()],
        vec![number, object.clone()],
        vec![object],
    ];
    assert_eq!(read, expected);
    let error = letters.input().unwrap_err().to_string();
    assert_eq!(error, "the letters come from files with 3 different headers; use `inputs`");
    Ok(())
}

#[test]
fn a_letter_without_bytes_is_an_error_with_its_place() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let letters = letters_with(folder.path(), &[value!({})])?;
    let error = letters.input().unwrap_err().to_string();
    let place = "step[0] (cast) line 7 of `in.csv`";
    assert_eq!(
        error,
        format!("the dead letter of {place} has no bytes of its record, so the record can't be replayed")
    );
    Ok(())
}

#[test]
fn without_letters_every_reader_reads_no_records() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let letters = letters_with(folder.path(), &[])?;
    assert_eq!(letters.inputs()?.len(), 0);
    assert!(split(jsonl::read::<Typed>(letters.input()?), 1).0.is_empty());
    assert!(split(concatenated(letters.input()?), 1).0.is_empty());
    assert!(split(json::read::<Typed>(letters.input()?), 1).0.is_empty());
    assert!(split(json::read::<Typed>(letters.input()?).pointer("/data"), 1).0.is_empty());
    Ok(())
}
