//! The text of each kind of record, without files.

use std::collections::BTreeMap;

use godata_etl::time::UtcDateTime;
use godata_etl::{Number, Record, Records, Type, Value, record, to_record};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;

use super::*;
use crate::JsonError;
use crate::strategies::{json_object, json_value};

fn rows(batch: &Records) -> Result<Vec<String>, JsonError> {
    let keys = Keys::of(batch.shape());
    batch.iter().map(|row| written(|out| write_row(out, &keys, row))).collect()
}

fn row(record: Record) -> Result<String, JsonError> {
    rows(&[record].into_iter().collect()).map(|mut rows| rows.remove(0))
}

fn typed(value: impl Serialize + 'static) -> Result<String, JsonError> {
    written(|out| write_typed(out, &value))
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), JsonError>) -> Result<String, JsonError> {
    let mut out = b"before".to_vec();
    write(&mut out)?;
    Ok(String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned())
}

#[test]
fn each_kind_of_field_is_written_in_its_form() -> Result<(), JsonError> {
    let record = record! {
        "text" => "a\"b", "int" => -1, "uint" => u64::MAX, "float" => 12.0, "bool" => true, "null" => (),
        "at" => UtcDateTime::UNIX_EPOCH, "list" => vec![1, 2], "map" => record! {"a" => vec![record! {}], "b" => ()},
        "k\"\n" => "",
    };
    let text = r#"{"text":"a\"b","int":-1,"uint":18446744073709551615,"float":12.0,"bool":true,"null":null,"#;
    let nested = r#""at":"1970-01-01T00:00:00Z","list":[1,2],"map":{"a":[{}],"b":null},"k\"\n":""}"#;
    assert_eq!(row(record)?, format!("{text}{nested}"));
    Ok(())
}

#[test]
fn absent_fields_are_left_out_and_digits_are_kept() {
    let records = [record! {"a" => "12.50", "b" => 1}, record! {"b" => 2, "c" => ()}, record! {}];
    let mut batch: Records = records.into_iter().collect();
    batch.cast_row(0, "a", Type::Float).unwrap();
    assert_eq!(rows(&batch).unwrap(), [r#"{"a":12.50,"b":1}"#, r#"{"b":2,"c":null}"#, "{}"]);
}

#[test]
fn a_value_that_json_can_not_hold_is_an_error_with_its_field() {
    let nested = |value: Value| record! {"a" => vec![Value::Null, Value::from(record! {"b" => value})]};
    let table = [
        (record! {"id" => 1, "blob" => Value::Bytes(vec![1])}, "field `blob`: JSON can't hold bytes"),
        (record! {"id" => 1, "x" => f64::NAN}, "field `x`: JSON can't hold the number NaN"),
        (record! {"x" => f64::INFINITY}, "field `x`: JSON can't hold the number inf"),
        (nested(f64::NEG_INFINITY.into()), "field `a[1].b`: JSON can't hold the number -inf"),
        (nested(Value::Bytes(vec![])), "field `a[1].b`: JSON can't hold bytes"),
    ];
    for (record, message) in table {
        assert_eq!(row(record).unwrap_err().to_string(), message);
    }
    let error = row(record! {"at" => UtcDateTime::MIN}).unwrap_err().to_string();
    assert!(error.starts_with("field `at`: RFC 3339 can't hold the timestamp -9999-01-01"), "{error}");
}

#[derive(Serialize)]
struct Reading {
    name: Option<&'static str>,
    values: Vec<f32>,
    range: (f64, Option<f64>),
    by_name: BTreeMap<&'static str, Kind>,
}

#[derive(Serialize)]
enum Kind {
    Unit,
    One(f64),
    Two(f64, f64),
    Named { value: f64 },
}

fn reading() -> Reading {
    Reading { name: None, values: vec![1.0], range: (1.0, None), by_name: BTreeMap::new() }
}

#[test]
fn floats_that_are_not_finite_are_found_anywhere_in_a_type() {
    assert_eq!(typed(reading()).unwrap(), r#"{"name":null,"values":[1.0],"range":[1.0,null],"by_name":{}}"#);
    let kinds = |kind| Reading { by_name: BTreeMap::from([("a", Kind::Unit), ("k", kind)]), ..reading() };
    let table = [
        (Reading { values: vec![0.0, f32::NAN], ..reading() }, "values[1]", "NaN"),
        (Reading { range: (f64::INFINITY, None), ..reading() }, "range[0]", "inf"),
        (Reading { range: (0.0, Some(f64::NEG_INFINITY)), ..reading() }, "range[1]", "-inf"),
        (kinds(Kind::One(f64::NAN)), "by_name.k.One", "NaN"),
        (kinds(Kind::Two(0.0, f64::NAN)), "by_name.k.Two[1]", "NaN"),
        (kinds(Kind::Named { value: f64::NAN }), "by_name.k.Named.value", "NaN"),
    ];
    for (reading, path, number) in table {
        let message = format!("field `{path}`: JSON can't hold the number {number}");
        assert_eq!(typed(reading).unwrap_err().to_string(), message);
    }
    assert_eq!(typed(f64::NAN).unwrap_err().to_string(), "JSON can't hold the number NaN");
    let wide = typed((u128::MAX, f64::NAN)).unwrap_err().to_string();
    assert_eq!(wide, "field `[1]`: JSON can't hold the number NaN");
}

#[test]
fn a_record_and_a_value_are_written_with_their_digits() {
    let number = |digits| Value::from(Number::from_digits(digits));
    let long = "12345678901234567890123.50";
    let list = Value::from(vec![number(long), number("1e999"), number("-0")]);
    let record = record! {"b" => number("12.50"), "a" => list.clone(), "é\"" => "x"};
    assert_eq!(typed(list).unwrap(), format!("[{long},1e999,-0]"));
    assert_eq!(typed(record).unwrap(), format!(r#"{{"b":12.50,"a":[{long},1e999,-0],"é\"":"x"}}"#));
    let nested = vec![Value::from(record! {"a" => f64::NAN})];
    assert_eq!(
        typed(Value::from(nested)).unwrap_err().to_string(),
        "field `[0].a`: JSON can't hold the number NaN"
    );
    assert_eq!(typed(Record::new()).unwrap(), "{}");
}

#[test]
fn a_type_that_json_can_not_hold_is_an_error() {
    let error = typed(BTreeMap::from([(vec![1], 2)])).unwrap_err();
    assert_eq!(error.to_string(), "can't be written as JSON");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "key must be a string");
}

#[test]
fn a_value_of_any_type_stays_on_one_line() {
    let raw: Box<RawValue> = serde_json::from_str("{\r\n \"a\": \"x\\n\"\n}").unwrap();
    assert_eq!(typed(raw.clone()).unwrap(), "{   \"a\": \"x\\n\" }");
    assert_eq!(typed(5).unwrap(), "5");
}

proptest! {
    #[test]
    fn rows_are_written_as_by_serde_json(object in json_object()) {
        let record = to_record(&object).unwrap();
        let text = serde_json::to_string(&object).unwrap();
        prop_assert_eq!(&typed(record.clone()).unwrap(), &text);
        prop_assert_eq!(row(record).unwrap(), text);
    }

    #[test]
    fn values_are_written_as_by_serde_json(value in json_value()) {
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(typed(value).unwrap(), text);
    }
}
