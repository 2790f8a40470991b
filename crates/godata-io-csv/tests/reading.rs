//! Reading files, and the errors of damaged ones.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use godata_core::RunContext;
use godata_etl::{Pipeline, Record, Records, record};
use godata_io_csv::{CsvReader, Ragged};
use serde::Deserialize;

use godata_io_csv as csv;
use support::{Folder, Outcome, records, records_with, typed, typed_with};

#[derive(Debug, Deserialize, PartialEq)]
struct Order {
    id: String,
    amount: f64,
    coupon: Option<u32>,
}

fn order(id: &str, amount: f64, coupon: Option<u32>) -> Order {
    Order { id: id.into(), amount, coupon }
}

/// Checks that reading into structs and into dynamic records fails with the same error.
#[track_caller]
fn check_both(bytes: &[u8], expected: &str) {
    assert_eq!(records(bytes), Err(expected.into()));
    assert_eq!(typed::<Order>(bytes), Err(expected.into()));
}

#[track_caller]
fn check_typed(text: &str, expected: &str) {
    assert_eq!(typed::<Order>(text.as_bytes()), Err(expected.into()));
}

#[test]
fn fields_are_named_by_the_header() {
    let text = b"id,amount,coupon\nA-1,12.50,\n\"A,\"\"2\"\"\n\",7,3\n";
    let expected = vec![
        record! {"id" => "A-1", "amount" => "12.50", "coupon" => ""},
        record! {"id" => "A,\"2\"\n", "amount" => "7", "coupon" => "3"},
    ];
    assert_eq!(records(text), Ok(expected));
    let expected = vec![order("A-1", 12.5, None), order("A,\"2\"\n", 7.0, Some(3))];
    assert_eq!(typed(text), Ok(expected));
}

#[test]
fn structs_ignore_the_order_of_columns_and_columns_without_a_field() {
    let text = b"note,coupon,id,amount\nx,1,A,2\n";
    assert_eq!(typed(text), Ok(vec![order("A", 2.0, Some(1))]));
}

#[test]
fn any_line_ends_and_blank_lines_are_accepted() {
    for text in
        ["a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4", "\r\n\na,b\r\r1,2\r\n\r\n\n3,4\n\n", "a,b\r1,2\r3,4\r"]
    {
        let expected = vec![record! {"a" => "1", "b" => "2"}, record! {"a" => "3", "b" => "4"}];
        assert_eq!(records(text.as_bytes()), Ok(expected), "{text:?}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_only_at_the_start_of_a_file() {
    let mark = "\u{feff}";
    let text = format!("{mark}a\n{mark}1\n2\n{mark}3\n");
    let expected =
        vec![record! {"a" => format!("{mark}1")}, record! {"a" => "2"}, record! {"a" => format!("{mark}3")}];
    assert_eq!(records(text.as_bytes()), Ok(expected));
}

#[test]
fn a_file_with_only_a_header_has_no_records() {
    for text in ["a,b", "a,b\n", "a,b\r\n\r\n"] {
        assert_eq!(records(text.as_bytes()), Ok(vec![]));
    }
    assert_eq!(typed::<Order>(b"id,amount,coupon\n"), Ok(vec![]));
}

#[test]
fn a_file_without_header_has_numbered_columns_or_is_read_by_position() {
    let text = b"A,1.5,2\nB,2.5,\n";
    let expected = vec![
        record! {"column_1" => "A", "column_2" => "1.5", "column_3" => "2"},
        record! {"column_1" => "B", "column_2" => "2.5", "column_3" => ""},
    ];
    assert_eq!(records_with(text, |reader| reader.no_header()), Ok(expected));
    let expected = vec![order("A", 1.5, Some(2)), order("B", 2.5, None)];
    assert_eq!(typed_with(text, |reader| reader.no_header()), Ok(expected));
    let expected = vec![("A".to_owned(), 1.5, Some(2)), ("B".to_owned(), 2.5, None::<i8>)];
    assert_eq!(typed_with(text, |reader| reader.no_header()), Ok(expected));
}

#[test]
fn a_file_without_header_can_be_given_names() {
    let text = b"1;A;9\n";
    let names = ["coupon", "id", "amount"];
    let expected = vec![record! {"coupon" => "1", "id" => "A", "amount" => "9"}];
    assert_eq!(records_with(text, |reader| reader.delimiter(b';').names(names)), Ok(expected));
    let expected = vec![order("A", 9.0, Some(1))];
    assert_eq!(typed_with(text, |reader| reader.delimiter(b';').names(names)), Ok(expected));
}

#[test]
fn an_empty_file_without_header_has_no_records() {
    for text in ["", "\n", "\u{feff}", "\r\n\n"] {
        assert_eq!(records_with(text.as_bytes(), |reader| reader.no_header()), Ok(vec![]));
        assert_eq!(records_with(text.as_bytes(), |reader| reader.names(["a"])), Ok(vec![]));
        assert_eq!(typed_with::<Order>(text.as_bytes(), |reader| reader.no_header()), Ok(vec![]));
    }
}

#[test]
fn an_empty_file_is_refused_because_it_has_no_header() {
    for text in ["", "\n", "\u{feff}", "\r\n\n"] {
        check_both(text.as_bytes(), "read failed: `orders.csv` is empty: its header is missing");
    }
}

#[test]
fn short_records_are_padded_on_request() {
    let text = b"id,amount,coupon\nA,1\nB,2,3\nC\n";
    let expected = vec![
        record! {"id" => "A", "amount" => "1", "coupon" => ()},
        record! {"id" => "B", "amount" => "2", "coupon" => "3"},
        record! {"id" => "C", "amount" => (), "coupon" => ()},
    ];
    assert_eq!(records_with(text, |reader| reader.ragged(Ragged::Pad)), Ok(expected));

    #[derive(Debug, Deserialize, PartialEq)]
    struct Padded {
        id: String,
        #[serde(default)]
        amount: f64,
        coupon: Option<u32>,
    }
    let padded = |id: &str, amount, coupon| Padded { id: id.into(), amount, coupon };
    let expected = vec![padded("A", 1.0, None), padded("B", 2.0, Some(3)), padded("C", 0.0, None)];
    assert_eq!(typed_with(text, |reader| reader.ragged(Ragged::Pad)), Ok(expected));

    let expected =
        "read failed at record 3 (orders.csv:4): the record does not fit its type: missing field `amount`";
    assert_eq!(typed_with::<Order>(text, |reader| reader.ragged(Ragged::Pad)), Err(expected.into()));
    let expected = vec![("A".to_owned(), Some(1), None), ("C".to_owned(), None, None::<u8>)];
    let text = b"A,1,\nC\n";
    assert_eq!(typed_with(text, |reader| reader.no_header().ragged(Ragged::Pad)), Ok(expected));

    // Tuples and lists are read by position, even if the file has a header.
    let text = b"a,b,c\na1,b1\na2,b2,c2\n";
    let text_of = |text: &str| text.to_owned();
    let expected =
        vec![(text_of("a1"), text_of("b1"), None), (text_of("a2"), text_of("b2"), Some(text_of("c2")))];
    assert_eq!(typed_with(text, |reader| reader.ragged(Ragged::Pad)), Ok(expected));
    let expected = vec![["a1", "b1", ""].map(text_of).to_vec(), ["a2", "b2", "c2"].map(text_of).to_vec()];
    assert_eq!(typed_with(text, |reader| reader.ragged(Ragged::Pad)), Ok(expected));
}

#[test]
fn a_wrong_number_of_columns_is_refused() {
    let ok = "id,amount,coupon\nA,1,\n";
    let place = "read failed at record 2 (orders.csv:3)";
    check_both(
        format!("{ok}B,2\n").as_bytes(),
        &format!("{place}: wrong number of columns: expected 3, found 2"),
    );
    let long = format!("{ok}B,2,,\n");
    let expected = format!("{place}: wrong number of columns: expected 3, found 4");
    check_both(long.as_bytes(), &expected);
    assert_eq!(records_with(long.as_bytes(), |reader| reader.ragged(Ragged::Pad)), Err(expected.clone()));
    assert_eq!(typed_with::<Order>(long.as_bytes(), |reader| reader.ragged(Ragged::Pad)), Err(expected));
    let expected = "read failed at record 2 (orders.csv:2): wrong number of columns: expected 1, found 2";
    assert_eq!(records_with(b"a\nb,c\n", |reader| reader.no_header()), Err(expected.into()));
}

#[test]
fn a_wrong_delimiter_is_asked_about() {
    let asks = |place: &str, header: &str, delimiter: &str, problem: &str| {
        format!(
            "read failed at record 1 ({place}): the header is the single column `{header}` \
             (is the delimiter `{delimiter}`?): {problem}"
        )
    };
    let missing = "the record does not fit its type: missing field `id`";
    let expected = asks("orders.csv:2", "id;amount;coupon", ";", missing);
    check_typed("id;amount;coupon\nA;1;\n", &expected);
    let expected = asks("orders.csv:2", r"id\tamount\tcoupon", r"\t", missing);
    check_typed("id\tamount\tcoupon\nA\t1\t\n", &expected);

    let columns = |expected, found| format!("wrong number of columns: expected {expected}, found {found}");
    check_both(b"id;amount\nA;1,5\n", &asks("orders.csv:2", "id;amount", ";", &columns(1, 2)));
    let found = records_with(b"id,amount\nA;1,5\n", |reader| reader.delimiter(b';'));
    assert_eq!(found, Err(asks("orders.csv:2", "id,amount", ",", &columns(1, 2))));

    // A quote that would be right with that delimiter.
    let follows = |column: &str, rest: &str, cell: &str| {
        format!("{column}: `{rest}` follows the closing quote of `{cell}`; quotes are around")
    };
    let inside =
        r#"column `id,name`: `1,"Smith, J"` has a quote, but does not begin with one; quotes are around"#;
    let after = follows("column `id,name`", r#","Smith""#, r#""1""#);
    let header = follows("column 1", r#","name""#, r#""id""#);
    let comma = |reader: CsvReader<Records>| reader.delimiter(b';');
    for (text, expected) in [
        ("id,name\n1,\"Smith, J\"\n", asks("orders.csv:2", "id,name", ",", inside)),
        ("id,name\n\"1\",\"Smith\"\n", asks("orders.csv:2", "id,name", ",", &after)),
        (
            "\"id\",\"name\"\n1,Smith\n",
            format!(
                "read failed: orders.csv:1: the header can't be read: the header is the single column `\"id\",\"name\"` \
                 (is the delimiter `,`?): {header}"
            ),
        ),
    ] {
        let error = records_with(text.as_bytes(), comma).unwrap_err();
        assert!(error.starts_with(&expected), "{error}\ninstead of\n{expected}");
    }

    // Nothing is asked if the header is one column by intent, or has several.
    for text in
        ["id\n1,\"a\"\n", "id;x,name\n1;\"a\"b,\n", "\"id\"x\n", "\"id\",\"a\"b\n", "\"id\",\"a\";\"b\"\n"]
    {
        let error = records_with(text.as_bytes(), comma).unwrap_err();
        assert!(!error.contains("is the delimiter"), "{error}");
    }
    let expected = format!("read failed at record 1 (orders.csv:2): {}", columns(1, 2));
    assert_eq!(records(b"id\nA,1\n"), Err(expected));
    let expected = format!("read failed at record 1 (orders.csv:2): {}", columns(2, 1));
    assert_eq!(records(b"id;x,amount\nA\n"), Err(expected));
}

#[test]
fn a_cell_that_does_not_fit_is_named() {
    let ok = "id,amount,coupon\nA,1,\n";
    let place = "read failed at record 2 (orders.csv:3)";
    check_typed(&format!("{ok}B,abc,\n"), &format!("{place}: column `amount`: `abc`: invalid float literal"));
    check_typed(
        &format!("{ok}B,1,-1\n"),
        &format!("{place}: column `coupon`: `-1`: invalid digit found in string"),
    );
    check_typed(
        &format!("{ok}B,1,{}\n", "9".repeat(200)),
        &format!("{place}: column `coupon`: `{}…`: number too large to fit in target type", "9".repeat(80)),
    );
    check_typed(
        "id,amount\nA,\n",
        "read failed at record 1 (orders.csv:2): column `amount`: ``: cannot parse float from empty string",
    );
    let expected = "read failed at record 1 (orders.csv:1): column 2: `x`: invalid float literal";
    assert_eq!(typed_with::<(String, f64)>(b"A,x\n", |reader| reader.no_header()), Err(expected.into()));
}

#[test]
fn a_cell_that_its_type_refuses_is_named() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Status {
        Paid,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        id: String,
        status: Status,
    }
    let text = b"status,id\npaid,1\nopen,2\n";
    let expected = "read failed at record 2 (orders.csv:3): column `status`: `open`: \
                    unknown variant `open`, expected `paid`";
    assert_eq!(typed::<Row>(text), Err(expected.into()));
    let expected = "read failed at record 2 (orders.csv:2): column 1: `open`: \
                    unknown variant `open`, expected `paid`";
    assert_eq!(
        typed_with::<(Status, u8)>(b"paid,1\nopen,2\n", |reader| reader.no_header()),
        Err(expected.into())
    );
}

#[test]
fn a_missing_column_is_named() {
    let expected =
        "read failed at record 1 (orders.csv:2): the record does not fit its type: missing field `amount`";
    check_typed("id\nA\n", expected);
}

#[test]
fn a_cell_that_is_not_utf_8_is_named() {
    let place = "read failed at record 2 (orders.csv:3)";
    check_both(
        b"id,amount,coupon\nA,1,\nB\xff,2,\n",
        &format!("{place}: column `id`: `B\u{fffd}` is not UTF-8; `Input::encoding` reads other text"),
    );
    check_both(
        b"id,amount,coupon\nA,1,\nB,\xc3,\xa4\n",
        &format!("{place}: column `amount`: `\u{fffd}` is not UTF-8; `Input::encoding` reads other text"),
    );
    check_both(
        b"id,a\xe4\nA,1\n",
        "read failed: orders.csv:1: the header can't be read: column 2: `a\u{fffd}` is not UTF-8; `Input::encoding` reads other text",
    );
}

#[test]
fn a_nul_byte_is_refused() {
    let problem = "there is a NUL byte, as in binary files and in UTF-16, which `Input::encoding` reads";
    check_both(
        b"id,amount,coupon\nA,1,\nB,2\0,\n",
        &format!("read failed at record 2 (orders.csv:3): column `amount`: {problem}"),
    );
    check_both(
        b"\r\nid,\0amount\nA,1\n",
        &format!("read failed: orders.csv:2: the header can't be read: column 2: {problem}"),
    );
}

#[test]
fn other_encodings_are_refused() {
    check_both(
        b"\xff\xfei\0d\0\n\0",
        "read failed: `orders.csv` has the byte order mark of UTF-16LE, but is read as UTF-8; \
         `Input::encoding` with `Encoding::Utf16` reads it",
    );
}

#[test]
fn an_unclosed_quote_is_reported_with_its_record_and_column() {
    check_both(
        b"id,amount,coupon\n\"A\n\",1,\nB,\"2,\nC,3,\n",
        "read failed at record 2 (orders.csv:4): column `amount`: the quote that opens here is never closed",
    );
    check_both(
        b"\n\"id,amount\nA,1\n",
        "read failed: orders.csv:2: the header can't be read: column 1: the quote that opens here is never closed",
    );
}

#[test]
fn duplicate_names_are_refused() {
    check_both(
        b"\nid,amount,coupon,amount\nA,1,,1\n",
        "read failed: orders.csv:2: columns 2 and 4 have the same name `amount`; `unique_names` numbers them, \
             `drop_trailing_empty` drops empty ones at the end",
    );
    check_both(
        b"id,,\nA,1,2\n",
        "read failed: orders.csv:1: columns 2 and 3 have the same name ``; `unique_names` numbers them, \
             `drop_trailing_empty` drops empty ones at the end",
    );
    let expected = "read failed: the name `a` was given twice";
    assert_eq!(records_with(b"", |reader| reader.names(["a", "b", "a"])), Err(expected.into()));
}

#[test]
fn an_impossible_delimiter_is_refused() {
    for (delimiter, shown) in [(b'"', "\\\""), (b'\n', "\\n"), (b'\r', "\\r"), (0xa7, "\\xa7"), (0, "\\x00")]
    {
        let expected = format!("read failed: `{shown}` can't be the delimiter: use another ASCII character");
        assert_eq!(records_with(b"a\n", |reader| reader.delimiter(delimiter)), Err(expected));
    }
}

#[test]
fn a_missing_file_is_named() -> Outcome<()> {
    let folder = Folder::new(b"");
    let flow = Pipeline::builder("test").read(csv::read_records(folder.path("missing.csv")));
    let error = support::batches(&folder, flow).unwrap_err();
    assert_eq!(error, "read failed: `missing.csv` can't be opened: No such file or directory (os error 2)");
    Ok(())
}

/// Fails in a step at the record with this id, to see the place that the engine reports.
fn place_of(text: &str, id: &'static str, size: usize) -> String {
    let folder = Folder::new(text.as_bytes());
    let flow = Pipeline::builder("test").read(csv::read_records(&folder.path).block_size(size));
    let flow = flow.try_filter(move |record| match record.str("id") {
        Some(found) if found == id => Err("here".into()),
        _ => Ok(true),
    });
    support::batches(&folder, flow).unwrap_err()
}

#[test]
fn later_steps_know_the_line_of_a_record() {
    let text = "id,b\r\n1,x\n\n2,\"x\r\ny\rz\"\r3,x\n\r\n4,x\n5,x";
    for size in [1, 2, 3, 5, 8, 13, 100] {
        for (id, record, line) in [("1", 1, 2), ("2", 2, 4), ("3", 3, 7), ("4", 4, 9), ("5", 5, 10)] {
            let expected =
                format!("step[0] (try_filter) failed at record {record} (orders.csv:{line}): here");
            assert_eq!(place_of(text, id, size), expected, "blocks of {size} bytes");
        }
    }
}

#[test]
fn all_bytes_of_a_file_are_counted() {
    let text = "\u{feff}\n\nid,b\r\n\r\n1,x\n\n2,\"x\ny\"\n\n\n";
    let folder = Folder::new(text.as_bytes());
    for size in 1..=text.len() {
        let flow = Pipeline::builder("test").read(csv::read_records(&folder.path).block_size(size));
        let pipeline = flow.write_fn(async |_, _| Ok(())).unwrap();
        let report = pipeline.run_blocking(&RunContext::new()).unwrap();
        assert_eq!((report.read.bytes, report.read.records), (text.len() as u64, 2));
    }
}

#[test]
fn a_reader_can_be_used_again() {
    let folder = Folder::new(b"a\n1\n");
    let pipeline = Pipeline::builder("test")
        .read(csv::read_records(&folder.path))
        .write_fn(async |_, batch: godata_etl::Records| {
            assert_eq!(batch.into_records(), [record! {"a" => "1"}]);
            Ok(())
        })
        .unwrap();
    for _ in 0..2 {
        assert_eq!(pipeline.run_blocking(&RunContext::new()).unwrap().read.records, 1);
    }
}

#[test]
fn a_dynamic_record_can_be_read_as_a_struct() {
    assert!(typed::<Record>(b"a,b\n1,x\n").is_ok());
}
