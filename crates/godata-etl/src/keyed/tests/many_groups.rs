//! More groups than the memory has room for, so that the table of their keys is full after some of the records.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{run, run_records};
use crate::keyed::Memory;
use crate::{Flow, Limit, OnError, Pipeline, Record, agg, record};

/// Many records, most of which have a key of their own.
#[derive(Clone, Debug)]
struct Many {
    records: u64,
    /// How many keys there are.
    keys: u64,
    /// Records whose numbers are multiples of it are rejected.
    rejected: u64,
    memory: Memory,
    workers: usize,
    batch: usize,
}

fn many() -> impl Strategy<Value = Many> {
    let memory = prop_oneof![Just(1), 200_000..1_500_000_u64, Just(1 << 40)].prop_map(Memory::of_bytes);
    let counts = (0..6_000_u64, 1..8_000_u64, 2..50_u64);
    (counts, memory, 1..9_usize, 1..700_usize).prop_map(
        |((records, keys, rejected), memory, workers, batch)| Many {
            records,
            keys,
            rejected,
            memory,
            workers,
            batch,
        },
    )
}

impl Many {
    /// The records of each group, which are numbers.
    fn groups(&self) -> BTreeMap<u64, Vec<u64>> {
        let mut groups: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for n in (0..self.records).filter(|n| !n.is_multiple_of(self.rejected)) {
            groups.entry(self.key(n)).or_default().push(n);
        }
        groups
    }

    /// The keys come in no order.
    fn key(&self, n: u64) -> u64 {
        n * 7_919 % self.keys
    }

    fn flow(&self) -> Flow<Vec<u64>> {
        let (records, batch) = (self.records, self.batch as u64);
        let batches =
            move || (0..records.div_ceil(batch)).map(move |at| at * batch..records.min((at + 1) * batch));
        let builder = Pipeline::builder("test").workers(self.workers);
        builder
            .on_error(OnError::skip(Limit::unlimited()))
            .read_iter(move |_| batches().map(Vec::from_iter).collect::<Vec<_>>())
            .flat_map(|batch| batch)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fold_sees_the_accepted_records_of_a_group_in_order(many in many()) {
        let (keys, rejected) = (many.clone(), many.rejected);
        let groups = many.flow().group_by(move |&n| keys.key(n), many.memory.clone());
        let folded = groups.fold(Vec::new(), move |all, &n| {
            if n.is_multiple_of(rejected) {
                return Err("bad".into());
            }
            all.push(n);
            Ok(())
        });
        prop_assert_eq!(run(folded).unwrap(), many.groups().into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn aggregates_are_those_of_the_accepted_records(many in many()) {
        let keys = many.clone();
        let amount = move |n: u64| if n.is_multiple_of(keys.rejected) { "bad".to_owned() } else { format!("{n}.5") };
        let keys = many.clone();
        let flow = many.flow().map(move |n| record! {"key" => keys.key(n), "amount" => amount(n)}).untyped();
        let flow = flow.group_by(["key"], many.memory.clone());
        let flow = flow.aggregate([agg::count(), agg::sum("amount"), agg::first("amount"), agg::max("amount")]);
        let expected: Vec<Record> = many.groups().into_iter().map(|(key, all)| {
            let sum = all.iter().sum::<u64>() as f64 + all.len() as f64 / 2.0;
            let text = |n: &u64| format!("{n}.5");
            record! {
                "key" => key, "count" => all.len() as u64, "sum_amount" => sum,
                "first_amount" => text(&all[0]), "max_amount" => text(all.iter().max().unwrap()),
            }
        }).collect();
        prop_assert_eq!(run_records(flow).unwrap(), expected);
    }
}

#[test]
fn a_group_with_more_records_than_a_batch_is_whole_and_in_its_place() {
    let key = |n: u64| if n.is_multiple_of(3) { n } else { 15_001 };
    let mut expected: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    (0..30_000).for_each(|n| expected.entry(key(n)).or_default().push(n));
    for memory in [Memory::of_bytes(1), Memory::of_bytes(300_000)] {
        let flow = Pipeline::builder("test").read_vec((0..30_000).collect::<Vec<u64>>());
        let folded = flow.group_by(move |&n| key(n), memory).fold(Vec::new(), |all, &n| {
            all.push(n);
            Ok(())
        });
        assert!(run(folded).unwrap() == Vec::from_iter(expected.clone()));
    }
}
