use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::records::{Decimal, Number, Records, Type, ValueRef};
use crate::{record, to_record};

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Order {
    id: String,
    amount: f64,
    items: Vec<Item>,
    status: Status,
    note: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Item {
    sku: u32,
    gift: bool,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
enum Status {
    Paid,
    Due(u32),
    Split(u8, u8),
    Refunded { reason: String },
}

fn order(status: Status) -> Order {
    Order { id: "A".into(), amount: 12.0, items: vec![Item { sku: 1, gift: true }], status, note: None }
}

#[test]
fn structs_round_trip_through_records() {
    let refunded = Status::Refunded { reason: "late".into() };
    for status in [Status::Paid, Status::Due(3), Status::Split(1, 2), refunded] {
        let order = order(status);
        assert_eq!(to_record(&order).and_then(|record| record.de()), Ok(order));
    }
}

#[test]
fn text_is_parsed_where_a_number_or_a_bool_is_asked_for() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row<'a> {
        id: &'a str,
        small: i8,
        big: u64,
        float: f32,
        flag: bool,
    }
    let row = record! {
        "id" => "1",
        "small" => "-1",
        "big" => "18446744073709551615",
        "float" => "1.5",
        "flag" => "true",
    };
    let expected = Row { id: "1", small: -1, big: u64::MAX, float: 1.5, flag: true };
    assert_eq!(row.de(), Ok(expected));
}

#[test]
fn a_number_beyond_32_bits_is_not_an_infinite_float() {
    let expected = "expected a number in the range of f32, found";
    check_error::<f32>("1e39", &format!("{expected} text `1e39`"));
    check_error::<f32>(-1e39, &format!("{expected} number `-1e39`"));
    check_error::<BTreeMap<String, Option<f32>>>(
        record! {"a" => "3.5e38"},
        &format!("field `a`: {expected} text `3.5e38`"),
    );
    check_error::<f32>("1e400", "expected a number, found text `1e400`");
    check_error::<f64>("1e400", "expected a number, found text `1e400`");
    for value in [Value::from("3.4028235e38"), Value::from(f64::from(f32::MAX)), Value::from(f32::MAX)] {
        assert_eq!(value.de::<f32>(), Ok(f32::MAX));
    }
    assert_eq!(Value::from(u64::MAX).de::<f32>(), Ok(u64::MAX as f32));
    assert_eq!(Value::from(f64::INFINITY).de::<f32>(), Ok(f32::INFINITY));
}

#[test]
fn an_option_is_none_for_absent_and_null() {
    type Row = BTreeMap<String, Option<f64>>;
    let row = record! {"null" => (), "text" => "1", "number" => 2};
    let expected = [("null", None), ("text", Some(1.0)), ("number", Some(2.0))];
    assert_eq!(row.de::<Row>(), Ok(expected.map(|(k, v)| (k.to_owned(), v)).into_iter().collect()));

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sparse<'a> {
        absent: Option<f64>,
        text: Option<&'a str>,
    }
    assert_eq!(row.de(), Ok(Sparse { absent: None, text: Some("1") }));
}

#[test]
fn an_option_is_none_for_an_empty_text_if_the_format_has_no_null() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Wrapped(Option<String>);

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        text: String,
        option: Option<String>,
        number: Option<u32>,
        nested: Option<Wrapped>,
        any: Value,
        list: Option<Vec<Option<String>>>,
    }
    let row = || {
        record! {
            "text" => "", "option" => "", "nested" => "", "any" => "", "list" => vec![Value::from("")]
        }
    };
    let (empty, list) = (Some(String::new()), Some(vec![Some(String::new())]));
    let kept = Row {
        text: String::new(),
        option: empty.clone(),
        number: None,
        nested: Some(Wrapped(empty)),
        any: "".into(),
        list,
    };
    assert_eq!(row().de(), Ok(kept));
    check_error::<Option<u32>>("", "expected a whole number, found text ``");

    let mut batch = Records::from_iter([row()]);
    batch.set_empty_as_none();
    batch.row_mut(0).unwrap().set("number", "");
    let read = batch.row(0).unwrap().de::<Row>().unwrap();
    assert_eq!((read.text.as_str(), &read.option, read.number, &read.nested), ("", &None, None, &None));
    assert_eq!((read.any, read.list), (Value::from(""), Some(vec![Some(String::new())])));
    let again = Records::from_iter([batch.row(0).unwrap().to_record()]);
    let error = again.row(0).unwrap().de::<BTreeMap<String, u32>>().unwrap_err();
    assert!(error.to_string().ends_with("expected a whole number, found text ``"), "{error}");
    assert_eq!(again.into_records()[0].de::<Row>().unwrap().option, None);
}

#[test]
fn a_cast_cell_is_a_number_for_serde() {
    let mut batch: Records = [record! {"id" => "7", "amount" => "12.50"}].into_iter().collect();
    batch.cast_row(0, "amount", Type::Float).unwrap();
    batch.cast_row(0, "id", Type::Int).unwrap();
    assert_eq!(serde_json::to_string(&batch).unwrap(), r#"[{"id":7,"amount":12.5}]"#);
    let row: HashMap<String, f64> = batch.row(0).unwrap().de().unwrap();
    assert_eq!(row["amount"], 12.5);
}

#[track_caller]
fn check_error<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: impl Into<Value>, message: &str) {
    assert_eq!(value.into().de::<T>().unwrap_err().to_string(), message);
}

#[test]
fn errors_name_the_path_and_the_value() {
    let items = |gift| vec![Value::from(record! {"sku" => 1, "gift" => gift})];
    let order = |items| record! {"id" => "A", "amount" => 1, "items" => items, "status" => "Paid"};
    check_error::<Order>(order(items("x")), "field `items[0].gift`: expected true or false, found text `x`");
    check_error::<Order>(record! {"id" => 5}, "field `id`: expected a string, found number `5`");
    check_error::<Order>(record! {"id" => ()}, "field `id`: expected a string, found null");
    check_error::<Order>(record! {"id" => vec![1]}, "field `id`: expected a string, found a list");
    check_error::<Order>(record! {"items" => vec![record! {"sku" => 1}]}, "field `items[0].gift` is missing");
    check_error::<Item>(record! {"sku" => "-1"}, "field `sku`: expected u32, found text `-1`");
    check_error::<Item>(record! {"sku" => 1.5}, "field `sku`: expected a whole number, found number `1.5`");
    check_error::<Vec<Vec<i64>>>(
        vec![vec![1], vec![2, 3], vec![]]
            .into_iter()
            .map(Value::from)
            .chain([Value::from(vec!["x"])])
            .collect::<Vec<_>>(),
        "field `[3][0]`: expected a whole number, found text `x`",
    );
    check_error::<f64>(record! {}, "expected f64, found map");
    let status = |status: Value| record! {"status" => status};
    check_error::<BTreeMap<String, Status>>(
        status("Lost".into()),
        "field `status`: unknown variant `Lost`, expected one of `Paid`, `Due`, `Split`, `Refunded`, found text `Lost`",
    );
    check_error::<BTreeMap<String, Status>>(
        status(record! {"Due" => "x"}.into()),
        "field `status.Due`: expected a whole number, found text `x`",
    );
    check_error::<Status>(
        "Lost",
        "unknown variant `Lost`, expected one of `Paid`, `Due`, `Split`, `Refunded`",
    );
}

#[test]
fn a_record_must_be_a_struct_or_a_map() {
    let message = |result: Result<_, ConvertError>| result.map(|_: Record| ()).unwrap_err().to_string();
    assert_eq!(message(to_record(&[1, 2])), "expected a struct or a map, found a list");
    assert_eq!(message(to_record(&None::<Item>)), "expected a struct or a map, found null");
    assert_eq!(to_record(&BTreeMap::from([(1, "a")])), Ok(record! {"1" => "a"}));
}

#[test]
fn a_value_that_cannot_be_written_is_named_by_its_path() {
    let nested = BTreeMap::from([("a", vec![HashMap::new(), HashMap::from([((1, 2), 3)])])]);
    let error = to_value(&nested).unwrap_err();
    assert_eq!(error.path(), "a[1]");
    assert!(error.to_string().contains("text as a key"));
}

#[test]
fn a_number_beyond_64_bits_is_never_another_number() {
    assert_eq!(to_value(&u128::MAX).unwrap().to_string(), u128::MAX.to_string());
    assert_eq!(to_value(&i128::MIN).unwrap().to_string(), i128::MIN.to_string());
    let json = |digits| serde_json::to_string(&Number::from_digits(digits).unwrap());
    assert_eq!(json("12345678901234567890123").unwrap(), "12345678901234567890123");
    assert_eq!(json("12.50").unwrap(), "12.5");
    for digits in ["1e999", "0.99999999999999999999"] {
        assert_eq!(
            json(digits).unwrap_err().to_string(),
            format!("no type of 64 bits holds the number {digits}")
        );
        check_error::<String>(
            Number::from_digits(digits).unwrap(),
            &format!("expected a number that 64 bits can hold, found number `{digits}`"),
        );
    }
}

#[test]
fn a_timestamp_is_rfc_3339_text() {
    let epoch = Value::from(time::UtcDateTime::UNIX_EPOCH);
    assert_eq!(serde_json::to_string(&epoch).unwrap(), r#""1970-01-01T00:00:00Z""#);
    assert_eq!(epoch.de::<String>().unwrap(), "1970-01-01T00:00:00Z");
    assert!(serde_json::to_string(&Value::from(time::UtcDateTime::MIN)).is_err());
}

#[test]
fn the_order_of_a_map_is_kept_and_its_last_duplicate_wins() {
    let record: Record = serde_json::from_str(r#"{"z":1,"a":{"y":1,"b":2},"z":3}"#).unwrap();
    assert_eq!(serde_json::to_string(&record).unwrap(), r#"{"z":3,"a":{"y":1,"b":2}}"#);
    assert!(serde_json::from_str::<Record>("[1]").is_err());
}

/// Values that JSON can hold; it has no bytes and no instants.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,5}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let fields = prop::collection::vec(("[a-c]{1,2}", inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::List),
            fields.prop_map(|fields| Value::from(Record::from(fields))),
        ]
    })
}

proptest! {
    #[test]
    fn values_round_trip_through_json(value in any_value()) {
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }

    #[test]
    fn values_round_trip_through_themselves(value in any_value()) {
        prop_assert_eq!(to_value(&value).unwrap(), value.clone());
        prop_assert_eq!(value.de::<Value>().unwrap(), value);
    }

    #[test]
    fn records_round_trip(fields in prop::collection::vec(("[a-d]{1,2}", any_value()), 0..6)) {
        let record = Record::from(fields);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Record>(&json).unwrap(), &record);
        prop_assert_eq!(&to_record(&record).unwrap(), &record);
        prop_assert_eq!(&record.de::<Record>().unwrap(), &record);
        let batch: Records = [record.clone()].into_iter().collect();
        prop_assert_eq!(&batch.row(0).unwrap().de::<Record>().unwrap(), &record);
        prop_assert_eq!(batch.into_records(), [record]);
    }
}

#[test]
fn dates_and_decimals_are_text_or_numbers_in_types() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        day: String,
        exact: Decimal,
        float: f64,
        whole: i32,
        text: String,
    }
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    let row = record! {
        "day" => time::Date::MAX,
        "exact" => decimal("0.10"),
        "float" => decimal("12.50"),
        "whole" => decimal("5.0"),
        "text" => decimal("12.50"),
    };
    let read: Row = row.de().unwrap();
    assert_eq!(read.exact.to_string(), "0.10");
    let Row { day, float, whole, text, .. } = &read;
    assert_eq!((day.as_str(), *float, *whole, text.as_str()), ("9999-12-31", 12.5, 5, "12.50"));
    let batch: Records = [record! {"n" => "0.10"}].into_iter().collect();
    let read: BTreeMap<String, Decimal> = batch.row(0).unwrap().de().unwrap();
    assert_eq!(read["n"].to_string(), "0.10");
    assert!(record! {"whole" => decimal("5.1")}.de::<BTreeMap<String, i32>>().is_err());
}

#[test]
fn a_decimal_of_a_struct_stays_a_decimal() {
    #[derive(Serialize)]
    struct Row {
        amount: Decimal,
    }
    let row = to_record(&Row { amount: "12.50".parse().unwrap() }).unwrap();
    assert!(matches!(row.get("amount"), Some(ValueRef::Decimal(amount)) if amount.to_string() == "12.50"));
    assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"amount":"12.50"}"#);
}

#[test]
fn a_decimal_is_read_from_json_exactly_or_not_at_all() {
    let read = |json: &str| serde_json::from_str::<Decimal>(json).map(|decimal| decimal.to_string()).ok();
    for (json, expected) in [
        ("\"12.50\"", "12.50"),
        ("12.50", "12.5"),
        ("7", "7"),
        ("-0.1", "-0.1"),
        ("123456789012.345", "123456789012.345"),
    ] {
        assert_eq!(read(json).as_deref(), Some(expected), "{json}");
    }
    for json in ["0.12345678901234567890", "1e300", "true", "\"x\"", "null"] {
        assert_eq!(read(json), None, "{json}");
    }
}
