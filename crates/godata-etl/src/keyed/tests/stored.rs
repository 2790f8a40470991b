//! Records that are kept as bytes.

use super::{run, run_records, spilled};
use crate::{Cast, Keep, Pipeline, Record, Value, record};

#[test]
fn a_row_keeps_its_cells_when_it_is_kept_as_bytes() {
    let wide = record! {
        "null" => (), "bool" => true, "int" => -5, "uint" => u64::MAX, "float" => 1.5, "text" => "ä\0",
        "list" => vec![Value::from(1), Value::from("x"), Value::Null], "wide" => "x".repeat(300), "nan" => f64::NEG_INFINITY,
    };
    let digits = Value::Number(crate::Number::from_digits("12.500").unwrap());
    let at: crate::Timestamp = "2024-05-01T14:00:00.500+02:00".parse().unwrap();
    let other = record! {"text" => "b", "digits" => digits, "at" => Value::Timestamp(at), "bytes" => Value::Bytes(vec![0, 255]), "day" => Value::Date(crate::time::Date::MIN), "exact" => Value::Decimal("12.500".parse().unwrap())};
    let rows = vec![wide, other, record! {}];
    let shown = |rows: &[Record]| {
        rows.iter()
            .map(|row| row.as_ref().iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let flow = Pipeline::builder("test").read_vec(rows.clone()).untyped().dedupe(Keep::Last, spilled());
    assert_eq!(shown(&run_records(flow).unwrap()), shown(&rows));
}

#[test]
fn cells_that_were_cast_are_kept_as_they_are_written() {
    let rows = vec![
        record! {"day" => "2.5.2024", "price" => "1.234,50", "n" => "7"},
        record! {"day" => "1.5.2024", "price" => "9", "n" => "8"},
    ];
    let flow = Pipeline::builder("test").read_vec(rows).untyped();
    let flow = flow.cast("day", Cast::date("%d.%m.%Y")).cast("price", Cast::decimal().comma().thousands('.'));
    let flow = flow.sort_by(["day"], spilled()).map(|record| {
        record.iter().map(|(_, value)| format!("{} {value}", value.kind())).collect::<Vec<_>>()
    });
    let expected =
        [["date 2024-05-01", "decimal 9", "text 8"], ["date 2024-05-02", "decimal 1234.50", "text 7"]];
    assert_eq!(run(flow).unwrap(), expected);
}
