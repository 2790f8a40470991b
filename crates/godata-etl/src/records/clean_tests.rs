//! The steps that clean fields must do to a batch what they do to a plain list of rows.

use proptest::prelude::*;

use super::empties::Empties;
use super::*;
use crate::record;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn any_value() -> impl Strategy<Value = Value> {
    let flat = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_i64..4).prop_map(Value::from),
        (0_i64..4).prop_map(|n| Value::from(n as f64 / 2.0)),
        "[ \u{a0}]{0,1}[xy]{0,2}[ \n]{0,2}".prop_map(Value::from),
    ];
    prop_oneof![
        4 => flat.clone(),
        1 => prop::collection::vec(flat, 0..4).prop_map(Value::List),
    ]
}

fn has_value(row: &Record, name: &str, is_csv: bool) -> bool {
    let is_empty = is_csv && row.str(name) == Some("");
    !row.is_null(name) && !is_empty
}

fn any_rows() -> impl Strategy<Value = Vec<Record>> {
    let fields = prop::collection::vec((prop::sample::select(NAMES.to_vec()), any_value()), 0..6);
    prop::collection::vec(fields.prop_map(Record::from), 0..8)
}

fn any_names() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(NAMES.to_vec(), 1..3).prop_shuffle()
}

/// A batch of these rows, dense or sparse. Half of its texts are slices, and the rest values.
fn batch(rows: &[Record], is_sparse: bool) -> Records {
    let mut builder = RecordsBuilder::default();
    for row in rows {
        builder.begin_row();
        for (at, (name, value)) in row.iter().enumerate() {
            match value {
                ValueRef::Text(text) if at % 2 == 0 => builder.seek(name).push_text(text),
                other => builder.push_field(name, other),
            }
        }
        builder.end_row().unwrap();
    }
    let mut batch = builder.finish();
    batch.open_names();
    // A row that was dropped must not come back.
    batch.push(record! {"a" => "dropped"});
    batch.truncate(rows.len());
    if is_sparse {
        batch.storage.make_sparse();
    }
    batch
}

/// The fields of each row, sorted by name, as text: it shows what equality does not look at.
fn shown(rows: impl IntoIterator<Item = Record>) -> Vec<String> {
    let sorted = |row: Record| {
        let mut fields: Vec<String> = row.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        fields.sort();
        fields.join(", ")
    };
    rows.into_iter().map(sorted).collect()
}

/// Both ways out of a batch: borrowed and owned.
#[track_caller]
fn assert_rows(batch: Records, rows: Vec<Record>) {
    let expected = shown(rows);
    assert_eq!(shown(batch.iter().map(RecordRef::to_record)), expected);
    assert_eq!(shown(batch.into_records()), expected);
}

fn changed(rows: &[Record], mut change: impl FnMut(&mut Record)) -> Vec<Record> {
    let mut rows = rows.to_vec();
    rows.iter_mut().for_each(&mut change);
    rows
}

proptest! {
    #[test]
    fn trim_is_that_of_each_text(rows in any_rows(), names in any_names(), is_sparse in any::<bool>()) {
        let mut batch = batch(&rows, is_sparse);
        batch.trim(&names).unwrap();
        assert_rows(batch, changed(&rows, |row| {
            for name in &names {
                if let Some(text) = row.str(name).map(|text| text.trim().to_owned()) {
                    row.set(name, text);
                }
            }
        }));
    }

    #[test]
    fn null_if_is_by_equality(rows in any_rows(), names in any_names(), nulls in prop::collection::vec(any_value(), 0..3), is_sparse in any::<bool>()) {
        let mut batch = batch(&rows, is_sparse);
        batch.null_if(&names, &nulls).unwrap();
        assert_rows(batch, changed(&rows, |row| {
            for name in &names {
                if row.get(name).is_some_and(|value| nulls.iter().any(|null| null.as_ref() == value)) {
                    row.set(name, ());
                }
            }
        }));
    }

    #[test]
    fn fill_null_fills_what_has_no_value(
        rows in any_rows(), names in any_names(), value in any_value(), is_sparse in any::<bool>(), is_csv in any::<bool>(),
    ) {
        let mut batch = batch(&rows, is_sparse);
        batch.empties = Empties::all(is_csv);
        batch.fill_null(&names, &value).unwrap();
        assert_rows(batch, changed(&rows, |row| {
            for name in &names {
                if !has_value(row, name, is_csv) {
                    row.set(name, value.clone());
                }
            }
        }));
    }

    #[test]
    fn coalesce_takes_the_first_value(
        rows in any_rows(), names in any_names(), into in prop::sample::select(vec!["a", "c", "new"]),
        is_sparse in any::<bool>(), is_csv in any::<bool>(),
    ) {
        let mut batch = batch(&rows, is_sparse);
        batch.empties = Empties::all(is_csv);
        batch.coalesce(into, &names).unwrap();
        assert_rows(batch, changed(&rows, |row| {
            let found = names.iter().find(|name| has_value(row, name, is_csv)).and_then(|name| row.get(name));
            let found = found.map(ValueRef::to_owned);
            row.set(into, found);
        }));
    }

    #[test]
    fn what_is_required_is_what_has_a_value(
        rows in any_rows(), name in prop::sample::select(NAMES.to_vec()), is_sparse in any::<bool>(), is_csv in any::<bool>(),
    ) {
        let mut batch = batch(&rows, is_sparse);
        batch.empties = Empties::all(is_csv);
        let column = batch.shape.position(name);
        for (position, row) in rows.iter().enumerate() {
            prop_assert_eq!(batch.require(position, column, name).is_ok(), has_value(row, name, is_csv));
        }
    }

    #[test]
    fn names_of_one_field_become_one_unless_two_have_a_value(
        rows in any_rows(), names in any_names(), is_sparse in any::<bool>(), is_csv in any::<bool>(),
    ) {
        let mut batch = batch(&rows, is_sparse);
        batch.empties = Empties::all(is_csv);
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let values = |row: &Record| names.iter().filter(|name| has_value(row, name, is_csv)).count();
        let columns = batch.aliases(&names).unwrap();
        for (position, row) in rows.iter().enumerate() {
            prop_assert_eq!(batch.one_of(position, &columns).is_ok(), values(row) < 2);
        }
        let (kept, left): (Vec<_>, Vec<_>) = (0_u32..).zip(&rows).filter(|(_, row)| values(row) < 2).unzip();
        batch.keep(&kept);
        for (name, _) in columns {
            prop_assert_eq!(batch.rename(&name, &names[0]), Ok(()));
        }
        for (made, row) in batch.into_records().iter().zip(left) {
            let value = names.iter().find(|name| has_value(row, name, is_csv)).map(|name| row.get(name));
            prop_assert_eq!(has_value(made, &names[0], is_csv), value.is_some());
            prop_assert!(value.is_none() || made.get(&names[0]) == value.flatten());
            prop_assert!(names[1..].iter().all(|name| !made.contains(name)));
            prop_assert_eq!(made.contains(&names[0]), names.iter().any(|name| row.contains(name)));
        }
    }

    #[test]
    fn unpivot_makes_a_row_of_each_field(rows in any_rows(), names in any_names(), is_sparse in any::<bool>()) {
        let mut batch = batch(&rows, is_sparse);
        batch.unpivot(&names, "name", "value").unwrap();
        let mut expected = Vec::new();
        for row in &rows {
            for name in &names {
                let mut made = row.clone();
                names.iter().for_each(|name| drop(made.remove(name)));
                made.set("name", *name);
                made.set("value", row.get(name).map(ValueRef::to_owned));
                expected.push(made);
            }
        }
        assert_rows(batch, expected);
    }

    #[test]
    fn repeated_rows_share_nothing_that_can_be_taken(rows in any_rows(), times in prop::collection::vec(0..4_usize, 8), is_sparse in any::<bool>()) {
        let mut batch = batch(&rows, is_sparse);
        let column = batch.column("new");
        let (mut made, mut expected) = (Vec::new(), Vec::new());
        for (position, (row, &times)) in (0_u32..).zip(rows.iter().zip(&times)) {
            for n in 0..times {
                made.push((position, Some(Value::from(n))));
                let mut row = row.clone();
                row.set("new", n);
                expected.push(row);
            }
        }
        batch.repeat(column, made);
        assert_rows(batch, expected);
    }

    #[test]
    fn split_texts_join_to_the_same(text in "[ab;]{0,6}", separator in "[;a]{1,2}") {
        let mut batch: Records = [record! {"a" => text.as_str()}].into_iter().collect();
        batch.split_cell(0, 0, "a", &separator).unwrap();
        let parts: Vec<&str> = text.split(separator.as_str()).collect();
        prop_assert_eq!(batch.row(0).unwrap().get("a").unwrap().to_owned(), Value::from(parts));
        batch.join_cell(0, 0, "a", &separator).unwrap();
        prop_assert_eq!(batch.into_records(), [record! {"a" => text}]);
    }
}

#[test]
fn an_unknown_name_of_known_ones_changes_nothing() {
    let mut batch = Records::with_names(["a", "b"]).unwrap();
    batch.push(record! {"a" => " x ", "b" => ()});
    let before = batch.clone();
    let is_unknown = |made: Result<(), ShapeError>| matches!(made, Err(ShapeError::Unknown { .. }));
    assert!(is_unknown(batch.trim(&["a", "x"])));
    assert!(is_unknown(batch.null_if(&["a", "x"], &[" x ".into()])));
    assert!(is_unknown(batch.fill_null(&["b", "x"], &1.into())));
    assert!(is_unknown(batch.coalesce("c", &["b", "x"])));
    assert!(is_unknown(batch.unpivot(&["b", "x"], "name", "value")));
    assert!(matches!(batch.unpivot(&["b", "b"], "name", "value"), Err(ShapeError::Duplicate { .. })));
    assert!(matches!(batch.unpivot(&["b"], "a", "value"), Err(ShapeError::Duplicate { .. })));
    assert_eq!((batch.names().collect::<Vec<_>>(), &batch), (vec!["a", "b"], &before));
    assert_eq!(batch.unpivot(&["b"], "b", "value"), Ok(()), "the name of the field is free");
}

#[test]
fn only_texts_are_split_and_only_lists_of_scalars_are_joined() {
    let mut batch: Records = [
        record! {"a" => 1, "b" => "x", "c" => Value::from(vec![Value::from("x"), Value::Null, Value::from(1.5)])},
        record! {"a" => (), "b" => (), "c" => Value::from(vec![vec![1]])},
    ]
    .into_iter()
    .collect();
    let split =
        |batch: &mut Records, row| batch.split_cell(row, 0, "a", ";").map_err(|error| error.to_string());
    assert_eq!(split(&mut batch, 0), Err("field `a`: expected text, found number `1`".into()));
    assert_eq!(split(&mut batch, 1), Ok(()));
    let join = |batch: &mut Records, row, column| {
        batch.join_cell(row, column, "b", ", ").map_err(|error| error.to_string())
    };
    assert_eq!(join(&mut batch, 0, 1), Err("field `b`: expected a list, found text `x`".into()));
    assert_eq!(join(&mut batch, 0, 2), Ok(()));
    assert_eq!(batch.row(0).unwrap().str("c"), Some("x, 1.5"));
    assert_eq!(
        join(&mut batch, 1, 2),
        Err("field `b`: expected a list of texts and numbers, found list `[1]`".into())
    );
}

#[test]
fn a_batch_without_rows_gets_the_same_names() {
    let mut batch = Records::with_names(["a", "b"]).unwrap();
    batch.coalesce("c", &["a"]).unwrap();
    batch.unpivot(&["a", "c"], "name", "value").unwrap();
    assert_eq!(batch.names().collect::<Vec<_>>(), ["b", "name", "value"]);
    assert!(batch.is_empty() && batch.has_fixed_names());
}
