//! Joins with many or long matches.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::{run, spilled};
use crate::keyed::Memory;
use crate::{BoxError, Join, Pipeline, record};

/// A record with a key, its number, and a text that may be long.
type Long = (u8, u64, String);

fn long() -> impl Strategy<Value = Vec<Long>> {
    let len = prop_oneof![0..10_usize, 20_000..60_000_usize];
    prop::collection::vec((0..3_u8, len), 0..30).prop_map(|rows| {
        rows.into_iter().zip(0..).map(|((key, len), number)| (key, number, "x".repeat(len))).collect()
    })
}

/// How many records the largest batch has, and how many bytes the one with the most.
type Largest = Arc<Mutex<(usize, usize)>>;

/// Notes the largest of the batches, by the sizes of their records.
fn note<T>(largest: &Largest, batch: &[T], size: impl Fn(&T) -> usize) {
    let mut largest = largest.lock().unwrap();
    let bytes = batch.iter().map(size).sum();
    *largest = (largest.0.max(batch.len()), largest.1.max(bytes));
}

fn size_of_pair((record, other): &(Long, Option<Long>)) -> usize {
    record.2.len() + other.as_ref().map_or(0, |other| other.2.len())
}

fn first_of_each_key(table: &[Long]) -> Vec<Long> {
    let mut seen = HashSet::new();
    table.iter().filter(|row| seen.insert(row.0)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_join_of_long_records_goes_out_in_bounded_batches(left in long(), right in long(), workers in 1..5_usize, is_spilled in any::<bool>()) {
        let memory = if is_spilled { spilled() } else { Memory::of_bytes(1 << 40) };
        let flow = || Pipeline::builder("test").workers(workers).read_vec(left.clone());
        let kinds = [Join::Inner, Join::Left, Join::Semi, Join::Anti].map(Some).into_iter().chain([None]);
        for join in kinds {
            // `None` is a lookup.
            let right = if join.is_some() { right.clone() } else { first_of_each_key(&right) };
            let mut expected: Vec<(Long, Option<Long>)> = Vec::new();
            for row in &left {
                let matches: Vec<_> = right.iter().filter(|other| other.0 == row.0).collect();
                match join.unwrap_or(Join::Left) {
                    Join::Semi if !matches.is_empty() => expected.push((row.clone(), None)),
                    Join::Anti | Join::Left if matches.is_empty() => expected.push((row.clone(), None)),
                    Join::Inner | Join::Left => expected.extend(matches.into_iter().map(|other| (row.clone(), Some(other.clone())))),
                    Join::Semi | Join::Anti => {}
                }
            }
            let largest = Largest::default();
            let table = || Pipeline::builder("table").read_vec(right.clone());
            let joined = match join {
                Some(join) => flow().join(table(), |row| row.0, |row| row.0, join, memory.clone()),
                None => flow().lookup(table(), |row| row.0, |row| row.0, memory.clone()),
            };
            let seen = Arc::clone(&largest);
            let joined = joined.map_batch(move |batch| {
                note(&seen, &batch, size_of_pair);
                Ok(batch)
            });
            prop_assert_eq!(run(joined).unwrap(), expected.clone());

            let flow = flow().map(|(key, i, text)| record! {"key" => u64::from(key), "i" => i, "text" => text}).untyped();
            let table = table().map(|(key, j, text)| record! {"key" => u64::from(key), "j" => j, "other" => text}).untyped();
            let joined = match join {
                Some(join) => flow.join(table, ["key"], join, memory.clone()),
                None => flow.lookup(table, ["key"], memory.clone()),
            };
            let seen = Arc::clone(&largest);
            let joined = joined.map_batch(move |batch| {
                let rows: Vec<_> = batch.iter().collect();
                let len = |row: &crate::RecordRef<'_>, name| row.str(name).map_or(0, str::len);
                note(&seen, &rows, |row| len(row, "text") + if row.contains("other") { len(row, "other") } else { 0 });
                Ok(batch)
            });
            let numbers = joined.map(|record| (record.u64("i").ok(), record.get("j").and_then(|j| j.as_u64())));
            let has_table = !right.is_empty();
            if has_table {
                let expected: Vec<_> = expected.iter().map(|(row, other)| (Some(row.1), other.as_ref().map(|other| other.1))).collect();
                prop_assert_eq!(run(numbers).unwrap(), expected);
            }
            // The batch itself, what it may grow by, and one more record.
            let most = left.iter().map(|row| row.2.len()).sum::<usize>() + (1 << 20) + 120_000;
            prop_assert!(largest.lock().unwrap().1 <= most, "{:?}, {most}", largest);
        }
    }
}

#[test]
fn many_matches_go_out_in_batches_that_name_their_records() {
    const RECORDS: u64 = 300;
    for join in [Join::Inner, Join::Left, Join::Semi, Join::Anti] {
        let largest = Largest::default();
        let flow = || {
            let table = Pipeline::builder("table").read_vec((0..RECORDS).collect());
            let flow = Pipeline::builder("test").read_vec((0..RECORDS).collect());
            flow.join(table, |_| 0_u8, |_| 0_u8, join, Memory::mib(64))
        };
        let seen = Arc::clone(&largest);
        let joined = flow().map_batch(move |batch| {
            note(&seen, &batch, |_| 1);
            Ok(batch)
        });
        let count = run(joined).unwrap().len() as u64;
        let expected = match join {
            Join::Inner | Join::Left => RECORDS * RECORDS,
            Join::Semi => RECORDS,
            Join::Anti => 0,
        };
        assert_eq!(count, expected, "{join:?}");
        assert!(largest.lock().unwrap().0 <= 8192, "{join:?}, {largest:?}");
        if expected > 0 {
            let refused = flow().try_map(|(n, _)| if n == 250 { Err(BoxError::from("bad")) } else { Ok(n) });
            let text = format!("{:#}", run(refused).unwrap_err());
            assert_eq!(text, "step[1] (try_map) failed at record 251: bad");
        }
    }
}
