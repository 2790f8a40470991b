//! Removing duplicates.

use std::collections::HashSet;

use proptest::prelude::*;

use super::{Row, as_record, dynamic, how, rows, run, run_records, spilled, typed};
use crate::keyed::Memory;
use crate::{Keep, Pipeline, record};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn dedupe_by_keeps_one_of_each_key(rows in rows(), how in how(), is_first in any::<bool>()) {
        let mut seen = HashSet::new();
        let mut is_new = |row: &Row| seen.insert((row.0.clone(), row.1));
        let kept: Vec<Row> = if is_first {
            rows.iter().filter(|row| is_new(row)).cloned().collect()
        } else {
            let mut last: Vec<Row> = rows.iter().rev().filter(|row| is_new(row)).cloned().collect();
            last.reverse();
            last
        };
        let keep = if is_first { Keep::First } else { Keep::Last };
        let flow = typed(&rows, &how).dedupe_by(|(name, n, _)| (name.clone(), *n), keep, how.memory.clone());
        prop_assert_eq!(&run(flow).unwrap(), &kept);
        let flow = dynamic(&rows, &how).dedupe_by(["name", "n"], keep, how.memory);
        prop_assert_eq!(run_records(flow).unwrap(), kept.iter().map(as_record).collect::<Vec<_>>());
    }
}

#[test]
fn records_without_values_are_one_key() {
    for memory in [spilled(), Memory::mib(1)] {
        let rows = vec![record! {}, record! {"a" => 1}, record! {}, record! {"a" => ()}];
        let flow = Pipeline::builder("test").read_vec(rows).untyped().dedupe(Keep::First, memory);
        assert_eq!(run_records(flow).unwrap(), [record! {}, record! {"a" => 1}]);
    }
}

#[test]
fn whole_records_are_compared_by_their_fields() {
    let rows = [
        // The batch gives both the same order of fields.
        record! {"a" => 1, "b" => "x"},
        record! {"b" => "x", "a" => 1.0},
        record! {"a" => 1},
        record! {"a" => 1, "b" => ()},
        record! {"a" => 1, "c" => "x"},
        record! {"a" => "1", "b" => "x"},
    ];
    let kept = |keep, memory| {
        let flow = Pipeline::builder("test").read_vec(rows.to_vec()).untyped().dedupe(keep, memory);
        let kept = run_records(flow).unwrap();
        kept.iter().map(|kept| rows.iter().position(|row| row == kept).unwrap()).collect::<Vec<_>>()
    };
    for memory in [spilled(), Memory::mib(1)] {
        assert_eq!(kept(Keep::First, memory.clone()), [0, 2, 4, 5]);
        assert_eq!(kept(Keep::Last, memory), [0, 3, 4, 5]);
    }
}
