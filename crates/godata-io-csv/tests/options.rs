//! What each option does, and the errors of impossible options.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use godata_etl::{Pipeline, Record, Records, Type, record};
use godata_io_csv::{CsvReader, CsvWriter, Quoting, Ragged, Terminator, Trim};
use serde::Deserialize;

use godata_io_csv as csv;
use support::{Folder, flow_of, records_with, typed_with, written};

/// Checks the records that a text is read as.
#[track_caller]
fn reads(
    text: &str,
    options: impl Fn(CsvReader<Records>) -> CsvReader<Records>,
    expected: impl IntoIterator<Item = Record>,
) {
    assert_eq!(records_with(text.as_bytes(), options), Ok(expected.into_iter().collect()));
}

#[track_caller]
fn fails(text: &str, options: impl Fn(CsvReader<Records>) -> CsvReader<Records>, expected: &str) {
    assert_eq!(records_with(text.as_bytes(), options), Err(expected.into()));
}

/// Checks what is written for some records.
#[track_caller]
fn writes<const N: usize>(
    rows: [Record; N],
    options: impl Fn(CsvWriter) -> CsvWriter,
    expected: Result<&str, &str>,
) {
    let batches = if N == 0 { vec![] } else { vec![rows.into_iter().collect()] };
    let found = written(flow_of(batches), options);
    assert_eq!(found.as_deref().map_err(String::as_str), expected);
}

#[test]
fn the_quote_can_be_changed() {
    let text = "a,b\n'x,\n''y''',\"\n";
    reads(text, |reader| reader.quote(b'\''), [record! {"a" => "x,\n'y'", "b" => "\""}]);
}

#[test]
fn without_quoting_a_quote_is_an_ordinary_character() {
    let text = "a,b\n\"x,5\" 7'\n\",\"\n";
    let expected = [record! {"a" => "\"x", "b" => "5\" 7'"}, record! {"a" => "\"", "b" => "\""}];
    reads(text, |reader| reader.no_quotes(), expected);
}

#[test]
fn quotes_can_be_escaped_or_doubled() {
    let text = "a,b\n\"x\\\",\\\\\",\"\"\"\\\n\"\n\\,c\\\n";
    let expected = [record! {"a" => "x\",\\", "b" => "\"\n"}, record! {"a" => "\\", "b" => "c\\"}];
    reads(text, |reader| reader.escape(b'\\'), expected);
    let expected =
        "read failed at record 1 (orders.csv:2): column `a`: the quote that opens here is never closed";
    fails("a\n\"x\\\"\n", |reader| reader.escape(b'\\'), expected);
}

#[test]
fn comments_are_skipped_but_counted_as_lines() {
    let text = "#, \"\r\n\na,b\n#x\n1,#\n\"\n#\",2\n# the end";
    let expected = [record! {"a" => "1", "b" => "#"}, record! {"a" => "\n#", "b" => "2"}];
    reads(text, |reader| reader.comment(b'#'), expected);
    let text = "#\na,b\n#\r\n1,2\n\n#,,\n3\n";
    let expected = "read failed at record 2 (orders.csv:7): wrong number of columns: expected 2, found 1";
    fails(text, |reader| reader.comment(b'#'), expected);
    fails("#a\n", |reader| reader.comment(b'#'), "read failed: `orders.csv` is empty: its header is missing");
    reads("#a", |reader| reader.comment(b'#').no_header(), []);
}

#[test]
fn lines_before_the_header_are_skipped() {
    let text = "Report \"Q1\r\n\r\"\na,b\n1\n";
    let expected = "read failed at record 1 (orders.csv:5): wrong number of columns: expected 2, found 1";
    fails(text, |reader| reader.skip_lines(3), expected);
    reads("x\na\n1\n", |reader| reader.skip_lines(1), [record! {"a" => "1"}]);
    reads("x\na\n1\n", |reader| reader.skip_lines(2).names(["n"]), [record! {"n" => "1"}]);
    for count in [3, 4, u64::MAX] {
        let expected = "read failed: `orders.csv` is empty: its header is missing";
        fails("x\na\n1\n", |reader| reader.skip_lines(count), expected);
        reads("x\na\n1\n", |reader| reader.skip_lines(count).no_header(), []);
    }
}

#[test]
fn cells_and_names_are_trimmed_on_request() {
    let text = " a ,b\n 1\u{a0},\" x \"\n";
    let table = [
        (Trim::None, record! {" a " => " 1\u{a0}", "b" => " x "}),
        (Trim::Fields, record! {" a " => "1", "b" => "x"}),
        (Trim::Header, record! {"a" => " 1\u{a0}", "b" => " x "}),
        (Trim::All, record! {"a" => "1", "b" => "x"}),
    ];
    for (trim, expected) in table {
        reads(text, |reader| reader.trim(trim), [expected]);
    }
    let found = typed_with::<(f64, String)>(b" 1 , x\n", |reader| reader.no_header().trim(Trim::Fields));
    assert_eq!(found, Ok(vec![(1.0, "x".to_owned())]));
    let expected = "read failed: orders.csv:1: columns 1 and 2 have the same name `a`; `unique_names` numbers them, \
             `drop_trailing_empty` drops empty ones at the end";
    fails("a,a \n", |reader| reader.trim(Trim::Header), expected);
}

#[test]
fn long_records_are_cut_on_request() {
    let text = "a,b\n1,2,3,\n4\n5,6\n";
    let expected =
        [record! {"a" => "1", "b" => "2"}, record! {"a" => "4", "b" => ()}, record! {"a" => "5", "b" => "6"}];
    reads(text, |reader| reader.ragged(Ragged::Cut), expected);
    reads("a\n1,\0\n", |reader| reader.ragged(Ragged::Cut), [record! {"a" => "1"}]);

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        b: Option<u8>,
        a: u8,
    }
    let found = typed_with::<Row>(text.as_bytes(), |reader| reader.ragged(Ragged::Cut));
    assert_eq!(found, Ok(vec![Row { a: 1, b: Some(2) }, Row { a: 4, b: None }, Row { a: 5, b: Some(6) }]));
    let expected = "read failed at record 1 (orders.csv:2): wrong number of columns: expected 2, found 4";
    fails(text, |reader| reader.ragged(Ragged::Pad), expected);
}

#[test]
fn words_for_null_are_null_unless_quoted() {
    let text = "a,b,c\nNA,\"NA\",\n\"\",na, NA\n#\nNULL,\"\nNA\",\"NULL\"\n";
    let expected = [
        record! {"a" => (), "b" => "NA", "c" => ()},
        record! {"a" => "", "b" => "na", "c" => " NA"},
        record! {"a" => (), "b" => "\nNA", "c" => "NULL"},
    ];
    reads(text, |reader| reader.comment(b'#').nulls(["NA", "", "NULL"]), expected);
    let trimmed = |reader: CsvReader<Records>| reader.nulls(["NA"]).trim(Trim::Fields);
    reads("a,b\n NA ,\" NA\"\n", trimmed, [record! {"a" => (), "b" => "NA"}]);
    let found = typed_with::<(Option<f64>, Option<String>, String)>(b"NA,\"NA\",NA\n1,NA,\n", |reader| {
        reader.no_header().nulls(["NA"])
    });
    let expected = vec![(None, Some("NA".to_owned()), String::new()), (Some(1.0), None, String::new())];
    assert_eq!(found, Ok(expected));
}

#[test]
fn a_byte_with_two_meanings_is_refused() {
    fails(
        "a\n",
        |reader| reader.quote(b','),
        "read failed: `,` can't be the delimiter: use another ASCII character",
    );
    fails(
        "a\n",
        |reader| reader.quote(b'\n'),
        "read failed: `\\n` can't be the quote: use another ASCII character",
    );
    fails(
        "a\n",
        |reader| reader.escape(b'"'),
        "read failed: `\\\"` can't be the escape: use another ASCII character",
    );
    fails(
        "a\n",
        |reader| reader.comment(b'"'),
        "read failed: `\\\"` can't be the comment: use another ASCII character",
    );
    writes(
        [],
        |writer| writer.escape(b','),
        Err("write failed: `,` can't be the escape: use another ASCII character"),
    );
    writes(
        [],
        |writer| writer.quote(0xff),
        Err("write failed: `\\xff` can't be the quote: use another ASCII character"),
    );
}

#[test]
fn quotes_are_written_as_the_option_says() {
    let rows = || [record! {"a" => "x", "b" => -1, "c" => (), "d" => "2", "e" => true, "f" => ""}];
    let table = [
        (Quoting::Necessary, "a,b,c,d,e,f\nx,-1,,2,true,\n"),
        (Quoting::Always, "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"\n\"x\",\"-1\",,\"2\",\"true\",\"\"\n"),
        (Quoting::NonNumeric, "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"\n\"x\",-1,,\"2\",\"true\",\"\"\n"),
    ];
    for (quoting, expected) in table {
        writes(rows(), |writer| writer.quoting(quoting), Ok(expected));
    }
    writes([record! {"'" => "a'b\""}], |writer| writer.quote(b'\''), Ok("''''\n'a''b\"'\n"));
    writes([record! {"a" => "x\"\\"}], |writer| writer.escape(b'\\'), Ok("a\n\"x\\\"\\\\\"\n"));
    let folder = Folder::new(b"a,b\n12.50,x\n");
    let flow = Pipeline::builder("test").read(csv::read_records(&folder.path)).cast("a", Type::Float);
    let text = written(flow, |writer| writer.quoting(Quoting::NonNumeric));
    assert_eq!(text.unwrap(), "\"a\",\"b\"\n12.50,\"x\"\n");
}

#[test]
fn records_can_end_with_crlf() {
    let options = |writer: CsvWriter| writer.terminator(Terminator::CrLf);
    writes([record! {"a" => "x\ny"}, record! {"a" => ""}], options, Ok("a\r\n\"x\ny\"\r\n\"\"\r\n"));
    let batches = vec![
        [record! {"a" => 1, "b" => "x,\\\""}].into_iter().collect(),
        [record! {"b" => "\r\n\\"}, record! {"b" => "z"}].into_iter().collect(),
    ];
    let text = written(flow_of(batches), |writer| options(writer).escape(b'\\').null("-"));
    assert_eq!(text.unwrap(), "a,b\r\n1,\"x,\\\\\\\"\"\r\n-,\"\r\n\\\\\"\r\n-,z\r\n");
}

#[test]
fn null_is_written_as_its_word() {
    let rows = [record! {"a" => (), "b" => "NULL"}, record! {"b" => ""}];
    writes(rows, |writer| writer.null("NULL"), Ok("a,b\nNULL,\"NULL\"\nNULL,\n"));
    writes([record! {"a" => (), "b" => ""}], |writer| writer.null(""), Ok("a,b\n,\"\"\n"));
    writes([record! {"a" => 0, "b" => ()}], |writer| writer.null("0"), Ok("a,b\n\"0\",0\n"));
    for (word, shown) in
        [("a,b", "a,b"), ("\n", "\\n"), ("\"", "\""), ("\0", "\\u{0}"), ("\u{feff}", "\\u{feff}")]
    {
        let expected = format!("write failed: `{shown}` can't stand for null, because it needs quotes");
        writes([], |writer| writer.null(word), Err(&expected));
    }
}

#[test]
fn columns_can_be_given() {
    let given = |writer: CsvWriter| writer.columns(["b", "a", "c"]);
    writes([record! {"a" => 1, "b" => 2}, record! {"c" => 3}], given, Ok("b,a,c\n2,1,\n,,3\n"));
    writes([], given, Ok("b,a,c\n"));
    writes([], |writer| given(writer).no_header(), Ok(""));
    writes([record! {}], given, Ok("b,a,c\n,,\n"));
    let rows = [record! {"a" => 1}, record! {"a" => 1, "d" => ()}];
    let expected = "write failed at record 2: field `d` is not one of the columns to write; \
                    drop it in a step or list it";
    writes(rows, given, Err(expected));
    let expected = "write failed: the name `a` was given twice";
    writes([], |writer| writer.columns(["a", "b", "a"]), Err(expected));
    let none: [&str; 0] = [];
    let expected = "write failed: records without fields can't be written as CSV";
    writes([], |writer| writer.columns(none), Err(expected));
}

#[test]
fn formulas_are_guarded() {
    let rows = [record! {"=a" => "=1+1", "b" => -1.5, "c" => "-1.5"}, record! {"b" => "@x", "c" => "\tx,"}];
    let expected = "'=a,b,c\n'=1+1,-1.5,-1.5\n,'@x,\"'\tx,\"\n";
    writes(rows, |writer| writer.guard_formulas(), Ok(expected));
}
