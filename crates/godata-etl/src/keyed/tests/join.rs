//! Joins.

use proptest::prelude::*;

use super::{Row, as_record, dynamic, how, rows, run, run_records, spilled, typed};
use crate::keyed::Memory;
use crate::{Join, Pipeline, Record, record};

/// What a join passes on, by a nested loop.
fn joined<'a>(left: &'a [Row], right: &'a [Row], join: Join) -> Vec<(&'a Row, Option<&'a Row>)> {
    let mut out = Vec::new();
    for row in left {
        let matches: Vec<_> =
            right.iter().filter(|other| row.0.is_some() && other.0 == row.0 && other.1 == row.1).collect();
        match join {
            Join::Semi if !matches.is_empty() => out.push((row, None)),
            Join::Anti | Join::Left if matches.is_empty() => out.push((row, None)),
            Join::Inner | Join::Left => out.extend(matches.into_iter().map(|other| (row, Some(other)))),
            Join::Semi | Join::Anti => {}
        }
    }
    out
}

/// A record of a table: its key has other names.
fn as_table_record((name, n, i): &Row) -> Record {
    record! {"number" => *i, "key" => name.clone(), "n" => *n}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn join_is_a_nested_loop(left in rows(), right in rows(), how in how(), other in how()) {
        for join in [Join::Inner, Join::Left, Join::Semi, Join::Anti] {
            let expected = joined(&left, &right, join);
            let has_name = |rows: &[Row]| rows.iter().filter(|row| row.0.is_some()).cloned().collect::<Vec<_>>();
            let (named, named_right) = (has_name(&left), has_name(&right));
            let pairs: Vec<_> = joined(&named, &named_right, join).into_iter().map(|(row, other)| (row.clone(), other.cloned())).collect();
            let key = |(name, n, _): &Row| (name.clone(), *n);
            let flow = typed(&named, &how).join(typed(&named_right, &other), key, key, join, how.memory.clone());
            prop_assert_eq!(run(flow).unwrap(), pairs);

            let records: Vec<_> = expected.iter().map(|(row, other)| {
                let mut record = as_record(row);
                if matches!(join, Join::Inner | Join::Left) {
                    record.set("number", other.map(|other| other.2));
                }
                record
            }).collect();
            let table = typed(&right, &other).map(|row| as_table_record(&row)).untyped();
            // A table without records has no names.
            if !right.is_empty() {
                let flow = dynamic(&left, &how).join(table, [("name", "key"), ("n", "n")], join, how.memory.clone());
                prop_assert_eq!(run_records(flow).unwrap(), records);
            }
        }
    }
}

#[test]
fn a_key_with_more_matches_than_memory_is_joined() {
    let table =
        || Pipeline::builder("table").read_vec((0..5_000).map(|i| (i % 2, i)).collect::<Vec<(i32, i32)>>());
    for memory in [Memory::of_bytes(1), Memory::of_bytes(1 << 16), Memory::mib(64)] {
        let flow = Pipeline::builder("test").read_vec(vec![1, 0, 1]);
        let flow = flow.join(table(), |&n| n, |row| row.0, Join::Inner, memory);
        let found: Vec<_> = run(flow).unwrap().into_iter().map(|(n, other)| (n, other.unwrap().1)).collect();
        let expected: Vec<_> =
            [1, 0, 1].into_iter().flat_map(|n| (0..2_500).map(move |i| (n, i * 2 + n))).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_batch_without_a_value_of_the_tables_kind_just_matches_nothing() {
    for memory in [spilled(), Memory::mib(1)] {
        let table = Pipeline::builder("table").read_vec(vec![record! {"id" => 1}]).untyped();
        let rows = [vec![record! {"id" => 1}], vec![record! {"id" => "unknown"}]];
        let flow = Pipeline::builder("test").read_iter(move |_| rows.clone()).flat_map(|rows| rows).untyped();
        let kept = run_records(flow.join(table, ["id"], Join::Anti, memory)).unwrap();
        assert_eq!(kept, [record! {"id" => "unknown"}]);
    }
}

#[test]
fn a_field_on_both_sides_is_refused() {
    let table = Pipeline::builder("table").read_vec(vec![record! {"id" => 1, "name" => "x"}]).untyped();
    let flow = Pipeline::builder("test").read_vec(vec![record! {"id" => 1, "name" => "y"}]).untyped();
    let text = format!("{:#}", run_records(flow.lookup(table, ["id"], Memory::mib(1))).unwrap_err());
    let expected = "step[1] (lookup) failed: the records and the table both have a field `name`; rename or drop it on one side";
    assert_eq!(text, expected);
}

#[test]
fn a_text_never_matches_a_number_and_the_join_says_so() {
    for memory in [spilled(), Memory::mib(1)] {
        let table = Pipeline::builder("table").read_vec(vec![record! {"id" => 1}]).untyped();
        let flow = Pipeline::builder("test").read_vec(vec![record! {"id" => "1"}]).untyped();
        let text = format!("{:#}", run_records(flow.join(table, ["id"], Join::Semi, memory)).unwrap_err());
        let expected = "step[1] (join) failed: the field `id` is text here and a number in the table, so nothing can match; cast it \
                        on one side";
        assert_eq!(text, expected);
    }
}
