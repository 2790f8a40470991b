//! Records that are left out: which they are, where they were, and what becomes of the others.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use godata_io_json::etl::{
    Batch, Limit, OnError, PipelineHook, PipelineInfo, Reader, Record, Records, Rejected, RunContext,
};
use godata_io_json::{BoxError, DeadLetters, Input, Pipeline, dead_letters, json, jsonl};
use proptest::prelude::*;
use serde_json::Value;

/// Remembers the place, the kind and the column of each rejected record.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Rejection>>>);

type Rejection = (Option<u64>, Option<u64>, &'static str, Option<String>);

impl PipelineHook for Seen {
    fn on_reject(&self, _: &RunContext, _: &PipelineInfo, rejected: &Rejected) {
        let place = &rejected.place;
        let column = rejected.column.as_deref().map(str::to_owned);
        self.0.lock().unwrap().push((place.record, place.line, rejected.kind.as_str(), column));
    }
}

/// The records that are left, each with the text of its place, and the rejected ones.
fn split<B: Batch, T: Send + 'static>(
    reader: impl Reader<Batch = B>,
    workers: usize,
    records: fn(B) -> Vec<T>,
) -> (Vec<T>, Vec<Rejection>) {
    let (seen, kept) = (Seen::default(), Arc::new(Mutex::new(Vec::new())));
    let into = Arc::clone(&kept);
    let pipeline = Pipeline::builder("t")
        .workers(workers)
        .hook(seen.clone())
        .on_error(OnError::skip(Limit::unlimited()))
        .read(reader)
        .map_batch(move |batch| Ok(records(batch)))
        .write_fn(move |_, records| {
            into.lock().unwrap().extend(records);
            async { Ok(()) }
        });
    pipeline.unwrap().run_blocking(&RunContext::new()).unwrap();
    let (kept, seen) = (std::mem::take(&mut *kept.lock().unwrap()), seen.0.lock().unwrap().clone());
    (kept, seen)
}

fn values(batch: Records) -> Vec<Value> {
    batch.into_records().into_iter().map(|record| serde_json::to_value(record).unwrap()).collect()
}

type Typed = BTreeMap<String, i64>;

/// The kind and the column of a rejection, if there is one.
type Bad = Option<(&'static str, Option<&'static str>)>;

#[test]
fn each_kind_of_bad_line_is_left_out_and_the_others_keep_their_lines() {
    let lines: [(&[u8], Bad); 9] = [
        (b"{\"a\":1}", None),
        (b"{\"a\":1", Some(("syntax", None))),
        (b"  ", None),
        (b"[1]", Some(("type", None))),
        (b"{\"a\":\"\xff\"}", Some(("encoding", None))),
        (b"{\"a\":2}\r", None),
        (b"{\"a\":\0}", Some(("nul", None))),
        (b"{\"a\":3,\"a\":4}", Some(("duplicate_key", Some("a")))),
        (b"{\"a\":5}", None),
    ];
    let text = lines.map(|(line, _)| line).join(&b'\n');
    let mut expected = Vec::new();
    let mut record = 0;
    for (line, (text, reject)) in (1..).zip(lines) {
        record += u64::from(!text.trim_ascii().is_empty());
        if let Some((kind, column)) = reject {
            expected.push((Some(record), Some(line), kind, column.map(str::to_owned)));
        }
    }
    for (size, workers) in [(1, 1), (1, 4), (9, 4), (30, 2), (1 << 18, 1)] {
        let reader = jsonl::read_records(Input::bytes("in", text.clone())).block_size(size);
        let (kept, rejected) = split(reader, workers, values);
        let expected_values = [1, 2, 5].map(|a| serde_json::json!({ "a": a }));
        assert_eq!((kept, rejected), (expected_values.to_vec(), expected.clone()), "{size} {workers}");
    }
}

#[test]
fn each_kind_of_bad_element_is_left_out_and_the_others_keep_their_places() {
    let elements: [(&[u8], Bad); 7] = [
        (b"{\"a\":1}", None),
        (b"7", Some(("type", None))),
        (b"{\"a\":\"\xff\"}", Some(("encoding", None))),
        (b"{\"a\":tru}", Some(("syntax", None))),
        (b"{\"a\":2}", None),
        (b"{\"a\":3,\"a\":4}", Some(("duplicate_key", Some("a")))),
        (b"{\"a\":5}", None),
    ];
    let text = [b"[\n".as_slice(), &elements.map(|(element, _)| element).join(&b",\n"[..]), b"]"].concat();
    let expected: Vec<_> = (1..)
        .zip(elements)
        .filter_map(|(record, (_, reject))| {
            reject.map(|(kind, column)| (Some(record), Some(record + 1), kind, column.map(str::to_owned)))
        })
        .collect();
    for (size, workers) in [(1, 1), (1, 4), (9, 4), (30, 2), (1 << 18, 1)] {
        let reader = json::read_records(Input::bytes("in", text.clone())).block_size(size);
        let (kept, rejected) = split(reader, workers, values);
        let expected_values = [1, 2, 5].map(|a| serde_json::json!({ "a": a }));
        assert_eq!((kept, rejected), (expected_values.to_vec(), expected.clone()), "{size} {workers}");
    }
}

#[test]
fn structure_that_is_broken_between_elements_fails_the_run() {
    let reader = json::read_records(Input::bytes("in", "[{\"a\":1} {\"a\":2}]"));
    let pipeline = Pipeline::builder("t").on_error(OnError::skip(Limit::unlimited())).read(reader);
    let pipeline = pipeline.write_fn(async |_, _| Ok(())).unwrap();
    let error = pipeline.run_blocking(&RunContext::new()).unwrap_err();
    assert!(format!("{error:#}").starts_with("read failed"), "{error:#}");
}

#[test]
fn a_value_that_json_can_not_hold_is_left_out_of_the_output() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("out.json");
    for pretty in [false, true] {
        let writer = json::write(&*path);
        let writer = if pretty { writer.pretty() } else { writer };
        let records = [1.5, f64::NAN, 2.5].map(|a| Record::from_iter([("a", a)]));
        let report = Pipeline::builder("t")
            .on_error(OnError::skip(Limit::records(1)))
            .read_vec(records.to_vec())
            .untyped()
            .write(writer)?
            .run_blocking(&RunContext::new())?;
        let written: Vec<Typed64> = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        assert_eq!(written, [1.5, 2.5].map(|a| Typed64::from([("a".to_owned(), a)])));
        let rejected = &report.rejections[0];
        assert_eq!((rejected.kind.as_str(), rejected.column.as_deref()), ("type", Some("a")));
        assert_eq!((report.written.records, report.written.rejected), (2, 1));
    }
    Ok(())
}

type Typed64 = BTreeMap<String, f64>;

/// Lines of JSON of which some are cut, or have a byte changed.
fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let good =
        (0_i64..100, "[a-c]{1,2}").prop_map(|(number, key)| format!("{{\"{key}\": {number}}}").into_bytes());
    let other = prop_oneof![
        4 => Just(None),
        1 => (0_usize..12, any::<u8>().prop_filter("a line ends nowhere else", |&byte| byte != b'\n')).prop_map(Some),
    ];
    let line = (good, other, any::<bool>()).prop_map(|(mut line, other, cut)| {
        if let Some((at, byte)) = other {
            let at = at.min(line.len() - 1);
            if cut { line.truncate(at) } else { line[at] = byte }
        }
        line
    });
    prop::collection::vec(line, 0..40)
}

proptest! {
    #[test]
    fn a_line_is_left_out_exactly_if_serde_json_refuses_it(
        lines in lines(),
        size in 1_usize..200,
        workers in 1_usize..5,
    ) {
        let (mut expected, mut rejected) = (Vec::new(), Vec::new());
        // A byte order mark and NULs at the start of the file have rules of their own.
        let lines: Vec<_> = std::iter::once(b"{}".to_vec()).chain(lines).collect();
        for (number, line) in (1_u64..).zip(&lines) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Typed>(line) {
                Ok(record) => expected.push(record),
                Err(_) => rejected.push(Some(number)),
            }
        }
        let input = Input::bytes("in", lines.join(&b'\n'));
        let reader = jsonl::read::<Typed>(input).block_size(size);
        let (kept, seen) = split(reader, workers, |batch| batch);
        prop_assert_eq!(kept, expected);
        prop_assert_eq!(seen.into_iter().map(|(_, line, ..)| line).collect::<Vec<_>>(), rejected);
    }

    #[test]
    fn an_element_is_left_out_exactly_if_serde_json_refuses_it(
        elements in prop::collection::vec(prop_oneof![
            4 => (0_i64..100).prop_map(|number| format!("{{\"a\":{number}}}")),
            1 => Just("{\"a\":\"x\"}".to_owned()),
            1 => Just("[]".to_owned()),
            1 => Just("{\"a\":01}".to_owned()),
            1 => Just("nul".to_owned()),
        ], 0..40),
        size in 1_usize..200,
        workers in 1_usize..5,
    ) {
        let typed = elements.iter().map(|element| serde_json::from_str::<Typed>(element));
        let expected: Vec<_> = typed.clone().filter_map(Result::ok).collect();
        let rejected: Vec<_> =
            (1..).zip(typed).filter(|(_, typed)| typed.is_err()).map(|(record, _)| Some(record)).collect();
        let input = Input::bytes("in", format!("[{}]", elements.join(",\n")));
        let (kept, seen) = split(json::read::<Typed>(input).block_size(size), workers, |batch| batch);
        prop_assert_eq!(kept, expected);
        prop_assert_eq!(seen.into_iter().map(|(record, ..)| record).collect::<Vec<_>>(), rejected);
    }
}

/// Writes dead letters for the bad lines of this text, and reads them.
fn letters_of(folder: &std::path::Path, text: &[u8]) -> Result<DeadLetters, BoxError> {
    let (bad, good) = (folder.join("bad.jsonl"), folder.join("good.jsonl"));
    let pipeline = Pipeline::builder("t")
        .on_error(OnError::dead_letter(jsonl::write(&*bad), Limit::unlimited()))
        .read(jsonl::read::<Typed>(Input::bytes("in", text)).block_size(7))
        .write(jsonl::write(&*good))?;
    pipeline.run_blocking(&RunContext::new())?;
    Ok(dead_letters(&*bad)?)
}

#[test]
fn dead_letters_have_the_bytes_of_each_bad_line_and_can_be_read_once_more() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let text = b"{\"a\":1}\r\n\n[]\r\n{\"a\":2}\n{\"a\":\"\xff\"}\n \n{\"a\":\"x\"}";
    let letters = letters_of(folder.path(), text)?;
    let raw: Vec<_> = letters.iter().map(|letter| letter.bytes().unwrap()).collect();
    assert_eq!(raw, [&b"[]\r\n"[..], b"{\"a\":\"\xff\"}\n", b"{\"a\":\"x\"}"]);
    for letter in letters.iter() {
        let (begin, raw) = (usize::try_from(letter.byte.unwrap())?, letter.bytes().unwrap());
        assert_eq!(text[begin..begin + raw.len()], *raw);
        let lines = text[..begin].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(letter.line, Some(lines as u64 + 1));
        assert_eq!((letter.stage.as_str(), letter.step, letter.attempt), ("read", None, 1));
    }
    let (kept, seen) = split(jsonl::read::<BTreeMap<String, Value>>(letters.input()?), 1, |batch| batch);
    assert_eq!(kept, [BTreeMap::from([("a".to_owned(), Value::from("x"))])]);
    assert_eq!(seen.iter().map(|(_, line, ..)| *line).collect::<Vec<_>>(), [Some(1), Some(2)]);
    Ok(())
}

#[test]
fn dead_letters_of_elements_are_read_once_more_as_values() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let bad = folder.path().join("bad.jsonl");
    let text = "[{\"a\":1},\n {\n  \"a\": \"x\"\n },[],{\"a\":2}]";
    let pipeline = Pipeline::builder("t")
        .on_error(OnError::dead_letter(jsonl::write(&*bad), Limit::unlimited()))
        .read(json::read::<Typed>(Input::bytes("in", text)).block_size(5))
        .write_fn(async |_, _| Ok(()))?;
    pipeline.run_blocking(&RunContext::new())?;
    let letters = dead_letters(&*bad)?;
    let raw: Vec<_> = letters.iter().map(|letter| letter.raw.as_deref().unwrap()).collect();
    assert_eq!(raw, ["{\n  \"a\": \"x\"\n }", "[]"]);
    let (kept, _) = split(jsonl::read::<Value>(letters.input()?).concatenated(), 1, |batch| batch);
    assert_eq!(kept, [serde_json::json!({ "a": "x" }), serde_json::json!([])]);
    Ok(())
}

#[test]
fn a_record_is_read_once_more_only_once_and_only_if_its_bytes_were_kept() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let bad = folder.path().join("bad.jsonl");
    let read = |letters: &[(Option<u64>, Option<&str>, Option<&str>)]| -> Result<DeadLetters, BoxError> {
        let lines = letters.iter().map(|(byte, header, raw)| {
            let letter = serde_json::json!({
                "pipeline": "p", "run_id": "r", "attempt": 1, "time": "2024-01-01T00:00:00Z", "stage": "step[0] (cast)",
                "step": 0, "file": "in.csv", "line": 7, "kind": "type", "error": "no",
                "byte": byte, "header": header, "raw": raw,
            });
            letter.to_string() + "\n"
        });
        std::fs::write(&bad, lines.collect::<String>())?;
        Ok(dead_letters(&*bad)?)
    };
    let twice =
        read(&[(Some(3), None, Some("{}")), (Some(3), None, Some("{}")), (Some(9), None, Some("{}"))])?;
    assert_eq!(split(jsonl::read::<Typed>(twice.input()?), 1, |batch| batch).0.len(), 2);
    let headers = [Some("a,b\n"), Some("a\n"), Some("a,b\n")];
    let several = read(&[0, 1, 2].map(|at| (Some(at as u64), headers[at], Some("x\n"))))?;
    let inputs = several.inputs()?;
    assert_eq!(inputs.iter().map(|(header, _)| *header).collect::<Vec<_>>(), headers[..2]);
    let error = several.input().unwrap_err().to_string();
    assert_eq!(error, "the records have 2 different headers, so they are no single input: use `inputs`");
    let error = read(&[(None, None, None)])?.input().unwrap_err().to_string();
    let expected = "the dead letter of step[0] (cast) line 7 of `in.csv` has no bytes of its record, so the record can't be read \
                    once more";
    assert_eq!(error, expected);
    assert_eq!(read(&[])?.inputs()?.len(), 0);
    assert!(split(jsonl::read::<Typed>(read(&[])?.input()?), 1, |batch| batch).0.is_empty());
    Ok(())
}
