//! Where the rejected records were, and those that a later step rejects.

use godata_io_json::etl::{Reader, Records};
use godata_io_json::{Input, json, jsonl};
use serde_json::Value;

use super::{try_split, values};

/// A record: what is before it, its text, and the `a` that is read, or the kind of fault and the column that has it.
type Piece = (&'static [u8], &'static [u8], Result<i64, (&'static str, Option<&'static str>)>);

/// Checks what is left, and the record and the line of all others, with a step that rejects even numbers.
fn check<R: Reader<Batch = Records>>(pieces: &[Piece], end: &[u8], reader: impl Fn(Input, usize) -> R) {
    let (mut text, mut kept, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for (record, &(before, piece, found)) in (1..).zip(pieces) {
        text.extend(before);
        let line = 1 + text.iter().filter(|&&byte| byte == b'\n').count() as u64;
        text.extend(piece);
        match found {
            Ok(a) if a % 2 == 1 => kept.push(serde_json::json!({ "a": a })),
            Ok(_) => rejected.push((Some(record), Some(line), "expectation", None)),
            Err((kind, column)) => rejected.push((Some(record), Some(line), kind, column)),
        }
    }
    text.extend(end);
    for (size, workers) in (1..=64).map(|size| (size, 4)).chain([(9, 1), (1 << 18, 1)]) {
        let reader = reader(Input::bytes("in", &*text), size);
        let odd = |value: &Value| value["a"].as_i64().is_some_and(|a| a % 2 == 1);
        let (left, mut seen) = try_split(reader, workers, |flow| values(flow).expect("odd", odd)).unwrap();
        // In a batch, the step comes after the reader.
        seen.sort_by_key(|rejected| rejected.place.record);
        let places = seen.iter().map(|rejected| {
            let place = &rejected.place;
            (place.record, place.line, rejected.kind.as_str(), rejected.column.as_deref())
        });
        assert_eq!((&left, places.collect()), (&kept, rejected.clone()), "{size} {workers}");
    }
}

#[test]
fn lines_that_are_rejected_leave_all_others_their_places() {
    let lines: [Piece; 13] = [
        (b"", b"{\"a\":1}\n", Ok(1)),
        (b"", b"{\"a\":2}\n", Ok(2)),
        (b"", b"{\"a\":1\n", Err(("syntax", None))),
        (b"  \n", b"[1]\n", Err(("type", None))),
        (b"", b"{\"a\":4}\n", Ok(4)),
        (b"", b"{\"a\":\"\xff\"}\n", Err(("encoding", None))),
        (b"", b"{\"a\":3}\r\n", Ok(3)),
        (b"\r\n", b"{\"a\":6}\r\n", Ok(6)),
        (b"", b"{\"a\":\0}\n", Err(("nul", None))),
        (b"", b"{\"a\":\"x}\n", Err(("syntax", None))),
        (b"", b"{\"a\":3,\"a\":4}\n", Err(("duplicate_key", Some("a")))),
        (b"\n\n", b"{\"a\":8}\n", Ok(8)),
        (b"", b"{\"a\":5}", Ok(5)),
    ];
    check(&lines, b"", |input, size| jsonl::read_records(input).block_size(size));
}

#[test]
fn elements_that_are_rejected_leave_all_others_their_places() {
    let elements: [Piece; 12] = [
        (b"[\n", b"{\"a\":1}", Ok(1)),
        (b",", b"7", Err(("type", None))),
        (b",", b"{\"a\":2}", Ok(2)),
        (b",\n", b"{\"a\":\"\xff\n\"}", Err(("encoding", None))),
        (b"\n\n,", b"{\n\"a\"\n:4}", Ok(4)),
        (b",", b"{\"a\":tru}", Err(("syntax", None))),
        (b",", b"{\"a\":01}", Err(("syntax", None))),
        (b",\n", b"{\"a\":3}", Ok(3)),
        (b",", b"{\"a\":6}", Ok(6)),
        (b",", b"{\"a\":3,\"a\":4}", Err(("duplicate_key", Some("a")))),
        (b",", b"{\"a\":8}", Ok(8)),
        (b",", b"{\"a\":5}", Ok(5)),
    ];
    check(&elements, b"\n]", |input, size| json::read_records(input).block_size(size));
}

#[test]
fn values_that_are_rejected_leave_all_others_their_places() {
    let values: [Piece; 13] = [
        (b"\n", b"{\"a\":1}", Ok(1)),
        (b"", b"[1]", Err(("type", None))),
        (b"", b"{\"a\":2}", Ok(2)),
        (b"\n\x1e", b"{\"a\":\"\xff\n\"}", Err(("encoding", None))),
        (b"\n\n", b"{\n\"a\"\n:4}", Ok(4)),
        (b"", b"{\"a\":tru}", Err(("syntax", None))),
        (b"", b"nul", Err(("syntax", None))),
        (b"\n", b"{\"a\":3}", Ok(3)),
        (b" ", b"{\"a\":6}", Ok(6)),
        (b"\xef\xbb\xbf", b"{\"a\":3,\"a\":4}", Err(("duplicate_key", Some("a")))),
        (b"", b"{\"a\":\0}", Err(("nul", None))),
        (b"", b"{\"a\":8}", Ok(8)),
        (b"", b"{\"a\":5}", Ok(5)),
    ];
    check(&values, b"\n", |input, size| jsonl::read_records(input).concatenated().block_size(size));
}
