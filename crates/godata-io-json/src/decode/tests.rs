//! What the decoders accept, and their errors, without files.

use godata_etl::{Record, Value, record};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::DuplicateKeys;
use crate::encode::{Keys, write_row};
use crate::strategies::{json_value, nasty_text};

fn decode<D: Decoder>(lines: &[&str]) -> Result<D::Batch, JsonError> {
    let block = lines.join("\n");
    let mut decoder = D::new(Options::default(), lines.len(), block.len(), Records::new());
    let mut begin = 0;
    for line in lines {
        decoder.push(line, begin)?;
        begin += line.len() + 1;
    }
    Ok(decoder.finish(block).unwrap().0)
}

/// A decoder for texts at the start of a block.
fn decoder(options: Options) -> RecordDecoder {
    RecordDecoder::new(options, 0, Records::new())
}

fn records(lines: &[&str]) -> Result<Vec<Record>, JsonError> {
    decode::<RecordDecoder>(lines).map(Records::into_records)
}

fn typed<T: DeserializeOwned + Send + 'static>(line: &str) -> Result<T, JsonError> {
    decode::<TypedDecoder<T>>(&[line]).map(|mut batch| batch.remove(0))
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct Order {
    id: String,
    amount: f64,
    customer: Option<Customer>,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    at: Day,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct Customer {
    emails: Vec<String>,
    age: u8,
}

#[derive(Debug, Default, Deserialize)]
enum Status {
    #[default]
    Paid,
    Shipped {
        #[expect(dead_code, reason = "only decoded")]
        weight: u8,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Day;

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text == "today" { Ok(Self) } else { Err("no day") }
    }
}

#[test]
fn typed_errors_name_column_field_and_value() {
    let long = format!(r#"{{"id":"1","amount":"{}"}}"#, "é".repeat(100));
    let cut = format!(r#"column 221: field `amount`: expected f64, found string "{}…"#, "é".repeat(72));
    let table = [
        (r#"{"id":"1","amount":"abc"}"#, r#"column 24: field `amount`: expected f64, found string "abc""#),
        (r#"{"id":1,"amount":1}"#, "column 7: field `id`: expected a string, found integer `1`"),
        (r#"{"id":null,"amount":1}"#, "column 10: field `id`: expected a string, found null"),
        (r#"{"amount":1}"#, "column 12: missing field `id`"),
        (r#"{"id":"1","id":"1"}"#, "column 14: duplicate field `id`"),
        (
            r#"{"id":"1","amount":1,"customer":{"emails":["a",2],"age":1}}"#,
            "column 48: field `customer.emails[1]`: expected a string, found integer `2`",
        ),
        (
            r#"{"id":"1","amount":1,"customer":{"emails":[],"age":300}}"#,
            "column 54: field `customer.age`: expected u8, found integer `300`",
        ),
        (
            r#"{"id":"1","amount":1,"customer":{"emails":[]}}"#,
            "column 45: field `customer`: missing field `age`",
        ),
        (
            r#"{"id":"1","amount":1,"status":"Lost"}"#,
            "column 36: field `status`: unknown variant `Lost`, expected `Paid` or `Shipped`",
        ),
        (
            r#"{"id":"1","amount":1,"status":{"Shipped":{"weight":"x"}}}"#,
            r#"column 54: field `status.Shipped.weight`: expected u8, found string "x""#,
        ),
        (r#"{"id":"1","amount":1,"at":"soon"}"#, "column 33: field `at`: no day, found text `soon`"),
        (
            r#"{"id":"1","amount":1e999}"#,
            "column 20: field `amount`: the number `1e999` is beyond the range of a 64-bit float",
        ),
        ("7", "column 1: expected struct Order, found integer `7`"),
        (r#"{"id":"1","amount":1} x"#, "column 23: trailing characters"),
        (r#"{"id":"1","amount":"#, "column 19: EOF while parsing a value"),
        (&long, &cut),
    ];
    for (line, message) in table {
        assert_eq!(typed::<Order>(line).unwrap_err().to_string(), message, "{line}");
    }
}

#[test]
fn a_number_beyond_the_range_of_a_field_names_its_float() {
    #[derive(Debug, Deserialize)]
    struct Sizes {
        #[serde(rename = "f")]
        _f: Option<f32>,
        #[serde(rename = "d")]
        _d: Option<f64>,
    }
    let digits = format!("1{}", "0".repeat(100));
    let table = [
        (r#"{"f":1e39}"#.to_owned(), 32),
        (r#"{"f":-3.5e38}"#.to_owned(), 32),
        (format!(r#"{{"f":{digits}}}"#), 32),
        (r#"{"f":1e400}"#.to_owned(), 64),
        (r#"{"d":1e400}"#.to_owned(), 64),
    ];
    for (line, size) in table {
        let error = typed::<Sizes>(&line).unwrap_err();
        assert!(matches!(error, JsonError::NumberRange { bits, .. } if bits == size), "{error}");
    }
    assert!(typed::<Sizes>(r#"{"f":3.4028235e38,"d":1e39}"#).is_ok());
}

#[test]
fn errors_of_dynamic_records_name_column_field_and_value() {
    let table = [
        ("5", "expected an object, found number `5`"),
        (" null", "expected an object, found null"),
        ("true x", "expected an object, found bool `true`"),
        (r#""A-1""#, "expected an object, found text `A-1`"),
        ("[", "expected an object, found an array"),
        ("[1]", "expected an object, found an array"),
        (r#"{"a":1,"b":2,"a":3}"#, "column 16: field `a` appears twice"),
        (r#"{"a":1,"b":2,"\u0061":3}"#, "column 21: field `a` appears twice"),
        (r#"{"a":[1,{"b":{"c":1,"c":1}}]}"#, "column 23: field `a[1].b.c` appears twice"),
        ("1e999", "expected an object, found number `1e999`"),
        ("x", "column 1: expected value; JSON has no words but `true`, `false` and `null`"),
        (r#"{"a":1e999,"b":tru}"#, "column 19: expected ident"),
        (
            r#"{"a":1e999,"b":"\ud83d"}"#,
            "column 17: `\\ud83d` is half of a surrogate pair, and not a character",
        ),
        (r#"{"a":tru}"#, "column 9: expected ident"),
        (r#"{"a" 1}"#, "column 6: expected `:`"),
        (r#"{"a":1,}"#, "column 8: trailing comma"),
        (r#"{a:1}"#, "column 2: key must be a string"),
        (r#"{"a":1"#, "column 6: EOF while parsing an object"),
        (r#"{"a":1}{"a":2}"#, "column 8: trailing characters"),
        (r#"{"a":01}"#, "column 7: invalid number"),
        (r#"{"a":NaN}"#, "column 6: expected value; JSON has no words but `true`, `false` and `null`"),
        (r#"{"a":"\ud83d"}"#, "column 7: `\\ud83d` is half of a surrogate pair, and not a character"),
        (r#"{"a":"\ude00"}"#, "column 7: `\\ude00` is half of a surrogate pair, and not a character"),
        ("{\"a\":\"\t\"}", "column 7: control character (\\u0000-\\u001F) found while parsing a string"),
        ("{\"a\":\0}", "column 6: a NUL byte, as in UTF-16, which `Input::encoding` reads"),
        ("{\"a\":\"é\0\"}", "column 9: a NUL byte, as in UTF-16, which `Input::encoding` reads"),
        ("\0\0\0\0", "column 1: 4 NUL bytes, as in a file with a part that was never written"),
    ];
    for (line, message) in table {
        assert_eq!(records(&[line]).unwrap_err().to_string(), message, "{line}");
    }
    let deep = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(records(&[&deep(128)]).is_ok());
    assert_eq!(records(&[&deep(129)]).unwrap_err().to_string(), "column 133: nested more than 128 deep");
}

#[test]
fn duplicate_keys_are_found_among_many() {
    let many: Vec<_> = (0..40).map(|i| format!("\"k{i}\":{i}")).collect();
    let nested = |last: &str| format!("{{\"a\":{{{},\"{last}\":0}}}}", many.join(","));
    assert_eq!(records(&[&nested("k40")]).map(|rows| rows.len()).ok(), Some(1));
    for doubled in ["k0", "k15", "k16", "k39"] {
        let error = records(&[&nested(doubled)]).unwrap_err().to_string();
        assert!(error.ends_with(&format!("field `a.{doubled}` appears twice")), "{error}");
    }
    let row = |last: &str| format!("{{{},\"{last}\":0}}", many.join(","));
    assert!(records(&[&row("k40"), &row("k41"), &row("k40")]).is_ok());
    assert!(records(&[&row("k40"), &row("k39")]).is_err());
}

#[test]
fn numbers_that_fit_64_bits_are_exact() -> Result<(), JsonError> {
    let line = r#"{"min":-9223372036854775808,"max":18446744073709551615,"over":18446744073709551616,
        "float":12.50,"exponent":1e2,"shortest":0.1,"tiny":5e-324,"zero":-0.0}"#;
    let expected = record! {
        "min" => i64::MIN, "max" => u64::MAX, "over" => 18446744073709551616_u128,
        "float" => 12.5, "exponent" => 100.0, "shortest" => 0.1, "tiny" => 5e-324, "zero" => -0.0,
    };
    assert_eq!(records(&[line])?, [expected]);
    Ok(())
}

#[test]
fn the_digits_of_a_field_are_written_as_they_were_read() {
    let all = [
        r#"{"a":12345678901234567890123,"b":1e999,"c":12.50,"d":-0,"e":1E+2,"f":0.0}"#,
        r#"{"a":-1e999,"b":"1.50"}"#,
    ];
    let batch = decode::<RecordDecoder>(&all).unwrap();
    let keys = Keys::of(batch.shape());
    for (row, text) in batch.iter().zip(all) {
        let mut out = Vec::new();
        write_row(&mut out, &keys, row).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
    let row = batch.iter().next().unwrap();
    assert_eq!(row.f64("a"), Ok(12345678901234567890123.0));
    assert_eq!(row.f64("c"), Ok(12.5));
    assert_eq!(row.f64("b").unwrap_err().to_string(), "field `b`: expected a number, found number `1e999`");
    assert_eq!(
        row.i64("a").unwrap_err().to_string(),
        "field `a`: expected a whole number (int), found number `12345678901234567890123`"
    );
}

#[test]
fn unchanged_records_and_fields_are_written_as_they_were_read() -> Result<(), JsonError> {
    let lines = [
        r#"{ "a" : 1.50, "b":[1e999, {"c":12345678901234567890123}], "c":"\u00e4" }"#,
        r#"{"a":2,"b":{"x": [ -0 ]},"c":null}"#,
    ];
    let mut batch = decode::<RecordDecoder>(&lines)?;
    let written = |batch: &Records| {
        let keys = Keys::of(batch.shape());
        let mut out = Vec::new();
        batch.iter().for_each(|row| write_row(&mut out, &keys, row).unwrap());
        String::from_utf8(out).unwrap()
    };
    assert_eq!(written(&batch), lines.concat());
    batch.row_mut(0).unwrap().set("d", 1);
    let changed = r#"{"a":1.50,"b":[1e999, {"c":12345678901234567890123}],"c":"ä","d":1}"#;
    assert_eq!(written(&batch), format!("{changed}{}", lines[1]));
    batch.drop_fields(&["a"]).unwrap();
    let rest = changed.replace("\"a\":1.50,", "");
    assert_eq!(written(&batch), rest + r#"{"b":{"x": [ -0 ]},"c":null}"#);
    Ok(())
}

#[test]
fn a_record_and_a_value_are_read_with_their_digits() {
    let line = r#"{"a":12345678901234567890123,"b":[1e999,{"c":12.50}],"a":-0,"d":"\u0041"}"#;
    let expected = r#"{a: -0, b: [1e999, {c: 12.50}], d: A}"#;
    assert_eq!(typed::<Value>(line).unwrap().to_string(), expected);
    assert_eq!(Value::from(typed::<Record>(line).unwrap()).to_string(), expected);
    assert_eq!(typed::<Value>(" 12.50 ").unwrap().to_string(), "12.50");
    let error = typed::<Record>("[1]").unwrap_err().to_string();
    assert!(error.ends_with("expected a map, found sequence"), "{error}");
    assert!(typed::<Value>("{\"a\":01}").is_err());
}

#[test]
fn duplicate_keys_are_handled_by_the_rule() {
    let line = r#"{"a":1,"b":{"c":1,"d":2,"c":[3]},"a":1e999,"a":{"e":1}}"#;
    let read = |rule| {
        let options = Options::default().with_duplicate_keys(rule);
        let mut decoder = RecordDecoder::new(options, line.len(), Records::new());
        decoder
            .push(line, 0)
            .map(|()| serde_json::to_string(&decoder.finish(line.into()).unwrap().0).unwrap())
    };
    assert_eq!(read(DuplicateKeys::First).unwrap(), r#"[{"a":1,"b":{"c":1,"d":2}}]"#);
    assert_eq!(read(DuplicateKeys::Last).unwrap(), r#"[{"a":{"e":1},"b":{"c":[3],"d":2}}]"#);
    let error = read(DuplicateKeys::Refuse).unwrap_err().to_string();
    assert_eq!(error, "column 27: field `b.c` appears twice");

    // Under these rules a key can be dropped, so lists and maps are written from their values, which keep their digits.
    let line = r#"{"a":[0,-1e999,{"b":12.50,"b":12345678901234567890123}]}"#;
    let mut decoder = self::decoder(Options::default().with_duplicate_keys(DuplicateKeys::Last));
    decoder.push(line, 0).unwrap();
    let (batch, _) = decoder.finish(String::new()).unwrap();
    let mut out = Vec::new();
    write_row(&mut out, &Keys::of(batch.shape()), batch.row(0).unwrap()).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), r#"{"a":[0,-1e999,{"b":12345678901234567890123}]}"#);

    let mut decoder = self::decoder(Options::default().with_duplicate_keys(DuplicateKeys::First));
    let error = decoder.push(r#"{"a":1,"a":[01]}"#, 0).unwrap_err().to_string();
    assert_eq!(error, "column 14: invalid number");
}

#[test]
fn depth_is_limited_to_what_was_set() {
    let deep = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    for (asked, taken) in [(0, 1), (1, 1), (2, 2), (200, 200), (usize::MAX, 1024)] {
        let mut decoder = decoder(Options::default().with_max_depth(asked));
        decoder.push(&deep(taken), 0).unwrap();
        let error = decoder.push(&deep(taken + 1), 0).unwrap_err().to_string();
        assert_eq!(error, format!("column {}: nested more than {taken} deep", taken + 5));
    }
}

#[test]
fn names_keep_the_order_of_their_first_appearance() -> Result<(), JsonError> {
    let rows = records(&[r#"{"b":1,"a":2}"#, r#"{"c":5,"a":3,"b":4}"#, "{}"])?;
    assert_eq!(rows, [record! {"b" => 1, "a" => 2}, record! {"b" => 4, "a" => 3, "c" => 5}, record! {}]);
    Ok(())
}

#[test]
fn a_record_that_fails_is_not_added_to_the_batch() -> Result<(), JsonError> {
    let block = r#"{"a":1}{"a":4}"#;
    let mut decoder = RecordDecoder::new(Options::default(), block.len(), Records::new());
    decoder.push(&block[..7], 0)?;
    for line in [r#"{"b":2,"b":3}"#, r#"{"b":2"#, r#"{"b":2} x"#, "7"] {
        assert!(decoder.push(line, 7).is_err());
    }
    decoder.push(&block[7..], 7)?;
    let (batch, _) = decoder.finish(block.into()).unwrap();
    assert_eq!(batch.names().collect::<Vec<_>>(), ["a"]);
    assert_eq!(batch.into_records(), [record! {"a" => 1}, record! {"a" => 4}]);
    Ok(())
}

/// Pieces of JSON in any order, often within an object.
fn soup() -> impl Strategy<Value = String> {
    let any = r#"[{}\[\]",:\\u0-9a-e.+\-tru ]{0,20}"#;
    let field = r#"\{"a":[{}\[\]",:\\u0-9a-e.+\-tru ]{0,12}\}"#;
    let pieces = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\n\"", "1", "-2.5e3", "true", "null", " ",
    ]);
    prop_oneof![any, field, prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn records_are_read_as_by_serde_json(rows in prop::collection::vec(json_value(), 0..8)) {
        let rows: Vec<_> = rows.into_iter().filter(serde_json::Value::is_object).collect();
        let lines: Vec<_> = rows.iter().map(ToString::to_string).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let batch = decode::<RecordDecoder>(&lines).unwrap();
        let read: Vec<_> = batch.iter().map(|row| serde_json::to_value(row).unwrap()).collect();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn any_text_is_accepted_or_refused_as_by_serde_json(text in soup()) {
        let whole = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(typed::<serde_json::Value>(&text).ok(), whole.ok());
        // serde_json skips numbers that are out of range, and accepts duplicate keys.
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let is_record = is_json && text.trim_start().starts_with('{');
        match records(&[&text]) {
            Ok(_) => prop_assert!(is_record),
            Err(JsonError::DuplicateKey { .. } | JsonError::NumberRange { .. } | JsonError::NotAnObject { .. }) => {}
            Err(error) => prop_assert!(!is_json, "{}", error),
        }
    }

    #[test]
    fn escapes_are_decoded(text in nasty_text()) {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        let rows = records(&[&format!(r#"{{"a":"{escaped}"}}"#)]).unwrap();
        prop_assert_eq!(rows, [record! {"a" => &text}]);
    }
}
